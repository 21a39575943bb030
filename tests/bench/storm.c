/* SPDX-License-Identifier: MIT
 *
 * storm.c - a program that does nothing but allocate and free.
 *
 *	storm KIND THREADS CALLS
 *
 * own	each thread frees what it allocated: CALLS pairs, 10,000 blocks of 16
 *	to 515 bytes alive
 * cross	each thread frees what its neighbour allocated
 * churn	THREADS at a time, each for 500 pairs, until CALLS pairs are done
 *
 * Every malloc is 12 frames deep, on one of 16 stacks that differ in their
 * inner four frames.  Prints the seconds between the first thread's start and
 * the last one's end.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIVE 10000
#define CHURN 500
#define MOST 64

/* A frame of its own for each: no inlining, no jump instead of a call, no
 * sharing of code that is the same. */
#define FRAME __attribute__((noinline, noclone))
#define STAY __asm__ volatile("" ::: "memory")
#define OTHER(name) __asm__ volatile("# " name)

struct thread {
	uint32_t random;
	unsigned calls;
	unsigned live;
	_Atomic(void *) *put; /* where it leaves its blocks */
	_Atomic(void *) *take; /* whose blocks it frees */
};

static _Atomic(void *) slots[MOST][LIVE];
static struct thread threads[MOST];

FRAME static void *
leaf(size_t size)
{
	char *p = malloc(size);

	if (!p) {
		abort();
	}
	p[0] = (char)size;
	STAY;
	return p;
}

#define STEP(name, left, right)                         \
	FRAME static void *name(size_t size, uint32_t way) \
	{                                               \
		void *p = way & 1 ? right(size, way >> 1) : \
				    left(size, way >> 1);   \
		OTHER(#name);                           \
		STAY;                                   \
		return p;                               \
	}

FRAME static void *
end_a(size_t size, uint32_t way)
{
	(void)way;
	void *p = leaf(size);
	OTHER("end_a");
	STAY;
	return p;
}

FRAME static void *
end_b(size_t size, uint32_t way)
{
	(void)way;
	void *p = leaf(size);
	OTHER("end_b");
	STAY;
	return p;
}

STEP(inner_c, end_a, end_b)
STEP(inner_d, end_b, end_a)
STEP(inner_e, inner_c, inner_d)
STEP(inner_f, inner_d, inner_c)
STEP(inner_g, inner_e, inner_f)
STEP(inner_h, inner_f, inner_e)
STEP(outer, inner_g, inner_h)

/* A block that moves to another thread costs a locked exchange, which one
 * that stays does not. */
static void *
swap(_Atomic(void *) *slot, void *p, bool shared)
{
	void *old;

	if (shared) {
		return atomic_exchange_explicit(slot, p, memory_order_acq_rel);
	}
	old = atomic_load_explicit(slot, memory_order_relaxed);
	atomic_store_explicit(slot, p, memory_order_relaxed);
	return old;
}

FRAME static void
work(struct thread *t)
{
	bool shared = t->put != t->take;

	for (unsigned i = 0; i < t->calls; i++) {
		uint32_t r = t->random = t->random * 1664525 + 1013904223;
		unsigned k = (r >> 8) % t->live;

		free(swap(&t->take[k], NULL, shared));
		free(swap(&t->put[k], outer(16 + (r >> 20) % 500, r >> 4),
			  shared));
	}
	STAY;
}

/* The outer frames, which are the same for all. */
#define OUTER(name, next)                       \
	FRAME static void name(struct thread *t) \
	{                                       \
		next(t);                        \
		OTHER(#name);                   \
		STAY;                           \
	}
OUTER(outer_3, work)
OUTER(outer_2, outer_3)
OUTER(outer_1, outer_2)

static void *
run(void *arg)
{
	outer_1(arg);
	return NULL;
}

static void
start(pthread_t *id, struct thread *t)
{
	if (pthread_create(id, NULL, run, t)) {
		abort();
	}
}

static void
join_all(const pthread_t *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		pthread_join(ids[i], NULL);
	}
}

/* Both start in the same frames. */
static void
storm(unsigned n, unsigned calls, unsigned apart)
{
	pthread_t ids[MOST];

	for (unsigned i = 0; i < n; i++) {
		threads[i] = (struct thread){
			.random = i * 7919 + 1,
			.calls = calls,
			.live = LIVE,
			.put = slots[i],
			.take = slots[(i + apart) % n],
		};
		start(&ids[i], &threads[i]);
	}
	join_all(ids, n);
}

static void
churn(unsigned n, unsigned calls)
{
	pthread_t ids[MOST];

	for (unsigned done = 0; done < calls; done += n * CHURN) {
		for (unsigned i = 0; i < n; i++) {
			threads[i] = (struct thread){
				.random = done + i * 7919 + 1,
				.calls = CHURN,
				.live = CHURN,
				.put = slots[i],
				.take = slots[i],
			};
			start(&ids[i], &threads[i]);
		}
		join_all(ids, n);
	}
}

int
main(int argc, char **argv)
{
	struct timespec a, b;
	unsigned n, calls;

	if (argc != 4) {
		fprintf(stderr, "usage: storm own|cross|churn THREADS CALLS\n");
		return 2;
	}
	n = (unsigned)strtoul(argv[2], NULL, 10);
	calls = (unsigned)strtoul(argv[3], NULL, 10);
	if (!n || n > MOST) {
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	if (!strcmp(argv[1], "churn")) {
		churn(n, calls);
	} else {
		storm(n, calls, !strcmp(argv[1], "cross"));
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("seconds: %.6f\n", (double)(b.tv_sec - a.tv_sec) +
	       (double)(b.tv_nsec - a.tv_nsec) / 1e9);
	return 0;
}

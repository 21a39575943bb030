/* SPDX-License-Identifier: MIT
 *
 * prog_threads.c - many threads at a time, and blocks that another thread
 * frees.
 */
#include <malloc.h>
#include <pthread.h>

#include "preload/prog.h"

#define THREADS 100
#define CALLS 100

static void *blocks[THREADS][CALLS];
static pthread_barrier_t all_there;

static size_t
size_of(size_t thread, size_t call)
{
	return 1 + thread * 131 + call * 17;
}

static size_t
index_of(void *arg)
{
	return (size_t)(uintptr_t)arg;
}

static void *
allocate(void *arg)
{
	size_t me = index_of(arg);

	pthread_barrier_wait(&all_there);
	for (size_t i = 0; i < CALLS; i++)
		blocks[me][i] = malloc(size_of(me, i));
	/* No slot of a thread that is gone is used again here. */
	pthread_barrier_wait(&all_there);
	return NULL;
}

/* The blocks that the next thread has allocated. */
static void *
free_others(void *arg)
{
	size_t other = (index_of(arg) + 1) % THREADS;

	pthread_barrier_wait(&all_there);
	for (size_t i = 1; i < CALLS; i += 2)
		free(blocks[other][i]);
	pthread_barrier_wait(&all_there);
	return NULL;
}

static void *
replace_others(void *arg)
{
	size_t other = (index_of(arg) + 7) % THREADS;

	pthread_barrier_wait(&all_there);
	for (size_t i = 0; i < CALLS; i++)
		blocks[other][i] = realloc(blocks[other][i],
					   size_of(other, i) + 1000);
	pthread_barrier_wait(&all_there);
	return NULL;
}

static void
run_all(void *(*body)(void *))
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&all_there, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		NEED(pthread_create(&threads[i], NULL, body,
				    (void *)(uintptr_t)i) == 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void
test_many(void)
{
	run_all(allocate);
	for (size_t t = 0; t < THREADS; t++)
		for (size_t i = 0; i < CALLS; i++)
			got(blocks[t][i], size_of(t, i));
	done("19", "100 threads at a time, 100 blocks each");

	run_all(free_others);
	for (size_t t = 0; t < THREADS; t++)
		for (size_t i = 1; i < CALLS; i += 2)
			gone(size_of(t, i));
	done("19", "half of them freed by other threads");

	for (size_t t = 0; t < THREADS; t++) {
		for (size_t i = 0; i < CALLS; i += 2) {
			free(blocks[t][i]);
			gone(size_of(t, i));
		}
	}
	done("19", "the other half freed by the main thread");

	run_all(allocate);
	run_all(replace_others);
	for (size_t t = 0; t < THREADS; t++) {
		for (size_t i = 0; i < CALLS; i++) {
			got(blocks[t][i], size_of(t, i));
			gone(size_of(t, i));
			got(blocks[t][i], size_of(t, i) + 1000);
		}
	}
	done("19", "reallocated by other threads");
	for (size_t t = 0; t < THREADS; t++) {
		for (size_t i = 0; i < CALLS; i++) {
			free(blocks[t][i]);
			gone(size_of(t, i) + 1000);
		}
	}
	done("19", "and freed");
}

static void *
hold_one(void *arg)
{
	void **slot = arg;

	free(malloc(33));
	*slot = malloc(77);
	return NULL;
}

static void
test_one_after_another(size_t threads, const char *name, const char *freed)
{
	static void *held[10000];
	pthread_t thread;

	for (size_t i = 0; i < threads; i++) {
		NEED(pthread_create(&thread, NULL, hold_one, &held[i]) == 0);
		pthread_join(thread, NULL);
		gone(33);
		got(held[i], 33);
		got(held[i], 77);
	}
	done("19,25", name);
	for (size_t i = 0; i < threads; i++) {
		free(held[i]);
		gone(77);
	}
	done("19,25", freed);
}

/* Threads that nobody waits for, and that end while others begin. */
static void *
detached(void *arg)
{
	int *left = arg;

	for (int i = 0; i < 10; i++)
		free(malloc(55));
	__atomic_fetch_sub(left, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void
test_detached(void)
{
	int left = 1000;
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 64 << 10);
	for (int i = 0; i < 1000; i++) {
		NEED(pthread_create(&thread, &attr, detached, &left) == 0);
		for (int n = 0; n < 10; n++) {
			got(&left, 55);
			gone(55);
		}
	}
	while (__atomic_load_n(&left, __ATOMIC_SEQ_CST) > 0)
		usleep(1000);
	done("19,25", "1,000 detached threads with stacks of 64 KiB");
}

/* --- what a thread takes of the address space ------------------------------ */

static long
addresses(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages;

	NEED(f && fscanf(f, "%ld", &pages) == 1);
	fclose(f);
	return pages * 4096;
}

static void *
measure(void *arg)
{
	long *out = arg;

	free(malloc(55));
	pthread_barrier_wait(&all_there);
	if (out)
		*out = addresses();
	pthread_barrier_wait(&all_there);
	return NULL;
}

static void
show_addresses(void)
{
	pthread_t threads[THREADS];
	long before, after;

	/* An arena has 64 MiB. */
	NEED(mallopt(M_ARENA_MAX, 1));
	free(malloc(55));
	before = addresses();
	pthread_barrier_init(&all_there, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		NEED(pthread_create(&threads[i], NULL, measure,
				    i ? NULL : &after) == 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	note("addresses %ld\n", (after - before) / THREADS);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "addresses") == 0) {
		show_addresses();
		return 0;
	}
	start();
	test_many();
	test_one_after_another(1000, "1,000 threads one after another",
			       "what they left is freed");
	test_one_after_another(10000, "10,000 threads one after another",
			       "what the 10,000 left is freed");
	test_detached();
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * prog_storm.c - threads that take each other's addresses the moment they are
 * free: one arena and sizes beyond the thread caches, so that an address given
 * back by one thread is handed at once to another.
 *
 *	prog_storm [CALLS]	of each thread
 */
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#include "preload/prog.h"

#define MOST 8
#define PAGE ((size_t)4096)

static int calls = 200000;
static struct counts counted[MOST];
static pthread_barrier_t all_there;

static void
add(struct counts *c, size_t size)
{
	c->allocs++;
	c->bytes += (long long)size;
}

static void
drop(struct counts *c, size_t size)
{
	c->frees++;
	c->freed += (long long)size;
}

static void *
storm_realloc(void *arg)
{
	struct counts *c = arg;
	size_t size = 1500, next;
	void *p = malloc(size), *q;

	add(c, size);
	pthread_barrier_wait(&all_there);
	for (int i = 0; i < calls; i++) {
		/* Up and down between two size classes. */
		next = i % 2 ? 1500 + (size_t)i % 16 : 3000 + (size_t)i % 16;
		q = realloc(p, next);
		NEED(q);
		drop(c, size);
		add(c, next);
		p = q;
		size = next;
		if (i % 100 == 99) {
			/* One that fails must not lose the block. */
			NEED(!realloc(p, hide(SIZE_MAX / 2)));
		}
	}
	free(p);
	drop(c, size);
	return NULL;
}

static void *
storm_malloc(void *arg)
{
	struct counts *c = arg;
	void *p[4] = { NULL };
	size_t size[4] = { 0 };

	pthread_barrier_wait(&all_there);
	for (int i = 0; i < calls; i++) {
		int k = i % 4;

		if (p[k]) {
			free(p[k]);
			drop(c, size[k]);
		}
		size[k] = 2000 + (size_t)i % 64;
		p[k] = i % 3 ? malloc(size[k]) : calloc(1, size[k]);
		NEED(p[k]);
		add(c, size[k]);
	}
	for (int k = 0; k < 4; k++) {
		free(p[k]);
		drop(c, size[k]);
	}
	return NULL;
}

static size_t mapped_pages = 1;

/* The kernel, too, hands a range to the next who asks. */
static void *
storm_mmap(void *arg)
{
	struct counts *c = arg;

	pthread_barrier_wait(&all_there);
	for (int i = 0; i < calls / 10; i++) {
		size_t size = (mapped_pages + (size_t)i % 8) * PAGE;
		size_t next = size + PAGE;
		void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		NEED(p != MAP_FAILED);
		add(c, size);
		if (i % 3 == 0) {
			p = mremap(p, size, next, MREMAP_MAYMOVE);
			NEED(p != MAP_FAILED);
			drop(c, size);
			add(c, next);
			size = next;
		}
		NEED(munmap(p, size) == 0);
		drop(c, size);
	}
	return NULL;
}

/* malloc maps blocks of this size, where a thread has just unmapped. */
static void *
storm_large(void *arg)
{
	struct counts *c = arg;

	pthread_barrier_wait(&all_there);
	for (int i = 0; i < calls / 10; i++) {
		size_t size = (64 + (size_t)i % 8) * PAGE;
		char *p = malloc(size);

		NEED(p);
		add(c, size);
		p[0] = 1;
		free(p);
		drop(c, size);
	}
	return NULL;
}

static void *
storm_both(void *arg)
{
	size_t i = (size_t)((struct counts *)arg - counted);

	return i % 2 ? storm_large(arg) : storm_mmap(arg);
}

static void
run(int threads, void *(*body)(void *), struct counts *into)
{
	pthread_t ids[MOST];

	memset(counted, 0, sizeof(counted));
	pthread_barrier_init(&all_there, NULL, (unsigned)threads);
	for (int i = 0; i < threads; i++)
		NEED(pthread_create(&ids[i], NULL, body, &counted[i]) == 0);
	for (int i = 0; i < threads; i++) {
		if (body == storm_both && i % 2 == 0)
			into = &truth.mmap;
		else if (body == storm_both)
			into = &truth.malloc;
		pthread_join(ids[i], NULL);
		into->allocs += counted[i].allocs;
		into->bytes += counted[i].bytes;
		into->frees += counted[i].frees;
		into->freed += counted[i].freed;
	}
}

/* --- one allocates, the other frees --------------------------------------- */

#define RING 64

static void *_Atomic ring[RING];

static void *
consume(void *arg)
{
	struct counts *c = arg;

	for (int i = 0; i < calls; i++) {
		void *p;

		while (!(p = ring[i % RING]))
			;
		ring[i % RING] = NULL;
		free(p);
		drop(c, 1800 + (size_t)i % 32);
	}
	return NULL;
}

static void
test_handover(void)
{
	pthread_t thread;

	NEED(pthread_create(&thread, NULL, consume, &counted[0]) == 0);
	counted[0] = (struct counts){ 0 };
	for (int i = 0; i < calls; i++) {
		size_t size = 1800 + (size_t)i % 32;
		void *p = got(malloc(size), size);

		NEED(p);
		while (ring[i % RING])
			;
		ring[i % RING] = p;
	}
	pthread_join(thread, NULL);
	truth.malloc.frees = truth.malloc.allocs;
	truth.malloc.freed = truth.malloc.bytes;
	done("20", "one thread allocates, another frees");
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		calls = atoi(argv[1]);
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	start();
	run(2, storm_realloc, &truth.malloc);
	done("20", "two threads storm realloc on the same size classes");
	run(6, storm_realloc, &truth.malloc);
	done("20", "six threads storm realloc");
	run(4, storm_malloc, &truth.malloc);
	done("20", "four threads storm malloc, calloc and free");
	run(4, storm_mmap, &truth.mmap);
	done("14,20", "four threads storm mmap, mremap and munmap");
	test_handover();
	mapped_pages = 64;
	NEED(mallopt(M_MMAP_THRESHOLD, 128 << 10));
	run(4, storm_both, NULL);
	done("14,20", "two threads storm mmap, two more what malloc maps");
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * prog_sizes.c - huge, zero and failing sizes; errno; frees of blocks that
 * nobody saw, and allocations over blocks whose free nobody saw.
 */
#include <malloc.h>

#include "preload/prog.h"

/* libc's own, past every interposer. */
void *__libc_malloc(size_t size);
void __libc_free(void *p);

static volatile size_t too_much[] = {
	(size_t)PTRDIFF_MAX + 1, SIZE_MAX, SIZE_MAX - 4095, SIZE_MAX / 2,
};

static void
test_failing(void)
{
	for (size_t i = 0; i < 4; i++) {
		errno = 0;
		NEED(!malloc(too_much[i]) && errno == ENOMEM);
		errno = 0;
		NEED(!calloc(too_much[i], 1) && errno == ENOMEM);
		errno = 0;
		NEED(!calloc(too_much[i] / 2, 3) && errno == ENOMEM);
		errno = 0;
		NEED(!valloc(too_much[i]) && errno == ENOMEM);
		errno = 0;
		NEED(!pvalloc(too_much[i]) && errno == ENOMEM);
	}
	done("17", "sizes that cannot be: nothing is counted, errno is ENOMEM");
}

static void
test_zero(void)
{
	void *p = got(malloc(0), 0), *q = got(malloc(0), 0);

	NEED(p && q && p != q);
	free(p);
	gone(0);
	done("17", "malloc(0) is a block of 0 bytes");
	free(q);
	gone(0);
	errno = EXDEV;
	for (int i = 0; i < 100; i++)
		free(NULL);
	NEED(errno == EXDEV);
	done("17", "free(NULL) is nothing");
}

static void
test_errno(void)
{
	void *p;

	errno = EXDEV;
	for (size_t size = 1; size < 1 << 21; size += 30011) {
		p = got(malloc(size), size);
		NEED(p && errno == EXDEV);
		free(p);
		gone(size);
		p = got(calloc(1, size), size);
		NEED(p && errno == EXDEV);
		gone(size);
		p = got(realloc(p, size + 40000), size + 40000);
		NEED(p && errno == EXDEV);
		free(p);
		gone(size + 40000);
		NEED(errno == EXDEV);
	}
	RCPROF_SNAPSHOT();
	NEED(errno == EXDEV);
	RCPROF_MARK("a mark in between");
	NEED(errno == EXDEV);
	done("17", "errno is kept by calls that succeed");
}

/* Sizes about the limits of whatever the profiler keeps them in. */
static void
test_huge(void)
{
	static const size_t sizes[] = {
		((size_t)1 << 31) - 2, ((size_t)1 << 31) - 1,
		(size_t)1 << 31,       ((size_t)1 << 32) - 1,
		(size_t)1 << 32,       ((size_t)5 << 30) + 12347,
	};
	void *p;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		p = got(malloc(sizes[i]), sizes[i]);
		printf("malloc(%zu) %s\n", sizes[i], p ? "block" : "NULL");
		if (!p)
			continue;
		*(char *)p = 1;
		if (i % 2) {
			free(p);
			gone(sizes[i]);
			continue;
		}
		gone(sizes[i]);
		p = realloc(p, sizes[i] + 111);
		printf("realloc %s\n", p ? "block" : "NULL");
		NEED(p);
		got(p, sizes[i] + 111);
		free(p);
		gone(sizes[i] + 111);
	}
	done("17", "blocks of 2 to 5 GiB come and go");

	p = got(malloc(sizes[5]), sizes[5]);
	done("17", "a block of 5 GiB is live");
	if (p) {
		free(p);
		gone(sizes[5]);
	}
	done("17", "and freed");
}

static void
test_unmatched(void)
{
	void *p;

	for (int i = 0; i < 17; i++) {
		p = __libc_malloc(901);
		NEED(p);
		free(p);
		truth.unmatched++;
	}
	done("18", "frees of unknown blocks are counted apart");

	p = __libc_malloc(902);
	p = got(realloc(p, 5007), 5007);
	NEED(p);
	truth.unmatched++;
	free(p);
	gone(5007);
	done("18", "realloc of an unknown block: an unmatched free, and a new "
		   "block");

	p = __libc_malloc(903);
	p = realloc(p, 0);
	truth.unmatched++;
	if (p) {
		got(p, 0);
		free(p);
		gone(0);
	}
	done("18", "realloc(p, 0) of an unknown block");

	p = __libc_malloc(904);
	NEED(!realloc(p, too_much[0]));
	NEED(malloc_usable_size(p) >= 904);
	__libc_free(p);
	done("18", "a realloc that fails on an unknown block is nothing");
}

static void
test_unseen(void)
{
	void *p[50], *q;
	int same = 0;

	for (int i = 0; i < 50; i++) {
		p[i] = got(malloc(777), 777);
		NEED(p[i]);
	}
	for (int i = 0; i < 5; i++)
		__libc_free(p[i]);
	/* The allocator hands the addresses out again: then the old blocks
	 * must be gone, else they would be counted twice. */
	for (int i = 0; i < 5; i++) {
		q = got(malloc(777), 777);
		for (int j = 0; j < 5; j++)
			same += q == p[j];
		gone(777);
	}
	printf("same addresses: %d\n", same);
	NEED(same == 5);
	done("18", "a block whose free nobody saw ends when its address comes "
		   "back");
	for (int i = 0; i < 50; i++) {
		free(p[i]);
		gone(777);
	}
	done("18", "and its successor is freed once");
}

int
main(void)
{
	start();
	test_failing();
	test_zero();
	test_errno();
	test_huge();
	test_unmatched();
	test_unseen();
	return 0;
}

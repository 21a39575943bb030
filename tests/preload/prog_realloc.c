/* SPDX-License-Identifier: MIT
 *
 * prog_realloc.c - realloc and reallocarray in all their ways: one free and
 * one allocation each; a failed one is nothing.
 */
#include "preload/prog.h"

#define HUGE_SIZE ((size_t)PTRDIFF_MAX - 4096)

/* Counts what a realloc that succeeded did. */
static void *
moved(void *q, size_t old, size_t size)
{
	NEED(q);
	gone(old);
	return got(q, size);
}

static void
fill(void *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)p)[i] = (unsigned char)(i * 7);
}

static void *
check(void *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		NEED(((unsigned char *)p)[i] == (unsigned char)(i * 7));
	return p;
}

static void
test_grow_and_shrink(void)
{
	char *p, *q, *wall;
	size_t in_place = 0, n;

	p = got(malloc(1001), 1001);
	wall = got(malloc(10), 10);
	fill(p, 1001);
	q = moved(realloc(p, 5003), 1001, 5003);
	printf("moved %d\n", q != p);
	check(q, 1001);
	done("3", "realloc grows and moves");

	fill(q, 5003);
	p = moved(realloc(q, 203), 5003, 203);
	printf("stayed %d\n", p == q);
	check(p, 203);
	done("3", "realloc shrinks in place");

	q = moved(realloc(p, 203), 203, 203);
	done("3", "realloc to the same size");
	free(q);
	gone(203);
	free(wall);
	gone(10);

	/* The block at the top of the heap grows where it is. */
	p = got(malloc(100), 100);
	for (n = 100; n < 60000; n += 777) {
		q = moved(realloc(p, n + 777), n, n + 777);
		in_place += q == p;
		p = q;
	}
	printf("in place: %d\n", in_place > 0);
	done("3", "realloc in place, again and again");
	free(p);
	gone(n);
	done("3", "and freed");
}

static void
test_large(void)
{
	/* libc moves these by mremap, which is not the program's. */
	size_t size = 1 << 20;
	char *p = got(malloc(size), size);

	fill(p, 10000);
	for (int i = 0; i < 6; i++) {
		p = moved(realloc(p, size * 2 + 3), size, size * 2 + 3);
		size = size * 2 + 3;
		check(p, 10000);
	}
	for (int i = 0; i < 3; i++) {
		p = moved(realloc(p, size / 3), size, size / 3);
		size /= 3;
		check(p, 10000);
	}
	p = moved(realloc(p, 500), size, 500);
	done("3", "realloc of large blocks: still mallocs, no mmaps");
	free(p);
	gone(500);
	done("3", "the large one freed");
}

static void
test_null_and_zero(void)
{
	void *p, *q;

	p = got(realloc(NULL, 1234), 1234);
	NEED(p);
	q = got(realloc(NULL, 0), 0);
	NEED(q);
	free(q);
	gone(0);
	done("3", "realloc(NULL, n) is malloc(n)");

	/* glibc: frees and returns NULL. */
	errno = 0;
	q = realloc(p, 0);
	printf("realloc(p, 0): %s, errno %d\n", q ? "block" : "NULL", errno);
	gone(1234);
	if (q) {
		got(q, 0);
		free(q);
		gone(0);
	}
	done("3", "realloc(p, 0) frees");
}

static void
test_failing(void)
{
	char *p = got(malloc(2003), 2003);

	fill(p, 2003);
	errno = 0;
	NEED(!realloc(p, hide(HUGE_SIZE)));
	printf("realloc of too much: %s\n", strerror(errno));
	check(p, 2003);
	errno = 0;
	NEED(!realloc(p, hide(SIZE_MAX)));
	printf("of far too much: %s\n", strerror(errno));
	check(p, 2003);
	errno = 0;
	NEED(!realloc(NULL, hide(SIZE_MAX)));
	printf("of nothing: %s\n", strerror(errno));
	done("3", "realloc that fails is nothing");

	errno = EXDEV;
	p = moved(realloc(p, 4001), 2003, 4001);
	NEED(errno == EXDEV);
	check(p, 2003);
	free(p);
	NEED(errno == EXDEV);
	gone(4001);
	done("3", "the block that stayed is still known; errno is kept");
}

static void
test_reallocarray(void)
{
	char *p = got(reallocarray(NULL, 11, 13), 143), *q;

	NEED(p);
	fill(p, 143);
	p = moved(reallocarray(p, 100, 101), 143, 10100);
	check(p, 143);
	p = moved(reallocarray(p, 7, 9), 10100, 63);
	check(p, 63);
	done("4", "reallocarray: n times size");

	errno = 0;
	q = reallocarray(p, hide(SIZE_MAX / 8), 9);
	NEED(!q);
	printf("reallocarray: %s\n", strerror(errno));
	errno = 0;
	q = reallocarray(p, hide((size_t)1 << 33), (size_t)1 << 33);
	NEED(!q);
	printf("reallocarray: %s\n", strerror(errno));
	errno = 0;
	q = reallocarray(NULL, hide(SIZE_MAX), 2);
	NEED(!q);
	printf("reallocarray: %s\n", strerror(errno));
	errno = 0;
	q = reallocarray(p, hide(HUGE_SIZE), 1);
	NEED(!q);
	printf("reallocarray: %s\n", strerror(errno));
	check(p, 63);
	done("4", "reallocarray that overflows is nothing");

	q = reallocarray(p, 0, 17);
	printf("reallocarray(p, 0, n): %s\n", q ? "block" : "NULL");
	gone(63);
	if (q) {
		got(q, 0);
		free(q);
		gone(0);
	}
	done("4", "reallocarray(p, 0, n) frees");
}

int
main(void)
{
	start();
	test_grow_and_shrink();
	test_large();
	test_null_and_zero();
	test_failing();
	test_reallocarray();
	return 0;
}

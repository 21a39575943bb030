/* SPDX-License-Identifier: MIT
 *
 * prog_mremap.c - mremap: one free and one allocation when it succeeds, and
 * nothing when it fails.
 */
#include <sys/mman.h>

#include "preload/prog.h"

#define PAGE ((size_t)4096)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static char *
map(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED);
	p[0] = 'x';
	return mapped(p, pages * PAGE);
}

static void
unmap(int blocks, char *p, size_t pages, size_t pages_gone)
{
	NEED(munmap(p, pages * PAGE) == 0);
	unmapped(blocks, pages_gone * PAGE);
}

static char *
reserve(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_NONE, ANON | MAP_NORESERVE, -1,
		       0);

	NEED(p != MAP_FAILED);
	return p;
}

static void
test_size(void)
{
	/* Nothing behind it, so that it can grow where it is. */
	char *p = far_room(30 * PAGE), *q;

	NEED(mmap(p, 10 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == p);
	mapped(p, 10 * PAGE);
	q = mremap(p, 10 * PAGE, 20 * PAGE, 0);
	NEED(q == p);
	unmapped(1, 10 * PAGE);
	mapped(q, 20 * PAGE);
	done("15", "mremap grows in place");
	q = mremap(p, 20 * PAGE, 5 * PAGE, 0);
	NEED(q == p);
	unmapped(1, 20 * PAGE);
	mapped(q, 5 * PAGE);
	done("15", "mremap shrinks");
	q = mremap(p, 5 * PAGE, 5 * PAGE, 0);
	NEED(q == p);
	unmapped(1, 5 * PAGE);
	mapped(q, 5 * PAGE);
	done("15", "mremap to the same size");
	unmap(1, p, 5, 5);
	done("15", "the resized one unmapped");
}

static void
test_move(void)
{
	char *p = map(10), *wall, *q;

	/* Something right behind it, so that it has to move. */
	wall = mmap(p + 10 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE,
		    -1, 0);
	if (wall != MAP_FAILED)
		mapped(wall, PAGE);
	q = mremap(p, 10 * PAGE, 4000 * PAGE, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED && q != p && q[0] == 'x');
	unmapped(1, 10 * PAGE);
	mapped(q, 4000 * PAGE);
	if (wall != MAP_FAILED)
		unmap(1, wall, 1, 1);
	done("15", "mremap moves");
	unmap(1, q, 4000, 4000);
	done("15", "and is unmapped where it is");
}

static void
test_fixed(void)
{
	char *p = map(10), *to = map(30), *q;

	q = mremap(p, 10 * PAGE, 10 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	NEED(q == to && q[0] == 'x');
	unmapped(1, 10 * PAGE);
	unmapped(0, 10 * PAGE);
	mapped(q, 10 * PAGE);
	done("15", "MREMAP_FIXED over a part of another mapping");
	p = map(7);
	q = mremap(p, 7 * PAGE, 30 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	NEED(q == to);
	unmapped(1, 7 * PAGE);
	unmapped(2, 30 * PAGE);
	mapped(q, 30 * PAGE);
	done("15", "MREMAP_FIXED over two, and larger");
	unmap(1, to, 30, 30);
	done("15", "both unmapped");
}

static void
test_part(void)
{
	char *p = far_room(20 * PAGE), *q;

	NEED(mmap(p, 20 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == p);
	mapped(p, 20 * PAGE);
	q = mremap(p + 5 * PAGE, 5 * PAGE, 50 * PAGE, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED);
	unmapped(0, 5 * PAGE);
	mapped(q, 50 * PAGE);
	done("15", "a part out of the middle moves");
	unmap(1, q, 50, 50);
	unmap(1, p, 20, 15);
	done("15", "and all of it unmapped");
}

static void
test_failing(void)
{
	char *p = far_room(10 * PAGE), *q = map(10);

	NEED(mmap(p, 10 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == p);
	mapped(p, 10 * PAGE);
	NEED(munmap(p + 8 * PAGE, 2 * PAGE) == 0);
	unmapped(0, 2 * PAGE);
	NEED(mremap(p, 0, 10 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	NEED(mremap(p, 8 * PAGE, 0, 0) == MAP_FAILED && errno == EINVAL);
	NEED(mremap(p + 1, PAGE, PAGE, 0) == MAP_FAILED && errno == EINVAL);
	NEED(mremap(p, 8 * PAGE, hide((size_t)1 << 61), MREMAP_MAYMOVE) ==
	     MAP_FAILED);
	NEED(mremap(p, 8 * PAGE, 8 * PAGE, 0x1000) == MAP_FAILED &&
	     errno == EINVAL);
	/* Onto itself, and without MAYMOVE. */
	NEED(mremap(p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    p + PAGE) == MAP_FAILED &&
	     errno == EINVAL);
	NEED(mremap(p, 8 * PAGE, 8 * PAGE, MREMAP_FIXED, q) == MAP_FAILED &&
	     errno == EINVAL);
	done("15", "mremap that fails is nothing");
	unmap(1, p, 8, 8);
	unmap(1, q, 10, 10);
	done("15", "the mappings are still known");
}

static void
test_special(void)
{
	char *p = map(12), *q, *r;
	int fd;

	/* The old mapping stays, empty. */
	q = mremap(p, 12 * PAGE, 12 * PAGE,
		   MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	printf("DONTUNMAP: %s\n", q == MAP_FAILED ? strerror(errno) : "ok");
	if (q != MAP_FAILED) {
		NEED(p[0] == 0 && q[0] == 'x');
		mapped(q, 12 * PAGE);
		done("15", "MREMAP_DONTUNMAP: there are two now");
		unmap(1, q, 12, 12);
	}
	unmap(1, p, 12, 12);
	done("15", "MREMAP_DONTUNMAP's mappings unmapped");

	/* An old size of 0 makes a second view of shared memory. */
	p = mmap(NULL, 6 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mapped(p, 6 * PAGE);
	q = mremap(p, 0, 6 * PAGE, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED);
	q[0] = 'y';
	NEED(p[0] == 'y');
	unmap(1, p, 6, 6);
	NEED(munmap(q, 6 * PAGE) == 0);
	/* The same pages twice: how that counts is not settled. */
	truth.mmap_unknown = 1;
	done("15", "an old size of 0");

	fd = memfd_create("file", 0);
	NEED(fd >= 0 && ftruncate(fd, (off_t)(8 * PAGE)) == 0);
	p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	q = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED);
	NEED(munmap(q, 8 * PAGE) == 0);
	close(fd);
	done("15", "mremap of a file is nothing");

	r = reserve(50);
	q = mremap(r, 50 * PAGE, 80 * PAGE, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED);
	done("15", "a reservation that moves stays one");
	unmap(0, q, 80, 0);
	done("15", "and ends as one");
}

int
main(void)
{
	start();
	test_size();
	test_move();
	test_fixed();
	test_part();
	test_failing();
	test_special();
	return 0;
}

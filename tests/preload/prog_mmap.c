/* SPDX-License-Identifier: MIT
 *
 * prog_mmap.c - the program's own mappings: whole, partial, over one another,
 * failed ones, and those that are no memory of the program's.
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "preload/prog.h"

#define PAGE ((size_t)4096)
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *
map(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED);
	return mapped(p, pages * PAGE);
}

static char *
map_at(char *at, size_t pages)
{
	char *p = mmap(at, pages * PAGE, RW, ANON | MAP_FIXED, -1, 0);

	NEED(p == at);
	return mapped(p, pages * PAGE);
}

/* BLOCKS: how many mappings lose their last piece. */
static void
unmap(int blocks, char *p, size_t pages, size_t pages_gone)
{
	NEED(munmap(p, pages * PAGE) == 0);
	unmapped(blocks, pages_gone * PAGE);
}

static void
test_whole(void)
{
	char *p[64];

	for (size_t i = 0; i < 64; i++) {
		p[i] = map(i + 1);
		p[i][0] = 1;
	}
	for (size_t i = 0; i < 64; i += 2)
		unmap(1, p[i], i + 1, i + 1);
	done("14", "64 mappings, every second one unmapped");
	for (size_t i = 1; i < 64; i += 2)
		unmap(1, p[i], i + 1, i + 1);
	done("14", "the others unmapped");

	p[0] = mmap64(NULL, 33 * PAGE, RW, ANON, -1, 0);
	mapped(p[0], 33 * PAGE);
	p[1] = mmap(NULL, 34 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mapped(p[1], 34 * PAGE);
	p[2] = mmap(NULL, 35 * PAGE, PROT_READ, ANON | MAP_POPULATE, -1, 0);
	mapped(p[2], 35 * PAGE);
	done("14", "mmap64, shared and read-only anonymous memory count");
	unmap(1, p[0], 33, 33);
	unmap(1, p[1], 34, 34);
	unmap(1, p[2], 35, 35);
	done("14", "and are unmapped");
}

static void
test_parts(void)
{
	char *p = map_at(far_room(10 * PAGE), 10);

	unmap(0, p, 2, 2);
	done("14", "the first pages unmapped");
	unmap(0, p + 8 * PAGE, 2, 2);
	done("14", "the last pages unmapped");
	unmap(0, p + 4 * PAGE, 2, 2);
	done("14", "split in the middle");
	unmap(0, p + 2 * PAGE, 1, 1);
	unmap(0, p + 7 * PAGE, 1, 1);
	done("14", "the two pieces become smaller");
	unmap(1, p, 10, 2);
	done("14", "one munmap over the pieces and the gaps ends the mapping");
	unmap(0, p, 10, 0);
	done("14", "unmapping what is gone is nothing");

	p = map_at(far_room(100 * PAGE), 100);
	for (size_t i = 0; i < 100; i += 2)
		unmap(0, p + i * PAGE, 1, 1);
	done("14", "50 holes");
	unmap(1, p, 100, 50);
	done("14", "50 pieces unmapped in one call");
}

static void
test_several(void)
{
	char *p = far_room(40 * PAGE);

	for (size_t i = 0; i < 40; i += 4)
		map_at(p + i * PAGE, 4);
	done("14", "ten mappings side by side");
	unmap(8, p + 2 * PAGE, 36, 36);
	done("14", "one munmap over eight of them and two halves");
	unmap(2, p, 40, 4);
	done("14", "the halves");

	for (size_t i = 0; i < 40; i += 8)
		map_at(p + i * PAGE, 3);
	unmap(5, p, 40, 15);
	done("14", "one munmap over five mappings and the gaps between");

	map_at(p, 40);
	for (size_t i = 0; i < 40; i++)
		unmap(i == 39, p + i * PAGE, 1, 1);
	done("14", "one mapping, unmapped by forty calls");

	for (size_t i = 0; i < 40; i++)
		map_at(p + i * PAGE, 1);
	unmap(40, p, 40, 40);
	done("14", "forty mappings, one call");
}

static void
test_fixed(void)
{
	char *p = far_room(40 * PAGE), *q;
	int fd = memfd_create("mapped over", 0);

	NEED(fd >= 0 && ftruncate(fd, (off_t)(8 * PAGE)) == 0);
	map_at(p, 10);
	map_at(p, 10);
	unmapped(1, 10 * PAGE);
	done("14", "MAP_FIXED over exactly an old one");
	map_at(p + 2 * PAGE, 3);
	unmapped(0, 3 * PAGE);
	done("14", "MAP_FIXED into the middle of an old one");
	map_at(p + 8 * PAGE, 20);
	unmapped(0, 2 * PAGE);
	done("14", "MAP_FIXED over the end of an old one");
	map_at(p, 40);
	unmapped(3, 28 * PAGE);
	done("14", "MAP_FIXED over several");
	q = mmap(p + 4 * PAGE, 8 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	NEED(q == p + 4 * PAGE);
	unmapped(0, 8 * PAGE);
	done("14", "a file mapped over memory");
	q = mmap(p, 2 * PAGE, PROT_NONE, ANON | MAP_FIXED | MAP_NORESERVE, -1,
		 0);
	NEED(q == p);
	unmapped(0, 2 * PAGE);
	done("14", "a reservation mapped over memory");
	q = mmap(p + 20 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	NEED(q == MAP_FAILED && errno == EEXIST);
	done("14", "MAP_FIXED_NOREPLACE that finds something is nothing");
	q = mmap(p + 20 * PAGE, PAGE, RW, ANON, -1, 0);
	NEED(q != MAP_FAILED && q != p + 20 * PAGE);
	mapped(q, PAGE);
	unmap(1, q, 1, 1);
	done("14", "an address that is only a hint replaces nothing");
	unmap(1, p, 40, 30);
	done("14", "all of it unmapped");
	close(fd);
}

static void
test_failing(void)
{
	char *p = map(10);

	NEED(mmap(p, 0, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED &&
	     errno == EINVAL);
	NEED(mmap(p, 5 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, -1, 0) ==
		     MAP_FAILED &&
	     errno == EBADF);
	NEED(mmap(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED &&
	     errno == EINVAL);
	NEED(mmap(NULL, hide((size_t)1 << 62), RW, ANON, -1, 0) ==
		     MAP_FAILED &&
	     errno == ENOMEM);
	NEED(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
	     errno == EINVAL);
	done("14", "mmap that fails is nothing, also with MAP_FIXED");
	NEED(munmap(p, 0) == -1 && errno == EINVAL);
	NEED(munmap(p + 1, PAGE) == -1 && errno == EINVAL);
	NEED(munmap(p, hide((size_t)1 << 62)) == -1 && errno == EINVAL);
	done("14", "munmap that fails is nothing");
	unmap(1, p, 10, 10);
	done("14", "the mapping is still known");
}

static void
test_not_memory(void)
{
	int fd = memfd_create("file", 0);
	char *p, *q;

	NEED(fd >= 0 && ftruncate(fd, (off_t)(9 * PAGE)) == 0);
	p = mmap(NULL, 9 * PAGE, PROT_NONE, ANON, -1, 0);
	q = mmap(NULL, 17 * PAGE, RW, ANON | MAP_NORESERVE, -1, 0);
	NEED(p != MAP_FAILED && q != MAP_FAILED);
	done("14", "PROT_NONE and NORESERVE are reserved, never live");
	NEED(mprotect(p, 9 * PAGE, RW) == 0);
	p[0] = q[0] = 1;
	unmap(0, p, 4, 0);
	unmap(0, p + 4 * PAGE, 5, 0);
	unmap(0, q, 17, 0);
	done("14", "neither their use nor their end counts");

	p = far_room(64 * PAGE);
	NEED(p == mmap(p, 64 * PAGE, PROT_NONE,
		       ANON | MAP_NORESERVE | MAP_FIXED, -1, 0));
	map_at(p + 10 * PAGE, 10);
	done("14", "memory committed in a reservation by MAP_FIXED");
	unmap(1, p, 64, 10);
	done("14", "and gone with it");

	p = mmap(NULL, 9 * PAGE, RW, MAP_SHARED, fd, 0);
	q = mmap(NULL, 9 * PAGE, RW, MAP_PRIVATE, fd, 0);
	NEED(p != MAP_FAILED && q != MAP_FAILED);
	p[0] = q[0] = 1;
	done("14", "files are not memory of the program's");
	unmap(0, p, 9, 0);
	unmap(0, q, 9, 0);
	done("14", "nor is their end");
	close(fd);
}

/* Behind our back, by system calls. */
static void
test_unseen(void)
{
	char *p = map_at(far_room(6 * PAGE), 6);

	syscall(SYS_munmap, p, 6 * PAGE);
	map_at(p, 2);
	unmapped(0, 2 * PAGE);
	done("18", "memory whose end nobody saw ends when something else is "
		   "mapped there");
	unmap(2, p, 6, 6);
	done("18", "and all is known again");
	p = (char *)syscall(SYS_mmap, NULL, 8 * PAGE, RW, ANON, -1, 0);
	NEED(p != MAP_FAILED);
	unmap(0, p, 8, 0);
	done("18", "munmap of memory that nobody saw is nothing");
	p = mmap(NULL, 5000, RW, ANON, -1, 0);
	NEED(p != MAP_FAILED);
	NEED(munmap(p, 5000) == 0);
	/* In what unit it counts, a test elsewhere may say. */
	truth.mmap_unknown = 1;
	done("14", "a length that is no whole number of pages");
}

int
main(void)
{
	start();
	test_whole();
	test_parts();
	test_several();
	test_fixed();
	test_failing();
	test_not_memory();
	test_unseen();
	return 0;
}

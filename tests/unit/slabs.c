/* SPDX-License-Identifier: MIT
 *
 * slabs.c - slabs of small and of huge pages: zeroed, apart from each other,
 * and of huge pages only where those are wanted.
 */
#include <sys/resource.h>

#include "base/mem.h"

#include "tap/tap.h"

#define KERNELS "/sys/kernel/mm/transparent_hugepage"
#define SLABS 96u
#define SIZE (64ul << 10)
#define LARGE (300ul << 10)

static char *slabs[SLABS];

static size_t
size_of(unsigned i)
{
	return i % 3 ? SIZE : LARGE;
}

/* May the kernel put huge pages at P?  -1: it is not mapped. */
static int
is_huge(const void *p)
{
	unsigned long at = (unsigned long)p, from, to;
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false;
	char line[512];
	int huge = -1;

	while (f && huge < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= at && at < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			huge = strstr(line, " hg") != NULL;
	}
	if (f)
		fclose(f);
	return huge;
}

/* Slabs that are not what they should be: each is filled with a number of its
 * own, and all are looked at in the end. */
static int
wrong_slabs(void)
{
	int wrong = 0;

	for (unsigned i = 0; i < SLABS; i++) {
		slabs[i] = rcp_slab_new(size_of(i));
		if (!slabs[i] || (uintptr_t)slabs[i] % 4096)
			return -1;
		for (size_t k = 0; k < size_of(i); k++)
			wrong += slabs[i][k] != 0;
		memset(slabs[i], (int)i + 1, size_of(i));
	}
	for (unsigned i = 0; i < SLABS; i++)
		for (size_t k = 0; k < size_of(i); k++)
			wrong += slabs[i][k] != (char)(i + 1);
	return wrong;
}

static void
under_limit(void)
{
	const struct rlimit limit = { 1ul << 60, 1ul << 60 };

	rcp_slabs_are_many();
	if (setrlimit(RLIMIT_AS, &limit) != 0)
		_exit(1);
	is_int(wrong_slabs(), 0, "slabs under a limit");
	is_int(is_huge(slabs[SLABS - 1]), 0,
	       "a limit counts what is only reserved: no huge pages");
}

int
main(void)
{
	uint64_t used;

	in_fork("a limit", under_limit);
	is_int(wrong_slabs(), 0, "slabs of small pages");
	is_int(is_huge(slabs[SLABS - 1]), 0, "few slabs: no huge pages");

	rcp_slabs_are_many();
	is_int(is_huge(rcp_slab_new(SIZE)), 0, "the first are of small pages");
	used = rcp_mem_used();
	is_int(wrong_slabs(), 0, "slabs of huge pages");
	is_int(is_huge(slabs[SLABS - 1]), access(KERNELS, F_OK) == 0,
	       "further ones are of huge pages, if the kernel has any");
	used = rcp_mem_used() - used;
	ok(used < SLABS / 3 * (LARGE + 2 * SIZE) + (4ul << 20),
	   "little of them is left unused: %lu bytes", (unsigned long)used);
	is_int(is_huge(rcp_slab_new(3ul << 20)), 0, "nor are large ones");
	return done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * mem.c - pages and an arena from raw mmap.  Stands below everything; runs
 * inside malloc: no libc call, no errno.
 */
#include "base/mem.h"

#include <stdatomic.h>
#include <sys/resource.h>

#include "base/lock.h"
#include "base/sys.h"

#define PAGE 4096ul
#define HUGE_PAGE (2ul << 20)
#define HUGE_FROM (2ul << 20) /* slabs of small pages come first */
#define ARENA_CHUNK (256ul << 10)
#define ALIGN 16ul
#define SHARE_LEAST (8ul << 20)
#define SHARE_PART 4 /* of the limit */

/* MADV_POPULATE_WRITE, of Linux 5.14. */
#define POPULATE_WRITE 23

static _Atomic uint64_t used;
static _Atomic uint64_t reserved;
static _Atomic uint64_t arena_used;

static struct {
	struct rcp_lock lock;
	char *next;
	size_t left;
} arena;

static struct {
	struct rcp_lock lock;
	bool many;
	size_t small; /* bytes of small pages */
	/* Huge pages that are not used up: small slabs fill the one that large
	 * ones have left. */
	struct {
		char *next;
		size_t left;
	} open[2];
} slabs;

static size_t
round_up(size_t n, size_t unit)
{
	return (n + unit - 1) & ~(unit - 1);
}

uint64_t
rcp_mem_used(void)
{
	return atomic_load_explicit(&used, memory_order_relaxed);
}

/* The least of the limits that our memory counts against, in bytes. */
static uint64_t
limit_of_memory(void)
{
	static const int counted[] = { RLIMIT_AS, RLIMIT_DATA };
	uint64_t least = RLIM_INFINITY;
	struct rlimit limit;

	for (int i = 0; i < 2; i++)
		if (RCP_SYS4(SYS_prlimit64, 0, counted[i], NULL, &limit) == 0 &&
		    limit.rlim_cur < least)
			least = limit.rlim_cur;
	return least;
}

bool
rcp_mem_is_limited(void)
{
	return limit_of_memory() != RLIM_INFINITY;
}

/* A program that is told that there is no more memory gives some back and goes
 * on; if what it gave back became ours, it could not. */
static bool
is_in_share(size_t size)
{
	static _Atomic uint64_t before; /* held when the limit came, plus one */
	uint64_t limit = limit_of_memory(), share, held, first = 0;

	if (limit == RLIM_INFINITY)
		return true;
	held = atomic_load_explicit(&used, memory_order_relaxed) +
	       atomic_load_explicit(&reserved, memory_order_relaxed);
	if (atomic_compare_exchange_strong(&before, &first, held + 1))
		first = held + 1;
	share = limit / SHARE_PART;
	if (share < SHARE_LEAST)
		share = SHARE_LEAST;
	return held + size <= first - 1 + share;
}

static void *
map(size_t size, int access, int extra)
{
	long p = rcp_sys_mmap(NULL, size, access,
			      MAP_PRIVATE | MAP_ANONYMOUS | extra, -1, 0);

	if (p < 0 && p > -4096)
		return NULL;
	/* Refusals do no harm: the advice saves memory and core dumps. */
	rcp_sys_madvise((void *)p, size, MADV_DONTDUMP);
	rcp_sys_madvise((void *)p, size, MADV_NOHUGEPAGE);
	return (void *)p;
}

void *
rcp_pages_new(size_t size)
{
	void *p;

	size = round_up(size, PAGE);
	p = map(size, PROT_READ | PROT_WRITE, 0);
	if (p)
		atomic_fetch_add_explicit(&used, size, memory_order_relaxed);
	return p;
}

void *
rcp_pages_more(size_t size)
{
	return is_in_share(size) ? rcp_pages_new(size) : NULL;
}

/* Room for a huge page. */
static char *
map_huge(void)
{
	char *from, *to, *p;
	long all;

	if (rcp_mem_is_limited())
		return NULL;
	all = rcp_sys_mmap(NULL, 2 * HUGE_PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all < 0 && all > -4096)
		return NULL;
	from = (char *)all;
	to = from + 2 * HUGE_PAGE;
	p = from + (-(size_t)all & (HUGE_PAGE - 1));
	if (p > from)
		rcp_sys_munmap(from, (size_t)(p - from));
	rcp_sys_munmap(p + HUGE_PAGE, (size_t)(to - p) - HUGE_PAGE);
	if (RCP_SYS3(SYS_mprotect, p, HUGE_PAGE, PROT_READ | PROT_WRITE) < 0) {
		rcp_sys_munmap(p, HUGE_PAGE);
		return NULL;
	}
	rcp_sys_madvise(p, HUGE_PAGE, MADV_DONTDUMP);
	rcp_sys_madvise(p, HUGE_PAGE, MADV_HUGEPAGE);
	atomic_fetch_add_explicit(&used, HUGE_PAGE, memory_order_relaxed);
	return p;
}

/* SIZE bytes of a huge page; the lock is held. */
static char *
take_huge(size_t size)
{
	unsigned which = slabs.open[0].left >= size ? 0 : 1;
	char *p;

	if (slabs.open[which].left < size) {
		p = map_huge();
		if (!p)
			return NULL;
		which = slabs.open[0].left > slabs.open[1].left;
		slabs.open[which].next = p;
		slabs.open[which].left = HUGE_PAGE;
	}
	p = slabs.open[which].next;
	slabs.open[which].next += size;
	slabs.open[which].left -= size;
	return p;
}

void *
rcp_slab_new(size_t size)
{
	char *p = NULL;

	size = round_up(size, PAGE);
	if (!slabs.many || size > HUGE_PAGE / 4)
		return rcp_pages_new(size);
	rcp_lock_take(&slabs.lock);
	if (slabs.small >= HUGE_FROM)
		p = take_huge(size);
	if (!p)
		slabs.small += size;
	rcp_lock_drop(&slabs.lock);
	return p ? p : rcp_pages_new(size);
}

void
rcp_slabs_are_many(void)
{
	slabs.many = true;
}

void *
rcp_pages_reserve(size_t size)
{
	void *p;

	size = round_up(size, PAGE);
	p = map(size, PROT_NONE, MAP_NORESERVE);
	if (!p)
		return NULL;
	/* After mlockall(MCL_FUTURE) what can be written is made resident at
	 * once, unless it is not locked any more. */
	RCP_SYS2(SYS_munlock, p, size);
	if (RCP_SYS3(SYS_mprotect, p, size, PROT_READ | PROT_WRITE) < 0) {
		rcp_sys_munmap(p, size);
		return NULL;
	}
	atomic_fetch_add_explicit(&reserved, size, memory_order_relaxed);
	return p;
}

void
rcp_pages_unreserve(void *p, size_t size)
{
	size = round_up(size, PAGE);
	rcp_sys_munmap(p, size);
	atomic_fetch_sub_explicit(&reserved, size, memory_order_relaxed);
}

void *
rcp_pages_grow(void *p, size_t old, size_t size)
{
	long q;

	old = round_up(old, PAGE);
	size = round_up(size, PAGE);
	if (size <= old)
		return p;
	q = rcp_sys_mremap(p, old, size, MREMAP_MAYMOVE);
	if (q < 0 && q > -4096)
		return NULL;
	atomic_fetch_add_explicit(&used, size - old, memory_order_relaxed);
	return (void *)q;
}

void
rcp_pages_free(void *p, size_t size)
{
	size = round_up(size, PAGE);
	rcp_sys_munmap(p, size);
	atomic_fetch_sub_explicit(&used, size, memory_order_relaxed);
}

void
rcp_pages_touch(void *p, size_t size)
{
	rcp_sys_madvise(p, size, POPULATE_WRITE);
}

void
rcp_pages_forget(void *p, size_t size)
{
	size = round_up(size, PAGE);
	rcp_sys_madvise(p, size, MADV_DONTNEED);
	atomic_fetch_sub_explicit(&used, size, memory_order_relaxed);
	atomic_fetch_add_explicit(&reserved, size, memory_order_relaxed);
}

/* A slab of the arena's. */
static char *
slab_in_share(size_t size)
{
	return is_in_share(size) ? rcp_slab_new(size) : NULL;
}

void *
rcp_arena_new(size_t size)
{
	char *p = NULL;

	size = round_up(size, ALIGN);
	if (size > ARENA_CHUNK / 4) {
		p = slab_in_share(size);
	} else {
		rcp_lock_take(&arena.lock);
		if (arena.left < size) {
			char *chunk = slab_in_share(ARENA_CHUNK);

			if (chunk) {
				arena.next = chunk;
				arena.left = ARENA_CHUNK;
			}
		}
		if (arena.left >= size) {
			p = arena.next;
			arena.next += size;
			arena.left -= size;
		}
		rcp_lock_drop(&arena.lock);
	}
	if (p)
		rcp_arena_charge(size);
	return p;
}

uint64_t
rcp_arena_used(void)
{
	return atomic_load_explicit(&arena_used, memory_order_relaxed);
}

void
rcp_arena_charge(size_t size)
{
	atomic_fetch_add_explicit(&arena_used, size, memory_order_relaxed);
}

void
rcp_arena_credit(size_t size)
{
	atomic_fetch_sub_explicit(&arena_used, size, memory_order_relaxed);
}

void
rcp_mem_fork_prepare(void)
{
	rcp_lock_take(&arena.lock);
	rcp_lock_take(&slabs.lock);
}

void
rcp_mem_fork_done(bool child)
{
	if (child) {
		rcp_lock_reset(&slabs.lock);
		rcp_lock_reset(&arena.lock);
	} else {
		rcp_lock_drop(&slabs.lock);
		rcp_lock_drop(&arena.lock);
	}
}

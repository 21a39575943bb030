/* SPDX-License-Identifier: MIT
 *
 * shadow.c - the slow half of live.h: leaves, and ranges that go at once.
 * Runs inside malloc.
 */
#include "account/live.h"

#include "account/side.h"
#include "base/mem.h"
#include "base/sys.h"

#define PAGE 4096u
#define LEAF_BYTES (RCP_SHADOW_WORDS * sizeof(uint32_t))
#define LEAF_PAGES (LEAF_BYTES / PAGE)
#define LOOKS 64 /* leaves that one rcp_live_resident() asks about */

/* All leaves, so that nobody has to search the root for them. */
struct leaf {
	struct leaf *next;
	uint32_t *words;
	size_t pages; /* present when last looked at */
};

uint32_t **rcp_shadow_root;
uintptr_t rcp_shadow_leaves;
static struct leaf *leaves;

bool
rcp_live_setup(bool use_shadow)
{
	if (use_shadow)
		rcp_shadow_root = rcp_pages_reserve(RCP_SHADOW_ROOT *
						    sizeof(*rcp_shadow_root));
	if (rcp_shadow_root)
		rcp_shadow_leaves = RCP_SHADOW_ROOT;
	return true;
}

static void
remember_leaf(uint32_t *words)
{
	struct leaf *leaf = rcp_arena_new(sizeof(*leaf));

	if (!leaf)
		return;
	leaf->words = words;
	leaf->next = __atomic_load_n(&leaves, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&leaves, &leaf->next, leaf, true,
					    __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

/* The program has set itself a limit that reservations count against.  Asked
 * for each leaf until the answer is yes: from then on there are no more. */
static bool
has_little_room(void)
{
	static bool little;

	if (__atomic_load_n(&little, __ATOMIC_RELAXED))
		return true;
	if (!rcp_mem_is_limited())
		return false;
	__atomic_store_n(&little, true, __ATOMIC_RELAXED);
	return true;
}

/* The leaf above P; made when missing.  Two threads may race: one of their
 * leaves is given back. */
static bool
new_leaf(uintptr_t p)
{
	uint32_t **slot = &rcp_shadow_root[p >> RCP_SHADOW_LEAF_BITS];
	uint32_t *leaf, *none = NULL;

	if (__atomic_load_n(slot, __ATOMIC_ACQUIRE))
		return true;
	if (has_little_room())
		return false;
	leaf = rcp_pages_reserve(LEAF_BYTES + PAGE);
	if (!leaf)
		return false;
	if (__atomic_compare_exchange_n(slot, &none, leaf, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		remember_leaf(leaf);
	else
		rcp_sys_munmap(leaf, LEAF_BYTES + PAGE);
	return true;
}

bool
rcp_live_put_slow(uintptr_t p, const struct rcp_live *block,
		  struct rcp_live *replaced)
{
	bool fits = rcp_shadow_root && !(p & 15) && !(p >> 47);
	uint32_t *w = NULL;
	bool was;

	if (fits && new_leaf(p))
		w = rcp_shadow_at(p);
	if (!w)
		return rcp_side_put(p, block, replaced);
	was = rcp_live_take(p, replaced);
	if (block->size <= RCP_LIVE_SIZE_MAX) {
		rcp_live_put(p, *block, replaced);
		return was;
	}
	/* Too large for a word: the record stands aside, the head says so. */
	w[1] = RCP_LIVE_SIZE_SIDE;
	w[2] = 0;
	w[0] = RCP_HEAD | RCP_HEAD_BLOCK | RCP_HEAD_LARGE;
	rcp_side_put(p, block, NULL);
	return was;
}

bool
rcp_live_take_side(uintptr_t p, struct rcp_live *out)
{
	return rcp_side_take(p, out);
}

static void
take_words(uint32_t *w, size_t words,
	   void (*each)(void *ctx, const struct rcp_live *block), void *ctx)
{
	struct rcp_live block;

	for (size_t i = 0; i < words; i++) {
		if (w[i] & RCP_HEAD) {
			rcp_shadow_take(w + i, &block);
			if (block.size != RCP_LIVE_SIZE_SIDE)
				each(ctx, &block);
		}
	}
}

/* The part of a range that lies under one leaf; only shadow pages that were
 * ever touched are read. */
static void
take_in_leaf(uint32_t *leaf, size_t from, size_t to,
	     void (*each)(void *ctx, const struct rcp_live *block), void *ctx)
{
	const size_t per_page = PAGE / sizeof(uint32_t);
	unsigned char resident[64];

	while (from < to) {
		size_t page = from / per_page;
		size_t last = (to - 1) / per_page;
		size_t pages = last - page + 1;

		if (pages > sizeof(resident))
			pages = sizeof(resident);
		if (RCP_SYS3(SYS_mincore, leaf + page * per_page, pages * PAGE,
			     resident) < 0)
			return;
		for (size_t i = 0; i < pages; i++) {
			size_t end = (page + i + 1) * per_page;

			if (end > to)
				end = to;
			if (resident[i] & 1)
				take_words(leaf + from, end - from, each, ctx);
			from = end;
		}
	}
}

void
rcp_live_take_range(uintptr_t p, size_t size,
		    void (*each)(void *ctx, const struct rcp_live *block),
		    void *ctx)
{
	uintptr_t end = p + size;

	rcp_side_take_range(p, size, each, ctx);
	if (!rcp_shadow_root || end >> 47 || end < p)
		return;
	while (p < end) {
		uintptr_t next = ((p >> RCP_SHADOW_LEAF_BITS) + 1)
				 << RCP_SHADOW_LEAF_BITS;
		uint32_t *leaf = __atomic_load_n(
			&rcp_shadow_root[p >> RCP_SHADOW_LEAF_BITS],
			__ATOMIC_ACQUIRE);
		size_t from = (p >> 4) & (RCP_SHADOW_WORDS - 1);
		size_t to;

		if (next > end)
			next = end;
		to = from + ((next - p + 15) >> 4);
		if (to > RCP_SHADOW_WORDS)
			to = RCP_SHADOW_WORDS;
		if (leaf)
			take_in_leaf(leaf, from, to, each, ctx);
		p = next;
	}
}

static size_t
present_pages(const uint32_t *words)
{
	unsigned char present[512];
	size_t count = 0;

	for (size_t i = 0; i < LEAF_PAGES; i += sizeof(present)) {
		if (RCP_SYS3(SYS_mincore, (const char *)words + i * PAGE,
			     sizeof(present) * PAGE, present) < 0)
			break;
		for (size_t k = 0; k < sizeof(present); k++)
			count += present[k] & 1;
	}
	return count;
}

uint64_t
rcp_live_resident(void)
{
	static size_t start; /* the next call goes on from here */
	struct leaf *leaf = __atomic_load_n(&leaves, __ATOMIC_ACQUIRE);
	size_t i = 0, looks = 0, next = 0;
	uint64_t pages = 0;

	for (; leaf; leaf = leaf->next, i++) {
		/* A page of the shadow is never given back: a leaf that is
		 * full stays so. */
		if (i >= start && leaf->pages < LEAF_PAGES && looks < LOOKS) {
			leaf->pages = present_pages(leaf->words);
			looks++;
			next = i + 1;
		}
		pages += leaf->pages;
	}
	start = looks == LOOKS ? next : 0;
	return pages * PAGE;
}

void
rcp_live_fork_prepare(void)
{
	rcp_side_fork_prepare();
}

void
rcp_live_fork_done(bool child)
{
	rcp_side_fork_done(child);
}

/* SPDX-License-Identifier: MIT
 *
 * shadow.c - the slow half of live.h and chunks.h: leaves, and ranges that go
 * at once.  Runs inside malloc.
 */
#include "account/chunks.h"

#include "account/side.h"
#include "base/mem.h"
#include "base/sys.h"

#define PAGE 4096u
/* The last record of a part may end behind it. */
#define LEAF_BYTES (RCP_SHADOW_WORDS * sizeof(uint32_t) + PAGE)
#define CHUNKED_BYTES \
	((RCP_CHUNKS_OFFSET + RCP_CHUNKS_WORDS) * sizeof(uint32_t) + PAGE)
#define EXPECTED_BITS 18 /* of address: what is expected is no smaller */
#define EXPECTED 1024u
#define LOOKS 64 /* leaves that one rcp_live_resident() asks about */

/* All leaves, so that nobody has to search the root for them. */
struct leaf {
	struct leaf *next;
	uint32_t *words;
	size_t pages; /* present when last looked at */
};

uint32_t **rcp_shadow_root;
uintptr_t rcp_shadow_leaves;
uintptr_t rcp_chunk_leaves;
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

void
rcp_chunks_setup(void)
{
	rcp_chunk_leaves = rcp_shadow_leaves;
}

static size_t
leaf_bytes(void)
{
	return rcp_chunk_leaves ? CHUNKED_BYTES : LEAF_BYTES;
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
	leaf = rcp_pages_reserve(leaf_bytes());
	if (!leaf)
		return false;
	if (__atomic_compare_exchange_n(slot, &none, leaf, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		remember_leaf(leaf);
	else
		rcp_pages_unreserve(leaf, leaf_bytes());
	return true;
}

void
rcp_live_expect(uintptr_t p, size_t size)
{
	/* By address; who is forgotten, or raced, is only asked for again. */
	static uintptr_t before[EXPECTED];
	uintptr_t *known = &before[(p >> EXPECTED_BITS) % EXPECTED];
	uintptr_t from = (uintptr_t)rcp_shadow_at(p & ~(uintptr_t)15), to;
	size_t left = (1ul << RCP_SHADOW_LEAF_BITS) -
		      (p & ((1ul << RCP_SHADOW_LEAF_BITS) - 1));

	if (!from || __atomic_exchange_n(known, p, __ATOMIC_RELAXED) == p)
		return;
	to = from + (size < left ? size : left) / 4; /* a word for 16 bytes */
	from &= ~(uintptr_t)(PAGE - 1);
	rcp_pages_touch((void *)from, (to - from + PAGE - 1) & ~(PAGE - 1ul));
}

enum rcp_put
rcp_live_put_slow(uintptr_t p, const struct rcp_live *block,
		  struct rcp_live *replaced)
{
	bool fits = rcp_shadow_root && !(p & 15) && !(p >> 47);
	uint32_t *w = NULL;
	enum rcp_put put;

	if (fits && new_leaf(p))
		w = rcp_shadow_at(p);
	if (!w)
		return rcp_side_put(p, block, replaced);
	put = rcp_live_take(p, replaced) ? RCP_PUT_OVER : RCP_PUT_NEW;
	if (block->size <= RCP_LIVE_SIZE_MAX) {
		rcp_live_put(p, *block, replaced);
		return put;
	}
	/* Too large for a word: the record stands aside, the head says so. */
	if (rcp_side_put(p, block, NULL) == RCP_PUT_DROPPED)
		return RCP_PUT_DROPPED;
	w[1] = RCP_LIVE_SIZE_SIDE;
	w[2] = 0;
	w[0] = RCP_HEAD | RCP_HEAD_BLOCK | RCP_HEAD_LARGE;
	return put;
}

bool
rcp_live_take_side(uintptr_t p, struct rcp_live *out)
{
	return rcp_side_take(p, out);
}

/* --- chunks ----------------------------------------------------------------- */

bool
rcp_chunk_take(uintptr_t p, struct rcp_live *out)
{
	uint32_t *w = rcp_chunk_at(p);

	if (!w || !(w[0] & RCP_HEAD))
		return false;
	rcp_chunk_read(w, out);
	rcp_chunk_clear(w);
	return true;
}

bool
rcp_chunk_put(uintptr_t p, const struct rcp_live *block)
{
	return rcp_chunk_covers(p) && !(p & 15) && new_leaf(p) &&
	       rcp_chunk_put_at(rcp_chunk_at(p), p, *block);
}

bool
rcp_chunk_move(uintptr_t p)
{
	struct rcp_live block, replaced;
	uint32_t *w = rcp_chunk_covers(p) ? rcp_chunk_look(p, &block) : NULL;

	if (!w)
		return false;
	rcp_chunk_clear(w);
	rcp_live_put(p, block, &replaced);
	return true;
}

/* --- ranges ----------------------------------------------------------------- */

/* Blocks that start in [from, end). */
struct range {
	uintptr_t from, end;
	void (*each)(void *ctx, const struct rcp_live *block);
	void *ctx;
};

/* Those whose words are the WORDS from W on, the first that of address AT. */
typedef void take_fn(uint32_t *w, size_t words, uintptr_t at,
		  const struct range *range);

static void
take_words(uint32_t *w, size_t words, uintptr_t at, const struct range *range)
{
	struct rcp_live block;

	(void)at;
	for (size_t i = 0; i < words; i++) {
		if (w[i] & RCP_HEAD) {
			rcp_shadow_take(w + i, &block);
			if (block.size != RCP_LIVE_SIZE_SIDE)
				range->each(range->ctx, &block);
		}
	}
}

static void
take_chunks(uint32_t *w, size_t words, uintptr_t at, const struct range *range)
{
	struct rcp_live block;

	for (size_t i = 0; i < words; i++) {
		uintptr_t p = at + 32 * i + (w[i] & RCP_CHUNKS_LATER ? 16 : 0);

		if (w[i] & RCP_HEAD && p >= range->from && p < range->end) {
			rcp_chunk_read(w + i, &block);
			rcp_chunk_clear(w + i);
			range->each(range->ctx, &block);
		}
	}
}

/* The records of P's leaf, which are at WORDS, one for each 1 << SHIFT bytes, up
 * to END; only pages of them that were ever touched are read. */
static void
take_in_leaf(uint32_t *words, unsigned shift, uintptr_t p, uintptr_t end,
	     take_fn *take, const struct range *range)
{
	const size_t per_page = PAGE / sizeof(uint32_t);
	const uintptr_t base = p >> RCP_SHADOW_LEAF_BITS << RCP_SHADOW_LEAF_BITS;
	size_t from = (p - base) >> shift;
	size_t to = (end - base + (1u << shift) - 1) >> shift;
	unsigned char resident[64];

	while (from < to) {
		size_t page = from / per_page;
		size_t last = (to - 1) / per_page;
		size_t pages = last - page + 1;

		if (pages > sizeof(resident))
			pages = sizeof(resident);
		if (RCP_SYS3(SYS_mincore, words + page * per_page, pages * PAGE,
			     resident) < 0)
			return;
		for (size_t i = 0; i < pages; i++) {
			size_t stop = (page + i + 1) * per_page;

			if (stop > to)
				stop = to;
			if (resident[i] & 1)
				take(words + from, stop - from,
				     base + (from << shift), range);
			from = stop;
		}
	}
}

void
rcp_live_take_range(uintptr_t p, size_t size,
		    void (*each)(void *ctx, const struct rcp_live *block),
		    void *ctx)
{
	const struct range range = { p, p + size, each, ctx };

	rcp_side_take_range(p, size, each, ctx);
	if (!rcp_shadow_root || range.end >> 47 || range.end < p)
		return;
	while (p < range.end) {
		uintptr_t end = ((p >> RCP_SHADOW_LEAF_BITS) + 1)
				<< RCP_SHADOW_LEAF_BITS;
		uint32_t *leaf = __atomic_load_n(
			&rcp_shadow_root[p >> RCP_SHADOW_LEAF_BITS],
			__ATOMIC_ACQUIRE);

		if (end > range.end)
			end = range.end;
		if (leaf)
			take_in_leaf(leaf, 4, p, end, take_words, &range);
		if (leaf && rcp_chunk_leaves)
			take_in_leaf(leaf + RCP_CHUNKS_OFFSET, 5, p, end,
				     take_chunks, &range);
		p = end;
	}
}

static size_t
present_pages(const uint32_t *words)
{
	const size_t pages = leaf_bytes() / PAGE;
	unsigned char present[512];
	size_t count = 0, n;

	for (size_t i = 0; i < pages; i += n) {
		n = pages - i < sizeof(present) ? pages - i : sizeof(present);
		if (RCP_SYS3(SYS_mincore, (const char *)words + i * PAGE,
			     n * PAGE, present) < 0)
			break;
		for (size_t k = 0; k < n; k++)
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
		if (i >= start && leaf->pages < leaf_bytes() / PAGE &&
		    looks < LOOKS) {
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

/* SPDX-License-Identifier: MIT
 *
 * live.h - the live table: what stands at an address.  Layout: section 2 of
 * doc/INTERNALS.md.
 *
 * A block's record is written by the thread that allocated it and cleared by
 * the one that frees it; the program orders the two, so plain (relaxed)
 * accesses do.  No function allocates through the program or sets errno.
 */
#ifndef RCP_ACCOUNT_LIVE_H
#define RCP_ACCOUNT_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hot.h"

#define RCP_SHADOW_LEAF_BITS 26 /* address bits under one leaf */
#define RCP_SHADOW_ROOT (1u << (47 - RCP_SHADOW_LEAF_BITS))
#define RCP_SHADOW_WORDS (1u << (RCP_SHADOW_LEAF_BITS - 4))

#define RCP_HEAD (1u << 31)
#define RCP_HEAD_STATE (3u << 29)
#define RCP_HEAD_BLOCK (1u << 29)
#define RCP_HEAD_ALIVE (2u << 29) /* an object; for `site` the head has the */
#define RCP_HEAD_DEAD (3u << 29)  /* number of its origin, see objects.h */
#define RCP_HEAD_SMALL(n) ((uint32_t)(n) << 24)
#define RCP_HEAD_LARGE RCP_HEAD_SMALL(31)
#define RCP_HEAD_REBORN RCP_HEAD_SMALL(30) /* large, and no first life */
#define RCP_HEAD_PACKED RCP_HEAD_SMALL(29) /* word 1: allocation:23 | size:8 */
#define RCP_HEAD_PACKED_REBORN RCP_HEAD_SMALL(28)
#define RCP_PACKED_SIZE 255u
#define RCP_PACKED_SITES (1u << 23) /* the top bit is for heads only */
#define RCP_HEAD_SITE 0xffffffu
#define RCP_LIVE_SIZE_MAX 0x7ffffffeu
#define RCP_LIVE_SIZE_SIDE 0x7fffffffu /* see the side table */
#define RCP_LIVE_NO_BIRTH UINT32_MAX
#define RCP_LIVE_BY_ORIGIN UINT32_MAX

struct rcp_live {
	uint64_t size;
	/* A block's site; of a block that holds or held an object, what its
	 * head had: rcp_live_is_object(). */
	uint32_t site;
	uint32_t birth; /* age units since start; RCP_LIVE_NO_BIRTH */
	/* Of an object: the site of its block, if it stood in word 1, or
	 * RCP_LIVE_BY_ORIGIN. */
	uint32_t allocation;
};

#define RCP_LIVE_REBORN (1u << 24) /* of an object: not its first life */

static inline bool
rcp_live_is_object(const struct rcp_live *block)
{
	return __builtin_expect(block->site > RCP_HEAD_SITE, 0);
}

extern uint32_t **rcp_shadow_root RCP_HIDDEN;
/* How many leaves it has room for; 0: everything is in the side table. */
extern uintptr_t rcp_shadow_leaves RCP_HIDDEN;
/* Set for good when the side table is used: a count would be a line that all
 * threads write. */
extern uint32_t rcp_side_used RCP_HIDDEN;

/* USE_SHADOW false: address space is limited or strictly accounted. */
bool rcp_live_setup(bool use_shadow);

/* What became of a block that was put. */
enum rcp_put {
	RCP_PUT_NEW,
	RCP_PUT_OVER,	 /* another one that stood there, whose end was not seen */
	RCP_PUT_DROPPED, /* no memory: it is not remembered */
};

/* The slow halves: a new leaf, or the side table. */
enum rcp_put rcp_live_put_slow(uintptr_t p, const struct rcp_live *block,
			       struct rcp_live *replaced);
bool rcp_live_take_side(uintptr_t p, struct rcp_live *out);

/* Takes every block that starts in [P, P + SIZE) out of the table. */
void rcp_live_take_range(uintptr_t p, size_t size,
			 void (*each)(void *ctx, const struct rcp_live *block),
			 void *ctx);

/* Blocks will stand all over [P, P + SIZE): makes their words present, unless it
 * did before.  A page that is read first, as each record is, faults twice. */
void rcp_live_expect(uintptr_t p, size_t size);

/* Bytes of the shadow that are in memory: it is reserved address space, which
 * rcp_mem_used() leaves out.  Asks the kernel about 64 leaves (4 GiB of
 * addresses) at most, in turn; for the others what it said last.  One caller at
 * a time. */
uint64_t rcp_live_resident(void);

void rcp_live_fork_prepare(void);
void rcp_live_fork_done(bool child);

static inline unsigned
rcp_live_words(uint64_t size)
{
	return size <= 16 ? 1 : size <= 32 ? 2 : size <= 48 ? 3 : 4;
}

/* Which 16 bytes of memory P begins; more than there are, if it begins none: the
 * bits that are 0 then stand at the top. */
static inline uintptr_t
rcp_shadow_index(uintptr_t p)
{
	return p >> 4 | p << (sizeof(p) * 8 - 4);
}

/* P's word, or NULL: not in the shadow. */
static inline uint32_t *
rcp_shadow_at(uintptr_t p)
{
	uintptr_t i = rcp_shadow_index(p);
	uint32_t *leaf;

	if (RCP_UNLIKELY(i / RCP_SHADOW_WORDS >= rcp_shadow_leaves))
		return NULL;
	leaf = __atomic_load_n(&rcp_shadow_root[i / RCP_SHADOW_WORDS],
			       __ATOMIC_ACQUIRE);
	if (RCP_UNLIKELY(!leaf))
		return NULL;
	/* The last record of a leaf may end behind it: there is room. */
	return leaf + i % RCP_SHADOW_WORDS;
}

/* Is a record packed whose head is HEAD? */
static inline bool
rcp_head_is_packed(uint32_t head)
{
	return (head & RCP_HEAD_SMALL(30)) == RCP_HEAD_PACKED_REBORN;
}

/* Has the block another object than its first one, and is large? */
static inline bool
rcp_head_is_reborn(uint32_t head)
{
	return (head & RCP_HEAD_SMALL(29)) == RCP_HEAD_PACKED_REBORN;
}

/* Reads the record at W, a head, and clears it. */
static inline void
rcp_shadow_take(uint32_t *w, struct rcp_live *out)
{
	uint32_t head = w[0];
	uint32_t small = (head >> 24) & 31;

	__atomic_store_n(&w[0], 0, __ATOMIC_RELAXED);
	/* Zero above the site for a mere block. */
	out->site = (head & (RCP_HEAD_STATE | RCP_HEAD_SITE)) ^ RCP_HEAD_BLOCK;
	out->birth = RCP_LIVE_NO_BIRTH;
	out->allocation = RCP_LIVE_BY_ORIGIN;
	if (small <= 16) {
		out->size = small;
		return;
	}
	out->size = w[1];
	if (RCP_UNLIKELY(rcp_head_is_packed(head))) {
		out->size = w[1] & RCP_PACKED_SIZE;
		out->allocation = w[1] >> 8;
	}
	w[1] = 0;
	if (out->size > 32) {
		out->birth = w[2];
		w[2] = 0;
		if (RCP_UNLIKELY(rcp_head_is_reborn(head))) {
			out->site |= RCP_LIVE_REBORN;
			if (out->size > 48)
				w[3] = 0;
		}
	}
}

/* The size and birth of the block at W, a head, if its record is all there.
 * False: it is in the side table. */
static inline bool
rcp_live_look_at(const uint32_t *w, struct rcp_live *out)
{
	out->birth = RCP_LIVE_NO_BIRTH;
	out->size = (w[0] >> 24) & 31;
	if (RCP_UNLIKELY(out->size <= 16))
		return true;
	out->size = w[1];
	if (RCP_LIKELY(out->size > 32)) {
		out->birth = w[2];
		if (RCP_UNLIKELY(out->size == RCP_LIVE_SIZE_SIDE))
			return false;
	}
	return true;
}

/* Reads the record of P and returns its word, if that is all there is to it: a
 * mere block in the shadow.  NULL: it is not. */
static inline uint32_t *
rcp_live_look(uintptr_t p, struct rcp_live *out)
{
	uint32_t *w = rcp_shadow_at(p);

	if (RCP_UNLIKELY(!w) ||
	    RCP_UNLIKELY((w[0] & (RCP_HEAD | RCP_HEAD_STATE)) !=
			 (RCP_HEAD | RCP_HEAD_BLOCK)))
		return NULL;
	out->site = w[0] & RCP_HEAD_SITE;
	return rcp_live_look_at(w, out) ? w : NULL;
}

/* Takes the block of SIZE bytes at W out. */
static inline void
rcp_live_clear(uint32_t *w, uint64_t size)
{
	if (size > 16)
		w[1] = 0;
	if (size > 32)
		w[2] = 0;
	__atomic_store_n(&w[0], 0, __ATOMIC_RELAXED);
}

/* Takes P out.  False: it was never seen. */
static inline bool
rcp_live_take(uintptr_t p, struct rcp_live *out)
{
	uint32_t *w = rcp_shadow_at(p);

	if (__builtin_expect(w != NULL, 1) &&
	    __builtin_expect((w[0] & RCP_HEAD) != 0, 1)) {
		rcp_shadow_take(w, out);
		if (__builtin_expect(out->size == RCP_LIVE_SIZE_SIDE, 0))
			return rcp_live_take_side(p, out);
		return true;
	}
	if (!__atomic_load_n(&rcp_side_used, __ATOMIC_RELAXED))
		return false;
	return rcp_live_take_side(p, out);
}

/* Remembers the block whose word is W, if it can stand in the shadow and
 * nothing does yet.  Else false, and nothing was changed. */
static inline bool
rcp_live_put_at(uint32_t *w, struct rcp_live block)
{
	uint32_t head = RCP_HEAD | (RCP_HEAD_BLOCK ^ block.site);

	/* All that is rare goes one way: no word, a large block, a head. */
	if (__builtin_expect(!w || block.size > RCP_LIVE_SIZE_MAX ||
				     (w[0] & RCP_HEAD),
			     0))
		return false;
	if (RCP_UNLIKELY(block.size <= 16)) {
		w[0] = head | RCP_HEAD_SMALL(block.size);
		return true;
	}
	w[1] = (uint32_t)block.size;
	if (RCP_LIKELY(block.size > 32))
		w[2] = block.birth & ~RCP_HEAD;
	w[0] = head | RCP_HEAD_LARGE;
	return true;
}

static inline bool
rcp_live_put_plain(uintptr_t p, struct rcp_live block)
{
	return rcp_live_put_at(rcp_shadow_at(p), block);
}

/* Remembers P.  RCP_PUT_OVER: *REPLACED is what was there. */
static inline enum rcp_put
rcp_live_put(uintptr_t p, struct rcp_live block, struct rcp_live *replaced)
{
	if (rcp_live_put_plain(p, block))
		return RCP_PUT_NEW;
	return rcp_live_put_slow(p, &block, replaced);
}

#endif

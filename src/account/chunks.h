/* SPDX-License-Identifier: MIT
 *
 * chunks.h - the live table of blocks that glibc's malloc has made: one word
 * for each 32 bytes of address space instead of 16, since what is waited for
 * are the cache lines that records stand in.  Layout: section 2 of
 * doc/INTERNALS.md.
 *
 * No two of these blocks begin less than 32 bytes apart, for 8 stand before a
 * block and 24 are the least that is in it.  Otherwise as live.h.
 */
#ifndef RCP_ACCOUNT_CHUNKS_H
#define RCP_ACCOUNT_CHUNKS_H

#include "account/live.h"

/* A leaf's part for chunks stands behind the other, with room between for the
 * last record there. */
#define RCP_CHUNK_OFFSET (RCP_SHADOW_WORDS + 1024)
#define RCP_CHUNK_WORDS (RCP_SHADOW_WORDS / 2)

/* In the head: the block begins in the second half of its word's 32 bytes. */
#define RCP_CHUNK_LATER (1u << 30)
#define RCP_CHUNK_SIZE(n) ((uint32_t)(n) << 24)
#define RCP_CHUNK_ONE 40u  /* bytes; up to there a head says all */
#define RCP_CHUNK_TWO 72u  /* up to there birth and size share a word */
#define RCP_CHUNK_SHARED 62u
#define RCP_CHUNK_THREE 63u
#define RCP_CHUNK_BIRTHS (1u << 26) /* that fit beside a size */

/* As rcp_shadow_leaves; 0: malloc is another, its blocks stand in live.h's. */
extern uintptr_t rcp_chunk_leaves RCP_HIDDEN;

/* Behind rcp_live_setup(), before the first block: malloc is glibc's. */
void rcp_chunks_setup(void);

/* The slow half of rcp_chunk_put_at(): false if P cannot be a chunk's.  What
 * stood there is gone. */
bool rcp_chunk_put(uintptr_t p, const struct rcp_live *block);

/* Takes out what stands in P's word: P, or a block that has ended unseen, since
 * two of them would overlap.  False: nothing. */
bool rcp_chunk_take(uintptr_t p, struct rcp_live *out);

/* For objects, which stand in live.h's table only: P's record goes there.
 * False: there is none. */
bool rcp_chunk_move(uintptr_t p);

/* P's word, or NULL. */
static inline uint32_t *
rcp_chunk_at(uintptr_t p)
{
	uintptr_t i = p >> RCP_SHADOW_LEAF_BITS;
	uint32_t *leaf;

	if (RCP_UNLIKELY(i >= rcp_chunk_leaves || (p & 15)))
		return NULL;
	leaf = __atomic_load_n(&rcp_shadow_root[i], __ATOMIC_ACQUIRE);
	if (RCP_UNLIKELY(!leaf))
		return NULL;
	return leaf + RCP_CHUNK_OFFSET + ((p >> 5) & (RCP_CHUNK_WORDS - 1));
}

/* The head's two upper bits for P. */
static inline uint32_t
rcp_chunk_tag(uintptr_t p)
{
	return RCP_HEAD | ((uint32_t)p & 16) << 26;
}

/* What the record at W, a head, says. */
static inline void
rcp_chunk_read(const uint32_t *w, struct rcp_live *out)
{
	uint32_t head = w[0], size = head >> 24 & 63;

	out->site = head & RCP_HEAD_SITE;
	out->size = size;
	out->birth = RCP_LIVE_NO_BIRTH;
	if (RCP_UNLIKELY(size <= RCP_CHUNK_ONE))
		return;
	/* Without a branch: sizes are mixed, and the record is waited for.
	 * The third word may be another block's. */
	out->size = size == RCP_CHUNK_SHARED ?
			    (w[1] & 31) + RCP_CHUNK_ONE + 1 :
			    w[1];
	out->birth = size == RCP_CHUNK_SHARED ? w[1] >> 5 : w[2];
}

/* Reads the record of P and returns its word; NULL: there is none. */
static inline uint32_t *
rcp_chunk_look(uintptr_t p, struct rcp_live *out)
{
	uint32_t *w = rcp_chunk_at(p);

	if (RCP_UNLIKELY(!w) ||
	    RCP_UNLIKELY((w[0] & (RCP_HEAD | RCP_CHUNK_LATER)) !=
			 rcp_chunk_tag(p)))
		return NULL;
	rcp_chunk_read(w, out);
	return w;
}

/* Takes the block at W out.  Its other words can stay: none is a head. */
static inline void
rcp_chunk_clear(uint32_t *w)
{
	__atomic_store_n(&w[0], 0, __ATOMIC_RELAXED);
}

/* Remembers P, whose word is W, if it fits and nothing stands there.  Else
 * false, and nothing was changed. */
static inline bool
rcp_chunk_put_at(uint32_t *w, uintptr_t p, struct rcp_live block)
{
	uint32_t head = rcp_chunk_tag(p) | block.site;

	if (RCP_UNLIKELY(!w || block.size > RCP_LIVE_SIZE_MAX ||
			 (w[0] & RCP_HEAD)))
		return false;
	if (RCP_LIKELY(block.size > RCP_CHUNK_TWO)) {
		w[1] = (uint32_t)block.size;
		w[2] = block.birth & ~RCP_HEAD;
		w[0] = head | RCP_CHUNK_SIZE(RCP_CHUNK_THREE);
	} else if (block.size <= RCP_CHUNK_ONE) {
		w[0] = head | RCP_CHUNK_SIZE(block.size);
	} else if (RCP_LIKELY(block.birth < RCP_CHUNK_BIRTHS)) {
		w[1] = block.birth << 5 |
		       ((uint32_t)block.size - RCP_CHUNK_ONE - 1);
		w[0] = head | RCP_CHUNK_SIZE(RCP_CHUNK_SHARED);
	} else {
		return false;
	}
	return true;
}

#endif

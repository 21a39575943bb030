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
#define RCP_CHUNKS_OFFSET (RCP_SHADOW_WORDS + 1024)
#define RCP_CHUNKS_WORDS (RCP_SHADOW_WORDS / 2)

/* In the head: the block begins in the second half of its word's 32 bytes; the
 * third word has more of its size than these bits. */
#define RCP_CHUNKS_LATER (1u << 30)
#define RCP_CHUNKS_MORE (1u << 29)
#define RCP_CHUNKS_LOW_SHIFT 22
#define RCP_CHUNKS_LOW_BITS 7
#define RCP_CHUNKS_LOW ((1u << RCP_CHUNKS_LOW_BITS) - 1)
#define RCP_CHUNKS_SITE ((1u << RCP_CHUNKS_LOW_SHIFT) - 1)
/* Bytes up to which a block has one word to itself, and two. */
#define RCP_CHUNKS_ONE 40u
#define RCP_CHUNKS_TWO 72u

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

/* Has an address a word here?  The hot half of rcp_chunk_at(). */
static inline bool
rcp_chunk_covers(uintptr_t p)
{
	return p >> RCP_SHADOW_LEAF_BITS < rcp_chunk_leaves;
}

/* The word of P, which is covered, or of the block that it is inside; NULL: there
 * is no leaf. */
static inline uint32_t *
rcp_chunk_word(uintptr_t p)
{
	uint32_t *leaf = __atomic_load_n(
		&rcp_shadow_root[p >> RCP_SHADOW_LEAF_BITS], __ATOMIC_ACQUIRE);

	if (RCP_UNLIKELY(!leaf))
		return NULL;
	return leaf + RCP_CHUNKS_OFFSET + ((p >> 5) & (RCP_CHUNKS_WORDS - 1));
}

/* P's word, or NULL. */
static inline uint32_t *
rcp_chunk_at(uintptr_t p)
{
	return rcp_chunk_covers(p) && !(p & 15) ? rcp_chunk_word(p) : NULL;
}

/* The head's two upper bits for P. */
static inline uint32_t
rcp_chunk_tag(uintptr_t p)
{
	return RCP_HEAD | ((uint32_t)p & 16) << 26;
}

/* Does HEAD, of P's word, say that P begins there?  P may be anything. */
static inline bool
rcp_chunk_is(uint32_t head, uintptr_t p)
{
	return (head >> 26 & 48) == ((uint32_t)p & 31) + 32;
}

/* What the record at W, a head, says.  Further words than it has may be another
 * block's, and do not matter.  Without a branch: sizes are mixed, and the record
 * is waited for. */
static inline void
rcp_chunk_read(const uint32_t *w, struct rcp_live *out)
{
	uint32_t head = w[0];
	uint32_t more = -(head / RCP_CHUNKS_MORE & 1);
	uint64_t high = w[2] & more;

	out->allocation = RCP_LIVE_BY_ORIGIN;
	out->site = head & RCP_CHUNKS_SITE;
	out->size = (head >> RCP_CHUNKS_LOW_SHIFT & RCP_CHUNKS_LOW) +
		    (high << RCP_CHUNKS_LOW_BITS);
	/* RCP_LIVE_NO_BIRTH */
	out->birth = w[1] | -(uint32_t)(out->size <= RCP_CHUNKS_ONE);
}

/* Reads the record of P, which is covered, and returns its word; NULL: there is
 * none. */
static inline uint32_t *
rcp_chunk_look(uintptr_t p, struct rcp_live *out)
{
	uint32_t *w = rcp_chunk_word(p);

	if (RCP_UNLIKELY(!w) || RCP_UNLIKELY(!rcp_chunk_is(w[0], p)))
		return NULL;
	rcp_chunk_read(w, out);
	return w;
}

/* Asks for the header behind P's block of SIZE bytes, which glibc looks at when it
 * is freed, as soon as it has read from P's own how long that is. */
static inline void
rcp_chunk_expect_next(uintptr_t p, uint64_t size)
{
	__builtin_prefetch((const void *)(p + ((size + 7) & ~UINT64_C(15)) + 8),
			   1);
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
	uint32_t more = block.size > RCP_CHUNKS_TWO;
	uint32_t aged = block.size > RCP_CHUNKS_ONE;
	uint32_t head = rcp_chunk_tag(p) | block.site | more * RCP_CHUNKS_MORE |
			((uint32_t)block.size & RCP_CHUNKS_LOW)
				<< RCP_CHUNKS_LOW_SHIFT;

	if (RCP_UNLIKELY(!w || block.size > RCP_LIVE_SIZE_MAX ||
			 (w[0] & RCP_HEAD) || block.site > RCP_CHUNKS_SITE))
		return false;
	/* No branch here either: what a block has no word for is written to
	 * its head's, which comes last. */
	w[2 * more] = (uint32_t)(block.size >> RCP_CHUNKS_LOW_BITS);
	w[aged] = block.birth & ~RCP_HEAD;
	w[0] = head;
	return true;
}

#endif

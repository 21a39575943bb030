/* SPDX-License-Identifier: MIT
 *
 * hot.h - an allocation and a free in exact mode, when nothing about them is
 * rare.  Inline, so that malloc and free themselves need no call to get here;
 * whoever else has such an event goes by record.h.
 */
#ifndef RCP_RECORD_HOT_H
#define RCP_RECORD_HOT_H

#include "account/chunks.h"
#include "account/live.h"
#include "capture/noted.h"
#include "capture/seal.h"
#include "record/settings.h"
#include "record/thread.h"
#include "record/tick.h"

/* The rest of rcp_record_allocated(): P cannot stand where its KIND does, or
 * already does.  False: there is no memory for its record.  It is counted as
 * dropped, and must not be counted as allocated. */
bool rcp_record_put_slow(struct rcp_thread *th, void *p, size_t size,
			 uint32_t site, enum rcp_kind kind);

/* P has a record, but is not counted as allocated. */
void rcp_record_forget(struct rcp_thread *th, void *p);

/* Is P, which is of this KIND, one of glibc's blocks? */
static inline bool
rcp_record_in_chunks(const void *p, enum rcp_kind kind)
{
	return kind == RCP_KIND_MALLOC && rcp_chunk_covers((uintptr_t)p);
}

/* P's word in the live table, or NULL.  What is in chunks is aligned. */
static inline uint32_t *
rcp_record_word(const void *p, bool chunks)
{
	return chunks ? rcp_chunk_word((uintptr_t)p) :
			rcp_shadow_at((uintptr_t)p);
}

/* False: nothing was done, as for the two functions below. */
static inline bool
rcp_record_put(uint32_t *w, const void *p, struct rcp_live block, bool chunks)
{
	return chunks ? rcp_chunk_put_at(w, (uintptr_t)p, block) :
			rcp_live_put_at(w, block);
}

/* The calling thread's, which is busy from now on; NULL: there is something rare
 * about it, and nothing was done. */
static inline struct rcp_thread *
rcp_record_begin_hot(struct rcp_tls *t)
{
	struct rcp_thread *th = t->thread;

	if (RCP_UNLIKELY(!th || rcp_record_settings.special))
		return NULL;
	/* What rcp_busy() makes of it, without having to be read. */
	t->guard = 2;
	atomic_signal_fence(memory_order_seq_cst);
	return th;
}

static inline void
rcp_record_end_hot(struct rcp_tls *t)
{
	atomic_signal_fence(memory_order_seq_cst);
	t->guard = 1;
}

/* The site of malloc's block of which CAPTURE has said NOTED, which is no site, and
 * it is noted. */
uint32_t rcp_record_site_slow(struct rcp_thread *th, uint64_t noted);

/* The site of a block of glibc's: noted beside its stack, if that is one of those
 * that take turns. */
static inline __attribute__((always_inline)) uint32_t
rcp_record_site(struct rcp_thread *th, const void *caller, const void *frame)
{
	uint64_t noted = rcp_capture_noted(&th->capture, caller, frame);
	uint32_t site = (uint32_t)(noted >> 32);

	/* None is 0, and UINT32_MAX is none. */
	if (RCP_LIKELY(site >= rcp_site_first && site <= RCP_CHUNKS_SITE))
		return site;
	return rcp_record_site_slow(th, noted);
}

/* The node of TH's stack, for a block of KIND. */
static inline __attribute__((always_inline)) uint32_t
rcp_record_node(struct rcp_thread *th, enum rcp_kind kind, const void *caller)
{
	uint32_t node = RCP_NODE_NONE;

	if (kind == RCP_KIND_PYTHON)
		node = rcp_capture_own_sealed(&th->capture, caller);
	return RCP_LIKELY(node != RCP_NODE_NONE) ?
		       node :
		       rcp_capture_node(&th->capture, caller);
}

/* P, of T's thread TH, which is busy.  SIZE is less than RCP_TICK_BYTES.  False:
 * nothing was done. */
static inline __attribute__((always_inline)) bool
rcp_record_allocated_by(struct rcp_tls *t, struct rcp_thread *th, void *p,
			size_t size, enum rcp_kind kind, const void *caller)
{
	const bool chunks = rcp_record_in_chunks(p, kind);
	uint32_t *w = rcp_record_word(p, chunks);
	struct rcp_live block = { .size = size };

	if (RCP_UNLIKELY(!w))
		return false;
	/* It comes while the stack is looked at. */
	__builtin_prefetch(w, 1);
	rcp_tick(t, th, size);
	block.site = chunks ? rcp_record_site(th, caller,
					      __builtin_frame_address(0)) :
			      rcp_site_get(rcp_record_node(th, kind, caller),
					   kind);
	block.birth = rcp_tick_now();
	if (RCP_UNLIKELY(!rcp_record_put(w, p, block, chunks)) &&
	    !rcp_record_put_slow(th, p, size, block.site, kind))
		return true;
	th->ring[0] = p;
	th->last_word = chunks ? NULL : w;
	if (RCP_UNLIKELY(!rcp_account_alloc(&th->account, block.site, size, 1)))
		rcp_record_forget(th, p);
	return true;
}

/* False: nothing was done, this is one for rcp_record_allocated(). */
static inline __attribute__((always_inline)) bool
rcp_record_allocated_hot(struct rcp_tls *t, void *p, size_t size,
			 enum rcp_kind kind, const void *caller)
{
	struct rcp_thread *th = rcp_record_begin_hot(t);
	bool done;

	if (RCP_UNLIKELY(!th))
		return false;
	done = size < RCP_TICK_BYTES &&
	       rcp_record_allocated_by(t, th, p, size, kind, caller);
	rcp_record_end_hot(t);
	return done;
}

/* What is known of the life of BLOCK, which is not in chunks. */
static inline void
rcp_record_age(const struct rcp_live *block, struct rcp_cell_page *page,
	       struct rcp_cell *cell)
{
	uint32_t now = rcp_tick_now();

	if (RCP_UNLIKELY(block->size <= 32))
		RCP_ADD(cell->unaged, 1);
	else if (RCP_UNLIKELY(now > block->birth))
		RCP_ADD(page->lifetime[block->site % RCP_CELLS_PER_PAGE],
			now - block->birth);
}

/* The same of one in chunks, without a branch: how long malloc's blocks live is
 * as mixed as their sizes are. */
static inline void
rcp_record_chunk_age(const struct rcp_live *block, struct rcp_cell_page *page,
		     struct rcp_cell *cell)
{
	int64_t age = (int64_t)rcp_tick_now() - block->birth;

	RCP_ADD(cell->unaged, block->size <= RCP_CHUNKS_ONE);
	RCP_ADD(page->lifetime[block->site % RCP_CELLS_PER_PAGE],
		age & ~(age >> 63));
}

/* Completes *OUT, of the block at W, whose head is HEAD, and whose object has died:
 * the time of a later birth, if there was one, is forgotten. */
static inline __attribute__((always_inline)) void
rcp_record_past_life(uint32_t *w, uint32_t head, struct rcp_live *out)
{
	out->birth = RCP_LIVE_NO_BIRTH;
	if (RCP_LIKELY(out->size > 32))
		out->birth = w[2];
	if (RCP_UNLIKELY(rcp_head_is_reborn(head)) && out->size > 48)
		w[3] = 0;
}

/* P, which is BLOCK and has its record at W, in CHUNKS or live.h's table, is freed
 * by TH, which is busy.  False: nothing was done. */
static inline __attribute__((always_inline)) bool
rcp_record_freed_at(struct rcp_thread *th, const void *p, bool chunks,
		    uint32_t *w, const struct rcp_live *block)
{
	struct rcp_cell_page *page;
	struct rcp_cell_entry *entry;
	struct rcp_cell *cell;

	cell = rcp_account_freeing(&th->account, block->site, block->size,
				   &entry, &page);
	if (RCP_UNLIKELY(!cell))
		return false;
	if (chunks) {
		rcp_chunk_clear(w);
		rcp_record_chunk_age(block, page, cell);
	} else {
		rcp_live_clear(w, block->size);
		rcp_record_age(block, page, cell);
	}
	if (RCP_UNLIKELY(th->ring[0] == p)) {
		th->ring[0] = NULL;
		RCP_ADD(cell->temporaries, 1);
	}
	rcp_account_freed(&th->account, entry, cell, block->size);
	return true;
}

/* The same if LOOK finds it. */
static inline __attribute__((always_inline)) bool
rcp_record_freed_by(struct rcp_thread *th, const void *p, bool chunks,
		    uint32_t *(*look)(uintptr_t p, struct rcp_live *out))
{
	struct rcp_live block;
	uint32_t *w = look((uintptr_t)p, &block);

	if (RCP_UNLIKELY(!w))
		return false;
	if (chunks)
		rcp_chunk_expect_next((uintptr_t)p, block.size);
	return rcp_record_freed_at(th, p, chunks, w, &block);
}

/* The same by T's thread. */
static inline __attribute__((always_inline)) bool
rcp_record_free_by(struct rcp_tls *t, const void *p,
		   uint32_t *(*look)(uintptr_t p, struct rcp_live *out))
{
	struct rcp_thread *th = rcp_record_begin_hot(t);
	bool done;

	if (RCP_UNLIKELY(!th))
		return false;
	done = rcp_record_freed_by(th, p, false, look);
	rcp_record_end_hot(t);
	return done;
}

/* One of malloc's blocks. */
static inline __attribute__((always_inline)) bool
rcp_record_freed_hot(struct rcp_thread *th, const void *p)
{
	if (rcp_record_in_chunks(p, RCP_KIND_MALLOC))
		return rcp_record_freed_by(th, p, true, rcp_chunk_look);
	return rcp_record_freed_by(th, p, false, rcp_live_look);
}

#endif

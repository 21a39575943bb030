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
#include "record/settings.h"
#include "record/thread.h"
#include "record/tick.h"

/* The rest of rcp_record_allocated(): P cannot stand where its KIND does, or
 * already does. */
void rcp_record_put_slow(struct rcp_thread *th, void *p, size_t size,
			 uint32_t site, enum rcp_kind kind);

/* Is KIND the one whose blocks are glibc's? */
static inline bool
rcp_record_in_chunks(enum rcp_kind kind)
{
	return kind == RCP_KIND_MALLOC && rcp_chunk_leaves != 0;
}

/* P's word in the live table, or NULL. */
static inline uint32_t *
rcp_record_word(const void *p, bool chunks)
{
	return chunks ? rcp_chunk_at((uintptr_t)p) :
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

/* False: nothing was done, this is one for rcp_record_allocated(). */
static inline bool
rcp_record_allocated_hot(struct rcp_tls *t, void *p, size_t size,
			 enum rcp_kind kind, const void *caller)
{
	const bool chunks = rcp_record_in_chunks(kind);
	struct rcp_thread *th = rcp_record_begin_hot(t);
	struct rcp_live block;
	uint32_t *w;

	if (RCP_UNLIKELY(!th))
		return false;
	rcp_tick(t, th, size);
	/* It comes while the stack is looked at. */
	w = rcp_record_word(p, chunks);
	__builtin_prefetch(w, 1);
	block.size = size;
	block.site = rcp_site_get(rcp_capture_node(&th->capture, caller), kind);
	block.birth = rcp_tick_now();
	if (RCP_UNLIKELY(!rcp_record_put(w, p, block, chunks)))
		rcp_record_put_slow(th, p, size, block.site, kind);
	th->ring[0] = p;
	rcp_account_alloc(&th->account, block.site, size, 1);
	rcp_record_end_hot(t);
	return true;
}

/* Counts BLOCK, which is P's and has been taken out, in its cell.  SPREAD: how
 * long blocks live is not foreseen, nor is a branch on it then. */
static inline __attribute__((always_inline)) void
rcp_record_free_known(struct rcp_thread *th, const void *p,
		      const struct rcp_live *block, struct rcp_cell_page *page,
		      struct rcp_cell *cell, bool has_birth, bool spread)
{
	int64_t age = (int64_t)rcp_tick_now() - block->birth;

	if (!has_birth)
		RCP_ADD(cell->unaged, 1);
	else if (spread || RCP_UNLIKELY(age > 0))
		RCP_ADD(page->lifetime[block->site % RCP_CELLS_PER_PAGE],
			age & ~(age >> 63));
	if (RCP_UNLIKELY(th->ring[0] == p)) {
		th->ring[0] = NULL;
		RCP_ADD(cell->temporaries, 1);
	}
	rcp_account_freed(&th->account, block->site, cell, block->size);
}

/* P is freed, if LOOK finds it, in CHUNKS or live.h's table.  False: nothing
 * was done. */
static inline __attribute__((always_inline)) bool
rcp_record_free_by(struct rcp_tls *t, const void *p, bool chunks,
		   uint32_t *(*look)(uintptr_t p, struct rcp_live *out))
{
	struct rcp_thread *th = rcp_record_begin_hot(t);
	struct rcp_cell_page *page;
	struct rcp_cell *cell;
	struct rcp_live block;
	uint32_t *w;

	if (RCP_UNLIKELY(!th))
		return false;
	w = look((uintptr_t)p, &block);
	if (RCP_UNLIKELY(!w))
		goto rare;
	cell = rcp_account_freeing(&th->account, block.site, block.size,
				   &page);
	if (RCP_UNLIKELY(!cell))
		goto rare;
	if (chunks)
		rcp_chunk_clear(w);
	else
		rcp_live_clear(w, block.size);
	if (RCP_LIKELY(block.size > (chunks ? RCP_CHUNK_ONE : 32)))
		rcp_record_free_known(th, p, &block, page, cell, true, chunks);
	else
		rcp_record_free_known(th, p, &block, page, cell, false, chunks);
	rcp_record_end_hot(t);
	return true;
rare:
	rcp_record_end_hot(t);
	return false;
}

/* False: nothing was done, this is one for rcp_record_free(). */
static inline bool
rcp_record_free_hot(struct rcp_tls *t, const void *p)
{
	if (rcp_record_in_chunks(RCP_KIND_MALLOC))
		return rcp_record_free_by(t, p, true, rcp_chunk_look);
	return rcp_record_free_by(t, p, false, rcp_live_look);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * hot.h - an allocation and a free in exact mode, when nothing about them is
 * rare.  Inline, so that malloc and free themselves need no call to get here;
 * whoever else has such an event goes by record.h.
 */
#ifndef RCP_RECORD_HOT_H
#define RCP_RECORD_HOT_H

#include "account/live.h"
#include "record/settings.h"
#include "record/thread.h"
#include "record/tick.h"

/* The rest of rcp_record_allocated(): P cannot stand in the shadow, or already
 * does. */
void rcp_record_put_slow(struct rcp_thread *th, void *p, size_t size,
			 uint32_t site);

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
	struct rcp_thread *th = rcp_record_begin_hot(t);
	struct rcp_live block;
	uint32_t *w;

	if (RCP_UNLIKELY(!th))
		return false;
	rcp_tick(t, th, size);
	/* It comes while the stack is looked at. */
	w = rcp_shadow_at((uintptr_t)p);
	__builtin_prefetch(w, 1);
	block.size = size;
	block.site = rcp_site_get(rcp_capture_node(&th->capture, caller), kind);
	block.birth = rcp_tick_now();
	if (RCP_UNLIKELY(!rcp_live_put_at(w, block)))
		rcp_record_put_slow(th, p, size, block.site);
	th->ring[0] = p;
	rcp_account_alloc(&th->account, block.site, size, 1);
	rcp_record_end_hot(t);
	return true;
}

/* Takes out the block at W, whose cell is CELL, and counts it.  HAS_BIRTH: by
 * its size. */
static inline __attribute__((always_inline)) void
rcp_record_free_known(struct rcp_thread *th, const void *p, uint32_t *w,
		      const struct rcp_live *block, struct rcp_cell_page *page,
		      struct rcp_cell *cell, bool has_birth)
{
	uint32_t now;

	rcp_live_clear(w, block->size);
	if (!has_birth)
		RCP_ADD(cell->unaged, 1);
	else if (RCP_UNLIKELY((now = rcp_tick_now()) > block->birth))
		RCP_ADD(page->lifetime[block->site % RCP_CELLS_PER_PAGE],
			now - block->birth);
	if (RCP_UNLIKELY(th->ring[0] == p)) {
		th->ring[0] = NULL;
		RCP_ADD(cell->temporaries, 1);
	}
	rcp_account_freed(&th->account, block->site, cell, block->size);
}

/* P is freed, if LOOK finds it.  False: nothing was done. */
static inline __attribute__((always_inline)) bool
rcp_record_free_by(struct rcp_tls *t, const void *p,
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
	if (RCP_LIKELY(block.size > 32))
		rcp_record_free_known(th, p, w, &block, page, cell, true);
	else
		rcp_record_free_known(th, p, w, &block, page, cell, false);
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
	return rcp_record_free_by(t, p, rcp_live_look);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * record.c - one function per event: capture, account, remember.  On the hot
 * path of every allocation and free; runs inside malloc.
 */
#include "record/record.h"

#include "account/objects.h"
#include "account/regions.h"
#include "record/hot.h"
#include "record/mappings.h"
#include "record/object.h"
#include "record/sample.h"
#include "record/settings.h"
#include "record/thread.h"
#include "record/tick.h"

/* --- temporaries ------------------------------------------------------- */

static inline void
remember_last(struct rcp_thread *th, void *p)
{
	uint32_t n = rcp_record_settings.temporary;

	if (n <= 1) {
		th->ring[0] = p;
		return;
	}
	th->ring_at = th->ring_at + 1 < n ? th->ring_at + 1 : 0;
	th->ring[th->ring_at] = p;
}

/* Was P among this thread's last N allocations?  Forgets it. */
static bool
was_among(struct rcp_thread *th, const void *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (th->ring[i] == p) {
			th->ring[i] = NULL;
			return true;
		}
	}
	return false;
}

static inline bool
is_temporary(struct rcp_thread *th, const void *p)
{
	uint32_t n = rcp_record_settings.temporary;

	if (n == 1) {
		bool same = th->ring[0] == p;

		if (same)
			th->ring[0] = NULL;
		return same;
	}
	return n && was_among(th, p, n);
}

/* --- frees -------------------------------------------------------------- */

static inline void
account_free(struct rcp_thread *th, const struct rcp_block *b, bool temporary)
{
	rcp_account_free(&th->account, b->live.site, b->live.size, 1,
			 rcp_tick_age(b->live.birth), temporary);
}

static void
unseen(struct rcp_thread *th, const struct rcp_live *block)
{
	rcp_count(RCP_COUNT_UNSEEN, 1);
	if (rcp_live_is_object(block))
		rcp_record_object_gone(th, 0, block->site, block->size,
				       block->birth);
	rcp_account_free(&th->account, rcp_live_site(block), block->size, 1,
			 rcp_tick_age(block->birth), false);
}

/* The object that the block at P held ends with it, if it has not before. */
static inline void
object_gone(struct rcp_thread *th, const void *p, const struct rcp_block *old)
{
	if (__builtin_expect(old->object != 0, 0))
		rcp_record_object_gone(th, (uintptr_t)p, old->object,
				       old->live.size, old->live.birth);
}

static inline void
take(void *p, struct rcp_block *old)
{
	old->known = rcp_chunk_take((uintptr_t)p, &old->live) ||
		     rcp_live_take((uintptr_t)p, &old->live);
	if (old->known && rcp_live_is_object(&old->live)) {
		old->object = old->live.site;
		old->live.site = rcp_live_site(&old->live);
	}
}

void
rcp_record_remove(struct rcp_tls *t, void *p, struct rcp_block *old)
{
	rcp_busy(t);
	old->object = 0;
	if (rcp_record_settings.sampling)
		rcp_sample_remove(p, old);
	else
		take(p, old);
	rcp_idle(t);
}

void
rcp_record_freed(struct rcp_tls *t, void *p, const struct rcp_block *old)
{
	struct rcp_thread *th;

	if (rcp_record_settings.sampling) {
		rcp_busy(t);
		rcp_sample_freed(t, p, old);
		rcp_idle(t);
		return;
	}
	if (!old->known) {
		rcp_count(RCP_COUNT_UNMATCHED, 1);
		return;
	}
	rcp_busy(t);
	th = rcp_thread_get(t);
	if (th) {
		object_gone(th, p, old);
		account_free(th, old, is_temporary(th, p));
	}
	rcp_idle(t);
}

/* A sample, an object that is alive for all we know, a block in the side
 * table, one never seen. */
static __attribute__((noinline)) void
free_slow(struct rcp_tls *t, void *p)
{
	struct rcp_block old;

	rcp_record_remove(t, p, &old);
	rcp_record_freed(t, p, &old);
}

/* The record at W, of a block whose object has died: nothing has to be done for
 * that any more. */
static inline uint32_t *
look_at_dead(uint32_t *w, struct rcp_live *out)
{
	out->site = rcp_head_allocation(w);
	out->size = rcp_head_size(w);
	rcp_record_past_life(w, w[0], out);
	return RCP_LIKELY(out->size != RCP_LIVE_SIZE_SIDE) ? w : NULL;
}

/* As rcp_live_look(), and of a block whose object has died as well. */
static inline uint32_t *
look(uintptr_t p, struct rcp_live *out)
{
	uint32_t *w = rcp_shadow_at(p), state;

	if (RCP_UNLIKELY(!w))
		return NULL;
	state = w[0] & (RCP_HEAD | RCP_HEAD_STATE);
	out->site = w[0] & RCP_HEAD_SITE;
	if (state == (RCP_HEAD | RCP_HEAD_DEAD))
		return look_at_dead(w, out);
	if (state != (RCP_HEAD | RCP_HEAD_BLOCK))
		return NULL;
	return rcp_live_look_at(w, out) ? w : NULL;
}

void
rcp_record_free(struct rcp_tls *t, void *p)
{
	if (RCP_UNLIKELY(!rcp_record_free_by(t, p, look)))
		free_slow(t, p);
}

/* --- allocations ---------------------------------------------------------- */

static inline uint32_t
site_here(struct rcp_thread *th, enum rcp_kind kind, const void *caller)
{
	return rcp_site_get(rcp_capture_node(&th->capture, caller), kind);
}

uint32_t
rcp_record_site_slow(struct rcp_thread *th, uint64_t noted)
{
	uint32_t node = (uint32_t)noted;
	uint32_t site = rcp_site_get(node, RCP_KIND_MALLOC);

	/* Past the memory limit another stands for it, for the time being. */
	if (noted < RCP_CAPTURE_NO_NOTE && rcp_site_node(site) == node)
		rcp_capture_note(&th->capture, node, site);
	return site;
}

bool
rcp_record_put_slow(struct rcp_thread *th, void *p, size_t size, uint32_t site,
		    enum rcp_kind kind)
{
	struct rcp_live block = { size, site, rcp_tick_now(), 0 };
	struct rcp_live replaced;

	while (rcp_chunk_take((uintptr_t)p, &replaced) ||
	       rcp_live_take((uintptr_t)p, &replaced))
		unseen(th, &replaced);
	if (rcp_record_in_chunks(p, kind) && rcp_chunk_put((uintptr_t)p, &block))
		return true;
	if (rcp_live_put((uintptr_t)p, block, &replaced) != RCP_PUT_DROPPED)
		return true;
	th->last_word = NULL;
	rcp_count(RCP_COUNT_DROPPED, 1);
	return false;
}

void
rcp_record_forget(struct rcp_thread *th, void *p)
{
	struct rcp_live block;

	if (!rcp_chunk_take((uintptr_t)p, &block))
		rcp_live_take((uintptr_t)p, &block);
	th->last_word = NULL;
}

/* False: as rcp_record_put_slow(). */
static inline bool
remember(struct rcp_thread *th, void *p, size_t size, uint32_t site,
	 enum rcp_kind kind)
{
	const bool chunks = rcp_record_in_chunks(p, kind);
	struct rcp_live block = { size, site, rcp_tick_now(), 0 };
	uint32_t *w = rcp_record_word(p, chunks);

	if (RCP_UNLIKELY(!rcp_record_put(w, p, block, chunks)) &&
	    !rcp_record_put_slow(th, p, size, site, kind))
		return false;
	remember_last(th, p);
	th->last_word = chunks ? NULL : w;
	return true;
}

/* A sample; a thread's first block; more than one last block to remember. */
static __attribute__((noinline)) void
allocated_slow(struct rcp_tls *t, void *p, size_t size, enum rcp_kind kind,
	       const void *caller)
{
	struct rcp_thread *th;
	uint32_t site;

	if (rcp_record_settings.sampling) {
		rcp_sample_allocated(t, p, size, kind, caller);
		return;
	}
	th = rcp_thread_get(t);
	if (!th)
		return;
	rcp_tick(t, th, size);
	site = site_here(th, kind, caller);
	if (remember(th, p, size, site, kind) &&
	    !rcp_account_alloc(&th->account, site, size, 1))
		rcp_record_forget(th, p);
}

void
rcp_record_allocated(struct rcp_tls *t, void *p, size_t size,
		     enum rcp_kind kind, const void *caller)
{
	if (RCP_LIKELY(rcp_record_allocated_hot(t, p, size, kind, caller)))
		return;
	rcp_busy(t);
	allocated_slow(t, p, size, kind, caller);
	rcp_idle(t);
}

void
rcp_record_restore(struct rcp_tls *t, void *p, const struct rcp_block *old)
{
	struct rcp_live live = old->live, replaced;

	rcp_busy(t);
	if (rcp_record_settings.sampling) {
		rcp_sample_restore(t, p, old);
	} else if (old->known) {
		if (old->object)
			live.site = old->object;
		rcp_live_put((uintptr_t)p, live, &replaced);
		if (old->object)
			rcp_head_pack((uintptr_t)p, live.allocation);
	}
	rcp_idle(t);
}

static inline void
moved(struct rcp_tls *t, struct rcp_thread *th, void *p,
      const struct rcp_block *old, void *q, size_t size, enum rcp_kind kind,
      const void *caller)
{
	uint32_t site;
	bool counted;

	rcp_tick(t, th, size);
	object_gone(th, p, old);
	site = site_here(th, kind, caller);
	if (!old->known) {
		rcp_count(RCP_COUNT_UNMATCHED, 1);
		counted = rcp_account_alloc(&th->account, site, size, 1);
	} else if (size >= old->live.size && !rcp_site_inherited(old->live.site)) {
		counted = rcp_account_grown(
			&th->account, old->live.site, old->live.size,
			rcp_tick_age(old->live.birth), is_temporary(th, p),
			site, size);
	} else {
		account_free(th, old, is_temporary(th, p));
		counted = rcp_account_alloc(&th->account, site, size, 1);
	}
	/* Counted, since the old block's end was; so it ends at once. */
	if (RCP_LIKELY(counted) &&
	    RCP_UNLIKELY(!remember(th, q, size, site, kind)))
		rcp_account_free(&th->account, site, size, 1, -1, false);
}

void
rcp_record_moved(struct rcp_tls *t, void *p, const struct rcp_block *old,
		 void *q, size_t size, enum rcp_kind kind, const void *caller)
{
	struct rcp_thread *th;

	rcp_busy(t);
	if (rcp_record_settings.sampling)
		rcp_sample_moved(t, p, old, q, size, kind, caller);
	else if (__builtin_expect((th = rcp_thread_get(t)) != NULL, 1))
		moved(t, th, p, old, q, size, kind, caller);
	rcp_idle(t);
}

/* --- ranges and arenas ------------------------------------------------------ */

static void
gone(void *th, const struct rcp_live *block)
{
	unseen(th, block);
}

void
rcp_record_range_gone(struct rcp_tls *t, void *p, size_t size)
{
	struct rcp_thread *th;

	if (rcp_record_settings.sampling)
		rcp_sample_range_gone(t, p, size);
	else if ((th = rcp_thread_get(t)))
		rcp_live_take_range((uintptr_t)p, size, gone, th);
}

/* Where there are many arenas, a further one will be full, and what of it is not yet
 * is little beside them.  Smaller ones are stacks of frames, which have no
 * blocks. */
#define MANY_ARENAS 16
#define ARENA_LEAST (256 << 10)

void
rcp_record_arena(const void *p, int64_t bytes)
{
	rcp_count(RCP_COUNT_ARENA, bytes);
	if (bytes >= ARENA_LEAST && !rcp_record_settings.sampling &&
	    rcp_counter(RCP_COUNT_ARENA) > MANY_ARENAS * bytes)
		rcp_live_expect((uintptr_t)p, (size_t)bytes);
}

/* SPDX-License-Identifier: MIT
 *
 * object.c - see object.h.  Runs in the hooks at births and deaths, with the
 * GIL held, inside the interpreter's (de)allocation of an object: no
 * allocation, no Python.
 */
#include "record/object.h"

#include <string.h>

#include "account/chunks.h"
#include "account/objects.h"
#include "base/mem.h"
#include "record/garbage.h"
#include "record/object_hot.h"
#include "record/object_internal.h"
#include "record/record.h"
#include "record/settings.h"
#include "record/thread.h"
#include "record/tick.h"

uint32_t
rcp_record_type(const char *name, size_t size, uint32_t flags)
{
	return rcp_object_type(name, size, flags);
}

void
rcp_record_type_is_freed(uint32_t type)
{
	rcp_object_type_set_freed(type);
}

void
rcp_record_type_forgotten(void)
{
	rcp_objects_forget_type();
}

void
rcp_record_no_object(void)
{
	rcp_objects_count(RCP_OBJECTS_NO_OBJECT);
}

/* --- births ----------------------------------------------------------------- */

struct rcp_objects *
rcp_object_books_slow(struct rcp_thread *th)
{
	if (th->old_objects) {
		th->objects = th->old_objects;
		th->old_objects = NULL;
		rcp_objects_begin_anew(th->objects);
	} else {
		th->objects = rcp_objects_new(th->id);
	}
	return th->objects;
}

static bool
is_last(const struct rcp_thread *th, uintptr_t block)
{
	uint32_t at = rcp_record_settings.temporary > 1 ? th->ring_at : 0;

	return (uintptr_t)th->ring[at] == block;
}

/* The first object in the block at W.  Just allocated, its stack has been looked
 * at. */
static inline void
set_origin(struct rcp_thread *th, const uint32_t *w, uintptr_t block,
	   struct rcp_origin *origin)
{
	uint32_t allocation = w[0] & RCP_HEAD_SITE;

	origin->site = RCP_LIKELY(is_last(th, block)) ?
			       allocation :
			       rcp_object_site(th, NULL);
	origin->packed = rcp_head_packs(w, allocation);
	origin->allocation = RCP_LIKELY(origin->packed) ? origin->site :
							  allocation;
}

/* A later one. */
static inline void
set_new_origin(struct rcp_tls *t, struct rcp_thread *th, struct rcp_objects *o,
	       const uint32_t *w, struct rcp_origin *origin)
{
	/* No allocation has looked at the clock. */
	rcp_tick(t, th, 0);
	origin->site = rcp_object_site(th, NULL);
	origin->packed = rcp_head_is_packed(w[0]);
	origin->allocation = RCP_LIKELY(origin->packed) ?
				     origin->site :
				     rcp_head_allocation(w);
	if ((w[0] & RCP_HEAD_STATE) == RCP_HEAD_ALIVE)
		rcp_object_died_unseen(o, w[0] & RCP_HEAD_SITE,
				       rcp_head_size(w));
}

static uint32_t
folded_site(struct rcp_thread *th, const void *caller)
{
	return rcp_site_get(rcp_capture_leaf(&th->capture, caller),
			    RCP_KIND_PYTHON);
}

/* A birth whose stack there is no room for.  Returns the origin's number, or
 * 0: the memory limit keeps it out. */
static __attribute__((noinline)) uint32_t
born_folded(struct rcp_thread *th, const struct rcp_origin *origin)
{
	struct rcp_origin folded = *origin;
	uint32_t id;

	folded.site = folded_site(th, NULL);
	folded.folded = true;
	if (folded.packed)
		folded.allocation = folded.site;
	id = rcp_origin_fold(origin, &folded);
	if (!id)
		rcp_objects_count(RCP_OBJECTS_NO_ROOM);
	return id;
}

static inline void
born(struct rcp_tls *t, struct rcp_thread *th, struct rcp_objects *o,
     uint32_t *w, uintptr_t block, struct rcp_origin *origin, bool collecting)
{
	bool reborn = (w[0] & RCP_HEAD_STATE) != RCP_HEAD_BLOCK;
	uint64_t size = rcp_head_size(w);
	uint32_t id;

	if (!reborn)
		set_origin(th, w, block, origin);
	else
		set_new_origin(t, th, o, w, origin);
	id = rcp_origin_get(origin);
	if (RCP_UNLIKELY(!id) && !(id = born_folded(th, origin))) {
		if (reborn)
			rcp_head_die(w);
		return;
	}
	rcp_objects_born(o, id, size);
	if (!reborn)
		rcp_head_live(w, id, w[0] & RCP_HEAD_SITE);
	else
		rcp_head_live_again(w, id, rcp_tick_now());
	rcp_objects_count(RCP_OBJECTS_BORN);
	if (RCP_UNLIKELY(!rcp_cascade_ended_alone(&th->cascading)))
		rcp_cascade_ended(th, origin->site);
	if (RCP_UNLIKELY(collecting) && rcp_object_collecting())
		rcp_object_born_inside(block);
}

/* A free list may hold blocks from before the hooks, or of our own.  They are
 * entered without a site: their bytes count nowhere. */
static uint32_t *
enter_block(uintptr_t block, size_t size)
{
	struct rcp_live live = { size, 0, rcp_tick_now(), 0 }, replaced;

	if (rcp_chunk_move(block))
		return rcp_head_at(block);
	rcp_objects_count(RCP_OBJECTS_STRANGE);
	if (!rcp_shadow_root || block & 15)
		return NULL;
	rcp_live_put(block, live, &replaced);
	return rcp_head_at(block);
}

void
rcp_record_born(struct rcp_tls *t, uintptr_t block, uint32_t type,
		unsigned before, size_t size, bool collecting)
{
	struct rcp_origin origin = {
		.type = (uint16_t)type,
		.before = (uint8_t)before,
	};
	struct rcp_thread *th;
	struct rcp_objects *o;
	uint32_t *w;

	rcp_busy(t);
	th = rcp_thread_get(t);
	o = th ? rcp_object_books(th) : NULL;
	if (RCP_LIKELY(o)) {
		w = rcp_head_at(block);
		if (RCP_UNLIKELY(!w))
			w = enter_block(block, size);
		if (RCP_LIKELY(w && rcp_head_size(w) > before))
			born(t, th, o, w, block, &origin, collecting);
	}
	rcp_idle(t);
}

/* --- deaths ----------------------------------------------------------------- */

uint32_t
rcp_object_death_site(struct rcp_thread *th, const void *caller)
{
	if (RCP_LIKELY(!rcp_objects_crowded))
		return rcp_object_site(th, caller);
	rcp_objects_count(RCP_OBJECTS_FOLDED);
	return folded_site(th, caller);
}

struct rcp_object_cell *
rcp_object_other_place(struct rcp_thread *th,
		       const struct rcp_objects *o, struct rcp_life *l,
		       uintptr_t where, uint32_t epoch)
{
	uint32_t site = (uint32_t)where, node;

	if (epoch) {
		node = rcp_capture_leaf_again(&th->capture, where);
		if (!node)
			return NULL;
		site = rcp_site_get(node, RCP_KIND_PYTHON);
	}
	return rcp_life_died_at(o, l, site, where, epoch);
}

/* By the collector, perhaps. */
static __attribute__((noinline)) void
died_collecting(struct rcp_thread *th, struct rcp_objects *o, uint32_t *w,
		uintptr_t block, uint32_t site, const void *const *entry)
{
	uint64_t size = rcp_head_size(w);
	enum rcp_death how = rcp_object_cause(block);

	rcp_objects_died(o, w[0] & RCP_HEAD_SITE, site, how, size,
			 rcp_tick_age(rcp_head_birth(w)));
	if (how == RCP_DEATH_COLLECTOR)
		rcp_garbage_died(size);
	else
		rcp_cascade_died(th, site, entry, size);
}

/* The next one that dies at this line, of which SITE is all that is kept, is found
 * by it. */
static inline void
note_line(struct rcp_objects *o, uint32_t origin, uint32_t site)
{
	enum rcp_py_way way = rcp_capture_way();
	const char *tstate = rcp_py_mutator(way);
	uintptr_t key = tstate ? rcp_capture_leaf_key(way, tstate) : 0;

	if (key)
		rcp_object_died_at(o, origin, site, key,
				   __atomic_load_n(&rcp_py_epoch,
						   __ATOMIC_ACQUIRE));
}

static inline void
died(struct rcp_thread *th, struct rcp_objects *o, uint32_t *w,
     uintptr_t block, const void *const *entry, bool collecting)
{
	/* It may become so by this death. */
	bool folded = rcp_objects_crowded;
	uint32_t id = w[0] & RCP_HEAD_SITE, site = rcp_object_death_site(th, *entry);
	uint64_t size = rcp_head_size(w);

	rcp_head_die(w);
	if (RCP_UNLIKELY(collecting)) {
		died_collecting(th, o, w, block, site, entry);
		return;
	}
	if (RCP_LIKELY(id >= rcp_origin_first)) {
		rcp_objects_death(o, id, site, size,
				  rcp_tick_age(rcp_head_birth(w)));
		if (folded)
			note_line(o, id, site);
	}
	if (!rcp_cascade_died_alone(&th->cascading, site, entry, size))
		rcp_cascade_died(th, site, entry, size);
}

enum rcp_dying
rcp_record_dying(struct rcp_tls *t, uintptr_t op, const void *const *entry,
		 unsigned *before, bool collecting)
{
	struct rcp_thread *th;
	struct rcp_objects *o;
	uint32_t state, *w;

	if (RCP_UNLIKELY(rcp_record_settings.sampling))
		return rcp_sample_dying(t, op, *entry, before);
	w = rcp_object_block(op, before);
	if (!w)
		return RCP_DYING_NOTHING;
	state = w[0] & RCP_HEAD_STATE;
	if (state == RCP_HEAD_BLOCK)
		return RCP_DYING_UNBORN;
	if (rcp_origin_at(w[0] & RCP_HEAD_SITE)->before != *before)
		return RCP_DYING_NOTHING;
	if (state == RCP_HEAD_DEAD)
		return RCP_DYING_AGAIN;
	rcp_busy(t);
	th = rcp_thread_get(t);
	o = th ? rcp_object_books(th) : NULL;
	if (o)
		died(th, o, w, op - *before, entry, collecting);
	rcp_idle(t);
	return RCP_DYING_NOW;
}

const uint32_t *
rcp_record_alive(uintptr_t op, unsigned *before)
{
	const uint32_t *w = rcp_object_block(op, before);

	return w && (w[0] & RCP_HEAD_STATE) == RCP_HEAD_ALIVE &&
			       rcp_origin_at(w[0] & RCP_HEAD_SITE)->before ==
				       *before ?
		       w :
		       NULL;
}

bool
rcp_record_is_dead(uintptr_t op)
{
	unsigned before;
	const uint32_t *w;

	if (rcp_record_settings.sampling)
		return rcp_sample_is_dead(op);
	w = rcp_object_block(op, &before);
	return w && (w[0] & RCP_HEAD_STATE) == RCP_HEAD_DEAD &&
	       rcp_origin_at(w[0] & RCP_HEAD_SITE)->before == before;
}

void
rcp_record_resurrected(struct rcp_tls *t, uintptr_t op)
{
	struct rcp_thread *th;
	struct rcp_objects *o;
	unsigned before;
	uint32_t *w;

	if (rcp_record_settings.sampling) {
		rcp_sample_resurrected(t, op);
		return;
	}
	w = rcp_object_block(op, &before);
	rcp_busy(t);
	th = rcp_thread_get(t);
	o = th ? rcp_object_books(th) : NULL;
	if (w && o && (w[0] & RCP_HEAD_SITE) >= rcp_origin_first) {
		rcp_head_live_again(w, w[0] & RCP_HEAD_SITE,
				    rcp_tick_now());
		rcp_objects_born(o, w[0] & RCP_HEAD_SITE, rcp_head_size(w));
	}
	rcp_idle(t);
}

void
rcp_record_died_unborn(struct rcp_tls *t, uintptr_t op, unsigned before,
		       uint32_t type, const void *const *entry)
{
	struct rcp_origin origin = {
		.type = (uint16_t)type,
		.before = (uint8_t)before,
		.folded = true,
	};
	uint32_t *w = rcp_head_at(op - before);
	struct rcp_thread *th;
	struct rcp_objects *o;
	uint32_t id, allocation;

	if (rcp_record_settings.sampling) {
		rcp_sample_died_unborn(t, op - before, before, type,
				       *entry);
		return;
	}
	rcp_busy(t);
	th = rcp_thread_get(t);
	o = th ? rcp_object_books(th) : NULL;
	if (w && o) {
		allocation = w[0] & RCP_HEAD_SITE;
		if (!rcp_site_inherited(allocation))
			origin.site = allocation;
		origin.packed = rcp_head_packs(w, allocation);
		origin.allocation = origin.packed ? origin.site : allocation;
		id = rcp_origin_get(&origin);
		if (id) {
			rcp_objects_count(RCP_OBJECTS_LATE);
			rcp_head_live(w, id, allocation);
			rcp_objects_born(o, id, rcp_head_size(w));
			died(th, o, w, op - before, entry,
			     rcp_object_collecting());
		}
	}
	rcp_idle(t);
}

void
rcp_record_objects_rest(struct rcp_tls *t)
{
	rcp_busy(t);
	if (t->thread)
		rcp_cascade_ended(t->thread, 0);
	rcp_idle(t);
}

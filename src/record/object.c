/* SPDX-License-Identifier: MIT
 *
 * object.c - see object.h.  Runs in the hooks at births and deaths, with the
 * GIL held, inside the interpreter's (de)allocation of an object: no
 * allocation, no Python.
 */
#include "record/object.h"

#include <string.h>

#include "account/chunks.h"
#include "account/collections.h"
#include "account/objects.h"
#include "base/mem.h"
#include "emit/emit.h"
#include "record/garbage.h"
#include "record/object_internal.h"
#include "record/record.h"
#include "record/settings.h"
#include "record/thread.h"
#include "record/tick.h"

#define INLINE inline __attribute__((always_inline))

uint32_t
rcp_record_type(const char *name, size_t size, uint32_t flags)
{
	return rcp_object_type(name, size, flags);
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
	if (!th->objects)
		th->objects = rcp_objects_new(th->id);
	else
		rcp_objects_begin_anew(th->objects);
	return th->objects;
}

static bool
is_last(const struct rcp_thread *th, uintptr_t block)
{
	uint32_t at = rcp_record_settings.temporary > 1 ? th->ring_at : 0;

	return (uintptr_t)th->ring[at] == block;
}

/* The object of ORIGIN that was in the block is alive for all we know: that it
 * died was not seen. */
static inline void
died_unseen(struct rcp_objects *o, uint32_t origin, uint64_t size)
{
	rcp_objects_count(RCP_OBJECTS_UNSEEN);
	if (RCP_LIKELY(origin >= rcp_origin_first))
		rcp_objects_death(o, origin, RCP_OBJECT_UNSEEN, size, -1);
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
born_folded(struct rcp_thread *th, struct rcp_objects *o,
	    const struct rcp_origin *origin, uint64_t size)
{
	struct rcp_origin folded = *origin;

	folded.site = folded_site(th, NULL);
	folded.folded = true;
	if (rcp_objects_fold_birth(o, origin, &folded))
		return rcp_objects_birth(o, origin, size);
	rcp_objects_count(RCP_OBJECTS_NO_ROOM);
	return 0;
}

static inline void
born(struct rcp_tls *t, struct rcp_thread *th, struct rcp_objects *o,
     uint32_t *w, uintptr_t block, struct rcp_origin *origin, bool collecting)
{
	uint32_t head = w[0], id = head & RCP_HEAD_SITE;
	uint64_t size = rcp_head_size(w);
	bool reborn = (head & RCP_HEAD_STATE) != RCP_HEAD_BLOCK;

	if (!reborn) {
		origin->allocation = id;
		/* Just allocated: the stack has been looked at. */
		origin->site = is_last(th, block) ? id :
						    rcp_object_site(th, NULL);
	} else {
		/* No allocation has looked at the clock. */
		rcp_tick(t, th, 0);
		origin->allocation = rcp_origin_at(id)->allocation;
		origin->site = rcp_object_site(th, NULL);
		if ((head & RCP_HEAD_STATE) == RCP_HEAD_ALIVE)
			died_unseen(o, id, size);
	}
	id = rcp_objects_birth(o, origin, size);
	if (RCP_UNLIKELY(!id) && !(id = born_folded(th, o, origin, size))) {
		if (reborn)
			rcp_head_die(w);
		return;
	}
	rcp_head_live(w, id, reborn, rcp_tick_now());
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
	struct rcp_live live = { size, 0, rcp_tick_now() }, replaced;

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
	struct rcp_origin origin = { .type = type,
				     .before = (uint8_t)before };
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

static inline uint32_t
death_site(struct rcp_thread *th, const void *caller)
{
	if (RCP_LIKELY(!rcp_objects_crowded))
		return rcp_object_site(th, caller);
	rcp_objects_count(RCP_OBJECTS_FOLDED);
	return folded_site(th, caller);
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

static INLINE void
died(struct rcp_thread *th, struct rcp_objects *o, uint32_t *w,
     uintptr_t block, const void *const *entry, bool collecting)
{
	uint32_t id = w[0] & RCP_HEAD_SITE, site = death_site(th, *entry);
	uint64_t size = rcp_head_size(w);

	rcp_head_die(w);
	if (RCP_UNLIKELY(collecting)) {
		died_collecting(th, o, w, block, site, entry);
		return;
	}
	if (RCP_LIKELY(id >= rcp_origin_first))
		rcp_objects_death(o, id, site, size,
				  rcp_tick_age(rcp_head_birth(w)));
	if (!rcp_cascade_died_alone(&th->cascading, &th->capture, site, entry,
				    size))
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
		rcp_head_live(w, w[0] & RCP_HEAD_SITE, true,
			      rcp_tick_now());
		rcp_objects_born(o, w[0] & RCP_HEAD_SITE, rcp_head_size(w));
	}
	rcp_idle(t);
}

void
rcp_record_died_unborn(struct rcp_tls *t, uintptr_t op, unsigned before,
		       uint32_t type, const void *const *entry)
{
	struct rcp_origin origin = { .type = type,
				     .before = (uint8_t)before,
				     .folded = true };
	uint32_t *w = rcp_head_at(op - before);
	struct rcp_thread *th;
	struct rcp_objects *o;
	uint32_t id;

	if (rcp_record_settings.sampling) {
		rcp_sample_died_unborn(t, op - before, before, type,
				       *entry);
		return;
	}
	rcp_busy(t);
	th = rcp_thread_get(t);
	o = th ? rcp_object_books(th) : NULL;
	if (w && o) {
		origin.allocation = w[0] & RCP_HEAD_SITE;
		if (!rcp_site_inherited(origin.allocation))
			origin.site = origin.allocation;
		id = rcp_objects_origin(o, &origin);
		if (id) {
			rcp_objects_count(RCP_OBJECTS_LATE);
			rcp_head_live(w, id, false, 0);
			rcp_objects_born(o, id, rcp_head_size(w));
			died(th, o, w, op - before, entry,
			     rcp_object_collecting());
		}
	}
	rcp_idle(t);
}

bool
rcp_record_object_freed(struct rcp_tls *t, uintptr_t p)
{
	struct rcp_thread *th = t->thread;
	uint32_t *w = rcp_head_at(p), id;

	if (!w || (w[0] & RCP_HEAD_STATE) != RCP_HEAD_ALIVE || !th ||
	    !th->objects || !rcp_objects_are_ours(th->objects) ||
	    rcp_object_collecting())
		return false;
	id = w[0] & RCP_HEAD_SITE;
	if (id < rcp_origin_first || rcp_head_size(w) == RCP_LIVE_SIZE_SIDE)
		return false;
	rcp_busy(t);
	rcp_objects_count(RCP_OBJECTS_FREED);
	rcp_objects_death(th->objects, id, death_site(th, NULL),
			  rcp_head_size(w), rcp_tick_age(rcp_head_birth(w)));
	rcp_head_die(w);
	rcp_idle(t);
	return true;
}

void
rcp_record_object_gone(struct rcp_thread *th, uintptr_t block, uint32_t object,
		       uint64_t size, uint32_t birth)
{
	struct rcp_objects *o;
	enum rcp_death how;
	int64_t age = -1;

	if ((object & RCP_HEAD_STATE) != (RCP_HEAD_ALIVE ^ RCP_HEAD_BLOCK))
		return;
	o = rcp_object_books(th);
	if (!o)
		return;
	if (!(object & RCP_LIVE_REBORN))
		age = rcp_tick_age(birth);
	if (!block) {
		rcp_objects_count(RCP_OBJECTS_UNSEEN);
		rcp_objects_died(o, object & RCP_HEAD_SITE, 0,
				 RCP_DEATH_UNSEEN, size, age);
		return;
	}
	rcp_objects_count(RCP_OBJECTS_FREED);
	how = rcp_object_cause(block);
	rcp_objects_died(o, object & RCP_HEAD_SITE, death_site(th, NULL), how,
			 size, age);
	if (how == RCP_DEATH_COLLECTOR)
		rcp_garbage_died(size);
}

void
rcp_record_collected(struct rcp_tls *t, uint64_t time, uint64_t pause,
		     uint8_t generation, uint64_t collected,
		     uint64_t uncollectable)
{
	struct rcp_thread *th;

	rcp_busy(t);
	th = rcp_thread_get(t);
	if (th) {
		struct rcp_collection c = {
			.time = time,
			.pause = pause,
			.collected = collected,
			.uncollectable = uncollectable,
			.thread = th->id,
			.site = rcp_object_site(th, NULL),
			.generation = generation,
		};

		rcp_garbage_end(&c);
		rcp_collection_add(&c);
	}
	rcp_idle(t);
}

void
rcp_record_gc_control(const char *text)
{
	rcp_emit_event(RCP_EVENT_GC_CONTROL, text);
}

void
rcp_record_objects_rest(struct rcp_tls *t)
{
	rcp_busy(t);
	if (t->thread)
		rcp_cascade_ended(t->thread, 0);
	rcp_idle(t);
}

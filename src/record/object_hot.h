/* SPDX-License-Identifier: MIT
 *
 * object_hot.h - the birth and the death of an object in exact mode, when
 * nothing about them is rare.  Inline in the hooks; what returns false has done
 * nothing, and object.h has the whole of it.
 */
#ifndef RCP_RECORD_OBJECT_HOT_H
#define RCP_RECORD_OBJECT_HOT_H

#include "account/object_books.h"
#include "capture/leaf.h"
#include "record/hot.h"
#include "record/object.h"

#define RCP_INLINE inline __attribute__((always_inline))

/* T's thread and its books, *O, if there is nothing special about them. */
static RCP_INLINE struct rcp_thread *
rcp_objects_begin_hot(struct rcp_tls *t, struct rcp_objects **o)
{
	struct rcp_thread *th = rcp_record_begin_hot(t);

	if (RCP_UNLIKELY(!th))
		return NULL;
	*o = th->objects;
	if (RCP_LIKELY(*o && rcp_objects_are_ours(*o)))
		return th;
	rcp_record_end_hot(t);
	return NULL;
}

/* The head of the block that an object at OP would stand in: an object begins at
 * its block's beginning, or behind one or two words of the collector's and the
 * interpreter's, each 16 bytes.  NULL: look again. */
static RCP_INLINE uint32_t *
rcp_object_word(uintptr_t op, unsigned *before)
{
	uint32_t *w = rcp_shadow_at(op);
	unsigned n;

	/* The words of neighbours are neighbours, but for a leaf's first. */
	if (RCP_UNLIKELY(!w) ||
	    RCP_UNLIKELY(((op >> 4) & (RCP_SHADOW_WORDS - 1)) < 2))
		return NULL;
	/* 0 at a head, 1 and 2 behind it: which it is nobody can predict. */
	n = (~w[0] >> 31) << (~w[-1] >> 31);
	*before = 16 * n;
	return w - n;
}

/* --- deaths ------------------------------------------------------------------- */

/* The cell of the deaths of L, if the thread is where the last one was; its last
 * line is all that is kept. */
static RCP_INLINE struct rcp_object_cell *
rcp_object_same_line(const struct rcp_life *l)
{
	uint32_t epoch = __atomic_load_n(&rcp_py_epoch, __ATOMIC_ACQUIRE);

	return l->where == rcp_capture_leaf_key() && l->epoch == epoch ?
		       l->last : NULL;
}

/* Likewise, of its whole stack. */
static RCP_INLINE struct rcp_object_cell *
rcp_object_same_stack(struct rcp_thread *th, const struct rcp_life *l,
		      const void *caller)
{
	uint32_t site = rcp_site_get(rcp_capture_node(&th->capture, caller),
				     RCP_KIND_PYTHON);

	return l->where == site && l->epoch == 0 ? l->last : NULL;
}

static RCP_INLINE bool
rcp_object_dies_at(struct rcp_thread *th, const struct rcp_life *l,
		   uint32_t *w, const void *const *entry)
{
	bool folded = rcp_objects_crowded;
	struct rcp_object_cell *c = folded ?
					    rcp_object_same_line(l) :
					    rcp_object_same_stack(th, l, *entry);
	uint64_t size = rcp_head_size(w);
	int64_t age;
	uint32_t site;

	if (RCP_UNLIKELY(!c))
		return false;
	site = rcp_object_key_death(c->key);
	if (RCP_UNLIKELY(!rcp_cascade_died_alone(&th->cascading, &th->capture,
						 site, entry, size)))
		return false;
	age = rcp_tick_age(rcp_head_birth(w));
	if (RCP_UNLIKELY(!rcp_object_dies(c, size, age)))
		rcp_object_dies_old(c, size, age);
	if (folded)
		rcp_objects_count(RCP_OBJECTS_FOLDED);
	rcp_head_die(w);
	return true;
}

/* RCP_DYING_NOW: the object at OP has died where the last one of its kind did, by
 * its refcount; RCP_DYING_AGAIN: it has before.  Else nothing was done.
 * Arguments as for rcp_record_dying(). */
static RCP_INLINE enum rcp_dying
rcp_record_dying_hot(struct rcp_tls *t, uintptr_t op,
		     const void *const *entry)
{
	enum rcp_dying done = RCP_DYING_NOTHING;
	unsigned before;
	uint32_t *w = rcp_object_word(op, &before), head;
	struct rcp_objects *o;
	struct rcp_thread *th;
	struct rcp_lives *lives;
	const struct rcp_life *l;

	if (RCP_UNLIKELY(!w))
		return done;
	head = w[0];
	/* Alive or dead. */
	if (RCP_UNLIKELY((head & (RCP_HEAD | RCP_HEAD_ALIVE)) !=
			 (RCP_HEAD | RCP_HEAD_ALIVE)))
		return done;
	th = rcp_objects_begin_hot(t, &o);
	if (RCP_UNLIKELY(!th))
		return done;
	lives = o->lives[(head & RCP_HEAD_SITE) / RCP_ORIGIN_CHUNK];
	if (RCP_LIKELY(lives != NULL)) {
		l = &lives->life[head % RCP_ORIGIN_CHUNK];
		if (RCP_UNLIKELY(l->before != before || !l->known))
			done = RCP_DYING_NOTHING;
		else if ((head & RCP_HEAD_STATE) == RCP_HEAD_DEAD)
			done = RCP_DYING_AGAIN;
		else if (RCP_LIKELY(rcp_object_dies_at(th, l, w, entry)))
			done = RCP_DYING_NOW;
	}
	rcp_record_end_hot(t);
	return done;
}

/* --- births ------------------------------------------------------------------- */

/* The origin of objects of TYPE that are born at SITE, in packed blocks.  0: there
 * is no room for it. */
static RCP_INLINE uint32_t
rcp_object_origin(uint32_t site, uint32_t type, unsigned before)
{
	struct rcp_origin origin = {
		.allocation = site,
		.site = site,
		.type = (uint16_t)type,
		.before = (uint8_t)before,
		.packed = true,
	};

	return rcp_origin_get(&origin);
}

/* In a mere block that the thread has allocated just now. */
static RCP_INLINE uint32_t
rcp_object_born_first(struct rcp_objects *o, uint32_t *w, uint32_t type,
		      unsigned before)
{
	uint32_t site = w[0] & RCP_HEAD_SITE, size = w[1], id;

	if (RCP_UNLIKELY(!rcp_head_packs(w, site)) ||
	    RCP_UNLIKELY(size <= before))
		return 0;
	id = rcp_object_origin(site, type, before);
	if (RCP_UNLIKELY(!id))
		return 0;
	rcp_objects_born(o, id, size);
	w[1] = site << 8 | size;
	rcp_head_put(w, RCP_HEAD_PACKED, id);
	return site;
}

/* In a packed one that comes from a free list. */
static RCP_INLINE uint32_t
rcp_object_born_again(struct rcp_tls *t, struct rcp_thread *th,
		      struct rcp_objects *o, uint32_t *w, uint32_t type,
		      unsigned before)
{
	uint64_t size = w[1] & RCP_PACKED_SIZE;
	uint32_t site, id, head = w[0];

	if (RCP_UNLIKELY(size <= before))
		return 0;
	/* No allocation has looked at the clock. */
	rcp_tick(t, th, 0);
	site = rcp_site_get(rcp_capture_node(&th->capture, NULL),
			    RCP_KIND_PYTHON);
	id = rcp_object_origin(site, type, before);
	if (RCP_UNLIKELY(!id))
		return 0;
	if ((head & RCP_HEAD_STATE) == RCP_HEAD_ALIVE)
		rcp_object_died_unseen(o, head & RCP_HEAD_SITE, size);
	rcp_objects_born(o, id, size);
	rcp_head_live_again(w, id, rcp_tick_now());
	return site;
}

/* Arguments as for rcp_record_born(). */
static RCP_INLINE bool
rcp_record_born_hot(struct rcp_tls *t, uintptr_t block, uint32_t type,
		    unsigned before)
{
	uint32_t *w = rcp_shadow_at(block), head, site = 0;
	struct rcp_objects *o;
	struct rcp_thread *th;

	if (RCP_UNLIKELY(!w))
		return false;
	head = w[0];
	th = rcp_objects_begin_hot(t, &o);
	if (RCP_UNLIKELY(!th))
		return false;
	/* No block but one with an object is packed. */
	if (RCP_LIKELY((uintptr_t)th->ring[0] == block) &&
	    RCP_LIKELY((head & (RCP_HEAD | RCP_HEAD_STATE)) ==
		       (RCP_HEAD | RCP_HEAD_BLOCK)))
		site = rcp_object_born_first(o, w, type, before);
	else if (RCP_LIKELY(rcp_head_is_packed(head)))
		site = rcp_object_born_again(t, th, o, w, type, before);
	if (RCP_LIKELY(site)) {
		rcp_objects_count(RCP_OBJECTS_BORN);
		if (RCP_UNLIKELY(!rcp_cascade_ended_alone(&th->cascading)))
			rcp_cascade_ended(th, site);
	}
	rcp_record_end_hot(t);
	return site != 0;
}

#endif

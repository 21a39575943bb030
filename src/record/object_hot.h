/* SPDX-License-Identifier: MIT
 *
 * object_hot.h - the death of an object in exact mode, when nothing about it is
 * rare; birth_hot.h has births.  Inline in the hooks; what returns false has
 * counted nothing, and object.h has the whole of it.
 *
 * Only of blocks with a packed record (section 10 of doc/INTERNALS.md), which
 * are those of 17 to 255 bytes: nearly all objects.
 */
#ifndef RCP_RECORD_OBJECT_HOT_H
#define RCP_RECORD_OBJECT_HOT_H

#include "account/object_books.h"
#include "capture/leaf.h"
#include "record/hot.h"
#include "record/object.h"

#define RCP_INLINE inline __attribute__((always_inline))

/* The calling thread at a birth or death that is not rare: it has no guard, and
 * recording is on. */
struct rcp_mutator {
	struct rcp_thread *th;
	struct rcp_objects *o; /* its books */
	const char *tstate;    /* the interpreter's, reached in this way */
	enum rcp_py_way way;
};

/* TH, the calling one; frames are reached by WAY.  False: something is rare. */
static RCP_INLINE bool
rcp_mutator_by(struct rcp_thread *th, struct rcp_mutator *m,
	       enum rcp_py_way way)
{
	if (RCP_UNLIKELY(rcp_object_special.any) || RCP_UNLIKELY(!th))
		return false;
	m->th = th;
	m->o = th->objects;
	if (RCP_UNLIKELY(!m->o))
		return false;
	m->way = way;
	m->tstate = rcp_py_mutator(way);
	return RCP_LIKELY(m->tstate != NULL);
}

static RCP_INLINE bool
rcp_mutator_get(struct rcp_thread *th, struct rcp_mutator *m)
{
	return rcp_mutator_by(th, m, rcp_capture_way());
}

/* --- deaths ------------------------------------------------------------------- */

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
	    RCP_UNLIKELY(rcp_shadow_index(op) % RCP_SHADOW_WORDS < 2))
		return NULL;
	/* 0 at a head, 1 and 2 behind it: which it is nobody can predict. */
	n = (~w[0] >> 31) << (~w[-1] >> 31);
	*before = 16 * n;
	return w - n;
}

/* Is HEAD one of an object, alive or dead, with a packed record? */
static RCP_INLINE bool
rcp_head_is_packed_object(uint32_t head)
{
	return (head & (RCP_HEAD | RCP_HEAD_ALIVE | RCP_HEAD_SMALL(30))) ==
	       (RCP_HEAD | RCP_HEAD_ALIVE | RCP_HEAD_PACKED_REBORN);
}

/* Age units since the object in the block at W was born, whose record is packed;
 * negative: it is not known. */
static RCP_INLINE int64_t
rcp_object_packed_age(const uint32_t *w, uint32_t head, uint32_t size)
{
	uint32_t now = rcp_tick_now(), birth;

	if (size <= 32)
		return -1;
	birth = w[2];
	if (rcp_head_is_reborn(head)) {
		if (RCP_UNLIKELY(size <= 48))
			return -1;
		birth = w[3];
	}
	return RCP_UNLIKELY(now > birth) ? now - birth : 0;
}

/* The cell of the deaths of L where M's thread is; FOLDED: the last line is all
 * that is kept.  NULL: it is not known. */
static RCP_INLINE struct rcp_object_cell *
rcp_object_place(const struct rcp_mutator *m, struct rcp_life *l, bool folded,
		 const void *caller)
{
	uint32_t epoch = 0;
	uintptr_t where;

	if (RCP_LIKELY(folded)) {
		epoch = __atomic_load_n(&rcp_py_epoch, __ATOMIC_ACQUIRE);
		where = rcp_capture_leaf_key(m->way, m->tstate);
	} else {
		where = rcp_site_get(rcp_capture_node(&m->th->capture, caller),
				     RCP_KIND_PYTHON);
	}
	if (RCP_LIKELY(l->where == where) && RCP_LIKELY(l->epoch == epoch))
		return l->last;
	return rcp_object_other_place(m->th, m->o, l, where, epoch);
}

/* The object of L in the block at W dies. */
static RCP_INLINE bool
rcp_object_dies_at(const struct rcp_mutator *m, struct rcp_life *l,
		   uint32_t *w, uint32_t head, const void *const *entry)
{
	bool folded = rcp_objects_crowded;
	struct rcp_object_cell *c = rcp_object_place(m, l, folded, *entry);
	uint32_t size = w[1] & RCP_PACKED_SIZE;
	int64_t age;

	if (RCP_UNLIKELY(!c) ||
	    RCP_UNLIKELY(!rcp_cascade_died_alone(&m->th->cascading,
						 rcp_object_key_death(c->key),
						 entry, size)))
		return false;
	age = rcp_object_packed_age(w, head, size);
	if (RCP_UNLIKELY(!rcp_object_dies(c, size, age)))
		rcp_object_dies_old(c, size, age);
	if (folded)
		rcp_objects_count(RCP_OBJECTS_FOLDED);
	__atomic_store_n(&w[0], head | RCP_HEAD_DEAD, __ATOMIC_RELAXED);
	return true;
}

/* An object of ORIGIN dies, by its refcount, as its block of SIZE bytes goes. */
static RCP_INLINE bool
rcp_object_goes(const struct rcp_mutator *m, uint32_t origin, uint64_t size,
		int64_t age)
{
	bool folded = rcp_objects_crowded;
	struct rcp_life *l = rcp_life_look(m->o, origin);
	struct rcp_object_cell *c;

	if (RCP_UNLIKELY(!l))
		return false;
	/* None has died, if none was born. */
	c = rcp_object_place(m, l, folded, NULL);
	if (RCP_UNLIKELY(!c))
		return false;
	if (RCP_UNLIKELY(!rcp_object_dies(c, size, age)))
		rcp_object_dies_old(c, size, age);
	if (folded)
		rcp_objects_count(RCP_OBJECTS_FOLDED);
	return true;
}

/* An object that is dying. */
struct rcp_dying_object {
	uint32_t *w, head; /* its block's */
	struct rcp_life *l;
};

/* The object at OP.  RCP_DYING_NOW: it is alive, and *D; RCP_DYING_AGAIN: it has
 * died before.  Else it has to be looked for. */
static RCP_INLINE enum rcp_dying
rcp_record_dying_look(const struct rcp_mutator *m, uintptr_t op,
		      struct rcp_dying_object *d)
{
	unsigned before;

	d->w = rcp_object_word(op, &before);
	if (RCP_UNLIKELY(!d->w))
		return RCP_DYING_NOTHING;
	d->head = d->w[0];
	if (RCP_UNLIKELY(!rcp_head_is_packed_object(d->head)))
		return RCP_DYING_NOTHING;
	d->l = rcp_life_look(m->o, d->head & RCP_HEAD_SITE);
	if (RCP_UNLIKELY(!d->l) ||
	    RCP_UNLIKELY(d->l->begins != rcp_life_begins(before)))
		return RCP_DYING_NOTHING;
	return (d->head & RCP_HEAD_STATE) == RCP_HEAD_DEAD ? RCP_DYING_AGAIN :
							      RCP_DYING_NOW;
}

/* While deaths are rcp_objects_crowded: it dies where the last one of its kind
 * did, young.  False: it is not so, and nothing was done.  No call. */
static RCP_INLINE bool
rcp_record_dies_alike(const struct rcp_mutator *m,
		      const struct rcp_dying_object *d,
		      const void *const *entry)
{
	struct rcp_object_cell *c;
	uint32_t size;
	int64_t age;

	if (RCP_UNLIKELY(d->l->where !=
			 rcp_capture_leaf_key(m->way, m->tstate)) ||
	    RCP_UNLIKELY(d->l->epoch !=
			 __atomic_load_n(&rcp_py_epoch, __ATOMIC_ACQUIRE)))
		return false;
	c = d->l->last;
	size = d->w[1] & RCP_PACKED_SIZE;
	age = rcp_object_packed_age(d->w, d->head, size);
	if (RCP_UNLIKELY(!c) || RCP_UNLIKELY(age > 0) ||
	    RCP_UNLIKELY(!rcp_cascade_died_alone(&m->th->cascading,
						 rcp_object_key_death(c->key),
						 entry, size)))
		return false;
	rcp_object_dies(c, size, age);
	rcp_objects_count(RCP_OBJECTS_FOLDED);
	__atomic_store_n(&d->w[0], d->head | RCP_HEAD_DEAD, __ATOMIC_RELAXED);
	return true;
}

/* The same wherever it dies.  False: nothing was done. */
static RCP_INLINE bool
rcp_record_dies(const struct rcp_mutator *m, const struct rcp_dying_object *d,
		const void *const *entry)
{
	return rcp_object_dies_at(m, d->l, d->w, d->head, entry);
}

/* --- frees -------------------------------------------------------------------- */

/* A death of L was heard of by the free of its memory. */
static RCP_INLINE void
rcp_objects_count_freed(const struct rcp_life *l)
{
	if (RCP_UNLIKELY(!l->freed))
		rcp_objects_count(RCP_OBJECTS_FREED);
}

/* rcp_record_dies() of the object of TH in the packed block at W, which is freed. */
bool rcp_record_dies_freed(struct rcp_thread *th, uint32_t *w,
			   const void *const *entry);

/* The same; HEAD is W's.  Most die where the last one of their kind did. */
static RCP_INLINE bool
rcp_object_dies_freed_by(enum rcp_py_way way, struct rcp_thread *th,
			 uint32_t *w, uint32_t head, const void *const *entry)
{
	struct rcp_dying_object d = { .w = w, .head = head };
	struct rcp_mutator m;

	if (RCP_UNLIKELY(!rcp_objects_crowded) ||
	    RCP_UNLIKELY(!rcp_mutator_by(th, &m, way)))
		return rcp_record_dies_freed(th, w, entry);
	d.l = rcp_life_look(m.o, head & RCP_HEAD_SITE);
	if (RCP_UNLIKELY(!d.l))
		return false;
	if (RCP_UNLIKELY(!rcp_record_dies_alike(&m, &d, entry)))
		return rcp_record_dies_freed(th, w, entry);
	rcp_objects_count_freed(d.l);
	return true;
}

static RCP_INLINE bool
rcp_object_dies_freed(struct rcp_thread *th, uint32_t *w, uint32_t head,
		      const void *const *entry)
{
	enum rcp_py_way way = rcp_capture_way();

	if (way == RCP_PY_WAY_CFRAMES_SHARED)
		return rcp_object_dies_freed_by(RCP_PY_WAY_CFRAMES_SHARED, th,
						w, head, entry);
	if (way == RCP_PY_WAY_CFRAMES)
		return rcp_object_dies_freed_by(RCP_PY_WAY_CFRAMES, th, w,
						head, entry);
	return rcp_object_dies_freed_by(way, th, w, head, entry);
}

/* What is known of the block at W, whose object, if it has one, dies with it.
 * False: that it is more than this. */
static RCP_INLINE bool
rcp_record_look_freed(struct rcp_thread *th, uint32_t *w,
		      const void *const *entry, struct rcp_live *out)
{
	uint32_t head = w[0];

	if ((head & (RCP_HEAD | RCP_HEAD_STATE)) ==
	    (RCP_HEAD | RCP_HEAD_BLOCK)) {
		out->site = head & RCP_HEAD_SITE;
		return rcp_live_look_at(w, out);
	}
	if (RCP_UNLIKELY(!rcp_head_is_packed_object(head)) ||
	    ((head & RCP_HEAD_STATE) == RCP_HEAD_ALIVE &&
	     RCP_UNLIKELY(!rcp_object_dies_freed(th, w, head, entry))))
		return false;
	out->site = w[1] >> 8;
	out->size = w[1] & RCP_PACKED_SIZE;
	rcp_record_past_life(w, head, out);
	return true;
}

/* rcp_enter() and rcp_record_free() in the domain of objects, whose deaths this may be;
 * ENTRY: where the return address of who frees stands.  False: there is more to be
 * done, and nothing was entered. */
static RCP_INLINE bool
rcp_record_free_object(struct rcp_tls *t, void *p, const void *const *entry)
{
	struct rcp_thread *th = t->thread;
	struct rcp_live block;
	uint32_t *w;
	bool done;

	if (RCP_UNLIKELY(t->guard) || RCP_UNLIKELY(!th) ||
	    RCP_UNLIKELY(!RCP_LOAD(rcp_record_settings.plain)))
		return false;
	rcp_enter_own(t);
	w = rcp_shadow_at((uintptr_t)p);
	done = RCP_LIKELY(w) &&
	       RCP_LIKELY(rcp_record_look_freed(th, w, entry, &block)) &&
	       RCP_LIKELY(rcp_record_freed_at(th, p, false, w, &block));
	rcp_record_end_hot(t);
	if (RCP_UNLIKELY(!done))
		rcp_leave(t);
	return done;
}

#endif

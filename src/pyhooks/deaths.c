/* SPDX-License-Identifier: MIT
 *
 * deaths.c - hears of each object's death: the entry of every function that
 * some type has for its tp_dealloc is patched with a jump to a stub that calls
 * rcp_deaths_entered().  Slots keep their values, since the interpreter
 * compares them.
 *
 * Patches (patches.c) are placed with the GIL held, while there is one
 * interpreter: no other thread is inside a deallocator's first instructions
 * then.
 */
#include "pyhooks/garbage.h"
#include "pyhooks/objects.h"
#include "python/python.h"
#include "python/types.h"
#include "python/walk.h"
#include "record/object.h"
#include "record/object_hot.h"
#include "record/thread.h"

/* --- back to life -----------------------------------------------------------------

 * A finaliser may make new references to its object.  Up to 3.12 the
 * interpreter then announces the object as created; later ones say nothing.
 * So an object with a finaliser is looked at again when its deallocator has
 * returned, that is, from a place farther out on the same stack. */

#define DOUBTS 32u

static struct doubt {
	const void *op;
	const struct rcp_tls *thread;
	const void *stack;
} doubts[DOUBTS];
static unsigned doubt_count;

static void
doubt(const struct rcp_tls *t, const void *op, const void *stack)
{
	if (doubt_count == DOUBTS)
		return;
	doubts[doubt_count++] = (struct doubt){ op, t, stack };
	rcp_object_special.is.doubts = true;
}

static __attribute__((noinline)) void
settle_doubts(struct rcp_tls *t, const void *op, const void *stack)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < doubt_count; i++) {
		struct doubt d = doubts[i];

		/* One death may come by here twice, and a finaliser's end as a
		 * birth, whose hook need not stand further in than ours did. */
		if (d.thread != t || stack < d.stack || op == d.op)
			doubts[kept++] = d;
		else if (rcp_record_is_dead((uintptr_t)d.op) &&
			 rcp_py_is_referenced(d.op))
			rcp_record_resurrected(t, (uintptr_t)d.op);
	}
	doubt_count = kept;
	rcp_object_special.is.doubts = kept > 0;
}

void
rcp_deaths_settle(struct rcp_tls *t, const void *op)
{
	if (RCP_UNLIKELY(rcp_object_special.is.doubts))
		settle_doubts(t, op, __builtin_frame_address(0));
}

/* --- the hook --------------------------------------------------------------------- */

static __attribute__((noinline)) void
died_unborn(struct rcp_tls *t, void *op, unsigned before,
	    const void *const *entry)
{
	struct rcp_pytype type;

	if (rcp_alive_type_of(op, &type) &&
	    type.before == before)
		rcp_record_died_unborn(t, (uintptr_t)op, before, type.id,
				       entry);
	else
		rcp_record_no_object();
}

/* Its finaliser may do something, or the callbacks of its weakrefs, before OP is
 * gone. */
static __attribute__((noinline)) void
acts(struct rcp_tls *t, const void *op)
{
	if (rcp_py_type_finalizes(rcp_py_type_of(op)))
		doubt(t, op, __builtin_frame_address(0));
	else if (!rcp_py_has_weakrefs(op))
		return;
	if (t->thread)
		rcp_cascade_opens(&t->thread->cascading, &t->thread->capture);
}

static RCP_INLINE void
dying_now_by(enum rcp_py_way way, struct rcp_tls *t, const void *op,
	     bool goes_on)
{
	const struct rcp_py_layout *l = rcp_py_layout_by(way);

	if (RCP_UNLIKELY(goes_on) ||
	    RCP_UNLIKELY(rcp_py_type_finalizes_by(l, rcp_py_type_by(l, op))))
		acts(t, op);
}

static inline void
dying_now(struct rcp_tls *t, const void *op, bool goes_on)
{
	dying_now_by(rcp_capture_way(), t, op, goes_on);
}

/* Do more die with what has died last? */
static inline bool
goes_on(const struct rcp_tls *t)
{
	return t->thread && rcp_cascade_goes_on(&t->thread->cascading);
}

static void
dying(struct rcp_tls *t, void *op, const void *const *entry, bool collecting)
{
	unsigned before;

	switch (rcp_record_dying(t, (uintptr_t)op, entry, &before,
				 collecting)) {
	case RCP_DYING_NOW:
		dying_now(t, op, goes_on(t));
		break;
	case RCP_DYING_UNBORN:
		died_unborn(t, op, before, entry);
		break;
	default:
		break;
	}
}

/* Recording is off, or OP is none of the program's objects. */
static __attribute__((noinline)) void
not_followed(const void *op, const void *const *entry)
{
	if (atomic_load_explicit(&rcp_state, memory_order_relaxed) ==
	    RCP_STATE_OFF) {
		/* A death costs four instructions from now on. */
		rcp_patches_switch(RCP_PATCHED_DEALLOC, false);
		rcp_patches_switch(RCP_PATCHED_FREE, false);
	} else if (op == rcp_deaths_probe.op) {
		rcp_deaths_probe.entered = entry;
	}
}

/* The whole of it. */
static __attribute__((noinline)) void
entered(struct rcp_tls *t, void *op, const void *const *entry)
{
	if (!rcp_enter(t)) {
		not_followed(op, entry);
		return;
	}
	rcp_deaths_settle(t, op);
	if (rcp_garbage_thread == t)
		rcp_garbage_dying(op);
	dying(t, op, entry, rcp_py_collects() || rcp_record_born_inside());
	rcp_leave(t);
}

/* The memory goes, and nothing of OP is read: its type may be gone. */
void
rcp_deaths_freed(struct rcp_tls *t, void *block, const void *const *entry)
{
	uintptr_t op;
	unsigned before;

	if (!rcp_record_frees_alive((uintptr_t)block, &op))
		return;
	rcp_deaths_settle(t, (const void *)op);
	if (rcp_garbage_thread == t)
		rcp_garbage_dying((const void *)op);
	(void)rcp_record_dying(t, op, entry, &before,
			       rcp_py_collects() || rcp_record_born_inside());
}

/* Wherever it dies, of whose stack all may be kept. */
static __attribute__((noinline)) void
entered_anywhere(struct rcp_tls *t, void *op, const void *const *entry)
{
	enum rcp_dying how = RCP_DYING_NOTHING;
	struct rcp_dying_object d;
	struct rcp_mutator m;
	bool done = false;

	if (RCP_LIKELY(!t->guard) &&
	    RCP_LIKELY(rcp_mutator_get(t->thread, &m)))
		how = rcp_record_dying_look(&m, (uintptr_t)op, &d);
	if (how == RCP_DYING_AGAIN)
		return;
	if (RCP_LIKELY(how == RCP_DYING_NOW)) {
		rcp_enter_own(t);
		done = rcp_record_dies(&m, &d, entry);
		rcp_leave(t);
	}
	if (RCP_LIKELY(done))
		dying_now(t, op, goes_on(t));
	else
		entered(t, op, entry);
}

/* Frames are reached by WAY.  All that this calls it calls last, so that it has no
 * registers to save. */
static RCP_INLINE void
entered_by(enum rcp_py_way way, void *op, const void *const *entry)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_dying_object d;
	struct rcp_mutator m;
	enum rcp_dying how;
	bool done;

	if (!rcp_objects_crowded) {
		entered_anywhere(t, op, entry);
		return;
	}
	if (RCP_UNLIKELY(t->guard) ||
	    RCP_UNLIKELY(!rcp_mutator_by(t->thread, &m, way))) {
		entered(t, op, entry);
		return;
	}
	how = rcp_record_dying_look(&m, (uintptr_t)op, &d);
	if (how == RCP_DYING_AGAIN)
		return;
	if (RCP_UNLIKELY(how != RCP_DYING_NOW)) {
		entered(t, op, entry);
		return;
	}
	rcp_enter_own(t);
	done = rcp_record_dies_alike(&m, &d, entry);
	rcp_leave(t);
	/* There is one level, then. */
	if (RCP_LIKELY(done))
		dying_now_by(way, t, op,
			     m.th->cascading.level[0].objects != 0);
	else
		entered_anywhere(t, op, entry);
}

/* As in births.c. */
static __attribute__((noinline)) void
entered_311(void *op, const void *const *entry)
{
	entered_by(RCP_PY_WAY_CFRAMES_SHARED, op, entry);
}

static __attribute__((noinline)) void
entered_312(void *op, const void *const *entry)
{
	entered_by(RCP_PY_WAY_CFRAMES, op, entry);
}

static __attribute__((noinline)) void
entered_anyhow(void *op, const void *const *entry)
{
	entered_by(rcp_capture_way(), op, entry);
}

void
rcp_deaths_entered(void *op, const void *const *entry)
{
	enum rcp_py_way way = rcp_capture_way();

	if (RCP_LIKELY(way == RCP_PY_WAY_CFRAMES_SHARED))
		entered_311(op, entry);
	else if (way == RCP_PY_WAY_CFRAMES)
		entered_312(op, entry);
	else
		entered_anyhow(op, entry);
}

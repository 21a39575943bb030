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
#include "base/clock.h"
#include "pyhooks/garbage.h"
#include "pyhooks/objects.h"
#include "python/python.h"
#include "python/types.h"
#include "python/walk.h"
#include "record/object.h"
#include "record/object_hot.h"
#include "record/thread.h"

#define DEPTH 60u /* of subclasses */

static uint32_t visits;

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

		/* One death may come by here twice. */
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

static inline void
dying_now(struct rcp_tls *t, const void *op, bool goes_on)
{
	if (RCP_UNLIKELY(goes_on) ||
	    RCP_UNLIKELY(rcp_py_type_finalizes(rcp_py_type_of(op))))
		acts(t, op);
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
		dying_now(t, op, m.th->cascading.level[0].objects != 0);
	else
		entered_anywhere(t, op, entry);
}

/* As in births.c. */
void
rcp_deaths_entered(void *op, const void *const *entry)
{
	enum rcp_py_way way = rcp_capture_way();

	if (way == RCP_PY_WAY_CFRAMES_SHARED)
		entered_by(RCP_PY_WAY_CFRAMES_SHARED, op, entry);
	else
		entered_by(way, op, entry);
}

/* --- which functions -------------------------------------------------------------- */

/* Deallocators that do nothing but free their object, up to 3.12; what they free
 * it by.  Other types may have them, too. */
static const char *const only_freed[] = {
	"PyLong_Type", "PyUnicode_Type", "PyBytes_Type",
};
#define ONLY_FREED (sizeof(only_freed) / sizeof(only_freed[0]))

static const void *only_free[ONLY_FREED], *free_by;
/* Deaths are told by the free; they must not be: births are not known, or not all
 * such types free by FREE_BY. */
static bool is_by_free, by_entry;

static void
note(enum rcp_patched kind, const void *type)
{
	if (rcp_patches_note(kind,
			     rcp_py_type_slot(type, RCP_PY_SLOT_DEALLOC)))
		rcp_due_wait();
}

static void
find_only_free(void)
{
	if (rcp_record_samples_objects() ||
	    rcp_py_births() != RCP_PY_BIRTHS_HOOK)
		return;
	for (size_t i = 0; i < ONLY_FREED && !only_free[i]; i++) {
		const void *type = rcp_py_symbol(only_freed[i]);

		if (!type)
			continue;
		only_free[i] = rcp_py_type_slot(type, RCP_PY_SLOT_DEALLOC);
		free_by = rcp_py_type_slot(type, RCP_PY_SLOT_FREE);
		note(RCP_PATCHED_FREE, type);
	}
}

bool
rcp_deaths_only_free(const void *type)
{
	const void *dealloc = rcp_py_type_slot(type, RCP_PY_SLOT_DEALLOC);

	for (size_t i = 0; i < ONLY_FREED; i++)
		if (dealloc && dealloc == only_free[i])
			return true;
	return false;
}

void
rcp_deaths_by_entry(void)
{
	by_entry = true;
	is_by_free = false;
	rcp_patches_switch(RCP_PATCHED_FREE, true);
}

void
rcp_deaths_by_free(void)
{
	is_by_free = free_by && !by_entry && rcp_births_by_hook();
	if (is_by_free)
		rcp_patches_switch(RCP_PATCHED_FREE, false);
}

void
rcp_deaths_note(const void *type)
{
	const void *free_of = rcp_py_type_slot(type, RCP_PY_SLOT_FREE);

	rcp_patches_allocator(free_of);
	note(RCP_PATCHED_DEALLOC, type);
	/* Its free may keep the block. */
	if (free_of != free_by && rcp_deaths_only_free(type))
		rcp_deaths_by_entry();
	rcp_garbage_note(type);
}

static bool
is_alone(void)
{
	void *head = rcp_objects_api.interp_head();

	return head && !rcp_objects_api.interp_next(head);
}

static void
place(void)
{
	uint64_t begin = rcp_clock_now();
	const char *why;

	if (rcp_arch_begin(&why) && is_alone())
		rcp_patches_place();
	rcp_due_took(begin, rcp_clock_now());
}

void
rcp_deaths_catch_up(void)
{
	if (rcp_due_now())
		place();
}

/* TYPE and what derives from it.  The call runs no Python code. */
static void
walk(void *subclasses, void *type, unsigned depth)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *list;

	if (!rcp_pytype_visit(type, visits) ||
	    !rcp_py_type_has_subclasses(type))
		return;
	list = depth < DEPTH ? py->call(subclasses, type, NULL) : NULL;
	if (!list) {
		py->err_clear();
		return;
	}
	for (ssize_t i = 0; i < rcp_objects_api.list_size(list); i++)
		walk(subclasses, rcp_objects_api.list_item(list, i),
		     depth + 1);
	py->decref(list);
}

static void
find_functions(void)
{
	static const char *const known[] = {
		"PyObject_Free", "PyMem_Free", "PyMem_RawFree",
		"PyObject_GC_Del", "_PyObject_Free", "_PyMem_RawFree",
	};
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *subclasses;

	rcp_tls.boot++;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		rcp_patches_allocator(rcp_py_symbol(known[i]));
	find_only_free();
	rcp_tls.boot--;
	subclasses = py->getattr(rcp_objects_api.type_type, "__subclasses__");
	visits++;
	if (subclasses) {
		walk(subclasses, rcp_objects_api.object_type, 0);
		py->decref(subclasses);
	}
	py->err_clear();
}

void
rcp_deaths_look(void)
{
	const char *why;

	if (!rcp_arch_begin(&why) || !is_alone() || !rcp_patches_begin())
		return;
	if (rcp_record_samples_objects())
		rcp_patches_filter(RCP_PATCHED_DEALLOC);
	find_functions();
	rcp_deaths_catch_up();
}

bool
rcp_deaths_patched(void)
{
	const char *why;

	return rcp_arch_begin(&why) && !rcp_patches_refused();
}

void
rcp_deaths_cover(struct rcp_str *out)
{
	const char *why = "the program's text can not be written to";

	if (!rcp_arch_begin(&why) || rcp_patches_refused()) {
		rcp_str_add(out, rcp_births_by_tracer() ?
					 "by PyRefTracer and when memory is "
					 "freed, since " :
					 "when memory is freed only, since ");
		rcp_str_add(out, why);
		return;
	}
	rcp_patches_cover(RCP_PATCHED_DEALLOC, out);
	rcp_str_add(out, " deallocators watched");
	if (is_by_free)
		rcp_str_add(out, ", int and str and bytes as they are freed");
	if (rcp_patches_full())
		rcp_str_add(out, ", further ones not");
}

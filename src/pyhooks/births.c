/* SPDX-License-Identifier: MIT
 *
 * births.c - hears of each object that is created: PyRefTracer from 3.13 on,
 * before that tracemalloc's hook (births_hook.c).  On the path of every
 * object; the GIL is held.
 */
#include <string.h>

#include "pyhooks/objects.h"
#include "pyhooks/types.h"
#include "python/python.h"
#include "python/types.h"
#include "python/walk.h"
#include "record/birth_hot.h"
#include "record/object.h"

typedef int tracer_fn(void *op, int event, void *data);

enum { EVENT_CREATE, EVENT_DESTROY };

static tracer_fn *(*get_tracer)(void **data);
static int (*set_tracer)(tracer_fn *fn, void *data);

/* Who stood there before us, and is told as well. */
static tracer_fn *chained;
static void *chained_data;

static enum rcp_py_births told_by;
static bool running, deaths_only;
static const char *state = "not watched";

static __attribute__((noinline)) void
catch_up(struct rcp_tls *t, const void *op)
{
	rcp_deaths_settle(t, op);
	if (rcp_object_special.is.due)
		rcp_deaths_catch_up();
}

/* The whole of it. */
static __attribute__((noinline)) void
created(struct rcp_tls *t, void *op)
{
	struct rcp_pytype type;

	if (!rcp_enter(t))
		return;
	if (rcp_object_special.is.due || rcp_object_special.is.doubts)
		catch_up(t, op);
	if (rcp_pytype_get(rcp_py_type_of(op), &type)) {
		if (type.meta)
			rcp_pytype_forget(op);
		rcp_record_born(t, (uintptr_t)op - type.before, type.id,
				type.before, type.size,
				rcp_py_collects() || rcp_record_born_inside());
	}
	rcp_leave(t);
}

/* What was born at SITE may end a cascade. */
static __attribute__((noinline)) void
ended(struct rcp_tls *t, uint32_t site)
{
	rcp_cascade_ended(t->thread, site);
	rcp_leave(t);
}

/* The type's number is needed. */
static RCP_INLINE bool
reborn(const struct rcp_mutator *m, const void *type, uint32_t *at,
       uint32_t node)
{
	const struct rcp_pytype *is = rcp_pytype_look(type);

	return RCP_LIKELY(is) && RCP_LIKELY(is->plain) &&
	       rcp_record_reborn(m, type, is->id, at, is->before, node);
}

/* In a block that the thread has not allocated just now. */
static RCP_INLINE void
created_again_by(enum rcp_py_way way, struct rcp_tls *t, void *op,
		 const void *type, struct rcp_thread *th, const char *tstate)
{
	struct rcp_mutator m = { .th = th, .o = th->objects, .tstate = tstate,
				 .way = way };
	uint32_t *at = rcp_birth_word((uintptr_t)op), node;
	bool done;

	if (RCP_UNLIKELY(!at)) {
		created(t, op);
		return;
	}
	rcp_enter_own(t);
	node = rcp_record_birth_node(t, &m);
	done = RCP_LIKELY(rcp_record_reborn_like(&m, type, at, node)) ||
	       reborn(&m, type, at, node);
	if (RCP_LIKELY(done) && RCP_UNLIKELY(!rcp_object_is_born(th)))
		rcp_cascade_ended(th, rcp_site_get(node, RCP_KIND_PYTHON));
	rcp_leave(t);
	if (RCP_UNLIKELY(!done))
		created(t, op);
}

#define CREATED_AGAIN(name, way) \
	static __attribute__((noinline)) void name( \
		struct rcp_tls *t, void *op, const void *type, \
		struct rcp_thread *th, const char *tstate) \
	{ \
		created_again_by(way, t, op, type, th, tstate); \
	}

CREATED_AGAIN(created_again_311, RCP_PY_WAY_CFRAMES_SHARED)
CREATED_AGAIN(created_again_312, RCP_PY_WAY_CFRAMES)
CREATED_AGAIN(created_again, rcp_capture_way())

typedef void created_fn(struct rcp_tls *t, void *op, const void *type,
			struct rcp_thread *th, const char *tstate);

/* No birth like it is remembered. */
static __attribute__((noinline)) void
created_newly(void *op)
{
	struct rcp_tls *t = &rcp_tls;
	const void *type = rcp_py_type_of(op);
	const struct rcp_pytype *is = rcp_pytype_look(type);
	struct rcp_mutator m;
	uint32_t site;

	if (RCP_UNLIKELY(!is) || RCP_UNLIKELY(!is->plain) ||
	    RCP_UNLIKELY(!rcp_mutator_get(t->thread, &m))) {
		created(t, op);
		return;
	}
	if ((uintptr_t)m.th->ring[0] != (uintptr_t)op - is->before) {
		created_again(t, op, type, m.th, m.tstate);
		return;
	}
	rcp_enter_own(t);
	site = rcp_record_born_first(&m, type, is->id, is->before);
	if (RCP_LIKELY(site) && RCP_UNLIKELY(!rcp_object_is_born(m.th))) {
		ended(t, site);
		return;
	}
	rcp_leave(t);
	if (RCP_UNLIKELY(!site))
		created(t, op);
}

/* Frames are reached by WAY, which is AGAIN's.  All that this calls it calls last, so
 * that it has no registers to save. */
static RCP_INLINE void
created_by(enum rcp_py_way way, void *op, created_fn *again)
{
	struct rcp_tls *t = &rcp_tls;
	const void *type = rcp_py_type_by(rcp_py_layout_by(way), op);
	struct rcp_mutator m;
	uintptr_t before;
	uint32_t site;

	if (RCP_UNLIKELY(t->guard) ||
	    RCP_UNLIKELY(!rcp_mutator_by(t->thread, &m, way))) {
		created(t, op);
		return;
	}
	before = (uintptr_t)op - (uintptr_t)m.th->ring[0];
	if (before >= RCP_BIRTH_BEFORE) {
		again(t, op, type, m.th, m.tstate);
		return;
	}
	rcp_enter_own(t);
	if (RCP_UNLIKELY(!rcp_record_born_like(&m, type, before, &site))) {
		rcp_leave(t);
		created_newly(op);
	} else if (RCP_UNLIKELY(!rcp_object_is_born(m.th))) {
		ended(t, site);
	} else {
		rcp_leave(t);
	}
}

/* As a constant the way leaves no branches for others, and says where things are. */
static __attribute__((noinline)) void
created_311(void *op)
{
	created_by(RCP_PY_WAY_CFRAMES_SHARED, op, created_again_311);
}

static __attribute__((noinline)) void
created_312(void *op)
{
	created_by(RCP_PY_WAY_CFRAMES, op, created_again_312);
}

static __attribute__((noinline)) void
created_anyhow(void *op)
{
	created_by(rcp_capture_way(), op, created_again);
}

void
rcp_births_created(void *op)
{
	enum rcp_py_way way = rcp_capture_way();

	if (RCP_LIKELY(way == RCP_PY_WAY_CFRAMES_SHARED))
		created_311(op);
	else if (way == RCP_PY_WAY_CFRAMES)
		created_312(op);
	else
		created_anyhow(op);
}

/* Where a deallocator is patched, DESTROY comes first and the patch finds the
 * object dead. */
static int
tracer(void *op, int event, void *data)
{
	(void)data;
	if (event == EVENT_CREATE && !deaths_only)
		rcp_births_created(op);
	else if (event == EVENT_DESTROY)
		rcp_deaths_entered(op,
				   (const void *const *)
						   __builtin_frame_address(0) +
					   1);
	if (chained)
		return chained(op, event, chained_data);
	return 0;
}

static void
place_tracer(void)
{
	void *data;
	tracer_fn *now = get_tracer(&data);

	if (now == tracer)
		return;
	chained = now;
	chained_data = data;
	if (set_tracer(tracer, NULL) < 0)
		rcp_pyhooks_api.err_clear();
}

static bool
find_tracer(void)
{
	void *get, *set;

	rcp_tls.boot++;
	get = rcp_py_symbol("PyRefTracer_GetTracer");
	set = rcp_py_symbol("PyRefTracer_SetTracer");
	rcp_tls.boot--;
	memcpy(&get_tracer, &get, sizeof(get));
	memcpy(&set_tracer, &set, sizeof(set));
	return get && set;
}

bool
rcp_births_begin(const char **why)
{
	told_by = rcp_py_births();
	*why = "births are not known in free-threaded builds";
	if (told_by == RCP_PY_BIRTHS_TRACER) {
		*why = "the interpreter has no PyRefTracer";
		running = find_tracer();
		if (running)
			place_tracer();
		state = "births by PyRefTracer";
	} else if (told_by == RCP_PY_BIRTHS_HOOK) {
		running = rcp_births_hook_begin(why);
		state = "births by tracemalloc's hook";
	}
	if (!running)
		state = *why;
	return running;
}

void
rcp_births_begin_deaths(void)
{
	told_by = rcp_py_births();
	if (told_by != RCP_PY_BIRTHS_TRACER || !find_tracer())
		return;
	running = deaths_only = true;
	place_tracer();
}

bool
rcp_births_by_tracer(void)
{
	return running && told_by == RCP_PY_BIRTHS_TRACER;
}

bool
rcp_births_by_hook(void)
{
	return running && told_by == RCP_PY_BIRTHS_HOOK;
}

/* Another tracer takes the one place silently, tracemalloc's for instance. */
void
rcp_births_check(void)
{
	if (running && told_by == RCP_PY_BIRTHS_TRACER)
		place_tracer();
}

void
rcp_births_given_up(const char *why)
{
	running = false;
	state = why;
	rcp_deaths_by_entry();
	rcp_objects_cover();
}

void
rcp_births_end(void)
{
	void *data;

	if (!running)
		return;
	running = false;
	if (told_by == RCP_PY_BIRTHS_HOOK)
		rcp_births_hook_end();
	else if (get_tracer(&data) == tracer)
		set_tracer(chained, chained_data);
}

const char *
rcp_births_state(void)
{
	return state;
}

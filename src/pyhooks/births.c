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
#include "record/object.h"
#include "record/object_hot.h"

typedef int tracer_fn(void *op, int event, void *data);

enum { EVENT_CREATE, EVENT_DESTROY };

static tracer_fn *(*get_tracer)(void **data);
static int (*set_tracer)(tracer_fn *fn, void *data);

/* Who stood there before us, and is told as well. */
static tracer_fn *chained;
static void *chained_data;

static enum rcp_py_births way;
static bool running, deaths_only;
static const char *state = "not watched";

static __attribute__((noinline)) void
catch_up(struct rcp_tls *t)
{
	rcp_deaths_settle(t, NULL);
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
		catch_up(t);
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

/* In a block that the thread has not allocated just now. */
static __attribute__((noinline)) void
created_again(struct rcp_tls *t, void *op, const struct rcp_pytype *type,
	      struct rcp_thread *th, const char *tstate)
{
	struct rcp_mutator m = { .th = th, .o = th->objects, .tstate = tstate,
				 .way = rcp_capture_way() };
	uint32_t site;

	rcp_enter_own(t);
	site = rcp_record_born_again(t, &m, (uintptr_t)op - type->before,
				     type->id, type->before);
	if (RCP_LIKELY(site) && RCP_UNLIKELY(!rcp_object_is_born(th)))
		rcp_cascade_ended(th, site);
	rcp_leave(t);
	if (RCP_UNLIKELY(!site))
		created(t, op);
}

/* All that this calls it calls last, so that it has no registers to save. */
void
rcp_births_created(void *op)
{
	struct rcp_tls *t = &rcp_tls;
	const struct rcp_pytype *type = rcp_pytype_look(rcp_py_type_of(op));
	struct rcp_mutator m;
	uint32_t site;

	if (RCP_UNLIKELY(!type) || RCP_UNLIKELY(!type->plain) ||
	    RCP_UNLIKELY(t->guard) ||
	    RCP_UNLIKELY(!rcp_mutator_get(t->thread, &m))) {
		created(t, op);
		return;
	}
	if ((uintptr_t)m.th->ring[0] != (uintptr_t)op - type->before) {
		created_again(t, op, type, m.th, m.tstate);
		return;
	}
	rcp_enter_own(t);
	site = rcp_record_born_first(&m, type->id, type->before);
	if (RCP_LIKELY(site) && RCP_UNLIKELY(!rcp_object_is_born(m.th))) {
		ended(t, site);
		return;
	}
	rcp_leave(t);
	if (RCP_UNLIKELY(!site))
		created(t, op);
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
	way = rcp_py_births();
	*why = "births are not known in free-threaded builds";
	if (way == RCP_PY_BIRTHS_TRACER) {
		*why = "the interpreter has no PyRefTracer";
		running = find_tracer();
		if (running)
			place_tracer();
		state = "births by PyRefTracer";
	} else if (way == RCP_PY_BIRTHS_HOOK) {
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
	way = rcp_py_births();
	if (way != RCP_PY_BIRTHS_TRACER || !find_tracer())
		return;
	running = deaths_only = true;
	place_tracer();
}

bool
rcp_births_by_tracer(void)
{
	return running && way == RCP_PY_BIRTHS_TRACER;
}

bool
rcp_births_by_hook(void)
{
	return running && way == RCP_PY_BIRTHS_HOOK;
}

/* Another tracer takes the one place silently, tracemalloc's for instance. */
void
rcp_births_check(void)
{
	if (running && way == RCP_PY_BIRTHS_TRACER)
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
	if (way == RCP_PY_BIRTHS_HOOK)
		rcp_births_hook_end();
	else if (get_tracer(&data) == tracer)
		set_tracer(chained, chained_data);
}

const char *
rcp_births_state(void)
{
	return state;
}

/* SPDX-License-Identifier: MIT
 *
 * bootstrap.c - what is done once the interpreter is up, and when it ends.
 *
 * The bootstrap calls the C API, so it can not run inside an allocation: the
 * interpreter may be in the middle of resizing the very dictionary that we
 * would look into.  It runs
 *  - as a pending call, asked for by the first object-domain hook that finds
 *    the interpreter initialised: between two bytecodes of the main thread;
 *  - when that does not come (the main thread waits in C), at the death of a
 *    code object in any thread of the main interpreter: wherever the last
 *    reference to one is dropped, its weak references' callbacks may run any
 *    code, so the interpreter expects it.  No Python code is run there.
 */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "pyhooks/internal.h"
#include "pyhooks/objects.h"
#include "python/python.h"
#include "rcprof/format.h"
#include "record/settings.h"

enum phase {
	PHASE_NONE,    /* no interpreter */
	PHASE_WAITING, /* not initialised yet */
	PHASE_ASKED,   /* the pending call is under way */
	PHASE_RUNNING,
	PHASE_READY,
	PHASE_ENDED, /* our atexit function has run */
};

/* Object allocations after which a pending call counts as overdue, as lost,
 * and an interpreter whose atexit functions have run as still alive. */
#define OVERDUE 2000u
#define LOST 200000u
#define ALIVE 100000u

struct rcp_pyhooks_api rcp_pyhooks_api;

static const struct rcp_pyhooks_events *events;
static _Atomic int phase;
static _Atomic uint32_t patience; /* allocations seen in this phase */

static void
enter_phase(enum phase next)
{
	atomic_store(&patience, 0);
	atomic_store(&phase, next);
	atomic_store(&rcp_pyhooks_attention,
		     next != PHASE_NONE && next != PHASE_READY);
}

static bool
change_phase(int from, enum phase to)
{
	if (!atomic_compare_exchange_strong(&phase, &from, (int)to))
		return false;
	enter_phase(to);
	return true;
}

/* --- coverage ------------------------------------------------------------ */

static void
cover_frames(const char *what)
{
	char text[160];
	struct rcp_str s = RCP_STR(text);

	rcp_str_add(&s, rcp_py_version());
	rcp_str_add(&s, " ");
	rcp_str_add(&s, rcp_py_source());
	rcp_str_add(&s, ", ");
	rcp_str_add(&s, what);
	events->coverage(RCP_COVER_FRAMES, text);
}

static void
cover_domains(unsigned reached)
{
	static const char *const names[] = { "raw", "mem", "obj" };
	char text[64];
	struct rcp_str s = RCP_STR(text);

	for (int d = 0; d < RCP_DOMAINS; d++) {
		if (!(reached & 1u << d))
			continue;
		rcp_str_add(&s, names[d]);
		rcp_str_add(&s, ", ");
	}
	rcp_str_add(&s, "arenas");
	events->coverage(RCP_COVER_ALLOCATORS, text);
}

/* --- the bootstrap --------------------------------------------------------- */

#define ALL_DOMAINS ((1u << RCP_DOMAINS) - 1)

/* Hooks that others have put themselves in front of are still reached; those
 * that were replaced (PYTHONMALLOC, -X dev) are not. */
static void
repair_domains(void)
{
	unsigned reached = rcp_domains_reached();

	if (reached != ALL_DOMAINS) {
		rcp_domains_place(reached);
		events->coverage(RCP_COVER_NOTE "allocators",
				 "the interpreter had replaced the hooks "
				 "(PYTHONMALLOC, -X dev, a second start); "
				 "what it allocated before they were placed "
				 "again is not seen");
		reached = rcp_domains_reached();
	}
	cover_domains(reached);
	if (rcp_record_settings.sampling)
		rcp_sampled_shorten();
}

static void at_end(void);

static bool registered; /* our atexit function is */

/* Returns false with an exception set that is the program's. */
static bool
register_end(bool may_run)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;

	registered = rcp_atexit_register(at_end, may_run);
	/* Where a module has to be imported, the pending call tries again. */
	if (registered || (!may_run && py->atexit_in_module)) {
		py->err_clear();
		return true;
	}
	events->coverage(RCP_COVER_NOTE "end",
			 "atexit could not be used: the interpreter's end "
			 "is seen late");
	/* Importing runs the interpreter, which may deliver a signal. */
	if (may_run && py->err_occurred() &&
	    !py->err_matches(*py->import_error))
		return false;
	py->err_clear();
	return true;
}

static bool
set_up(bool may_run)
{
	const char *why = NULL;
	bool clean;

	repair_domains();
	if (rcp_py_self_test(&why))
		cover_frames("self-test passed");
	else
		cover_frames(why);
	rcp_pyhooks_api.err_clear();
	rcp_objects_begin(events->coverage);
	clean = register_end(may_run);
	enter_phase(PHASE_READY);
	if (events->ready)
		events->ready();
	return clean;
}

/* Calls FN with the GIL held, at a point where any code may run; what it
 * allocates is not the program's.  0, or -1 with an exception set. */
static int
run(bool (*fn)(bool may_run), bool may_run)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	struct rcp_tls *t = &rcp_tls;
	void *type, *value, *trace;
	int saved = errno;
	bool clean;

	t->guard = 1;
	atomic_store(&rcp_domains_hidden, t);
	py->err_fetch(&type, &value, &trace);
	clean = fn(may_run);
	if (clean)
		py->err_restore(type, value, trace);
	atomic_store(&rcp_domains_hidden, NULL);
	rcp_leave(t);
	errno = saved;
	return clean ? 0 : -1;
}

/* May the bootstrap run now, in this thread? */
static bool
is_fit(void)
{
	return !rcp_tls.guard &&
	       atomic_load(&rcp_state) == RCP_STATE_ON &&
	       rcp_py_initialized() && rcp_py_in_main();
}

static int
pending_call(void *arg)
{
	(void)arg;
	if (!is_fit()) {
		change_phase(PHASE_ASKED, PHASE_WAITING);
		return 0;
	}
	if (change_phase(PHASE_ASKED, PHASE_RUNNING))
		return run(set_up, true);
	/* It was done elsewhere, where no Python code could be run. */
	if (atomic_load(&phase) == PHASE_READY && !registered)
		return run(register_end, true);
	return 0;
}

static void
ask(void)
{
	if (!change_phase(PHASE_WAITING, PHASE_ASKED))
		return;
	if (rcp_pyhooks_api.add_pending_call(pending_call, NULL) != 0)
		change_phase(PHASE_ASKED, PHASE_WAITING); /* queue full */
}

/* A code object has died. */
static void
safe_point(void)
{
	switch (atomic_load_explicit(&phase, memory_order_relaxed)) {
	case PHASE_WAITING:
		/* Lost hooks can not ask. */
		if (rcp_py_initialized())
			ask();
		break;
	case PHASE_ASKED:
		if (atomic_load_explicit(&patience, memory_order_relaxed) >=
			    OVERDUE &&
		    is_fit() && change_phase(PHASE_ASKED, PHASE_RUNNING))
			run(set_up, false);
		break;
	default:
		break;
	}
}

static void
at_end(void)
{
	struct rcp_tls *t = &rcp_tls;
	uint32_t outer = t->guard;
	int saved = errno;

	if (!change_phase(PHASE_READY, PHASE_ENDED))
		return;
	t->guard = 1;
	rcp_py_finalizing();
	rcp_objects_settle();
	if (events->end)
		events->end();
	rcp_objects_end();
	atomic_signal_fence(memory_order_seq_cst);
	t->guard = outer;
	errno = saved;
}

/* --- from the hooks --------------------------------------------------------- */

void
rcp_pyhooks_attend(void)
{
	bool up = rcp_py_initialized();
	uint32_t n = atomic_fetch_add(&patience, 1);
	int saved = errno;

	switch (atomic_load(&phase)) {
	case PHASE_WAITING:
		if (up)
			ask();
		break;
	case PHASE_ASKED:
		if (!up || n >= LOST)
			change_phase(PHASE_ASKED, PHASE_WAITING);
		break;
	case PHASE_ENDED:
		if (!up) {
			if (change_phase(PHASE_ENDED, PHASE_WAITING) &&
			    events->down)
				events->down();
		} else if (n >= ALIVE) {
			change_phase(PHASE_ENDED, PHASE_WAITING);
		}
		break;
	default:
		break;
	}
	errno = saved;
}

/* Allocators are not repaired here: the interpreter exchanges them for moments
 * itself, and what it saved must not find another `real` behind it. */
void
rcp_pyhooks_poll(void)
{
	int now = atomic_load(&phase);

	if (now == PHASE_NONE)
		return;
	if (now != PHASE_READY) {
		rcp_pyhooks_attend();
		return;
	}
	/* It may end without telling us. */
	if (!rcp_py_initialized())
		change_phase(PHASE_READY, PHASE_WAITING);
}

static bool
find_functions(void)
{
	struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void **error;
	void *p;

#define LOOK(field, name, ret, args) \
	p = rcp_py_symbol(name); \
	if (!p) \
		return false; \
	memcpy(&py->field, &p, sizeof(p));
	RCP_PYHOOKS_FUNCTIONS(LOOK)
#undef LOOK
	py->none = rcp_py_symbol("_Py_NoneStruct");
	error = rcp_py_symbol("PyExc_ImportError");
	py->import_error = error;
	/* Gone since the callbacks moved. */
	py->atexit_in_module = rcp_py_symbol("_Py_PyAtExit") != NULL;
	return py->none && error;
}

void
rcp_pyhooks_install(const struct rcp_pyhooks_events *to)
{
	struct rcp_tls *t = &rcp_tls;
	bool complete;

	events = to;
	if (atomic_load(&phase) != PHASE_NONE)
		return;
	t->guard++;
	t->boot++;
	complete = find_functions();
	t->boot--;
	t->guard--;
	if (!complete) {
		events->coverage(RCP_COVER_ALLOCATORS,
				 "none: the interpreter does not export what "
				 "is needed");
		return;
	}
	rcp_objects_install();
	rcp_domains_place(0);
	rcp_arenas_place();
	rcp_py_set_safe_point(safe_point);
	cover_frames("self-test not run yet");
	cover_domains(ALL_DOMAINS);
	enter_phase(PHASE_WAITING);
}

/* SPDX-License-Identifier: MIT
 *
 * tstate.c - which thread state is the calling thread's.  In every hook, but
 * for what walk.h can tell without a call.
 */
#include <pthread.h>
#include <stddef.h>

#include "python/python.h"
#include "python/walk.h"

/* Up to here a thread's descriptor may hold its first pthread values. */
#define DESCRIPTOR_BYTES 2048

/* Where each thread finds NULL, with a stamp that no value has. */
static __thread struct {
	uintptr_t stamp;
	const char *tstate;
} none;
static const char *no_state;

static intptr_t looked; /* what the interpreter's code said; 0: nothing */

/* pthread_self() of the thread that finalises the interpreter; 0: none. */
static _Atomic uintptr_t only_thread;

static void
set_own(intptr_t offset)
{
	__atomic_store_n(&rcp_py_rt.own, offset, __ATOMIC_RELAXED);
}

static void
forget(void)
{
	const char *self = __builtin_thread_pointer();

	set_own((const char *)&none.tstate - self);
}

/* Up to 3.11 the thread state that PyGILState knows is the right one but in a
 * subinterpreter, where it is the main interpreter's; the current one may be
 * another thread's, and is looked into only while there are several
 * interpreters.  From 3.12 on the current one is ours or NULL. */
static const char *
ask(void)
{
	const struct rcp_py_runtime *rt = &rcp_py_rt;
	const char *current = rt->current(), *own;
	unsigned long thread;

	if (!rt->layout.current_is_shared)
		return current ? current : rt->gilstate();
	own = rt->gilstate();
	if (!current || current == own ||
	    rt->interp_head() == rt->interp_main())
		return own;
	memcpy(&thread, current + rt->layout.tstate_thread, sizeof(thread));
	return thread == (unsigned long)pthread_self() ? current : own;
}

const char *
rcp_py_tstate(void)
{
	uintptr_t only = atomic_load_explicit(&only_thread,
					      memory_order_relaxed);

	if (only && only != (uintptr_t)pthread_self())
		return NULL;
	return ask();
}

void
rcp_py_tstate_look(bool is_static)
{
	struct rcp_py_accessor a;
	const void *function;

	rcp_py_rt.shared = &no_state;
	forget();
	memcpy(&function, &rcp_py_rt.current, sizeof(function));
	if (!rcp_py_accessor(function, is_static, &a) ||
	    a.thread == rcp_py_rt.layout.current_is_shared)
		return;
	looked = a.thread ? a.offset : 0;
	if (a.thread)
		set_own(a.offset);
	else
		memcpy(&rcp_py_rt.shared, &a.address, sizeof(a.address));
}

/* pthread's values are (sequence number, pointer) pairs in the thread's
 * descriptor; numbers in use are odd.  The one place where ours stands is
 * that of the interpreter's key, in all threads. */
static void
learn_value(const char *tstate)
{
	const char *self = __builtin_thread_pointer();
	uintptr_t stamp = 0, before;
	intptr_t at = 0;
	unsigned found = 0;

	for (unsigned i = 8; i < DESCRIPTOR_BYTES; i += 8) {
		if (rcp_py_pointer(self, i) != tstate)
			continue;
		memcpy(&before, self + i - 8, sizeof(before));
		stamp = before;
		at = i;
		found++;
	}
	if (found != 1 || !(stamp & 1) || stamp > UINT32_MAX)
		return;
	rcp_py_rt.own_stamp = stamp;
	set_own(at);
}

void
rcp_py_tstate_learn(void)
{
	const char *self = __builtin_thread_pointer();
	const char *tstate = rcp_py_rt.current();

	if (!rcp_py_rt.layout.current_is_shared) {
		/* What the code said must be what is there. */
		if (tstate &&
		    rcp_py_pointer(self + rcp_py_rt.own, 0) != tstate) {
			looked = 0;
			forget();
		}
		return;
	}
	forget();
	if (tstate && tstate == rcp_py_rt.gilstate() &&
	    *rcp_py_rt.shared == tstate)
		learn_value(tstate);
}

/* Whoever is in another thread now sees NULL, and then asks. */
void
rcp_py_finalizing(void)
{
	atomic_store_explicit(&only_thread, (uintptr_t)pthread_self(),
			      memory_order_relaxed);
	forget();
}

void
rcp_py_running(void)
{
	atomic_store_explicit(&only_thread, 0, memory_order_relaxed);
	if (looked)
		set_own(looked);
}

bool
rcp_py_in_main(void)
{
	const char *tstate = rcp_py_tstate();

	return tstate && rcp_py_rt.layout.tstate_interp &&
	       rcp_py_pointer(tstate, rcp_py_rt.layout.tstate_interp) ==
		       rcp_py_rt.interp_main();
}

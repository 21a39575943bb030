/* SPDX-License-Identifier: MIT
 *
 * tls.h - the one thread-local block of the preload, and the guard.
 *
 * Initial-exec, at most 64 bytes: reading it is one instruction and never
 * allocates.  It outlives thread destructors.  The helper (emit/helper.c)
 * runs on the TLS of whatever thread started it and must never touch it.
 */
#ifndef RCP_BASE_TLS_H
#define RCP_BASE_TLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hot.h"

struct rcp_thread; /* account/thread.h */

struct rcp_tls {
	/* > 0: a hook or a call of ours is on this thread's stack; every hook
	 * passes straight on to the real function.  1: the real function is
	 * running, and what it calls serves the block that is counted already.
	 * More: our own code, and a call that comes now (from a signal
	 * handler, say) is one that goes uncounted. */
	uint32_t guard;
	/* > 0: what this thread allocates comes from the boot arena: we are
	 * inside a dl* or pthread call of our own. */
	uint32_t boot;
	/* The next block of this many bytes or more is recorded, or asked
	 * about; a smaller one takes its size, and one byte, from it.  0 in
	 * exact mode: every block is recorded. */
	uint64_t countdown;
	/* Allocations until the next look at the clock (record/tick.c). */
	int32_t tick;
	uint32_t reserved;
	/* Calls passed on uncounted since the last tick, for coverage. */
	uint64_t guarded;
	struct rcp_thread *thread; /* NULL before this thread's first event */
};

_Static_assert(sizeof(struct rcp_tls) <= 64, "the TLS block grew");

extern __thread struct rcp_tls rcp_tls
	__attribute__((tls_model("initial-exec")));

/* What the hooks do.  Written at start, at `end`, in forked children. */
enum rcp_state {
	RCP_STATE_NEW = 0,   /* nothing has been set up */
	RCP_STATE_SETUP = 1, /* a thread is setting up; pass on meanwhile */
	RCP_STATE_OFF = 2,   /* pass on: idle, ended, unfollowed, faulty */
	RCP_STATE_ON = 3,    /* record */
};
extern _Atomic int rcp_state RCP_HIDDEN;

/* In place of rcp_enter(), where that would, by who runs our own code and calls no
 * real function. */
static inline void
rcp_enter_own(struct rcp_tls *t)
{
	t->guard = 2;
	atomic_signal_fence(memory_order_seq_cst);
}

/* Opens a section of ours.  False: pass on to the real function, record
 * nothing.  The caller that got true calls rcp_leave(). */
static inline bool
rcp_enter(struct rcp_tls *t)
{
	if (RCP_UNLIKELY(t->guard)) {
		t->guarded += t->guard > 1 && !t->boot;
		return false;
	}
	if (RCP_UNLIKELY(atomic_load_explicit(&rcp_state,
					      memory_order_relaxed) !=
			 RCP_STATE_ON))
		return false;
	t->guard = 1;
	return true;
}

static inline void
rcp_leave(struct rcp_tls *t)
{
	/* A signal handler between the two sees the guard either way. */
	atomic_signal_fence(memory_order_seq_cst);
	t->guard = 0;
}

/* Within a section: our own code, no longer the real function. */
static inline void
rcp_busy(struct rcp_tls *t)
{
	t->guard++;
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void
rcp_idle(struct rcp_tls *t)
{
	atomic_signal_fence(memory_order_seq_cst);
	t->guard--;
}

#endif

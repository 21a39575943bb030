/* SPDX-License-Identifier: MIT
 *
 * state.h - what emit's files share: the set-up, the emit lock, the rhythm.
 * Internal to src/emit.
 */
#ifndef RCP_EMIT_STATE_H
#define RCP_EMIT_STATE_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "emit/emit.h"
#include "emit/sink.h"

#define RCP_EMIT_PATH PATH_MAX

enum rcp_emit_phase {
	RCP_EMIT_OFF = 0,  /* before the set-up, after the end or a fault */
	RCP_EMIT_ON = 1,
	RCP_EMIT_EXEC = 2, /* an exec is under way: nothing but its failure */
};

struct rcp_emit_state {
	/* Constant after rcp_emit_init(), but for the forked child, which
	 * rewrites them while it has one thread. */
	struct rcp_options options;
	char output[RCP_EMIT_PATH];
	char program[256];
	bool is_root;
	bool forked; /* this process was forked and has not exec'd */
	bool has_python; /* its interpreter is up, or was before the fork */
	bool say_end, is_python;
	uint32_t pid, root_pid;
	uint64_t proc_start, root_start;
	int64_t (*live_bytes)(void);
	void (*beat)(void);
	void (*fault)(const char *why);
	void (*summary)(struct rcp_str *out);

	_Atomic int phase;

	/* The emit lock and the thread that holds it. */
	struct rcp_lock lock;
	_Atomic uint32_t owner;
	bool by_helper; /* the helper holds it */

	/* The helper has something to say, or a fault to report, which only a
	 * thread of the program can. */
	_Atomic bool owes;
	const char *owed_fault; /* its reason; NULL: none */

	/* The rest is the lock's; what the tick looks at is atomic. */
	_Atomic uint64_t next_snapshot; /* ns since start */
	_Atomic uint64_t next_point;    /* of the RSS curve */
	_Atomic uint64_t not_before;    /* no growth snapshot until then */
	_Atomic uint64_t next_growth;   /* no look at the growth until then */
	_Atomic int64_t live_written;   /* live bytes at the last snapshot */
	bool python_ended; /* END_PYTHON is written: no more snapshots */
};
extern struct rcp_emit_state rcp_emit;

/* Takes the emit lock with all signals blocked.  False: this thread holds it
 * already (a signal handler on top of us), this is a forked process that
 * nobody told us of, or (unless WAIT) another thread holds it. */
bool rcp_emit_hold(uint64_t *mask, bool wait);
void rcp_emit_release(const uint64_t *mask);
bool rcp_emit_is_inside(uint32_t tid); /* the first two of these */

/* A thread of the program says and reports what the helper could not. */
void rcp_emit_pay(bool wait);
void rcp_emit_report_fault(void); /* under the lock */

/* Only the root writes on stderr: its children share it, and what befalls
 * them befalls its own file. */
static inline bool
rcp_emit_may_speak(void)
{
	return rcp_emit.is_root && !rcp_emit.forked;
}

static inline bool
rcp_emit_is_on(void)
{
	return atomic_load_explicit(&rcp_emit.phase, memory_order_relaxed) ==
	       RCP_EMIT_ON;
}

/* Whatever is due at NOW, in the helper or in place of it; GROWN asks for a
 * snapshot now.  Unless WAIT nothing is done while another thread is at it.
 * Returns when the next thing is due. */
uint64_t rcp_emit_work(uint64_t now, bool grown, bool wait);

/* No file can be written: says so once and switches emit off.  PATH and the
 * errno.  Under the emit lock. */
void rcp_emit_give_up(const char *path, long error);

/* --- snapshot.c; all under the emit lock ------------------------------- */
long rcp_snapshot_open(void); /* the file with INFO and events; 0, -errno */
bool rcp_snapshot_take(enum rcp_snap_reason reason);
bool rcp_snapshot_points(void); /* only events and RSS points */
bool rcp_snapshot_finish(enum rcp_end reason, int status); /* END */
/* At the end: for want of memory nothing was ever written.  Says so. */
void rcp_snapshot_tell_none(void);
void rcp_snapshot_fork_child(void);

#endif

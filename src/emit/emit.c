/* SPDX-License-Identifier: MIT
 *
 * emit.c - the set-up, the emit lock, the rhythm of snapshots.  Called from slow paths of hooks with the guard taken, and by the
 * helper; no TLS, no errno.
 *
 * Locks, outermost first: the mailbox's, the helper's (start and stop), the
 * emit lock, what sources take, the leaves of events and pairs.
 */
#include "emit/emit.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "emit/events.h"
#include "emit/file.h"
#include "emit/helper.h"
#include "emit/limits.h"
#include "emit/line.h"
#include "emit/os.h"
#include "emit/process.h"
#include "emit/rss.h"
#include "emit/state.h"
#include "emit/table.h"

#define LOOK 1000000000u /* ns: the helper's longest sleep */
#define GROWTH_LOOK 2000000u /* ns between two looks at the growth */
#define GROWTH_SHARE 16
#define GROWTH_LEAST (1 << 20)

struct rcp_emit_state rcp_emit;

/* --- the lock ------------------------------------------------------------ */

bool
rcp_emit_is_inside(uint32_t tid)
{
	return rcp_sys_getpid() != (long)rcp_emit.pid ||
	       atomic_load_explicit(&rcp_emit.owner, memory_order_relaxed) ==
		       tid;
}

bool
rcp_emit_hold(uint64_t *mask, bool wait)
{
	uint32_t tid = (uint32_t)rcp_sys_gettid();

	if (rcp_emit_is_inside(tid))
		return false;
	/* A handler that jumps out of us would leave the lock taken. */
	rcp_os_signals_block(RCP_OS_ALL_SIGNALS & ~RCP_OS_FAULTS, mask);
	if (wait) {
		rcp_lock_take(&rcp_emit.lock);
	} else if (!rcp_lock_try(&rcp_emit.lock)) {
		rcp_os_signals_restore(mask);
		return false;
	}
	atomic_store_explicit(&rcp_emit.owner, tid, memory_order_relaxed);
	rcp_emit.by_helper = rcp_helper_is(tid);
	return true;
}

void
rcp_emit_release(const uint64_t *mask)
{
	if (!rcp_emit.by_helper)
		rcp_fd_rest();
	atomic_store_explicit(&rcp_emit.owner, 0, memory_order_relaxed);
	rcp_lock_drop(&rcp_emit.lock);
	rcp_os_signals_restore(mask);
}

/* --- set-up -------------------------------------------------------------- */

void
rcp_emit_init(const struct rcp_emit_setup *setup)
{
	struct rcp_str output = RCP_STR(rcp_emit.output);
	struct rcp_str program = RCP_STR(rcp_emit.program);
	uint64_t now = rcp_clock_now();

	rcp_str_add(&output, setup->output);
	rcp_str_add(&program, setup->program);
	rcp_emit.options = *setup->options;
	rcp_emit.is_root = setup->is_root;
	rcp_emit.say_end = setup->say_end;
	rcp_emit.is_python = setup->is_python;
	rcp_emit.pid = (uint32_t)rcp_sys_getpid();
	rcp_emit.proc_start = rcp_process_start();
	rcp_emit.root_pid = setup->is_root ? rcp_emit.pid : setup->root_pid;
	rcp_emit.root_start = setup->is_root ? rcp_emit.proc_start
					     : setup->root_start;
	rcp_emit.live_bytes = setup->live_bytes;
	rcp_emit.beat = setup->beat;
	rcp_line_init();
	rcp_rss_init();
	rcp_process_tell();
	atomic_store(&rcp_emit.next_snapshot, now + rcp_emit.options.interval);
	atomic_store(&rcp_emit.next_point, now);
	atomic_store(&rcp_emit.phase, RCP_EMIT_ON);
}

void
rcp_emit_on_fault(void (*fault)(const char *why))
{
	rcp_emit.fault = fault;
}

void
rcp_emit_on_summary(void (*summary)(struct rcp_str *out))
{
	rcp_emit.summary = summary;
}

void
rcp_emit_report_fault(void)
{
	const char *why = rcp_emit.owed_fault;

	rcp_emit.owed_fault = NULL;
	if (why && rcp_emit.fault)
		rcp_emit.fault(why);
}

void
rcp_emit_give_up(const char *path, long error)
{
	int on = RCP_EMIT_ON;

	if (!atomic_compare_exchange_strong(&rcp_emit.phase, &on, RCP_EMIT_OFF))
		return;
	if (rcp_emit_may_speak())
		rcp_line_fault(path, error, "recording is off");
	rcp_emit.owed_fault = rcp_line_reason(error);
	if (rcp_emit.owes)
		return; /* the line has to come from a hook */
	rcp_emit_report_fault();
}

bool
rcp_emit_is_open(void)
{
	return rcp_file_is_open();
}

/* --- the rhythm ---------------------------------------------------------- */

static uint64_t
load(_Atomic uint64_t *time)
{
	return atomic_load_explicit(time, memory_order_relaxed);
}

/* Has the heap grown so much that a snapshot should not wait? */
static bool
has_grown(uint64_t now)
{
	int64_t live, written;

	if (!rcp_emit.live_bytes || now < load(&rcp_emit.not_before) ||
	    now < load(&rcp_emit.next_growth))
		return false;
	/* Adding up what all threads hold is not free. */
	atomic_store_explicit(&rcp_emit.next_growth, now + GROWTH_LOOK,
			      memory_order_relaxed);
	live = rcp_emit.live_bytes();
	written = atomic_load_explicit(&rcp_emit.live_written,
				       memory_order_relaxed);
	return live - written >= GROWTH_LEAST &&
	       live - written >= written / GROWTH_SHARE;
}

/* Under the lock.  The curve keeps its grid unless it is far behind. */
static void
point(uint64_t now)
{
	uint64_t step = rcp_emit.options.rss_interval;
	uint64_t next = load(&rcp_emit.next_point) + step;

	if (next <= now)
		next = now + step;
	atomic_store_explicit(&rcp_emit.next_point, next,
			      memory_order_relaxed);
	rcp_rss_point(now);
	if (rcp_rss_is_full() && rcp_file_is_open())
		rcp_snapshot_points();
}

static _Atomic bool asked; /* by a signal: the next snapshot is its answer */

void
rcp_emit_ask(void)
{
	atomic_store(&asked, true);
	atomic_store(&rcp_emit.next_snapshot, 0);
	rcp_helper_wake();
}

/* Under the lock. */
static void
interval(uint64_t now, enum rcp_snap_reason reason)
{
	if (atomic_exchange(&asked, false))
		reason = RCP_SNAP_REQUEST;
	if (!rcp_emit.python_ended) {
		rcp_snapshot_take(reason);
		return;
	}
	atomic_store_explicit(&rcp_emit.next_snapshot,
			      now + rcp_emit.options.interval,
			      memory_order_relaxed);
	if (rcp_rss_point(now) && rcp_file_is_open())
		rcp_snapshot_points();
}

uint64_t
rcp_emit_work(uint64_t now, bool grown, bool wait)
{
	bool curve = rcp_emit.options.rss_interval != 0;
	uint64_t due, mask;

	if (rcp_emit_hold(&mask, wait)) {
		if (!rcp_emit_is_on())
			;
		else if (now >= load(&rcp_emit.next_snapshot))
			interval(now, RCP_SNAP_INTERVAL);
		else if (grown && now >= load(&rcp_emit.not_before))
			interval(now, RCP_SNAP_GROWTH);
		else if (curve && now >= load(&rcp_emit.next_point))
			point(now);
		else
			rcp_rss_look(now);
		if (wait && rcp_emit_is_on())
			rcp_limits_tend(now);
		rcp_emit_release(&mask);
	}
	due = load(&rcp_emit.next_snapshot);
	if (curve && load(&rcp_emit.next_point) < due)
		due = load(&rcp_emit.next_point);
	return due < now + LOOK ? due : now + LOOK;
}

void
rcp_emit_tick(uint64_t now)
{
	bool grown;

	rcp_emit_pay(false);
	if (!rcp_emit_is_on())
		return;
	grown = has_grown(now);
	if (!rcp_helper_is_running())
		rcp_helper_try_start(now);
	if (rcp_helper_is_running()) {
		if (grown)
			rcp_helper_wake();
		return;
	}
	if (grown || now >= load(&rcp_emit.next_snapshot) ||
	    (rcp_emit.options.rss_interval &&
	     now >= load(&rcp_emit.next_point)))
		rcp_emit_work(now, grown, false);
}

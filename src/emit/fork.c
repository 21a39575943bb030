/* SPDX-License-Identifier: MIT
 *
 * fork.c - emit around fork.  Prepare takes the helper away and the emit lock,
 * so that the child finds nothing half done.  The child starts with nothing
 * of its own: its file is opened by its first snapshot that holds cells, its
 * helper by a later tick.  What is the parent's stays untouched.
 */
#include <stdbool.h>

#include "base/clock.h"
#include "emit/emit.h"
#include "emit/events.h"
#include "emit/file.h"
#include "emit/flush.h"
#include "emit/helper.h"
#include "emit/info.h"
#include "emit/limits.h"
#include "emit/os.h"
#include "emit/process.h"
#include "emit/rss.h"
#include "emit/state.h"
#include "emit/table.h"

/* By the forking thread, between prepare and parent or child. */
static bool held;
static uint64_t held_mask;

void
rcp_emit_fork_prepare(void)
{
	/* Not in a process that was forked behind our back. */
	if (rcp_sys_getpid() != (long)rcp_emit.pid)
		return;
	rcp_helper_freeze();
	held = rcp_emit_hold(&held_mask, true);
	if (!held)
		rcp_helper_thaw();
}

void
rcp_emit_fork_parent(void)
{
	bool ours = held;

	if (rcp_sys_getpid() != (long)rcp_emit.pid)
		return;
	held = false;
	if (ours) {
		rcp_emit_release(&held_mask);
		rcp_helper_thaw();
	}
}

void
rcp_emit_fork_child(void)
{
	uint32_t parent = rcp_emit.pid;
	bool clean = held;
	uint64_t now = rcp_clock_now();

	held = false;
	rcp_emit.pid = (uint32_t)rcp_sys_getpid();
	rcp_emit.forked = true;
	rcp_emit.python_ended = false;
	rcp_emit.proc_start = rcp_process_start();
	rcp_lock_reset(&rcp_emit.lock);
	rcp_info_fork_child();
	rcp_events_fork_child();
	rcp_rss_fork_child();
	rcp_sink_fork_child(clean);
	rcp_snapshot_fork_child();
	rcp_fd_fork_child();
	rcp_file_forget();
	rcp_limits_fork_child();
	atomic_store(&rcp_emit.owner, 0);
	atomic_store(&rcp_emit.live_written, 0);
	atomic_store(&rcp_emit.not_before, 0);
	atomic_store(&rcp_emit.next_growth, 0);
	atomic_store(&rcp_emit.next_point,
		     now + rcp_emit.options.rss_interval);
	atomic_store(&rcp_emit.next_snapshot,
		     now + rcp_emit.options.interval);
	if (rcp_emit_is_on())
		rcp_emit_event_num(RCP_EVENT_FORK, parent);
	rcp_helper_fork_child(clean);
}

/* SPDX-License-Identifier: MIT
 *
 * ask.c - what threads of the program want of emit: the file opened, a
 * snapshot, the end.  The helper does it, because it has the file; they wait.
 * Where there is no helper they do it themselves.  Guard taken, no errno.
 */
#include "emit/emit.h"

#include <errno.h>

#include "base/clock.h"
#include "emit/file.h"
#include "emit/helper.h"
#include "emit/line.h"
#include "emit/mailbox.h"
#include "emit/os.h"
#include "emit/rss.h"
#include "emit/state.h"
#include "emit/table.h"

void
rcp_emit_pay(bool wait)
{
	uint64_t mask;

	if (!atomic_load_explicit(&rcp_emit.owes, memory_order_relaxed) ||
	    !rcp_emit_hold(&mask, wait))
		return;
	atomic_store(&rcp_emit.owes, false);
	rcp_line_owed();
	rcp_emit_report_fault();
	rcp_emit_release(&mask);
}

/* Has JOB done by the helper, which has the file; where there is none, here.
 * False: this thread is at such work already. */
static bool
do_job(struct rcp_job *job)
{
	enum rcp_answer answer;
	uint64_t mask;

	if (rcp_emit_is_inside((uint32_t)rcp_sys_gettid()))
		return false;
	answer = rcp_mailbox_ask(job, rcp_helper_wake_asked);
	if (answer == RCP_ANSWER_INSIDE)
		return false;
	if (answer == RCP_ANSWER_NOBODY) {
		if (!rcp_emit_hold(&mask, true))
			return false;
		job->run(job);
		rcp_emit_release(&mask);
	}
	rcp_emit_pay(true);
	return true;
}

static void
run_open(struct rcp_job *job)
{
	rcp_rss_point(rcp_clock_now());
	rcp_emit.has_python = true;
	rcp_emit.python_ended = false;
	job->result = rcp_snapshot_open();
}

int
rcp_emit_open(void)
{
	struct rcp_job job = { .run = run_open };

	if (!rcp_emit_is_on() || !do_job(&job))
		return -EDEADLK;
	return (int)job.result;
}

static void
run_snapshot(struct rcp_job *job)
{
	job->result = rcp_emit_is_on() &&
		      rcp_snapshot_take((enum rcp_snap_reason)job->reason);
	rcp_emit.python_ended = job->reason == RCP_SNAP_END_PYTHON &&
				rcp_emit.is_python;
}

bool
rcp_emit_snapshot(enum rcp_snap_reason reason)
{
	struct rcp_job job = { .run = run_snapshot, .reason = (int)reason };

	return rcp_emit_is_on() && do_job(&job) && job.result;
}

static void
run_end(struct rcp_job *job)
{
	if (rcp_emit_is_on() && !rcp_emit.python_ended)
		rcp_snapshot_take(RCP_SNAP_EXIT);
	if (rcp_emit_is_on() && rcp_file_is_open()) {
		rcp_rss_point(rcp_clock_now());
		rcp_snapshot_finish((enum rcp_end)job->reason, job->status);
		job->result = true;
	} else if (rcp_emit_is_on()) {
		rcp_snapshot_tell_none();
	}
	atomic_store(&rcp_emit.phase, RCP_EMIT_OFF);
}

void
rcp_emit_end(enum rcp_end reason, int status)
{
	struct rcp_job job = {
		.run = run_end,
		.reason = (int)reason,
		.status = status,
	};
	uint64_t mask;
	bool done;

	if (rcp_sys_getpid() != (long)rcp_emit.pid)
		return;
	rcp_emit_pay(true);
	if (!rcp_emit_is_on())
		return;
	done = do_job(&job);
	rcp_emit_helper_stop();
	if (!done || !job.result || !rcp_emit_hold(&mask, true))
		return;
	rcp_line_end(rcp_file_path());
	rcp_emit_release(&mask);
}

static void
run_exec(struct rcp_job *job)
{
	(void)job;
	if (!rcp_emit_is_on())
		return;
	if (!rcp_emit.python_ended)
		rcp_snapshot_take(RCP_SNAP_EXEC);
	rcp_snapshot_finish(RCP_END_EXEC, 0);
	if (rcp_emit_is_on())
		atomic_store(&rcp_emit.phase, RCP_EMIT_EXEC);
}

void
rcp_emit_exec(const char *path)
{
	struct rcp_job job = { .run = run_exec };

	if (!rcp_emit_is_on() || rcp_sys_getpid() != (long)rcp_emit.pid ||
	    !rcp_file_is_open())
		return;
	rcp_emit_event(RCP_EVENT_EXEC, path);
	do_job(&job);
	rcp_emit_helper_stop();
}

void
rcp_emit_exec_failed(int error)
{
	int exec = RCP_EMIT_EXEC;

	if (rcp_sys_getpid() != (long)rcp_emit.pid ||
	    !atomic_compare_exchange_strong(&rcp_emit.phase, &exec,
					    RCP_EMIT_ON))
		return;
	rcp_emit_event_num(RCP_EVENT_EXEC_FAILED, (uint64_t)error);
}

/* --- a change of identity ------------------------------------------------ */

void
rcp_emit_identity_begin(void)
{
	uint64_t mask;

	rcp_emit_helper_stop();
	if (!rcp_emit_is_on() || !rcp_file_is_open() ||
	    !rcp_emit_hold(&mask, true))
		return;
	if (rcp_file_ready() == 0)
		rcp_fd_keep(RCP_FD_PROFILE);
	if (rcp_rss_open())
		rcp_fd_keep(RCP_FD_STATM);
	rcp_emit_release(&mask);
}

static bool
is_within_reach(void)
{
	return rcp_file_ready() == 0;
}

void
rcp_emit_identity_end(void)
{
	uint64_t mask;

	if (!rcp_file_is_open() || !rcp_emit_hold(&mask, true))
		return;
	rcp_fd_unkeep(RCP_FD_PROFILE, is_within_reach);
	rcp_fd_unkeep(RCP_FD_STATM, rcp_rss_open);
	if (rcp_fd_is_kept(RCP_FD_PROFILE))
		rcp_emit_coverage(RCP_COVER_NOTE "descriptor",
				  "the profile can not be opened again since "
				  "the program has given up rights: one "
				  "descriptor of it stays in the program");
	rcp_emit_release(&mask);
}

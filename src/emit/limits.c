/* SPDX-License-Identifier: MIT
 *
 * limits.c - see limits.h: when this process's own profile is written anew,
 * and what happens when that does not help.
 *
 * Under the emit lock, in the helper or in a thread of the program: raw
 * system calls, no TLS.  The helper makes room early and drops everything
 * when it is asked to stop; otherwise the thread that has something to write
 * makes it when it must.
 */
#include "emit/limits.h"

#include <errno.h>

#include "base/clock.h"
#include "base/str.h"
#include "emit/family.h"
#include "emit/file.h"
#include "emit/helper.h"
#include "emit/ladder.h"
#include "emit/state.h"
#include "emit/swap.h"
#include "emit/table.h"
#include "emit/thin.h"

#define RESERVE 1024u        /* for the file's end */
#define RETRY 60000000000u   /* ns from a failure to the next attempt */
#define AGAIN 1000000000u    /* ns from an interruption */
#define REST 20              /* times what a rewriting took */
#define STRETCH_MAX 12

static struct {
	uint64_t merged;
	uint64_t not_before; /* of early rewritings */
	uint64_t no_hope_until;
	uint64_t rest_until;
	bool stuck;          /* it can not be replaced where it is */
	bool told;
} limits;

static uint64_t
cap(void)
{
	uint64_t own = rcp_emit.options.file_limit, share = rcp_family_cap();

	return own < share ? own : share;
}

uint64_t
rcp_limits_merged(void)
{
	return limits.merged;
}

static void
tell(void)
{
	char text[128];
	struct rcp_str s = RCP_STR(text);

	if (limits.told)
		return;
	limits.told = true;
	rcp_str_add(&s, "the profile has reached its limit of ");
	rcp_str_size(&s, cap());
	rcp_str_add(&s, ": older snapshots are merged");
	rcp_emit_event(RCP_EVENT_LIMIT, text);
}

/* The committed part as thin as RUNG says, in a file that takes the place of
 * ours if it has at most JOB->most bytes. */
static long
thin(struct rcp_thin *job, unsigned rung)
{
	long error;

	rcp_ladder_set(job, rung, cap());
	error = rcp_swap_begin(rcp_file_path(), job->from);
	if (error < 0)
		return error;
	job->to = (int)error;
	error = rcp_thin_run(job);
	if (error < 0) {
		rcp_swap_drop();
		return error;
	}
	error = rcp_swap_end(rcp_file_path());
	if (error < 0)
		return error;
	rcp_file_replaced(job->written - job->tail, job->written);
	limits.merged = job->merged;
	return 0;
}

/* Half of the cap; where much of the file can not be thinned out, half of
 * what is left beside it. */
static uint64_t
goal(uint64_t most, uint64_t fixed)
{
	uint64_t half = cap() / 2 < most ? cap() / 2 : most;

	if (fixed < most && fixed + (most - fixed) / 2 > half)
		half = fixed + (most - fixed) / 2;
	return half;
}

/* Rung by rung, until it is enough; at last MOST bytes are. */
static long
shrink(uint64_t most, bool (*stop)(void))
{
	uint64_t committed = rcp_file_committed();
	struct rcp_thin job = {
		.size = committed,
		.tail = rcp_file_size() - committed,
		.stop = stop,
	};
	long from = rcp_file_source(), error = -EFBIG;

	limits.stuck = from < 0;
	if (from < 0)
		return from;
	job.from = (int)from;
	for (unsigned rung = 0; rung < RCP_LADDER_RUNGS && error == -EFBIG;
	     rung++) {
		/* At the end of each half: before marks lose their snapshots,
		 * and before ours is lost. */
		bool last = (rung + 1) % (RCP_LADDER_RUNGS / 2) == 0;

		job.most = last ? most : goal(most, job.fixed + job.tail);
		error = thin(&job, rung);
	}
	limits.stuck = error == -EACCES || error == -EROFS || error == -EPERM;
	if (error == 0)
		tell();
	return error;
}

long
rcp_limits_room(uint64_t len, bool end)
{
	uint64_t size = rcp_file_size(), most = cap(), begun, now;
	long error;

	if (!end)
		most -= RESERVE;
	if (len <= most && size <= most - len)
		return 0;
	begun = rcp_clock_now();
	if (len > most || (begun < limits.no_hope_until && !end))
		return -EOVERFLOW;
	error = shrink(most - len, NULL);
	now = rcp_clock_now();
	limits.rest_until = now + REST * (now - begun);
	if (error < 0)
		limits.no_hope_until = now + RETRY;
	return error == -EFBIG ? -EOVERFLOW : error;
}

void
rcp_limits_tend(uint64_t now)
{
	long error;

	rcp_family_tend(now);
	if (!rcp_file_is_open() || now < limits.not_before ||
	    rcp_file_size() <= cap() / 16 * 14 || rcp_file_ready() < 0)
		return;
	error = shrink(cap() / 16 * 12, rcp_helper_is_wanted);
	if (error < 0)
		limits.not_before = rcp_clock_now() +
				    (error == -ECANCELED ? AGAIN : RETRY);
}

uint64_t
rcp_limits_interval(uint64_t wait, uint64_t took)
{
	uint64_t now = rcp_clock_now(), room = 0, least = cap() / 8;

	if (limits.rest_until > now && limits.rest_until - now + took > wait)
		wait = limits.rest_until - now + took;
	if (!limits.stuck)
		return wait;
	/* What cannot be thinned out grows ever more slowly. */
	if (rcp_file_size() < cap())
		room = cap() - rcp_file_size();
	for (int i = 0; i < STRETCH_MAX && room < least; i++, least /= 2)
		wait *= 2;
	return wait;
}

void
rcp_limits_fork_child(void)
{
	limits.merged = limits.not_before = 0;
	limits.no_hope_until = limits.rest_until = 0;
	rcp_family_fork_child();
	limits.stuck = limits.told = false;
}

/* SPDX-License-Identifier: MIT
 *
 * snapshot.c - one snapshot: begin, drain every source, end; whether it is a
 * keyframe, and what happens when it can not be written.
 *
 * Under the emit lock, in the helper or in a thread of the program: no TLS,
 * no errno, little stack.
 *
 * A snapshot that is lost costs nothing but time resolution: the file is cut
 * back to where it was, RSS points and events stay, and the next one is a
 * keyframe in a new generation, so that definitions are written again.
 */
#include "emit/events.h"
#include "emit/file.h"
#include "emit/flush.h"
#include "emit/info.h"
#include "emit/limits.h"
#include "emit/line.h"
#include "emit/rss.h"
#include "emit/state.h"

#include <errno.h>

#include "base/clock.h"
#include "base/str.h"

#define KEYFRAME_SNAPSHOTS 64
#define KEYFRAME_WEIGHT 4
#define GROWTH_PAUSE 20000000u /* ns between two growth snapshots */
#define GROWTH_REST 20         /* and this many times what one took */
#define PATIENCE 60000000000u  /* ns: the longest pause after losses */

static struct rcp_source *sources, **last_source = &sources;

static struct {
	uint64_t seq; /* of the last one in the file */
	uint32_t generation;
	bool need_keyframe;
	uint64_t since, since_bytes; /* snapshots and bytes after the last
					keyframe */
	uint64_t keyframe_bytes;
	uint64_t lost, lost_written; /* all, and those the file tells of */
	long error;         /* of the last loss */
	uint64_t last_time; /* of the last one in the file */
	unsigned streak; /* lost one after another */
	bool told;
} state = { .generation = 1, .need_keyframe = true };

void
rcp_emit_register(struct rcp_source *source)
{
	source->next = NULL;
	*last_source = source;
	last_source = &source->next;
}

static bool
keyframe_is_due(void)
{
	return state.need_keyframe ||
	       (state.since >= KEYFRAME_SNAPSHOTS &&
		state.since_bytes > KEYFRAME_WEIGHT * state.keyframe_bytes);
}

/* When the next one is due; later and later while they are lost. */
static void
schedule(uint64_t begun)
{
	uint64_t now = rcp_clock_now(), pause = GROWTH_REST * (now - begun);
	uint64_t wait = rcp_emit.options.interval;

	for (unsigned i = 0; i < state.streak && wait < PATIENCE; i++)
		wait *= 2;
	wait = rcp_limits_interval(wait, now - begun);
	if (pause < GROWTH_PAUSE)
		pause = GROWTH_PAUSE;
	if (state.streak && pause < wait)
		pause = wait;
	atomic_store_explicit(&rcp_emit.next_snapshot, begun + wait,
			      memory_order_relaxed);
	atomic_store_explicit(&rcp_emit.not_before, now + pause,
			      memory_order_relaxed);
}

/* WHOLE: a snapshot, not just notes, which are kept for the next time. */
static void
lose(long error, bool whole)
{
	state.lost += whole;
	state.streak += whole;
	state.error = error;
	state.need_keyframe = true;
	state.generation++;
	if (state.told || !rcp_emit_is_on() || !rcp_emit_may_speak() ||
	    error == -ENOMEM)
		return;
	state.told = true;
	rcp_line_fault(rcp_file_path(), error,
		       "snapshots are dropped until it can be written");
}

/* The file can not be reached now: nothing was drained, nothing is lost but
 * this moment. */
static bool
is_ready(bool whole)
{
	long error = rcp_file_ready();

	if (error == 0)
		return true;
	lose(error, whole);
	return false;
}

static void
settle(const struct rcp_snap *snap, uint64_t bytes, long error, bool whole)
{
	if (error < 0) {
		lose(error, whole);
	} else if (whole) {
		state.seq = snap->seq;
		state.lost_written = state.lost;
		state.last_time = snap->time;
		state.streak = 0;
		state.need_keyframe = false;
		state.since++;
		state.since_bytes += bytes;
		if (snap->keyframe) {
			state.since = state.since_bytes = 0;
			state.keyframe_bytes = bytes;
		}
	}
	for (struct rcp_source *s = sources; s; s = s->next)
		if (s->settled)
			s->settled(error == 0);
	rcp_rss_settled(error == 0);
	rcp_events_settled(error == 0);
}

/* Is there reason enough to write a snapshot, or only the notes, or nothing
 * at all? */
static bool
is_whole(const struct rcp_sink *sink, const struct rcp_snap *snap, bool point)
{
	if (snap->reason != RCP_SNAP_INTERVAL &&
	    snap->reason != RCP_SNAP_GROWTH)
		return true;
	/* The file's end in time must move on: without a curve by an empty
	 * snapshot. */
	return !point || rcp_sink_has_news(sink);
}

/* No file is opened for idleness.  A forked process that ends before its
 * first interval leaves one only if Python runs in it and it has recorded
 * something: a shell's subshells come and go by the hundred. */
static bool
is_worth_a_file(const struct rcp_sink *sink, enum rcp_snap_reason reason)
{
	bool cells = rcp_sink_has_cells(sink);

	if (rcp_file_is_open())
		return true;
	switch (reason) {
	case RCP_SNAP_INTERVAL:
	case RCP_SNAP_GROWTH:
	case RCP_SNAP_EXEC:
	case RCP_SNAP_FORK:
		return cells;
	case RCP_SNAP_EXIT:
	case RCP_SNAP_END_PYTHON:
		return !rcp_emit.forked ||
		       (cells && (rcp_emit.has_python ||
				  rcp_emit.options.follow == RCP_FOLLOW_ALL));
	case RCP_SNAP_MARK:
	case RCP_SNAP_REQUEST:
		break;
	}
	return true;
}

static struct rcp_snap
prepare(enum rcp_snap_reason reason)
{
	return (struct rcp_snap){
		.seq = state.seq + 1,
		.time = rcp_clock_now(),
		.keyframe = keyframe_is_due(),
		.reason = reason,
		.file_generation = state.generation,
	};
}

static void
drain_notes(struct rcp_sink *sink)
{
	rcp_info_drain(sink, state.generation);
	rcp_rss_drain(sink);
}

static void
drain_all(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	drain_notes(sink);
	for (struct rcp_source *s = sources; s; s = s->next)
		s->drain(sink, snap);
	rcp_sink_total(sink, RCP_TOTAL_RSS, rcp_rss_last());
	rcp_sink_total(sink, RCP_TOTAL_RSS_PEAK, rcp_rss_peak());
	rcp_sink_total(sink, RCP_TOTAL_SNAPSHOTS_LOST, state.lost);
	rcp_sink_total(sink, RCP_TOTAL_SNAPSHOTS_MERGED, rcp_limits_merged());
}

bool
rcp_snapshot_take(enum rcp_snap_reason reason)
{
	struct rcp_snap snap = prepare(reason);
	struct rcp_sink *sink;
	bool point, whole = true;
	long error = -ECANCELED;

	if (rcp_emit.live_bytes)
		atomic_store_explicit(&rcp_emit.live_written,
				      rcp_emit.live_bytes(),
				      memory_order_relaxed);
	if (is_ready(true)) {
		point = rcp_rss_point(snap.time);
		sink = rcp_sink_begin(&snap);
		drain_all(sink, &snap);
		if (is_worth_a_file(sink, reason)) {
			whole = is_whole(sink, &snap, point);
			error = rcp_sink_finish(sink, whole ? RCP_SINK_SNAPSHOT
							    : RCP_SINK_NOTES);
			settle(&snap, rcp_sink_written(sink), error, whole);
		} else {
			/* Whatever was drained is in no file. */
			state.generation++;
			state.need_keyframe = true;
			rcp_rss_settled(false);
		}
	}
	schedule(snap.time);
	return error == 0;
}

/* Notes without a snapshot, and END if REASON is not 0. */
static long
write_notes(enum rcp_end reason, int status)
{
	struct rcp_snap snap = prepare(RCP_SNAP_INTERVAL);
	struct rcp_sink *sink;
	long error;

	if (!is_ready(false))
		return -EIO;
	sink = rcp_sink_begin(&snap);
	drain_notes(sink);
	if (reason)
		rcp_sink_put_end(sink, reason, status, state.lost);
	error = rcp_sink_finish(sink, RCP_SINK_NOTES);
	settle(&snap, 0, error, false);
	return error;
}

bool
rcp_snapshot_points(void)
{
	return write_notes(0, 0) == 0;
}

long
rcp_snapshot_open(void)
{
	long error = 0;

	if (!rcp_file_is_open())
		error = write_notes(0, 0);
	return rcp_file_is_open() ? 0 : error;
}

/* No SNAP_END counts the last losses. */
static void
tell_missing(void)
{
	uint64_t ms = (rcp_clock_now() - state.last_time) / 1000000u;
	uint64_t n = state.lost - state.lost_written;
	char text[160];
	struct rcp_str s = RCP_STR(text);

	rcp_str_add(&s, rcp_line_reason(state.error));
	rcp_str_add(&s, ": ");
	rcp_str_u64(&s, n);
	rcp_str_add(&s, n == 1 ? " snapshot" : " snapshots");
	rcp_str_add(&s, " could not be written, the last ");
	rcp_str_u64(&s, ms / 1000);
	rcp_str_char(&s, '.');
	rcp_str_u64_pad(&s, ms % 1000, 3);
	rcp_str_add(&s, " s are missing");
	rcp_emit_event(RCP_EVENT_LIMIT, text);
}

bool
rcp_snapshot_finish(enum rcp_end reason, int status)
{
	struct rcp_snap snap;
	struct rcp_sink *sink;

	if (state.lost > state.lost_written)
		tell_missing();
	if (write_notes(reason, status) < 0) {
		if (rcp_file_ready() < 0)
			return false;
		/* Points and events may take more than there is. */
		snap = prepare(RCP_SNAP_INTERVAL);
		sink = rcp_sink_begin(&snap);
		rcp_sink_put_end(sink, reason, status, state.lost);
		if (rcp_sink_finish(sink, RCP_SINK_END) < 0)
			return false;
	}
	state.lost_written = state.lost;
	return true;
}

void
rcp_snapshot_tell_none(void)
{
	if (rcp_file_is_open() || state.error != -ENOMEM || state.told ||
	    !rcp_emit_may_speak())
		return;
	state.told = true;
	rcp_line_fault(rcp_emit.output, state.error,
		       "there is no profile");
}

void
rcp_snapshot_fork_child(void)
{
	state.seq = 0;
	state.generation++;
	state.need_keyframe = true;
	state.since = state.since_bytes = state.keyframe_bytes = 0;
	state.lost = state.lost_written = state.streak = 0;
	state.last_time = rcp_clock_now();
}

/* SPDX-License-Identifier: MIT
 *
 * emit_limits.c - a day's worth of snapshots under the cap on a file's size:
 * the cap holds at every moment, and what is kept says what it said.
 */
#include "unit/emit_day.h"

#include "emit/ladder.h"

#define HOURS 24u

static struct day_file *whole; /* the day without a limit */

static void
mark(void)
{
	if (day_now % (3600 * DAY_SECOND) != 1800 * DAY_SECOND)
		return;
	rcp_emit_event(RCP_EVENT_MARK, "half past");
	rcp_emit_snapshot(RCP_SNAP_MARK);
}

/* The highest size that was ever seen. */
static uint64_t
live(const char *name, uint64_t limit, unsigned hours, bool early)
{
	uint64_t most = 0, size;

	day_start(name, limit, 5);
	if (!whole)
		rcp_emit.options.rss_interval = 0;
	for (unsigned i = 0; i < hours * 36000; i++) {
		day_tick(early);
		if (i % 10 != 9)
			continue;
		mark();
		size = size_of(name);
		if (size > most)
			most = size;
	}
	rcp_emit_end(RCP_END_EXIT, 0);
	return most;
}

static const struct day_snap *
same_in_whole(const struct day_snap *snap)
{
	for (size_t i = 0; i < whole->count; i++)
		if (whole->snaps[i].seq == snap->seq)
			return &whole->snaps[i];
	return NULL;
}

static unsigned
count_reason(const struct day_file *f, enum rcp_snap_reason reason)
{
	unsigned n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->snaps[i].reason == reason;
	return n;
}

/* ns from the snapshot I to the one before it. */
static uint64_t
gap_before(const struct day_file *f, size_t i)
{
	return f->snaps[i].time - f->snaps[i - 1].time;
}

static void
check_states(const struct day_file *f)
{
	unsigned other = 0, missing = 0, wrong = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct day_snap *s = same_in_whole(&f->snaps[i]);

		if (f->snaps[i].reason == RCP_SNAP_EXIT)
			continue;
		if (!s || s->time != f->snaps[i].time ||
		    s->reason != f->snaps[i].reason)
			missing++;
		else if (s->hash != f->snaps[i].hash)
			other++;
		wrong += i + 1 == f->count &&
			 f->snaps[i].merged != f->snaps[i].seq - f->count;
	}
	is_int(missing, 0, "each snapshot is one of the whole day's");
	is_int(other, 0, "and has the same cells, bytes, peaks");
	is_int(wrong, 0, "the last counts those that are missing");
}

static void
check_gaps(const struct day_file *f)
{
	unsigned backwards = 0;
	uint64_t widest = 0;

	for (size_t i = 1; i < f->count; i++) {
		uint64_t gap = gap_before(f, i);

		backwards += f->snaps[i].time < f->snaps[i - 1].time;
		if (gap > widest)
			widest = gap;
	}
	is_int(backwards, 0, "in the order of time");
	ok(widest > DAY_SECOND && widest <= 7200 * DAY_SECOND,
	   "old ones stand apart, by %llu s at most",
	   (unsigned long long)(widest / DAY_SECOND));
	is_int((long)gap_before(f, f->count - 5), DAY_SECOND,
	       "the newest do not");
	ok(f->widest <= 4 * 3600 * DAY_SECOND && f->widest > DAY_SECOND,
	   "the curve has a point every %.1f s at least",
	   (double)f->widest / 1e9);
}

static void
limited(const char *name, uint64_t limit, unsigned hours, bool early)
{
	uint64_t most = live(name, limit, hours, early);
	struct day_file *f = day_read(name);

	ok(most <= limit, "never more than %llu bytes: %llu",
	   (unsigned long long)limit, (unsigned long long)most);
	ok(most > limit / 2, "and not much less");
	ok(f->good, "the file is whole and right");
	ok(f->snaps[f->count - 1].time / DAY_SECOND == hours * 3600,
	   "the last snapshot is the last");
	check_states(f);
	check_gaps(f);
	is_int((long)f->nameless, 0, "a thread has its name");
	ok(f->threads < 4 * f->count, "not all %llu are kept: %llu",
	   (unsigned long long)f->snaps[f->count - 1].seq,
	   (unsigned long long)f->threads);
	is_int((long)f->marks, hours, "all marks are there");
	is_int(count_reason(f, RCP_SNAP_MARK), hours, "with their snapshots");
	ok(f->highest == DAY_SUMMIT, "the curve's summit stays");
	diag("%zu of %llu snapshots, %llu of %u points", f->count,
	     (unsigned long long)f->snaps[f->count - 1].seq,
	     (unsigned long long)f->points, hours * 36000);
	is_str(util_find(".new"), "", "nothing is left behind");
	day_free(f);
}

static void
test_early(void)
{
	limited("early", 3u << 20, HOURS, true);
}

static void
test_late(void)
{
	limited("late", 2u << 20, HOURS / 4, false);
}

/* --- the rewriting by itself -------------------------------------------- */

static bool ask_for_stop;

static bool
stopped(void)
{
	return ask_for_stop;
}

/* "whole" as thin as RUNG says into NAME; what thin.c says. */
static long
thin(const char *name, unsigned rung, uint32_t rows, uint64_t most)
{
	struct rcp_thin job = { .rows = rows, .most = most, .stop = stopped };
	long error;

	job.from = open(util_path("whole"), O_RDONLY);
	job.to = open(util_path(name), O_RDWR | O_CREAT | O_TRUNC, 0600);
	job.size = size_of("whole");
	rcp_ladder_set(&job, rung, job.size);
	error = rcp_thin_run(&job);
	close(job.from);
	close(job.to);
	return error;
}

/* Tables that are too small for a run's cells: it takes several passes. */
static void
test_passes(void)
{
	static const uint32_t rows[] = { 700, 300, 1 };

	is_int(thin("one", 7, 0, UINT64_MAX), 0, "one pass");
	for (unsigned i = 0; i < 3; i++) {
		struct day_file *a, *b;
		unsigned other = 0;

		is_int(thin("more", i == 2 ? 0 : 7, rows[i], UINT64_MAX), 0,
		       "%u rows", rows[i]);
		if (i == 2)
			thin("one", 0, 0, UINT64_MAX);
		a = day_read("one");
		b = day_read("more");
		for (size_t n = 0; n < a->count && n < b->count; n++)
			other += a->snaps[n].hash != b->snaps[n].hash;
		ok(a->good && b->good && a->count == b->count && !other,
		   "say the same of %zu snapshots", a->count);
		day_free(a);
		day_free(b);
	}
}

static void
test_ladder(void)
{
	uint64_t last = UINT64_MAX;
	unsigned larger = 0, wrong = 0;

	for (unsigned rung = 0; rung < RCP_LADDER_RUNGS / 2; rung++) {
		struct day_file *f;

		wrong += thin("rung", rung, 0, UINT64_MAX) != 0;
		f = day_read("rung");
		wrong += !f->good || f->snaps[f->count - 1].hash !=
				     whole->snaps[whole->count - 1].hash;
		larger += f->size > last;
		last = f->size;
		diag("rung %u: %zu snapshots, %llu bytes", rung, f->count,
		     (unsigned long long)f->size);
		day_free(f);
	}
	is_int(wrong, 0, "each rung makes a file whose end is the same");
	is_int(larger, 0, "that is no larger than the last");
	is_int(thin("none", 9 + 8, 0, UINT64_MAX), 0, "the last rung");
	ok(size_of("none") < last, "is the smallest");
}

static void
test_refused(void)
{
	struct stat st;

	is_int(thin("big", 0, 0, 100000), -EFBIG, "more than it may write");
	ok(size_of("big") <= 100000, "is not written");
	ask_for_stop = true;
	is_int(thin("stop", 0, 0, UINT64_MAX), -ECANCELED, "it can be stopped");
	ask_for_stop = false;
	if (stat(util_path("whole"), &st) < 0 ||
	    truncate(util_path("whole"), st.st_size - 1) < 0)
		diag("not cut");
	is_int(thin("cut", 0, 0, UINT64_MAX), -EBADMSG, "a file that is cut");
}

static void
make_whole(void)
{
	live("whole", 1ull << 40, HOURS, true);
}

int
main(void)
{
	util_make_dir();
	in_fork("a day without a limit", make_whole);
	whole = day_read("whole");
	ok(whole->good && whole->count >= HOURS * 3600 + HOURS,
	   "%zu snapshots, %llu bytes", whole->count,
	   (unsigned long long)whole->size);
	in_fork("room is made early", test_early);
	in_fork("room is made when it must", test_late);
	in_fork("cells in several passes", test_passes);
	in_fork("each rung of the ladder", test_ladder);
	in_fork("what can not be done", test_refused);
	day_free(whole);
	util_remove();
	return done_testing();
}

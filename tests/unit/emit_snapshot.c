/* SPDX-License-Identifier: MIT
 *
 * emit_snapshot.c - what stands in the file: differences, keyframes, events,
 * pairs, the curve, the end.
 */
#include "unit/emit_util.h"

#include <sys/utsname.h>

static void
test_first(void)
{
	struct util_file *f;
	struct utsname name;
	char want[300];

	util_prepare("%n.%p.rcprof");
	util_start();
	is_int(rcp_emit_open(), 0, "open");
	ok(rcp_emit_is_open(), "is open");
	snprintf(want, sizeof(want), "app.%d.rcprof", getpid());
	f = util_read(want);
	ok(f->whole && f->sane, "a file without a snapshot is whole");
	is_int(f->mode, 0600, "its mode");
	is_int(f->header.pid, getpid(), "pid");
	is_int(f->header.ppid, getppid(), "ppid");
	is_int(f->header.root_pid, getpid(), "the root is itself");
	ok(f->header.proc_start != 0 &&
		   f->header.root_start == f->header.proc_start,
	   "start times");
	is_int(f->header.page_size, sysconf(_SC_PAGESIZE), "page size");
	is_int(f->header.clock_ticks, sysconf(_SC_CLK_TCK), "clock ticks");
	uname(&name);
	snprintf(want, sizeof(want), "host=%s;", name.nodename);
	ok(strstr(f->info, want) && strstr(f->info, "program=app;") &&
		   strstr(f->info, "interval_ns=1000000000;") &&
		   strstr(f->info, "mode=sample;") &&
		   strstr(f->info, "command=") && strstr(f->info, "cwd=/") &&
		   strstr(f->info, "exe=/"),
	   "INFO");

	util_count(1, 5);
	util_count(64, 1);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "the first snapshot");
	util_count(1, 2);
	rcp_emit_info("python", "3.12.1");
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "the second");
	f = util_read(util_find("app."));
	ok(f->whole && f->sane && util_equal(f), "differences add up");
	is_int(f->snapshots, 2, "snapshots");
	is_int(f->keyframes, 1, "the first one is a keyframe");
	is_int(f->chunks[RCP_CHUNK_SITE], 1, "sites are written once");
	ok(strstr(f->info, "python=3.12.1;"), "INFO that came later");
	ok(f->totals[RCP_TOTAL_RSS] > 100000 &&
		   f->totals[RCP_TOTAL_RSS_PEAK] >= f->totals[RCP_TOTAL_RSS],
	   "resident bytes");
	is_int(util.settled, 3, "sources hear that it was written");

	rcp_emit_end(RCP_END_EXIT, 3);
	f = util_read(util_find("app."));
	ok(f->whole && f->end == RCP_END_EXIT && f->status == 3 &&
		   f->reasons[RCP_SNAP_EXIT] == 1,
	   "END with the status");
	ok(!rcp_emit_snapshot(RCP_SNAP_REQUEST), "nothing after the end");
	is_int(util_read(util_find("app."))->snapshots, 3, "nothing at all");
}

static void
test_marks(void)
{
	struct util_file *f;
	char text[1500];

	util_prepare("marks");
	util_start();
	rcp_emit_event(RCP_EVENT_MARK, "loaded");
	ok(rcp_emit_snapshot(RCP_SNAP_MARK), "a mark opens the file");
	f = util_read("marks");
	ok(f->whole && f->events[RCP_EVENT_MARK] == 1 && f->snapshots == 1 &&
		   f->reasons[RCP_SNAP_MARK] == 1,
	   "and is in it");
	is_str(f->text, "loaded", "its text");
	/* 999 bytes, then characters of two: 1,000 would cut one. */
	memset(text, 'x', 999);
	for (size_t i = 999; i < 1499; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[1499] = '\0';
	rcp_emit_event(RCP_EVENT_MARK, text);
	rcp_emit_event_num(RCP_EVENT_FORK, 99);
	rcp_emit_snapshot(RCP_SNAP_MARK);
	f = util_read("marks");
	is_int(f->number, 99, "an event with a number");
	is_int(f->events[RCP_EVENT_MARK], 2, "no event twice");
	rcp_emit_event(RCP_EVENT_MARK, text);
	rcp_emit_snapshot(RCP_SNAP_MARK);
	is_int((long)strlen(util_read("marks")->text), 999,
	       "a long text is cut between characters");
}

/* More events than there is room for: some are lost, and that is said. */
static void
test_event_flood(void)
{
	struct util_file *f;
	char text[900];

	util_prepare("flood");
	util_start();
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 200; i++)
		rcp_emit_event(RCP_EVENT_LIMIT, text);
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	f = util_read("flood");
	ok(f->events[RCP_EVENT_LIMIT] > 60 && f->events[RCP_EVENT_LIMIT] < 80,
	   "a flood is bounded: %u", f->events[RCP_EVENT_LIMIT]);
	snprintf(text, sizeof(text), "note.events=%u events found no room",
		 200 - f->events[RCP_EVENT_LIMIT]);
	ok(strstr(f->info, text), "the rest is counted");
	rcp_emit_event(RCP_EVENT_PAUSE, NULL);
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	f = util_read("flood");
	ok(f->whole && f->events[RCP_EVENT_PAUSE] == 1, "and it goes on");
}

static void
test_keyframes(void)
{
	struct util_file *f;

	util_prepare("keys");
	util_start();
	for (int i = 1; i <= UTIL_CELLS; i++)
		util_count((unsigned)i, 1000000);
	for (int i = 0; i < 600; i++) {
		util_count(1, 1);
		rcp_emit_snapshot(RCP_SNAP_REQUEST);
	}
	f = util_read("keys");
	ok(f->whole && f->sane && util_equal(f) && f->snapshots == 600,
	   "600 snapshots");
	ok(f->keyframes >= 2 && f->keyframes <= 600 / 64 + 1,
	   "keyframes now and then: %u", f->keyframes);
	is_int(util.keyframes, f->keyframes, "as sources were told");
}

static void
test_large(void)
{
	struct util_file *f;

	util_prepare("large");
	util_start();
	util.filler = 5000;
	for (int i = 1; i <= UTIL_CELLS; i++)
		util_count((unsigned)i, 7);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "5 MB in one snapshot");
	f = util_read("large");
	ok(f->whole && f->sane && util_equal(f) && f->snapshots == 1 &&
		   f->size > 5000000,
	   "are all there");
	ok(f->chunks[RCP_CHUNK_STRING] > 3, "written in pieces");
	util.filler = 0;
	util_count(3, 1);
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
	ok(util_equal(util_read("large")), "small ones follow");
}

/* Ticks take the place of the helper, which is not started here. */
static void
test_idle(void)
{
	struct util_file *f;
	uint64_t size, last = 0;

	util_prepare("idle");
	util_options.mode = RCP_MODE_IDLE; /* no helper */
	util_options.interval = 20000000;
	util_options.rss_interval = 5000000;
	util_start();
	rcp_emit_tick(rcp_clock_now());
	util_sleep(0.03);
	rcp_emit_tick(rcp_clock_now());
	ok(!rcp_emit_is_open(), "an idle process has no file");
	util_count(1, 1);
	util_sleep(0.03);
	rcp_emit_tick(rcp_clock_now());
	f = util_read("idle");
	ok(f->whole && f->snapshots == 1 &&
		   f->reasons[RCP_SNAP_INTERVAL] == 1,
	   "a due tick takes a snapshot");
	size = f->size;
	for (int i = 0; i < 10; i++) {
		util_sleep(0.03);
		last = rcp_clock_now();
		rcp_emit_tick(last);
	}
	f = util_read("idle");
	is_int(f->snapshots, 1, "an idle interval writes no snapshot");
	ok(f->chunks[RCP_CHUNK_RSS] >= 9 && f->rss > 0,
	   "but a point of the curve");
	ok(f->size - size <= 10 * 50, "and that is small: %d bytes each",
	   (int)(f->size - size) / 10);
	ok(f->last_time + 100000000u > last,
	   "the file ends where the process does");
	ok(f->whole && f->sane, "the file is whole");
}

static void
test_no_curve(void)
{
	struct util_file *f;
	uint64_t last = 0;

	util_prepare("flat");
	util_options.mode = RCP_MODE_IDLE;
	util_options.interval = 20000000;
	util_options.rss_interval = 0;
	util_start();
	util_count(1, 1);
	for (int i = 0; i < 5; i++) {
		util_sleep(0.03);
		last = rcp_clock_now();
		rcp_emit_tick(last);
	}
	f = util_read("flat");
	ok(f->whole && util_equal(f), "without a curve");
	ok(f->last_time + 100000000u > last,
	   "the file still ends where the process does");
}

/* A curve that is finer than the interval is written before it is full. */
static void
test_fine_curve(void)
{
	struct util_file *f;
	uint64_t now = 0;

	util_prepare("fine");
	util_options.mode = RCP_MODE_IDLE;
	util_options.interval = 3600ull * 1000000000u;
	util_options.rss_interval = 1000000;
	util_start();
	rcp_emit_open();
	for (int i = 0; i < 2000; i++) {
		util.live = i % 7 ? i : 0;
		rcp_emit_tick(now += 1000000);
	}
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("fine");
	ok(f->whole && f->points >= 1900, "no point is lost: %d",
	   (int)f->points);
}

static void
test_equal_points(void)
{
	struct util_file *f;
	uint64_t now = 0;

	util_prepare("equal");
	util_options.mode = RCP_MODE_IDLE;
	util_options.rss_interval = 1000000;
	util_options.interval = 3600ull * 1000000000u;
	util_start();
	rcp_emit_open();
	for (int i = 0; i < 300; i++)
		rcp_emit_tick(now += 1000000);
	util.live = 4096;
	rcp_emit_tick(now += 1000000);
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("equal");
#ifdef __SANITIZE_ADDRESS__
	skip("a sanitized process has no flat curve");
#else
	ok(f->whole && f->points < 30, "a flat curve is short: %d",
	   (int)f->points);
#endif
	is_int(f->live, 4096, "its last step is in it");
}

static void
test_python_end(void)
{
	struct util_file *f;

	util_prepare("pyend");
	util_setup.is_python = true;
	util_options.mode = RCP_MODE_IDLE;
	util_options.interval = 10000000;
	util_start();
	rcp_emit_open();
	util_count(1, 1);
	rcp_emit_snapshot(RCP_SNAP_END_PYTHON);
	util_count(1, 1);
	util_sleep(0.02);
	rcp_emit_tick(rcp_clock_now());
	is_int(util_read("pyend")->snapshots, 1,
	       "no snapshot after the interpreter's end");
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("pyend");
	ok(f->whole && f->snapshots == 1 && f->end == RCP_END_EXIT &&
		   f->cells[1] == 1,
	   "only END");
}

/* A program that embeds Python goes on without it. */
static void
test_embedded_end(void)
{
	struct util_file *f;

	util_prepare("embedded");
	util_start();
	util_count(1, 1);
	rcp_emit_snapshot(RCP_SNAP_END_PYTHON);
	util_count(1, 1);
	rcp_emit_end(RCP_END_EXIT, 0);
	f = util_read("embedded");
	ok(f->whole && f->snapshots == 2 && util_equal(f),
	   "the end of an embedded interpreter is not the program's");
}

static void
test_exec(void)
{
	struct util_file *f;

	util_prepare("exec");
	util_start();
	rcp_emit_exec("/bin/true");
	ok(!rcp_emit_is_open(), "an exec opens no file");
	rcp_emit_open();
	util_count(2, 2);
	rcp_emit_exec("/bin/true");
	f = util_read("exec");
	ok(f->whole && f->end == RCP_END_EXEC &&
		   f->reasons[RCP_SNAP_EXEC] == 1 && util_equal(f),
	   "what was counted is written before an exec");
	is_str(f->text, "/bin/true", "with its path");
	ok(!rcp_emit_snapshot(RCP_SNAP_REQUEST), "then nothing is");
	rcp_emit_exec_failed(ENOENT);
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "unless it has failed");
	f = util_read("exec");
	ok(f->whole && f->end == 0 && f->events[RCP_EVENT_EXEC_FAILED] == 1 &&
		   f->number == ENOENT,
	   "which is written down");
}

static bool nested;

static void
nesting(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	(void)sink;
	(void)snap;
	nested = rcp_emit_snapshot(RCP_SNAP_REQUEST);
}

static void
test_nested(void)
{
	static struct rcp_source source = { .name = "nest", .drain = nesting };

	util_prepare("nest");
	util_start();
	rcp_emit_register(&source);
	nested = true;
	ok(rcp_emit_snapshot(RCP_SNAP_REQUEST), "a snapshot");
	ok(!nested, "another one inside it is refused");
}

int
main(void)
{
	util_make_dir();
	in_fork("the first snapshots", test_first);
	in_fork("marks", test_marks);
	in_fork("too many events", test_event_flood);
	in_fork("keyframes", test_keyframes);
	in_fork("a large snapshot", test_large);
	in_fork("idleness", test_idle);
	in_fork("no curve", test_no_curve);
	in_fork("a fine curve", test_fine_curve);
	in_fork("equal points", test_equal_points);
	in_fork("the interpreter's end", test_python_end);
	in_fork("an embedded interpreter's end", test_embedded_end);
	in_fork("exec", test_exec);
	in_fork("a snapshot in a snapshot", test_nested);
	util_remove();
	return done_testing();
}

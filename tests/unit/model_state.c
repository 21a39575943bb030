/* SPDX-License-Identifier: MIT
 *
 * model_state.c - keyframes and differences, the peak's rule, unfinished
 * snapshots, views at a time and over a window.
 */
#include "maker.h"
#include "model/model.h"
#include "tap/tap.h"

#define S UINT64_C(1000000000)
#define FILE_NAME "model_state.tmp"

static struct maker m;
static struct rcp_set *set;
static struct rcp_error error;

static void
start(void)
{
	struct rcp_file_header header = mk_plain_header();

	mk_begin(&m, &header);
	mk_frame(&m, 1, 0, "/home/u/app.py", "main", 3);
	mk_frame(&m, 2, 1, "/home/u/app.py", "load", 8);
	mk_frame(&m, 3, 2, "/usr/lib/python3.11/json/decoder.py", "decode",
		 337);
	mk_site(&m, 1, 2, RCP_KIND_PYTHON);
	mk_site(&m, 2, 3, RCP_KIND_PYTHON);
	mk_site(&m, 3, 1, RCP_KIND_MMAP);
	mk_string(&m, 100, "worker");
	mk_thread(&m, 1, MK_PID, 0);
	mk_thread(&m, 2, 77, 100);
}

static void
open_it(void)
{
	const char *path = FILE_NAME;

	mk_save(&m, path);
	mk_free(&m);
	set = rcp_set_open(&path, 1, NULL, &error);
	if (!set) {
		diag("%s", error.text);
		exit(1);
	}
}

static struct rcp_view *
view_at(const char *from, const char *at)
{
	struct rcp_query query = { .metric = RCP_METRIC_LIVE };
	struct rcp_view *view = NULL;

	if (from && !rcp_moment_parse(set, from, &query.from, &error))
		return NULL;
	query.window = from != NULL;
	if (rcp_moment_parse(set, at, &query.at, &error))
		view = rcp_view_new(set, &query, &error);
	return view;
}

/* The row of the site whose leaf function has this name. */
static struct rcp_values
row(const struct rcp_view *view, const char *function)
{
	struct rcp_values none = { .live_bytes = -999 };

	for (size_t i = 0; view && i < view->row_count; i++) {
		uint32_t frame;

		rcp_stack(set, set->sites[view->rows[i].site].node, &frame, 1);
		if (strcmp(set->frames[frame].function, function) == 0)
			return view->rows[i].values;
	}
	return none;
}

static void
differences(void)
{
	struct rcp_view *view;

	start();
	mk_snap(&m, 1 * S, true, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 1, 10, 1000, 0, 0);
	mk_cell(&m, 2, 1, 1, 50, 0, 0);
	mk_cell(&m, 1, 2, 5, 500, 1, 100);
	mk_snap_end(&m, NULL);
	mk_snap(&m, 2 * S, false, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 1, 2, 200, 0, 0);
	mk_cell(&m, 2, 1, 0, 0, 2, 300); /* more freed than allocated here */
	mk_snap_end(&m, NULL);
	mk_snap(&m, 3 * S, false, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 2, 1, 1, 0, 0); /* two records of one cell add up */
	mk_cell(&m, 1, 2, 0, 0, 1, 1);
	mk_snap_end(&m, NULL);
	mk_snap(&m, 4 * S, true, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 1, 12, 1200, 0, 0); /* all others are zero now */
	mk_snap_end(&m, NULL);
	mk_end(&m, 5 * S, RCP_END_EXIT, 0);
	open_it();
	is_int((long long)set->processes[0]->snap_count, 4, "four snapshots");
	is_int(set->processes[0]->snaps[0].live_bytes, 1450, "live at 1 s");
	is_int(set->processes[0]->snaps[1].live_bytes, 1350, "live at 2 s");
	is_int(set->processes[0]->snaps[3].live_bytes, 1200, "live at 4 s");
	is_int(set->processes[0]->snaps[3].live_blocks, 12, "blocks at 4 s");

	view = view_at(NULL, "1.5");
	is_int((long long)view->time, S, "1.5 s shows the snapshot of 1 s");
	is_int(row(view, "load").live_bytes, 1050, "two threads' sum");
	is_int(row(view, "decode").freed_bytes, 100, "freed bytes");
	is_int(view->total.live_bytes, 1450, "the total");
	rcp_view_free(view);

	view = view_at(NULL, "3");
	is_int(row(view, "load").live_bytes, 950, "differences are applied");
	is_int(row(view, "load").frees, 2, "a free in another thread");
	is_int((long long)view->rows[0].part_count, 2, "a part per thread");
	is_int(view->parts[view->rows[0].part].values.live_bytes, 1200,
	       "the thread that allocated");
	is_int(view->parts[view->rows[0].part + 1].values.live_bytes, -250,
	       "the thread that freed is negative");
	is_int(row(view, "decode").allocations, 6, "records of a cell add up");
	is_int(row(view, "decode").live_bytes, 400, "both of them");
	rcp_view_free(view);

	view = view_at(NULL, "end");
	is_int(row(view, "decode").live_bytes, 0, "a keyframe forgets cells");
	is_int(row(view, "decode").allocations, 0, "with all that they had");
	is_int(view->total.allocations, 12, "and is absolute");
	rcp_view_free(view);

	view = view_at("1", "3");
	is_int(row(view, "load").allocations, 2, "a window's allocations");
	is_int(row(view, "load").grown_bytes, -100, "a window's growth");
	is_int(row(view, "load").live_bytes, 950, "and what lives at its end");
	is_int(row(view, "decode").grown_bytes, 0, "no growth");
	rcp_view_free(view);

	ok(view_at(NULL, "0.5") == NULL && strstr(error.text, "1.00 s"),
	   "before the first snapshot: %s", error.text);
	ok(view_at("3", "2") == NULL, "a window backwards: %s", error.text);
	rcp_set_close(set);
}

static void
peaks(void)
{
	static const uint64_t epoch1[] = { RCP_TOTAL_PEAK_EPOCH, 1,
					   RCP_TOTAL_PEAK_TIME, S / 2, 0 };
	static const uint64_t epoch2[] = { RCP_TOTAL_PEAK_EPOCH, 2,
					   RCP_TOTAL_PEAK_TIME, S + S / 2, 0 };
	struct rcp_peak peak;
	struct rcp_view *view;

	start();
	/* Peak 1 at 0.5 s: load 900, decode 500, main 70. */
	mk_snap(&m, 1 * S, true, RCP_SNAP_INTERVAL);
	mk_cell_peak(&m, 1, 1, 10, 1000, 9, 900, 1, 900, 9);
	mk_cell(&m, 1, 2, 5, 500, 0, 0);
	mk_cell(&m, 1, 3, 1, 70, 0, 0);
	mk_snap_end(&m, epoch1);
	/* Peak 2 at 1.5 s, higher: load 100 (its field is of peak 1), decode
	 * 3000 and freed again since, main 70. */
	mk_snap(&m, 2 * S, false, RCP_SNAP_INTERVAL);
	mk_cell_peak(&m, 1, 2, 5, 2500, 6, 2900, 2, 3000, 10);
	mk_snap_end(&m, epoch2);
	/* Then load changes after peak 2. */
	mk_snap(&m, 3 * S, false, RCP_SNAP_INTERVAL);
	mk_cell_peak(&m, 1, 1, 1, 11, 0, 0, 2, 100, 1);
	mk_snap_end(&m, epoch2);
	/* A record without the fields leaves them as they are. */
	mk_snap(&m, 4 * S, false, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 2, 1, 1, 0, 0);
	mk_snap_end(&m, epoch2);
	mk_end(&m, 5 * S, RCP_END_EXIT, 0);
	open_it();

	peak = rcp_set_peak(set);
	is_int(peak.bytes, 3170, "the peak");
	is_int((long long)peak.time, S + S / 2, "its time");
	view = view_at(NULL, "end");
	is_int(row(view, "load").peak_bytes, 100, "load at the peak");
	is_int(row(view, "load").peak_blocks, 1, "its blocks");
	is_int(row(view, "decode").peak_bytes, 3000, "decode at the peak");
	is_int(row(view, "decode").peak_blocks, 10, "its blocks");
	is_int(row(view, "decode").live_bytes, 101, "decode at the end");
	is_int(row(view, "main").peak_bytes, 70, "a cell that never changed");
	is_int(view->total.peak_bytes, 3170, "the sum is the peak");
	rcp_view_free(view);

	view = view_at(NULL, "2");
	is_int(row(view, "load").peak_bytes, 100,
	       "a field of an older peak does not count");
	rcp_view_free(view);
	view = view_at(NULL, "1");
	is_int(view->total.peak_bytes, 1470, "the peak up to 1 s");
	is_int(row(view, "load").peak_bytes, 900, "and its parts");
	rcp_view_free(view);
	view = view_at(NULL, "peak");
	is_int((long long)view->time, S + S / 2, "at the peak: its time");
	is_int(row(view, "decode").live_bytes, 3000, "live is what it had");
	is_int(view->total.allocations, 16, "counters of the snapshot before");
	rcp_view_free(view);
	view = view_at("2.5", "end");
	is_int(view->peak.bytes, 282, "the highest snapshot of a window");
	is_int(view->total.peak_bytes, 282, "and its parts");
	rcp_view_free(view);
	rcp_set_close(set);
}

static void
unfinished(void)
{
	struct rcp_view *view;

	start();
	mk_snap(&m, 1 * S, true, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 1, 1, 100, 0, 0);
	mk_snap_end(&m, NULL);
	mk_snap(&m, 2 * S, false, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 1, 1, 7, 0, 0); /* dropped: no end */
	mk_frame(&m, 9, 0, "late.py", "late", 1);
	mk_site(&m, 9, 9, RCP_KIND_MALLOC); /* holds all the same */
	mk_snap(&m, 3 * S, false, RCP_SNAP_END_PYTHON);
	mk_cell(&m, 1, 9, 1, 20, 0, 0);
	mk_snap_end(&m, NULL);
	mk_snap(&m, 4 * S, false, RCP_SNAP_EXIT);
	mk_cell(&m, 1, 1, 0, 0, 1, 100);
	mk_snap_end(&m, NULL);
	mk_cell(&m, 1, 1, 5, 5, 0, 0); /* outside of snapshots: nothing */
	mk_end(&m, 5 * S, RCP_END_EXIT, 3);
	open_it();
	is_int((long long)set->processes[0]->snap_count, 3,
	       "a snapshot without its end does not count");
	view = view_at(NULL, "end");
	is_int(view->total.live_bytes, 120,
	       "the end is before the interpreter's tear-down");
	is_int(row(view, "late").live_bytes, 20,
	       "a definition of a dropped snapshot holds");
	rcp_view_free(view);
	view = view_at(NULL, "4");
	is_int(view->total.live_bytes, 20, "what comes after can be asked for");
	rcp_view_free(view);
	is_int(set->processes[0]->end.reason, RCP_ENDED_EXIT, "it exited");
	is_int(set->processes[0]->end.status, 3, "with its status");
	is_int((long long)set->processes[0]->bad_records, 0, "nothing bad");
	rcp_set_close(set);
}

/* What must not stop a reader. */
static void
odd(void)
{
	static const uint64_t wrong[] = { RCP_TOTAL_LIVE_BYTES, 8, 0 };
	struct rcp_view *view;
	struct rcp_buf *buf;

	start();
	buf = mk_open(&m, (enum rcp_chunk)500);
	rcp_buf_bytes(buf, "\xff\xff\xff", 3);
	mk_close(&m);
	mk_snap(&m, 1 * S, true, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 1, 1, 100, 0, 0);
	mk_cell(&m, 55, 66, 1, 10, 0, 0);
	mk_snap_end(&m, wrong);
	mk_end(&m, 2 * S, RCP_END_EXEC, 0);
	mk_snap(&m, 3 * S, false, RCP_SNAP_INTERVAL);
	mk_snap_end(&m, NULL);
	open_it();
	view = view_at(NULL, "end");
	is_int(view->total.live_bytes, 110,
	       "undefined sites and threads keep their numbers");
	is_int((long long)set->processes[0]->bad_records, 1,
	       "but it is noticed");
	is_int((long long)set->processes[0]->bad_sums, 1,
	       "and so is a wrong check sum");
	is_int(set->processes[0]->end.reason, RCP_ENDED_CUT,
	       "an end that a snapshot follows was a failed exec");
	rcp_view_free(view);
	rcp_set_close(set);
}

static void
put_objects(uint64_t born, uint64_t died)
{
	uint64_t values[RCP_OBJECT_FIELDS] = { 0 };
	struct rcp_buf *buf = mk_open(&m, RCP_CHUNK_OBJECTS);

	values[RCP_OBJECT_BORN] = born;
	values[RCP_OBJECT_DIED_REFCOUNT] = died;
	rcp_buf_uv(buf, 1);
	rcp_encode_object(buf, 1, 1, 0,
			  1u << RCP_OBJECT_BORN | 1u << RCP_OBJECT_DIED_REFCOUNT,
			  values);
	mk_close(&m);
}

/* N more of the only cycle; the longest wait so far is N seconds. */
static void
put_cycles(uint64_t n)
{
	uint64_t values[RCP_CYCLE_FIELDS] = { n, 2 * n, 100 * n, n * S, n * S,
					      7 };
	struct rcp_buf *buf = mk_open(&m, RCP_CHUNK_CYCLES);

	rcp_encode_cycle(buf, 1, (1u << RCP_CYCLE_FIELDS) - 1, values);
	mk_close(&m);
}

static void
define_cycle(void)
{
	struct rcp_buf *buf = mk_open(&m, RCP_CHUNK_CYCLE);

	for (unsigned i = 0; i < 5; i++)
		rcp_buf_uv(buf, (const uint64_t[]){ 1, 1, 1, 900, 1 }[i]);
	mk_close(&m);
}

static void
is_cycles(const struct rcp_view *view, int n, int longest)
{
	const struct rcp_process *process = set->processes[0];
	const struct rcp_cycle_row *row = view->cycles;

	ok(view->cycle_count == 1 && row->n == n && row->objects == 2 * n &&
		   row->bytes == 100 * n && row->waited == n * (int64_t)S &&
		   row->waited_max == (uint64_t)longest * S,
	   "%d cycles", n);
	ok(process->cycle_count == 1 && process->cycles[0].count == 1 &&
		   !process->cycles[0].knot &&
		   process->cycle_members[0].type == 0 &&
		   strcmp(process->cycle_members[0].attribute,
			  "app.Node") == 0 &&
		   process->cycle_members[0].site != RCP_NONE,
	   "of a kind");
}

/* Before the interpreter's tear-down, after it, and before it again. */
static void
teardown(bool keyframe)
{
	struct rcp_view *view;

	start();
	mk_string(&m, 900, "app.Node");
	mk_type(&m, 1, 900);
	mk_snap(&m, 1 * S, true, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 1, 10, 1000, 0, 0);
	put_objects(7, 1);
	define_cycle();
	put_cycles(3);
	mk_snap_end(&m, NULL);
	mk_snap(&m, 2 * S, false, RCP_SNAP_END_PYTHON);
	mk_cell(&m, 1, 1, 5, 500, 0, 0);
	put_objects(3, 2);
	put_cycles(2);
	mk_snap_end(&m, (const uint64_t[]){ RCP_TOTAL_GUARDED, 2, 0 });
	mk_snap(&m, 3 * S, false, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 1, 0, 0, 6, 600);
	mk_cell(&m, 1, 3, 1, 50, 0, 0);
	mk_snap_end(&m, NULL);
	mk_snap(&m, 4 * S, keyframe, RCP_SNAP_EXIT);
	mk_cell(&m, 2, 2, 3, 300, 0, 0);
	put_objects(keyframe ? 10 : 0, keyframe ? 10 : 7);
	put_cycles(keyframe ? 9 : 4);
	mk_snap_end(&m, (const uint64_t[]){ RCP_TOTAL_GUARDED, 9, 0 });
	mk_end(&m, 5 * S, RCP_END_EXIT, 0);
	open_it();
	for (int i = 0; i < 2; i++) {
		view = view_at(NULL, "end");
		is_int(view->total.live_bytes, 1500, "before the tear-down");
		is_int((long long)view->row_count, 1, "one site");
		is_int((long long)view->totals[RCP_TOTAL_GUARDED], 2,
		       "its totals");
		is_int(view->objects[0].died_refcount, 3, "its deaths");
		is_cycles(view, 5, 2);
		rcp_view_free(view);
		view = view_at(NULL, "4.5");
		is_int(view->total.live_bytes, keyframe ? 300 : 1250,
		       "after it");
		is_int((long long)view->totals[RCP_TOTAL_GUARDED], 9,
		       "its totals");
		is_int(view->objects[0].died_refcount, 10, "its deaths");
		is_cycles(view, 9, keyframe ? 9 : 4);
		rcp_view_free(view);
		view = view_at(NULL, "3");
		is_int(view->total.live_bytes, 950, "in between");
		rcp_view_free(view);
	}
	rcp_set_close(set);
}

int
main(void)
{
	differences();
	peaks();
	unfinished();
	odd();
	teardown(false);
	teardown(true);
	unlink(FILE_NAME);
	return done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * model_set.c - several processes on one clock; ends; frames, own lines and
 * equal lines; what the small tables hold.
 */
#include "maker.h"
#include "model/model.h"
#include "model/own.h"
#include "tap/tap.h"

#define S UINT64_C(1000000000)

static struct rcp_error error;

/* One process of a tree: live bytes of its one site at each second. */
static void
process(const char *path, uint32_t pid, const int64_t *live, size_t count,
	uint64_t first, uint64_t end, uint64_t peak, uint64_t peak_time)
{
	struct rcp_file_header header = mk_plain_header();
	struct maker m;
	int64_t before = 0;

	header.pid = pid;
	header.proc_start += pid == MK_PID ? 0 : first * 100;
	mk_begin(&m, &header);
	mk_frame(&m, 1, 0, "/home/u/app.py", "work", 3);
	mk_site(&m, 1, 1, RCP_KIND_PYTHON);
	mk_thread(&m, 1, pid, 0);
	for (size_t i = 0; i < count; i++) {
		uint64_t totals[] = { RCP_TOTAL_PEAK_EPOCH, 7,
				      RCP_TOTAL_PEAK_TIME, peak_time, 0 };

		if (!peak)
			totals[0] = 0;
		mk_snap(&m, (first + i) * S, i == 0, RCP_SNAP_INTERVAL);
		/* Allocated only grows, frees make up the difference. */
		if (peak)
			mk_cell_peak(&m, 1, 1, 1, 1000000,
				     1, (uint64_t)(1000000 - live[i] + before),
				     7, (int64_t)peak, 1);
		else
			mk_cell(&m, 1, 1, 1, 1000000, 1,
				(uint64_t)(1000000 - live[i] + before));
		before = live[i];
		mk_snap_end(&m, totals);
	}
	if (end)
		mk_end(&m, end * S, RCP_END_EXIT, 0);
	mk_save(&m, path);
	mk_free(&m);
}

static struct rcp_values
total_at(struct rcp_set *set, struct rcp_moment at)
{
	struct rcp_query query = { .at = at };
	struct rcp_view *view = rcp_view_new(set, &query, &error);
	struct rcp_values total = view->total;

	rcp_view_free(view);
	return total;
}

static void
sum_up(void *context, const struct rcp_change *change)
{
	int64_t *max = context;

	if (change->site == RCP_NONE && change->bytes > *max)
		*max = change->bytes;
}

static void
merge(void)
{
	static const int64_t root[] = { 100, 100, 100, 400, 100, 100 };
	static const int64_t child[] = { 500, 900, 300 };
	const char *paths[] = { "model_set.1.tmp", "model_set.2.tmp" };
	struct rcp_moment at = { RCP_AT_TIME, 0 }, end = { RCP_AT_END, 0 };
	struct rcp_query query = { .metric = RCP_METRIC_LIVE };
	struct rcp_set *set;
	struct rcp_peak peak;
	struct rcp_view *view;
	struct rcp_groups *groups;
	int64_t max = 0;

	/* The child lives from 2 s to 4.5 s; its own peak is 950 at 3.5 s;
	 * the root's is 400 at 4 s. */
	process(paths[1], MK_PID, root, 6, 1, 7, 400, 4 * S);
	process(paths[0], MK_PID + 9, child, 3, 2, 4, 950, 3 * S + S / 2);
	set = rcp_set_open(paths, 2, NULL, &error);
	if (!set) {
		ok(false, "opens: %s", error.text);
		return;
	}
	is_int(set->processes[0]->header.pid, MK_PID, "the root is first");
	is_int((long long)set->processes[1]->start, 2 * S,
	       "the child's start");
	is_int((long long)set->site_count, 1, "equal stacks are one site");
	is_int((long long)set->end_time, 7 * S, "the end of all");

	at.time = 3 * S;
	is_int(total_at(set, at).live_bytes, 1000, "a sum on one clock");
	at.time = 6 * S;
	is_int(total_at(set, at).live_bytes, 100, "a dead child holds nothing");
	is_int(total_at(set, at).allocations, 9, "but what it did counts");
	is_int(total_at(set, end).live_bytes, 400, "at the end: each one's own");
	peak = rcp_set_peak(set);
	is_int(peak.bytes, 1050, "the highest sum: a child's own peak");
	is_int((long long)peak.time, 3 * S + S / 2, "and its time");
	is_int(total_at(set, end).peak_bytes, 1050, "whose parts add up to it");

	ok(rcp_changes_each(set, &query, sum_up, &max, &error),
	   "changes over time");
	is_int(max, 1000, "the highest sum of snapshots");

	view = rcp_view_new(set, &query, &error);
	groups = rcp_groups_new(set, view, RCP_BY_PROCESS, RCP_METRIC_PEAK);
	is_int((long long)groups->count, 2, "two processes");
	is_int(groups->groups[0].values.peak_bytes, 950, "the child's part");
	is_int(groups->groups[1].values.peak_bytes, 100, "the root's part");
	is_str(groups->groups[1].name, "process (5000000)", "its name");
	rcp_groups_free(groups);
	rcp_view_free(view);
	rcp_set_close(set);
	unlink(paths[0]);
	unlink(paths[1]);
}

/* Two processes whose sum is highest where neither has its peak. */
static void
merge_between(void)
{
	static const int64_t a[] = { 600, 500, 100 };
	static const int64_t b[] = { 100, 500, 600 };
	const char *paths[] = { "model_set.1.tmp", "model_set.2.tmp" };
	struct rcp_set *set;
	struct rcp_peak peak;

	process(paths[0], MK_PID, a, 3, 1, 4, 600, S);
	process(paths[1], MK_PID + 1, b, 3, 1, 4, 600, 3 * S);
	set = rcp_set_open(paths, 2, NULL, &error);
	peak = rcp_set_peak(set);
	is_int(peak.bytes, 1000, "neither's peak, but the sum's");
	is_int((long long)peak.time, 2 * S, "at its time");
	is_int(total_at(set, (struct rcp_moment){ RCP_AT_END, 0 }).peak_bytes,
	       1000, "and its parts");
	rcp_set_close(set);
	unlink(paths[0]);
	unlink(paths[1]);
}

static void
origins(void)
{
	static const struct {
		const char *file;
		enum rcp_origin origin;
	} rows[] = {
		{ "/home/u/app.py", RCP_ORIGIN_OWN },
		{ "app.py", RCP_ORIGIN_OWN },
		{ "<string>", RCP_ORIGIN_OWN },
		{ "<stdin>", RCP_ORIGIN_OWN },
		{ "/home/lib/tool.py", RCP_ORIGIN_OWN },
		{ "/home/u/lib/python3/x.py", RCP_ORIGIN_OWN },
		{ "/home/u/lib/python3x/x.py", RCP_ORIGIN_OWN },
		{ "<frozen importlib._bootstrap>", RCP_ORIGIN_STDLIB },
		{ "/usr/lib/python3.11/json/decoder.py", RCP_ORIGIN_STDLIB },
		{ "/usr/lib64/python3.9/re.py", RCP_ORIGIN_STDLIB },
		{ "/opt/lib/python3.13t/re.py", RCP_ORIGIN_STDLIB },
		{ "/usr/lib/python311.zip/re.py", RCP_ORIGIN_STDLIB },
		{ "/v/lib/python3.8/site-packages/a.py", RCP_ORIGIN_SITE },
		{ "/usr/lib/python3/dist-packages/a.py", RCP_ORIGIN_SITE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_int(rcp_origin_of(rows[i].file), rows[i].origin, "%s",
		       rows[i].file);
}

/* A stack: own -> site-packages -> standard library, and native ones. */
static void
own_lines(void)
{
	const char *path = "model_set.tmp";
	struct rcp_open_options plain = { .flags = RCP_OPEN_NO_SYMBOLS };
	struct rcp_file_header header = mk_plain_header();
	struct rcp_frame_info *frame;
	struct rcp_set *set;
	struct maker m;
	uint32_t frames[8];

	mk_begin(&m, &header);
	mk_pair(&m, RCP_CHUNK_INFO, RCP_INFO_EXE, "/usr/bin/tool");
	mk_frame(&m, 1, 0, "/home/u/app.py", "main", 3);
	mk_frame(&m, 2, 1, "/x/site-packages/pkg/a.py", "helper", 8);
	mk_frame(&m, 3, 2, "/usr/lib/python3.11/json/decoder.py", "decode", 9);
	mk_site(&m, 1, 3, RCP_KIND_PYTHON);
	mk_frame(&m, 4, 0, "<frozen runpy>", "run", 1);
	mk_site(&m, 2, 4, RCP_KIND_PYTHON);
	mk_string(&m, 90, "/usr/bin/tool");
	mk_string(&m, 91, "/usr/lib/libz.so");
	mk_module(&m, 1, 90, 0, 0, 0, 0);
	mk_module(&m, 2, 91, 0, 0, 0, 0);
	mk_node(&m, 10, 0, RCP_FRAME_NATIVE, 1, 0x100);
	mk_node(&m, 11, 10, RCP_FRAME_NATIVE, 1, 0x200);
	mk_node(&m, 12, 11, RCP_FRAME_NATIVE, 2, 0x300);
	mk_site(&m, 3, 12, RCP_KIND_MALLOC);
	mk_node(&m, 13, 0, RCP_FRAME_NATIVE, 2, 0x400);
	mk_node(&m, 14, 13, RCP_FRAME_ADDRESS, 0, 0x7f00);
	mk_site(&m, 4, 14, RCP_KIND_MALLOC);
	mk_node(&m, 15, 0, RCP_FRAME_MARKER, RCP_MARKER_TRUNCATED, 0);
	mk_site(&m, 5, 15, RCP_KIND_MALLOC);
	mk_site(&m, 6, 0, RCP_KIND_MMAP);
	mk_save(&m, path);
	mk_free(&m);
	set = rcp_set_open(&path, 1, &plain, &error);

	is_int((long long)set->site_count, 6, "six sites");
	is_int(set->sites[0].own, 2, "the user's frame, below two libraries");
	is_str(set->frames[rcp_site_own_frame(set, 0)].function, "main",
	       "which is main");
	is_int((long long)rcp_stack(set, set->sites[0].node, frames, 8), 3,
	       "three frames");
	is_str(set->frames[frames[0]].function, "decode", "leaf first");
	is_int(set->sites[1].own, RCP_NONE, "nobody's own");
	is_str(set->frames[rcp_site_own_frame(set, 1)].function, "run",
	       "the leaf stands for it");
	is_int(set->sites[2].own, 1, "native: the deepest in the program");
	frame = &set->frames[rcp_site_own_frame(set, 2)];
	is_str(frame->function, "0x200", "an address without a symbol");
	is_str(frame->module, "/usr/bin/tool", "and its module");
	is_int(set->sites[3].own, 0, "native: else the leaf");
	is_str(set->frames[rcp_site_own_frame(set, 4)].function,
	       "[truncated]", "a marker");
	is_int(rcp_site_own_frame(set, 5), RCP_NONE, "no stack, no frame");
	rcp_set_close(set);
	unlink(path);
}

/* The same line by two instructions is one site, another line is not. */
static void
equal_lines(void)
{
	/* 3.10: [0,4) line 3, [4,8) line 4 */
	static const char table[] = "\x04\x00\x04\x01";
	const char *path = "model_set.tmp";
	struct rcp_file_header header = mk_plain_header();
	struct rcp_query query = { .metric = RCP_METRIC_LIVE };
	struct rcp_set *set;
	struct rcp_view *view;
	struct maker m;

	mk_begin(&m, &header);
	mk_string(&m, 1, "app.py");
	mk_string(&m, 2, "f");
	mk_code(&m, 1, 1, 2, 3, RCP_LINETABLE_310, table, 4);
	mk_node(&m, 1, 0, RCP_FRAME_PYTHON, 1, 1);
	mk_node(&m, 2, 0, RCP_FRAME_PYTHON, 1, 3);
	mk_node(&m, 3, 0, RCP_FRAME_PYTHON, 1, 5);
	mk_node(&m, 4, 0, RCP_FRAME_PYTHON, 1, 0);
	for (uint64_t i = 1; i <= 4; i++)
		mk_site(&m, i, i, RCP_KIND_PYTHON);
	mk_snap(&m, S, true, RCP_SNAP_EXIT);
	for (uint64_t i = 1; i <= 4; i++)
		mk_cell(&m, 1, i, 1, 10, 0, 0);
	mk_snap_end(&m, NULL);
	mk_save(&m, path);
	mk_free(&m);
	set = rcp_set_open(&path, 1, NULL, &error);
	view = rcp_view_new(set, &query, &error);
	is_int((long long)view->row_count, 2, "two lines, two rows");
	is_int(view->rows[0].values.live_bytes, 30,
	       "not started counts as the first line");
	is_int((long long)set->frames[set->nodes[set->sites[1].node].frame]
		       .line, 4, "the other line");
	rcp_view_free(view);
	rcp_set_close(set);
	unlink(path);
}

int
main(void)
{
	merge();
	merge_between();
	origins();
	own_lines();
	equal_lines();
	return done_testing();
}

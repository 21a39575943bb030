/* SPDX-License-Identifier: MIT
 *
 * model_notes.c - what a file holds beside cells: INFO that is written again,
 * a long RSS curve, events, an exec, the cheap look.
 */
#include "maker.h"
#include "model/model.h"
#include "sample.h"
#include "tap/tap.h"

#define S UINT64_C(1000000000)
#define FILE_NAME "model_notes.tmp"

static struct rcp_error error;

static struct rcp_set *
open_one(struct maker *m)
{
	const char *path = FILE_NAME;
	struct rcp_set *set;

	mk_save(m, path);
	mk_free(m);
	set = rcp_set_open(&path, 1, NULL, &error);
	if (!set) {
		diag("%s", error.text);
		exit(1);
	}
	unlink(path);
	return set;
}

static void
sample(void)
{
	const struct rcp_process *p;
	struct rcp_set *set;
	struct maker m;

	make_sample(&m);
	set = open_one(&m);
	p = set->processes[0];
	is_str(rcp_process_info(p, RCP_INFO_PROGRAM), "app", "INFO");
	ok(!rcp_process_info(p, "nothing"), "a key that is not there");
	is_str(rcp_process_coverage(p, RCP_COVER_FRAMES),
	       "3.11 table, tested", "the last one of a key holds");
	is_int((long long)p->event_count, 2, "events");
	is_int(p->events[0].kind, RCP_EVENT_FORK, "a fork");
	is_int((long long)p->events[0].number, 4712, "its child");
	is_str(p->threads[p->events[0].thread].name, "MainThread",
	       "its thread");
	is_str(p->events[1].text, "half \"way\"", "a mark");
	is_int((long long)p->gc_count, 1, "a collection");
	is_int(p->gcs[0].generation, 2, "its generation");
	is_int((long long)rcp_stack(set, p->gcs[0].node, NULL, 0), 2,
	       "its trigger's stack");
	is_int(p->rss[1].live, -1, "the RSS curve's live bytes");
	is_str(p->types[0].name, "load", "a type");
	is_int((long long)rcp_wall(set, S), 1700000001 * (long long)S,
	       "wall-clock time");
	rcp_set_close(set);
}

/* A week at ten points a second: thinned, the highest kept. */
static void
long_curve(void)
{
	struct rcp_file_header header = mk_plain_header();
	const struct rcp_process *p;
	struct rcp_set *set;
	struct maker m;
	uint64_t highest = 0, last = 0;
	bool ascending = true;

	mk_begin(&m, &header);
	for (uint64_t i = 0; i < 1000000; i += 1000) {
		struct rcp_buf *buf = mk_open(&m, RCP_CHUNK_RSS);

		for (uint64_t j = i; j < i + 1000; j++) {
			rcp_buf_uv(buf, j == i ? i * S / 10 : S / 10);
			rcp_buf_uv(buf, j == 777777 ? 99999 : 1000 + j % 7);
			rcp_buf_sv(buf, (int64_t)j);
		}
		mk_close(&m);
	}
	set = open_one(&m);
	p = set->processes[0];
	ok(p->rss_count > 100000 && p->rss_count < 262144,
	   "a million points become %zu", p->rss_count);
	for (size_t i = 0; i < p->rss_count; i++) {
		if (p->rss[i].rss > highest)
			highest = p->rss[i].rss;
		ascending = ascending && p->rss[i].time >= last;
		last = p->rss[i].time;
	}
	is_int((long long)highest, 99999, "the highest is among them");
	ok(ascending, "in the order of time");
	ok(last >= 99998 * S, "up to the end");
	rcp_set_close(set);
}

/* The same pid before and after an exec: two files, one after the other. */
static void
exec(void)
{
	const char *paths[] = { FILE_NAME ".1", FILE_NAME ".2" };
	struct rcp_file_header header = mk_plain_header();
	struct rcp_moment at = { RCP_AT_TIME, 8 * S };
	struct rcp_set *set;
	struct maker m;

	mk_begin(&m, &header);
	mk_snap(&m, 1 * S, true, RCP_SNAP_EXEC);
	mk_cell(&m, 1, 1, 1, 1000, 0, 0);
	mk_snap_end(&m, NULL);
	mk_event(&m, 2 * S, RCP_EVENT_EXEC, "/bin/true");
	mk_end(&m, 2 * S, RCP_END_EXEC, 0);
	mk_save(&m, paths[0]);
	mk_free(&m);
	header.root_pid = 1;
	mk_begin(&m, &header);
	mk_snap(&m, 9 * S, true, RCP_SNAP_EXIT);
	mk_cell(&m, 1, 1, 1, 50, 0, 0);
	mk_snap_end(&m, NULL);
	mk_end(&m, 9 * S, RCP_END_SIGNAL, 15);
	mk_save(&m, paths[1]);
	mk_free(&m);
	set = rcp_set_open(paths, 2, NULL, &error);
	is_int((long long)set->process_count, 2, "two processes");
	is_int(set->processes[0]->end.reason, RCP_ENDED_EXEC, "the first");
	is_int(set->processes[1]->end.reason, RCP_ENDED_SIGNAL, "the second");
	is_int((long long)set->processes[1]->start, 2 * (long long)S,
	       "starts where the first ended");
	ok(rcp_gone_at(set, 0, &at) && !rcp_gone_at(set, 1, &at),
	   "the first is gone by then");
	is_int(rcp_set_peak(set).bytes, 1000, "and does not add to the peak");
	rcp_set_close(set);
	unlink(paths[0]);
	unlink(paths[1]);
}

static void
glance(void)
{
	struct rcp_glance g;
	struct maker m;

	make_sample(&m);
	mk_save(&m, FILE_NAME);
	mk_free(&m);
	ok(rcp_glance(FILE_NAME, &g, &error), "a glance");
	is_str(g.program, "app", "the program");
	is_int((long long)g.snapshots, 4, "snapshots");
	is_int(g.end.reason, RCP_ENDED_EXIT, "its end");
	is_int((long long)g.end.time, 5 * (long long)S, "and when");
	is_int((long long)g.peak_bytes, 65536 + 1100 + 4000 + 5000,
	       "the peak");
	unlink(FILE_NAME);
	ok(!rcp_glance(FILE_NAME, &g, &error), "no file: %s", error.text);
}

/* Keys without end must not take time without end. */
static void
many_keys(void)
{
	struct rcp_file_header header = mk_plain_header();
	struct rcp_buf *buf;
	struct rcp_set *set;
	struct maker m;
	char key[20];

	mk_begin(&m, &header);
	buf = mk_open(&m, RCP_CHUNK_INFO);
	for (int i = 0; i < 500000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		mk_text(buf, key);
		mk_text(buf, "");
	}
	mk_close(&m);
	set = open_one(&m);
	ok(set->processes[0]->info_count == 1024 &&
		   set->processes[0]->bad_records == 500000 - 1024,
	   "the first thousand keys are enough");
	rcp_set_close(set);
}

/* END counts what was lost after the last SNAP_END; not so an END that a
 * snapshot follows. */
static void
lost(bool goes_on)
{
	const uint64_t pairs[] = { RCP_TOTAL_SNAPSHOTS_LOST, 2, 0 };
	struct rcp_query query = { .metric = RCP_METRIC_LIVE,
				   .at = { RCP_AT_TIME, 1 * S } };
	struct rcp_file_header header = mk_plain_header();
	struct rcp_view *view;
	struct rcp_set *set;
	struct rcp_buf *buf;
	struct maker m;

	mk_begin(&m, &header);
	for (int i = 1; i <= 3; i++) {
		if (i == 3) {
			buf = mk_open(&m, RCP_CHUNK_END);
			rcp_buf_uv(buf, 5 * S);
			rcp_buf_u8(buf, RCP_END_EXIT);
			rcp_buf_sv(buf, 0);
			rcp_buf_uv(buf, 7);
			mk_close(&m);
			if (!goes_on)
				break;
		}
		mk_snap(&m, (uint64_t)(2 * i) * S, true, RCP_SNAP_INTERVAL);
		mk_snap_end(&m, i == 1 ? NULL : pairs);
	}
	set = open_one(&m);
	is_int((long long)set->processes[0]->totals[RCP_TOTAL_SNAPSHOTS_LOST],
	       goes_on ? 2 : 7, "snapshots that were lost");
	for (int t = 2; t <= 4; t += 2) {
		query.at.time = (uint64_t)t * S;
		view = rcp_view_new(set, &query, &error);
		is_int((long long)view->totals[RCP_TOTAL_SNAPSHOTS_LOST],
		       t == 2 ? 0 : goes_on ? 2 : 7, "up to %d s", t);
		rcp_view_free(view);
	}
	rcp_set_close(set);
}

int
main(void)
{
	sample();
	long_curve();
	exec();
	glance();
	many_keys();
	lost(false);
	lost(true);
	return done_testing();
}

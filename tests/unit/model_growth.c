/* SPDX-License-Identifier: MIT
 *
 * model_growth.c - slopes and their errors against plain sums, growth by
 * group, bands.
 */
#include <math.h>

#include "maker.h"
#include "model/model.h"
#include "tap/tap.h"

#define S UINT64_C(1000000000)

static struct rcp_error error;

static bool
near(double got, double want)
{
	return fabs(got - want) <= 1e-9 * (fabs(want) + 1e-9);
}

/* The same two numbers by the book, point by point. */
static void
by_the_book(const uint64_t *times, const double *values, size_t n,
	    double *slope, double *se)
{
	double tm = 0, ym = 0, stt = 0, sty = 0, sse = 0, lag = 0, before = 0;

	for (size_t i = 0; i < n; i++) {
		tm += (double)times[i] / 1e9 / (double)n;
		ym += values[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		double t = (double)times[i] / 1e9 - tm;

		stt += t * t;
		sty += t * (values[i] - ym);
	}
	*slope = sty / stt;
	for (size_t i = 0; i < n; i++) {
		double e = values[i] - ym -
			   *slope * ((double)times[i] / 1e9 - tm);

		sse += e * e;
		lag += i ? e * before : 0;
		before = e;
	}
	lag = lag < 0 ? 0 : lag / sse;
	*se = sqrt(sse / (double)(n - 2) / stt * (1 + lag) / (1 - lag));
}

static void
lines(void)
{
	enum { N = 500 };
	static uint64_t times[N];
	static double values[N];
	struct rcp_growth g;
	uint64_t state = 7;
	double slope, se;

	for (size_t i = 0; i < N; i++) {
		times[i] = i * S + S;
		values[i] = 1e6 + 250.0 * (double)i;
	}
	g = rcp_growth_of(times, values, N);
	ok(near(g.slope, 250), "a straight line: %g", g.slope);
	ok(fabs(g.error) < 1e-6, "without error: %g", g.error);
	is_int(g.begin_bytes, 1000000, "its begin");
	is_int(g.end_bytes, 1000000 + 250 * (N - 1), "its end");

	/* Independent noise: residuals do not follow one another. */
	for (size_t i = 0; i < N; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		values[i] = 5e8 + 100.0 * (double)i +
			    (double)(state >> 44) * 0.01;
		times[i] = i * S + (state >> 40) % S;
	}
	g = rcp_growth_of(times, values, N);
	by_the_book(times, values, N, &slope, &se);
	ok(near(g.slope, slope) && fabs(g.error / se - 1) < 1e-6,
	   "noise: %g +- %g", g.slope, g.error);
	ok(fabs(g.slope - 100) < 4 * g.error, "the truth is within 4 errors");

	/* Steps: few changes, constant in between. */
	for (size_t i = 0; i < N; i++)
		values[i] = 1e5 * (double)(i / 100) + (i > 250 ? 7e4 : 0);
	g = rcp_growth_of(times, values, N);
	by_the_book(times, values, N, &slope, &se);
	ok(near(g.slope, slope) && fabs(g.error / se - 1) < 1e-6,
	   "steps: %g +- %g", g.slope, g.error);
	is_int((long long)g.changes, 6, "six values");

	values[0] = values[1] = 5;
	g = rcp_growth_of(times, values, 2);
	ok(g.slope == 0 && isinf(g.error), "two points have no error");
	g = rcp_growth_of(times, values, 0);
	ok(g.slope == 0 && isinf(g.error), "no point has nothing");
	times[0] = times[1] = times[2] = 5;
	g = rcp_growth_of(times, values, 3);
	ok(g.slope == 0 && isinf(g.error), "one moment has no slope");
}

/* leak: +1000 a second from the start; once: 5000 at 10 s; flat: 300. */
static void
make(const char *path)
{
	struct rcp_file_header header = mk_plain_header();
	struct maker m;

	mk_begin(&m, &header);
	mk_thread(&m, 1, MK_PID, 0);
	mk_thread(&m, 2, 78, 0);
	mk_frame(&m, 1, 0, "/home/u/app.py", "leak", 10);
	mk_frame(&m, 2, 0, "/home/u/app.py", "once", 20);
	mk_frame(&m, 3, 0, "/home/u/lib/flat.py", "flat", 30);
	for (uint64_t i = 1; i <= 3; i++)
		mk_site(&m, i, i, RCP_KIND_PYTHON);
	for (uint64_t i = 1; i <= 20; i++) {
		mk_snap(&m, i * S, i == 1 || i == 13, RCP_SNAP_INTERVAL);
		if (i == 13) { /* a keyframe: absolute */
			mk_cell(&m, 1, 1, 6, 6000, 0, 0);
			mk_cell(&m, 2, 1, 7, 7000, 0, 0);
			mk_cell(&m, 1, 2, 1, 5000, 0, 0);
			mk_cell(&m, 1, 3, 1, 300, 0, 0);
		} else {
			mk_cell(&m, 1 + i % 2, 1, 1, 1000, 0, 0);
			if (i == 10)
				mk_cell(&m, 1, 2, 1, 5000, 0, 0);
			if (i == 1)
				mk_cell(&m, 1, 3, 1, 300, 0, 0);
		}
		mk_snap_end(&m, NULL);
	}
	/* The interpreter's tear-down is no shrinking. */
	mk_snap(&m, 21 * S, false, RCP_SNAP_END_PYTHON);
	mk_cell(&m, 1, 1, 1, 1000, 0, 0);
	mk_snap_end(&m, NULL);
	mk_snap(&m, 22 * S, false, RCP_SNAP_EXIT);
	mk_cell(&m, 1, 1, 0, 0, 21, 21000);
	mk_snap_end(&m, NULL);
	mk_end(&m, 22 * S, RCP_END_EXIT, 0);
	mk_save(&m, path);
	mk_free(&m);
}

static void
growth(struct rcp_set *set)
{
	struct rcp_query query = { .metric = RCP_METRIC_LIVE };
	struct rcp_view *view = rcp_view_new(set, &query, &error);
	struct rcp_groups *groups =
		rcp_groups_new(set, view, RCP_BY_OWN, RCP_METRIC_LIVE);
	struct rcp_growth total;
	struct rcp_growth *g =
		rcp_growth_new(set, &query, view, groups, &total, &error);

	is_str(groups->groups[0].name, "leak (/home/u/app.py:10)",
	       "the biggest group");
	ok(near(g[0].slope, 1000) && fabs(g[0].error) < 1e-6,
	   "leaks %g a second", g[0].slope);
	is_int((long long)g[0].points, 21, "up to the end of Python");
	is_int((long long)g[0].changes, 21, "changes");
	is_int((long long)g[1].changes, 1, "a keyframe is no change");
	is_int((long long)g[1].first, 10 * (long long)S, "when it came");
	is_int(g[1].begin_bytes, 0, "not there at first");
	ok(g[2].slope == 0 && g[2].error == 0, "flat is flat");
	ok(total.slope > g[0].slope, "the total grows too");
	is_int(total.end_bytes, 26300, "to the total at the end");
	free(g);

	/* From 12 s on only the leak grows. */
	query.window = true;
	rcp_moment_parse(set, "12", &query.from, &error);
	g = rcp_growth_new(set, &query, view, groups, &total, &error);
	ok(near(total.slope, 1000), "in a window: %g", total.slope);
	is_int((long long)total.points, 10, "its points, the begin included");
	is_int(g[1].begin_bytes, 5000, "the state at the begin is known");
	is_int((long long)g[1].changes, 1, "it is the only change");
	free(g);
	rcp_groups_free(groups);
	rcp_view_free(view);
}

static void
bands(struct rcp_set *set)
{
	struct rcp_query query = { .metric = RCP_METRIC_LIVE };
	struct rcp_bands *b = rcp_bands_new(set, &query, RCP_BY_FUNCTION, 2, 11,
					    &error);

	/* 11 columns of 2 s: [0,2) has 1 s; [2,4) 2 and 3 s; ... */
	is_int((long long)b->count, 2, "the two biggest");
	is_str(b->bands[0].name, "leak (/home/u/app.py)", "the first");
	is_str(b->bands[1].name, "once (/home/u/app.py)", "the second");
	is_int(b->bands[0].max, 21000, "its highest");
	is_int(b->totals[0], 1300, "the first column");
	is_int(b->totals[4], 9300, "the fifth: 9 s is above 8 s");
	is_int((long long)b->times[4], 9 * (long long)S, "and says so");
	is_int(b->bands[0].bytes[4], 9000, "the leak there");
	is_int(b->bands[1].bytes[4], 0, "the other not yet");
	is_int(b->bands[1].bytes[5], 5000, "then it is");
	is_int(b->bands[0].bytes[10], 21000, "the last");
	rcp_bands_free(b);

	b = rcp_bands_new(set, &query, RCP_BY_FILE, 8, 100, &error);
	is_int((long long)b->count, 2, "two files");
	is_int(b->totals[0], 0, "nothing before the first snapshot");
	is_int(b->totals[60], b->totals[59], "an empty column goes on");
	rcp_bands_free(b);

	b = rcp_bands_new(set, &query, RCP_BY_THREAD, 8, 1, &error);
	is_int((long long)b->count, 2, "two threads");
	is_str(b->bands[0].name, "MainThread", "the first");
	is_str(b->bands[1].name, "thread 78", "the second");
	is_int(b->bands[0].bytes[0] + b->bands[1].bytes[0], 26300,
	       "their sum");
	rcp_bands_free(b);
}

static void
filters(struct rcp_set *set)
{
	struct rcp_query query = { .metric = RCP_METRIC_LIVE };
	struct rcp_view *view;

	query.include = "lea|fla";
	query.exclude = "flat\\.py$";
	view = rcp_view_new(set, &query, &error);
	is_int((long long)view->row_count, 1, "include and exclude");
	is_int(view->total.live_bytes, 21000, "their total");
	rcp_view_free(view);
	query = (struct rcp_query){ .thread = "thread 78" };
	view = rcp_view_new(set, &query, &error);
	is_int(view->total.live_bytes, 10000, "one thread by its name");
	rcp_view_free(view);
	query.thread = "78";
	view = rcp_view_new(set, &query, &error);
	is_int(view->total.live_bytes, 10000, "and by its number");
	rcp_view_free(view);
	query.kind = "mmap";
	view = rcp_view_new(set, &query, &error);
	is_int((long long)view->row_count, 0, "a kind that is not there");
	rcp_view_free(view);
	query.kind = "heap";
	ok(!rcp_view_new(set, &query, &error), "no kind: %s", error.text);
	query = (struct rcp_query){ .thread = "nobody" };
	ok(!rcp_view_new(set, &query, &error), "no thread: %s", error.text);
	query = (struct rcp_query){ .include = "(" };
	ok(!rcp_view_new(set, &query, &error), "no pattern: %s", error.text);
}

int
main(void)
{
	const char *path = "model_growth.tmp";
	struct rcp_set *set;

	lines();
	make(path);
	set = rcp_set_open(&path, 1, NULL, &error);
	growth(set);
	bands(set);
	filters(set);
	rcp_set_close(set);
	unlink(path);
	return done_testing();
}

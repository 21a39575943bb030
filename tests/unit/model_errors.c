/* SPDX-License-Identifier: MIT
 *
 * model_errors.c - variances against a list of all samples: differences of
 * two times, peaks, threads that free each other's blocks, and what sampling
 * adds to the error of a slope.
 */
#include <math.h>

#include "maker.h"
#include "model/model.h"
#include "tap/random.h"
#include "tap/tap.h"

#define S UINT64_C(1000000000)
#define FILE_NAME "model_errors.tmp"
#define MOST 4000
#define STEPS 60 /* snapshots, one a second */
#define NEVER 1000

/* A sample.  It is in the snapshots from `born` on, before `died`. */
struct block {
	unsigned site, thread, freed_by, born, died;
	uint64_t bytes, var; /* var in units of RCP_VAR_UNIT */
};
static struct block blocks[MOST];
static size_t count;
static uint64_t state = 99;
static struct rcp_error error;

static uint64_t
any(uint64_t below)
{
	return tap_random(&state) % below;
}

static void
add(unsigned site, unsigned born, unsigned died)
{
	struct block *b = &blocks[count++];

	b->site = site;
	b->thread = 1 + (unsigned)any(2);
	b->freed_by = any(3) ? b->thread : 3 - b->thread;
	b->born = born;
	b->died = died;
	b->bytes = 1000 + any(9000);
	b->var = 100 + any(5000);
}

/* --- the profile ---------------------------------------------------------- */

static void
put_cell(struct maker *m, unsigned thread, unsigned site, unsigned step)
{
	uint64_t v[RCP_CELL_FIELDS] = { 0 };
	struct rcp_buf *buf;

	for (size_t i = 0; i < count; i++) {
		const struct block *b = &blocks[i];

		if (b->site != site)
			continue;
		if (b->born == step && b->thread == thread) {
			v[RCP_CELL_ALLOCS]++;
			v[RCP_CELL_ALLOC_BYTES] += b->bytes;
			v[RCP_CELL_VAR_ALLOC_BYTES] += b->var;
			v[RCP_CELL_VAR_LIVE_BYTES] += b->var;
			v[RCP_CELL_VAR_ALLOCS] += 2;
			v[RCP_CELL_SAMPLES]++;
		}
		if (b->died == step && b->freed_by == thread) {
			v[RCP_CELL_FREES]++;
			v[RCP_CELL_FREED_BYTES] += b->bytes;
			v[RCP_CELL_VAR_LIVE_BYTES] -= b->var;
		}
	}
	buf = mk_open(m, RCP_CHUNK_CELLS);
	rcp_buf_uv(buf, thread);
	rcp_encode_cell(buf, site,
			15u | 7u << RCP_CELL_VAR_LIVE_BYTES |
				1u << RCP_CELL_VAR_ALLOCS,
			v);
	mk_close(m);
}

static struct rcp_set *
make(unsigned sites)
{
	struct rcp_file_header header = mk_plain_header();
	const char *path = FILE_NAME;
	struct rcp_set *set;
	struct maker m;

	mk_begin(&m, &header);
	mk_pair(&m, RCP_CHUNK_INFO, RCP_INFO_MODE, "sample");
	mk_thread(&m, 1, MK_PID, 0);
	mk_thread(&m, 2, 78, 0);
	for (unsigned i = 1; i <= sites; i++) {
		mk_frame(&m, i, 0, "/home/u/app.py", "f", i);
		mk_site(&m, i, i, RCP_KIND_PYTHON);
	}
	for (unsigned step = 0; step < STEPS; step++) {
		mk_snap(&m, (step + 1) * S, step == 0, RCP_SNAP_INTERVAL);
		for (unsigned i = 1; i <= sites; i++)
			for (unsigned t = 1; t <= 2; t++)
				put_cell(&m, t, i, step);
		mk_snap_end(&m, NULL);
	}
	mk_end(&m, (STEPS + 1) * S, RCP_END_EXIT, 0);
	mk_save(&m, path);
	mk_free(&m);
	set = rcp_set_open(&path, 1, NULL, &error);
	if (!set) {
		diag("%s", error.text);
		exit(1);
	}
	return set;
}

/* --- what it should be ------------------------------------------------------ */

static bool
lives(const struct block *b, unsigned step)
{
	return b->born <= step && step < b->died;
}

static double
unit(double variance)
{
	return sqrt(variance * RCP_VAR_UNIT);
}

/* The exact standard error of live(to) - live(from) of all sites. */
static double
grown(unsigned from, unsigned to)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		if (lives(&blocks[i], from) != lives(&blocks[i], to))
			sum += (double)blocks[i].var;
	return unit(sum);
}

/* That of the least-squares slope of one site's live bytes. */
static double
slope(unsigned site)
{
	double mean = (STEPS - 1) / 2.0, squares = 0, sum = 0;

	for (unsigned k = 0; k < STEPS; k++)
		squares += (k - mean) * (k - mean);
	for (size_t i = 0; i < count; i++) {
		double weight = 0;

		if (blocks[i].site != site)
			continue;
		for (unsigned k = 0; k < STEPS; k++)
			if (lives(&blocks[i], k))
				weight += (k - mean) / squares;
		sum += (double)blocks[i].var * weight * weight;
	}
	return unit(sum);
}

/* The error of the straight line alone. */
static double
fit(unsigned site)
{
	uint64_t times[STEPS];
	double values[STEPS] = { 0 };

	for (unsigned k = 0; k < STEPS; k++) {
		times[k] = (k + 1) * S;
		for (size_t i = 0; i < count; i++)
			if (blocks[i].site == site && lives(&blocks[i], k))
				values[k] += (double)blocks[i].bytes;
	}
	return rcp_growth_of(times, values, STEPS).error;
}

static bool
near(double got, double want)
{
	if (fabs(got - want) <= 1e-9 * (1 + fabs(want)))
		return true;
	diag("got %.9g, want %.9g", got, want);
	return false;
}

static struct rcp_view *
view(struct rcp_set *set, unsigned from, unsigned to)
{
	struct rcp_query query = {
		.at = { RCP_AT_TIME, (to + 1) * S },
		.window = from != NEVER,
		.from = { RCP_AT_TIME, (from + 1) * S },
	};

	return rcp_view_new(set, &query, &error);
}

/* --- tests ------------------------------------------------------------------ */

static void
windows(void)
{
	struct rcp_set *set;
	struct rcp_view *v;
	double live = 0, born = 0, died = 0;

	count = 0;
	for (unsigned i = 0; i < 900; i++) {
		unsigned at = (unsigned)any(STEPS);

		add(1 + i % 3, at,
		    any(2) ? NEVER : at + 1 + (unsigned)any(30));
	}
	set = make(3);
	v = view(set, 20, 40);
	for (size_t i = 0; i < count; i++) {
		live += lives(&blocks[i], 40) ? (double)blocks[i].var : 0;
		if (blocks[i].born > 20 && blocks[i].born <= 40)
			born += (double)blocks[i].var;
		if (blocks[i].died > 20 && blocks[i].died <= 40)
			died += (double)blocks[i].var;
	}
	ok(near(rcp_values_error(&v->total, RCP_METRIC_LIVE), unit(live)),
	   "live at the window's end: exact");
	ok(near(rcp_values_error(&v->total, RCP_METRIC_ALLOCATED),
		unit(born)), "allocated in it: exact");
	ok(near(rcp_values_error(&v->total, RCP_METRIC_FREED), unit(died)),
	   "freed in it: exact, though other threads free");
	ok(rcp_values_grown_error(&v->total) >= grown(20, 40) &&
		   rcp_values_grown_error(&v->total) < 2 * grown(20, 40),
	   "what it has grown by: a bound");
	is_int(v->total.samples, v->total.allocations, "samples in it");
	ok(near(rcp_values_error(&v->total, RCP_METRIC_COUNT),
		sqrt(2.0 * (double)v->total.allocations)), "their number");
	ok(v->parts[0].values.var_live != v->parts[1].values.var_live,
	   "threads have parts of it");
	rcp_view_free(v);
	rcp_set_close(set);
}

/* Nothing freed; nothing that stays. */
static void
extremes(void)
{
	struct rcp_set *set;
	struct rcp_view *v;

	count = 0;
	for (unsigned i = 0; i < 500; i++)
		add(1, (unsigned)any(STEPS), NEVER);
	set = make(1);
	v = view(set, 10, 50);
	ok(near(rcp_values_grown_error(&v->total), grown(10, 50)),
	   "growth without frees: the error is exact");
	rcp_view_free(v);
	rcp_set_close(set);

	count = 0;
	for (unsigned i = 0; i < 500; i++) {
		unsigned at = (unsigned)any(STEPS);

		add(1, at, at + 1 + (unsigned)any(5));
	}
	set = make(1);
	v = view(set, 10, 50);
	ok(near(rcp_values_grown_error(&v->total), grown(10, 50)),
	   "nothing lives at both ends: the error is exact");
	rcp_view_free(v);
	rcp_set_close(set);
}

/* Site 1 only grows; 2 keeps blocks for a while; 3 frees them at once; 4 is a
 * leak under churn; 5 was built once. */
static void
slopes(void)
{
	static const double most[] = { 0, 1, 1.5, 6, 1.6, 1 };
	struct rcp_query query = { .at = { RCP_AT_END, 0 } };
	struct rcp_groups *groups;
	struct rcp_growth *growth, total;
	struct rcp_set *set;
	struct rcp_view *v;

	count = 0;
	for (unsigned i = 0; i < 400; i++)
		add(1, (unsigned)any(STEPS), NEVER);
	for (unsigned i = 0; i < 400; i++) {
		unsigned at = (unsigned)any(STEPS);

		add(2, at, at + 10 + (unsigned)any(30));
	}
	for (unsigned i = 0; i < STEPS * 10; i++)
		add(3, i / 10, i / 10 + 1);
	for (unsigned i = 0; i < STEPS * 20; i++) {
		add(4, i / 20, i % 5 ? i / 20 + 1 : NEVER);
		blocks[count - 1].freed_by = blocks[count - 1].thread;
	}
	for (unsigned i = 0; i < 50; i++)
		add(5, 0, NEVER);
	set = make(5);
	v = rcp_view_new(set, &query, &error);
	groups = rcp_groups_new(set, v, RCP_BY_LINE, RCP_METRIC_LIVE);
	growth = rcp_growth_new(set, &query, v, groups, &total, &error);
	is_int((long long)groups->count, 5, "five lines");
	for (size_t i = 0; i < groups->count; i++) {
		unsigned site = set->frames[groups->groups[i].frame].line;
		double exact = slope(site), got = growth[i].sampling;

		ok(got >= exact * (1 - 1e-9) - 1e-9 &&
			   got <= exact * (most[site] + 1e-9) + 1e-9,
		   "line %u: the slope's error is at most %.3g times too "
		   "large", site, most[site]);
		diag("line %u: %.4g of %.4g", site, got, exact);
		ok(near(growth[i].error, hypot(got, fit(site))),
		   "line %u: the fit's own error comes on top", site);
	}
	ok(total.sampling > 0 && total.error > total.sampling,
	   "the sum has one too");
	free(growth);
	rcp_groups_free(groups);
	rcp_view_free(v);
	rcp_set_close(set);
}

int
main(void)
{
	windows();
	extremes();
	slopes();
	remove(FILE_NAME);
	return done_testing();
}

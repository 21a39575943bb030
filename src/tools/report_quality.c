/* SPDX-License-Identifier: MIT
 *
 * report_quality.c - the line of the report that says how it was measured,
 * what was lost and what could be seen; and whether there are enough samples
 * to say anything.
 */
#include <string.h>

#include "tools/estimate.h"
#include "tools/report.h"

static void
add_lost(struct rcp_text *t, uint64_t n, const char *one, const char *many)
{
	if (n == 0)
		return;
	if (t->len > 0)
		rcp_text_add(t, ", ");
	rcp_text_count(t, (int64_t)n);
	rcp_text_char(t, ' ');
	rcp_text_add(t, rcp_plural((int64_t)n, one, many));
}

/* Allocations whose stack was folded into [truncated], at the limit of the
 * profiler's memory. */
static int64_t
folded(const struct rcp_set *set, const struct rcp_view *view)
{
	int64_t sum = 0;

	for (size_t i = 0; i < view->row_count; i++) {
		uint32_t node = set->sites[view->rows[i].site].node;
		const struct rcp_frame_info *root;

		while (set->nodes[node].parent)
			node = set->nodes[node].parent;
		root = &set->frames[set->nodes[node].frame];
		if (node && root->kind == RCP_FRAME_MARKER &&
		    strcmp(root->function, "[truncated]") == 0)
			sum += view->rows[i].values.allocations;
	}
	return sum;
}

double
rcp_report_folded(const struct rcp_report *report)
{
	int64_t all = report->view->total.allocations;

	if (!report->view->totals[RCP_TOTAL_SITES_TRUNCATED] || all <= 0)
		return 0;
	return (double)folded(report->look->set, report->view) / (double)all;
}

static void
add_folded(struct rcp_text *t, const struct rcp_report *report)
{
	if (!report->view->totals[RCP_TOTAL_SITES_TRUNCATED])
		return;
	rcp_text_add(t, "the stacks of ");
	rcp_text_percent(t, rcp_report_folded(report), 1);
	rcp_text_add(t, " of allocations (--memory-limit)");
}

/* Means are round numbers more often than not. */
static void
add_mean(struct rcp_text *t, uint64_t mean)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
	size_t i = 0;

	for (; i < 3 && mean >= 1024 && mean % 1024 == 0; i++)
		mean /= 1024;
	if (mean < 1024)
		rcp_text_format(t, "%u %s", (unsigned)mean, units[i]);
	else
		rcp_text_size(t, (int64_t)(mean << 10 * i));
}

/* "sampled, mean 64 KiB to 512 KiB, CPU 0.4 % of 1 %, 12,345 samples" */
static void
add_sampling(struct rcp_text *t, const struct rcp_report *report)
{
	const struct rcp_sampling *s = &report->look->sampling;
	const uint64_t *totals = report->view->totals;

	rcp_text_add(t, "sampled");
	if (s->mean_min > 0) {
		rcp_text_add(t, ", mean ");
		add_mean(t, s->mean_min);
		if (s->mean_max > s->mean_min) {
			rcp_text_add(t, " to ");
			add_mean(t, s->mean_max);
		}
	}
	if (totals[RCP_TOTAL_CPU] > 0) {
		rcp_text_add(t, ", CPU ");
		rcp_text_percent(t, (double)totals[RCP_TOTAL_SAMPLE_CPU],
				 (double)totals[RCP_TOTAL_CPU]);
		if (s->budget > 0)
			rcp_text_format(t, " of %g %%", s->budget);
	}
	rcp_text_add(t, ", ");
	rcp_text_count(t, report->view->total.samples);
	rcp_text_add(t, rcp_plural(report->view->total.samples, " sample",
				   " samples"));
}

/* How it was measured, what was lost, what could be seen. */
static void
print_measure(const struct rcp_report *report)
{
	const struct rcp_set *set = report->look->set;
	const struct rcp_process *root = rcp_root_process(set);
	const char *mode = rcp_process_info(root, RCP_INFO_MODE);
	const struct rcp_process *python = rcp_python_process(set);
	const char *frames =
		python ? rcp_process_coverage(python, RCP_COVER_FRAMES) : NULL;
	bool sampled = report->look->sampling.sampled;
	struct rcp_text t = { 0 }, lost = { 0 };
	uint64_t bad = 0, sums = 0;

	for (size_t i = 0; i < set->process_count; i++) {
		bad += set->processes[i]->bad_records;
		sums += set->processes[i]->bad_sums;
	}
	if (sampled) {
		add_sampling(&t, report);
	} else if (mode && strcmp(mode, "idle") == 0) {
		rcp_text_add(&t, "idle, recording only when told to");
	} else {
		rcp_text_add(&t, "exact, every allocation");
	}
	add_folded(&lost, report);
	add_lost(&lost, report->view->totals[RCP_TOTAL_SAMPLES_DROPPED],
		 sampled ? "sample" : "block (no memory for its record)",
		 sampled ? "samples" : "blocks (no memory for their records)");
	add_lost(&lost, report->view->totals[RCP_TOTAL_SNAPSHOTS_LOST],
		 "snapshot", "snapshots");
	add_lost(&lost, report->view->totals[RCP_TOTAL_SNAPSHOTS_MERGED],
		 "old snapshot merged (--file-limit)",
		 "old snapshots merged (--file-limit)");
	add_lost(&lost, bad, "malformed record", "malformed records");
	add_lost(&lost, sums, "snapshot whose sums differ",
		 "snapshots whose sums differ");
	rcp_text_format(&t, " | lost: %s", lost.len ? lost.s : "nothing");
	if (frames) {
		rcp_text_add(&t, " | frames: ");
		rcp_text_name(&t, frames);
	}
	rcp_out_wrap(&report->look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
	rcp_text_free(&lost);
}

/* --- too few -------------------------------------------------------------- */

/* Below a hundred samples of one size the sum is known to a tenth; below nine
 * the biggest line is no more than three of its errors. */
#define THIN_TOTAL 0.1
#define THIN_LINE (1.0 / 3)

static double
relative_error(const struct rcp_values *values, enum rcp_metric metric)
{
	double value = (double)rcp_values_metric(values, metric);
	double error = rcp_values_error(values, metric);

	return value > 0 ? error / value : error > 0;
}

static void
print_thin(const struct rcp_report *report)
{
	const struct rcp_look *look = report->look;
	const struct rcp_values *total = &report->view->total;
	enum rcp_metric metric = look->query.metric;
	double whole = relative_error(total, metric), line = 0;
	struct rcp_text t = { 0 };

	if (!look->sampling.sampled)
		return;
	if (report->groups->count > 0)
		line = relative_error(&report->groups->groups[0].values,
				      metric);
	if (total->samples == 0)
		rcp_text_add(&t, "No sample was taken");
	else if (whole > THIN_TOTAL || line > THIN_LINE)
		rcp_text_format(&t, "Too few samples: the sum is known to "
				    "\xc2\xb1%.0f %%, its biggest line to "
				    "\xc2\xb1%.0f %%",
				100 * whole, 100 * line);
	if (t.len > 0) {
		rcp_text_add(&t, "; run again with --exact, or with a "
				 "smaller --rate.");
		rcp_out_wrap(&look->out, RCP_WARN, t.s, 2);
	}
	rcp_text_free(&t);
}

void
rcp_report_quality(const struct rcp_report *report)
{
	print_measure(report);
	print_thin(report);
}

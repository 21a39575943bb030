/* SPDX-License-Identifier: MIT
 *
 * report_foot.c - the end of the report: totals, temporary allocations, what
 * could not be seen.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/estimate.h"
#include "tools/report.h"
#include "tools/sites.h"

static void
print_totals(const struct rcp_report *report)
{
	const struct rcp_look *look = report->look;
	const struct rcp_values *v = &report->view->total;
	uint64_t own = report->view->totals[RCP_TOTAL_PROFILER];
	double allocated = rcp_values_error(v, RCP_METRIC_ALLOCATED);
	double live = rcp_values_error(v, RCP_METRIC_LIVE);
	struct rcp_text t = { 0 };

	rcp_text_add(&t, "ALL IN ALL   ");
	rcp_estimate_size_both(&t, v->allocated_bytes, allocated);
	rcp_text_add(&t, " in ");
	rcp_estimate_count_both(&t, v->allocations,
				rcp_values_error(v, RCP_METRIC_COUNT));
	rcp_text_add(&t, rcp_plural(v->allocations, " allocation",
				    " allocations"));
	if (look->set->process_count > 1 &&
	    look->query.at.kind == RCP_AT_END) {
		rcp_text_add(&t, "; live at the end of each: ");
	} else {
		rcp_text_add(&t, "; live at ");
		rcp_look_time(look, &t, report->view->time);
		rcp_text_add(&t, ": ");
	}
	rcp_estimate_size_both(&t, v->live_bytes, live);
	rcp_text_add(&t, " in ");
	rcp_estimate_blocks(&t, v->live_blocks, v, RCP_METRIC_LIVE);
	rcp_text_add(&t, rcp_plural(v->live_blocks, " block", " blocks"));
	if (own > 0) {
		rcp_text_add(&t, "; rcprof's own memory: ");
		rcp_text_size(&t, (int64_t)own);
	}
	rcp_out_wrap(&look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

/* --- temporary allocations ------------------------------------------------ */

#define TEMPORARY_SHARE 0.1
#define TEMPORARY_LEAST 1000
#define TEMPORARY_SITES 3

/* The groups with the most temporary allocations. */
static size_t
most_temporary(const struct rcp_report *report,
	       const struct rcp_group *best[TEMPORARY_SITES])
{
	size_t count = 0;

	for (size_t i = 0; i < report->groups->count; i++) {
		const struct rcp_group *group = &report->groups->groups[i];
		size_t k = count;

		if (group->values.temporary_blocks == 0)
			continue;
		while (k > 0 && best[k - 1]->values.temporary_blocks <
					group->values.temporary_blocks) {
			if (k < TEMPORARY_SITES)
				best[k] = best[k - 1];
			k--;
		}
		if (k < TEMPORARY_SITES)
			best[k] = group;
		if (count < TEMPORARY_SITES)
			count++;
	}
	return count;
}

static bool
much_temporary(const struct rcp_values *v)
{
	return v->temporary_blocks >= TEMPORARY_LEAST &&
	       (double)v->temporary_blocks >
		       TEMPORARY_SHARE * (double)v->allocations;
}

static void
print_temporary(const struct rcp_report *report)
{
	static const struct rcp_column columns[] = {
		{ "", true, false, 0, 0, RCP_PLAIN },
		{ "", true, false, 0, 0, RCP_ACCENT },
		{ "", false, false, 24, 0, RCP_BOLD },
		{ "", false, false, 16, 3, RCP_PLAIN },
	};
	const struct rcp_look *look = report->look;
	const struct rcp_values *v = &report->view->total;
	const struct rcp_group *best[TEMPORARY_SITES] = { NULL };
	const char *threshold = rcp_process_info(
		rcp_root_process(look->set), RCP_INFO_TEMPORARY);
	struct rcp_table table;
	struct rcp_text t = { 0 };
	size_t count;

	if (!much_temporary(v) || look->query.metric == RCP_METRIC_TEMPORARY)
		return;
	putc('\n', look->out.file);
	rcp_text_add(&t, "TEMPORARY   ");
	rcp_text_count(&t, v->temporary_blocks);
	rcp_text_add(&t, " allocations (");
	rcp_text_percent(&t, (double)v->temporary_blocks,
			 (double)v->allocations);
	if (!threshold || strcmp(threshold, "1") == 0) {
		rcp_text_add(&t, ") freed before their thread's next one");
	} else {
		rcp_text_add(&t, ") freed before their thread's next ");
		rcp_text_name(&t, threshold);
	}
	rcp_out_wrap(&look->out, RCP_BOLD, t.s, 2);
	rcp_text_clear(&t);
	rcp_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
	table.indent = 4;
	count = most_temporary(report, best);
	for (size_t i = 0; i < count; i++) {
		rcp_table_row(&table, false);
		rcp_text_percent(&t, (double)best[i]->values.temporary_blocks,
				 (double)v->temporary_blocks);
		rcp_table_take(&table, &t);
		rcp_text_count(&t, best[i]->values.temporary_blocks);
		rcp_table_take(&table, &t);
		rcp_group_place(look, &t, best[i], look->args.by);
		rcp_table_take(&table, &t);
		if (rcp_group_source(look, &t, best[i], look->args.by))
			rcp_table_take(&table, &t);
	}
	rcp_table_print(&table, &look->out);
	rcp_table_free(&table);
	rcp_text_free(&t);
}

/* --- coverage ------------------------------------------------------------- */

static void
add_seen(struct rcp_text *t, uint64_t n, const char *one, const char *many)
{
	if (n == 0)
		return;
	if (t->len > 0)
		rcp_text_add(t, "; ");
	rcp_text_count(t, (int64_t)n);
	rcp_text_char(t, ' ');
	rcp_text_add(t, rcp_plural((int64_t)n, one, many));
}

/* Has an earlier process said the same? */
static bool
was_said(const struct rcp_set *set, size_t process,
	 const struct rcp_pair *pair)
{
	for (size_t i = 0; i < process; i++) {
		const char *said =
			rcp_process_coverage(set->processes[i], pair->key);

		if (said && strcmp(said, pair->value) == 0)
			return true;
	}
	return false;
}

static void
add_notes(struct rcp_text *t, const struct rcp_set *set, size_t index)
{
	const struct rcp_process *process = set->processes[index];

	for (size_t i = 0; i < process->coverage_count; i++) {
		const struct rcp_pair *pair = &process->coverage[i];

		if (strncmp(pair->key, RCP_COVER_NOTE,
			    strlen(RCP_COVER_NOTE)) != 0 ||
		    was_said(set, index, pair))
			continue;
		if (t->len > 0)
			rcp_text_add(t, "; ");
		rcp_text_name(t, pair->value);
	}
}

static void
print_coverage(const struct rcp_report *report)
{
	const struct rcp_look *look = report->look;
	const char *changed = rcp_sources_changed(look->sources);
	bool dropped = report->view->totals[RCP_TOTAL_SAMPLES_DROPPED] != 0;
	struct rcp_text t = { 0 };

	add_seen(&t, report->view->totals[RCP_TOTAL_UNMATCHED_FREES],
		 dropped ? "free of a block without a record"
			 : "free of a block from before rcprof was there",
		 dropped ? "frees of blocks without a record"
			 : "frees of blocks from before rcprof was there");
	add_seen(&t, report->view->totals[RCP_TOTAL_UNSEEN_FREES],
		 "free that was not seen", "frees that were not seen");
	add_seen(&t, report->view->totals[RCP_TOTAL_GUARDED],
		 "call inside a hook, not counted",
		 "calls inside hooks, not counted");
	add_seen(&t, report->view->totals[RCP_TOTAL_BAD_FRAMES],
		 "Python frame that could not be read",
		 "Python frames that could not be read");
	for (size_t i = 0; i < look->set->process_count; i++)
		add_notes(&t, look->set, i);
	if (changed) {
		if (t.len > 0)
			rcp_text_add(&t, "; ");
		rcp_place_file(look->sources, &t, changed);
		rcp_text_add(&t, " has changed since, so its lines are not "
				 "shown");
	}
	if (t.len > 0) {
		struct rcp_text line = { 0 };

		rcp_text_format(&line, "COVERAGE   %s.", t.s);
		rcp_out_wrap(&look->out, RCP_DIM, line.s, 2);
		rcp_text_free(&line);
	}
	rcp_text_free(&t);
}

void
rcp_report_foot(const struct rcp_report *report)
{
	print_temporary(report);
	putc('\n', report->look->out.file);
	print_totals(report);
	rcp_report_objects(report);
	print_coverage(report);
	rcp_report_next(report);
}

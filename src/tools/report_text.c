/* SPDX-License-Identifier: MIT
 *
 * report_text.c - the report as one page of text: what grows, who held the
 * peak, what was allocated in vain, and where to look next.  A sentence is
 * printed only when the numbers carry it.
 */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tools/estimate.h"
#include "tools/report.h"
#include "tools/sites.h"

#define MOST_SITES 10
#define MOST_GROWING 5
#define MOST_LEVEL 2

static void
print_blank(const struct rcp_report *report)
{
	putc('\n', report->look->out.file);
}

/* --- growing -------------------------------------------------------------- */

/* In how many processes the group holds something, "4 of 5". */
static void
add_spread(const struct rcp_report *report, struct rcp_text *t,
	   const struct rcp_group *group)
{
	const struct rcp_set *set = report->look->set;
	const struct rcp_view *view = report->growing->view;
	size_t count = 0;

	for (uint32_t p = 0; p < set->process_count; p++) {
		int64_t live = 0;

		for (size_t i = 0; i < group->row_count; i++) {
			const struct rcp_row *row =
				&view->rows[group->rows[i]];

			for (uint32_t k = 0; k < row->part_count; k++) {
				const struct rcp_part *part =
					&view->parts[row->part + k];

				if (part->process == p)
					live += part->values.live_bytes;
			}
		}
		count += live > 0;
	}
	rcp_text_format(t, "%zu of %zu", count, set->process_count);
}

static void
add_growing(const struct rcp_report *report, struct rcp_table *table,
	    size_t rank)
{
	const struct rcp_growing *g = report->growing;
	uint32_t index = g->growing[rank];
	const struct rcp_group *group = &g->groups->groups[index];
	const struct rcp_growth *growth = &g->growths[index];
	struct rcp_text t = { 0 };

	rcp_table_row(table, false);
	rcp_text_format(&t, "%zu", rank + 1);
	rcp_table_take(table, &t);
	rcp_growth_rate(&t, growth);
	rcp_table_take(table, &t);
	rcp_growth_error(&t, growth);
	rcp_table_take(table, &t);
	rcp_estimate_size(&t, growth->end_bytes,
			  rcp_values_error(&group->values, RCP_METRIC_LIVE));
	rcp_table_take(table, &t);
	if (report->look->set->process_count > 1)
		add_spread(report, &t, group);
	rcp_table_take(table, &t);
	rcp_group_place(report->look, &t, group, RCP_BY_OWN);
	rcp_table_take(table, &t);
	if (rcp_group_source(report->look, &t, group, RCP_BY_OWN))
		rcp_table_take(table, &t);
	rcp_text_free(&t);
}

static void
print_levelled(const struct rcp_report *report)
{
	const struct rcp_growing *g = report->growing;
	struct rcp_text t = { 0 };

	if (g->level_count == 0)
		return;
	rcp_text_add(&t, "Levelled off: ");
	for (size_t i = 0; i < g->level_count && i < MOST_LEVEL; i++) {
		const struct rcp_growth *growth = &g->growths[g->level[i]];
		const struct rcp_group *group =
			&g->groups->groups[g->level[i]];

		rcp_text_add(&t, i > 0 ? "; " : "");
		rcp_group_place(report->look, &t, group, RCP_BY_OWN);
		rcp_text_add(&t, " (");
		rcp_estimate_size(&t, growth->end_bytes,
				  rcp_values_error(&group->values,
						   RCP_METRIC_LIVE));
		rcp_text_add(&t, ", flat since ");
		rcp_look_time(report->look, &t, growth->last);
		rcp_text_char(&t, ')');
	}
	if (g->level_count > MOST_LEVEL)
		rcp_text_format(&t, "; %zu more", g->level_count - MOST_LEVEL);
	rcp_text_char(&t, '.');
	rcp_out_wrap(&report->look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

/* "GROWING   (looked at 12.1 s to 60.7 s, 50 snapshots)" */
static void
print_growing_title(const struct rcp_report *report)
{
	const struct rcp_growing *g = report->growing;
	const struct rcp_look *look = report->look;
	struct rcp_text t = { 0 };

	rcp_text_format(&t, "GROWING   %s(looked at ",
			g->growing_count > 0 ? "" : "nothing ");
	rcp_look_time(look, &t, g->query.from.time);
	rcp_text_add(&t, " to ");
	rcp_look_time(look, &t,
		      look->query.at.kind == RCP_AT_END
			      ? look->set->end_time
			      : look->query.at.time);
	rcp_text_format(&t, ", %" PRIu64 " snapshots)", g->total.points);
	rcp_out_wrap(&look->out, RCP_BOLD, t.s, 2);
	rcp_text_free(&t);
}

static void
print_growing_table(const struct rcp_report *report)
{
	static const struct rcp_column columns[] = {
		{ "", true, false, 0, 0, RCP_DIM },
		{ "", true, false, 0, 0, RCP_WARN },
		{ "", false, false, 0, 3, RCP_PLAIN },
		{ "live", true, false, 0, 2, RCP_ACCENT },
		{ "processes", true, false, 0, 4, RCP_PLAIN },
		{ "your line", false, false, 24, 0, RCP_BOLD },
		{ "", false, false, 16, 3, RCP_PLAIN },
	};
	const struct rcp_growing *g = report->growing;
	const struct rcp_look *look = report->look;
	size_t shown = g->growing_count > MOST_GROWING && !look->args.all
			       ? MOST_GROWING
			       : g->growing_count;
	struct rcp_table table;
	struct rcp_text t = { 0 };

	rcp_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
	table.indent = 1;
	table.titles = true;
	for (size_t i = 0; i < shown; i++)
		add_growing(report, &table, i);
	rcp_table_print(&table, &look->out);
	rcp_table_free(&table);
	rcp_text_format(&t, "Not growing: %zu of %zu lines.",
			g->groups->count - g->growing_count,
			g->groups->count);
	if (shown < g->growing_count)
		rcp_text_format(&t, " %zu more grow: --all",
				g->growing_count - shown);
	rcp_out_wrap(&look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

static void
print_growing(const struct rcp_report *report)
{
	if (!report->growing)
		return;
	print_blank(report);
	print_growing_title(report);
	if (report->growing->growing_count > 0)
		print_growing_table(report);
	print_levelled(report);
}

/* --- the biggest ---------------------------------------------------------- */

/* Words for each metric, and which blocks go with its bytes. */
static const struct {
	const char *title;
	size_t blocks; /* of metrics in bytes: offset in struct rcp_values */
	bool moment;   /* "at" a time, not "by" it */
} metrics[RCP_METRICS] = {
#define BLOCKS(field) offsetof(struct rcp_values, field)
	[RCP_METRIC_PEAK] = { "AT THE PEAK", BLOCKS(peak_blocks), true },
	[RCP_METRIC_LIVE] = { "LIVE", BLOCKS(live_blocks), true },
	[RCP_METRIC_ALLOCATED] = { "ALLOCATED", BLOCKS(allocations), false },
	[RCP_METRIC_FREED] = { "FREED", BLOCKS(frees), false },
	[RCP_METRIC_TEMPORARY] = { "TEMPORARY ALLOCATIONS", 0, false },
	[RCP_METRIC_COUNT] = { "ALLOCATIONS", 0, false },
};

/* "AT THE PEAK   121 MiB in 120,313 blocks at 38.2 s" */
static void
print_title(const struct rcp_report *report)
{
	const struct rcp_look *look = report->look;
	const struct rcp_values *total = &report->view->total;
	enum rcp_metric metric = look->query.metric;
	double error = rcp_values_error(total, metric);
	struct rcp_text t = { 0 };

	rcp_text_format(&t, "%s   ", metrics[metric].title);
	rcp_estimate_both(&t, metric, rcp_values_metric(total, metric), error);
	if (rcp_metric_is_bytes(metric)) {
		int64_t blocks;

		memcpy(&blocks, (const char *)total + metrics[metric].blocks,
		       sizeof(blocks));
		rcp_text_add(&t, " in ");
		rcp_estimate_blocks(&t, blocks, total, metric);
		rcp_text_add(&t, rcp_plural(blocks, " block", " blocks"));
	}
	if (look->query.window) {
		rcp_text_add(&t, " from ");
		rcp_look_time(look, &t, report->view->from);
		rcp_text_add(&t, " to ");
		rcp_look_time(look, &t, report->view->time);
	} else {
		rcp_text_add(&t, metrics[metric].moment ? " at " : " by ");
		rcp_look_time(look, &t,
			      metric == RCP_METRIC_PEAK
				      ? report->view->peak.time
				      : report->view->time);
	}
	rcp_out_wrap(&look->out, RCP_BOLD, t.s, 2);
	rcp_text_free(&t);
}

static void
print_biggest(const struct rcp_report *report)
{
	const struct rcp_look *look = report->look;
	enum rcp_metric metric = look->query.metric;
	int64_t whole = rcp_values_metric(&report->view->total, metric);
	size_t shown = rcp_groups_worth(look, report->groups, whole,
					MOST_SITES);
	struct rcp_values others = { 0 };
	struct rcp_text t = { 0 };
	int64_t rest;

	print_blank(report);
	print_title(report);
	if (whole == 0) {
		rcp_out_line(&look->out, RCP_PLAIN,
			     metric == RCP_METRIC_TEMPORARY &&
					     look->sampling.sampled
				     ? "  counted in exact mode: run again "
				       "with --exact"
				     : "  nothing was recorded");
		return;
	}
	rcp_sites_print(look, report->view, report->groups, shown);
	for (size_t i = shown; i < report->groups->count; i++)
		rcp_values_add(&others, &report->groups->groups[i].values);
	rest = rcp_values_metric(&others, metric);
	if (shown < report->groups->count && rest != 0) {
		double error = rcp_values_error(&others, metric);

		rcp_text_format(&t, "  %zu more: ",
				report->groups->count - shown);
		rcp_estimate_both(&t, metric, rest, error);
		rcp_text_add(&t, " (");
		rcp_estimate_percent(&t, (double)rest, (double)whole, error);
		rcp_text_add(&t, "); --all shows them");
		rcp_out_line(&look->out, RCP_DIM, t.s);
	}
	rcp_text_free(&t);
}

void
rcp_report_text(const struct rcp_report *report)
{
	rcp_report_head(report);
	print_growing(report);
	print_biggest(report);
	rcp_report_foot(report);
}

/* SPDX-License-Identifier: MIT
 *
 * sites.c - see sites.h.
 */
#include "tools/sites.h"

#include <stdlib.h>

#include "model/memory.h"
#include "tools/estimate.h"

void
rcp_group_place(const struct rcp_look *look, struct rcp_text *t,
		const struct rcp_group *group, enum rcp_by by)
{
	const struct rcp_frame_info *frame;
	struct rcp_frame_info whole;

	if (group->frame == RCP_NONE) {
		if (by == RCP_BY_FILE || by == RCP_BY_MODULE)
			rcp_place_file(look->sources, t, group->name);
		else
			rcp_text_name(t, group->name);
		return;
	}
	frame = &look->set->frames[group->frame];
	if (by == RCP_BY_FUNCTION) {
		whole = *frame;
		whole.line = 0;
		frame = &whole;
	}
	rcp_place_frame(look->sources, t, frame);
}

static bool
has_line(enum rcp_by by)
{
	return by == RCP_BY_OWN || by == RCP_BY_LINE || by == RCP_BY_STACK;
}

bool
rcp_group_source(const struct rcp_look *look, struct rcp_text *t,
		 const struct rcp_group *group, enum rcp_by by)
{
	const struct rcp_frame_info *frame;

	if (look->args.no_source || group->frame == RCP_NONE || !has_line(by))
		return false;
	frame = &look->set->frames[group->frame];
	return frame->file && rcp_source_line(look->sources, t, frame->file,
					      frame->line);
}

size_t
rcp_groups_worth(const struct rcp_look *look, const struct rcp_groups *groups,
		 int64_t whole, size_t most)
{
	size_t n = 0;

	while (n < groups->count) {
		const struct rcp_values *v = &groups->groups[n].values;
		int64_t value = rcp_values_metric(v, look->query.metric);
		double error = rcp_values_error(v, look->query.metric);

		if (look->args.all) {
			if (look->args.top && n == look->args.top)
				break;
		} else if (look->args.top) {
			if (n == look->args.top || value <= 0)
				break;
		} else if (n == most || value <= 0 ||
			   (n >= 3 && ((double)value < 0.01 * (double)whole ||
				       rcp_estimate_is_guess(value,
							     error)))) {
			break;
		}
		n++;
	}
	return n;
}

/* --- neighbours ----------------------------------------------------------- */

static int
by_frame(const void *a, const void *b)
{
	const struct rcp_neighbour *x = a, *y = b;

	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* For qsort, which takes no context. */
static enum rcp_metric sorted_by;

static int
by_amount(const void *a, const void *b)
{
	const struct rcp_neighbour *x = a, *y = b;

	int64_t n = rcp_values_metric(&x->values, sorted_by);
	int64_t m = rcp_values_metric(&y->values, sorted_by);

	return n != m ? (n > m ? -1 : 1) : by_frame(a, b);
}

/* The caller of the group's frame in one site's stack, or what it called. */
static uint32_t
neighbour_of(const struct rcp_set *set, uint32_t site, enum rcp_by by,
	     enum rcp_beside which)
{
	const struct rcp_site_info *info = &set->sites[site];
	uint32_t node = info->node;
	uint32_t depth = by == RCP_BY_OWN && info->own != RCP_NONE ? info->own
								  : 0;

	if (which == RCP_LEAVES)
		return depth > 0 ? set->nodes[node].frame : RCP_NONE;
	for (; node && depth > 0; depth--)
		node = set->nodes[node].parent;
	node = node ? set->nodes[node].parent : 0;
	return node ? set->nodes[node].frame : RCP_NONE;
}

struct rcp_neighbour *
rcp_group_beside(const struct rcp_look *look, const struct rcp_view *view,
		 const struct rcp_group *group, enum rcp_by by,
		 enum rcp_beside which, size_t *count)
{
	struct rcp_neighbour *all =
		rcp_alloc((group->row_count + 1) * sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < group->row_count; i++) {
		const struct rcp_row *row = &view->rows[group->rows[i]];

		all[i].frame = neighbour_of(look->set, row->site, by, which);
		all[i].values = row->values;
	}
	qsort(all, group->row_count, sizeof(*all), by_frame);
	for (size_t i = 0; i < group->row_count; i++) {
		if (n > 0 && all[n - 1].frame == all[i].frame)
			rcp_values_add(&all[n - 1].values, &all[i].values);
		else
			all[n++] = all[i];
	}
	sorted_by = look->query.metric;
	qsort(all, n, sizeof(*all), by_amount);
	*count = n;
	return all;
}

/* --- the table ------------------------------------------------------------ */

#define MOST_CALLERS 2
#define CALLER_SHARE 0.1

/* One line under a group: "via app/views.py:88 detail". */
static void
add_neighbour(const struct rcp_look *look, struct rcp_table *table,
	      const char *word, const struct rcp_neighbour *neighbour)
{
	const struct rcp_frame_info *frame =
		&look->set->frames[neighbour->frame];
	enum rcp_metric metric = look->query.metric;
	int64_t amount = rcp_values_metric(&neighbour->values, metric);
	double error = rcp_values_error(&neighbour->values, metric);
	struct rcp_text t = { 0 };

	rcp_table_row(table, true);
	rcp_table_cell(table, "");
	rcp_table_cell(table, "");
	rcp_estimate(&t, metric, amount, error);
	rcp_table_take(table, &t);
	rcp_estimate_error(&t, metric, amount, error);
	rcp_table_take(table, &t);
	rcp_table_cell(table, "");
	rcp_text_format(&t, "  %s ", word);
	rcp_place_frame(look->sources, &t, frame);
	rcp_table_take(table, &t);
	if (!look->args.no_source && frame->file &&
	    rcp_source_line(look->sources, &t, frame->file, frame->line))
		rcp_table_take(table, &t);
	rcp_text_free(&t);
}

/* Who called, if that is not always the same place; what allocated, if it is
 * not the line itself. */
static void
add_neighbours(const struct rcp_look *look, struct rcp_table *table,
	       const struct rcp_view *view, const struct rcp_group *group,
	       int64_t value, enum rcp_beside which)
{
	size_t count, shown = 0;
	struct rcp_neighbour *all = rcp_group_beside(
		look, view, group, look->args.by, which, &count);
	size_t most = which == RCP_LEAVES ? 1 : count > 1 ? MOST_CALLERS : 0;

	for (size_t i = 0; i < count && shown < most; i++) {
		if ((double)rcp_values_metric(&all[i].values,
					      look->query.metric) <
		    CALLER_SHARE * (double)value)
			break;
		if (all[i].frame == RCP_NONE)
			continue;
		add_neighbour(look, table,
			      which == RCP_LEAVES ? "in" : "via", &all[i]);
		shown++;
	}
	free(all);
}

static int64_t
blocks_of(const struct rcp_values *values, enum rcp_metric metric)
{
	switch (metric) {
	case RCP_METRIC_PEAK:
		return values->peak_blocks;
	case RCP_METRIC_ALLOCATED:
		return values->allocations;
	case RCP_METRIC_FREED:
		return values->frees;
	default:
		return values->live_blocks;
	}
}

void
rcp_sites_print(const struct rcp_look *look, const struct rcp_view *view,
		const struct rcp_groups *groups, size_t shown)
{
	static const struct rcp_column columns[] = {
		{ "", true, false, 0, 0, RCP_DIM },
		{ "", true, false, 0, 2, RCP_PLAIN },
		{ "", true, false, 0, 0, RCP_ACCENT },
		{ "", false, false, 0, 1, RCP_PLAIN },
		{ "", true, false, 0, 4, RCP_PLAIN },
		{ "", false, false, 24, 0, RCP_BOLD },
		{ "", false, false, 16, 3, RCP_PLAIN },
	};
	enum rcp_metric metric = look->query.metric;
	int64_t whole = rcp_values_metric(&view->total, metric);
	double sampled = rcp_values_error(&view->total, metric);
	bool stacks = look->args.by == RCP_BY_OWN ||
		      look->args.by == RCP_BY_LINE ||
		      look->args.by == RCP_BY_FUNCTION;
	struct rcp_table table;
	struct rcp_text t = { 0 };

	rcp_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
	table.indent = 1;
	for (size_t i = 0; i < shown; i++) {
		const struct rcp_group *group = &groups->groups[i];
		int64_t value = rcp_values_metric(&group->values, metric);
		int64_t blocks = blocks_of(&group->values, metric);
		double error = rcp_values_error(&group->values, metric);

		rcp_table_row(&table, rcp_estimate_is_guess(value, error));
		rcp_text_format(&t, "%zu", i + 1);
		rcp_table_take(&table, &t);
		rcp_estimate_percent(&t, (double)value, (double)whole,
				     sampled);
		rcp_table_take(&table, &t);
		rcp_estimate(&t, metric, value, error);
		rcp_table_take(&table, &t);
		rcp_estimate_error(&t, metric, value, error);
		rcp_table_take(&table, &t);
		if (rcp_metric_is_bytes(metric)) {
			rcp_estimate_blocks(&t, blocks, &group->values,
					    metric);
			rcp_text_add(&t, rcp_plural(blocks, " block ",
						    " blocks"));
		}
		rcp_table_take(&table, &t);
		rcp_group_place(look, &t, group, look->args.by);
		rcp_table_take(&table, &t);
		if (rcp_group_source(look, &t, group, look->args.by))
			rcp_table_take(&table, &t);
		if (stacks && value > 0) {
			add_neighbours(look, &table, view, group, value,
				       RCP_LEAVES);
			add_neighbours(look, &table, view, group, value,
				       RCP_CALLERS);
		}
	}
	rcp_table_print(&table, &look->out);
	rcp_table_free(&table);
	rcp_text_free(&t);
}

/* SPDX-License-Identifier: MIT
 *
 * report_types.c - the parts of `rcprof report --json` about Python types and
 * about time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "tools/report_json.h"

/* --- types ---------------------------------------------------------------- */

struct born {
	const char *type;
	const struct rcp_object_row *row;
};

static int
by_type(const void *a, const void *b)
{
	const struct born *x = a, *y = b;
	int c = strcmp(x->type, y->type);

	if (c == 0)
		c = x->row < y->row ? -1 : x->row > y->row;
	return c;
}

static struct born *
sort_objects(const struct rcp_set *set, const struct rcp_view *view)
{
	struct born *all = rcp_alloc((view->object_count + 1) * sizeof(*all));

	for (size_t i = 0; i < view->object_count; i++) {
		const struct rcp_object_row *row = &view->objects[i];
		const struct rcp_process *process =
			set->processes[row->process];

		all[i].row = row;
		all[i].type = row->type == RCP_NONE
				      ? "[unknown]"
				      : process->types[row->type].name;
	}
	qsort(all, view->object_count, sizeof(*all), by_type);
	return all;
}

static void
put_stack(struct rcp_json *j, struct rcp_look *look, uint32_t site)
{
	rcp_json_stack(j, "stack", look,
		       site == RCP_NONE ? 0 : look->set->sites[site].node);
}

static void
put_births(struct rcp_json *j, struct rcp_look *look,
	   const struct born *all, size_t count)
{
	rcp_json_open(j, "births", '[');
	for (size_t i = 0; i < count; i++) {
		if (all[i].row->born == 0)
			continue;
		rcp_json_open(j, NULL, '{');
		put_stack(j, look, all[i].row->birth);
		rcp_json_int(j, "n", all[i].row->born);
		rcp_json_int(j, "bytes", all[i].row->born_bytes);
		rcp_json_close(j, '}');
	}
	rcp_json_close(j, ']');
}

static void
put_death(struct rcp_json *j, struct rcp_look *look, uint32_t site,
	  int64_t n, const char *by)
{
	if (n == 0)
		return;
	rcp_json_open(j, NULL, '{');
	put_stack(j, look, site);
	rcp_json_int(j, "n", n);
	rcp_json_string(j, "by", by);
	rcp_json_close(j, '}');
}

static void
put_deaths(struct rcp_json *j, struct rcp_look *look,
	   const struct born *all, size_t count)
{
	rcp_json_open(j, "deaths", '[');
	for (size_t i = 0; i < count; i++) {
		const struct rcp_object_row *row = all[i].row;

		put_death(j, look, row->death, row->died_refcount,
			  "refcount");
		put_death(j, look, row->death, row->died_collector,
			  "collector");
	}
	rcp_json_close(j, ']');
}

void
rcp_json_age(struct rcp_json *j, const struct rcp_object_row *sum)
{
	struct rcp_age age;

	if (rcp_age_median(sum, &age)) {
		rcp_json_double(j, "age_median_s", age.likely);
		rcp_json_open_flat(j, "age_median_within_s", '[');
		rcp_json_double(j, NULL, age.low);
		if (age.high < INFINITY)
			rcp_json_double(j, NULL, age.high);
		else
			rcp_json_null(j, NULL);
		rcp_json_close(j, ']');
	} else {
		rcp_json_null(j, "age_median_s");
		rcp_json_null(j, "age_median_within_s");
	}
	rcp_json_int(j, "age_unknown",
		     sum->died_refcount + sum->died_collector +
			     sum->died_unseen - sum->aged);
}

/* Of what is alive the variance is the rest: its own samples'. */
static void
put_errors(struct rcp_json *j, const struct rcp_object_row *sum)
{
	double alive = sum->var_born - sum->var_refcount -
		       sum->var_collector - sum->var_unseen;
	double bytes = sum->var_born_bytes - sum->var_died_bytes;

	if (sum->samples == 0)
		return;
	rcp_json_open_flat(j, "std_error", '{');
	rcp_json_double(j, "born", sqrt(fmax(sum->var_born, 0)));
	rcp_json_double(j, "died_refcount", sqrt(fmax(sum->var_refcount, 0)));
	rcp_json_double(j, "died_collector",
			sqrt(fmax(sum->var_collector, 0)));
	rcp_json_double(j, "alive", sqrt(fmax(alive, 0)));
	rcp_json_double(j, "alive_bytes", sqrt(fmax(bytes, 0)));
	rcp_json_close(j, '}');
}

static void
put_type(struct rcp_json *j, struct rcp_look *look,
	 const struct born *all, size_t count)
{
	struct rcp_object_row sum = { 0 };

	for (size_t i = 0; i < count; i++) {
		rcp_object_row_add(&sum, all[i].row);
	}
	rcp_json_open(j, NULL, '{');
	rcp_json_string(j, "type", all[0].type);
	rcp_json_int(j, "born", sum.born);
	rcp_json_int(j, "died_refcount", sum.died_refcount);
	rcp_json_int(j, "died_collector", sum.died_collector);
	rcp_json_int(j, "died_unseen", sum.died_unseen);
	rcp_json_int(j, "alive",
		     sum.born - sum.died_refcount - sum.died_collector -
			     sum.died_unseen);
	rcp_json_int(j, "alive_bytes", sum.born_bytes - sum.died_bytes);
	put_errors(j, &sum);
	rcp_json_age(j, &sum);
	put_births(j, look, all, count);
	put_deaths(j, look, all, count);
	rcp_json_close(j, '}');
}

/* Cycles, cascades, garbage. */
static void
put_collected(struct rcp_json *j, const struct rcp_report *report)
{
	struct rcp_look *look = report->look;

	rcp_json_cycles(j, look, report->cycles, false);
	rcp_json_cascades(j, look, report->pauses);
	rcp_json_garbage(j, look->set,
			 look->query.window ? look->query.from.time : 0,
			 look->query.at.kind == RCP_AT_END
				 ? UINT64_MAX
				 : look->query.at.time);
}

void
rcp_json_types(struct rcp_json *j, const struct rcp_report *report)
{
	const struct rcp_view *view = report->view;
	struct born *all = sort_objects(report->look->set, view);
	size_t first = 0;

	rcp_json_open(j, "types", '[');
	while (first < view->object_count) {
		size_t next = first + 1;

		while (next < view->object_count &&
		       strcmp(all[next].type, all[first].type) == 0)
			next++;
		put_type(j, report->look, all + first, next - first);
		first = next;
	}
	rcp_json_close(j, ']');
	rcp_json_seconds(j, "types_as_of_s", view->time);
	put_collected(j, report);
	free(all);
}

/* --- times ---------------------------------------------------------------- */

static void
put_gc(struct rcp_json *j, struct rcp_look *look,
       const struct rcp_process *process, const struct rcp_gc_info *gc)
{
	rcp_json_open(j, NULL, '{');
	rcp_json_seconds(j, "time_s", gc->time);
	rcp_json_int(j, "generation", gc->generation);
	rcp_json_seconds(j, "pause_s", gc->pause);
	rcp_json_int(j, "collected", (int64_t)gc->collected);
	rcp_json_int(j, "uncollectable", (int64_t)gc->uncollectable);
	rcp_json_string(j, "thread",
			gc->thread == RCP_NONE
				? NULL
				: process->threads[gc->thread].name);
	rcp_json_stack(j, "trigger", look, gc->node);
	rcp_json_close(j, '}');
}

static void
put_marks(struct rcp_json *j, const struct rcp_set *set)
{
	rcp_json_open(j, "marks", '[');
	for (size_t i = 0; i < set->process_count; i++) {
		const struct rcp_process *process = set->processes[i];

		for (size_t k = 0; k < process->event_count; k++) {
			const struct rcp_event_info *e = &process->events[k];

			if (e->kind != RCP_EVENT_MARK)
				continue;
			rcp_json_open_flat(j, NULL, '{');
			rcp_json_seconds(j, "time_s", e->time);
			rcp_json_string(j, "text", e->text);
			if (set->process_count > 1)
				rcp_json_int(j, "pid", process->header.pid);
			rcp_json_close(j, '}');
		}
	}
	rcp_json_close(j, ']');
}

void
rcp_json_times(struct rcp_json *j, const struct rcp_report *report)
{
	const struct rcp_set *set = report->look->set;
	const struct rcp_curve *curve = report->curve;

	rcp_json_open(j, "gc", '[');
	for (size_t i = 0; i < set->process_count; i++) {
		const struct rcp_process *process = set->processes[i];

		for (size_t k = 0; k < process->gc_count; k++)
			put_gc(j, report->look, process, &process->gcs[k]);
	}
	rcp_json_close(j, ']');
	rcp_json_open(j, "timeline", '[');
	for (size_t i = 0; i < curve->count; i++) {
		rcp_json_open_flat(j, NULL, '{');
		rcp_json_seconds(j, "time_s", curve->points[i].time);
		rcp_json_int(j, "rss_bytes", (int64_t)curve->points[i].rss);
		rcp_json_int(j, "live_bytes", curve->points[i].live);
		rcp_json_close(j, '}');
	}
	rcp_json_close(j, ']');
	rcp_json_open_flat(j, "rss", '[');
	rcp_json_close(j, ']');
	put_marks(j, set);
}

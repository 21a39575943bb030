/* SPDX-License-Identifier: MIT
 *
 * report_objects.c - the lines of the report about how objects die: pauses,
 * cycles, and what reference counting itself takes.
 */
#include <math.h>

#include "tools/cycles.h"
#include "tools/estimate.h"
#include "tools/report.h"
#include "tools/sites.h"

#define LEAST_CYCLES (64 << 10) /* bytes: below, they are not worth a line */
#define COUNT_BYTES 16 /* of an object: its reference count and its type */
#define LINK_BYTES 16  /* of one that the collector knows */

/* "PAUSES   collector 0.8 s in 6 h, worst 41 ms (generation 2, views.py:131);
 * worst release 12 ms at most (views.py:90)" */
static void
print_pauses(const struct rcp_report *report)
{
	const struct rcp_look *look = report->look;
	const struct rcp_pauses *p = report->pauses;
	struct rcp_text t = { 0 };

	if (p->count == 0)
		return;
	rcp_text_add(&t, "PAUSES   ");
	if (p->collection) {
		rcp_text_add(&t, "collector ");
		rcp_text_duration(&t, p->total);
		rcp_text_add(&t, " in ");
		rcp_text_duration(&t, rcp_report_span(report));
		rcp_text_add(&t, ", worst ");
		rcp_text_duration(&t, p->collection->pause);
		rcp_text_format(&t, " (generation %d, ",
				p->collection->generation);
		rcp_pause_place(look, &t, p->collection, false);
		rcp_text_char(&t, ')');
	}
	if (p->release) {
		rcp_text_add(&t, p->collection ? "; worst release "
					       : "worst release ");
		rcp_text_duration(&t, p->release->pause);
		rcp_text_add(&t, " at most (");
		rcp_text_count(&t, (int64_t)p->release->objects);
		rcp_text_add(&t, " objects, ");
		rcp_pause_place(look, &t, p->release, false);
		rcp_text_char(&t, ')');
	}
	rcp_out_wrap(&look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

/* The kind to tell of, of those that are BYTES together: the user's own that
 * waited most, unless it is next to nothing; then that of all. */
static const struct rcp_cycle_group *
cycle_to_tell(const struct rcp_cycle_groups *g, int64_t bytes)
{
	const struct rcp_cycle_group *most = &g->groups[0];

	if (most->whose != RCP_CYCLE_OTHER && most->bytes * 20 >= bytes)
		return most;
	for (size_t i = 1; i < g->count; i++)
		if (g->groups[i].byte_ms > most->byte_ms)
			most = &g->groups[i];
	return most;
}

/* "CYCLES   2.1 MiB in 500 cycles waited for the collector; most of it in
 * Node -> list -> Node" */
static void
print_cycles(const struct rcp_report *report)
{
	const struct rcp_cycle_groups *g = report->cycles;
	const struct rcp_cycle_group *told;
	int64_t bytes = 0, n = 0;
	struct rcp_text t = { 0 };

	for (size_t i = 0; i < g->count; i++) {
		bytes += g->groups[i].bytes;
		n += g->groups[i].n;
	}
	if (bytes < LEAST_CYCLES)
		return;
	rcp_text_add(&t, "CYCLES   ");
	rcp_text_size(&t, bytes);
	rcp_text_add(&t, " in ");
	rcp_text_count(&t, n);
	rcp_text_add(&t, rcp_plural(n, " cycle", " cycles"));
	rcp_text_add(&t, " waited for the collector");
	told = cycle_to_tell(g, bytes);
	rcp_text_add(&t, ", ");
	rcp_text_size(&t, told->bytes);
	rcp_text_add(&t, " of it in ");
	rcp_cycle_chain(report->look->set, &t, told);
	rcp_out_wrap(&report->look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

/* "REFCOUNTS   6,342 live objects have 99 KiB in reference counts and type
 * pointers, 61 KiB in the collector's links: 23 % of their 697 KiB" */
static void
print_counts(const struct rcp_report *report)
{
	const struct rcp_view *view = report->view;
	struct rcp_object_row all = { 0 }, linked = { 0 };
	int64_t alive, counts, links;
	double error, bytes_error;
	struct rcp_text t = { 0 };

	for (size_t i = 0; i < view->object_count; i++) {
		const struct rcp_object_row *row = &view->objects[i];
		const struct rcp_process *process =
			report->look->set->processes[row->process];

		rcp_object_row_add(&all, row);
		if (row->type != RCP_NONE &&
		    process->types[row->type].flags & RCP_TYPE_COLLECTED)
			rcp_object_row_add(&linked, row);
	}
	alive = rcp_objects_alive(&all);
	if (alive <= 0 || report->look->query.window)
		return;
	counts = COUNT_BYTES * alive;
	links = LINK_BYTES * rcp_objects_alive(&linked);
	error = rcp_objects_alive_error(&all);
	bytes_error = COUNT_BYTES * error;
	rcp_text_add(&t, "REFCOUNTS   ");
	rcp_estimate_count_both(&t, alive, error);
	rcp_text_add(&t, " live objects have ");
	rcp_estimate_size_both(&t, counts, bytes_error);
	rcp_text_add(&t, " in reference counts and type pointers, ");
	rcp_estimate_size_both(&t, links,
			       LINK_BYTES * rcp_objects_alive_error(&linked));
	rcp_text_add(&t, " in the collector's links: ");
	rcp_estimate_percent(&t, (double)(counts + links),
			     (double)rcp_objects_alive_bytes(&all),
			     bytes_error);
	rcp_text_add(&t, " of their ");
	rcp_estimate_size(&t, rcp_objects_alive_bytes(&all),
			  rcp_objects_alive_bytes_error(&all));
	rcp_out_wrap(&report->look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

void
rcp_report_objects(const struct rcp_report *report)
{
	print_pauses(report);
	print_cycles(report);
	print_counts(report);
}

/* SPDX-License-Identifier: MIT
 *
 * cycles_text.c - `rcprof cycles` as text.
 */
#include <inttypes.h>
#include <stdint.h>

#include "tools/curve.h"
#include "tools/cycles.h"
#include "tools/deaths.h"
#include "tools/report.h"
#include "tools/sites.h"

#define MOST_CYCLES 8
#define MOST_PAUSES 5
#define MOST_EDGES 4
#define MOST_BIRTHS 3
#define LONGEST_SPARK 60
#define SHORTEST_SPARK 8

/* --- cycles --------------------------------------------------------------- */

/* "3 cycles, 12 objects, 864 B, waited at most 48 ms (mean), 61 ms (worst)" */
static void
add_numbers(struct rcp_text *t, const struct rcp_cycle_group *group)
{
	rcp_text_count(t, group->n);
	rcp_text_add(t, rcp_plural(group->n, " cycle, ", " cycles, "));
	rcp_text_count(t, group->objects);
	rcp_text_add(t, rcp_plural(group->objects, " object, ", " objects, "));
	rcp_text_size(t, group->bytes);
	rcp_text_add(t, ", waited at most ");
	if (group->n > 1) {
		rcp_text_duration(t, (uint64_t)(group->waited / group->n));
		rcp_text_add(t, " (mean), ");
	}
	rcp_text_duration(t, group->waited_max);
	rcp_text_add(t, group->n > 1 ? " (worst)" : "");
}

/* Has an earlier member of the chain the same type, attribute and target? */
static bool
was_told(const struct rcp_set *set, const struct rcp_cycle_group *group,
	 uint32_t n)
{
	const struct rcp_member_info *m = rcp_cycle_member(set, group, n);

	for (uint32_t i = 0; i < n; i++) {
		const struct rcp_member_info *k =
			rcp_cycle_member(set, group, i);

		if (k->type == m->type && k->attribute == m->attribute &&
		    rcp_cycle_member(set, group, i + 1)->type ==
			    rcp_cycle_member(set, group, n + 1)->type)
			return true;
	}
	return false;
}

/* "Node.children -> list; Node.parent -> Node" */
static void
add_edges(const struct rcp_set *set, struct rcp_text *t,
	  const struct rcp_cycle_group *group)
{
	uint32_t count = rcp_cycle_of(set, group)->count;
	size_t said = 0;

	for (uint32_t i = 0; i < count && said < MOST_EDGES; i++) {
		const char *attribute =
			rcp_cycle_member(set, group, i)->attribute;

		if (!attribute || was_told(set, group, i))
			continue;
		rcp_text_add(t, said++ > 0 ? "; " : "");
		rcp_type_name(t, rcp_cycle_type(set, group, i));
		rcp_text_char(t, '.');
		rcp_text_name(t, attribute);
		rcp_text_add(t, " -> ");
		rcp_type_name(t, rcp_cycle_type(set, group, i + 1));
	}
}

/* "born tree.py:12 plant  return Node(name), tree.py:4 Node.__init__" */
static void
add_births(const struct rcp_look *look, struct rcp_text *t,
	   const struct rcp_cycle_group *group)
{
	uint32_t count = rcp_cycle_of(look->set, group)->count;
	uint32_t said[MOST_BIRTHS];
	size_t n = 0;

	for (uint32_t i = 0; i < count && n < MOST_BIRTHS; i++) {
		uint32_t site = rcp_cycle_member(look->set, group, i)->site;
		struct rcp_group place = { .name = "" };
		struct rcp_text source = { 0 };
		bool again = false;

		if (site == RCP_NONE)
			continue;
		place.frame = rcp_site_leaf(look->set, site);
		for (size_t k = 0; k < n; k++)
			again = again || said[k] == place.frame;
		if (again || place.frame == RCP_NONE)
			continue;
		rcp_text_add(t, n > 0 ? ", " : "born ");
		said[n++] = place.frame;
		rcp_group_place(look, t, &place, RCP_BY_LINE);
		if (n == 1 &&
		    rcp_group_source(look, &source, &place, RCP_BY_LINE))
			rcp_text_format(t, "  %s", source.s);
		rcp_text_free(&source);
	}
}

static void
print_cycle(const struct rcp_cycles_page *page, size_t rank,
	    const struct rcp_cycle_group *group)
{
	const struct rcp_look *look = page->look;
	struct rcp_text t = { 0 }, line = { 0 };

	rcp_text_format(&line, "%2zu  ", rank);
	rcp_cycle_chain(look->set, &line, group);
	rcp_out_wrap(&look->out, RCP_BOLD, line.s, 6);
	rcp_text_clear(&line);
	rcp_text_add(&line, "      ");
	add_numbers(&line, group);
	rcp_out_wrap(&look->out, RCP_ACCENT, line.s, 8);
	add_edges(look->set, &t, group);
	if (t.len > 0) {
		rcp_text_clear(&line);
		rcp_text_format(&line, "      %s", t.s);
		rcp_out_wrap(&look->out, RCP_PLAIN, line.s, 8);
	}
	rcp_text_clear(&t);
	add_births(look, &t, group);
	if (t.len > 0) {
		rcp_text_clear(&line);
		rcp_text_format(&line, "      %s", t.s);
		rcp_out_line(&look->out, RCP_PLAIN, line.s);
	}
	rcp_text_clear(&t);
	rcp_cycle_sentence(look->set, &t, group);
	if (t.len > 0) {
		rcp_text_clear(&line);
		rcp_text_format(&line, "      %s", t.s);
		rcp_out_wrap(&look->out, RCP_BOLD, line.s, 8);
	}
	rcp_text_free(&t);
	rcp_text_free(&line);
}

static void
print_rest(const struct rcp_cycles_page *page, size_t shown, bool own)
{
	const struct rcp_cycle_groups *g = page->groups;
	size_t mine = own ? g->own_count - shown : g->count - shown;
	size_t others = own ? g->count - g->own_count : 0;
	struct rcp_text t = { 0 };

	if (mine > 0)
		rcp_text_format(&t, "%zu more %s", mine,
				rcp_plural((int64_t)mine, "kind of cycles",
					   "kinds of cycles"));
	if (others > 0) {
		rcp_text_add(&t, mine > 0 ? " and " : "");
		rcp_text_format(&t, "%zu %s from imports and start-up", others,
				mine > 0 ? rcp_plural((int64_t)others, "other",
						      "others")
					 : rcp_plural((int64_t)others,
						      "kind of cycles",
						      "kinds of cycles"));
	}
	if (t.len > 0) {
		rcp_text_add(&t, ": --all");
		rcp_out_wrap(&page->look->out, RCP_DIM, t.s, 2);
	}
	rcp_text_free(&t);
}

static void
print_cycles(const struct rcp_cycles_page *page)
{
	const struct rcp_view_args *args = &page->look->args;
	const struct rcp_cycle_groups *g = page->groups;
	bool own = !args->all &&
		   rcp_objects_any_own(page->look->set, page->view);
	size_t count = own ? g->own_count : g->count;
	size_t most = args->top	  ? args->top
		      : args->all ? SIZE_MAX
				  : MOST_CYCLES;
	size_t shown = count < most ? count : most;

	if (g->count == 0)
		rcp_out_line(&page->look->out, RCP_PLAIN,
			     "  no cycle was seen that only the collector "
			     "freed");
	else if (count == 0)
		rcp_out_line(&page->look->out, RCP_PLAIN,
			     "  none that your lines made");
	for (size_t i = 0; i < shown; i++)
		print_cycle(page, i + 1, &g->groups[i]);
	print_rest(page, shown, own);
}

/* --- over time ------------------------------------------------------------ */

struct garbage {
	uint64_t bytes, runs, worst; /* worst: ns that something waited */
	double high;                 /* bytes that waited at a time */
};

static struct garbage
sum_garbage(const struct rcp_cycles_page *page)
{
	const struct rcp_set *set = page->look->set;
	struct garbage sum = { 0 };

	for (size_t p = 0; p < set->process_count; p++) {
		const struct rcp_process *process = set->processes[p];

		for (size_t i = 0; i < process->garbage_count; i++) {
			const struct rcp_garbage_info *g =
				&process->garbage[i];

			if (g->time < page->from || g->time > page->to)
				continue;
			sum.bytes += g->bytes;
			sum.runs++;
			if (g->waited_max > sum.worst)
				sum.worst = g->waited_max;
		}
	}
	return sum;
}

/* "GARBAGE   0.0 s ▁▂▂▅█▁ 60.1 s", where there is room for it; finds the
 * highest point. */
static void
print_curve(const struct rcp_cycles_page *page, struct garbage *sum)
{
	const struct rcp_look *look = page->look;
	struct rcp_text line = { 0 }, tail = { 0 };
	double values[LONGEST_SPARK];
	size_t used, width;

	rcp_text_add(&line, "GARBAGE   ");
	rcp_look_time(look, &line, page->from);
	rcp_text_char(&line, ' ');
	rcp_text_char(&tail, ' ');
	rcp_look_time(look, &tail, page->to);
	used = rcp_text_width(line.s) + rcp_text_width(tail.s);
	width = look->out.columns > used ? look->out.columns - used : 0;
	width = width > LONGEST_SPARK	 ? LONGEST_SPARK
		: width < SHORTEST_SPARK ? SHORTEST_SPARK
					 : width;
	rcp_garbage_columns(look->set, page->from, page->to, values, width);
	for (size_t i = 0; i < width; i++)
		sum->high = values[i] > sum->high ? values[i] : sum->high;
	rcp_spark(&line, values, width, 0, sum->high);
	rcp_text_add(&line, tail.s);
	rcp_out_line(&look->out, RCP_PLAIN, line.s);
	rcp_text_free(&line);
	rcp_text_free(&tail);
}

/* "at most 3.1 MiB waited at a time, 1.2 s at most; 41 MiB in all, freed by 12
 * collections" */
static void
print_garbage(const struct rcp_cycles_page *page)
{
	struct garbage sum = sum_garbage(page);
	struct rcp_text t = { 0 };

	if (sum.runs == 0)
		return;
	print_curve(page, &sum);
	rcp_text_add(&t, "  at most ");
	rcp_text_size(&t, (int64_t)sum.high);
	rcp_text_add(&t, " waited at a time, ");
	rcp_text_duration(&t, sum.worst);
	rcp_text_add(&t, " at most; ");
	rcp_text_size(&t, (int64_t)sum.bytes);
	rcp_text_add(&t, " in all, freed by ");
	rcp_text_count(&t, (int64_t)sum.runs);
	rcp_text_add(&t, rcp_plural((int64_t)sum.runs, " collection",
				    " collections"));
	rcp_out_wrap(&page->look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

/* "COLLECTOR   3 runs, 0.4 ms in all, worst 0.3 ms (generation 2) at
 * tree.py:33; 12 objects found, 0 uncollectable" */
static void
print_collector(const struct rcp_cycles_page *page)
{
	const struct rcp_pauses *p = page->pauses;
	struct rcp_text t = { 0 };

	rcp_text_add(&t, "COLLECTOR   ");
	rcp_text_count(&t, (int64_t)p->runs);
	rcp_text_add(&t, rcp_plural((int64_t)p->runs, " run", " runs"));
	if (p->collection) {
		rcp_text_add(&t, ", ");
		rcp_text_duration(&t, p->total);
		rcp_text_add(&t, " in all, worst ");
		rcp_text_duration(&t, p->collection->pause);
		rcp_text_format(&t, " (generation %d) at ",
				p->collection->generation);
		rcp_pause_place(page->look, &t, p->collection, false);
		rcp_text_add(&t, "; ");
		rcp_text_count(&t, (int64_t)p->found);
		rcp_text_add(&t, rcp_plural((int64_t)p->found,
					    " object found, ",
					    " objects found, "));
		rcp_text_count(&t, (int64_t)p->uncollectable);
		rcp_text_add(&t, " uncollectable");
	}
	rcp_out_wrap(&page->look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

static void
print_controls(const struct rcp_cycles_page *page)
{
	const struct rcp_set *set = page->look->set;
	struct rcp_text t = { 0 };

	for (size_t p = 0; p < set->process_count; p++) {
		const struct rcp_process *process = set->processes[p];

		for (size_t i = 0; i < process->event_count; i++) {
			const struct rcp_event_info *e = &process->events[i];

			if (e->kind != RCP_EVENT_GC_CONTROL || !e->text ||
			    e->time < page->from || e->time > page->to)
				continue;
			rcp_text_add(&t, t.len > 0 ? "; " : "  ");
			rcp_text_name(&t, e->text);
			rcp_text_add(&t, " at ");
			rcp_look_time(page->look, &t, e->time);
		}
	}
	if (t.len > 0)
		rcp_out_wrap(&page->look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

/* --- pauses --------------------------------------------------------------- */

static void
add_pause(const struct rcp_cycles_page *page, struct rcp_table *table,
	  size_t rank)
{
	const struct rcp_pause *pause = &page->pauses->pauses[rank];
	struct rcp_text t = { 0 };

	rcp_table_row(table, false);
	rcp_text_format(&t, "%zu", rank + 1);
	rcp_table_take(table, &t);
	rcp_text_duration(&t, pause->pause);
	rcp_table_take(table, &t);
	if (pause->generation < 0)
		rcp_text_add(&t, "at most, a release of ");
	else
		rcp_text_format(&t, "collection, generation %d: ",
				pause->generation);
	rcp_text_count(&t, (int64_t)pause->objects);
	rcp_text_add(&t, rcp_plural((int64_t)pause->objects, " object",
				    " objects"));
	if (pause->generation < 0) {
		rcp_text_add(&t, ", ");
		rcp_text_size(&t, (int64_t)pause->bytes);
	}
	rcp_table_take(table, &t);
	rcp_look_time(page->look, &t, pause->time);
	rcp_table_take(table, &t);
	rcp_pause_place(page->look, &t, pause, true);
	rcp_table_take(table, &t);
	rcp_text_free(&t);
}

static void
print_pauses(const struct rcp_cycles_page *page)
{
	static const struct rcp_column columns[] = {
		{ "", true, false, 0, 0, RCP_DIM },
		{ "", true, false, 0, 0, RCP_ACCENT },
		{ "", false, false, 12, 0, RCP_PLAIN },
		{ "", true, false, 0, 2, RCP_PLAIN },
		{ "", false, false, 12, 0, RCP_BOLD },
	};
	const struct rcp_pauses *p = page->pauses;
	const struct rcp_view_args *args = &page->look->args;
	size_t most = args->top	  ? args->top
		      : args->all ? SIZE_MAX
				  : MOST_PAUSES;
	struct rcp_table table;

	if (p->count == 0)
		return;
	rcp_out_line(&page->look->out, RCP_BOLD, "PAUSES   longest first");
	rcp_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
	table.indent = 1;
	for (size_t i = 0; i < p->count && i < most; i++)
		add_pause(page, &table, i);
	rcp_table_print(&table, &page->look->out);
	rcp_table_free(&table);
}

void
rcp_cycles_text(const struct rcp_cycles_page *page)
{
	rcp_deaths_head(page->look, "CYCLES", page->view);
	print_cycles(page);
	putc('\n', page->look->out.file);
	print_garbage(page);
	print_collector(page);
	print_controls(page);
	print_pauses(page);
}

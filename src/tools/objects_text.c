/* SPDX-License-Identifier: MIT
 *
 * objects_text.c - `rcprof objects` as text: a row for each type or place of
 * birth, and below it where the last reference went.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/lives.h"
#include "tools/objects.h"
#include "tools/report.h"
#include "tools/sites.h"

#define MOST_GROUPS 10
#define MOST_PARTS 3  /* places of birth of a type, types of a place */
#define MOST_DEATHS 2 /* of either kind, by refcount and by collector */
#define WIDE 80
#define SHARE 0.1     /* below, a part or a place is not worth a line */

/* --- above the table ------------------------------------------------------ */

/* "OBJECTS at 121 ms   exact, Python 3.12.1, deaths seen: ..." */
static void
print_head(const struct rcp_objects_page *page)
{
	const struct rcp_look *look = page->look;
	const struct rcp_process *python = rcp_python_process(look->set);
	const char *seen = python ? rcp_process_coverage(python,
							 RCP_COVER_DEATHS)
				  : NULL;
	struct rcp_text t = { 0 };

	rcp_text_add(&t, "OBJECTS ");
	if (look->query.window) {
		rcp_text_add(&t, "from ");
		rcp_look_time(look, &t, page->view->from);
		rcp_text_add(&t, " to ");
	} else {
		rcp_text_add(&t, "at ");
	}
	rcp_look_time(look, &t, page->view->time);
	rcp_text_add(&t, look->sampling.sampled ? "   sampled" : "   exact");
	if (python) {
		rcp_text_add(&t, ", Python ");
		rcp_text_name(&t, rcp_process_info(python, RCP_INFO_PYTHON));
	}
	if (seen) {
		rcp_text_add(&t, ", deaths seen: ");
		rcp_text_name(&t, seen);
	}
	rcp_out_wrap(&look->out, RCP_BOLD, t.s, 2);
	rcp_text_free(&t);
}

/* "18,412 born: 15,903 died by refcount, 96 by the collector; 2,413 (181 KiB)
 * are alive" */
static void
print_sum(const struct rcp_objects_page *page)
{
	const struct rcp_lives *all = &page->all;
	struct rcp_text t = { 0 };

	rcp_text_add(&t, "ALL IN ALL   ");
	rcp_text_count(&t, all->born);
	rcp_text_add(&t, " born; ");
	rcp_text_count(&t, all->refcount);
	rcp_text_add(&t, " died by refcount, ");
	rcp_text_count(&t, all->collector);
	rcp_text_add(&t, " by the collector, ");
	if (all->unseen != 0) {
		rcp_text_count(&t, all->unseen);
		rcp_text_add(&t, " unseen, ");
	}
	rcp_text_count(&t, rcp_lives_alive(all));
	rcp_text_add(&t, page->look->query.window ? " more are alive ("
						  : " are alive (");
	rcp_text_size(&t, rcp_lives_alive_bytes(all));
	rcp_text_char(&t, ')');
	rcp_out_wrap(&page->look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

/* --- rows ----------------------------------------------------------------- */

static size_t
most_parts(const struct rcp_objects_page *page)
{
	return page->look->args.all ? SIZE_MAX
	       : page->type	    ? MOST_GROUPS
				    : MOST_PARTS;
}

static void
add_counts(const struct rcp_objects_page *page, struct rcp_table *table,
	   const struct rcp_lives *lives)
{
	const int64_t counts[] = { lives->born, lives->refcount,
				   lives->collector, lives->unseen,
				   rcp_lives_alive(lives) };
	struct rcp_text t = { 0 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		if (i != 3 || page->shown.unseen != 0)
			rcp_text_count(&t, counts[i]);
		rcp_table_take(table, &t);
	}
	rcp_text_size(&t, rcp_lives_alive_bytes(lives));
	rcp_table_take(table, &t);
	rcp_text_free(&t);
}

static void
add_place(const struct rcp_objects_page *page, struct rcp_table *table,
	  const struct rcp_lives_group *place)
{
	struct rcp_group group = { .name = place->name,
				   .frame = place->frame };
	struct rcp_text t = { 0 };

	rcp_group_place(page->look, &t, &group, page->places->by);
	rcp_table_take(table, &t);
	if (rcp_group_source(page->look, &t, &group, page->places->by))
		rcp_table_take(table, &t);
	rcp_text_free(&t);
}

static void
add_deaths(const struct rcp_objects_page *page, struct rcp_table *table,
	   const struct rcp_lives_group *group)
{
	rcp_lives_deaths(page->look, table, page->view, group->rows,
			 group->row_count,
			 page->look->args.all ? SIZE_MAX : MOST_DEATHS);
}

/* "  5 more places" */
static void
add_more(const struct rcp_objects_page *page, struct rcp_table *table,
	 const struct rcp_lives_groups *parts, size_t shown)
{
	struct rcp_lives rest = { 0 };
	struct rcp_text t = { 0 };
	size_t more = parts->count - shown;

	if (more == 0)
		return;
	for (size_t i = shown; i < parts->count; i++)
		rcp_lives_sum(&rest, &parts->groups[i].lives);
	rcp_table_row(table, true);
	rcp_text_format(&t, "  %zu more %s", more,
			page->by_place ? rcp_plural((int64_t)more, "type",
						    "types")
				       : rcp_plural((int64_t)more, "place",
						    "places"));
	rcp_table_take(table, &t);
	add_counts(page, table, &rest);
	rcp_text_free(&t);
}

static size_t
worth_showing(const struct rcp_objects_page *page,
	      const struct rcp_lives_groups *parts,
	      const struct rcp_lives *whole)
{
	size_t most = most_parts(page), n = 0;
	int64_t bytes = rcp_lives_alive_bytes(whole);

	while (n < parts->count && n < most) {
		const struct rcp_lives *l = &parts->groups[n].lives;

		if (n > 0 && !page->look->args.all &&
		    (double)rcp_lives_alive_bytes(l) < SHARE * (double)bytes &&
		    (double)l->born_bytes < SHARE * (double)whole->born_bytes)
			break;
		n++;
	}
	/* One more line for one more place says less than the place. */
	return n + 1 == parts->count ? parts->count : n;
}

/* A type and its places of birth, or a place and its types. */
static void
add_group(const struct rcp_objects_page *page, struct rcp_table *table,
	  const struct rcp_lives_group *group)
{
	struct rcp_lives_groups *parts = rcp_lives_groups_new(
		page->look->set, page->view, group->rows, group->row_count,
		page->by_place ? RCP_LIVES_BY_TYPE : RCP_LIVES_BY_BIRTH,
		page->places);
	size_t shown = worth_showing(page, parts, &group->lives);
	struct rcp_text t = { 0 };

	rcp_table_row(table, false);
	if (page->by_place)
		rcp_table_cell(table, "");
	else
		rcp_lives_type(&t, group->name);
	if (!page->by_place)
		rcp_table_take(table, &t);
	add_counts(page, table, &group->lives);
	if (page->by_place)
		add_place(page, table, group);
	else if (parts->count == 1)
		add_place(page, table, &parts->groups[0]);
	if (!page->by_place && parts->count == 1)
		add_deaths(page, table, group);
	for (size_t i = 0; i < shown; i++) {
		const struct rcp_lives_group *part = &parts->groups[i];

		if (!page->by_place && parts->count == 1)
			break;
		rcp_table_row(table, false);
		rcp_text_add(&t, "  ");
		if (page->by_place)
			rcp_lives_type(&t, part->name);
		rcp_table_take(table, &t);
		add_counts(page, table, &part->lives);
		if (!page->by_place)
			add_place(page, table, part);
		add_deaths(page, table, part);
	}
	add_more(page, table, parts, shown);
	rcp_lives_groups_free(parts);
	rcp_text_free(&t);
}

/* --- all of it ------------------------------------------------------------ */

/* "7 more types of your own lines and 40 of imports and start-up: --all" */
static void
print_hidden(const struct rcp_objects_page *page, size_t shown)
{
	size_t more = page->groups->count - shown;
	struct rcp_text t = { 0 };

	if (more > 0)
		rcp_text_format(&t, "%zu more %s", more,
				page->by_place
					? rcp_plural((int64_t)more, "place",
						     "places")
					: rcp_plural((int64_t)more, "type",
						     "types"));
	if (page->own && !page->type && page->hidden_types > 0) {
		if (t.len > 0)
			rcp_text_add(&t, " and ");
		rcp_text_format(&t, "%zu other %s from imports and start-up",
				page->hidden_types,
				rcp_plural((int64_t)page->hidden_types,
					   "type", "types"));
	}
	if (t.len > 0) {
		rcp_text_add(&t, ": --all");
		rcp_out_wrap(&page->look->out, RCP_DIM, t.s, 2);
	}
	rcp_text_free(&t);
}

static void
print_table(const struct rcp_objects_page *page, size_t shown)
{
	const bool window = page->look->query.window;
	const unsigned least = page->look->out.columns < WIDE ? 10 : 20;
	const struct rcp_column columns[] = {
		{ page->by_place ? "" : "TYPE", false, false, 8, 0,
		  RCP_BOLD },
		{ "born", true, false, 0, 1, RCP_PLAIN },
		{ "by refcount", true, false, 0, 3, RCP_PLAIN },
		{ "by collector", true, false, 0, 2, RCP_PLAIN },
		{ "unseen", true, false, 0, 4, RCP_PLAIN },
		{ window ? "more alive" : "alive", true, false, 0, 0,
		  RCP_PLAIN },
		{ "bytes", true, false, 0, 0, RCP_ACCENT },
		{ "born at", false, false, least, 0, RCP_BOLD },
		{ "", false, false, 16, 6, RCP_PLAIN },
	};
	struct rcp_table table;

	rcp_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
	table.titles = true;
	for (size_t i = 0; i < shown; i++)
		add_group(page, &table, &page->groups->groups[i]);
	rcp_table_print(&table, &page->look->out);
	rcp_table_free(&table);
}

void
rcp_objects_text(const struct rcp_objects_page *page)
{
	const struct rcp_look *look = page->look;
	size_t shown = page->groups->count;
	size_t most = look->args.top   ? look->args.top
		      : look->args.all ? SIZE_MAX
				       : MOST_GROUPS;

	shown = shown < most ? shown : most;
	print_head(page);
	if (page->types == 0) {
		rcp_out_wrap(&look->out, RCP_PLAIN,
			     "  no births or deaths were recorded: run with "
			     "--objects=on",
			     2);
		return;
	}
	print_table(page, shown);
	print_hidden(page, shown);
	print_sum(page);
}

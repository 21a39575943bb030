/* SPDX-License-Identifier: MIT
 *
 * objects_text.c - `rcprof objects` as text: a row for each type or place of
 * birth, and below it where the last reference went.
 */
#include <math.h>
#include <stdint.h>

#include "tools/deaths.h"
#include "tools/estimate.h"
#include "tools/objects.h"
#include "tools/sites.h"

#define MOST_GROUPS 10
#define MOST_OWN 6 /* of them, classes of the user's */
#define MOST_PARTS 3  /* places of birth of a type, types of a place */
#define MOST_DEATHS 2 /* places where last references went */
#define WIDE 100
#define ROOMY 110
/* Below, a type is not worth a row, nor one of its places: of all bytes. */
#define LEAST 0.01
#define SHARE 0.1
#define LEAST_BYTES 1024

/* --- beside the table ----------------------------------------------------- */

/* "18,412 born: 15,903 died by refcount, 96 by the collector; 2,413 (181 KiB)
 * are alive" */
static void
add_sum(struct rcp_text *t, int64_t n, double variance)
{
	rcp_estimate_count_both(t, n, variance > 0 ? sqrt(variance) : 0);
}

static void
print_sum(const struct rcp_objects_page *page)
{
	const struct rcp_object_row *all = &page->all;
	double error = rcp_objects_alive_error(all);
	struct rcp_text t = { 0 };

	rcp_text_add(&t, "ALL IN ALL   ");
	add_sum(&t, all->born, all->var_born);
	rcp_text_add(&t, " born; ");
	add_sum(&t, all->died_refcount, all->var_refcount);
	rcp_text_add(&t, " died by refcount, ");
	add_sum(&t, all->died_collector, all->var_collector);
	rcp_text_add(&t, " by the collector, ");
	if (all->died_unseen != 0) {
		add_sum(&t, all->died_unseen, all->var_unseen);
		rcp_text_add(&t, " unseen, ");
	}
	add_sum(&t, rcp_objects_alive(all), error * error);
	rcp_text_add(&t, page->look->query.window ? " more are alive: "
						  : " are alive: ");
	rcp_estimate_size_both(&t, rcp_objects_alive_bytes(all),
			       rcp_objects_alive_bytes_error(all));
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

/* What tells one type from another is the end of a long name. */
static void
add_type(const struct rcp_objects_page *page, struct rcp_text *t,
	 const char *name)
{
	struct rcp_text whole = { 0 };

	rcp_type_name(&whole, name);
	rcp_text_clip(t, rcp_text_string(&whole),
		      page->look->out.columns < ROOMY ? 16 : 36, true);
	rcp_text_free(&whole);
}

static void
add_count(struct rcp_table *table, int64_t n, double variance)
{
	double error = variance > 0 ? sqrt(variance) : 0;
	struct rcp_text t = { 0 };

	if (rcp_estimate_is_guess(n, error))
		rcp_text_char(&t, '~');
	rcp_estimate_count(&t, n, error);
	rcp_table_take(table, &t);
	rcp_text_free(&t);
}

/* "<10 ms", "~1.2 s": of a median age its power of two is known. */
static void
add_age(struct rcp_table *table, const struct rcp_object_row *lives)
{
	struct rcp_age age;
	struct rcp_text t = { 0 };

	if (rcp_age_median(lives, &age)) {
		double shown = age.low <= 0	      ? age.high
			       : isinf(age.high) ? age.low
						      : age.likely;

		rcp_text_char(&t, age.low <= 0	    ? '<'
				  : isinf(age.high) ? '>'
						    : '~');
		rcp_text_duration(&t, (uint64_t)(shown * 1e9));
	}
	rcp_table_take(table, &t);
	rcp_text_free(&t);
}

static void
add_counts(const struct rcp_objects_page *page, struct rcp_table *table,
	   const struct rcp_object_row *lives)
{
	double error = rcp_objects_alive_error(lives);
	struct rcp_text t = { 0 };

	add_count(table, lives->born, lives->var_born);
	add_count(table, lives->died_refcount, lives->var_refcount);
	add_count(table, lives->died_collector, lives->var_collector);
	if (page->shown.died_unseen != 0)
		add_count(table, lives->died_unseen, lives->var_unseen);
	else
		rcp_table_cell(table, "");
	add_count(table, rcp_objects_alive(lives), error * error);
	rcp_estimate_size(&t, rcp_objects_alive_bytes(lives),
			  rcp_objects_alive_bytes_error(lives));
	rcp_table_take(table, &t);
	rcp_estimate_size_error(&t, rcp_objects_alive_bytes(lives),
				rcp_objects_alive_bytes_error(lives));
	rcp_table_take(table, &t);
	add_age(table, lives);
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

/* `birth`: the group of its place. */
static void
add_deaths(const struct rcp_objects_page *page, struct rcp_table *table,
	   const struct rcp_lives_group *group,
	   const struct rcp_lives_group *birth)
{
	bool line = page->places->by == RCP_BY_OWN ||
		    page->places->by == RCP_BY_LINE;

	rcp_deaths_print(page->deaths, table, group->rows, group->row_count,
			 page->look->args.all ? SIZE_MAX : MOST_DEATHS,
			 line ? birth->frame : RCP_NONE);
}

/* "  5 more": places or types. */
static void
add_more(const struct rcp_objects_page *page, struct rcp_table *table,
	 const struct rcp_lives_groups *parts, size_t shown)
{
	struct rcp_object_row rest = { 0 };
	struct rcp_text t = { 0 };

	if (shown == parts->count)
		return;
	for (size_t i = shown; i < parts->count; i++)
		rcp_object_row_add(&rest, &parts->groups[i].lives);
	rcp_table_row(table, true);
	rcp_text_format(&t, "  %zu more", parts->count - shown);
	rcp_table_take(table, &t);
	add_counts(page, table, &rest);
	rcp_text_free(&t);
}

/* Is that much of the whole worth a row? */
static bool
is_significant(const struct rcp_object_row *part,
	       const struct rcp_object_row *whole, double share)
{
	double alive = (double)rcp_objects_alive_bytes(part);
	double born = (double)part->born_bytes;

	return (alive >= LEAST_BYTES &&
		alive >= share * (double)rcp_objects_alive_bytes(whole)) ||
	       (born >= LEAST_BYTES &&
		born >= share * (double)whole->born_bytes);
}

static size_t
worth_showing(const struct rcp_objects_page *page,
	      const struct rcp_lives_groups *parts,
	      const struct rcp_object_row *whole)
{
	size_t most = most_parts(page), n = 0;

	while (n < parts->count && n < most &&
	       (n == 0 || page->look->args.all ||
		is_significant(&parts->groups[n].lives, whole, SHARE)))
		n++;
	return n;
}

/* One of several places of a type, or types of a place. */
static void
add_part(const struct rcp_objects_page *page, struct rcp_table *table,
	 const struct rcp_lives_group *group,
	 const struct rcp_lives_group *part)
{
	struct rcp_text t = { 0 };

	rcp_table_row(table, false);
	rcp_text_add(&t, "  ");
	if (page->by_place)
		add_type(page, &t, part->name);
	rcp_table_take(table, &t);
	add_counts(page, table, &part->lives);
	if (!page->by_place)
		add_place(page, table, part);
	add_deaths(page, table, part, page->by_place ? group : part);
	rcp_text_free(&t);
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
	bool only = !page->by_place && parts->count == 1;
	struct rcp_text t = { 0 };

	rcp_table_row(table, false);
	if (!page->by_place)
		add_type(page, &t, group->name);
	rcp_table_take(table, &t);
	add_counts(page, table, &group->lives);
	if (page->by_place || only)
		add_place(page, table, only ? &parts->groups[0] : group);
	if (only)
		add_deaths(page, table, group, &parts->groups[0]);
	for (size_t i = 0; i < shown && !only; i++)
		add_part(page, table, group, &parts->groups[i]);
	add_more(page, table, parts, shown);
	rcp_lives_groups_free(parts);
	rcp_text_free(&t);
}

/* --- all of it ------------------------------------------------------------ */

/* Is the group worth a row, `shown` of them having been printed? */
static bool
is_worth(const struct rcp_objects_page *page, size_t index, size_t shown)
{
	const struct rcp_view_args *args = &page->look->args;

	if (args->top)
		return shown < args->top;
	if (args->all || shown == 0)
		return true;
	if (shown >= MOST_GROUPS)
		return false;
	return index < page->own_count
		       ? shown < MOST_OWN
		       : is_significant(&page->groups->groups[index].lives,
					&page->shown, LEAST);
}

/* "7 more types and 40 of imports and start-up: --all" */
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
	if (page->own && page->hidden_types > 0) {
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

/* How wide the type and the place have to be at least. */
static unsigned
least_width(const struct rcp_objects_page *page, unsigned narrow,
	    unsigned wide)
{
	return page->look->out.columns < WIDE ? narrow : wide;
}

/* Returns how many groups it has. */
static size_t
print_table(const struct rcp_objects_page *page)
{
	const bool window = page->look->query.window;
	const struct rcp_column columns[] = {
		{ page->by_place ? "" : "TYPE", false, false,
		  least_width(page, 8, 16), 0, RCP_BOLD },
		{ "born", true, false, 0, 1, RCP_PLAIN },
		{ "by refcount", true, false, 0, 3, RCP_PLAIN },
		{ "by collector", true, false, 0, 2, RCP_PLAIN },
		{ "unseen", true, false, 0, 5, RCP_PLAIN },
		{ window ? "more alive" : "alive", true, false, 0, 0,
		  RCP_PLAIN },
		{ "bytes", true, false, 0, 0, RCP_ACCENT },
		{ "", false, false, 0, 5, RCP_PLAIN },
		{ page->look->out.columns < ROOMY ? "age" : "median age", true,
		  false, 0, 4, RCP_PLAIN },
		{ "born at", false, false, least_width(page, 10, 18), 0,
		  RCP_BOLD },
		{ "", false, false, 28, 6, RCP_PLAIN },
	};
	struct rcp_table table;
	size_t shown = 0;

	rcp_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
	table.titles = true;
	for (size_t i = 0; i < page->groups->count; i++) {
		if (!is_worth(page, i, shown))
			continue;
		add_group(page, &table, &page->groups->groups[i]);
		shown++;
	}
	rcp_table_print(&table, &page->look->out);
	rcp_table_free(&table);
	return shown;
}

void
rcp_objects_text(const struct rcp_objects_page *page)
{
	const struct rcp_look *look = page->look;

	rcp_deaths_head(look, "OBJECTS", page->view);
	if (page->types == 0) {
		rcp_out_wrap(&look->out, RCP_PLAIN,
			     "  no births or deaths were recorded: run with "
			     "--objects=on",
			     2);
		return;
	}
	print_hidden(page, print_table(page));
	print_sum(page);
}

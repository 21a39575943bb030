/* SPDX-License-Identifier: MIT
 *
 * objects.c - `rcprof objects`: which Python objects came to be, where, and
 * how they went.
 */
#include "tools/objects.h"

#include <fnmatch.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "tools/deaths.h"

struct objects_args {
	const char *type;
	bool by_place;
	enum rcp_by place;
};

static bool
set_by(void *into, const struct rcp_flag *flag, const char *value)
{
	struct objects_args *args = into;

	(void)flag;
	args->by_place = strcmp(value, "type") != 0;
	if (!args->by_place)
		return true;
	return rcp_by_parse(value, &args->place) &&
	       args->place <= RCP_BY_MODULE;
}

#define BYS "type, own, line, function, file or module"

static const struct rcp_flag flags[] = {
	{ "by", 0, "GROUP",
	  "group by type (the default), or by place of birth: own, line, "
	  "function, file or module",
	  BYS, set_by, 0, 0 },
	{ "type", 0, "TYPE",
	  "only types of this name, with or without the module; * and ? stand "
	  "for other characters",
	  "a type's name", rcp_flag_text,
	  offsetof(struct objects_args, type), 0 },
	{ .name = NULL },
};

/* "Node" and "app.Node" both mean app.Node. */
static bool
is_wanted(const char *pattern, const char *name)
{
	if (!pattern || fnmatch(pattern, name, 0) == 0)
		return true;
	while ((name = strchr(name, '.')) != NULL)
		if (fnmatch(pattern, ++name, 0) == 0)
			return true;
	return false;
}

/* Did nothing of it fall into the window? */
static bool
is_zero(const struct rcp_object_row *row)
{
	return row->born == 0 && row->died_refcount == 0 &&
	       row->died_collector == 0 && row->died_unseen == 0;
}

/* The rows to show: those of a type, of own lines, or all. */
static void
choose(struct rcp_objects_page *page)
{
	const struct rcp_view *view = page->view;
	const struct rcp_set *set = page->look->set;
	size_t count = view->object_count, kept = 0;

	if (page->own)
		count = rcp_objects_own(set, view, page->rows);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = page->own ? page->rows[i] : i;
		const struct rcp_object_row *row = &view->objects[index];

		if (!is_zero(row) &&
		    is_wanted(page->type, rcp_object_type_name(set, row)))
			page->rows[kept++] = index;
	}
	page->row_count = kept;
	page->shown = (struct rcp_object_row){ 0 };
	for (size_t i = 0; i < kept; i++)
		rcp_object_row_add(&page->shown, &view->objects[page->rows[i]]);
}

/* Brings classes of the user's to the front, or where nothing is the user's
 * those of installed packages; the order stays otherwise. */
static void
own_first(struct rcp_objects_page *page)
{
	struct rcp_lives_groups *g = page->groups;
	struct rcp_lives_group *sorted =
		rcp_alloc((g->count + 1) * sizeof(*sorted));
	enum rcp_origin origin = page->any_own ? RCP_ORIGIN_OWN
					       : RCP_ORIGIN_SITE;
	size_t n = 0;

	for (int own = 1; own >= 0; own--) {
		for (size_t i = 0; i < g->count; i++)
			if (rcp_type_is_of(page->look->set, g->groups[i].name,
					   origin) == own)
				sorted[n++] = g->groups[i];
		if (own)
			page->own_count = n;
	}
	free(g->groups);
	g->groups = sorted;
}

static size_t
count_types(const struct rcp_objects_page *page, size_t count,
	    const uint32_t *rows)
{
	struct rcp_lives_groups *types = rcp_lives_groups_new(
		page->look->set, page->view, rows, count, RCP_LIVES_BY_TYPE,
		NULL);
	size_t n = types->count;

	rcp_lives_groups_free(types);
	return n;
}

static bool
look_up(struct rcp_objects_page *page, struct rcp_error *error)
{
	const struct rcp_look *look = page->look;
	uint32_t *every;
	size_t count, every_count = 0;

	page->view = rcp_view_new(look->set, &look->query, error);
	if (!page->view)
		return false;
	count = page->view->object_count;
	page->rows = rcp_alloc((count + 1) * sizeof(*page->rows));
	every = rcp_alloc((count + 1) * sizeof(*every));
	for (uint32_t i = 0; i < count; i++) {
		if (!is_zero(&page->view->objects[i]))
			every[every_count++] = i;
		rcp_object_row_add(&page->all, &page->view->objects[i]);
	}
	page->any_own = rcp_objects_any_own(look->set, page->view);
	page->own = page->any_own && !look->args.all && !look->args.json &&
		    !page->type;
	choose(page);
	page->types = count_types(page, every_count, every);
	page->hidden_types =
		page->types - count_types(page, page->row_count, page->rows);
	free(every);
	page->groups = rcp_lives_groups_new(
		look->set, page->view, page->rows, page->row_count,
		page->by_place ? RCP_LIVES_BY_BIRTH : RCP_LIVES_BY_TYPE,
		page->places);
	if (!page->by_place)
		own_first(page);
	return true;
}

/* --type TYPE was never met: which one was meant? */
static bool
no_such_type(const struct rcp_objects_page *page, struct rcp_error *error)
{
	const struct rcp_view *view = page->view;
	const char **names;
	const char *near;

	if (!page->type || page->row_count > 0)
		return false;
	names = rcp_alloc((view->object_count + 1) * sizeof(*names));
	for (size_t i = 0; i < view->object_count; i++)
		names[i] = rcp_object_type_name(page->look->set,
						&view->objects[i]);
	near = rcp_nearest(page->type, names);
	free(names);
	if (near)
		rcp_error_set(error, "no object has a type %s; the nearest "
				     "is: %s",
			      page->type, near);
	else
		rcp_error_set(error, "no object has a type %s", page->type);
	return true;
}

static void
release(struct rcp_objects_page *page)
{
	rcp_deaths_free(page->deaths);
	rcp_lives_groups_free(page->groups);
	rcp_keys_free(page->places);
	rcp_view_free(page->view);
	free(page->rows);
}

static void
show_text(struct rcp_objects_page *page)
{
	page->deaths = rcp_deaths_new(page->look, page->view);
	rcp_objects_text(page);
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct objects_args args = { .place = RCP_BY_OWN };
	struct rcp_look look;
	struct rcp_objects_page page = { .look = &look };
	struct rcp_error error;
	int status = rcp_look_open(&look, command, &args, argc, argv);

	if (status >= 0) {
		rcp_look_close(&look);
		return status;
	}
	page.type = args.type;
	page.by_place = args.by_place;
	page.places = rcp_keys_new(look.set, look.args.json ? RCP_BY_STACK
							    : args.place);
	if (!look_up(&page, &error) || no_such_type(&page, &error)) {
		release(&page);
		return rcp_look_fail(&look, &error);
	}
	if (look.args.json)
		rcp_objects_json(&page);
	else
		show_text(&page);
	release(&page);
	return rcp_look_finish(&look);
}

const struct rcp_command rcp_command_objects = {
	.name = "objects",
	.summary = "Python objects by type: births, deaths, who is alive",
	.usage = "[OPTION...] [FILE...]",
	.about = "Shows for each type how many objects were born and how they "
		 "died: when the last reference went (by refcount), or in a "
		 "cycle that the collector had to find. Below a place of birth "
		 "stand the places where the last reference went.\n"
		 "Types born in your own lines; those of imports and of the "
		 "start of the interpreter with --all.",
	.flags = flags,
	.takes = RCP_TAKES_AT | RCP_TAKES_WINDOW | RCP_TAKES_FILTER |
		 RCP_TAKES_TOP | RCP_TAKES_ALL | RCP_TAKES_JSON |
		 RCP_TAKES_COLOR | RCP_TAKES_STACKS | RCP_TAKES_SOURCE,
	.run = run,
};

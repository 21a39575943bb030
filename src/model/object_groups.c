/* SPDX-License-Identifier: MIT
 *
 * object_groups.c - see object_groups.h.  Sums wrap like the numbers of the
 * file.  Offline only.
 */
#include "model/object_groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/keys.h"
#include "model/memory.h"
#include "model/own.h"
#include "model/tree.h"

static void
add(int64_t *sum, int64_t more)
{
	*sum = (int64_t)((uint64_t)*sum + (uint64_t)more);
}

int64_t
rcp_lives_died(const struct rcp_object_row *row)
{
	int64_t died = row->died_refcount;

	add(&died, row->died_collector);
	add(&died, row->died_unseen);
	return died;
}

int64_t
rcp_objects_alive(const struct rcp_object_row *row)
{
	return (int64_t)((uint64_t)row->born -
			 (uint64_t)rcp_lives_died(row));
}

int64_t
rcp_objects_alive_bytes(const struct rcp_object_row *row)
{
	return (int64_t)((uint64_t)row->born_bytes -
			 (uint64_t)row->died_bytes);
}

double
rcp_objects_alive_error(const struct rcp_object_row *row)
{
	double variance = row->var_born - row->var_refcount -
			  row->var_collector - row->var_unseen;

	return variance > 0 ? sqrt(variance) : 0;
}

double
rcp_objects_alive_bytes_error(const struct rcp_object_row *row)
{
	double variance = row->var_born_bytes - row->var_died_bytes;

	return variance > 0 ? sqrt(variance) : 0;
}

const char *
rcp_object_type_name(const struct rcp_set *set,
		     const struct rcp_object_row *row)
{
	if (row->type == RCP_NONE)
		return "[unknown]";
	return set->processes[row->process]->types[row->type].name;
}

/* --- whose birth --- */

static const char *
file_of(const struct rcp_set *set, uint32_t node)
{
	const char *file =
		node ? set->frames[set->nodes[node].frame].file : NULL;

	return file ? file : "";
}

/* Code that site.py takes out of .pth files is nobody's own. */
static bool
is_start_up(const struct rcp_set *set, uint32_t node)
{
	const char *file = file_of(set, node);
	size_t len;

	if (strcmp(file, "<string>") != 0)
		return false;
	while (strcmp(file, "<string>") == 0) {
		node = set->nodes[node].parent;
		file = file_of(set, node);
	}
	len = strlen(file);
	return strcmp(file, "<frozen site>") == 0 ||
	       (len >= 8 && strcmp(file + len - 8, "/site.py") == 0);
}

bool
rcp_birth_is_own(const struct rcp_set *set, uint32_t site)
{
	uint32_t own = site == RCP_NONE ? RCP_NONE : set->sites[site].own;
	uint32_t node;

	if (own == RCP_NONE)
		return false;
	node = set->sites[site].node;
	for (; own > 0; own--, node = set->nodes[node].parent)
		if (strncmp(file_of(set, node), "<frozen importlib", 17) == 0)
			return false;
	return set->frames[set->nodes[node].frame].kind == RCP_FRAME_PYTHON &&
	       !rcp_frame_is_generated(&set->frames[set->nodes[node].frame]) &&
	       !is_start_up(set, node);
}

/* What `def` and `class` make, once each. */
static bool
is_of_definition(const char *type)
{
	static const char *const types[] = {
		"function",	     "type",	    "code",
		"cell",		     "property",    "classmethod",
		"staticmethod",	     "weakref",	    "weakref.ReferenceType",
		"getset_descriptor", "member_descriptor",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

size_t
rcp_objects_own(const struct rcp_set *set, const struct rcp_view *view,
		uint32_t *rows)
{
	struct rcp_map index = { .words = 2 };
	int64_t *born = rcp_alloc((view->object_count + 1) * sizeof(*born));
	size_t count = 0, births = 0;

	for (uint32_t i = 0; i < view->object_count; i++) {
		const struct rcp_object_row *row = &view->objects[i];
		uint64_t key[2] = { row->birth, (uint64_t)row->process << 32 |
							row->type };
		uint32_t birth;

		if (!rcp_birth_is_own(set, row->birth))
			continue;
		rows[count++] = i;
		birth = rcp_map_get(&index, key);
		if (birth == RCP_NONE) {
			birth = (uint32_t)births++;
			rcp_map_put(&index, key, birth);
		}
		add(&born[birth], row->born);
	}
	births = count;
	count = 0;
	for (size_t i = 0; i < births; i++) {
		const struct rcp_object_row *row = &view->objects[rows[i]];
		uint64_t key[2] = { row->birth, (uint64_t)row->process << 32 |
							row->type };

		if (born[rcp_map_get(&index, key)] > 1 ||
		    !is_of_definition(rcp_object_type_name(set, row)))
			rows[count++] = rows[i];
	}
	rcp_map_free(&index);
	free(born);
	return count;
}

#define HARDLY_ANY 0.01

bool
rcp_objects_any_own(const struct rcp_set *set, const struct rcp_view *view)
{
	struct rcp_object_row own = { 0 }, all = { 0 };
	uint32_t *rows;
	size_t count;

	if (view->object_count == 0)
		return true;
	rows = rcp_alloc(view->object_count * sizeof(*rows));
	count = rcp_objects_own(set, view, rows);
	for (size_t i = 0; i < count; i++)
		rcp_object_row_add(&own, &view->objects[rows[i]]);
	for (size_t i = 0; i < view->object_count; i++)
		rcp_object_row_add(&all, &view->objects[i]);
	free(rows);
	return (double)rcp_objects_alive_bytes(&own) >
		       HARDLY_ANY * (double)rcp_objects_alive_bytes(&all) ||
	       (double)own.born_bytes > HARDLY_ANY * (double)all.born_bytes;
}

/* --- whose class --- */

/* Is the part of the path from `from` to `end` the module that `name` begins
 * with? */
static bool
names_module(const char *name, const char *from, const char *end)
{
	for (; from < end; from++, name++)
		if (*name != (*from == '/' ? '.' : *from))
			return false;
	return *name == '.';
}

/* "app.models.Row" is of /srv/app/models.py; of how many of its directories
 * the name has parts is not known. */
static bool
is_of_file(const char *name, const char *file)
{
	const char *end = file + strlen(file);
	const char *from;

	if (end - file < 3 || strcmp(end - 3, ".py") != 0)
		return false;
	end -= 3;
	if (end - file > 9 && strncmp(end - 9, "/__init__", 9) == 0)
		end -= 9;
	for (from = end; from > file; from--)
		if (from[-1] == '/' && names_module(name, from, end))
			return true;
	return file[0] != '/' && names_module(name, file, end);
}

bool
rcp_type_is_of(const struct rcp_set *set, const char *name,
	       enum rcp_origin origin)
{
	const char *last = NULL;

	if (strncmp(name, "__main__.", 9) == 0)
		return true;
	if (!strchr(name, '.'))
		return false;
	for (size_t i = 0; i < set->frame_count; i++) {
		const char *file = set->frames[i].file;

		/* Strings of the pool are equal if their addresses are. */
		if (set->frames[i].origin != origin || !file ||
		    set->frames[i].kind != RCP_FRAME_PYTHON || file == last)
			continue;
		last = file;
		if (is_of_file(name, file))
			return true;
	}
	return false;
}

bool
rcp_type_is_own(const struct rcp_set *set, const char *name)
{
	return rcp_type_is_of(set, name, RCP_ORIGIN_OWN);
}

/* --- groups --- */

struct growing {
	struct rcp_lives_group group;
	size_t row_room;
	int64_t most; /* deaths at group.site */
};

struct grouping {
	const struct rcp_set *set;
	const struct rcp_view *view;
	enum rcp_lives_by by;
	struct rcp_keys *keys; /* of places */
	struct rcp_map index;  /* key of a place, or address of a type's name */
	struct growing *all;
	size_t count, room;
};

/* The group of a key; made if it is new. */
static uint32_t
group_of(struct grouping *g, uint64_t key, const char *name, uint32_t frame)
{
	uint32_t group = rcp_map_get1(&g->index, key);

	if (group != RCP_NONE)
		return group;
	g->all = rcp_room(g->all, g->count, &g->room, sizeof(*g->all));
	g->all[g->count] = (struct growing){
		.group = { .name = name, .frame = frame, .site = RCP_NONE },
	};
	rcp_map_put1(&g->index, key, (uint32_t)g->count);
	return (uint32_t)g->count++;
}

static uint32_t
of_type(struct grouping *g, const struct rcp_object_row *row)
{
	/* Strings of the pool are equal if their addresses are. */
	const char *name = rcp_strings_keep(&g->set->tables->strings,
					    rcp_object_type_name(g->set, row));

	return group_of(g, (uintptr_t)name, name, RCP_NONE);
}

static uint32_t
of_place(struct grouping *g, const struct rcp_object_row *row)
{
	uint32_t site = g->by == RCP_LIVES_BY_BIRTH ? row->birth : row->death;
	const struct rcp_key *place;
	uint32_t key;

	if (site == RCP_NONE)
		return group_of(g, RCP_NONE, "[unknown]", RCP_NONE);
	key = rcp_keys_of(g->keys, row->process, 0, site);
	place = &g->keys->keys[key];
	return group_of(g, key, place->name, place->frame);
}

static void
put(struct grouping *g, uint32_t index)
{
	const struct rcp_object_row *row = &g->view->objects[index];
	uint32_t group = g->by == RCP_LIVES_BY_TYPE ? of_type(g, row)
						    : of_place(g, row);
	struct growing *at = &g->all[group];
	int64_t died = row->died_refcount + row->died_collector;

	rcp_object_row_add(&at->group.lives, row);
	at->group.rows = rcp_room(at->group.rows, at->group.row_count,
				  &at->row_room, sizeof(*at->group.rows));
	at->group.rows[at->group.row_count++] = index;
	if (died > at->most) {
		at->most = died;
		at->group.site = row->death;
	}
}

/* --- their order --- */

static int
compare(int64_t x, int64_t y)
{
	return x != y ? (x > y ? -1 : 1) : 0;
}

/* What is alive counts by the KiB: an odd object that happens to live says
 * less than the thousands that came and went. */
static int
by_bytes(const void *a, const void *b)
{
	const struct rcp_lives_group *x = a, *y = b;
	int c = compare(rcp_objects_alive_bytes(&x->lives) / 1024,
			rcp_objects_alive_bytes(&y->lives) / 1024);

	if (c == 0)
		c = compare(x->lives.born_bytes, y->lives.born_bytes);
	return c ? c : strcmp(x->name, y->name);
}

static int
by_deaths(const void *a, const void *b)
{
	const struct rcp_lives_group *x = a, *y = b;
	int c = (x->frame == RCP_NONE) - (y->frame == RCP_NONE);

	if (c == 0)
		c = compare(rcp_lives_died(&x->lives),
			    rcp_lives_died(&y->lives));
	return c ? c : strcmp(x->name, y->name);
}

struct rcp_lives_groups *
rcp_lives_groups_new(const struct rcp_set *set, const struct rcp_view *view,
		     const uint32_t *rows, size_t count, enum rcp_lives_by by,
		     struct rcp_keys *places)
{
	struct rcp_lives_groups *groups = rcp_alloc(sizeof(*groups));
	struct grouping g = {
		.set = set,
		.view = view,
		.by = by,
		.keys = places,
		.index = { .words = 1 },
	};

	g.all = rcp_room(NULL, 0, &g.room, sizeof(*g.all));
	for (size_t i = 0; i < count; i++)
		put(&g, rows[i]);
	groups->count = g.count;
	groups->groups = rcp_alloc(g.count * sizeof(*groups->groups));
	for (size_t i = 0; i < g.count; i++)
		groups->groups[i] = g.all[i].group;
	qsort(groups->groups, groups->count, sizeof(*groups->groups),
	      by == RCP_LIVES_BY_DEATH ? by_deaths : by_bytes);
	rcp_map_free(&g.index);
	free(g.all);
	return groups;
}

void
rcp_lives_groups_free(struct rcp_lives_groups *groups)
{
	if (!groups)
		return;
	for (size_t i = 0; i < groups->count; i++)
		free(groups->groups[i].rows);
	free(groups->groups);
	free(groups);
}

/* SPDX-License-Identifier: MIT
 *
 * cycles.c - see cycles.h.  Offline only.
 */
#include "model/cycles.h"

#include <stdlib.h>
#include <string.h>

#include "model/map.h"
#include "model/memory.h"
#include "model/object_groups.h"
#include "model/tree.h"

/* --- chains --------------------------------------------------------------- */

const struct rcp_cycle_info *
rcp_cycle_of(const struct rcp_set *set, const struct rcp_cycle_group *group)
{
	return &set->processes[group->process]->cycles[group->cycle];
}

const struct rcp_member_info *
rcp_cycle_member(const struct rcp_set *set,
		 const struct rcp_cycle_group *group, uint32_t n)
{
	const struct rcp_process *process = set->processes[group->process];
	const struct rcp_cycle_info *cycle = &process->cycles[group->cycle];

	return &process->cycle_members[cycle->member +
				       (group->first + n) % cycle->count];
}

const char *
rcp_cycle_type(const struct rcp_set *set, const struct rcp_cycle_group *group,
	       uint32_t n)
{
	uint32_t type = rcp_cycle_member(set, group, n)->type;

	if (type == RCP_NONE)
		return "[unknown]";
	return set->processes[group->process]->types[type].name;
}

uint32_t
rcp_cycle_birth(const struct rcp_set *set, const struct rcp_cycle_group *group)
{
	uint32_t count = rcp_cycle_of(set, group)->count;
	uint32_t best = RCP_NONE;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t site = rcp_cycle_member(set, group, i)->site;
		uint32_t leaf = site == RCP_NONE ? RCP_NONE
						 : rcp_site_leaf(set, site);

		if (leaf == RCP_NONE)
			continue;
		if (set->frames[leaf].origin == RCP_ORIGIN_OWN)
			return leaf;
		if (best == RCP_NONE)
			best = leaf;
	}
	return best;
}

/* A class of the user's, of a library, or a builtin? */
static int
rank_type(const struct rcp_set *set, const char *type)
{
	return rcp_type_is_own(set, type) ? 0 : strchr(type, '.') ? 1 : 2;
}

static enum rcp_cycle_whose
whose(const struct rcp_set *set, const struct rcp_cycle_group *group)
{
	uint32_t count = rcp_cycle_of(set, group)->count;
	/* Those that found no room may be anyone's. */
	enum rcp_cycle_whose best = count ? RCP_CYCLE_OTHER : RCP_CYCLE_CALLED;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t site = rcp_cycle_member(set, group, i)->site;

		if (!rcp_birth_is_own(set, site))
			continue;
		best = RCP_CYCLE_CALLED;
		if (rank_type(set, rcp_cycle_type(set, group, i)) == 0 ||
		    set->frames[rcp_site_leaf(set, site)].origin ==
			    RCP_ORIGIN_OWN)
			return RCP_CYCLE_OWN;
	}
	return best;
}

/* The order of two members as the beginning of a chain: the user's own
 * classes, then other classes, then builtin ones; by name. */
static int
compare_members(const struct rcp_set *set, const struct rcp_cycle_group *group,
		uint32_t a, uint32_t b)
{
	const char *x = rcp_cycle_type(set, group, a);
	const char *y = rcp_cycle_type(set, group, b);
	const char *p = rcp_cycle_member(set, group, a)->attribute;
	const char *q = rcp_cycle_member(set, group, b)->attribute;
	int c = rank_type(set, x) - rank_type(set, y);

	if (c == 0)
		c = strcmp(x, y);
	return c ? c : strcmp(p ? p : "", q ? q : "");
}

/* The chain goes round: it is told from the member that comes first. */
static void
choose_first(const struct rcp_set *set, struct rcp_cycle_group *group)
{
	const struct rcp_cycle_info *cycle = rcp_cycle_of(set, group);
	uint32_t best = 0;

	for (uint32_t i = 1; i < cycle->count && !cycle->knot; i++)
		if (compare_members(set, group, i, best) < 0)
			best = i;
	group->first = best;
	group->whose = whose(set, group);
}

/* --- groups --------------------------------------------------------------- */

/* A number for what a member is; the same for the same, from 1 on. */
static uint32_t
number_of(struct rcp_map *map, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t key[3] = { a, b, c };
	uint32_t number = rcp_map_get(map, key);

	if (number == RCP_NONE) {
		number = (uint32_t)map->count + 1;
		rcp_map_put(map, key, number);
	}
	return number;
}

/* Equal for chains of equal members. */
static uint32_t
chain_of(const struct rcp_set *set, struct rcp_map *map,
	 const struct rcp_cycle_group *group)
{
	const struct rcp_cycle_info *cycle = rcp_cycle_of(set, group);
	uint32_t chain = number_of(map, cycle->knot, cycle->count, 0);

	for (uint32_t i = 0; i < cycle->count; i++) {
		const struct rcp_member_info *m =
			rcp_cycle_member(set, group, i);
		const char *type = rcp_strings_keep(
			&set->tables->strings, rcp_cycle_type(set, group, i));
		uint32_t line = m->site == RCP_NONE
					? RCP_NONE
					: rcp_site_leaf(set, m->site);

		chain = number_of(map, chain, (uintptr_t)type,
				  number_of(map, (uintptr_t)m->attribute, line,
					    1));
	}
	return chain;
}

static void
add_row(struct rcp_cycle_group *group, const struct rcp_cycle_row *row)
{
	group->n += row->n;
	group->objects += row->objects;
	group->bytes += row->bytes;
	group->waited += row->waited;
	group->byte_ms += row->byte_ms;
	if (row->waited_max > group->waited_max)
		group->waited_max = row->waited_max;
}

static int
by_waiting(const void *a, const void *b)
{
	const struct rcp_cycle_group *x = a, *y = b;

	if (x->whose != y->whose)
		return x->whose < y->whose ? -1 : 1;
	if (x->byte_ms != y->byte_ms)
		return x->byte_ms > y->byte_ms ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return x->cycle < y->cycle ? -1 : x->cycle > y->cycle;
}

struct rcp_cycle_groups *
rcp_cycle_groups_new(const struct rcp_set *set, const struct rcp_view *view)
{
	struct rcp_cycle_groups *g = rcp_alloc(sizeof(*g));
	struct rcp_map parts = { .words = 3 }, index = { .words = 1 };

	g->groups = rcp_alloc((view->cycle_count + 1) * sizeof(*g->groups));
	for (size_t i = 0; i < view->cycle_count; i++) {
		const struct rcp_cycle_row *row = &view->cycles[i];
		struct rcp_cycle_group one = { .process = row->process,
					       .cycle = row->cycle };
		uint32_t chain, at;

		if (row->n == 0)
			continue;
		choose_first(set, &one);
		chain = chain_of(set, &parts, &one);
		at = rcp_map_get1(&index, chain);
		if (at == RCP_NONE) {
			at = (uint32_t)g->count++;
			rcp_map_put1(&index, chain, at);
			g->groups[at] = one;
		}
		/* It may be the user's by some callers only. */
		if (one.whose < g->groups[at].whose)
			g->groups[at].whose = one.whose;
		add_row(&g->groups[at], row);
	}
	qsort(g->groups, g->count, sizeof(*g->groups), by_waiting);
	while (g->own_count < g->count &&
	       g->groups[g->own_count].whose != RCP_CYCLE_OTHER)
		g->own_count++;
	rcp_map_free(&parts);
	rcp_map_free(&index);
	return g;
}

void
rcp_cycle_groups_free(struct rcp_cycle_groups *groups)
{
	if (!groups)
		return;
	free(groups->groups);
	free(groups);
}

/* --- what would end them -------------------------------------------------- */

/* Which types stand on it, a bit each. */
enum { FUNCTION = 1, CELL = 2, TRACEBACK = 4, CLASS = 8, METHOD = 16 };

static unsigned
types_on(const struct rcp_set *set, const struct rcp_cycle_group *group)
{
	static const char *const names[] = { "function", "cell", "traceback",
					     "type", "method" };
	unsigned seen = 0;

	for (uint32_t i = 0; i < rcp_cycle_of(set, group)->count; i++)
		for (unsigned k = 0; k < 5; k++)
			if (strcmp(rcp_cycle_type(set, group, i), names[k]) ==
			    0)
				seen |= 1u << k;
	return seen;
}

/* Instances of classes can be referred to weakly, and are kept by others;
 * nobody else may have a list or a dict that an attribute refers to. */
static bool
is_instance(const char *type)
{
	return strchr(type, '.') && strncmp(type, "collections.", 12) != 0 &&
	       strncmp(type, "weakref.", 8) != 0;
}

/* Is that what programs call the way back? */
static bool
goes_back(const char *attribute)
{
	static const char *const names[] = {
		"parent", "owner", "root",  "prev",  "previous", "back",
		"up",	  "outer", "scope", "master", "container",
	};

	attribute += strspn(attribute, "_");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(attribute, names[i]) == 0)
			return true;
	return false;
}

/* How many references of the chain have this attribute? */
static uint32_t
uses_of(const struct rcp_set *set, const struct rcp_cycle_group *group,
	const char *attribute)
{
	uint32_t uses = 0;

	for (uint32_t i = 0; i < rcp_cycle_of(set, group)->count; i++) {
		const char *a = rcp_cycle_member(set, group, i)->attribute;

		uses += a && strcmp(a, attribute) == 0;
	}
	return uses;
}

/* An attribute that refers to an instance may do so weakly, if something else
 * of the chain keeps that instance from going at once. */
static struct rcp_cycle_advice
advise_weakref(const struct rcp_set *set, const struct rcp_cycle_group *group)
{
	struct rcp_cycle_advice advice = { RCP_CYCLE_WEAKREF,
					   { NULL, NULL } };
	const uint32_t count = rcp_cycle_of(set, group)->count;
	size_t found = 0;

	for (uint32_t i = 0; i < count; i++) {
		const char *a = rcp_cycle_member(set, group, i)->attribute;

		if (!a || strncmp(a, "__", 2) == 0 ||
		    !is_instance(rcp_cycle_type(set, group, i + 1)) ||
		    (count > 1 && uses_of(set, group, a) == count))
			continue;
		if (goes_back(a)) {
			advice.attributes[0] = a;
			advice.attributes[1] = NULL;
			return advice;
		}
		if ((found > 0 && strcmp(advice.attributes[0], a) == 0) ||
		    (found > 1 && strcmp(advice.attributes[1], a) == 0))
			continue;
		if (found < 2)
			advice.attributes[found] = a;
		found++;
	}
	if (found == 0 || found > 2)
		return (struct rcp_cycle_advice){ 0 };
	return advice;
}

struct rcp_cycle_advice
rcp_cycle_advice(const struct rcp_set *set,
		 const struct rcp_cycle_group *group)
{
	const struct rcp_cycle_info *cycle = rcp_cycle_of(set, group);
	struct rcp_cycle_advice advice = { 0 };
	unsigned types = types_on(set, group);

	if (cycle->knot || cycle->count == 0)
		return advice;
	if (types & TRACEBACK) {
		advice.end = RCP_CYCLE_EXCEPTION;
		for (uint32_t i = 0; i < cycle->count; i++)
			if (strcmp(rcp_cycle_type(set, group, i), "frame") == 0)
				advice.attributes[0] =
					rcp_cycle_member(set, group, i)
						->attribute;
	} else if ((types & (FUNCTION | CELL)) == (FUNCTION | CELL)) {
		advice.end = RCP_CYCLE_FUNCTION;
	} else if (types & METHOD) {
		advice.end = RCP_CYCLE_METHOD;
	} else if (types & CLASS) {
		advice.end = RCP_CYCLE_CLASS;
	} else {
		advice = advise_weakref(set, group);
	}
	return advice;
}

/* --- garbage -------------------------------------------------------------- */

/* What died in a collection had waited, on average, for byte_ms / bytes at
 * most: it counts for so long before the collection. */
void
rcp_garbage_columns(const struct rcp_set *set, uint64_t from, uint64_t to,
		    double *values, size_t columns)
{
	double span = to > from ? (double)(to - from) : 1;

	memset(values, 0, columns * sizeof(*values));
	for (size_t p = 0; p < set->process_count; p++) {
		const struct rcp_process *process = set->processes[p];

		for (size_t i = 0; i < process->garbage_count; i++) {
			const struct rcp_garbage_info *g =
				&process->garbage[i];
			double end = ((double)g->time - (double)from) / span;
			double begin = end;

			if (g->bytes > 0)
				begin -= (double)g->byte_ms /
					 (double)g->bytes * 1e6 / span;
			if (end < 0 || begin > 1)
				continue;
			for (size_t k = 0; k < columns; k++)
				if ((double)k <= end * (double)columns &&
				    (double)(k + 1) > begin * (double)columns)
					values[k] += (double)g->bytes;
		}
	}
}

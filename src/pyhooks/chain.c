/* SPDX-License-Identifier: MIT
 *
 * chain.c - a knot of garbage as people name it: the types on a shortest cycle,
 * and the attributes by which each refers to the next.  Runs inside the
 * collector: no allocation, no Python.
 */
#include <string.h>

#include "pyhooks/garbage.h"
#include "python/refs.h"
#include "python/types.h"

#define STARTS 8u /* objects that a cycle is looked for from */
#define LOOKED_AT 64u /* for one to start from */
#define NAME_BYTES 64u

/* --- which cycle --------------------------------------------------------------- */

static bool
is_of_own_class(uint32_t node)
{
	const void *type =
		rcp_py_type_of(rcp_garbage_graph()->ops[node]);

	return rcp_py_type_is_heap(type) && !rcp_py_type_is_meta(type);
}

/* Instances of classes first: what they are says most. */
static unsigned
choose_starts(const uint32_t *members, uint32_t count, uint32_t *out)
{
	uint32_t look = count < LOOKED_AT ? count : LOOKED_AT;
	unsigned n = 0;

	for (int other = 0; other < 2; other++)
		for (uint32_t i = 0; i < look && n < STARTS; i++)
			if (is_of_own_class(members[i]) != other)
				out[n++] = members[i];
	return n;
}

static unsigned
shortest(struct rcp_graph *g, const uint32_t *members, uint32_t count,
	 uint32_t best[RCP_KNOT_CYCLE])
{
	uint32_t starts[STARTS], cycle[RCP_KNOT_CYCLE];
	unsigned many = choose_starts(members, count, starts), size = 0;

	for (unsigned i = 0; i < many && size != 1; i++) {
		unsigned n = rcp_knots_cycle(g, starts[i], cycle);

		if (!n || (size && n >= size))
			continue;
		memcpy(best, cycle, n * sizeof(*cycle));
		size = n;
	}
	return size;
}

/* --- its parts -------------------------------------------------------------------- */

static void *
object_at(uint32_t node)
{
	return (void *)(uintptr_t)rcp_garbage_graph()->ops[node];
}

static struct rcp_cycle_part
part_of(uint32_t node)
{
	const struct rcp_garbage_object *o =
		&rcp_garbage_graph()->objects[node];

	return (struct rcp_cycle_part){ .type = o->type, .site = o->site };
}

static bool
is_dict_of(uint32_t dict, uint32_t node)
{
	return dict != node &&
	       rcp_py_instance_dict(object_at(node)) == object_at(dict);
}

static uint32_t
attribute(uint32_t from, uint32_t to)
{
	char name[NAME_BYTES];

	return rcp_cycle_attribute(name,
				   rcp_py_attribute(object_at(from),
						    object_at(to), name,
						    sizeof(name)));
}

/* An instance's dict is no part of its own: the instance refers to what is in
 * it.  Returns how many parts there are, RCP_CYCLE_MEMBERS + 1: too many. */
static unsigned
name_parts(const uint32_t *cycle, unsigned size, struct rcp_cycle_part *out)
{
	unsigned begin = size > 1 && is_dict_of(cycle[0], cycle[size - 1]);
	unsigned n = 0;

	for (unsigned i = 0; i < size;) {
		uint32_t v = cycle[(begin + i) % size];
		uint32_t next = cycle[(begin + i + 1) % size];

		i++;
		if (i < size && is_dict_of(next, v)) {
			i++;
			next = cycle[(begin + i) % size];
		}
		if (n == RCP_CYCLE_MEMBERS)
			return n + 1;
		out[n] = part_of(v);
		out[n++].attribute = attribute(v, next);
	}
	return n;
}

/* Which of them are dicts of instances: they get a mark of their own. */
static uint32_t
mark_dicts(struct rcp_graph *g, const uint32_t *members, uint32_t count)
{
	uint32_t mark = ++g->searches;

	for (uint32_t i = 0; i < count; i++) {
		const void *dict = rcp_py_instance_dict(object_at(members[i]));
		uint32_t node = dict ? rcp_garbage_node(dict) : RCP_KNOT_NONE;

		if (node != RCP_KNOT_NONE)
			g->nodes[node].seen = mark;
	}
	return mark;
}

/* The kinds of objects in a knot that has no short cycle, but for those with
 * the MARK; SITES: also by where they were born. */
static bool
name_kinds(const struct rcp_graph *g, uint32_t mark, const uint32_t *members,
	   uint32_t count, bool sites, struct rcp_cycle_part *out, unsigned *n)
{
	*n = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct rcp_cycle_part part = part_of(members[i]);
		unsigned k = 0;

		if (g->nodes[members[i]].seen == mark)
			continue;
		if (!sites)
			part.site = 0;
		while (k < *n && (out[k].type != part.type ||
				  out[k].site != part.site))
			k++;
		if (k < *n)
			continue;
		if (*n == RCP_CYCLE_MEMBERS)
			return false;
		out[(*n)++] = part;
	}
	return true;
}

static uint32_t
kind_of(struct rcp_graph *g, const uint32_t *members, uint32_t count)
{
	struct rcp_cycle_part parts[RCP_CYCLE_MEMBERS];
	uint32_t cycle[RCP_KNOT_CYCLE];
	unsigned size = shortest(g, members, count, cycle), n = 0;
	uint32_t dicts;

	if (size)
		n = name_parts(cycle, size, parts);
	if (n && n <= RCP_CYCLE_MEMBERS)
		return rcp_cycle_kind(parts, n, false);
	dicts = mark_dicts(g, members, count);
	if (!name_kinds(g, dicts, members, count, true, parts, &n))
		(void)name_kinds(g, dicts, members, count, false, parts, &n);
	return rcp_cycle_kind(parts, n, true);
}

uint32_t
rcp_garbage_knot(struct rcp_graph *g, const uint32_t *members, uint32_t count)
{
	struct rcp_garbage_graph *all = rcp_garbage_graph();
	struct rcp_garbage_now *knot = &all->knots[all->knot_count];
	uint64_t now = rcp_garbage_time();

	knot->kind = kind_of(g, members, count);
	knot->since = 0;
	/* It did not hang together before its youngest part was born. */
	for (uint32_t i = 0; i < count; i++)
		if (all->objects[members[i]].since > knot->since)
			knot->since = all->objects[members[i]].since;
	rcp_cycle_found(knot->kind, now > knot->since ? now - knot->since : 0);
	return all->knot_count++;
}

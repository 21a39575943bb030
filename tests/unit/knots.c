/* SPDX-License-Identifier: MIT
 *
 * knots.c - graphs made by hand and at random: which nodes reach each other,
 * against a search from every node; and the shortest cycles among them.
 */
#include "pyhooks/knots.h"

#include <string.h>

#include "tap/random.h"
#include "tap/tap.h"

#define NODES 200u
#define EDGES 2000u
#define LONG 100000u

static struct rcp_node_of_graph nodes[LONG + 1];
static uint32_t edges[LONG + EDGES], order[LONG], stack[LONG];
static struct rcp_graph g = { nodes, edges, order, stack, 0, 0, 0 };
static uint32_t edge_count, knots, largest;
static uint64_t seed = 2463534242u;

static unsigned
random_below(unsigned n)
{
	return (unsigned)(tap_random(&seed) % n);
}

static void
begin(void)
{
	memset(nodes, 0, sizeof(nodes));
	g.first = g.count = edge_count = 0;
}

/* A node that refers to A and B; RCP_KNOT_NONE: to nothing. */
static void
node(uint32_t a, uint32_t b)
{
	nodes[g.count++].edges = edge_count;
	if (a != RCP_KNOT_NONE)
		edges[edge_count++] = a;
	if (b != RCP_KNOT_NONE)
		edges[edge_count++] = b;
	nodes[g.count].edges = edge_count;
}

static uint32_t
found(struct rcp_graph *graph, const uint32_t *members, uint32_t count)
{
	(void)graph;
	(void)members;
	if (count > largest)
		largest = count;
	return knots++;
}

static void
find(void)
{
	knots = largest = 0;
	rcp_knots_find(&g, found);
}

static void
by_hand(void)
{
	uint32_t cycle[RCP_KNOT_CYCLE];

	begin();
	node(1, 3);                         /* 0 -> 1, 3 */
	node(2, RCP_KNOT_NONE);             /* 1 -> 2 */
	node(0, 5);                         /* 2 -> 0, 5 */
	node(4, RCP_KNOT_NONE);             /* 3 hangs on 0, 4 on 3 */
	node(RCP_KNOT_NONE, RCP_KNOT_NONE); /* 4 */
	node(5, RCP_KNOT_NONE);             /* 5 -> 5 */
	node(0, RCP_KNOT_NONE);             /* 6 -> 0, and nobody -> 6 */
	find();
	is_int(knots, 2, "a ring of three, and one that refers to itself");
	is_int(largest, 3, "no more is on it");
	ok(nodes[0].owner == nodes[1].owner && nodes[0].owner == nodes[2].owner,
	   "the ring's nodes have one owner");
	ok(nodes[3].owner == nodes[0].owner && nodes[4].owner == nodes[0].owner,
	   "and what hangs on them, however far");
	ok(nodes[5].owner != nodes[0].owner && nodes[5].owner < 2,
	   "another knot is its own");
	ok(nodes[6].owner == RCP_KNOT_NONE, "what refers to them is nobody's");
	is_int(rcp_knots_cycle(&g, 1, cycle), 3, "a cycle of three");
	ok(cycle[0] == 1 && cycle[1] == 2 && cycle[2] == 0, "from its start");
	is_int(rcp_knots_cycle(&g, 5, cycle), 1, "and one of one");
	is_int(rcp_knots_cycle(&g, 4, cycle), 0, "none where there is none");
}

static void
in_batches(void)
{
	begin();
	node(1, RCP_KNOT_NONE);
	node(0, RCP_KNOT_NONE);
	find();
	g.first = g.count;
	node(0, 3);
	node(2, RCP_KNOT_NONE);
	find();
	ok(knots == 1 && largest == 2, "what is done is left alone");
}

/* Recursion would not come back from this. */
static void
one_ring(void)
{
	uint32_t cycle[RCP_KNOT_CYCLE];

	begin();
	for (uint32_t i = 0; i < LONG; i++)
		node((i + 1) % LONG, RCP_KNOT_NONE);
	find();
	ok(knots == 1 && largest == LONG, "a ring of %u", LONG);
	is_int(rcp_knots_cycle(&g, 7, cycle), 0, "is no short cycle");
}

static bool reaches[NODES][NODES];

static void
reach(uint32_t from, uint32_t v)
{
	for (uint32_t e = nodes[v].edges; e < nodes[v + 1].edges; e++)
		if (!reaches[from][edges[e]]) {
			reaches[from][edges[e]] = true;
			reach(from, edges[e]);
		}
}

static bool
is_right(void)
{
	for (uint32_t a = 0; a < g.count; a++) {
		uint32_t cycle[RCP_KNOT_CYCLE];
		bool owned = reaches[a][a];

		for (uint32_t b = 0; b < g.count; b++) {
			bool one = a == b || (reaches[a][b] && reaches[b][a]);

			if (one != (nodes[a].knot == nodes[b].knot))
				return false;
			owned |= reaches[b][b] && reaches[b][a];
		}
		if (owned != (nodes[a].owner != RCP_KNOT_NONE))
			return false;
		if (rcp_knots_cycle(&g, a, cycle) && !reaches[a][a])
			return false;
	}
	return true;
}

static void
at_random(void)
{
	unsigned wrong = 0;

	for (unsigned round = 0; round < 200; round++) {
		uint32_t count = 2 + random_below(60);

		begin();
		for (uint32_t i = 0; i < count; i++)
			node(random_below(3) ? random_below(count) :
					       RCP_KNOT_NONE,
			     random_below(4) ? RCP_KNOT_NONE :
					       random_below(count));
		memset(reaches, 0, sizeof(reaches));
		for (uint32_t i = 0; i < count; i++)
			reach(i, i);
		find();
		wrong += !is_right();
	}
	is_int(wrong, 0, "200 graphs at random");
}

int
main(void)
{
	by_hand();
	in_batches();
	one_ring();
	at_random();
	return done_testing();
}

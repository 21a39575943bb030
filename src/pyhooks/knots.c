/* SPDX-License-Identifier: MIT
 *
 * knots.c - see knots.h.  Tarjan's algorithm, without recursion: a knot may be
 * a list of a million links.
 */
#include "pyhooks/knots.h"

#define NONE RCP_KNOT_NONE
#define AROUND 512u /* nodes that a search for a cycle visits */

static uint32_t
edges_end(const struct rcp_graph *g, uint32_t v)
{
	return g->nodes[v + 1].edges;
}

/* --- which nodes reach each other ------------------------------------------- */

/* The state of the search: `order` takes nodes as they are finished, in knots,
 * those that are reached before those that reach them. */
struct search {
	struct rcp_graph *g;
	uint32_t next; /* index */
	uint32_t open; /* nodes on g->stack that are in no knot yet */
	uint32_t done; /* nodes in g->order */
};

static void
enter(struct search *s, uint32_t v, uint32_t up)
{
	struct rcp_node_of_graph *n = &s->g->nodes[v];

	n->index = n->low = s->next++;
	n->up = up;
	n->seen = n->edges; /* the edge to follow next */
	s->g->stack[s->open++] = v;
}

/* All that V reaches has been looked at: is it the first of a knot? */
static void
leave(struct search *s, uint32_t v)
{
	struct rcp_node_of_graph *nodes = s->g->nodes;
	uint32_t first = s->done, w;

	if (nodes[v].low == nodes[v].index) {
		do {
			w = s->g->stack[--s->open];
			nodes[w].knot = first;
			s->g->order[s->done++] = w;
		} while (w != v);
	}
	if (nodes[v].up != NONE &&
	    nodes[v].low < nodes[nodes[v].up].low)
		nodes[nodes[v].up].low = nodes[v].low;
}

static void
search_from(struct search *s, uint32_t root)
{
	struct rcp_graph *g = s->g;
	uint32_t v = root;

	enter(s, v, NONE);
	while (v != NONE) {
		struct rcp_node_of_graph *n = &g->nodes[v];
		uint32_t w;

		if (n->seen == edges_end(g, v)) {
			leave(s, v);
			v = n->up;
			continue;
		}
		w = g->edges[n->seen++];
		if (w < g->first)
			continue;
		if (g->nodes[w].index == NONE) {
			enter(s, w, v);
			v = w;
		} else if (g->nodes[w].knot == NONE &&
			   g->nodes[w].index < n->low) {
			n->low = g->nodes[w].index;
		}
	}
}

static bool
refers_to_itself(const struct rcp_graph *g, uint32_t v)
{
	for (uint32_t e = g->nodes[v].edges; e < edges_end(g, v); e++)
		if (g->edges[e] == v)
			return true;
	return false;
}

/* What has an owner gives it to what it reaches and is on no knot. */
static void
hand_on(struct rcp_graph *g, uint32_t v)
{
	for (uint32_t e = g->nodes[v].edges; e < edges_end(g, v); e++) {
		uint32_t w = g->edges[e];

		if (w >= g->first && g->nodes[w].owner == NONE)
			g->nodes[w].owner = g->nodes[v].owner;
	}
}

void
rcp_knots_find(struct rcp_graph *g, rcp_knot_fn *found)
{
	struct search s = { .g = g };
	uint32_t end;

	for (uint32_t v = g->first; v < g->count; v++) {
		g->nodes[v].index = g->nodes[v].knot = NONE;
		g->nodes[v].owner = NONE;
	}
	for (uint32_t v = g->first; v < g->count; v++)
		if (g->nodes[v].index == NONE)
			search_from(&s, v);
	for (uint32_t v = g->first; v < g->count; v++)
		g->nodes[v].seen = 0;
	for (uint32_t i = 0; i < s.done; i = end) {
		uint32_t *members = &g->order[i], owner;

		for (end = i + 1; end < s.done &&
				  g->nodes[g->order[end]].knot == i;
		     end++)
			;
		if (end - i == 1 && !refers_to_itself(g, members[0]))
			continue;
		owner = found(g, members, end - i);
		for (uint32_t k = i; k < end; k++)
			g->nodes[g->order[k]].owner = owner;
	}
	/* Backwards: those that reach others come before them. */
	for (uint32_t i = s.done; i > 0; i--)
		if (g->nodes[g->order[i - 1]].owner != NONE)
			hand_on(g, g->order[i - 1]);
}

/* --- a shortest cycle ------------------------------------------------------- */

static unsigned
path_to(const struct rcp_graph *g, uint32_t v, uint32_t out[RCP_KNOT_CYCLE])
{
	unsigned n = 0;

	for (uint32_t w = v; w != NONE; w = g->nodes[w].from)
		n++;
	if (n > RCP_KNOT_CYCLE)
		return 0;
	for (unsigned i = n; i > 0; i--, v = g->nodes[v].from)
		out[i - 1] = v;
	return n;
}

unsigned
rcp_knots_cycle(struct rcp_graph *g, uint32_t start,
		uint32_t out[RCP_KNOT_CYCLE])
{
	uint32_t stamp = ++g->searches, head = 0, tail = 0;
	uint32_t *queue = g->stack; /* free by now */

	g->nodes[start].seen = stamp;
	g->nodes[start].from = NONE;
	queue[tail++] = start;
	while (head < tail) {
		uint32_t v = queue[head++];

		for (uint32_t e = g->nodes[v].edges; e < edges_end(g, v);
		     e++) {
			uint32_t w = g->edges[e];

			if (w == start)
				return path_to(g, v, out);
			if (w < g->first || tail == AROUND ||
			    g->nodes[w].seen == stamp ||
			    g->nodes[w].knot != g->nodes[start].knot)
				continue;
			g->nodes[w].seen = stamp;
			g->nodes[w].from = v;
			queue[tail++] = w;
		}
	}
	return 0;
}

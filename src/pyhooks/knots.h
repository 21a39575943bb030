/* SPDX-License-Identifier: MIT
 *
 * knots.h - a graph of objects: which of them reach each other, and a shortest
 * cycle among those.  Pure: knows no interpreter, allocates nothing.
 */
#ifndef RCP_PYHOOKS_KNOTS_H
#define RCP_PYHOOKS_KNOTS_H

#include <stdbool.h>
#include <stdint.h>

#define RCP_KNOT_NONE UINT32_MAX
#define RCP_KNOT_CYCLE 16u /* objects on a cycle that is looked for, at most */

struct rcp_node_of_graph {
	uint32_t edges;   /* first of its edges; they end where the next
			     node's begin */
	uint32_t index, low, up; /* of the search */
	uint32_t knot; /* first node, in `order`, of the knot it is in */
	uint32_t owner; /* a knot that it is on, or that reaches it, by the
			   number that its finder gave it */
	uint32_t seen, from; /* of the search for a cycle */
};

/* Nodes FIRST to COUNT are new, with their edges; older ones are done. */
struct rcp_graph {
	struct rcp_node_of_graph *nodes; /* one more than COUNT */
	uint32_t *edges;                 /* numbers of nodes */
	uint32_t *order;                 /* of nodes; scratch as well */
	uint32_t *stack;
	uint32_t first, count;
	uint32_t searches; /* so far */
};

/* Calls FOUND for each knot: more than one node that all reach each other, or
 * one that refers to itself.  MEMBERS are good until it returns.  Nodes get the
 * number that it returns for their owner, and so do those that the knot
 * reaches, unless they are on another one. */
typedef uint32_t rcp_knot_fn(struct rcp_graph *g, const uint32_t *members,
			     uint32_t count);
void rcp_knots_find(struct rcp_graph *g, rcp_knot_fn *found);

/* A shortest cycle through START within its knot: its nodes in their order, at
 * most RCP_KNOT_CYCLE, START first.  Returns how many; 0: none that short was
 * found among the first few hundred nodes around. */
unsigned rcp_knots_cycle(struct rcp_graph *g, uint32_t start,
			 uint32_t out[RCP_KNOT_CYCLE]);

#endif

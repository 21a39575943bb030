/* SPDX-License-Identifier: MIT
 *
 * garbage.h - the cycles that a collection is about to free, as garbage.c and
 * chain.c share them, and what the other files of src/pyhooks call.
 */
#ifndef RCP_PYHOOKS_GARBAGE_H
#define RCP_PYHOOKS_GARBAGE_H

#include "pyhooks/knots.h"
#include "pyhooks/objects.h"
#include "record/garbage.h"

/* At the bootstrap. */
void rcp_garbage_setup(void);

/* A type is met for the first time. */
void rcp_garbage_note(const void *type);

/* A collection of the calling thread begins at NOW (ns since start), is over. */
void rcp_garbage_start(uint64_t now);
void rcp_garbage_stop(void);

/* The thread whose collection is under way; NULL: there is none. */
extern const struct rcp_tls *rcp_garbage_thread RCP_HIDDEN;

/* OP, be it an object or not, is about to die in that thread. */
void rcp_garbage_dying(const void *op);

/* False: cycles can not be seen. */
bool rcp_garbage_cover(struct rcp_str *out);

/* --- between garbage.c and chain.c ---------------------------------------------- */

struct rcp_garbage_graph {
	struct rcp_graph g;
	/* Of each node. */
	const void **ops;
	struct rcp_garbage_object *objects;
	uint32_t edge_count;
	/* Of each knot: what its objects go with. */
	struct rcp_garbage_now *knots;
	uint32_t knot_count;
	uint32_t *slots; /* by address: node + 1; 0: free */
	uint32_t passed_over; /* nodes that are not marked as garbage */
	uint64_t missed; /* objects and edges past the limits */
};
struct rcp_garbage_graph *rcp_garbage_graph(void);

/* The node of an object; RCP_KNOT_NONE: it has none so far. */
uint32_t rcp_garbage_node(const void *op);

/* chain.c: a knot was found: says of which kind it is.  An rcp_knot_fn. */
uint32_t rcp_garbage_knot(struct rcp_graph *g, const uint32_t *members,
			  uint32_t count);

#endif

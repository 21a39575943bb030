/* SPDX-License-Identifier: MIT
 *
 * tree.h - the call tree: nodes that only grow, found by (parent, frame).
 */
#ifndef RCP_CAPTURE_TREE_H
#define RCP_CAPTURE_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "rcprof/format.h"

/* Fixed ids.  account.h knows the first under its own name. */
#define RCP_NODE_NONE 0u
#define RCP_TREE_TRUNCATED 1u
#define RCP_TREE_DEEPER 2u
#define RCP_TREE_UNKNOWN 3u

struct rcp_node {
	uint32_t parent : 25;
	uint32_t kind : 6; /* enum rcp_frame */
	uint32_t ref;    /* as in the format; ADDRESS: the high half */
	uint32_t offset; /* ADDRESS: the low half */
	uint32_t first;  /* its first child; 0: it has none */
};

bool rcp_tree_setup(uint64_t memory_limit);

/* The child of PARENT for a frame.  RCP_TREE_TRUNCATED past the limit; that
 * node has children of its own, the leaves of such stacks, until they are past
 * theirs. */
uint32_t rcp_tree_intern(uint32_t parent, enum rcp_frame kind, uint32_t ref,
			 uint32_t offset);

struct rcp_node *rcp_tree_node(uint32_t id);

/* Nodes somewhat after ID, if there are any, are to be read soon. */
void rcp_tree_expect(uint32_t id);

/* Is the node in the file of GENERATION?  The emit lock's. */
bool rcp_tree_is_stamped(uint32_t id, uint32_t generation);

/* It is from now on; it was asked for. */
void rcp_tree_stamp(uint32_t id);

uint64_t rcp_tree_truncated(void);

void rcp_tree_fork_prepare(void);
void rcp_tree_fork_done(bool child);

#endif

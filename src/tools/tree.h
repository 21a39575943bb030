/* SPDX-License-Identifier: MIT
 *
 * tree.h - the call tree of `rcprof tree`, for the two ways to print it.
 */
#ifndef RCP_TOOLS_TREE_H
#define RCP_TOOLS_TREE_H

#include "model/map.h"
#include "tools/json.h"
#include "tools/table.h"
#include "tools/view.h"

struct rcp_tree_node {
	uint32_t frame; /* one that stands for all of its key */
	uint32_t parent;
	int64_t value, self;
	double variance, self_variance;
	uint32_t *children;
	size_t child_count, child_room;
};

struct rcp_tree {
	struct rcp_look *look;
	struct rcp_tree_node *nodes; /* 0 is above all roots */
	size_t count, room;
	struct rcp_map index; /* (parent, key) */
	struct rcp_map keys;  /* what makes frames the same */
	uint32_t *path;
	size_t path_room;
	double least; /* below this a node is not worth a line */
	struct rcp_table table;
	struct rcp_json json;
};

void rcp_tree_text(struct rcp_tree *tree, const struct rcp_view *view);
void rcp_tree_json(struct rcp_tree *tree, const struct rcp_view *view);

#endif

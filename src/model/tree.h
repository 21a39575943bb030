/* SPDX-License-Identifier: MIT
 *
 * tree.h - the tables that all processes of a set share: strings, frames,
 * call-tree nodes, sites, each kept once.  Offline only.
 */
#ifndef RCP_MODEL_TREE_H
#define RCP_MODEL_TREE_H

#include "model/map.h"
#include "model/set.h"
#include "model/strings.h"

struct rcp_tables {
	struct rcp_strings strings;
	struct rcp_map frames; /* all members but the origin */
	struct rcp_map nodes;  /* parent|frame */
	struct rcp_map sites;  /* node|kind */
	struct rcp_peak peak;  /* of the set */
	size_t frame_room, node_room, site_room;
	size_t kept_cells;     /* in states that load.c keeps */
	const char **frame_names; /* keys.c's: of each frame, NULL: not yet */
	struct rcp_symbols *symbols; /* NULL: native frames stay addresses */
};

void rcp_tree_init(struct rcp_set *set);
void rcp_tree_free(struct rcp_set *set);

/* Each returns the index of the one that equals what is given, made if it is
 * new.  The frame's strings must come from the set's pool.  own: set
 * when the site is made. */
uint32_t rcp_tree_frame(struct rcp_set *set,
			const struct rcp_frame_info *frame);
uint32_t rcp_tree_child(struct rcp_set *set, uint32_t parent, uint32_t frame);
uint32_t rcp_tree_site(struct rcp_set *set, uint32_t node,
		       enum rcp_kind kind);

#endif

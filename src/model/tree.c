/* SPDX-License-Identifier: MIT
 *
 * tree.c - interns frames, nodes and sites, so that what is the same place in
 * two files, or two instructions of one line, becomes one.  Offline only.
 */
#include "model/tree.h"

#include <stdlib.h>

#include "model/memory.h"
#include "model/own.h"
#include "model/symbolize.h"

void
rcp_tree_init(struct rcp_set *set)
{
	struct rcp_tables *t = rcp_alloc(sizeof(*t));

	t->frames.words = 5;
	t->nodes.words = 1;
	t->sites.words = 1;
	set->tables = t;
	/* Node 0 is "no stack"; it is its own parent and has no frame. */
	set->nodes = rcp_room(NULL, 0, &t->node_room, sizeof(*set->nodes));
	set->nodes[0].parent = 0;
	set->nodes[0].frame = RCP_NONE;
	set->node_count = 1;
}

void
rcp_tree_free(struct rcp_set *set)
{
	struct rcp_tables *t = set->tables;

	rcp_symbols_free(t->symbols);
	free(set->tables->frame_names);
	rcp_strings_free(&t->strings);
	rcp_map_free(&t->frames);
	rcp_map_free(&t->nodes);
	rcp_map_free(&t->sites);
	free(set->frames);
	free(set->nodes);
	free(set->sites);
	free(t);
}

uint32_t
rcp_tree_frame(struct rcp_set *set, const struct rcp_frame_info *frame)
{
	struct rcp_tables *t = set->tables;
	/* Strings of the pool are equal if their addresses are. */
	uint64_t key[5] = {
		(uintptr_t)frame->function, (uintptr_t)frame->file,
		(uintptr_t)frame->module,
		(uint64_t)frame->line << 8 | frame->kind, frame->address,
	};
	uint32_t index = rcp_map_get(&t->frames, key);

	if (index != RCP_NONE)
		return index;
	set->frames = rcp_room(set->frames, set->frame_count, &t->frame_room,
			       sizeof(*set->frames));
	index = (uint32_t)set->frame_count++;
	set->frames[index] = *frame;
	rcp_map_put(&t->frames, key, index);
	return index;
}

uint32_t
rcp_tree_child(struct rcp_set *set, uint32_t parent, uint32_t frame)
{
	struct rcp_tables *t = set->tables;
	uint64_t key = (uint64_t)parent << 32 | frame;
	uint32_t index = rcp_map_get1(&t->nodes, key);

	if (index != RCP_NONE)
		return index;
	set->nodes = rcp_room(set->nodes, set->node_count, &t->node_room,
			      sizeof(*set->nodes));
	index = (uint32_t)set->node_count++;
	set->nodes[index].parent = parent;
	set->nodes[index].frame = frame;
	rcp_map_put1(&t->nodes, key, index);
	return index;
}

uint32_t
rcp_tree_site(struct rcp_set *set, uint32_t node, enum rcp_kind kind)
{
	struct rcp_tables *t = set->tables;
	uint64_t key = (uint64_t)node << 32 | kind;
	uint32_t index = rcp_map_get1(&t->sites, key);

	if (index != RCP_NONE)
		return index;
	set->sites = rcp_room(set->sites, set->site_count, &t->site_room,
			      sizeof(*set->sites));
	index = (uint32_t)set->site_count++;
	set->sites[index].node = node;
	set->sites[index].kind = kind;
	set->sites[index].own = rcp_own_frame(set, node);
	rcp_map_put1(&t->sites, key, index);
	return index;
}

size_t
rcp_stack(const struct rcp_set *set, uint32_t node, uint32_t *frames,
	  size_t room)
{
	size_t depth = 0;

	for (; node; node = set->nodes[node].parent, depth++)
		if (depth < room)
			frames[depth] = set->nodes[node].frame;
	return depth;
}

const char *
rcp_kind_name(enum rcp_kind kind)
{
	static const char *const names[RCP_KINDS] = { "python", "malloc",
						      "mmap" };

	return kind < RCP_KINDS ? names[kind] : "unknown";
}

/* SPDX-License-Identifier: MIT
 *
 * tree.c - `rcprof tree`: the call tree as text, the heaviest branch first.
 * A chain without branches is not indented, so that deep stacks stay
 * readable.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "tools/report_json.h"
#include "tools/tree.h"

/* Frames with the same key are one node: lines, functions or files. */
static uint32_t
key_of(struct rcp_tree *tree, uint32_t frame)
{
	const struct rcp_frame_info *f = &tree->look->set->frames[frame];
	const char *file = f->file ? f->file : f->module;
	uint64_t words[2] = { 0, (uintptr_t)file };
	uint32_t key;

	switch (tree->look->args.by) {
	case RCP_BY_FUNCTION:
		words[0] = (uintptr_t)f->function;
		break;
	case RCP_BY_FILE:
		if (!file)
			words[0] = (uintptr_t)f->function;
		break;
	default:
		return frame;
	}
	key = rcp_map_get(&tree->keys, words);
	if (key == RCP_NONE) {
		key = frame;
		rcp_map_put(&tree->keys, words, key);
	}
	return key;
}

static uint32_t
child_of(struct rcp_tree *tree, uint32_t parent, uint32_t frame)
{
	uint32_t key = key_of(tree, frame);
	uint64_t words[2] = { parent, key };
	uint32_t index = rcp_map_get(&tree->index, words);
	struct rcp_tree_node *node;

	if (index != RCP_NONE)
		return index;
	tree->nodes = rcp_room(tree->nodes, tree->count, &tree->room,
			       sizeof(*tree->nodes));
	index = (uint32_t)tree->count++;
	tree->nodes[index] =
		(struct rcp_tree_node){ .frame = key, .parent = parent };
	rcp_map_put(&tree->index, words, index);
	node = &tree->nodes[parent];
	node->children = rcp_room(node->children, node->child_count,
				  &node->child_room, sizeof(*node->children));
	node->children[node->child_count++] = index;
	return index;
}

/* Tracebacks leave the import machinery out, and so does the tree, unless it
 * is what allocates.  Of the inside of C++'s and Rust's libraries, and of
 * libraries without names, it shows what was called from outside. */
static bool
is_machinery(const struct rcp_tree *tree, uint32_t node, bool leaf)
{
	const struct rcp_set *set = tree->look->set;
	const struct rcp_frame_info *frame =
		&set->frames[set->nodes[node].frame];
	const struct rcp_frame_info *above;
	uint32_t caller = set->nodes[node].parent;

	if (tree->look->args.all)
		return false;
	if (!leaf && frame->file &&
	    strncmp(frame->file, "<frozen importlib", 17) == 0)
		return true;
	if (set->native == RCP_NATIVE_ALL || !caller)
		return false;
	above = &set->frames[set->nodes[caller].frame];
	if (frame->origin != above->origin)
		return false;
	return frame->origin == RCP_ORIGIN_HEADER ||
	       (frame->origin == RCP_ORIGIN_NATIVE && frame->module &&
		frame->module == above->module && frame->address &&
		above->address);
}

/* Adds one site's value along its stack, root first. */
static void
add_site(struct rcp_tree *tree, uint32_t leaf, const struct rcp_values *values)
{
	const struct rcp_set *set = tree->look->set;
	enum rcp_metric metric = tree->look->query.metric;
	int64_t value = rcp_values_metric(values, metric);
	double variance = pow(rcp_values_error(values, metric), 2);
	uint32_t node = 0;
	size_t depth = 0;

	for (uint32_t n = leaf; n; n = set->nodes[n].parent) {
		uint32_t frame = set->nodes[n].frame;

		if (is_machinery(tree, n, n == leaf))
			continue;
		tree->path = rcp_room(tree->path, depth, &tree->path_room,
				      sizeof(*tree->path));
		tree->path[depth++] = frame;
	}
	tree->nodes[0].value += value;
	tree->nodes[0].variance += variance;
	while (depth > 0) {
		uint32_t frame = tree->path[--depth];

		/* By file, calls within it are one node. */
		if (tree->look->args.by == RCP_BY_FILE && node != 0 &&
		    tree->nodes[node].frame == key_of(tree, frame))
			continue;
		node = child_of(tree, node, frame);
		tree->nodes[node].value += value;
		tree->nodes[node].variance += variance;
	}
	tree->nodes[node].self += value;
	tree->nodes[node].self_variance += variance;
}

/* For qsort, which takes no context. */
static const struct rcp_tree_node *sorted;

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (sorted[x].value != sorted[y].value)
		return sorted[x].value > sorted[y].value ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void
build(struct rcp_tree *tree, const struct rcp_view *view)
{
	const struct rcp_look *look = tree->look;

	tree->index.words = 2;
	tree->keys.words = 2;
	tree->nodes = rcp_room(NULL, 0, &tree->room, sizeof(*tree->nodes));
	tree->nodes[0] = (struct rcp_tree_node){ .frame = RCP_NONE };
	tree->count = 1;
	for (size_t i = 0; i < view->row_count; i++) {
		const struct rcp_row *row = &view->rows[i];

		add_site(tree, look->set->sites[row->site].node,
			 &row->values);
	}
	sorted = tree->nodes;
	for (size_t i = 0; i < tree->count; i++) {
		struct rcp_tree_node *node = &tree->nodes[i];

		if (node->child_count > 0)
			qsort(node->children, node->child_count,
			      sizeof(*node->children), by_value);
	}
	tree->least = look->args.all
			      ? 0
			      : 0.01 * (double)tree->nodes[0].value;
}

static void
release(struct rcp_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->nodes[i].children);
	free(tree->nodes);
	free(tree->path);
	rcp_map_free(&tree->index);
	rcp_map_free(&tree->keys);
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct rcp_look look;
	struct rcp_tree tree = { .look = &look };
	struct rcp_error error;
	struct rcp_view *view;
	int status = rcp_look_open(&look, command, NULL, argc, argv);

	if (status >= 0) {
		rcp_look_close(&look);
		return status;
	}
	if (!look.args.by_set)
		look.args.by = RCP_BY_LINE;
	if (look.args.by != RCP_BY_LINE && look.args.by != RCP_BY_FUNCTION &&
	    look.args.by != RCP_BY_FILE) {
		rcp_complain(command->name,
			     "--by: \"%s\" is not valid; allowed: line, "
			     "function or file",
			     rcp_by_name(look.args.by));
		rcp_look_close(&look);
		return RCP_BAD_USAGE;
	}
	view = rcp_view_new(look.set, &look.query, &error);
	if (!view)
		return rcp_look_fail(&look, &error);
	build(&tree, view);
	if (look.args.json)
		rcp_tree_json(&tree, view);
	else
		rcp_tree_text(&tree, view);
	release(&tree);
	rcp_view_free(view);
	return rcp_look_finish(&look);
}

const struct rcp_command rcp_command_tree = {
	.name = "tree",
	.summary = "the call tree as text",
	.usage = "[OPTION...] [FILE...]",
	.about = "Shows who called whom, the heaviest first: share of the "
		 "whole, bytes below this place, bytes allocated here, the "
		 "place. Branches below a hundredth are left out.\n"
		 "--by is line (the default), function or file; --top N "
		 "shows N branches at each place.",
	.takes = RCP_TAKES_METRIC | RCP_TAKES_BY | RCP_TAKES_AT |
		 RCP_TAKES_WINDOW | RCP_TAKES_FILTER | RCP_TAKES_TOP |
		 RCP_TAKES_ALL | RCP_TAKES_JSON | RCP_TAKES_COLOR |
		 RCP_TAKES_STACKS | RCP_TAKES_SOURCE,
	.run = run,
};

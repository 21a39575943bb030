/* SPDX-License-Identifier: MIT
 *
 * tree.c - `rcprof tree`: the call tree as text, the heaviest branch first.
 * A chain without branches is not indented, so that deep stacks stay
 * readable.
 */
#include <stdlib.h>
#include <string.h>

#include "model/map.h"
#include "model/memory.h"
#include "tools/report.h"
#include "tools/report_json.h"
#include "tools/sites.h"

struct node {
	uint32_t frame; /* one that stands for all of its key */
	uint32_t parent;
	int64_t value, self;
	uint32_t *children;
	size_t child_count, child_room;
};

struct tree {
	const struct rcp_look *look;
	struct node *nodes; /* 0 is above all roots */
	size_t count, room;
	struct rcp_map index; /* (parent, key) */
	struct rcp_map keys;  /* what makes frames the same */
	uint32_t *path;
	size_t path_room;
	double least; /* below this a node is not worth a line */
	struct rcp_table table;
	struct rcp_json json;
};

/* Frames with the same key are one node: lines, functions or files. */
static uint32_t
key_of(struct tree *tree, uint32_t frame)
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
child_of(struct tree *tree, uint32_t parent, uint32_t frame)
{
	uint32_t key = key_of(tree, frame);
	uint64_t words[2] = { parent, key };
	uint32_t index = rcp_map_get(&tree->index, words);
	struct node *node;

	if (index != RCP_NONE)
		return index;
	tree->nodes = rcp_room(tree->nodes, tree->count, &tree->room,
			       sizeof(*tree->nodes));
	index = (uint32_t)tree->count++;
	tree->nodes[index] = (struct node){ .frame = key, .parent = parent };
	rcp_map_put(&tree->index, words, index);
	node = &tree->nodes[parent];
	node->children = rcp_room(node->children, node->child_count,
				  &node->child_room, sizeof(*node->children));
	node->children[node->child_count++] = index;
	return index;
}

/* Adds one site's value along its stack, root first. */
static void
add_site(struct tree *tree, uint32_t leaf, int64_t value)
{
	const struct rcp_set *set = tree->look->set;
	uint32_t node = 0;
	size_t depth = 0;

	for (uint32_t n = leaf; n; n = set->nodes[n].parent) {
		uint32_t frame = set->nodes[n].frame;

		if (rcp_frame_hidden(tree->look, leaf, frame))
			continue;
		tree->path = rcp_room(tree->path, depth, &tree->path_room,
				      sizeof(*tree->path));
		tree->path[depth++] = frame;
	}
	tree->nodes[0].value += value;
	while (depth > 0) {
		uint32_t frame = tree->path[--depth];

		/* By file, calls within it are one node. */
		if (tree->look->args.by == RCP_BY_FILE && node != 0 &&
		    tree->nodes[node].frame == key_of(tree, frame))
			continue;
		node = child_of(tree, node, frame);
		tree->nodes[node].value += value;
	}
	tree->nodes[node].self += value;
}

/* For qsort, which takes no context. */
static const struct node *sorted;

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (sorted[x].value != sorted[y].value)
		return sorted[x].value > sorted[y].value ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void
build(struct tree *tree, const struct rcp_view *view)
{
	const struct rcp_look *look = tree->look;

	tree->index.words = 2;
	tree->keys.words = 2;
	tree->nodes = rcp_room(NULL, 0, &tree->room, sizeof(*tree->nodes));
	tree->nodes[0] = (struct node){ .frame = RCP_NONE };
	tree->count = 1;
	for (size_t i = 0; i < view->row_count; i++) {
		const struct rcp_row *row = &view->rows[i];

		add_site(tree, look->set->sites[row->site].node,
			 rcp_values_metric(&row->values,
					   look->query.metric));
	}
	sorted = tree->nodes;
	for (size_t i = 0; i < tree->count; i++) {
		struct node *node = &tree->nodes[i];

		if (node->child_count > 0)
			qsort(node->children, node->child_count,
			      sizeof(*node->children), by_value);
	}
	tree->least = look->args.all
			      ? 0
			      : 0.01 * (double)tree->nodes[0].value;
}

static void
release(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->nodes[i].children);
	free(tree->nodes);
	free(tree->path);
	rcp_map_free(&tree->index);
	rcp_map_free(&tree->keys);
}

/* --- text ---------------------------------------------------------------------- */

static void
add_name(const struct tree *tree, struct rcp_text *t, uint32_t frame)
{
	struct rcp_group group = { .name = "", .frame = frame };
	const struct rcp_frame_info *f = &tree->look->set->frames[frame];

	if (tree->look->args.by == RCP_BY_FILE && (f->file || f->module))
		rcp_place_file(tree->look->sources, t,
			       f->file ? f->file : f->module);
	else
		rcp_group_place(tree->look, t, &group, tree->look->args.by);
}

static void
add_row(struct tree *tree, const struct node *node, const char *prefix,
	const char *branch)
{
	enum rcp_metric metric = tree->look->query.metric;
	struct rcp_group group = { .name = "", .frame = node->frame };
	struct rcp_text t = { 0 };

	rcp_table_row(&tree->table, false);
	rcp_text_percent(&t, (double)node->value,
			 (double)tree->nodes[0].value);
	rcp_table_take(&tree->table, &t);
	rcp_metric_text(&t, metric, node->value);
	rcp_table_take(&tree->table, &t);
	if (node->self != 0 && (double)node->self >= tree->least)
		rcp_metric_text(&t, metric, node->self);
	rcp_table_take(&tree->table, &t);
	rcp_text_add(&t, prefix);
	rcp_text_add(&t, branch);
	add_name(tree, &t, node->frame);
	rcp_table_take(&tree->table, &t);
	if (rcp_group_source(tree->look, &t, &group, tree->look->args.by))
		rcp_table_take(&tree->table, &t);
	rcp_text_free(&t);
}

/* "12 more" */
static void
add_rest(struct tree *tree, const struct node *node, size_t shown,
	 const char *prefix)
{
	int64_t rest = 0;
	struct rcp_text t = { 0 };

	for (size_t i = shown; i < node->child_count; i++)
		rest += tree->nodes[node->children[i]].value;
	rcp_table_row(&tree->table, true);
	rcp_text_percent(&t, (double)rest, (double)tree->nodes[0].value);
	rcp_table_take(&tree->table, &t);
	rcp_metric_text(&t, tree->look->query.metric, rest);
	rcp_table_take(&tree->table, &t);
	rcp_table_cell(&tree->table, "");
	rcp_text_format(&t, "%s%zu more", prefix, node->child_count - shown);
	rcp_table_take(&tree->table, &t);
	rcp_text_free(&t);
}

static size_t
worth_showing(const struct tree *tree, const struct node *node)
{
	uint64_t top = tree->look->args.top;
	size_t n = 0;

	while (n < node->child_count && (top == 0 || n < top)) {
		int64_t value = tree->nodes[node->children[n]].value;

		if (!tree->look->args.all &&
		    (value <= 0 || (double)value < tree->least))
			break;
		n++;
	}
	return n;
}

/* The rest is worth a line if what it hides is. */
static bool
rest_matters(const struct tree *tree, const struct node *node, size_t shown)
{
	int64_t rest = 0;

	for (size_t i = shown; i < node->child_count; i++)
		rest += tree->nodes[node->children[i]].value;
	return shown > 0 && shown < node->child_count && rest > 0 &&
	       (double)rest >= tree->least;
}

#define BRANCH "\xe2\x94\x9c\xe2\x94\x80 "
#define LAST_BRANCH "\xe2\x94\x94\xe2\x94\x80 "
#define LINE "\xe2\x94\x82  "

static void
add_children(struct tree *tree, uint32_t index, const char *prefix)
{
	for (;;) {
		const struct node *node = &tree->nodes[index];
		size_t shown = worth_showing(tree, node);
		bool rest = rest_matters(tree, node, shown);

		/* A chain goes on at the same depth. */
		if (shown == 1 && !rest) {
			index = node->children[0];
			add_row(tree, &tree->nodes[index], prefix, "");
			continue;
		}
		for (size_t i = 0; i < shown; i++) {
			bool last = i + 1 == shown && !rest;
			bool root = index == 0;
			struct rcp_text deeper = { 0 };

			rcp_text_add(&deeper, prefix);
			rcp_text_add(&deeper, root ? "" : last ? "   " : LINE);
			add_row(tree, &tree->nodes[node->children[i]], prefix,
				root ? "" : last ? LAST_BRANCH : BRANCH);
			add_children(tree, node->children[i],
				     rcp_text_string(&deeper));
			rcp_text_free(&deeper);
		}
		if (rest) {
			struct rcp_text last = { 0 };

			rcp_text_add(&last, prefix);
			rcp_text_add(&last, index == 0 ? "" : LAST_BRANCH);
			add_rest(tree, node, shown, rcp_text_string(&last));
			rcp_text_free(&last);
		}
		return;
	}
}

static void
print_text(struct tree *tree, const struct rcp_view *view)
{
	static const struct rcp_column columns[] = {
		{ "", true, false, 0, 2, RCP_PLAIN },
		{ "", true, false, 0, 0, RCP_ACCENT },
		{ "here", true, false, 0, 3, RCP_PLAIN },
		{ "", false, false, 24, 0, RCP_BOLD },
		{ "", false, false, 16, 1, RCP_PLAIN },
	};
	const struct rcp_look *look = tree->look;
	struct rcp_text t = { 0 };

	rcp_text_add(&t, rcp_metric_name(look->query.metric));
	rcp_text_char(&t, ' ');
	rcp_metric_text(&t, look->query.metric, tree->nodes[0].value);
	rcp_text_add(&t, " at ");
	rcp_look_time(look, &t, look->query.metric == RCP_METRIC_PEAK
					? view->peak.time
					: view->time);
	rcp_out_line(&look->out, RCP_BOLD, t.s);
	rcp_text_free(&t);
	rcp_table_init(&tree->table, columns,
		       sizeof(columns) / sizeof(*columns));
	tree->table.titles = true;
	add_children(tree, 0, "");
	if (tree->table.row_count > 0)
		rcp_table_print(&tree->table, &look->out);
	rcp_table_free(&tree->table);
}

/* --- JSON ----------------------------------------------------------------------- */

/* A flat list: a nested one would be as deep as the stack, and many parsers
 * are not. */
static void
put_children(struct tree *tree, uint32_t parent)
{
	const struct node *node = &tree->nodes[parent];
	size_t shown = tree->look->args.top ? worth_showing(tree, node)
					    : node->child_count;

	for (size_t i = 0; i < shown; i++) {
		const struct node *child = &tree->nodes[node->children[i]];
		struct rcp_json *j = &tree->json;

		rcp_json_open_flat(j, NULL, '{');
		rcp_json_int(j, "id", node->children[i]);
		rcp_json_int(j, "parent", parent);
		rcp_json_int(j, "value", child->value);
		rcp_json_int(j, "self", child->self);
		rcp_json_frame(j, "frame",
			       &tree->look->set->frames[child->frame]);
		rcp_json_close(j, '}');
		put_children(tree, node->children[i]);
	}
}

static void
print_json(struct tree *tree, const struct rcp_view *view)
{
	const struct rcp_look *look = tree->look;
	struct rcp_json *j = &tree->json;

	j->file = look->out.file;
	rcp_json_open(j, NULL, '{');
	rcp_json_string(j, "rcprof", PACKAGE_VERSION);
	rcp_json_int(j, "schema", 1);
	rcp_json_string(j, "file", rcp_root_process(look->set)->path);
	rcp_json_string(j, "metric", rcp_metric_name(look->query.metric));
	rcp_json_string(j, "by", rcp_by_name(look->args.by));
	rcp_json_seconds(j, "time_s", view->time);
	rcp_json_seconds(j, "peak_time_s", view->peak.time);
	rcp_json_int(j, "value", tree->nodes[0].value);
	rcp_json_int(j, "self", tree->nodes[0].self);
	rcp_json_open(j, "nodes", '[');
	put_children(tree, 0);
	rcp_json_close(j, ']');
	rcp_json_close(j, '}');
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct rcp_look look;
	struct tree tree = { .look = &look };
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
		print_json(&tree, view);
	else
		print_text(&tree, view);
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

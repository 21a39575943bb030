/* SPDX-License-Identifier: MIT
 *
 * tree_print.c - the call tree as text and as JSON.
 */
#include "tools/tree.h"

#include <math.h>

#include "tools/estimate.h"
#include "tools/report.h"
#include "tools/report_json.h"
#include "tools/sites.h"

/* --- text ----------------------------------------------------------------- */

static void
add_name(const struct rcp_tree *tree, struct rcp_text *t, uint32_t frame)
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
add_row(struct rcp_tree *tree, const struct rcp_tree_node *node,
	const char *prefix, const char *branch)
{
	enum rcp_metric metric = tree->look->query.metric;
	struct rcp_group group = { .name = "", .frame = node->frame };
	double error = sqrt(node->variance);
	struct rcp_text t = { 0 };

	rcp_table_row(&tree->table,
		      rcp_estimate_is_guess(node->value, error));
	rcp_estimate_percent(&t, (double)node->value,
			     (double)tree->nodes[0].value,
			     tree->nodes[0].variance);
	rcp_table_take(&tree->table, &t);
	rcp_estimate(&t, metric, node->value, error);
	rcp_table_take(&tree->table, &t);
	rcp_estimate_error(&t, metric, node->value, error);
	rcp_table_take(&tree->table, &t);
	if (node->self != 0 && (double)node->self >= tree->least)
		rcp_estimate(&t, metric, node->self,
			     sqrt(node->self_variance));
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
add_rest(struct rcp_tree *tree, const struct rcp_tree_node *node, size_t shown,
	 const char *prefix)
{
	enum rcp_metric metric = tree->look->query.metric;
	int64_t rest = 0;
	double variance = 0;
	struct rcp_text t = { 0 };

	for (size_t i = shown; i < node->child_count; i++) {
		rest += tree->nodes[node->children[i]].value;
		variance += tree->nodes[node->children[i]].variance;
	}
	rcp_table_row(&tree->table, true);
	rcp_estimate_percent(&t, (double)rest, (double)tree->nodes[0].value,
			     tree->nodes[0].variance);
	rcp_table_take(&tree->table, &t);
	rcp_estimate(&t, metric, rest, sqrt(variance));
	rcp_table_take(&tree->table, &t);
	rcp_estimate_error(&t, metric, rest, sqrt(variance));
	rcp_table_take(&tree->table, &t);
	rcp_table_cell(&tree->table, "");
	rcp_text_format(&t, "%s%zu more", prefix, node->child_count - shown);
	rcp_table_take(&tree->table, &t);
	rcp_text_free(&t);
}

static size_t
worth_showing(const struct rcp_tree *tree, const struct rcp_tree_node *node)
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
rest_matters(const struct rcp_tree *tree, const struct rcp_tree_node *node,
	     size_t shown)
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
add_children(struct rcp_tree *tree, uint32_t index, const char *prefix)
{
	for (;;) {
		const struct rcp_tree_node *node = &tree->nodes[index];
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

void
rcp_tree_text(struct rcp_tree *tree, const struct rcp_view *view)
{
	static const struct rcp_column columns[] = {
		{ "", true, false, 0, 2, RCP_PLAIN },
		{ "", true, false, 0, 0, RCP_ACCENT },
		{ "", false, false, 0, 1, RCP_PLAIN },
		{ "here", true, false, 0, 3, RCP_PLAIN },
		{ "", false, false, 24, 0, RCP_BOLD },
		{ "", false, false, 16, 2, RCP_PLAIN },
	};
	const struct rcp_look *look = tree->look;
	struct rcp_text t = { 0 };

	rcp_text_add(&t, rcp_metric_name(look->query.metric));
	rcp_text_char(&t, ' ');
	rcp_estimate_both(&t, look->query.metric, tree->nodes[0].value,
			  sqrt(tree->nodes[0].variance));
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

/* --- JSON ----------------------------------------------------------------- */

static void
put_error(struct rcp_tree *tree, const struct rcp_tree_node *node)
{
	if (tree->look->sampling.sampled)
		rcp_json_double(&tree->json, "std_error",
				sqrt(node->variance));
}

/* A flat list: a nested one would be as deep as the stack, and many parsers
 * are not. */
static void
put_children(struct rcp_tree *tree, uint32_t parent)
{
	const struct rcp_tree_node *node = &tree->nodes[parent];
	size_t shown = tree->look->args.top ? worth_showing(tree, node)
					    : node->child_count;

	for (size_t i = 0; i < shown; i++) {
		const struct rcp_tree_node *child =
			&tree->nodes[node->children[i]];
		struct rcp_json *j = &tree->json;

		rcp_json_open_flat(j, NULL, '{');
		rcp_json_int(j, "id", node->children[i]);
		rcp_json_int(j, "parent", parent);
		rcp_json_int(j, "value", child->value);
		rcp_json_int(j, "self", child->self);
		put_error(tree, child);
		rcp_json_frame(j, "frame", tree->look, child->frame);
		rcp_json_close(j, '}');
		put_children(tree, node->children[i]);
	}
}

void
rcp_tree_json(struct rcp_tree *tree, const struct rcp_view *view)
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
	put_error(tree, &tree->nodes[0]);
	rcp_json_open(j, "nodes", '[');
	put_children(tree, 0);
	rcp_json_close(j, ']');
	rcp_json_close(j, '}');
}

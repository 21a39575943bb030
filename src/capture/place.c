/* SPDX-License-Identifier: MIT
 *
 * place.c - one line of text for a stack: where in the user's own code.  Cold:
 * used for the line at exit.
 */
#include "base/own.h"
#include "capture/capture.h"
#include "capture/names.h"
#include "capture/tree.h"
#include "format/linetable.h"

static bool
is_own(const struct rcp_code *code)
{
	return rcp_path_origin(code->filename->text, code->filename->size) ==
	       RCP_PATH_OWN;
}

bool
rcp_capture_place(uint32_t node, struct rcp_capture_place *out)
{
	const struct rcp_code *best = NULL, *code;
	uint32_t offset = 0;

	for (; node != RCP_NODE_NONE; node = rcp_tree_node(node)->parent) {
		const struct rcp_node *n = rcp_tree_node(node);

		if (n->kind != RCP_FRAME_PYTHON)
			continue;
		code = rcp_code_by_id(n->ref);
		/* The innermost own frame; without one, the innermost. */
		if (best && !is_own(code))
			continue;
		if (best && is_own(best))
			break;
		best = code;
		offset = n->offset;
	}
	if (!best)
		return false;
	out->file = best->filename->text;
	out->file_size = best->filename->size;
	out->function = best->name->text;
	out->function_size = best->name->size;
	out->line = best->first_line;
	if (offset > 0)
		out->line = rcp_line_at(best->table_kind, best->table,
					best->table_size, best->first_line,
					offset - 1);
	return true;
}

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
		if (best && !rcp_path_is_own(code->filename->text,
					     code->filename->size))
			continue;
		if (best && rcp_path_is_own(best->filename->text,
					    best->filename->size))
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

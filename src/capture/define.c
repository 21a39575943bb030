/* SPDX-License-Identifier: MIT
 *
 * define.c - writes the definitions that a node needs, each once a file.
 *
 * Under the emit lock; also in the helper: no TLS, little stack.  Entries are
 * never changed after they were published, only their stamp is, and that is
 * the emit lock's.
 */
#include <stddef.h>

#include "capture/capture.h"
#include "capture/modules.h"
#include "capture/names.h"
#include "capture/tree.h"
#include "emit/emit.h"
#include "emit/sink.h"
#include "unwind/unwind.h"

#define DEEPEST (RCP_CAPTURE_MAX + RCP_UNWIND_WORDS + 1)

static uint32_t path[DEEPEST]; /* the emit lock's */

static uint32_t
define_string(struct rcp_sink *sink, const struct rcp_snap *snap,
	      const struct rcp_string *s)
{
	/* The stamp is ours alone; the rest of the entry is constant. */
	struct rcp_string *own = (struct rcp_string *)(uintptr_t)s;
	struct rcp_buf *b;

	if (!s)
		return 0;
	if (s->stamp != snap->file_generation) {
		own->stamp = snap->file_generation;
		b = rcp_sink_record(sink, RCP_CHUNK_STRING);
		rcp_buf_uv(b, s->id);
		rcp_buf_str(b, s->text, s->size);
	}
	return s->id;
}

static void
define_code(struct rcp_sink *sink, const struct rcp_snap *snap,
	    struct rcp_code *code)
{
	uint32_t filename, name;
	struct rcp_buf *b;

	if (code->stamp == snap->file_generation)
		return;
	code->stamp = snap->file_generation;
	filename = define_string(sink, snap, code->filename);
	name = define_string(sink, snap, code->name);
	b = rcp_sink_record(sink, RCP_CHUNK_CODE);
	rcp_buf_uv(b, code->id);
	rcp_buf_uv(b, filename);
	rcp_buf_uv(b, name);
	rcp_buf_uv(b, code->first_line);
	rcp_buf_u8(b, (uint8_t)code->table_kind);
	rcp_buf_str(b, (const char *)code->table, code->table_size);
}

static void
define_module(struct rcp_sink *sink, const struct rcp_snap *snap,
	      struct rcp_module *m)
{
	uint32_t name, build_id;
	struct rcp_buf *b;

	if (m->stamp == snap->file_generation)
		return;
	m->stamp = snap->file_generation;
	name = define_string(sink, snap, m->path);
	build_id = define_string(sink, snap, m->build_id);
	b = rcp_sink_record(sink, RCP_CHUNK_MODULE);
	rcp_buf_uv(b, m->id);
	rcp_buf_uv(b, name);
	rcp_buf_uv(b, build_id);
	rcp_buf_uv(b, m->base);
	rcp_buf_uv(b, m->low);
	rcp_buf_uv(b, m->high);
}

static void
define_node(struct rcp_sink *sink, const struct rcp_snap *snap, uint32_t id)
{
	struct rcp_node *n = rcp_tree_node(id);
	uint64_t ref = n->ref, offset = n->offset;

	rcp_tree_stamp(id);
	if (n->kind == RCP_FRAME_PYTHON)
		define_code(sink, snap, rcp_code_by_id(n->ref));
	else if (n->kind == RCP_FRAME_NATIVE)
		define_module(sink, snap, rcp_module_by_id(n->ref));
	else if (n->kind == RCP_FRAME_ADDRESS) {
		offset |= ref << 32;
		ref = 0;
	}
	rcp_sink_node(sink, &(const struct rcp_path_node){
				    .id = id,
				    .parent = n->parent,
				    .kind = n->kind,
				    .ref = ref,
				    .offset = offset });
}

void
rcp_capture_define(struct rcp_sink *sink, const struct rcp_snap *snap,
		   uint32_t node)
{
	unsigned n = 0;

	/* Sites come in the order of their numbers, and so do most nodes. */
	rcp_tree_expect(node);
	/* Up to the first ancestor that the file has, then down again. */
	while (node != RCP_NODE_NONE && n < DEEPEST &&
	       !rcp_tree_is_stamped(node, snap->file_generation)) {
		path[n++] = node;
		node = rcp_tree_node(node)->parent;
	}
	while (n > 0)
		define_node(sink, snap, path[--n]);
}

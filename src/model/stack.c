/* SPDX-License-Identifier: MIT
 *
 * stack.c - nodes of a file into nodes of the set: native frames get their
 * names, those that were inlined become frames of their own, those that only
 * serve a Python frame go.  A node of the set is made when something refers
 * to it, since only whole stacks tell whether they have Python frames; what
 * is left out is never looked up.  Offline only.
 */
#include "model/stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/linetable.h"
#include "model/load.h"
#include "model/memory.h"
#include "model/own.h"
#include "model/symbolize.h"

static void
bad(struct rcp_load *load)
{
	load->process->bad_records++;
}

/* --- modules -------------------------------------------------------------- */

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool
rcp_is_python_runtime(const char *path)
{
	const char *name = base_name(path);
	bool library = strncmp(name, "lib", 3) == 0;

	name += library ? 3 : 0;
	if (strncmp(name, "python", 6) != 0)
		return false;
	name += 6;
	name += strspn(name, "0123456789.");
	name += strspn(name, "dmtu"); /* builds: debug, free-threaded */
	return library ? strncmp(name, ".so", 3) == 0 ||
				 strncmp(name - 1, ".so", 3) == 0
		       : *name == '\0' || strcmp(name, "-dbg") == 0;
}

bool
rcp_is_preload(const char *path)
{
	return strcmp(base_name(path), "librcprof.so") == 0;
}

bool
rcp_is_system_library(const char *path)
{
	static const char *const starts[] = {
		"libc.so.",	  "libc-2.",	  "libc.musl-",
		"ld-linux",	  "ld-musl-",	  "ld-2.",
		"libpthread.so.", "libpthread-2.", "libdl.so.",
		"libm.so.",	  "librt.so.",	  "libgcc_s.so.",
		"libstdc++.so.",  "libc++.so.",	  "libc++abi.so.",
	};
	const char *name = base_name(path);

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (strncmp(name, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* --- frames --------------------------------------------------------------- */

static void
name_address(struct rcp_load *load, struct rcp_frame_info *frame,
	     uint64_t address)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
	frame->function =
		rcp_strings_keep(&load->set->tables->strings, text);
	frame->address = address;
}

static void
resolve_python(struct rcp_load *load, const struct rcp_record *record,
	       struct rcp_frame_info *frame)
{
	uint32_t index = rcp_map_get1(&load->code_ids, record->u.node.ref);
	const struct rcp_code *code;

	frame->origin = RCP_ORIGIN_OWN;
	if (index == RCP_NONE) {
		bad(load);
		return;
	}
	code = &load->codes[index];
	frame->function = code->name;
	frame->file = code->file;
	frame->origin = code->origin;
	frame->line = record->u.node.offset == 0 ?
			      code->first_line :
			      rcp_line_at(code->kind, code->table,
					  code->table_len, code->first_line,
					  record->u.node.offset - 1);
}

static void
resolve_marker(struct rcp_load *load, uint64_t marker,
	       struct rcp_frame_info *frame)
{
	static const char *const names[] = {
		[RCP_MARKER_TRUNCATED] = "[truncated]",
		[RCP_MARKER_DEEPER] = "[outer frames]",
		[RCP_MARKER_UNKNOWN] = "[unknown]",
	};
	const char *name = "[marker]";

	if (marker > 0 && marker < sizeof(names) / sizeof(names[0]))
		name = names[marker];
	frame->function =
		rcp_strings_keep(&load->set->tables->strings, name);
	frame->origin = RCP_ORIGIN_MARKER;
}

/* All but native code in a known module. */
static uint32_t
resolve(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_frame_info frame;

	memset(&frame, 0, sizeof(frame));
	frame.kind = record->u.node.kind;
	switch (frame.kind) {
	case RCP_FRAME_PYTHON:
		resolve_python(load, record, &frame);
		break;
	case RCP_FRAME_NATIVE:
		bad(load);
		/* fall through */
	case RCP_FRAME_ADDRESS:
		frame.origin = RCP_ORIGIN_NATIVE;
		name_address(load, &frame, record->u.node.offset);
		break;
	case RCP_FRAME_MARKER:
	default:
		frame.kind = RCP_FRAME_MARKER;
		resolve_marker(load, record->u.node.ref, &frame);
		break;
	}
	if (!frame.function)
		frame.function = rcp_strings_keep(
			&load->set->tables->strings, "[unknown]");
	return rcp_tree_frame(load->set, &frame);
}

/* --- native code ---------------------------------------------------------- */

/* Templates and inline functions that came from somebody else's header, and
 * those that libstdc++ holds ready. */
static bool
is_of_header(const struct rcp_symbol *symbol)
{
	static const char *const files[] = { "/usr/include/", "/usr/lib/",
					     "/rustc/",
					     "/.cargo/registry/" };
	static const char *const names[] = { "std::", "__gnu_cxx::", "core::",
					     "alloc::", "<core::",
					     "<alloc::", "<std::" };

	for (size_t i = 0; symbol->file && i < 4; i++) {
		const char *at = strstr(symbol->file, files[i]);

		if (at && (at == symbol->file || i == 3))
			return true;
	}
	for (size_t i = 0; symbol->function && i < 7; i++)
		if (strncmp(symbol->function, names[i], strlen(names[i])) ==
		    0)
			return true;
	return false;
}

static void
add_place_frame(struct rcp_load *load, struct rcp_load_place *place,
		const struct rcp_symbol *symbol)
{
	const struct rcp_module *module = &load->modules[place->module];
	struct rcp_strings *pool = &load->set->tables->strings;
	struct rcp_frame_info frame = {
		.kind = RCP_FRAME_NATIVE,
		.origin = RCP_ORIGIN_NATIVE,
		.module = module->path,
	};

	if ((module->program || module->system) && symbol &&
	    is_of_header(symbol))
		frame.origin = RCP_ORIGIN_HEADER;
	else if (module->program)
		frame.origin = RCP_ORIGIN_PROGRAM;
	if (symbol && symbol->function)
		frame.function = rcp_strings_keep(pool, symbol->function);
	else
		name_address(load, &frame, place->address);
	if (symbol && symbol->file) {
		frame.file = rcp_strings_keep(pool, symbol->file);
		frame.line = symbol->line;
	}
	load->place_frames = rcp_room(load->place_frames,
				      load->place_frame_count,
				      &load->place_frame_room,
				      sizeof(*load->place_frames));
	load->place_frames[load->place_frame_count++] =
		rcp_tree_frame(load->set, &frame);
	place->count++;
}

static const struct rcp_load_place *
look_up(struct rcp_load *load, uint32_t index)
{
	struct rcp_load_place *place = &load->places[index];
	const struct rcp_module *module = &load->modules[place->module];
	struct rcp_symbol symbols[RCP_SYMBOLS_MOST];
	uint64_t address = place->address;
	size_t count;

	if (place->count)
		return place;
	place->first = (uint32_t)load->place_frame_count;
	/* A return address may be the first byte of the next function. */
	count = rcp_symbols_find(load->set->tables->symbols, module->path,
				 module->build_id, module->build_id_len,
				 address ? address - 1 : 0, symbols,
				 RCP_SYMBOLS_MOST);
	if (count == 0)
		add_place_frame(load, place, NULL);
	while (count > 0)
		add_place_frame(load, place, &symbols[--count]);
	return place;
}

/* --- nodes of the file ---------------------------------------------------- */

static uint32_t
add_place(struct rcp_load *load, const struct rcp_record *record)
{
	uint32_t module =
		rcp_map_get1(&load->module_ids, record->u.node.ref);

	if (module == RCP_NONE)
		return RCP_NONE;
	load->places = rcp_room(load->places, load->place_count,
				&load->place_room, sizeof(*load->places));
	load->places[load->place_count] = (struct rcp_load_place){
		.module = module, .address = record->u.node.offset
	};
	return (uint32_t)load->place_count++;
}

/* The frame of a node, or its place if it is native code. */
static void
set_frame(struct rcp_load *load, const struct rcp_record *record,
	  struct rcp_load_node *node)
{
	uint64_t key[3] = { record->u.node.kind, record->u.node.ref,
			    record->u.node.offset };
	uint32_t index = rcp_map_get(&load->frames, key);
	bool native = record->u.node.kind == RCP_FRAME_NATIVE &&
		      rcp_map_get1(&load->module_ids, record->u.node.ref) !=
			      RCP_NONE;

	if (index == RCP_NONE) {
		index = native ? add_place(load, record) :
				 resolve(load, record);
		rcp_map_put(&load->frames, key, index);
	}
	node->frame = native ? RCP_NONE : index;
	node->place = native ? index : RCP_NONE;
}

void
rcp_load_define_node(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_load_node node = { .made = { RCP_NONE, RCP_NONE } };

	if (rcp_map_get1(&load->node_ids, record->u.node.id) != RCP_NONE)
		return;
	if (record->u.node.parent)
		node.parent = rcp_map_get1(&load->node_ids,
					   record->u.node.parent);
	if (node.parent == RCP_NONE) {
		bad(load);
		node.parent = 0;
	}
	set_frame(load, record, &node);
	if (load->node_count == 0) {
		load->nodes = rcp_room(NULL, 0, &load->node_room,
				       sizeof(*load->nodes));
		memset(load->nodes, 0, sizeof(*load->nodes));
		load->node_count = 1;
	}
	node.python = record->u.node.kind == RCP_FRAME_PYTHON ||
		      load->nodes[node.parent].python;
	load->nodes = rcp_room(load->nodes, load->node_count,
			       &load->node_room, sizeof(*load->nodes));
	load->nodes[load->node_count] = node;
	rcp_map_put1(&load->node_ids, record->u.node.id,
		     (uint32_t)load->node_count++);
}

/* --- nodes of the set ----------------------------------------------------- */

/* By its module alone, so that nothing need be looked up. */
static bool
is_left_out(const struct rcp_load *load, const struct rcp_load_node *node,
	    bool python)
{
	const struct rcp_set *set = load->set;

	if (set->native != RCP_NATIVE_ALL && node->frame == RCP_NONE &&
	    load->modules[load->places[node->place].module].preload)
		return true;
	if (!python || set->native == RCP_NATIVE_ALL)
		return false;
	if (node->frame != RCP_NONE)
		return set->native == RCP_NATIVE_NONE &&
		       set->frames[node->frame].kind == RCP_FRAME_ADDRESS;
	return set->native == RCP_NATIVE_NONE ||
	       load->modules[load->places[node->place].module].python;
}

/* Nothing, or the mark that there is something. */
static bool
is_outermost(const struct rcp_set *set, uint32_t node)
{
	return node == 0 || (set->nodes[node].parent == 0 &&
			     set->frames[set->nodes[node].frame].kind ==
				     RCP_FRAME_MARKER);
}

/* What calls main or a thread's function, and how operator new allocates. */
static bool
is_machinery(const struct rcp_load *load, const struct rcp_module *module,
	     uint32_t parent, uint32_t frame)
{
	const char *function = load->set->frames[frame].function;

	if (load->set->native == RCP_NATIVE_ALL)
		return false;
	if (is_outermost(load->set, parent) &&
	    (module->system || strcmp(function, "_start") == 0))
		return true;
	return module->system &&
	       strncmp(function, "operator new", 12) == 0;
}

static uint32_t
add_frames(struct rcp_load *load, const struct rcp_load_node *node,
	   uint32_t parent, bool whole)
{
	const struct rcp_load_place *place;

	if (node->frame != RCP_NONE)
		return rcp_tree_child(load->set, parent, node->frame);
	place = look_up(load, node->place);
	for (uint32_t i = 0; i < place->count; i++) {
		uint32_t frame = load->place_frames[place->first + i];

		if (whole || !is_machinery(load, &load->modules[place->module],
					   parent, frame))
			parent = rcp_tree_child(load->set, parent, frame);
	}
	return parent;
}

/* Up to what is made already, and back: stacks are too deep to recurse. */
static uint32_t
make(struct rcp_load *load, uint32_t leaf)
{
	bool python = load->nodes[leaf].python;
	uint32_t *path = NULL, made = 0;
	size_t depth = 0, room = 0;

	for (uint32_t i = leaf; i; i = load->nodes[i].parent) {
		made = load->nodes[i].made[python];
		if (made != RCP_NONE)
			break;
		path = rcp_room(path, depth, &room, sizeof(*path));
		path[depth++] = i;
	}
	made = made == RCP_NONE ? 0 : made;
	while (depth > 0) {
		struct rcp_load_node *node = &load->nodes[path[--depth]];

		if (!is_left_out(load, node, python))
			made = add_frames(load, node, made, false);
		node->made[python] = made;
	}
	free(path);
	return made;
}

uint32_t
rcp_load_node(struct rcp_load *load, uint64_t id)
{
	uint32_t index = rcp_map_get1(&load->node_ids, id);
	uint32_t made;

	if (index == RCP_NONE)
		return RCP_NONE;
	made = make(load, index);
	/* A stack of machinery alone keeps its leaf. */
	if (is_outermost(load->set, made) &&
	    load->nodes[index].frame == RCP_NONE)
		made = add_frames(load, &load->nodes[index], made, true);
	return made;
}

/* SPDX-License-Identifier: MIT
 *
 * own.c - the "own line" rule: an allocation belongs to the user's line that
 * asked for it, not to the library that made it.  Offline only.
 */
#include "model/own.h"

#include <string.h>

#include "base/own.h"

enum rcp_origin
rcp_origin_of(const char *file)
{
	if (!file)
		return RCP_ORIGIN_OWN;
	switch (rcp_path_origin(file, strlen(file))) {
	case RCP_PATH_STDLIB:
		return RCP_ORIGIN_STDLIB;
	case RCP_PATH_SITE:
		return RCP_ORIGIN_SITE;
	case RCP_PATH_OWN:
		break;
	}
	return RCP_ORIGIN_OWN;
}

bool
rcp_frame_is_generated(const struct rcp_frame_info *frame)
{
	const char *dot = strrchr(frame->function, '.');
	const char *name = dot ? dot + 1 : frame->function;
	size_t len = strlen(name);

	return frame->file && strcmp(frame->file, "<string>") == 0 &&
	       (strcmp(name, "<lambda>") == 0 ||
		(len > 4 && strncmp(name, "__", 2) == 0 &&
		 strcmp(name + len - 2, "__") == 0));
}

/* A program's own malloc that cannot fail: nobody looks for memory there. */
static bool
is_wrapper(const char *function)
{
	if (strncmp(function, "operator new", 12) == 0)
		return true;
	return function[0] == 'x' && (strstr(function, "alloc") ||
				      strstr(function, "dup"));
}

uint32_t
rcp_own_frame(const struct rcp_set *set, uint32_t node)
{
	uint32_t program = RCP_NONE, generated = RCP_NONE, wrapper = RCP_NONE;
	uint32_t depth = 0;
	bool python = false;

	if (!node)
		return RCP_NONE;
	for (; node; node = set->nodes[node].parent, depth++) {
		const struct rcp_frame_info *frame =
			&set->frames[set->nodes[node].frame];

		if (frame->kind == RCP_FRAME_PYTHON) {
			python = true;
			if (frame->origin != RCP_ORIGIN_OWN)
				continue;
			if (!rcp_frame_is_generated(frame))
				return depth;
			if (generated == RCP_NONE)
				generated = depth;
		} else if (frame->origin == RCP_ORIGIN_PROGRAM &&
			   program == RCP_NONE) {
			if (is_wrapper(frame->function))
				wrapper = depth;
			else
				program = depth;
		}
	}
	if (python)
		return generated;
	if (program == RCP_NONE)
		program = wrapper;
	return program == RCP_NONE ? 0 : program;
}

/* How well a frame stands for a stack in which nobody's own is: installed
 * packages before the standard library, and the import machinery last. */
static int
rank(const struct rcp_frame_info *frame)
{
	if (frame->kind != RCP_FRAME_PYTHON)
		return 0;
	if (frame->origin == RCP_ORIGIN_SITE)
		return 3;
	return frame->file && strncmp(frame->file, "<frozen ", 8) == 0 ? 1 : 2;
}

/* `own`: index of the own frame in the stack. */
static uint32_t
frame_for(const struct rcp_set *set, uint32_t leaf, uint32_t own)
{
	uint32_t node = leaf, best = leaf;

	if (!leaf)
		return RCP_NONE;
	for (; own != RCP_NONE && own > 0; own--)
		node = set->nodes[node].parent;
	if (own != RCP_NONE)
		return set->nodes[node].frame;
	for (; node; node = set->nodes[node].parent)
		if (rank(&set->frames[set->nodes[node].frame]) >
		    rank(&set->frames[set->nodes[best].frame]))
			best = node;
	return set->nodes[best].frame;
}

uint32_t
rcp_site_own_frame(const struct rcp_set *set, uint32_t site)
{
	return frame_for(set, set->sites[site].node, set->sites[site].own);
}

uint32_t
rcp_node_own_frame(const struct rcp_set *set, uint32_t node)
{
	return frame_for(set, node, rcp_own_frame(set, node));
}

/* SPDX-License-Identifier: MIT
 *
 * own.c - the "own line" rule: an allocation belongs to the user's line that
 * asked for it, not to the library that made it.  Offline only.
 */
#include "model/own.h"

#include <string.h>

/* ".../lib/python3.11/", ".../lib64/python3.13t/", ".../lib/python311.zip/";
 * not Debian's ".../lib/python3/", which holds dist-packages only. */
static bool
in_stdlib(const char *file)
{
	const char *p = file;

	while ((p = strstr(p, "/lib")) != NULL) {
		size_t version;

		p += 4;
		if (strncmp(p, "64", 2) == 0 || strncmp(p, "32", 2) == 0)
			p += 2;
		if (strncmp(p, "/python3", 8) != 0)
			continue;
		p += 8;
		version = strspn(p, ".0123456789t");
		p += version;
		if (version && (*p == '/' || strncmp(p, "zip/", 4) == 0))
			return true;
	}
	return false;
}

enum rcp_origin
rcp_origin_of(const char *file)
{
	if (!file)
		return RCP_ORIGIN_OWN;
	if (strncmp(file, "<frozen ", 8) == 0)
		return RCP_ORIGIN_STDLIB;
	if (strstr(file, "/site-packages/") || strstr(file, "/dist-packages/"))
		return RCP_ORIGIN_SITE;
	return in_stdlib(file) ? RCP_ORIGIN_STDLIB : RCP_ORIGIN_OWN;
}

uint32_t
rcp_own_frame(const struct rcp_set *set, uint32_t node)
{
	uint32_t program = RCP_NONE, depth = 0;
	bool python = false;

	if (!node)
		return RCP_NONE;
	for (; node; node = set->nodes[node].parent, depth++) {
		const struct rcp_frame_info *frame =
			&set->frames[set->nodes[node].frame];

		if (frame->kind == RCP_FRAME_PYTHON) {
			python = true;
			if (frame->origin == RCP_ORIGIN_OWN)
				return depth;
		} else if (frame->origin == RCP_ORIGIN_PROGRAM &&
			   program == RCP_NONE) {
			program = depth;
		}
	}
	if (python)
		return RCP_NONE;
	return program == RCP_NONE ? 0 : program;
}

uint32_t
rcp_site_own_frame(const struct rcp_set *set, uint32_t site)
{
	uint32_t own = set->sites[site].own;
	uint32_t leaf = set->sites[site].node, node = leaf;

	if (!leaf)
		return RCP_NONE;
	for (; own != RCP_NONE && own > 0; own--)
		node = set->nodes[node].parent;
	if (own != RCP_NONE)
		return set->nodes[node].frame;
	/* Nobody's own: the deepest Python frame stands for it. */
	for (; node; node = set->nodes[node].parent)
		if (set->frames[set->nodes[node].frame].kind ==
		    RCP_FRAME_PYTHON)
			return set->nodes[node].frame;
	return set->nodes[leaf].frame;
}

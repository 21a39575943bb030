/* SPDX-License-Identifier: MIT
 *
 * keys.c - groupings: by own line, function, line, file, module, thread,
 * kind, stack, process.  Offline only.
 */
#include "model/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "model/stack.h"
#include "model/tree.h"

struct rcp_keys *
rcp_keys_new(const struct rcp_set *set, enum rcp_by by)
{
	struct rcp_keys *keys = rcp_alloc(sizeof(*keys));

	keys->set = set;
	keys->by = by;
	keys->index.words = 2;
	keys->of_site =
		rcp_alloc(set->site_count * sizeof(*keys->of_site));
	memset(keys->of_site, 0xff, set->site_count * sizeof(*keys->of_site));
	return keys;
}

void
rcp_keys_free(struct rcp_keys *keys)
{
	rcp_map_free(&keys->index);
	free(keys->keys);
	free(keys->of_site);
	free(keys);
}

bool
rcp_keys_split(const struct rcp_keys *keys)
{
	return keys->by == RCP_BY_THREAD || keys->by == RCP_BY_PROCESS;
}

/* A new group; `name` lives as long as the set. */
static uint32_t
add_group(struct rcp_keys *keys, const uint64_t key[2], const char *name,
	  uint32_t frame)
{
	uint32_t index = (uint32_t)keys->count;

	keys->keys = rcp_room(keys->keys, keys->count, &keys->room,
			      sizeof(*keys->keys));
	keys->keys[index].name = name;
	keys->keys[index].frame = frame;
	keys->count++;
	rcp_map_put(&keys->index, key, index);
	return index;
}

/* The group of a key of two words; made with `name` if it is new. */
static uint32_t
group_of(struct rcp_keys *keys, uint64_t a, uint64_t b, const char *name,
	 uint32_t frame)
{
	uint64_t key[2] = { a, b };
	uint32_t index = rcp_map_get(&keys->index, key);

	if (index != RCP_NONE)
		return index;
	name = rcp_strings_keep(&keys->set->tables->strings, name);
	return add_group(keys, key, name, frame);
}

/* "load (app.py:41)", "malloc (libc.so.6)", "[truncated]" */
static void
name_frame(const struct rcp_frame_info *frame, bool line, char *out,
	   size_t room)
{
	const char *file = frame->file ? frame->file : frame->module;

	if (!file)
		snprintf(out, room, "%s", frame->function);
	else if (line && frame->file && frame->line)
		snprintf(out, room, "%s (%s:%u)", frame->function, file,
			 frame->line);
	else
		snprintf(out, room, "%s (%s)", frame->function, file);
}

/* Made once: there may be many, and all groupings ask again. */
static const char *
frame_name(const struct rcp_set *set, uint32_t index)
{
	struct rcp_tables *tables = set->tables;
	char name[1024];

	if (!tables->frame_names)
		tables->frame_names = rcp_alloc(set->frame_count *
						sizeof(*tables->frame_names));
	if (!tables->frame_names[index]) {
		name_frame(&set->frames[index], true, name, sizeof(name));
		tables->frame_names[index] = rcp_strings_bytes(
			&tables->strings, name, strlen(name));
	}
	return tables->frame_names[index];
}

static uint32_t
by_frame(struct rcp_keys *keys, uint32_t index)
{
	uint64_t key[2] = { index, 0 };
	uint32_t group;

	if (index == RCP_NONE)
		return group_of(keys, RCP_NONE, 0, "[no stack]", RCP_NONE);
	group = rcp_map_get(&keys->index, key);
	if (group != RCP_NONE)
		return group;
	return add_group(keys, key, frame_name(keys->set, index), index);
}

static uint32_t
by_function(struct rcp_keys *keys, uint32_t index)
{
	const struct rcp_frame_info *frame;
	char name[1024];

	if (index == RCP_NONE)
		return by_frame(keys, index);
	frame = &keys->set->frames[index];
	name_frame(frame, false, name, sizeof(name));
	/* Strings of the pool are equal if their addresses are. */
	return group_of(keys, (uintptr_t)frame->function,
			(uintptr_t)(frame->module ? frame->module :
						    frame->file),
			name, index);
}

static uint32_t
by_text(struct rcp_keys *keys, const char *text)
{
	return group_of(keys, (uintptr_t)text, 1, text, RCP_NONE);
}

static uint32_t
by_file(struct rcp_keys *keys, uint32_t index)
{
	const struct rcp_frame_info *frame;

	if (index == RCP_NONE)
		return by_frame(keys, index);
	frame = &keys->set->frames[index];
	if (frame->file)
		return by_text(keys, frame->file);
	if (frame->module)
		return by_text(keys, frame->module);
	return by_text(keys, rcp_strings_keep(&keys->set->tables->strings,
					      frame->function));
}

/* The package of an installed or standard file, the directory of others. */
static void
name_package(const char *file, enum rcp_origin origin, char *out, size_t room)
{
	const char *start = NULL, *end;

	if (origin == RCP_ORIGIN_SITE) {
		start = strstr(file, "site-packages/");
		if (!start)
			start = strstr(file, "dist-packages/");
		if (start)
			start += strlen("site-packages/");
	} else if (origin == RCP_ORIGIN_STDLIB && file[0] == '/') {
		start = strstr(file, "/python3");
		start = start ? strchr(start + 1, '/') : NULL;
		start = start ? start + 1 : NULL;
	}
	if (start) {
		end = start + strcspn(start, "/");
	} else {
		start = file;
		end = strrchr(file, '/');
	}
	if (!end || end == start)
		end = start + strlen(start);
	snprintf(out, room, "%.*s", (int)(end - start), start);
}

static uint32_t
by_module(struct rcp_keys *keys, uint32_t index)
{
	const struct rcp_frame_info *frame;
	char name[1024];

	if (index == RCP_NONE)
		return by_frame(keys, index);
	frame = &keys->set->frames[index];
	if (frame->module || !frame->file)
		return by_text(keys, frame->module ? frame->module :
						     frame->function);
	name_package(frame->file, frame->origin, name, sizeof(name));
	return by_text(keys, rcp_strings_keep(&keys->set->tables->strings,
					      name));
}

/* The leaf, but for what allocates on behalf of anybody (libc, the C++
 * runtime); with --native whatever it is. */
static uint32_t
native_leaf(const struct rcp_set *set, uint32_t leaf)
{
	for (uint32_t node = leaf; node; node = set->nodes[node].parent) {
		uint32_t frame = set->nodes[node].frame;
		const char *module = set->frames[frame].module;

		if (set->native == RCP_NATIVE_ALL || !module ||
		    !rcp_is_system_library(module))
			return frame;
	}
	return leaf ? set->nodes[leaf].frame : RCP_NONE;
}

uint32_t
rcp_site_leaf(const struct rcp_set *set, uint32_t site)
{
	uint32_t leaf = set->sites[site].node;

	if (set->native == RCP_NATIVE_ALL)
		return native_leaf(set, leaf);
	for (uint32_t node = leaf; node; node = set->nodes[node].parent)
		if (set->frames[set->nodes[node].frame].kind ==
		    RCP_FRAME_PYTHON)
			return set->nodes[node].frame;
	return native_leaf(set, leaf);
}

static uint32_t
by_stack(struct rcp_keys *keys, uint32_t site)
{
	uint32_t frame = rcp_site_own_frame(keys->set, site);
	char name[1024] = "[no stack]";

	if (frame != RCP_NONE)
		name_frame(&keys->set->frames[frame], true, name,
			   sizeof(name));
	return group_of(keys, site, 2, name, frame);
}

static uint32_t
by_process(struct rcp_keys *keys, uint32_t index)
{
	const struct rcp_process *process = keys->set->processes[index];
	const char *program = rcp_process_info(process, RCP_INFO_PROGRAM);
	char name[1024];

	snprintf(name, sizeof(name), "%s (%u)", program ? program : "process",
		 process->header.pid);
	return group_of(keys, index, 3, name, RCP_NONE);
}

static uint32_t
by_thread(struct rcp_keys *keys, uint32_t process, uint32_t thread)
{
	const struct rcp_process *p = keys->set->processes[process];
	const char *thread_name = p->threads[thread].name;
	char name[1024];

	if (keys->set->process_count == 1)
		snprintf(name, sizeof(name), "%s", thread_name);
	else
		snprintf(name, sizeof(name), "%s (process %u)", thread_name,
			 p->header.pid);
	return group_of(keys, (uint64_t)process << 32 | thread, 4, name,
			RCP_NONE);
}

static uint32_t
of_site(struct rcp_keys *keys, uint32_t site)
{
	const struct rcp_set *set = keys->set;

	switch (keys->by) {
	case RCP_BY_OWN:
		return by_frame(keys, rcp_site_own_frame(set, site));
	case RCP_BY_FUNCTION:
		return by_function(keys, rcp_site_leaf(set, site));
	case RCP_BY_LINE:
		return by_frame(keys, rcp_site_leaf(set, site));
	case RCP_BY_FILE:
		return by_file(keys, rcp_site_leaf(set, site));
	case RCP_BY_MODULE:
		return by_module(keys,
				 native_leaf(set, set->sites[site].node));
	case RCP_BY_KIND:
		return by_text(keys, rcp_kind_name(set->sites[site].kind));
	default:
		return by_stack(keys, site);
	}
}

uint32_t
rcp_keys_of(struct rcp_keys *keys, uint32_t process, uint32_t thread,
	    uint32_t site)
{
	if (keys->by == RCP_BY_PROCESS)
		return by_process(keys, process);
	if (keys->by == RCP_BY_THREAD)
		return by_thread(keys, process, thread);
	if (keys->of_site[site] == RCP_NONE)
		keys->of_site[site] = of_site(keys, site);
	return keys->of_site[site];
}

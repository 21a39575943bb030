/* SPDX-License-Identifier: MIT
 *
 * define.c - definitions of a file (strings, code, modules, sites, threads,
 * types; nodes: stack.c) into the tables of the set.  Second stop on the way
 * in: ids from the file are looked up, never trusted.  Offline only.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "model/load.h"
#include "model/memory.h"
#include "model/own.h"
#include "model/stack.h"

static void
bad(struct rcp_load *load)
{
	load->process->bad_records++;
}

static void
define_string(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_load_string *string;

	load->strings = rcp_room(load->strings, load->string_count,
				 &load->string_room, sizeof(*load->strings));
	string = &load->strings[load->string_count];
	string->len = record->u.string.bytes.len;
	string->bytes = rcp_strings_bytes(&load->set->tables->strings,
					  record->u.string.bytes.data,
					  string->len);
	string->text = NULL;
	rcp_map_put1(&load->string_ids, record->u.string.id,
		     (uint32_t)load->string_count++);
}

static struct rcp_load_string *
find_string(struct rcp_load *load, uint64_t id)
{
	uint32_t index;

	if (id == 0)
		return NULL;
	index = rcp_map_get1(&load->string_ids, id);
	if (index == RCP_NONE) {
		bad(load);
		return NULL;
	}
	return &load->strings[index];
}

const char *
rcp_load_text(struct rcp_load *load, uint64_t id)
{
	struct rcp_load_string *string = find_string(load, id);
	struct rcp_strings *pool = &load->set->tables->strings;

	if (!string || string->len == 0)
		return NULL;
	if (!string->text)
		string->text =
			rcp_strings_text(pool, string->bytes, string->len);
	return string->text;
}

static void
define_code(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_strings *pool = &load->set->tables->strings;
	struct rcp_code *code;

	load->codes = rcp_room(load->codes, load->code_count,
			       &load->code_room, sizeof(*load->codes));
	code = &load->codes[load->code_count];
	code->file = rcp_load_text(load, record->u.code.filename);
	code->name = rcp_load_text(load, record->u.code.name);
	code->first_line = record->u.code.first_line <= INT32_MAX ?
				   (uint32_t)record->u.code.first_line :
				   0;
	code->kind = record->u.code.table_kind;
	code->table_len = record->u.code.table.len;
	code->table = (const uint8_t *)rcp_strings_bytes(
		pool, record->u.code.table.data, code->table_len);
	code->origin = rcp_origin_of(code->file);
	rcp_map_put1(&load->code_ids, record->u.code.id,
		     (uint32_t)load->code_count++);
}

/* What was opened by a relative name stands below the directory in which the
 * process began, most likely; the build-id will tell. */
static const char *
module_path(struct rcp_load *load, const char *path)
{
	const char *cwd = rcp_process_info(load->process, RCP_INFO_CWD);
	struct rcp_strings *pool = &load->set->tables->strings;
	char whole[PATH_MAX];

	if (!path)
		return rcp_strings_keep(pool, "[unknown]");
	if (path[0] == '/' || !strchr(path, '/') || !cwd)
		return path;
	if (strncmp(path, "./", 2) == 0)
		path += 2;
	snprintf(whole, sizeof(whole), "%s/%s", cwd, path);
	return rcp_strings_keep(pool, whole);
}

static void
define_module(struct rcp_load *load, const struct rcp_record *record)
{
	const struct rcp_load_string *id =
		find_string(load, record->u.module.build_id);
	const char *exe = rcp_process_info(load->process, RCP_INFO_EXE);
	struct rcp_module *module;

	load->modules = rcp_room(load->modules, load->module_count,
				 &load->module_room, sizeof(*load->modules));
	module = &load->modules[load->module_count];
	module->path = module_path(
		load, rcp_load_text(load, record->u.module.path));
	module->build_id = id ? id->bytes : NULL;
	module->build_id_len = id ? id->len : 0;
	module->base = record->u.module.base;
	module->low = record->u.module.low;
	module->high = record->u.module.high;
	module->program = exe && strcmp(exe, module->path) == 0;
	module->python = rcp_is_python_runtime(module->path);
	module->system = rcp_is_system_library(module->path);
	module->preload = rcp_is_preload(module->path);
	rcp_map_put1(&load->module_ids, record->u.module.id,
		     (uint32_t)load->module_count++);
}

/* --- sites, threads, types --- */

static uint32_t
add_site(struct rcp_load *load, uint64_t id, uint32_t node, uint8_t kind)
{
	if (kind >= RCP_KINDS) {
		bad(load);
		kind = RCP_KIND_MALLOC;
	}
	load->sites = rcp_room(load->sites, load->site_count,
			       &load->site_room, sizeof(*load->sites));
	load->sites[load->site_count] =
		rcp_tree_site(load->set, node, (enum rcp_kind)kind);
	rcp_map_put1(&load->site_ids, id, (uint32_t)load->site_count);
	return (uint32_t)load->site_count++;
}

static void
define_site(struct rcp_load *load, const struct rcp_record *record)
{
	uint32_t node = 0;

	if (rcp_map_get1(&load->site_ids, record->u.site.id) != RCP_NONE)
		return;
	if (record->u.site.node)
		node = rcp_load_node(load, record->u.site.node);
	if (node == RCP_NONE) {
		bad(load);
		node = 0;
	}
	add_site(load, record->u.site.id, node, record->u.site.kind);
}

uint32_t
rcp_load_site(struct rcp_load *load, uint64_t id, bool make)
{
	uint32_t index = rcp_map_get1(&load->site_ids, id);

	if (index != RCP_NONE || !make)
		return index;
	bad(load);
	return add_site(load, id, 0, RCP_KIND_MALLOC);
}

uint32_t
rcp_load_thread(struct rcp_load *load, uint64_t id, bool make)
{
	struct rcp_process *process = load->process;
	uint32_t index = rcp_map_get1(&load->thread_ids, id);

	if (index != RCP_NONE || !make)
		return index;
	process->threads = rcp_room(process->threads, process->thread_count,
				    &load->thread_room,
				    sizeof(*process->threads));
	index = (uint32_t)process->thread_count++;
	memset(&process->threads[index], 0, sizeof(process->threads[index]));
	process->threads[index].name = "[unknown]";
	rcp_map_put1(&load->thread_ids, id, index);
	return index;
}

static void
define_thread(struct rcp_load *load, const struct rcp_record *record)
{
	uint32_t index = rcp_load_thread(load, record->u.thread.id, true);
	struct rcp_thread_info *thread = &load->process->threads[index];
	const char *name = rcp_load_text(load, record->u.thread.name);
	char text[48];

	thread->tid = record->u.thread.tid;
	thread->start = record->u.thread.start + load->shift;
	thread->served = record->u.thread.served;
	if (!name) {
		snprintf(text, sizeof(text), "thread %llu",
			 (unsigned long long)thread->tid);
		name = rcp_strings_keep(
			&load->set->tables->strings,
			thread->tid == load->process->header.pid ?
				"MainThread" :
				text);
	}
	thread->name = name;
}

static void
define_type(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_process *process = load->process;
	const char *name = rcp_load_text(load, record->u.type.name);

	if (rcp_map_get1(&load->type_ids, record->u.type.id) != RCP_NONE)
		return;
	process->types = rcp_room(process->types, process->type_count,
				  &load->type_room, sizeof(*process->types));
	process->types[process->type_count].name = name ? name : "[unknown]";
	process->types[process->type_count].flags = record->u.type.flags;
	rcp_map_put1(&load->type_ids, record->u.type.id,
		     (uint32_t)process->type_count++);
}

void
rcp_load_definition(struct rcp_load *load, const struct rcp_record *record)
{
	static void (*const define[])(struct rcp_load *,
				      const struct rcp_record *) = {
		[RCP_CHUNK_STRING] = define_string,
		[RCP_CHUNK_CODE] = define_code,
		[RCP_CHUNK_MODULE] = define_module,
		[RCP_CHUNK_NODE] = rcp_load_define_node,
		[RCP_CHUNK_SITE] = define_site,
		[RCP_CHUNK_THREAD] = define_thread,
		[RCP_CHUNK_TYPE] = define_type,
	};

	define[record->type](load, record);
}

/* SPDX-License-Identifier: MIT
 *
 * symbolize.c - names for native code by elfutils: function from the symbol
 * tables, file and line where there is debug information.  The module's file
 * must still be the one that ran: its build-id decides.  Offline only.
 */
#include "model/symbolize.h"

#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"

/* One file, as one build-id, that has been looked at. */
struct object {
	char *path;
	void *build_id;
	size_t build_id_len;
	Dwfl *dwfl;       /* NULL: cannot be used */
	Dwfl_Module *module;
	GElf_Addr bias;   /* from the file's addresses to dwfl's */
	struct object *next;
};

struct rcp_symbols {
	struct object *objects; /* last used first; a program has dozens */
};

static char *debug_path; /* NULL: elfutils' default */

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.debuginfo_path = &debug_path,
	.section_address = dwfl_offline_section_address,
};

struct rcp_symbols *
rcp_symbols_new(void)
{
	return rcp_alloc(sizeof(struct rcp_symbols));
}

void
rcp_symbols_free(struct rcp_symbols *symbols)
{
	if (!symbols)
		return;
	while (symbols->objects) {
		struct object *next = symbols->objects->next;

		if (symbols->objects->dwfl)
			dwfl_end(symbols->objects->dwfl);
		free(symbols->objects->path);
		free(symbols->objects->build_id);
		free(symbols->objects);
		symbols->objects = next;
	}
	free(symbols);
}

/* Is it the file that ran?  Without a build-id on either side there is
 * nothing to tell them apart by. */
static bool
is_same(const struct object *object)
{
	const unsigned char *bits;
	GElf_Addr address;
	int n = dwfl_module_build_id(object->module, &bits, &address);

	if (object->build_id_len == 0 || n <= 0)
		return true;
	return (size_t)n == object->build_id_len &&
	       memcmp(bits, object->build_id, (size_t)n) == 0;
}

static void
load_object(struct object *object)
{
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (!dwfl)
		return;
	dwfl_report_begin(dwfl);
	object->module = dwfl_report_offline(dwfl, object->path, object->path,
					     -1);
	dwfl_report_end(dwfl, NULL, NULL);
	if (!object->module ||
	    !dwfl_module_getelf(object->module, &object->bias) ||
	    !is_same(object)) {
		dwfl_end(dwfl);
		return;
	}
	object->dwfl = dwfl;
}

static bool
is_object(const struct object *object, const char *path, const void *build_id,
	  size_t build_id_len)
{
	return strcmp(object->path, path) == 0 &&
	       object->build_id_len == build_id_len &&
	       (build_id_len == 0 ||
		memcmp(object->build_id, build_id, build_id_len) == 0);
}

static struct object *
find_object(struct rcp_symbols *symbols, const char *path,
	    const void *build_id, size_t build_id_len)
{
	struct object **at = &symbols->objects;
	struct object *object;

	while (*at && !is_object(*at, path, build_id, build_id_len))
		at = &(*at)->next;
	object = *at;
	if (object) {
		*at = object->next;
	} else {
		object = rcp_alloc(sizeof(*object));
		object->path = rcp_copy(path);
		object->build_id = rcp_alloc(build_id_len);
		object->build_id_len = build_id_len;
		if (build_id_len)
			memcpy(object->build_id, build_id, build_id_len);
		load_object(object);
	}
	object->next = symbols->objects;
	symbols->objects = object;
	return object;
}

bool
rcp_symbols_find(struct rcp_symbols *symbols, const char *path,
		 const void *build_id, size_t build_id_len, uint64_t address,
		 struct rcp_symbol *out)
{
	struct object *object;
	Dwfl_Line *line;
	GElf_Off offset;
	GElf_Sym symbol;
	int number = 0;

	/* "[vdso]" and deleted files have nothing to read. */
	if (!symbols || path[0] != '/')
		return false;
	object = find_object(symbols, path, build_id, build_id_len);
	if (!object->dwfl)
		return false;
	memset(out, 0, sizeof(*out));
	address += object->bias;
	out->function = dwfl_module_addrinfo(object->module, address, &offset,
					     &symbol, NULL, NULL, NULL);
	if (!out->function)
		return false;
	line = dwfl_module_getsrc(object->module, address);
	if (line)
		out->file = dwfl_lineinfo(line, NULL, &number, NULL, NULL,
					  NULL);
	if (out->file && number > 0)
		out->line = (uint32_t)number;
	return true;
}

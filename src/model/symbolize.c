/* SPDX-License-Identifier: MIT
 *
 * symbolize.c - names for native code by elfutils: functions from the symbol
 * tables, inlined ones and lines from the debug information, if there is any.
 * What was asked before is in the cache (symcache.h); the files are only read
 * when something new is asked.  Offline only.
 */
#include "model/symbolize.h"

#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/debugfile.h"
#include "model/demangle.h"
#include "model/inlined.h"
#include "model/memory.h"
#include "model/set.h"
#include "model/symcache.h"
#include "model/symtab.h"

/* One file, as one build-id, that has been asked about. */
struct object {
	const struct rcp_symbols *symbols;
	struct rcp_image image;
	struct rcp_debug_files files;
	struct rcp_answers answers;
	enum rcp_kept kept;
	size_t kept_count; /* answers that came from the cache */
	bool opened;
	bool debug_given; /* find_debuginfo has been asked for it */
	Dwfl *dwfl;       /* NULL: cannot be used */
	Dwfl_Module *module;
	GElf_Addr bias;       /* from the file's addresses to dwfl's */
	Dwarf_Addr debug_bias; /* from the debug file's to dwfl's */
	struct rcp_symtab *symtab;
	struct rcp_inlined *inlined; /* NULL: no debug information */
	struct object *next;
};

struct rcp_symbols {
	struct rcp_symbol_search search;
	struct rcp_strings strings;
	struct object *objects; /* last used first; a program has dozens */
};

struct rcp_symbols *
rcp_symbols_new(const struct rcp_symbol_search *search)
{
	struct rcp_symbols *symbols = rcp_alloc(sizeof(*symbols));

	if (search)
		symbols->search = *search;
	return symbols;
}

static void
free_object(struct object *object)
{
	rcp_answers_free(&object->answers);
	rcp_inlined_free(object->inlined);
	rcp_symtab_free(object->symtab);
	if (object->dwfl)
		dwfl_end(object->dwfl);
	free(object);
}

void
rcp_symbols_free(struct rcp_symbols *symbols)
{
	if (!symbols)
		return;
	while (symbols->objects) {
		struct object *object = symbols->objects;

		symbols->objects = object->next;
		if (!symbols->search.no_cache &&
		    object->kept != RCP_KEPT_BETTER &&
		    object->answers.count > object->kept_count &&
		    object->files.code.path[0])
			rcp_symcache_write(&object->image, &object->files,
					   &object->answers);
		free_object(object);
	}
	rcp_strings_free(&symbols->strings);
	free(symbols);
}

/* --- opening -------------------------------------------------------------- */

/* Asked for the debug file, and then for what that one refers to. */
static int
find_debuginfo(Dwfl_Module *module, void **userdata, const char *name,
	       Dwarf_Addr base, const char *file, const char *link,
	       GElf_Word crc, char **path)
{
	struct object *object = *userdata;
	const struct rcp_debug_files *files = &object->files;
	int fd;

	(void)module;
	(void)name;
	(void)base;
	(void)crc;
	if (object->debug_given || strcmp(files->code.path,
					  files->debug.path) == 0) {
		if (!link || !files->debug.path[0])
			return -1;
		return rcp_debug_files_alt(&object->symbols->search,
					   file ? file : files->debug.path,
					   link, path);
	}
	object->debug_given = true;
	if (!files->debug.path[0])
		return -1;
	*path = rcp_copy(files->debug.path);
	fd = open(*path, O_RDONLY | O_CLOEXEC);
	return fd;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* A supplementary file of another build would give names at random. */
static void
check_alt(Dwarf *dwarf)
{
	Dwarf *alt = dwarf_getalt(dwarf);
	const void *wanted, *id;
	const char *name;
	ssize_t n = dwelf_dwarf_gnu_debugaltlink(dwarf, &name, &wanted);

	if (alt && (n <= 0 ||
		    dwelf_elf_gnu_build_id(dwarf_getelf(alt), &id) != n ||
		    memcmp(id, wanted, (size_t)n) != 0))
		dwarf_setalt(dwarf, NULL);
}

static void
open_object(struct object *object)
{
	const char *path = object->files.code.path;
	Dwarf *dwarf;
	void **userdata;

	object->opened = true;
	if (!path[0])
		return;
	object->dwfl = dwfl_begin(&callbacks);
	if (!object->dwfl)
		return;
	dwfl_report_begin(object->dwfl);
	object->module = dwfl_report_offline(object->dwfl, path, path, -1);
	dwfl_report_end(object->dwfl, NULL, NULL);
	if (!object->module ||
	    !dwfl_module_getelf(object->module, &object->bias)) {
		dwfl_end(object->dwfl);
		object->dwfl = NULL;
		return;
	}
	dwfl_module_info(object->module, &userdata, NULL, NULL, NULL, NULL,
			 NULL, NULL);
	*userdata = object;
	dwarf = dwfl_module_getdwarf(object->module, &object->debug_bias);
	if (dwarf) {
		check_alt(dwarf);
		object->inlined = rcp_inlined_new(dwarf);
	}
	object->symtab = rcp_symtab_new(object->module);
}

static bool
is_object(const struct object *object, const struct rcp_image *image)
{
	return strcmp(object->image.path, image->path) == 0 &&
	       object->image.build_id_len == image->build_id_len &&
	       (image->build_id_len == 0 ||
		memcmp(object->image.build_id, image->build_id,
		       image->build_id_len) == 0);
}

static struct object *
new_object(struct rcp_symbols *symbols, const struct rcp_image *image)
{
	struct object *object = rcp_alloc(sizeof(*object));

	object->symbols = symbols;
	object->image.path = rcp_strings_keep(&symbols->strings, image->path);
	object->image.build_id = rcp_strings_bytes(
		&symbols->strings, image->build_id_len ? image->build_id : "",
		image->build_id_len);
	object->image.build_id_len = image->build_id_len;
	object->answers.index.words = 1;
	rcp_debug_files_find(&symbols->search, &object->image,
			     &object->files);
	if (!symbols->search.no_cache)
		object->kept = rcp_symcache_read(&object->image,
						 &object->files,
						 &symbols->strings,
						 &object->answers);
	object->kept_count = object->answers.count;
	return object;
}

static struct object *
find_object(struct rcp_symbols *symbols, const struct rcp_image *image)
{
	struct object **at = &symbols->objects;
	struct object *object;

	while (*at && !is_object(*at, image))
		at = &(*at)->next;
	object = *at;
	if (object)
		*at = object->next;
	else
		object = new_object(symbols, image);
	object->next = symbols->objects;
	symbols->objects = object;
	return object;
}

/* --- answers -------------------------------------------------------------- */

/* Of "foo.part.0.cold" the source knows foo; "foo@@V1" is foo. */
static size_t
plain_length(const char *name)
{
	static const char *const marks[] = { ".part.",   ".cold",
					     ".isra.",   ".constprop.",
					     ".lto_priv.", ".llvm.", "@" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		const char *at = strstr(name, marks[i]);

		if (at && at > name && (size_t)(at - name) < len)
			len = (size_t)(at - name);
	}
	return len;
}

static const char *
keep_function(struct rcp_symbols *symbols, const char *name)
{
	char *plain = rcp_demangle(name);
	const char *kept;

	if (plain)
		kept = rcp_strings_keep(&symbols->strings, plain);
	else
		kept = rcp_strings_text(&symbols->strings, name,
					plain_length(name));
	free(plain);
	return kept;
}

/* Removes "./" and "a/../".  (Where `a` is a link it meant something else; but
 * so it does to every other tool.) */
static size_t
simplify(char *path)
{
	size_t len = 0;

	for (const char *at = path; *at;) {
		size_t part = strcspn(at, "/");
		size_t whole = part + (at[part] == '/');
		bool up = part == 2 && memcmp(at, "..", 2) == 0;
		bool stays = len < 2 || path[len - 1] != '/' ||
			     (len >= 3 && memcmp(path + len - 3, "../", 3) ==
						  0);

		if (up && !stays) {
			do
				len--;
			while (len > 0 && path[len - 1] != '/');
		} else if (part > 0 ? !(part == 1 && *at == '.' &&
					at[1] == '/')
				    : len == 0) {
			memmove(path + len, at, whole);
			len += whole;
		}
		at += whole;
	}
	return len;
}

static const char *
keep_file(struct rcp_symbols *symbols, const struct rcp_place *place)
{
	const char *directory = place->directory ? place->directory : "";
	const char *file = place->file;
	size_t len = strlen(directory), room;
	const char *kept;
	char *path;

	if (!file)
		return NULL;
	/* One that is itself relative stands before the file already; libdw
	 * may have put it there a second time. */
	if (len && directory[0] != '/' &&
	    strncmp(file, directory, len) == 0 && file[len] == '/' &&
	    strncmp(file + len + 1, directory, len) == 0)
		file += len + 1;
	if (directory[0] != '/' || file[0] == '/' || file[0] == '<')
		directory = "";
	room = len + strlen(file) + 2;
	path = rcp_alloc(room);
	snprintf(path, room, "%s%s%s", directory, directory[0] ? "/" : "",
		 file);
	kept = rcp_strings_text(&symbols->strings, path, simplify(path));
	free(path);
	return kept;
}

static bool
is_mangled(const char *name)
{
	return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');
}

/* Looks into the files. */
static size_t
ask(struct rcp_symbols *symbols, struct object *object, uint64_t address,
    struct rcp_symbol *out)
{
	struct rcp_place places[RCP_SYMBOLS_MOST] = { 0 };
	const char *symbol;
	size_t count = 0;

	if (!object->opened)
		open_object(object);
	if (!object->dwfl)
		return 0;
	address += object->bias;
	if (object->inlined)
		count = rcp_inlined_find(object->inlined,
					 address - object->debug_bias, places,
					 RCP_SYMBOLS_MOST);
	symbol = rcp_symtab_find(object->symtab, address);
	if (count == 0 && symbol)
		count = 1;
	/* The one that really was called has a symbol as well, and only that
	 * tells the name where hand-written code has lines, and the namespace
	 * of templates that are made for a lambda. */
	if (count && symbol &&
	    (!places[count - 1].function ||
	     (is_mangled(symbol) &&
	      !is_mangled(places[count - 1].function))))
		places[count - 1].function = symbol;
	for (size_t i = 0; i < count; i++) {
		out[i].function =
			places[i].function
				? keep_function(symbols, places[i].function)
				: NULL;
		out[i].file = keep_file(symbols, &places[i]);
		out[i].line = places[i].line;
	}
	return count;
}

size_t
rcp_symbols_find(struct rcp_symbols *symbols, const char *path,
		 const void *build_id, size_t build_id_len, uint64_t address,
		 struct rcp_symbol *out, size_t room)
{
	struct rcp_image image = { path, build_id, build_id_len };
	struct rcp_symbol found[RCP_SYMBOLS_MOST];
	const struct rcp_answer *answer;
	struct object *object;
	uint32_t index;
	size_t count;

	/* "[vdso]" and deleted files have nothing to read. */
	if (!symbols || path[0] != '/')
		return 0;
	object = find_object(symbols, &image);
	index = rcp_map_get1(&object->answers.index, address);
	if (index == RCP_NONE) {
		count = ask(symbols, object, address, found);
		index = (uint32_t)object->answers.count;
		rcp_answers_add(&object->answers, address, found, count);
	}
	answer = &object->answers.items[index];
	count = answer->count < room ? answer->count : room;
	if (count)
		memcpy(out, &object->answers.functions[answer->first],
		       count * sizeof(*out));
	return count;
}

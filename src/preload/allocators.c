/* SPDX-License-Identifier: MIT
 *
 * allocators.c - allocators that the hooks do not see.  Each becomes a note
 * of the coverage; nothing is guessed.
 *
 * Runs at start and after dlopen, with the guard taken.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "base/lock.h"
#include "emit/emit.h"
#include "interpose/interpose.h"
#include "preload/life.h"

/* Functions by which an allocator is called that does not call itself
 * malloc: linked into a module, it takes memory that no hook sees. */
static const char *const private_names[] = {
	"_rjem_malloc", "je_malloc", "mi_malloc", "rpmalloc", "scalable_malloc",
	"tc_malloc",
};

/* One note a kind: its modules, and what is so with them. */
struct note {
	const char *key, *text;
	char modules[200];
};
static struct note deep = {
	.key = RCP_COVER_NOTE "deepbind",
	.text = ": opened with RTLD_DEEPBIND, what it allocates itself is not "
		"seen",
};
static struct note own = {
	.key = RCP_COVER_NOTE "allocator",
	.text = ": brings an allocator of its own, what it takes shows as "
		"mapped",
};
static struct rcp_lock lock = RCP_LOCK_INIT;

int _dl_find_object(void *address, struct dl_find_object *out)
	__attribute__((weak));

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void
add_note(struct note *note, const char *path)
{
	struct rcp_str modules = { note->modules, sizeof(note->modules),
				   strlen(note->modules), false };
	const char *name = base_name(path);
	char text[360];
	struct rcp_str s = RCP_STR(text);

	rcp_lock_take(&lock);
	modules.len = strlen(note->modules);
	if (!strstr(note->modules, name)) {
		if (modules.len > 0)
			rcp_str_add(&modules, ", ");
		rcp_str_add(&modules, name);
		rcp_str_add(&s, note->modules);
		rcp_str_add(&s, note->text);
		rcp_emit_coverage(note->key, text);
	}
	rcp_lock_drop(&lock);
}

static uint32_t
gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/* The module's own table of symbols.  Not dlsym: that looks at what the module
 * needs as well, and allocates when it finds nothing. */
struct symbols {
	const uint32_t *hash; /* DT_GNU_HASH */
	const ElfW(Sym) *table;
	const char *names;
};

static bool
find_symbols(const struct link_map *map, struct symbols *out)
{
	*out = (struct symbols){ 0 };
	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		const void *p = (const void *)d->d_un.d_ptr;

		if (d->d_tag == DT_GNU_HASH)
			out->hash = p;
		else if (d->d_tag == DT_SYMTAB)
			out->table = p;
		else if (d->d_tag == DT_STRTAB)
			out->names = p;
	}
	/* libc has added the module's address, unless the table is read-only
	 * as the vdso's is. */
	return out->hash && out->table && out->names &&
	       (uintptr_t)out->hash > map->l_addr && out->hash[0] > 0;
}

/* Layout: buckets, first symbol, words of the filter, shift; the filter, the
 * buckets, a chain of hashes whose last has its lowest bit set. */
static bool
defines(const struct symbols *s, const char *name)
{
	uint32_t buckets = s->hash[0], first = s->hash[1], h = gnu_hash(name);
	const uint32_t *bucket =
		s->hash + 4 + s->hash[2] * (sizeof(ElfW(Addr)) / 4);
	const uint32_t *chain = bucket + buckets;
	uint32_t i = bucket[h % buckets];

	if (i < first)
		return false;
	for (;; i++) {
		uint32_t other = chain[i - first];

		if ((other | 1) == (h | 1) &&
		    s->table[i].st_shndx != SHN_UNDEF &&
		    strcmp(s->names + s->table[i].st_name, name) == 0)
			return true;
		if (other & 1)
			return false;
	}
}

void
rcp_allocators_loaded(void *handle)
{
	size_t n = sizeof(private_names) / sizeof(private_names[0]);
	const struct link_map *map = handle;
	struct symbols symbols;

	/* A malloc of its own is bound to ours. */
	if (!find_symbols(map, &symbols) || defines(&symbols, "malloc"))
		return;
	for (size_t i = 0; i < n; i++) {
		if (defines(&symbols, private_names[i])) {
			add_note(&own, map->l_name);
			return;
		}
	}
}

void
rcp_allocators_deep(const char *path)
{
	add_note(&deep, path);
}

/* The file that this address is in; "" is the program. */
static const struct link_map *
module_of(const void *address)
{
	struct dl_find_object found;

	if (!_dl_find_object ||
	    _dl_find_object((void *)(uintptr_t)address, &found) != 0)
		return NULL;
	return found.dlfo_link_map;
}

static void
say_first(const struct link_map *map)
{
	char text[360];
	struct rcp_str s = RCP_STR(text);

	rcp_str_add(&s, "malloc is that of ");
	rcp_str_add(&s, map->l_name[0] ? base_name(map->l_name)
				       : "the program itself");
	rcp_str_add(&s, ": what it does not pass on is not seen");
	rcp_emit_coverage(RCP_COVER_NOTE "malloc", text);
}

void
rcp_allocators_start(void)
{
	const char *preloads = rcp_settings_env("LD_PRELOAD");
	const struct link_map *first, *us = module_of(&rcp_life);
	struct symbols symbols;

	if (preloads && strstr(preloads, "/vgpreload_")) {
		rcp_emit_coverage(RCP_COVER_NOTE "malloc",
				  "valgrind serves malloc itself: nothing is "
				  "seen");
		return;
	}
	/* The search order is that of the list.  The first is the program,
	 * where an interpreter that was not linked as PIE has an entry of
	 * this name that is no definition. */
	for (first = us; first && first->l_prev;)
		first = first->l_prev;
	for (; first && first != us; first = first->l_next) {
		if (find_symbols(first, &symbols) &&
		    defines(&symbols, "malloc")) {
			say_first(first);
			break;
		}
	}
}

/* SPDX-License-Identifier: MIT
 *
 * symbolize.h - names for native code.  One prototype, two files behind it:
 * symbolize.c (elfutils) or, when built without elfutils, symbolize_none.c.
 * Offline only.
 */
#ifndef RCP_MODEL_SYMBOLIZE_H
#define RCP_MODEL_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rcp_symbols;

/* Where files are.  Strings live as long as the symbols; NULL: none. */
struct rcp_symbol_search {
	const char *sysroot;   /* "/" of the machine that ran it */
	const char *debug_dir; /* more directories, `:` between them */
	/* When it ran, ns since 1970: a file without a build-id that was
	 * changed since is another one.  0: not known. */
	uint64_t start_wall;
	bool no_cache; /* neither read nor write what was found before */
};

/* One function of those that share an address.  Strings live as long as the
 * symbols. */
struct rcp_symbol {
	const char *function; /* demangled; NULL: only the line is known */
	const char *file;     /* NULL: no debug information */
	uint32_t line;        /* 0: unknown */
};

#define RCP_SYMBOLS_MOST 128 /* functions at one address */

/* NULL if this build cannot look anything up; the calls below take NULL. */
struct rcp_symbols *rcp_symbols_new(const struct rcp_symbol_search *search);

/* Writes what was found to the cache, then frees. */
void rcp_symbols_free(struct rcp_symbols *symbols);

/* What stands at `address`, as the ELF file of `path` counts addresses: the
 * innermost function that was inlined there first, the one that really was
 * called last; fills up to `room` and returns how many.  The file must have
 * that build-id (of build_id_len bytes; 0: not known), or nothing is found.
 * 0: no symbol there. */
size_t rcp_symbols_find(struct rcp_symbols *symbols, const char *path,
			const void *build_id, size_t build_id_len,
			uint64_t address, struct rcp_symbol *out,
			size_t room);

#endif

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

struct rcp_symbol {
	const char *function; /* valid until the next call */
	const char *file;     /* NULL: no debug information */
	uint32_t line;
};

/* NULL if this build cannot look anything up; the calls below take NULL. */
struct rcp_symbols *rcp_symbols_new(void);
void rcp_symbols_free(struct rcp_symbols *symbols);

/* What stands at `address`, as the ELF file of `path` counts addresses.  The
 * file must have that build-id (of build_id_len bytes; 0: not known), or
 * nothing is found.  False: no symbol there. */
bool rcp_symbols_find(struct rcp_symbols *symbols, const char *path,
		      const void *build_id, size_t build_id_len,
		      uint64_t address, struct rcp_symbol *out);

#endif

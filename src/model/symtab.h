/* SPDX-License-Identifier: MIT
 *
 * symtab.h - functions by the symbol tables of a file.  Offline only.
 */
#ifndef RCP_MODEL_SYMTAB_H
#define RCP_MODEL_SYMTAB_H

#include <elfutils/libdwfl.h>
#include <stdint.h>

struct rcp_symtab;

/* All tables of the module: its own, its debug file's, the one that is
 * compressed inside it.  The module is the caller's, and outlives it. */
struct rcp_symtab *rcp_symtab_new(Dwfl_Module *module);
void rcp_symtab_free(struct rcp_symtab *symtab);

/* The linker's name of the function that holds the address (as the module
 * counts); NULL if none does.  Lives as long as the module. */
const char *rcp_symtab_find(const struct rcp_symtab *symtab,
			    uint64_t address);

#endif

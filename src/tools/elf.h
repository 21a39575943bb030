/* SPDX-License-Identifier: MIT
 *
 * elf.h - what a program's file says that it is linked with.
 */
#ifndef RCP_TOOLS_ELF_H
#define RCP_TOOLS_ELF_H

#include <stdbool.h>
#include <stddef.h>

/* Of the files that it needs, the first whose name begins with PREFIX: NAME
 * gets it.  False if there is none, or PATH is no whole ELF file that can be
 * read. */
bool rcp_elf_needs(const char *path, const char *prefix, char *name,
		   size_t size);

/* Does it show a function of this name to the libraries? */
bool rcp_elf_defines(const char *path, const char *function);

#endif

/* SPDX-License-Identifier: MIT
 *
 * demangle.h - names as they stand in the source.  One prototype, two files
 * behind it: demangle.c (libiberty) or, where it is not there,
 * demangle_none.c.  Offline only.
 */
#ifndef RCP_MODEL_DEMANGLE_H
#define RCP_MODEL_DEMANGLE_H

/* The name of a C++ or Rust function without its parameters; free() it.  NULL:
 * the symbol is no mangled name. */
char *rcp_demangle(const char *symbol);

#endif

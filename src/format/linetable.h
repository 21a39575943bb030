/* SPDX-License-Identifier: MIT
 *
 * linetable.h - from an instruction to its line, by the table that CPython
 * keeps with a code object.  Pure; works on untrusted bytes.
 */
#ifndef RCP_FORMAT_LINETABLE_H
#define RCP_FORMAT_LINETABLE_H

#include <stddef.h>
#include <stdint.h>

#include "rcprof/format.h"

/* The line of the instruction at byte `lasti` of a code object that begins at
 * line `first`; 0 if the table gives it none (or makes no sense). */
uint32_t rcp_line_at(enum rcp_linetable kind, const uint8_t *table,
		     size_t len, uint32_t first, uint64_t lasti);

/* A location table without its columns, which are three quarters of it: the
 * bytes that it takes, written to `out` unless that is NULL. */
size_t rcp_lines_only(const uint8_t *table, size_t len, uint8_t *out);

#endif

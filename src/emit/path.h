/* SPDX-License-Identifier: MIT
 *
 * path.h - the name of the profile, from the template of --output.  Pure.
 */
#ifndef RCP_EMIT_PATH_H
#define RCP_EMIT_PATH_H

#include <stdint.h>

#include "base/str.h"

struct rcp_path_fields {
	const char *program;  /* %n */
	uint32_t pid;         /* %p */
	uint64_t start_wall;  /* %t, ns since 1970; written as UTC */
	const char *host;     /* %h */
};

/* Appends TEMPLATE to OUT with its %-fields replaced; %% is one %, any other
 * letter stays as it is.  A slash inside a field becomes an underscore. */
void rcp_path_expand(struct rcp_str *out, const char *template,
		     const struct rcp_path_fields *fields);

/* Appends PATH with a counter before its last extension, app.1.rcprof for
 * app.rcprof; N = 0: PATH as it is. */
void rcp_path_numbered(struct rcp_str *out, const char *path, unsigned n);

#endif

/* SPDX-License-Identifier: MIT
 *
 * debugfile.h - where the file that ran is, and the one with its debug
 * information.  The build-id decides; the net is never asked.  Offline only.
 */
#ifndef RCP_MODEL_DEBUGFILE_H
#define RCP_MODEL_DEBUGFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/symbolize.h"

/* The code of a profile: a file as it was loaded. */
struct rcp_image {
	const char *path;     /* in the process */
	const char *build_id; /* build_id_len bytes; 0: not known */
	size_t build_id_len;
};

/* A file here.  All is 0 where there is none. */
struct rcp_file_id {
	char path[PATH_MAX];
	uint64_t size;
	int64_t seconds, nanoseconds; /* of its last change */
};

struct rcp_debug_files {
	struct rcp_file_id code;  /* the file that ran; without it, its debug
				     file may stand here */
	struct rcp_file_id debug; /* the one with the DWARF: may be the same */
};

/* Looks below the sysroot or at the path itself, in the directories for debug
 * files, in debuginfod's cache.  Each file is opened and compared. */
void rcp_debug_files_find(const struct rcp_symbol_search *search,
			  const struct rcp_image *image,
			  struct rcp_debug_files *out);

/* A supplementary file (.gnu_debugaltlink) that the debug file `from` names.
 * Returns a descriptor and its path to free(), or -1. */
int rcp_debug_files_alt(const struct rcp_symbol_search *search,
			const char *from, const char *name, char **path);

#endif

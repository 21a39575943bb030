/* SPDX-License-Identifier: MIT
 *
 * probe.h - runs a program for a moment under the preload, in a temporary
 * directory, for `rcprof doctor`.
 */
#ifndef RCP_TOOLS_PROBE_H
#define RCP_TOOLS_PROBE_H

#include "model/error.h"
#include "tools/text.h"

struct rcp_probe {
	char directory[512]; /* in $TMPDIR, else /tmp */
	char **profiles; /* one per program, if one became another */
	size_t profile_count;
	int status;        /* of waitpid() */
	bool timed_out;
	struct rcp_text said; /* stderr, its beginning */
};

/* argv[0] is the name, `path` the program.  False if it could not even be
 * tried. */
bool rcp_probe_run(struct rcp_probe *probe, const char *path,
		   char *const *argv, const char *library,
		   struct rcp_error *error);

/* Removes the directory. */
void rcp_probe_free(struct rcp_probe *probe);

#endif

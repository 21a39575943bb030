/* SPDX-License-Identifier: MIT
 *
 * glance.c - what a list of profiles shows of one file.  It reads the whole
 * file, since only that says where it ends, but asks for no symbols.
 * Offline only.
 */
#include <stdio.h>
#include <string.h>

#include "model/set.h"

bool
rcp_glance(const char *path, struct rcp_glance *out, struct rcp_error *error)
{
	struct rcp_open_options options = { .flags = RCP_OPEN_NO_SYMBOLS };
	struct rcp_set *set = rcp_set_open(&path, 1, &options, error);
	const struct rcp_process *process;
	const char *program;

	if (!set)
		return false;
	process = set->processes[0];
	program = rcp_process_info(process, RCP_INFO_PROGRAM);
	memset(out, 0, sizeof(*out));
	out->header = process->header;
	snprintf(out->program, sizeof(out->program), "%s",
		 program ? program : "");
	out->start = process->start;
	out->end = process->end;
	out->end.why = NULL;
	out->snapshots = process->snap_count;
	out->peak_bytes = (uint64_t)rcp_set_peak(set).bytes;
	out->peak_variance = rcp_set_peak(set).variance;
	out->rss_peak = process->totals[RCP_TOTAL_RSS_PEAK];
	rcp_set_close(set);
	return true;
}

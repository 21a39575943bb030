/* SPDX-License-Identifier: MIT
 *
 * growing.h - which groups of sites keep growing.  A verdict needs a run that
 * is long enough, and growth in all of its parts: what was built once, or
 * comes and goes, is no growth.
 */
#ifndef RCP_TOOLS_GROWING_H
#define RCP_TOOLS_GROWING_H

#include "tools/view.h"

struct rcp_growing {
	/* Where it was looked: a window that leaves out the start of the run,
	 * or the one that was asked for. */
	struct rcp_query query;
	struct rcp_view *view;
	struct rcp_groups *groups;
	struct rcp_growth *growths; /* one per group */
	struct rcp_growth total;
	uint32_t *growing; /* groups, steepest first */
	size_t growing_count;
	uint32_t *level; /* grew early in the window, not since; biggest
			    first */
	size_t level_count;
};

/* The least length of the run, and snapshots in the window. */
#define RCP_GROWING_SPAN (UINT64_C(10) * 1000000000)
#define RCP_GROWING_POINTS 8

/* False after an error.  *out is NULL when the run is too short to tell. */
bool rcp_growing_new(const struct rcp_look *look, enum rcp_by by,
		     struct rcp_growing **out, struct rcp_error *error);
void rcp_growing_free(struct rcp_growing *growing);

/* Is this slope more than chance? */
bool rcp_growth_sure(const struct rcp_growth *growth);

/* "178 MiB/h", and "(±6)" */
void rcp_growth_rate(struct rcp_text *t, const struct rcp_growth *growth);
void rcp_growth_error(struct rcp_text *t, const struct rcp_growth *growth);

#endif

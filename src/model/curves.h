/* SPDX-License-Identifier: MIT
 *
 * curves.h - part of model.h: what happens over time.
 */
#ifndef RCP_MODEL_CURVES_H
#define RCP_MODEL_CURVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/view.h"

/* --- over time ------------------------------------------------------------ */

/* Calls back for every site's live bytes and blocks as they change: once per
 * snapshot (in time order over all processes, those within the query's
 * window) and changed site.  `bytes` and `blocks` are the site's new sums over
 * all threads of all processes that pass the filter.  After a snapshot's
 * changes comes one call with site RCP_NONE and the sums of all sites.  A
 * window opens with the state at its begin.  When a process ends before the
 * others do, its part goes in a step at its end. */
struct rcp_change {
	uint64_t time;
	uint32_t process; /* whose snapshot it is; RCP_NONE: the begin */
	uint32_t site;
	int64_t bytes;
	int64_t blocks;
};
typedef void rcp_change_fn(void *context, const struct rcp_change *change);
bool rcp_changes_each(struct rcp_set *set, const struct rcp_query *query,
		      rcp_change_fn *fn, void *context,
		      struct rcp_error *error);

/* Growth of one group: least-squares slope of live bytes over the snapshots
 * of the window, and its standard error: that of the fit, widened for
 * residuals that follow one another (lag-1 autocorrelation), and, in sample
 * mode, that of the sampling. */
#define RCP_QUARTERS 4
struct rcp_growth {
	double slope;     /* bytes a second */
	double error;     /* the same unit; INFINITY below three snapshots */
	double sampling;  /* the part of it that sampling makes; 0: exact */
	uint64_t points;  /* snapshots looked at */
	uint64_t changes; /* of them with a change */
	uint64_t first;   /* time of the first change, and of the last */
	uint64_t last;
	int64_t begin_bytes; /* live at the first and last snapshot */
	int64_t end_bytes;
	int64_t max_bytes;
	/* The lowest value in each quarter of the window; not in the total,
	 * nor for curves */
	int64_t lowest[RCP_QUARTERS];
	bool seen[RCP_QUARTERS]; /* it is known */
};

/* One rcp_growth per group of `groups` (made from `view`, which was made with
 * the same query), to be freed with free(); NULL on error.  `total`, if not
 * NULL, gets that of the sum of all sites that pass the filter.  Groups by
 * thread or process have no growth (all zero). */
struct rcp_growth *rcp_growth_new(struct rcp_set *set,
				  const struct rcp_query *query,
				  const struct rcp_view *view,
				  const struct rcp_groups *groups,
				  struct rcp_growth *total,
				  struct rcp_error *error);

/* Straight-line growth of any curve, for RSS. */
struct rcp_growth rcp_growth_of(const uint64_t *times, const double *values,
				size_t count);

/* Who holds it over time: for each of `columns` equal parts of the window the
 * live bytes of the `top` groups with the highest maximum, at the snapshot of
 * that column with the highest sum (an empty column repeats the last). */
struct rcp_bands {
	uint64_t from, to;
	size_t columns;
	uint64_t *times;  /* [columns] snapshot that is shown */
	int64_t *totals;  /* [columns] all groups */
	double *errors;   /* [columns] standard errors of totals */
	size_t count;
	struct rcp_band {
		const char *name;
		uint32_t frame; /* as in struct rcp_group */
		int64_t max;
		double max_error; /* of max */
		int64_t *bytes; /* [columns] */
		double *errors; /* [columns] */
	} *bands; /* highest maximum first; the rest is totals less these */
};
struct rcp_bands *rcp_bands_new(struct rcp_set *set,
				const struct rcp_query *query, enum rcp_by by,
				size_t top, size_t columns,
				struct rcp_error *error);
void rcp_bands_free(struct rcp_bands *bands);

#endif

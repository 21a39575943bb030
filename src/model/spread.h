/* SPDX-License-Identifier: MIT
 *
 * spread.h - what sampling does to a slope: the standard error of a straight
 * line's slope that comes from the samples alone.  Offline only.
 */
#ifndef RCP_MODEL_SPREAD_H
#define RCP_MODEL_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all curves over the same points have in common. */
struct rcp_spread_grid {
	size_t count; /* points */
	/* Of the weights c[i] = (t[i] - mean) / sum of squares with which each
	 * point enters the slope, over the points before i: [count + 1] */
	double *sums;       /* all */
	double *rise, *fall; /* the positive ones; the others, negated */
};

void rcp_spread_grid_init(struct rcp_spread_grid *grid, const uint64_t *times,
			  size_t count);
void rcp_spread_grid_free(struct rcp_spread_grid *grid);

/* One curve; {0} has no variance. */
struct rcp_spread {
	double variance;        /* of what lives now */
	double born, events;    /* since the last point; so far */
	double error;           /* root of the variance from `since` on */
	size_t since;
	double rise, fall;
};

/* What changed before the next point. */
void rcp_spread_add(struct rcp_spread *spread, double var_live,
		    double var_allocated);

/* Point number `at` is reached: takes the changes in. */
void rcp_spread_point(struct rcp_spread *spread,
		      const struct rcp_spread_grid *grid, size_t at);

/* The standard error of the slope over all points. */
double rcp_spread_error(struct rcp_spread *spread,
			const struct rcp_spread_grid *grid);

#endif

/* SPDX-License-Identifier: MIT
 *
 * line.h - a straight line through a curve that is constant between changes,
 * in time proportional to the changes.  Offline only.
 */
#ifndef RCP_MODEL_LINE_H
#define RCP_MODEL_LINE_H

#include "model/curves.h"

/* The points in time that all curves of one picture share. */
struct rcp_grid {
	uint64_t first, last; /* times of the first and last point, ns */
	uint64_t count;
	/* Sums over the points so far; t in seconds since the first. */
	long double t, tt;
	long double t_prev;  /* t of the point before, over all but the first */
	long double t_t_prev; /* t times that */
};

/* One more point; what changed in it is told to the lines before. */
void rcp_grid_point(struct rcp_grid *grid, uint64_t time);

/* One curve.  {0} is a curve that is 0 from the first point on. */
struct rcp_line {
	long double value;
	/* Sums up to the last change */
	uint64_t count;         /* points they are over */
	long double at_t, at_t_prev, at_t_next; /* the grid's sums there */
	long double y, yy, ty;
	long double y_y_prev;   /* y times y of the point before */
	long double t_prev_y, t_y_prev;
	long double first, max;
	uint64_t changes, first_change, last_change;
};

/* The curve has `value` from the point at `time` on, which is the grid's next
 * one.  At most once a point. */
void rcp_line_change(struct rcp_line *line, const struct rcp_grid *grid,
		     uint64_t time, double value);

/* The growth over all points of the grid.  Ends the line. */
struct rcp_growth rcp_line_growth(struct rcp_line *line,
				  const struct rcp_grid *grid);

#endif

/* SPDX-License-Identifier: MIT
 *
 * svg.h - pieces of pictures: axes with round numbers, paths, text.
 */
#ifndef RCP_TOOLS_SVG_H
#define RCP_TOOLS_SVG_H

#include <stdint.h>
#include <stdio.h>

#include "tools/text.h"

/* The area in which the curves are drawn, and what its edges mean. */
struct rcp_plot {
	FILE *file;
	double left, top, width, height;
	uint64_t from, to;    /* ns, horizontal */
	double high;          /* bytes, vertical; from 0 */
	uint64_t clock_start; /* wall clock of time 0 for clock labels, or 0 */
};

double rcp_plot_x(const struct rcp_plot *plot, uint64_t time);
double rcp_plot_y(const struct rcp_plot *plot, double bytes);

/* Grid lines and labels at round sizes and times. */
void rcp_plot_axes(const struct rcp_plot *plot);

/* An area between two rows of `count` values that stand at equal distances
 * (`low` NULL: the axis), or a line, which begins where something is known
 * (above 0).  `title` is shown by a browser on hover;
 * it is escaped for XML already. */
void rcp_plot_area(const struct rcp_plot *plot, const double *low,
		   const double *high, size_t count, const char *fill,
		   const char *title);
void rcp_plot_line(const struct rcp_plot *plot, const double *values,
		   size_t count, const char *stroke);

/* Text at a point; `class` is of the style sheet; escapes.  The second puts
 * something less important after it. */
void rcp_svg_text(FILE *file, double x, double y, const char *class,
		  const char *text);
void rcp_svg_text_and(FILE *file, double x, double y, const char *class,
		      const char *text, const char *more);

#endif

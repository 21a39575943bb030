/* SPDX-License-Identifier: MIT
 *
 * timeline.h - what `rcprof timeline` has looked up, for each way to write
 * it: terminal, SVG, CSV, mprof's .dat, JSON.  A format is one file and one
 * row of the table in timeline.c.
 */
#ifndef RCP_TOOLS_TIMELINE_H
#define RCP_TOOLS_TIMELINE_H

#include "tools/curve.h"
#include "tools/view.h"

struct rcp_mark {
	uint64_t time;
	const char *text;
};

struct rcp_timeline {
	const struct rcp_look *look;
	struct rcp_curve *curve;
	struct rcp_bands *bands; /* NULL without --by */
	char **names;            /* of the bands, escaped for a terminal */
	struct rcp_mark *marks;  /* ascending in time */
	size_t mark_count;
	struct rcp_point peak; /* where live is highest */
};

struct rcp_timeline_format {
	const char *suffix; /* of the file's name */
	size_t columns;     /* into which bands are put */
	bool (*write)(const struct rcp_timeline *timeline, FILE *file,
		      struct rcp_error *error);
};

void rcp_timeline_terminal(const struct rcp_timeline *timeline);
void rcp_timeline_json(const struct rcp_timeline *timeline);
bool rcp_timeline_svg(const struct rcp_timeline *timeline, FILE *file,
		      struct rcp_error *error);
bool rcp_timeline_csv(const struct rcp_timeline *timeline, FILE *file,
		      struct rcp_error *error);
bool rcp_timeline_dat(const struct rcp_timeline *timeline, FILE *file,
		      struct rcp_error *error);

/* Columns of the terminal's chart: what is left of the axis' labels. */
size_t rcp_timeline_width(const struct rcp_look *look);

/* What all bands leave of a column's total, and its standard error. */
int64_t rcp_bands_other(const struct rcp_bands *bands, size_t column);
double rcp_bands_other_error(const struct rcp_bands *bands, size_t column);

/* The curve's point at or before a time. */
struct rcp_point rcp_curve_at(const struct rcp_curve *curve, uint64_t time);

#endif

/* SPDX-License-Identifier: MIT
 *
 * curve.h - resident and live memory of all processes of a set on one clock.
 */
#ifndef RCP_TOOLS_CURVE_H
#define RCP_TOOLS_CURVE_H

#include "model/model.h"
#include "tools/text.h"

struct rcp_point {
	uint64_t time;
	uint64_t rss; /* 0: not known */
	int64_t live;
	double error; /* of live: standard error; 0 in exact mode */
};

struct rcp_curve {
	struct rcp_point *points; /* by time, which may be equal */
	size_t count;
	uint64_t from, to; /* the span that was asked for */
	uint64_t rss_peak, rss_peak_time;
};

/* Every point of the RSS curves and every snapshot within the query's window:
 * at each time the sum over the processes that run, each by its latest value.
 * `query` NULL: everything.  A process is in the sum from its first point to
 * its end. */
struct rcp_curve *rcp_curve_new(const struct rcp_set *set,
				const struct rcp_query *query);
/* The same of one process alone. */
struct rcp_curve *rcp_curve_of_process(const struct rcp_set *set,
				       size_t process,
				       const struct rcp_query *query);
void rcp_curve_free(struct rcp_curve *curve);

/* The curve in `columns` equal parts of its span: in each the highest value
 * (an empty part repeats the last one; before the first point 0). */
enum rcp_curve_of { RCP_CURVE_RSS, RCP_CURVE_LIVE };
void rcp_curve_columns(const struct rcp_curve *curve, enum rcp_curve_of what,
		       double *values, size_t columns);

/* One character a value: ▁▂▃▄▅▆▇█ from `low` to `high`, for which 0 and the
 * highest value are the honest choice. */
void rcp_spark(struct rcp_text *t, const double *values, size_t count,
	       double low, double high);

#endif

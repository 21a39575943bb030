/* SPDX-License-Identifier: MIT
 *
 * estimate.h - how the command writes estimates: with no more digits than
 * their standard error supports, and the error beside them.  An error of 0
 * means that the number is exact; it is then written as exact numbers are.
 */
#ifndef RCP_TOOLS_ESTIMATE_H
#define RCP_TOOLS_ESTIMATE_H

#include "model/view.h"
#include "tools/text.h"

/* "178 MiB", "1.20 M": rounded. */
void rcp_estimate_size(struct rcp_text *t, int64_t bytes, double error);
void rcp_estimate_count(struct rcp_text *t, int64_t n, double error);

/* The error alone, in the unit in which the number is written: "(±6)",
 * "(±0.02 M)"; nothing if it is 0. */
void rcp_estimate_size_error(struct rcp_text *t, int64_t bytes, double error);
void rcp_estimate_count_error(struct rcp_text *t, int64_t n, double error);

/* "178 MiB (±6)" */
void rcp_estimate_size_both(struct rcp_text *t, int64_t bytes, double error);
void rcp_estimate_count_both(struct rcp_text *t, int64_t n, double error);

/* Either, by the metric: bytes or a count. */
void rcp_estimate(struct rcp_text *t, enum rcp_metric metric, int64_t value,
		  double error);
void rcp_estimate_error(struct rcp_text *t, enum rcp_metric metric,
			int64_t value, double error);
void rcp_estimate_both(struct rcp_text *t, enum rcp_metric metric,
		       int64_t value, double error);

/* "12 %": of estimates without a decimal, which they would not support. */
void rcp_estimate_percent(struct rcp_text *t, double part, double whole,
			  double error);

/* Is the number less than two of its errors?  It may be chance. */
bool rcp_estimate_is_guess(int64_t value, double error);

/* The blocks that go with a metric of bytes, whose error is known roughly:
 * "~1,200". */
void rcp_estimate_blocks(struct rcp_text *t, int64_t blocks,
			 const struct rcp_values *values,
			 enum rcp_metric metric);

#endif

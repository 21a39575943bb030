/* SPDX-License-Identifier: MIT
 *
 * follow.h - live bytes over time, as differences per thread and site: what
 * the curves are made of.  Offline only.
 */
#ifndef RCP_MODEL_FOLLOW_H
#define RCP_MODEL_FOLLOW_H

#include "model/curves.h"

struct rcp_delta {
	uint32_t process, thread, site; /* site of the set */
	int64_t bytes, blocks;
	/* Of variances, bytes^2: of what lives, and of what was allocated */
	double var_live, var_allocated;
};

/* Differences come first, then one point that says when they held.  The state
 * at the window's begin is a point of its own, at the begin. */
struct rcp_follower {
	void (*delta)(void *context, const struct rcp_delta *delta);
	void (*point)(void *context, uint64_t time, uint32_t process);
	void *context;
};

bool rcp_follow(struct rcp_set *set, const struct rcp_query *query,
		const struct rcp_follower *follower, struct rcp_error *error);

/* The times of the points that it will tell, without reading anything; to be
 * freed with free(). */
uint64_t *rcp_follow_times(const struct rcp_set *set,
			   const struct rcp_query *query, size_t *count);

/* The last time that a query's moment reaches. */
uint64_t rcp_query_end(const struct rcp_set *set,
		       const struct rcp_query *query);

#endif

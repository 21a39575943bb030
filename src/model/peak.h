/* SPDX-License-Identifier: MIT
 *
 * peak.h - the peak of a set within a window.  Offline only.
 */
#ifndef RCP_MODEL_PEAK_H
#define RCP_MODEL_PEAK_H

#include "model/set.h"

/* A process's own peak up to some snapshot: exact, from its peak epoch. */
struct rcp_own_peak {
	bool known;
	uint64_t time;
	int64_t bytes;
	double variance;
};

/* The highest sum within [from, to].  `own` has one for each process, as of
 * its last snapshot that counts. */
struct rcp_peak rcp_peak_between(const struct rcp_set *set, uint64_t from,
				 uint64_t to, const struct rcp_own_peak *own);

/* Works out what rcp_set_peak answers, once, when all files are read. */
void rcp_peak_settle(struct rcp_set *set);

#endif

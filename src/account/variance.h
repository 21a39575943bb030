/* SPDX-License-Identifier: MIT
 *
 * variance.h - samples in the books: their weights go to the cells as counts
 * do; how far the sums may be from the truth is kept here, per (thread, site).
 *
 * Samples are independent of each other, so variances add.  A sample that is
 * freed takes out what it brought in, to the last unit.
 */
#ifndef RCP_ACCOUNT_VARIANCE_H
#define RCP_ACCOUNT_VARIANCE_H

#include "account/account.h"
#include "account/samples.h"

/* By the thread whose books they are.  False: as rcp_account_alloc(). */
bool rcp_account_sampled(struct rcp_account *a, const struct rcp_sample *s);
void rcp_account_sample_freed(struct rcp_account *a, const struct rcp_sample *s,
			      int64_t age, bool temporary);

/* Registers the source of the variances.  Before that of the cells, so that a
 * sample's estimate is never without its variance for long. */
void rcp_variance_register(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * filter.h - which sites and threads a query wants.  Offline only.
 */
#ifndef RCP_MODEL_FILTER_H
#define RCP_MODEL_FILTER_H

#include "model/view.h"

struct rcp_filter;

/* NULL: a pattern or a kind makes no sense, or no thread has that name. */
struct rcp_filter *rcp_filter_new(const struct rcp_set *set,
				  const struct rcp_query *query,
				  struct rcp_error *error);
void rcp_filter_free(struct rcp_filter *filter);

/* `site` of the set; answers are remembered. */
bool rcp_filter_site(struct rcp_filter *filter, uint32_t site);
bool rcp_filter_thread(const struct rcp_filter *filter, uint32_t process,
		       uint32_t thread);

#endif

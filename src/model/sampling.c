/* SPDX-License-Identifier: MIT
 *
 * sampling.c - how a set was sampled: the means that were in force, and the
 * budget.  Offline only.
 */
#include <stdlib.h>
#include <string.h>

#include "model/view.h"

/* A mean that held from `begin` to `end`. */
static void
add_mean(struct rcp_sampling *sampling, const struct rcp_query *query,
	 const struct rcp_set *set, uint64_t mean, uint64_t begin,
	 uint64_t end)
{
	uint64_t from = query->window ? query->from.time : 0;
	uint64_t to = query->at.kind == RCP_AT_END ? set->end_time
						   : query->at.time;

	if (mean == 0 || end <= from || begin > to)
		return;
	if (sampling->mean_min == 0 || mean < sampling->mean_min)
		sampling->mean_min = mean;
	if (mean > sampling->mean_max)
		sampling->mean_max = mean;
}

static void
add_process(struct rcp_sampling *sampling, const struct rcp_query *query,
	    const struct rcp_set *set, const struct rcp_process *process)
{
	const char *mode = rcp_process_info(process, RCP_INFO_MODE);
	const char *budget = rcp_process_info(process, RCP_INFO_BUDGET);
	const struct rcp_event_info *last = NULL;

	for (size_t i = 0; i < process->event_count; i++) {
		const struct rcp_event_info *e = &process->events[i];

		if (e->kind != RCP_EVENT_RATE)
			continue;
		if (last)
			add_mean(sampling, query, set, last->number,
				 last->time, e->time);
		last = e;
	}
	if (last)
		add_mean(sampling, query, set, last->number, last->time,
			 UINT64_MAX);
	if (!last && !process->samples &&
	    !(mode && strcmp(mode, "sample") == 0))
		return;
	sampling->sampled = true;
	if (budget && sampling->budget <= 0)
		sampling->budget = strtod(budget, NULL);
}

struct rcp_sampling
rcp_sampling_of(const struct rcp_set *set, const struct rcp_query *query)
{
	static const struct rcp_query everything;
	struct rcp_sampling sampling = { .sampled = false };

	for (size_t i = 0; i < set->process_count; i++)
		add_process(&sampling, query ? query : &everything, set,
			    set->processes[i]);
	return sampling;
}

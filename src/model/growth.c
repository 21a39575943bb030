/* SPDX-License-Identifier: MIT
 *
 * growth.c - which groups keep growing.  One pass over the window; memory
 * proportional to the groups.  Offline only.
 */
#include <stdlib.h>

#include "model/follow.h"
#include "model/line.h"
#include "model/memory.h"

struct measuring {
	struct rcp_grid grid;
	uint32_t *group_of; /* site -> group, RCP_NONE */
	struct rcp_line *lines;
	int64_t *bytes; /* of each group */
	bool *is_changed;
	uint32_t *changed; /* groups since the last point */
	size_t changed_count, changed_room;
	struct rcp_line total_line;
	int64_t total;
};

static void
add(int64_t *sum, int64_t more)
{
	*sum = (int64_t)((uint64_t)*sum + (uint64_t)more);
}

static void
on_delta(void *context, const struct rcp_delta *delta)
{
	struct measuring *m = context;
	uint32_t group = m->group_of[delta->site];

	add(&m->total, delta->bytes);
	if (group == RCP_NONE || !delta->bytes)
		return;
	add(&m->bytes[group], delta->bytes);
	if (m->is_changed[group])
		return;
	m->is_changed[group] = true;
	m->changed = rcp_room(m->changed, m->changed_count, &m->changed_room,
			      sizeof(*m->changed));
	m->changed[m->changed_count++] = group;
}

static void
on_point(void *context, uint64_t time, uint32_t process)
{
	struct measuring *m = context;

	(void)process;
	for (size_t i = 0; i < m->changed_count; i++) {
		uint32_t group = m->changed[i];

		m->is_changed[group] = false;
		rcp_line_change(&m->lines[group], &m->grid, time,
				(double)m->bytes[group]);
	}
	m->changed_count = 0;
	if ((long double)m->total != m->total_line.value ||
	    m->grid.count == 0)
		rcp_line_change(&m->total_line, &m->grid, time,
				(double)m->total);
	rcp_grid_point(&m->grid, time);
}

struct rcp_growth *
rcp_growth_new(struct rcp_set *set, const struct rcp_query *query,
	       const struct rcp_view *view, const struct rcp_groups *groups,
	       struct rcp_growth *total, struct rcp_error *error)
{
	struct rcp_growth *result =
		rcp_alloc(groups->count * sizeof(*result));
	struct measuring m = { .total = 0 };
	struct rcp_follower follower = { on_delta, on_point, &m };
	bool good;

	m.group_of = rcp_alloc(set->site_count * sizeof(*m.group_of));
	for (size_t i = 0; i < set->site_count; i++)
		m.group_of[i] = RCP_NONE;
	for (uint32_t i = 0; i < groups->count; i++)
		for (size_t j = 0; j < groups->groups[i].row_count; j++)
			m.group_of[view->rows[groups->groups[i].rows[j]]
					   .site] = i;
	m.lines = rcp_alloc(groups->count * sizeof(*m.lines));
	m.bytes = rcp_alloc(groups->count * sizeof(*m.bytes));
	m.is_changed = rcp_alloc(groups->count * sizeof(*m.is_changed));
	good = rcp_follow(set, query, &follower, error);
	for (size_t i = 0; good && i < groups->count; i++)
		result[i] = rcp_line_growth(&m.lines[i], &m.grid);
	if (good && total)
		*total = rcp_line_growth(&m.total_line, &m.grid);
	free(m.group_of);
	free(m.lines);
	free(m.bytes);
	free(m.is_changed);
	free(m.changed);
	if (good)
		return result;
	free(result);
	return NULL;
}

/* SPDX-License-Identifier: MIT
 *
 * growth.c - which groups keep growing.  One pass over the window; memory
 * proportional to the groups.  Offline only.
 */
#include <math.h>
#include <stdlib.h>

#include "model/follow.h"
#include "model/line.h"
#include "model/memory.h"
#include "model/spread.h"

/* One group, or all. */
struct track {
	struct rcp_line line;
	struct rcp_spread spread;
	int64_t bytes;
	bool changed;
	/* The lowest value of each quarter */
	int64_t held;   /* the value at the last point */
	uint64_t since; /* when it came to that */
	int64_t lowest[RCP_QUARTERS];
	bool seen[RCP_QUARTERS];
};

struct measuring {
	struct rcp_grid grid;
	struct rcp_spread_grid spread;
	uint64_t from, to;
	uint32_t *group_of; /* site -> group, RCP_NONE */
	struct track *tracks;
	uint32_t *changed; /* groups since the last point */
	size_t changed_count, changed_room;
	struct track total;
};

static void
add(int64_t *sum, int64_t more)
{
	*sum = (int64_t)((uint64_t)*sum + (uint64_t)more);
}

static size_t
quarter_of(const struct measuring *m, uint64_t time)
{
	uint64_t span = m->to - m->from;

	if (time <= m->from || span == 0)
		return 0;
	if (time >= m->to)
		return RCP_QUARTERS - 1;
	return (size_t)((time - m->from) / (span / RCP_QUARTERS + 1));
}

/* The track held its value from `since` until `time`. */
static void
hold(const struct measuring *m, struct track *track, uint64_t time)
{
	size_t last = quarter_of(m, time);

	for (size_t q = quarter_of(m, track->since); q <= last; q++) {
		if (!track->seen[q] || track->held < track->lowest[q])
			track->lowest[q] = track->held;
		track->seen[q] = true;
	}
}

static void
on_delta(void *context, const struct rcp_delta *delta)
{
	struct measuring *m = context;
	uint32_t group = m->group_of[delta->site];
	struct track *track;

	add(&m->total.bytes, delta->bytes);
	rcp_spread_add(&m->total.spread, delta->var_live,
		       delta->var_allocated);
	if (group == RCP_NONE)
		return;
	track = &m->tracks[group];
	add(&track->bytes, delta->bytes);
	rcp_spread_add(&track->spread, delta->var_live, delta->var_allocated);
	if (track->changed)
		return;
	track->changed = true;
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
		struct track *track = &m->tracks[m->changed[i]];

		track->changed = false;
		rcp_spread_point(&track->spread, &m->spread, m->grid.count);
		if (track->bytes == track->held)
			continue;
		/* The first point of all is the state at the begin. */
		if (time > track->since)
			hold(m, track, time);
		rcp_line_change(&track->line, &m->grid, time,
				(double)track->bytes);
		track->held = track->bytes;
		track->since = time;
	}
	m->changed_count = 0;
	rcp_spread_point(&m->total.spread, &m->spread, m->grid.count);
	if (m->total.bytes != m->total.held || m->grid.count == 0)
		rcp_line_change(&m->total.line, &m->grid, time,
				(double)m->total.bytes);
	m->total.held = m->total.bytes;
	rcp_grid_point(&m->grid, time);
}

static struct rcp_growth
conclude(const struct measuring *m, struct track *track)
{
	struct rcp_growth growth = rcp_line_growth(&track->line, &m->grid);

	growth.sampling = rcp_spread_error(&track->spread, &m->spread);
	growth.error = hypot(growth.error, growth.sampling);
	for (size_t q = 0; q < RCP_QUARTERS; q++) {
		growth.lowest[q] = track->lowest[q];
		growth.seen[q] = track->seen[q];
	}
	return growth;
}

static uint32_t *
map_sites(const struct rcp_set *set, const struct rcp_view *view,
	  const struct rcp_groups *groups)
{
	uint32_t *group_of = rcp_alloc(set->site_count * sizeof(*group_of));

	for (size_t i = 0; i < set->site_count; i++)
		group_of[i] = RCP_NONE;
	for (uint32_t i = 0; i < groups->count; i++)
		for (size_t j = 0; j < groups->groups[i].row_count; j++)
			group_of[view->rows[groups->groups[i].rows[j]].site] =
				i;
	return group_of;
}

struct rcp_growth *
rcp_growth_new(struct rcp_set *set, const struct rcp_query *query,
	       const struct rcp_view *view, const struct rcp_groups *groups,
	       struct rcp_growth *total, struct rcp_error *error)
{
	struct rcp_growth *result =
		rcp_alloc(groups->count * sizeof(*result));
	struct measuring m = { .from = query->window ? query->from.time : 0,
			       .to = rcp_query_end(set, query) };
	struct rcp_follower follower = { on_delta, on_point, &m };
	size_t points;
	uint64_t *times = rcp_follow_times(set, query, &points);
	bool good;

	rcp_spread_grid_init(&m.spread, times, points);
	free(times);
	m.group_of = map_sites(set, view, groups);
	m.tracks = rcp_alloc(groups->count * sizeof(*m.tracks));
	for (size_t i = 0; i < groups->count; i++)
		m.tracks[i].since = m.from;
	good = rcp_follow(set, query, &follower, error);
	for (size_t i = 0; good && i < groups->count; i++) {
		if (groups->groups[i].row_count > 0)
			hold(&m, &m.tracks[i], m.to);
		result[i] = conclude(&m, &m.tracks[i]);
	}
	if (good && total)
		*total = conclude(&m, &m.total);
	rcp_spread_grid_free(&m.spread);
	free(m.group_of);
	free(m.tracks);
	free(m.changed);
	if (good)
		return result;
	free(result);
	return NULL;
}

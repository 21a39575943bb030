/* SPDX-License-Identifier: MIT
 *
 * growing.c - see growing.h.
 *
 * The slope alone cannot tell steady growth from one step, so the window is
 * cut into quarters and the lowest value of a group in each has to be higher
 * than in the one before.
 */
#include "tools/growing.h"

#include <math.h>
#include <stdlib.h>

#include "model/memory.h"

#define QUARTERS 4
#define WARM_UP 5          /* a fifth of the run is start-up */
#define SURE 3             /* slope over its standard error */
#define LEAST_GROWTH 65536 /* bytes in the window */
#define LEAST_LEVEL (1 << 20)
#define EVEN 0.15 /* of its fair share is what each quarter has to add */

struct track {
	int64_t bytes, next;
	uint64_t since; /* when it came to `bytes` */
	int64_t lowest[QUARTERS];
	bool seen[QUARTERS], touched;
};

struct tracks {
	uint64_t from, to;
	const uint32_t *group_of; /* by site */
	int64_t *site_bytes;
	struct track *items;
	uint32_t *touched;
	size_t touched_count, touched_room;
};

static size_t
quarter_of(const struct tracks *t, uint64_t time)
{
	uint64_t span = t->to - t->from;

	if (time <= t->from || span == 0)
		return 0;
	if (time >= t->to)
		return QUARTERS - 1;
	return (size_t)((time - t->from) / (span / QUARTERS + 1));
}

/* The track held its value from `since` until `time`. */
static void
hold(const struct tracks *t, struct track *track, uint64_t time)
{
	size_t last = quarter_of(t, time);

	for (size_t q = quarter_of(t, track->since); q <= last; q++) {
		if (!track->seen[q] || track->bytes < track->lowest[q])
			track->lowest[q] = track->bytes;
		track->seen[q] = true;
	}
}

static void
on_change(void *context, const struct rcp_change *change)
{
	struct tracks *t = context;
	uint32_t group;

	if (change->site != RCP_NONE) {
		group = t->group_of[change->site];
		if (group == RCP_NONE)
			return;
		t->items[group].next +=
			change->bytes - t->site_bytes[change->site];
		t->site_bytes[change->site] = change->bytes;
		if (t->items[group].touched)
			return;
		t->items[group].touched = true;
		t->touched = rcp_room(t->touched, t->touched_count,
				      &t->touched_room, sizeof(*t->touched));
		t->touched[t->touched_count++] = group;
		return;
	}
	/* The snapshot is complete. */
	for (size_t i = 0; i < t->touched_count; i++) {
		struct track *track = &t->items[t->touched[i]];

		/* The first point of all is the state at the begin. */
		if (change->time > track->since)
			hold(t, track, change->time);
		track->bytes = track->next;
		track->since = change->time;
		track->touched = false;
	}
	t->touched_count = 0;
}

static uint32_t *
map_sites(const struct rcp_set *set, const struct rcp_growing *g)
{
	uint32_t *group_of =
		rcp_alloc((set->site_count + 1) * sizeof(*group_of));

	for (size_t i = 0; i < set->site_count; i++)
		group_of[i] = RCP_NONE;
	for (uint32_t i = 0; i < g->groups->count; i++) {
		const struct rcp_group *group = &g->groups->groups[i];

		for (size_t k = 0; k < group->row_count; k++)
			group_of[g->view->rows[group->rows[k]].site] = i;
	}
	return group_of;
}

/* --- the verdict ---------------------------------------------------------- */

bool
rcp_growth_sure(const struct rcp_growth *growth)
{
	return growth->points >= RCP_GROWING_POINTS && growth->slope > 0 &&
	       isfinite(growth->error) &&
	       growth->slope >= SURE * growth->error;
}

static bool
rises_throughout(const struct track *track)
{
	double fair = (double)(track->lowest[QUARTERS - 1] -
			       track->lowest[0]) /
		      (QUARTERS - 1);

	if (!track->seen[0] || fair * (QUARTERS - 1) < LEAST_GROWTH)
		return false;
	for (size_t q = 1; q < QUARTERS; q++) {
		double step = (double)(track->lowest[q] -
				       track->lowest[q - 1]);

		if (!track->seen[q] || step < EVEN * fair)
			return false;
	}
	return true;
}

static bool
is_level(const struct rcp_growth *growth, uint64_t from, uint64_t to)
{
	return growth->changes > 0 && growth->last < from + (to - from) / 2 &&
	       growth->end_bytes - growth->begin_bytes >= LEAST_LEVEL &&
	       growth->end_bytes >= growth->max_bytes / 10 * 9;
}

/* For qsort, which takes no context. */
static const struct rcp_growth *sorted;

static int
by_slope(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (sorted[x].slope != sorted[y].slope)
		return sorted[x].slope > sorted[y].slope ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int
by_end(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (sorted[x].end_bytes != sorted[y].end_bytes)
		return sorted[x].end_bytes > sorted[y].end_bytes ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void
judge(struct rcp_growing *g, const struct tracks *t)
{
	size_t count = g->groups->count;

	g->growing = rcp_alloc((count + 1) * sizeof(*g->growing));
	g->level = rcp_alloc((count + 1) * sizeof(*g->level));
	for (uint32_t i = 0; i < count; i++) {
		struct track *track = &t->items[i];

		hold(t, track, t->to);
		if (rcp_growth_sure(&g->growths[i]) &&
		    rises_throughout(track))
			g->growing[g->growing_count++] = i;
		else if (is_level(&g->growths[i], t->from, t->to))
			g->level[g->level_count++] = i;
	}
	sorted = g->growths;
	qsort(g->growing, g->growing_count, sizeof(*g->growing), by_slope);
	qsort(g->level, g->level_count, sizeof(*g->level), by_end);
}

static bool
follow(const struct rcp_look *look, struct rcp_growing *g, uint64_t to,
       struct rcp_error *error)
{
	struct tracks t = { .from = g->query.from.time, .to = to };
	uint32_t *group_of = map_sites(look->set, g);
	bool good;

	t.group_of = group_of;
	t.site_bytes = rcp_alloc((look->set->site_count + 1) *
				 sizeof(*t.site_bytes));
	t.items = rcp_alloc((g->groups->count + 1) * sizeof(*t.items));
	for (size_t i = 0; i < g->groups->count; i++)
		t.items[i].since = t.from;
	good = rcp_changes_each(look->set, &g->query, on_change, &t, error);
	if (good)
		judge(g, &t);
	free(group_of);
	free(t.site_bytes);
	free(t.items);
	free(t.touched);
	return good;
}

bool
rcp_growing_new(const struct rcp_look *look, enum rcp_by by,
		struct rcp_growing **out, struct rcp_error *error)
{
	struct rcp_growing *g;
	uint64_t to = look->query.at.kind == RCP_AT_END
			      ? look->set->end_time
			      : look->query.at.time;
	uint64_t from = look->query.window ? look->query.from.time : 0;

	*out = NULL;
	if (to < from || to - from < RCP_GROWING_SPAN)
		return true;
	g = rcp_alloc(sizeof(*g));
	g->query = look->query;
	if (!g->query.window) {
		g->query.window = true;
		g->query.from = (struct rcp_moment){ RCP_AT_TIME,
						     to / WARM_UP };
	}
	g->query.metric = RCP_METRIC_LIVE;
	g->view = rcp_view_new(look->set, &g->query, error);
	if (!g->view)
		goto fail;
	g->groups = rcp_groups_new(look->set, g->view, by, RCP_METRIC_LIVE);
	g->growths = rcp_growth_new(look->set, &g->query, g->view, g->groups,
				    &g->total, error);
	if (!g->growths)
		goto fail;
	if (g->total.points < RCP_GROWING_POINTS) {
		rcp_growing_free(g);
		return true;
	}
	if (!follow(look, g, to, error))
		goto fail;
	*out = g;
	return true;
fail:
	rcp_growing_free(g);
	return false;
}

void
rcp_growing_free(struct rcp_growing *g)
{
	if (!g)
		return;
	rcp_groups_free(g->groups);
	rcp_view_free(g->view);
	free(g->growths);
	free(g->growing);
	free(g->level);
	free(g);
}

void
rcp_growth_rate(struct rcp_text *t, double bytes_per_second)
{
	rcp_text_size(t, (int64_t)llround(bytes_per_second * 3600));
	rcp_text_add(t, "/h");
}

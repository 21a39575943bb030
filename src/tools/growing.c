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
#include "tools/estimate.h"

#define WARM_UP 5          /* a fifth of the run is start-up */
#define SURE 3             /* slope over its standard error */
#define LEAST_GROWTH 65536 /* bytes in the window */
#define LEAST_LEVEL (1 << 20)
#define EVEN 0.15 /* of its fair share is what each quarter has to add */

/* --- the verdict ---------------------------------------------------------- */

bool
rcp_growth_sure(const struct rcp_growth *growth)
{
	return growth->points >= RCP_GROWING_POINTS && growth->slope > 0 &&
	       isfinite(growth->error) &&
	       growth->slope >= SURE * growth->error;
}

static bool
rises_throughout(const struct rcp_growth *growth)
{
	const int64_t *lowest = growth->lowest;
	double whole = (double)(lowest[RCP_QUARTERS - 1] - lowest[0]);
	double fair = whole / (RCP_QUARTERS - 1);

	if (!growth->seen[0] || whole < LEAST_GROWTH)
		return false;
	for (size_t q = 1; q < RCP_QUARTERS; q++)
		if (!growth->seen[q] ||
		    (double)(lowest[q] - lowest[q - 1]) < EVEN * fair)
			return false;
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
judge(struct rcp_growing *g, uint64_t to)
{
	size_t count = g->groups->count;

	g->growing = rcp_alloc((count + 1) * sizeof(*g->growing));
	g->level = rcp_alloc((count + 1) * sizeof(*g->level));
	for (uint32_t i = 0; i < count; i++) {
		const struct rcp_growth *growth = &g->growths[i];

		if (rcp_growth_sure(growth) && rises_throughout(growth))
			g->growing[g->growing_count++] = i;
		else if (is_level(growth, g->query.from.time, to))
			g->level[g->level_count++] = i;
	}
	sorted = g->growths;
	qsort(g->growing, g->growing_count, sizeof(*g->growing), by_slope);
	qsort(g->level, g->level_count, sizeof(*g->level), by_end);
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
	g->query.without_peak = true;
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
	judge(g, to);
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

#define HOUR 3600

void
rcp_growth_rate(struct rcp_text *t, const struct rcp_growth *growth)
{
	rcp_estimate_size(t, (int64_t)llround(growth->slope * HOUR),
			  growth->error * HOUR);
	rcp_text_add(t, "/h");
}

void
rcp_growth_error(struct rcp_text *t, const struct rcp_growth *growth)
{
	rcp_estimate_size_error(t, (int64_t)llround(growth->slope * HOUR),
				growth->error * HOUR);
}

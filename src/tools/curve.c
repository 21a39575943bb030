/* SPDX-License-Identifier: MIT
 *
 * curve.c - see curve.h.
 */
#include "tools/curve.h"

#include <math.h>
#include <stdlib.h>

#include "model/memory.h"

/* What is known of one process at a time. */
struct sight {
	uint64_t time;
	size_t process;
	uint64_t rss;
	int64_t live;
	double variance; /* of live */
	bool has_rss;
	bool gone;
};

struct sights {
	struct sight *items;
	size_t count, room;
};

static void
add_sight(struct sights *sights, struct sight sight)
{
	sights->items = rcp_room(sights->items, sights->count, &sights->room,
				 sizeof(*sights->items));
	sights->items[sights->count++] = sight;
}

/* The end is before the interpreter tears itself down: what comes after it
 * is no part of the curve. */
static uint64_t
end_of(const struct rcp_set *set, size_t index)
{
	static const struct rcp_moment end = { RCP_AT_END, 0 };
	const struct rcp_process *process = set->processes[index];
	uint32_t snap = rcp_snap_at(set, index, &end);

	if (snap == RCP_NONE ||
	    (snap + 1 == process->snap_count &&
	     process->snaps[snap].reason != RCP_SNAP_END_PYTHON))
		return UINT64_MAX;
	return process->snaps[snap].time;
}

static void
add_process(struct sights *sights, const struct rcp_set *set, size_t index,
	    bool last)
{
	const struct rcp_process *process = set->processes[index];
	uint64_t end = end_of(set, index);
	double variance = 0;
	size_t snap = 0;

	for (size_t i = 0; i < process->rss_count; i++) {
		const struct rcp_rss_point *p = &process->rss[i];

		if (p->time > end)
			break;
		/* It has no variance: the last snapshot's stands for it. */
		while (snap < process->snap_count &&
		       process->snaps[snap].time <= p->time)
			variance = process->snaps[snap++].live_variance;
		add_sight(sights,
			  (struct sight){ p->time, index, p->rss, p->live,
					  variance, true, false });
	}
	for (size_t i = 0; i < process->snap_count; i++) {
		const struct rcp_snap_info *s = &process->snaps[i];

		if (s->time > end)
			break;
		add_sight(sights,
			  (struct sight){ s->time, index, s->rss,
					  s->live_bytes, s->live_variance,
					  s->rss > 0, false });
	}
	if (!last)
		add_sight(sights, (struct sight){ process->end.time, index, 0,
						  0, 0, true, true });
}

static int
by_time(const void *a, const void *b)
{
	const struct sight *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->gone != y->gone)
		return x->gone ? 1 : -1;
	return x->process < y->process ? -1 : x->process > y->process;
}

/* Appends, or replaces a point of the same time; a process that goes away at
 * that time makes a step. */
static void
put_point(struct rcp_curve *curve, struct rcp_point point, bool step)
{
	if (curve->count > 0 && !step &&
	    curve->points[curve->count - 1].time == point.time)
		curve->count--;
	curve->points[curve->count++] = point;
}

static void
find_rss_peak(struct rcp_curve *curve)
{
	for (size_t i = 0; i < curve->count; i++) {
		if (curve->points[i].rss > curve->rss_peak) {
			curve->rss_peak = curve->points[i].rss;
			curve->rss_peak_time = curve->points[i].time;
		}
	}
}

/* Sums up; what lies before the span only sets the state that it begins
 * with. */
static void
sweep(struct rcp_curve *curve, const struct sights *sights,
      size_t process_count)
{
	struct sight *last = rcp_alloc((process_count + 1) * sizeof(*last));
	struct rcp_point sum = { 0 };
	double variance = 0;

	curve->points = rcp_alloc((sights->count + 1) *
				  sizeof(*curve->points));
	for (size_t i = 0; i < sights->count; i++) {
		const struct sight *s = &sights->items[i];
		struct sight *old = &last[s->process];

		if (s->time > curve->to)
			break;
		if (old->gone)
			continue;
		sum.live += s->live - old->live;
		old->live = s->live;
		variance += s->variance - old->variance;
		old->variance = s->variance;
		sum.error = sqrt(fmax(variance, 0));
		if (s->has_rss) {
			sum.rss += s->rss - old->rss;
			old->rss = s->rss;
		}
		old->gone = s->gone;
		sum.time = s->time;
		if (s->time < curve->from) {
			curve->count = 0;
			sum.time = curve->from;
		}
		put_point(curve, sum, s->gone && s->time >= curve->from);
	}
	find_rss_peak(curve);
	free(last);
}

/* The highest total is known exactly, and may lie between two points, or at
 * one where a process went away at the same time. */
static void
add_peak(struct rcp_curve *curve, const struct rcp_set *set)
{
	struct rcp_peak peak = rcp_set_peak(set);
	struct rcp_point *points;
	size_t i = 0;

	while (i < curve->count && curve->points[i].time < peak.time)
		i++;
	if (peak.time < curve->from || peak.time > curve->to || i == 0 ||
	    (i < curve->count && curve->points[i].time == peak.time &&
	     curve->points[i].live >= peak.bytes))
		return;
	points = rcp_resize(curve->points,
			    (curve->count + 1) * sizeof(*points));
	for (size_t k = curve->count; k > i; k--)
		points[k] = points[k - 1];
	points[i] = (struct rcp_point){ peak.time, points[i - 1].rss,
					peak.bytes,
					sqrt(fmax(peak.variance, 0)) };
	curve->points = points;
	curve->count++;
}

static struct rcp_curve *
make(const struct rcp_set *set, size_t first, size_t count,
     const struct rcp_query *query)
{
	struct rcp_curve *curve = rcp_alloc(sizeof(*curve));
	struct sights sights = { 0 };

	curve->to = set->end_time;
	if (query && query->at.kind != RCP_AT_END)
		curve->to = query->at.time;
	if (query && query->window)
		curve->from = query->from.time;
	for (size_t i = first; i < first + count; i++) {
		add_process(&sights, set, i,
			    count == 1 || set->processes[i]->end.time >=
						  set->end_time);
	}
	if (sights.count > 0)
		qsort(sights.items, sights.count, sizeof(*sights.items),
		      by_time);
	sweep(curve, &sights, set->process_count);
	free(sights.items);
	return curve;
}

struct rcp_curve *
rcp_curve_new(const struct rcp_set *set, const struct rcp_query *query)
{
	struct rcp_curve *curve = make(set, 0, set->process_count, query);

	add_peak(curve, set);
	return curve;
}

struct rcp_curve *
rcp_curve_of_process(const struct rcp_set *set, size_t process,
		     const struct rcp_query *query)
{
	return make(set, process, 1, query);
}

void
rcp_curve_free(struct rcp_curve *curve)
{
	if (!curve)
		return;
	free(curve->points);
	free(curve);
}

void
rcp_curve_columns(const struct rcp_curve *curve, enum rcp_curve_of what,
		  double *values, size_t columns)
{
	double span = (double)(curve->to - curve->from);
	double last = 0;
	size_t i = 0;

	for (size_t k = 0; k < columns; k++) {
		double end = span * (double)(k + 1) / (double)columns;
		double highest = 0;
		bool any = false;

		for (; i < curve->count; i++) {
			const struct rcp_point *p = &curve->points[i];

			if ((double)(p->time - curve->from) > end &&
			    k + 1 < columns)
				break;
			last = what == RCP_CURVE_RSS ? (double)p->rss
						     : (double)p->live;
			if (!any || last > highest)
				highest = last;
			any = true;
		}
		values[k] = any ? highest : last;
	}
}

void
rcp_spark(struct rcp_text *t, const double *values, size_t count, double low,
	  double high)
{
	static const char *const blocks[] = {
		"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83",
		"\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86",
		"\xe2\x96\x87", "\xe2\x96\x88",
	};

	for (size_t i = 0; i < count; i++) {
		double share = high > low ? (values[i] - low) / (high - low)
					  : 0;
		int level = (int)(share * 8);

		level = level < 0 ? 0 : level > 7 ? 7 : level;
		rcp_text_add(t, values[i] <= low ? " " : blocks[level]);
	}
}

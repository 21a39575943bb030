/* SPDX-License-Identifier: MIT
 *
 * bands.c - who holds the memory over time: a fixed number of columns of the
 * biggest groups.  Two passes over the window: the first finds the biggest
 * groups and the snapshot that stands for each column, the second fills the
 * columns.  Offline only.
 */
#include <math.h>
#include <stdlib.h>

#include "model/follow.h"
#include "model/keys.h"
#include "model/memory.h"

struct group {
	int64_t bytes;   /* now */
	double variance; /* of them */
	int64_t max;     /* at any point so far */
	double max_variance;
};

struct banding {
	struct rcp_bands *bands;
	struct rcp_keys *keys;
	int64_t total;
	double variance; /* of the total */
	struct group *groups;
	size_t group_count, group_room;
	uint32_t *changed; /* groups since the last point, perhaps twice */
	size_t changed_count, changed_room;
	bool *filled; /* columns that have a snapshot */
	/* Second pass: points come in the same order again */
	uint64_t point;
	uint64_t *shown;  /* [columns] number of the point that is shown */
	uint32_t *band_group; /* [bands] */
};

static void
add(int64_t *sum, int64_t more)
{
	*sum = (int64_t)((uint64_t)*sum + (uint64_t)more);
}

static void
on_delta(void *context, const struct rcp_delta *delta)
{
	struct banding *b = context;
	uint32_t group = rcp_keys_of(b->keys, delta->process, delta->thread,
				     delta->site);

	while (b->group_count <= group) {
		b->groups = rcp_room(b->groups, b->group_count,
				     &b->group_room, sizeof(*b->groups));
		b->groups[b->group_count++] = (struct group){ 0 };
	}
	add(&b->total, delta->bytes);
	b->variance += delta->var_live;
	add(&b->groups[group].bytes, delta->bytes);
	b->groups[group].variance += delta->var_live;
	b->changed = rcp_room(b->changed, b->changed_count, &b->changed_room,
			      sizeof(*b->changed));
	b->changed[b->changed_count++] = group;
}

static size_t
column_of(const struct rcp_bands *bands, uint64_t time)
{
	long double width = (long double)(bands->to - bands->from);
	long double at = (long double)(time - bands->from);
	size_t column;

	if (time <= bands->from || width <= 0)
		return 0;
	column = (size_t)(at / width * (long double)bands->columns);
	return column < bands->columns ? column : bands->columns - 1;
}

static double
root(double variance)
{
	return sqrt(fmax(variance, 0));
}

/* First pass. */
static void
on_first_point(void *context, uint64_t time, uint32_t process)
{
	struct banding *b = context;
	size_t column = column_of(b->bands, time);

	(void)process;
	for (size_t i = 0; i < b->changed_count; i++) {
		struct group *group = &b->groups[b->changed[i]];

		if (group->bytes <= group->max)
			continue;
		group->max = group->bytes;
		group->max_variance = group->variance;
	}
	b->changed_count = 0;
	if (!b->filled[column] || b->total > b->bands->totals[column]) {
		b->filled[column] = true;
		b->bands->totals[column] = b->total;
		b->bands->errors[column] = root(b->variance);
		b->bands->times[column] = time;
		b->shown[column] = b->point;
	}
	b->point++;
}

/* Second pass. */
static void
on_second_point(void *context, uint64_t time, uint32_t process)
{
	struct banding *b = context;
	size_t column = column_of(b->bands, time);

	(void)process;
	b->changed_count = 0;
	if (b->filled[column] && b->shown[column] == b->point)
		for (size_t i = 0; i < b->bands->count; i++) {
			struct rcp_band *band = &b->bands->bands[i];
			const struct group *group =
				&b->groups[b->band_group[i]];

			band->bytes[column] = group->bytes;
			band->errors[column] = root(group->variance);
		}
	b->point++;
}

struct candidate {
	int64_t max;
	uint32_t group;
};

static int
by_max(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->max != y->max)
		return x->max > y->max ? -1 : 1;
	return x->group < y->group ? -1 : x->group > y->group;
}

static void
choose(struct banding *b, size_t top)
{
	struct rcp_bands *bands = b->bands;
	struct candidate *all = rcp_alloc(b->group_count * sizeof(*all));
	size_t count = 0;

	for (uint32_t i = 0; i < b->group_count; i++)
		if (b->groups[i].max > 0)
			all[count++] =
				(struct candidate){ b->groups[i].max, i };
	qsort(all, count, sizeof(*all), by_max);
	bands->count = count < top ? count : top;
	bands->bands = rcp_alloc(bands->count * sizeof(*bands->bands));
	b->band_group = rcp_alloc(bands->count * sizeof(*b->band_group));
	for (size_t i = 0; i < bands->count; i++) {
		const struct rcp_key *key = &b->keys->keys[all[i].group];

		b->band_group[i] = all[i].group;
		bands->bands[i].name = key->name;
		bands->bands[i].frame = key->frame;
		bands->bands[i].max = all[i].max;
		bands->bands[i].max_error =
			root(b->groups[all[i].group].max_variance);
		bands->bands[i].bytes =
			rcp_alloc(bands->columns * sizeof(int64_t));
		bands->bands[i].errors =
			rcp_alloc(bands->columns * sizeof(double));
	}
	free(all);
}

/* Nothing happened in an empty column: it is as the one before. */
static void
fill_gaps(struct banding *b)
{
	struct rcp_bands *bands = b->bands;

	for (size_t c = 0; c < bands->columns; c++) {
		if (b->filled[c])
			continue;
		bands->times[c] = c ? bands->times[c - 1] : bands->from;
		bands->totals[c] = c ? bands->totals[c - 1] : 0;
		bands->errors[c] = c ? bands->errors[c - 1] : 0;
		for (size_t i = 0; c && i < bands->count; i++) {
			struct rcp_band *band = &bands->bands[i];

			band->bytes[c] = band->bytes[c - 1];
			band->errors[c] = band->errors[c - 1];
		}
	}
}

static bool
run(struct banding *b, struct rcp_set *set, const struct rcp_query *query,
    size_t top, struct rcp_error *error)
{
	struct rcp_follower first = { on_delta, on_first_point, b };
	struct rcp_follower second = { on_delta, on_second_point, b };

	if (!rcp_follow(set, query, &first, error))
		return false;
	choose(b, top);
	b->point = 0;
	b->total = 0;
	b->variance = 0;
	for (size_t i = 0; i < b->group_count; i++) {
		b->groups[i].bytes = 0;
		b->groups[i].variance = 0;
	}
	if (!rcp_follow(set, query, &second, error))
		return false;
	fill_gaps(b);
	return true;
}

struct rcp_bands *
rcp_bands_new(struct rcp_set *set, const struct rcp_query *query,
	      enum rcp_by by, size_t top, size_t columns,
	      struct rcp_error *error)
{
	struct rcp_bands *bands = rcp_alloc(sizeof(*bands));
	struct banding b = { .bands = bands };
	bool good;

	bands->from = query->window ? query->from.time : 0;
	bands->to = rcp_query_end(set, query);
	bands->columns = columns ? columns : 1;
	bands->times = rcp_alloc(bands->columns * sizeof(*bands->times));
	bands->totals = rcp_alloc(bands->columns * sizeof(*bands->totals));
	bands->errors = rcp_alloc(bands->columns * sizeof(*bands->errors));
	b.filled = rcp_alloc(bands->columns * sizeof(*b.filled));
	b.shown = rcp_alloc(bands->columns * sizeof(*b.shown));
	b.groups = NULL;
	b.keys = rcp_keys_new(set, by);
	good = run(&b, set, query, top, error);
	rcp_keys_free(b.keys);
	free(b.groups);
	free(b.changed);
	free(b.filled);
	free(b.shown);
	free(b.band_group);
	if (good)
		return bands;
	rcp_bands_free(bands);
	return NULL;
}

void
rcp_bands_free(struct rcp_bands *bands)
{
	if (!bands)
		return;
	for (size_t i = 0; i < bands->count; i++) {
		free(bands->bands[i].bytes);
		free(bands->bands[i].errors);
	}
	free(bands->bands);
	free(bands->times);
	free(bands->totals);
	free(bands->errors);
	free(bands);
}

/* SPDX-License-Identifier: MIT
 *
 * builder.c - adds states up into the rows of a view.  Offline only.
 */
#include "model/builder.h"

#include <stdlib.h>
#include <string.h>

#include "model/lives.h"
#include "model/memory.h"

void
rcp_builder_init(struct rcp_builder *b, struct rcp_set *set,
		 struct rcp_view *view, struct rcp_filter *filter)
{
	memset(b, 0, sizeof(*b));
	b->set = set;
	b->view = view;
	b->filter = filter;
	b->parts.words = 2;
	b->objects.words = 2;
	b->cycles.words = 1;
}

void
rcp_builder_free(struct rcp_builder *b)
{
	rcp_map_free(&b->parts);
	rcp_map_free(&b->objects);
	rcp_map_free(&b->cycles);
	free(b->part_site);
	free(b->guess);
}

static uint32_t
part_of(struct rcp_builder *b, uint32_t process, uint32_t thread,
	uint32_t site)
{
	struct rcp_view *view = b->view;
	uint64_t key[2] = { site, (uint64_t)process << 32 | thread };
	uint32_t index = rcp_map_get(&b->parts, key);

	if (index != RCP_NONE)
		return index;
	view->parts = rcp_room(view->parts, view->part_count, &b->part_room,
			       sizeof(*view->parts));
	b->part_site = rcp_room(b->part_site, view->part_count, &b->site_room,
				sizeof(*b->part_site));
	index = (uint32_t)view->part_count++;
	rcp_map_put(&b->parts, key, index);
	memset(&view->parts[index], 0, sizeof(view->parts[index]));
	view->parts[index].process = process;
	view->parts[index].thread = thread;
	b->part_site[index] = site;
	return index;
}

/* The same for the cell with that number, which comes up in order. */
static struct rcp_values *
values_of(struct rcp_builder *b, uint32_t process, uint32_t thread,
	  uint32_t site, size_t cell)
{
	struct rcp_part *parts = b->view->parts;
	uint32_t index;

	if (cell < b->guess_count) {
		index = b->guess[cell];
		if (index != RCP_NONE && b->part_site[index] == site &&
		    parts[index].thread == thread &&
		    parts[index].process == process)
			return &parts[index].values;
	}
	index = part_of(b, process, thread, site);
	while (b->guess_count <= cell) {
		b->guess = rcp_room(b->guess, b->guess_count, &b->guess_room,
				    sizeof(*b->guess));
		b->guess[b->guess_count++] = RCP_NONE;
	}
	b->guess[cell] = index;
	return &b->view->parts[index].values;
}

static struct rcp_values
counters(const struct rcp_state *state, const struct rcp_cell *cell)
{
	const uint64_t *v = cell->values;

	return (struct rcp_values){
		.allocations = (int64_t)v[RCP_CELL_ALLOCS],
		.allocated_bytes = (int64_t)v[RCP_CELL_ALLOC_BYTES],
		.frees = (int64_t)v[RCP_CELL_FREES],
		.freed_bytes = (int64_t)v[RCP_CELL_FREED_BYTES],
		.temporary_blocks = (int64_t)v[RCP_CELL_TEMPORARIES],
		.aged = (int64_t)v[RCP_CELL_AGED],
		.lifetime = (double)v[RCP_CELL_LIFETIME] *
			    (double)state->load->age_unit,
		.samples = (int64_t)v[RCP_CELL_SAMPLES],
		.var_allocated = RCP_VAR_UNIT *
				 (double)v[RCP_CELL_VAR_ALLOC_BYTES],
		.var_freed = RCP_VAR_UNIT *
			     (double)(int64_t)(v[RCP_CELL_VAR_ALLOC_BYTES] -
					       v[RCP_CELL_VAR_LIVE_BYTES]),
		.var_allocations = (double)v[RCP_CELL_VAR_ALLOCS],
	};
}

/* The variance of blocks that have the same relative error as their bytes. */
static double
blocks_variance(double variance, int64_t bytes, int64_t blocks)
{
	double size = blocks > 0 ? (double)bytes / (double)blocks : 0;

	return size > 0 && variance > 0 ? variance / (size * size) : 0;
}

static void
add_cell(struct rcp_values *sum, const struct rcp_state *state,
	 const struct rcp_cell *cell, enum rcp_role role)
{
	struct rcp_values more = { 0 };

	if (role <= RCP_ROLE_FROM_GONE) {
		more = counters(state, cell);
		more.var_frees = blocks_variance(
			more.var_freed, more.freed_bytes, more.frees);
	}
	switch (role) {
	case RCP_ROLE_AT:
		more.live_bytes = rcp_cell_live(cell);
		more.live_blocks = rcp_cell_blocks(cell);
		more.var_live = rcp_cell_variance(cell);
		more.var_live_blocks = blocks_variance(
			more.var_live, more.live_bytes, more.live_blocks);
		more.grown_bytes = more.live_bytes;
		more.grown_blocks = more.live_blocks;
		break;
	case RCP_ROLE_FROM:
		more.grown_bytes = rcp_cell_live(cell);
		more.grown_blocks = rcp_cell_blocks(cell);
		/* Subtracted below with the rest, though it adds up. */
		more.var_before = -rcp_cell_variance(cell);
		break;
	case RCP_ROLE_PEAK_OWN:
		more.peak_bytes = rcp_cells_peak(state, cell);
		more.peak_blocks = rcp_cells_peak_blocks(state, cell);
		more.var_peak = rcp_cells_peak_variance(state, cell);
		break;
	case RCP_ROLE_PEAK:
		more.peak_bytes = rcp_cell_live(cell);
		more.peak_blocks = rcp_cell_blocks(cell);
		more.var_peak = rcp_cell_variance(cell);
		break;
	case RCP_ROLE_AT_GONE:
	case RCP_ROLE_FROM_GONE:
		break;
	}
	more.var_peak_blocks = blocks_variance(more.var_peak, more.peak_bytes,
					       more.peak_blocks);
	if (role == RCP_ROLE_FROM || role == RCP_ROLE_FROM_GONE)
		rcp_values_subtract(sum, &more);
	else
		rcp_values_add(sum, &more);
}

/* --- objects --- */

static struct rcp_object_row *
object_of(struct rcp_builder *b, uint32_t process, uint32_t type,
	  uint32_t birth, uint32_t death)
{
	struct rcp_view *view = b->view;
	uint64_t key[2] = { (uint64_t)process << 32 | type,
			    (uint64_t)birth << 32 | death };
	uint32_t index = rcp_map_get(&b->objects, key);
	struct rcp_object_row *row;

	if (index != RCP_NONE)
		return &view->objects[index];
	view->objects = rcp_room(view->objects, view->object_count,
				 &b->object_room, sizeof(*view->objects));
	index = (uint32_t)view->object_count++;
	rcp_map_put(&b->objects, key, index);
	row = &view->objects[index];
	memset(row, 0, sizeof(*row));
	row->process = process;
	row->type = type;
	row->birth = birth;
	row->death = death;
	return row;
}

static void
add_object(struct rcp_builder *b, uint32_t process,
	   const struct rcp_state *state, const struct rcp_object *object,
	   bool negative)
{
	const struct rcp_load *load = state->load;
	uint32_t birth = object->birth == RCP_NONE ?
				 RCP_NONE :
				 load->sites[object->birth];
	uint32_t death = object->death == RCP_NONE ?
				 RCP_NONE :
				 load->sites[object->death];

	if ((birth != RCP_NONE && !rcp_filter_site(b->filter, birth)) ||
	    !rcp_filter_thread(b->filter, process, object->thread))
		return;
	rcp_lives_take(object_of(b, process, object->type, birth, death),
		       object->values, load->age_unit, negative);
}

/* A keyframe may have left it out: then it is zero. */
static bool
is_zero(const struct rcp_object *object)
{
	for (unsigned i = 0; i < RCP_OBJECT_FIELDS; i++)
		if (object->values[i])
			return false;
	return true;
}

void
rcp_builder_add(struct rcp_builder *b, uint32_t process,
		const struct rcp_state *state, enum rcp_role role)
{
	bool before = role == RCP_ROLE_FROM || role == RCP_ROLE_FROM_GONE;

	if (b->guess_process != process)
		b->guess_count = 0;
	b->guess_process = process;
	for (size_t i = 0; i < state->cell_count; i++) {
		const struct rcp_cell *cell = &state->cells[i];
		uint32_t site = state->load->sites[cell->site];

		if (rcp_filter_site(b->filter, site) &&
		    rcp_filter_thread(b->filter, process, cell->thread))
			add_cell(values_of(b, process, cell->thread, site, i),
				 state, cell, role);
	}
	if (role > RCP_ROLE_FROM_GONE)
		return;
	for (size_t i = 0; i < state->object_count; i++)
		if (!is_zero(&state->objects[i]))
			add_object(b, process, state, &state->objects[i],
				   before);
	rcp_builder_cycles(b, process, state, before);
}

/* --- rows --- */

static int
by_thread(const void *a, const void *b)
{
	const struct rcp_part *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

/* Does the part hold a number? */
static bool
holds(const struct rcp_part *part)
{
	static const struct rcp_values nothing;

	// NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): all 0
	return memcmp(&part->values, &nothing, sizeof(nothing)) != 0;
}

/* Brings the parts that hold a number into the order of sites; returns where
 * each site's begin, and after the last one where they end. */
static uint32_t *
sort_parts(struct rcp_builder *b)
{
	struct rcp_view *view = b->view;
	size_t sites = b->set->site_count;
	uint32_t *begin = rcp_alloc((sites + 2) * sizeof(*begin));
	struct rcp_part *sorted;

	for (size_t i = 0; i < view->part_count; i++) {
		if (holds(&view->parts[i]))
			begin[b->part_site[i] + 2]++;
		else
			b->part_site[i] = RCP_NONE;
	}
	for (size_t i = 2; i < sites + 2; i++)
		begin[i] += begin[i - 1];
	sorted = rcp_alloc(begin[sites + 1] * sizeof(*sorted));
	for (size_t i = 0; i < view->part_count; i++)
		if (b->part_site[i] != RCP_NONE)
			sorted[begin[b->part_site[i] + 1]++] = view->parts[i];
	free(view->parts);
	view->parts = sorted;
	view->part_count = begin[sites];
	for (size_t i = 0; i < sites; i++)
		if (begin[i + 1] - begin[i] > 1)
			qsort(sorted + begin[i], begin[i + 1] - begin[i],
			      sizeof(*sorted), by_thread);
	return begin;
}

struct ranked {
	int64_t key;
	uint32_t row;
};

static int
by_metric(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* The rows, by site as they are made, in the order of the metric. */
static void
sort_rows(struct rcp_view *view, enum rcp_metric metric)
{
	struct ranked *ranked = rcp_alloc(view->row_count * sizeof(*ranked));
	struct rcp_row *rows = rcp_alloc(view->row_count * sizeof(*rows));

	for (uint32_t i = 0; i < view->row_count; i++) {
		ranked[i].key =
			rcp_values_metric(&view->rows[i].values, metric);
		ranked[i].row = i;
	}
	qsort(ranked, view->row_count, sizeof(*ranked), by_metric);
	for (size_t i = 0; i < view->row_count; i++)
		rows[i] = view->rows[ranked[i].row];
	free(ranked);
	free(view->rows);
	view->rows = rows;
}

void
rcp_builder_rows(struct rcp_builder *b, enum rcp_metric metric)
{
	struct rcp_view *view = b->view;
	uint32_t *begin = sort_parts(b);
	size_t rows = 0;

	for (size_t i = 0; i < b->set->site_count; i++)
		rows += begin[i + 1] > begin[i];
	view->rows = rcp_alloc(rows * sizeof(*view->rows));
	for (uint32_t i = 0; i < b->set->site_count; i++) {
		struct rcp_row *row = &view->rows[view->row_count];

		if (begin[i + 1] == begin[i])
			continue;
		view->row_count++;
		row->site = i;
		row->part = begin[i];
		row->part_count = begin[i + 1] - begin[i];
		for (uint32_t k = begin[i]; k < begin[i + 1]; k++)
			rcp_values_add(&row->values, &view->parts[k].values);
		rcp_values_add(&view->total, &row->values);
	}
	free(begin);
	sort_rows(view, metric);
}

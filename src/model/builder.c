/* SPDX-License-Identifier: MIT
 *
 * builder.c - adds states up into the rows of a view.  Offline only.
 */
#include "model/builder.h"

#include <stdlib.h>
#include <string.h>

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
}

void
rcp_builder_free(struct rcp_builder *b)
{
	rcp_map_free(&b->parts);
	rcp_map_free(&b->objects);
	free(b->part_site);
}

static struct rcp_values *
values_of(struct rcp_builder *b, uint32_t process, uint32_t thread,
	  uint32_t site)
{
	struct rcp_view *view = b->view;
	uint64_t key[2] = { site, (uint64_t)process << 32 | thread };
	uint32_t index = rcp_map_get(&b->parts, key);

	if (index != RCP_NONE)
		return &view->parts[index].values;
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
	return &view->parts[index].values;
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
	struct rcp_object_row *row;
	uint64_t v[RCP_OBJECT_FIELDS];

	if (birth != RCP_NONE && !rcp_filter_site(b->filter, birth))
		return;
	row = object_of(b, process, object->type, birth, death);
	for (unsigned i = 0; i < RCP_OBJECT_FIELDS; i++)
		v[i] = negative ? -object->values[i] : object->values[i];
	v[0] += (uint64_t)row->born;
	row->born = (int64_t)v[RCP_OBJECT_BORN];
	row->born_bytes = (int64_t)((uint64_t)row->born_bytes +
				    v[RCP_OBJECT_BORN_BYTES]);
	row->died_refcount = (int64_t)((uint64_t)row->died_refcount +
				       v[RCP_OBJECT_DIED_REFCOUNT]);
	row->died_collector = (int64_t)((uint64_t)row->died_collector +
					v[RCP_OBJECT_DIED_COLLECTOR]);
	row->died_unseen = (int64_t)((uint64_t)row->died_unseen +
				     v[RCP_OBJECT_DIED_UNSEEN]);
	row->died_bytes = (int64_t)((uint64_t)row->died_bytes +
				    v[RCP_OBJECT_DIED_BYTES]);
	row->aged = (int64_t)((uint64_t)row->aged + v[RCP_OBJECT_AGED]);
	row->age += (negative ? -1.0 : 1.0) *
		    (double)object->values[RCP_OBJECT_AGE_SUM] *
		    (double)load->age_unit;
}

void
rcp_builder_add(struct rcp_builder *b, uint32_t process,
		const struct rcp_state *state, enum rcp_role role)
{
	bool before = role == RCP_ROLE_FROM || role == RCP_ROLE_FROM_GONE;

	for (size_t i = 0; i < state->cell_count; i++) {
		const struct rcp_cell *cell = &state->cells[i];
		uint32_t site = state->load->sites[cell->site];

		if (rcp_filter_site(b->filter, site) &&
		    rcp_filter_thread(b->filter, process, cell->thread))
			add_cell(values_of(b, process, cell->thread, site),
				 state, cell, role);
	}
	if (role > RCP_ROLE_FROM_GONE)
		return;
	for (size_t i = 0; i < state->object_count; i++)
		add_object(b, process, state, &state->objects[i], before);
}

/* --- rows --- */

struct sorted_part {
	uint32_t site;
	struct rcp_part part;
};

static int
by_site(const void *a, const void *b)
{
	const struct sorted_part *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	if (x->part.process != y->part.process)
		return x->part.process < y->part.process ? -1 : 1;
	return x->part.thread < y->part.thread ? -1 :
	       x->part.thread > y->part.thread;
}

/* Parts that hold a number, by site. */
static struct sorted_part *
sort_parts(struct rcp_builder *b, size_t *count)
{
	static const struct rcp_values nothing;
	const struct rcp_view *view = b->view;
	struct sorted_part *sorted =
		rcp_alloc(view->part_count * sizeof(*sorted));

	*count = 0;
	for (size_t i = 0; i < view->part_count; i++) {
		// NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): all 0
		if (memcmp(&view->parts[i].values, &nothing,
			   sizeof(nothing)) == 0)
			continue;
		sorted[*count].site = b->part_site[i];
		sorted[(*count)++].part = view->parts[i];
	}
	qsort(sorted, *count, sizeof(*sorted), by_site);
	return sorted;
}

struct sorted_row {
	int64_t key;
	struct rcp_row row;
};

static int
by_metric(const void *a, const void *b)
{
	const struct sorted_row *x = a, *y = b;

	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	return x->row.site < y->row.site ? -1 : x->row.site > y->row.site;
}

void
rcp_builder_rows(struct rcp_builder *b, enum rcp_metric metric)
{
	struct rcp_view *view = b->view;
	size_t count, rows = 0;
	struct sorted_part *parts = sort_parts(b, &count);
	struct sorted_row *sorted = rcp_alloc(count * sizeof(*sorted));

	for (size_t i = 0; i < count; i++) {
		struct rcp_row *row;

		if (i == 0 || parts[i].site != parts[i - 1].site) {
			row = &sorted[rows++].row;
			row->site = parts[i].site;
			row->part = (uint32_t)i;
		}
		row = &sorted[rows - 1].row;
		row->part_count++;
		rcp_values_add(&row->values, &parts[i].part.values);
		rcp_values_add(&view->total, &parts[i].part.values);
		view->parts[i] = parts[i].part;
	}
	for (size_t i = 0; i < rows; i++)
		sorted[i].key = rcp_values_metric(&sorted[i].row.values,
						  metric);
	qsort(sorted, rows, sizeof(*sorted), by_metric);
	view->part_count = count;
	view->row_count = rows;
	view->rows = rcp_alloc(rows * sizeof(*view->rows));
	for (size_t i = 0; i < rows; i++)
		view->rows[i] = sorted[i].row;
	free(sorted);
	free(parts);
}

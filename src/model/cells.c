/* SPDX-License-Identifier: MIT
 *
 * cells.c - applies snapshots, one after another, to the counters of a
 * process.  Memory is proportional to its sites, whatever the run's length.
 * Sums wrap like the unsigned numbers of the file; nothing here traps on
 * numbers that make no sense.  Offline only.
 */
#include "model/cells.h"

#include <stdlib.h>
#include <string.h>

#include "model/memory.h"

#define PEAK_FIELDS                                                           \
	(1u << RCP_CELL_PEAK_BYTES | 1u << RCP_CELL_PEAK_BLOCKS |             \
	 1u << RCP_CELL_PEAK_EPOCH | 1u << RCP_CELL_VAR_PEAK_BYTES)

void
rcp_state_init(struct rcp_state *state, struct rcp_load *load)
{
	memset(state, 0, sizeof(*state));
	state->load = load;
	state->cell_index.words = 1;
	state->object_index.words = 4;
	state->cycle_index.words = 1;
}

void
rcp_state_free(struct rcp_state *state)
{
	free(state->cells);
	free(state->touched);
	free(state->objects);
	free(state->cycles);
	free(state->pending);
	rcp_saved_free(state->saved);
	rcp_map_free(&state->cell_index);
	rcp_map_free(&state->object_index);
	rcp_map_free(&state->cycle_index);
}

/* --- cells --- */

static void
touch(struct rcp_state *state, struct rcp_cell *cell)
{
	if (cell->touched)
		return;
	if (state->saved && !cell->saved)
		rcp_saved_cell(state, cell);
	cell->touched = true;
	cell->old_bytes = rcp_cell_live(cell);
	cell->old_blocks = rcp_cell_blocks(cell);
	cell->old_var_live = cell->values[RCP_CELL_VAR_LIVE_BYTES];
	cell->old_var_alloc = cell->values[RCP_CELL_VAR_ALLOC_BYTES];
	state->touched = rcp_room(state->touched, state->touched_count,
				  &state->touched_room,
				  sizeof(*state->touched));
	state->touched[state->touched_count++] =
		(uint32_t)(cell - state->cells);
}

static struct rcp_cell *
find_cell(struct rcp_state *state, uint32_t thread, uint32_t site)
{
	uint64_t key = (uint64_t)thread << 32 | site;
	uint32_t index = rcp_map_get1(&state->cell_index, key);
	struct rcp_cell *cell;

	if (index != RCP_NONE)
		return &state->cells[index];
	state->cells = rcp_room(state->cells, state->cell_count,
				&state->cell_room, sizeof(*state->cells));
	index = (uint32_t)state->cell_count++;
	rcp_map_put1(&state->cell_index, key, index);
	cell = &state->cells[index];
	memset(cell, 0, sizeof(*cell));
	cell->thread = thread;
	cell->site = site;
	return cell;
}

static void
apply_cell(struct rcp_state *state, const struct rcp_record *record)
{
	uint32_t mask = record->u.cell.mask;
	uint32_t thread = rcp_load_thread(state->load, record->u.cell.thread,
					  state->make);
	uint32_t site = rcp_load_site(state->load, record->u.cell.site,
				      state->make);
	struct rcp_cell *cell;

	if (thread == RCP_NONE || site == RCP_NONE) {
		state->bad++;
		return;
	}
	cell = find_cell(state, thread, site);
	touch(state, cell);
	for (unsigned i = 0; i < RCP_CELL_FIELDS; i++) {
		if (!(mask >> i & 1))
			continue;
		if (PEAK_FIELDS >> i & 1)
			cell->values[i] = record->u.cell.values[i];
		else
			cell->values[i] += record->u.cell.values[i];
	}
	if (mask >> RCP_CELL_PEAK_EPOCH & 1)
		cell->has_peak = true;
}

/* Is what the cell keeps of a peak that of the last one? */
static bool
keeps_peak(const struct rcp_state *state, const struct rcp_cell *cell)
{
	return cell->has_peak && cell->values[RCP_CELL_PEAK_EPOCH] ==
					 state->totals[RCP_TOTAL_PEAK_EPOCH];
}

int64_t
rcp_cells_peak(const struct rcp_state *state, const struct rcp_cell *cell)
{
	if (keeps_peak(state, cell))
		return (int64_t)cell->values[RCP_CELL_PEAK_BYTES];
	return rcp_cell_live(cell);
}

double
rcp_cells_peak_variance(const struct rcp_state *state,
			const struct rcp_cell *cell)
{
	if (keeps_peak(state, cell))
		return RCP_VAR_UNIT *
		       (double)(int64_t)cell->values[RCP_CELL_VAR_PEAK_BYTES];
	return rcp_cell_variance(cell);
}

void
rcp_state_peak(const struct rcp_state *state, int64_t *bytes,
	       double *variance)
{
	uint64_t sum = 0;

	*variance = 0;
	for (size_t i = 0; i < state->cell_count; i++) {
		sum += (uint64_t)rcp_cells_peak(state, &state->cells[i]);
		*variance += rcp_cells_peak_variance(state, &state->cells[i]);
	}
	*bytes = (int64_t)sum;
}

int64_t
rcp_cells_peak_blocks(const struct rcp_state *state,
		     const struct rcp_cell *cell)
{
	if (keeps_peak(state, cell))
		return (int64_t)cell->values[RCP_CELL_PEAK_BLOCKS];
	return rcp_cell_blocks(cell);
}

/* --- objects --- */

static void
apply_object(struct rcp_state *state, const struct rcp_record *record)
{
	struct rcp_load *load = state->load;
	struct rcp_object *object;
	uint64_t key[4];
	uint32_t index;

	key[0] = record->u.object.site;
	key[1] = record->u.object.type;
	key[2] = record->u.object.death_site;
	key[3] = record->u.object.thread;
	index = rcp_map_get(&state->object_index, key);
	if (index == RCP_NONE) {
		state->objects = rcp_room(state->objects, state->object_count,
					  &state->object_room,
					  sizeof(*state->objects));
		index = (uint32_t)state->object_count++;
		rcp_map_put(&state->object_index, key, index);
		object = &state->objects[index];
		memset(object, 0, sizeof(*object));
		object->birth =
			rcp_load_site(load, record->u.object.site, false);
		object->death = rcp_load_site(
			load, record->u.object.death_site, false);
		object->type = rcp_map_get1(&load->type_ids,
					    record->u.object.type);
		object->thread = rcp_load_thread(
			load, record->u.object.thread, false);
	}
	object = &state->objects[index];
	if (state->saved && !object->saved)
		rcp_saved_object(state, object);
	for (unsigned i = 0; i < RCP_OBJECT_FIELDS; i++)
		object->values[i] += record->u.object.values[i];
}

/* --- snapshots --- */

/* Keeps a chunk's type, length and payload for its SNAP_END. */
static void
keep(struct rcp_state *state, const struct rcp_raw_chunk *chunk)
{
	size_t need = state->pending_len + 8 + chunk->length;

	if (need > state->pending_room) {
		state->pending_room = need * 2;
		state->pending =
			rcp_resize(state->pending, state->pending_room);
	}
	memcpy(state->pending + state->pending_len,
	       &(uint32_t[2]){ chunk->type, chunk->length }, 8);
	memcpy(state->pending + state->pending_len + 8, chunk->payload,
	       chunk->length);
	state->pending_len = need;
}

static void
apply_pending(struct rcp_state *state)
{
	size_t at = 0;

	while (at < state->pending_len) {
		struct rcp_raw_chunk chunk;
		struct rcp_records records;
		struct rcp_record record;
		uint32_t head[2];
		int more;

		memcpy(head, state->pending + at, 8);
		memset(&chunk, 0, sizeof(chunk));
		chunk.type = (uint16_t)head[0];
		chunk.length = head[1];
		chunk.payload = state->pending + at + 8;
		at += 8 + chunk.length;
		rcp_records_begin(&records, &chunk);
		while ((more = rcp_records_next(&records, &record)) > 0) {
			if (record.type == RCP_CHUNK_CELLS)
				apply_cell(state, &record);
			else if (chunk.type == RCP_CHUNK_CYCLES)
				rcp_state_cycle(state, &record);
			else
				apply_object(state, &record);
		}
		if (more < 0)
			state->bad++;
	}
	state->pending_len = 0;
}

/* A keyframe says everything anew: what it leaves out is zero. */
static void
forget(struct rcp_state *state)
{
	for (size_t i = 0; i < state->cell_count; i++) {
		touch(state, &state->cells[i]);
		memset(state->cells[i].values, 0,
		       sizeof(state->cells[i].values));
		state->cells[i].has_peak = false;
	}
	for (size_t i = 0; i < state->object_count; i++) {
		struct rcp_object *object = &state->objects[i];

		if (state->saved && !object->saved)
			rcp_saved_object(state, object);
		memset(object->values, 0, sizeof(object->values));
	}
	rcp_state_forget_cycles(state);
}

static void
read_totals(struct rcp_state *state, const struct rcp_raw_chunk *chunk)
{
	struct rcp_records records;
	struct rcp_record record;
	int more;

	memset(state->totals, 0, sizeof(state->totals));
	state->totals_seen = 0;
	rcp_records_begin(&records, chunk);
	while ((more = rcp_records_next(&records, &record)) > 0) {
		if (record.u.total.key >= RCP_TOTALS)
			continue;
		state->totals[record.u.total.key] = record.u.total.value;
		state->totals_seen |= 1u << record.u.total.key;
	}
	if (more < 0)
		state->bad++;
}

static void
begin(struct rcp_state *state, const struct rcp_raw_chunk *chunk)
{
	struct rcp_records records;
	struct rcp_record record;

	/* What an unfinished snapshot has brought is dropped. */
	state->pending_len = 0;
	rcp_records_begin(&records, chunk);
	state->open = rcp_records_next(&records, &record) > 0;
	if (!state->open) {
		state->bad++;
		return;
	}
	state->seq = record.u.snap_begin.seq;
	state->time = record.u.snap_begin.time;
	state->keyframe = record.u.snap_begin.flags & RCP_SNAP_KEYFRAME;
	state->reason = record.u.snap_begin.reason;
	state->offset = chunk->offset;
}

static void
complete(struct rcp_state *state, const struct rcp_raw_chunk *chunk)
{
	uint64_t bytes = 0, blocks = 0, variance = 0;

	for (size_t i = 0; i < state->touched_count; i++)
		state->cells[state->touched[i]].touched = false;
	state->touched_count = 0;
	read_totals(state, chunk);
	if (state->keyframe)
		forget(state);
	apply_pending(state);
	for (size_t i = 0; i < state->touched_count; i++) {
		const struct rcp_cell *cell = &state->cells[state->touched[i]];

		bytes += (uint64_t)rcp_cell_live(cell) -
			 (uint64_t)cell->old_bytes;
		blocks += (uint64_t)rcp_cell_blocks(cell) -
			  (uint64_t)cell->old_blocks;
		variance += cell->values[RCP_CELL_VAR_LIVE_BYTES] -
			    cell->old_var_live;
	}
	state->live_bytes = (int64_t)((uint64_t)state->live_bytes + bytes);
	state->live_blocks = (int64_t)((uint64_t)state->live_blocks + blocks);
	state->live_variance =
		(int64_t)((uint64_t)state->live_variance + variance);
	state->open = false;
}

bool
rcp_state_take(struct rcp_state *state, const struct rcp_raw_chunk *chunk)
{
	switch (chunk->type) {
	case RCP_CHUNK_SNAP_BEGIN:
		begin(state, chunk);
		return false;
	case RCP_CHUNK_CELLS:
	case RCP_CHUNK_COUNTS:
	case RCP_CHUNK_OBJECTS:
	case RCP_CHUNK_CYCLES:
		if (state->open)
			keep(state, chunk);
		return false;
	case RCP_CHUNK_SNAP_END:
		if (!state->open)
			return false;
		complete(state, chunk);
		return true;
	default:
		return false;
	}
}

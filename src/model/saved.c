/* SPDX-License-Identifier: MIT
 *
 * saved.c - a state that stands at two snapshots: the marked one and the last
 * one.  What differs between them is kept twice, so that going from one to the
 * other costs what changed.  Offline only.
 */
#include <stdlib.h>
#include <string.h>
#include <string.h>

#include "model/cells.h"
#include "model/memory.h"

struct rcp_saved {
	/* Copies of what was changed since the mark, as it was */
	struct rcp_cell *cells;
	uint32_t *cell_index;
	size_t cell_count, cell_room, index_room;
	struct rcp_object *objects;
	uint32_t *object_index;
	size_t object_count, object_room, object_index_room;
	/* All of them: they are few */
	struct rcp_cycle_cell *cycles;
	size_t cycle_count;
	struct rcp_sums sums;
};

void
rcp_saved_free(struct rcp_saved *saved)
{
	if (!saved)
		return;
	free(saved->cells);
	free(saved->cell_index);
	free(saved->objects);
	free(saved->object_index);
	free(saved->cycles);
	free(saved);
}

void
rcp_state_mark(struct rcp_state *state)
{
	struct rcp_saved *saved = state->saved;

	for (size_t i = 0; saved && i < saved->cell_count; i++)
		state->cells[saved->cell_index[i]].saved = false;
	for (size_t i = 0; saved && i < saved->object_count; i++)
		state->objects[saved->object_index[i]].saved = false;
	rcp_saved_free(saved);
	state->saved = rcp_alloc(sizeof(*state->saved));
	saved = state->saved;
	saved->sums = state->sums;
	saved->cycle_count = state->cycle_count;
	saved->cycles = rcp_alloc((saved->cycle_count + 1) *
				  sizeof(*saved->cycles));
	if (saved->cycle_count)
		memcpy(saved->cycles, state->cycles,
		       saved->cycle_count * sizeof(*saved->cycles));
}

void
rcp_saved_cell(struct rcp_state *state, struct rcp_cell *cell)
{
	struct rcp_saved *s = state->saved;

	s->cells = rcp_room(s->cells, s->cell_count, &s->cell_room,
			    sizeof(*s->cells));
	s->cell_index = rcp_room(s->cell_index, s->cell_count, &s->index_room,
				 sizeof(*s->cell_index));
	cell->saved = true;
	s->cells[s->cell_count] = *cell;
	s->cell_index[s->cell_count++] = (uint32_t)(cell - state->cells);
}

void
rcp_saved_object(struct rcp_state *state, struct rcp_object *object)
{
	struct rcp_saved *s = state->saved;

	s->objects = rcp_room(s->objects, s->object_count, &s->object_room,
			      sizeof(*s->objects));
	s->object_index = rcp_room(s->object_index, s->object_count,
				   &s->object_index_room,
				   sizeof(*s->object_index));
	object->saved = true;
	s->objects[s->object_count] = *object;
	s->object_index[s->object_count++] =
		(uint32_t)(object - state->objects);
}

void
rcp_state_swap(struct rcp_state *state)
{
	struct rcp_saved *s = state->saved;
	struct rcp_cycle_cell *cycles = state->cycles;
	size_t cycle_count = state->cycle_count;
	struct rcp_sums sums = state->sums;

	state->cycles = s->cycles;
	state->cycle_count = s->cycle_count;
	s->cycles = cycles;
	s->cycle_count = cycle_count;
	state->sums = s->sums;
	s->sums = sums;
	for (size_t i = 0; i < s->cell_count; i++) {
		struct rcp_cell cell = s->cells[i];

		s->cells[i] = state->cells[s->cell_index[i]];
		state->cells[s->cell_index[i]] = cell;
	}
	for (size_t i = 0; i < s->object_count; i++) {
		struct rcp_object object = s->objects[i];

		s->objects[i] = state->objects[s->object_index[i]];
		state->objects[s->object_index[i]] = object;
	}
}

/* SPDX-License-Identifier: MIT
 *
 * collected.c - what a file tells of how objects die together: cycles that only
 * the collector frees, how many of each at a snapshot, the garbage of each
 * collection, cascades.  Offline only.
 */
#include <string.h>

#include "model/builder.h"
#include "model/cells.h"
#include "model/load.h"
#include "model/memory.h"

#define MEMBERS_MAX 1024u /* of one cycle; the writer's have a few */

/* --- what stands outside of snapshots --- */

static void
add_member(struct rcp_load *load, const struct rcp_cycle_member *m)
{
	struct rcp_process *process = load->process;
	struct rcp_member_info *member;
	uint32_t site = rcp_load_site(load, m->site, false);

	process->cycle_members = rcp_room(process->cycle_members,
					  process->cycle_member_count,
					  &load->member_room,
					  sizeof(*process->cycle_members));
	member = &process->cycle_members[process->cycle_member_count++];
	member->type = rcp_map_get1(&load->type_ids, m->type);
	member->attribute = rcp_load_text(load, m->attribute);
	member->site = site == RCP_NONE ? RCP_NONE : load->sites[site];
}

static void
define_cycle(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_process *process = load->process;
	struct rcp_bytes members = record->u.cycle.members;
	struct rcp_cycle_member member;
	struct rcp_cycle_info *cycle;

	if (rcp_map_get1(&load->cycle_ids, record->u.cycle.id) != RCP_NONE)
		return;
	if (record->u.cycle.count > MEMBERS_MAX) {
		process->bad_records++;
		return;
	}
	process->cycles = rcp_room(process->cycles, process->cycle_count,
				   &load->cycle_room,
				   sizeof(*process->cycles));
	cycle = &process->cycles[process->cycle_count];
	memset(cycle, 0, sizeof(*cycle));
	cycle->member = (uint32_t)process->cycle_member_count;
	while (rcp_cycle_next(&members, &member)) {
		if (member.type == RCP_CYCLE_KNOT) {
			cycle->knot = true;
			continue;
		}
		add_member(load, &member);
		cycle->count++;
	}
	rcp_map_put1(&load->cycle_ids, record->u.cycle.id,
		     (uint32_t)process->cycle_count++);
}

static void
note_cascade(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_process *process = load->process;
	struct rcp_cascade_info *cascade;
	uint32_t node = 0;

	if (record->u.cascade.node)
		node = rcp_load_node(load, record->u.cascade.node);
	process->cascades = rcp_room(process->cascades,
				     process->cascade_count,
				     &load->cascade_room,
				     sizeof(*process->cascades));
	cascade = &process->cascades[process->cascade_count++];
	cascade->time = rcp_load_time(load, record->u.cascade.time);
	cascade->pause = record->u.cascade.pause;
	cascade->objects = record->u.cascade.objects;
	cascade->bytes = record->u.cascade.bytes;
	cascade->node = node == RCP_NONE ? 0 : node;
	cascade->thread = record->u.cascade.thread ?
				  rcp_map_get1(&load->thread_ids,
					       record->u.cascade.thread) :
				  RCP_NONE;
}

static void
note_garbage(struct rcp_load *load, const struct rcp_record *record)
{
	struct rcp_process *process = load->process;
	struct rcp_garbage_info *garbage;

	process->garbage = rcp_room(process->garbage, process->garbage_count,
				    &load->garbage_room,
				    sizeof(*process->garbage));
	garbage = &process->garbage[process->garbage_count++];
	garbage->time = rcp_load_time(load, record->u.garbage.time);
	garbage->objects = record->u.garbage.objects;
	garbage->bytes = record->u.garbage.bytes;
	garbage->waited_max = record->u.garbage.waited_max;
	garbage->byte_ms = record->u.garbage.byte_ms;
}

void
rcp_load_collected(struct rcp_load *load, const struct rcp_record *record)
{
	if (record->type == RCP_CHUNK_CYCLE)
		define_cycle(load, record);
	else if (record->type == RCP_CHUNK_CASCADE)
		note_cascade(load, record);
	else
		note_garbage(load, record);
}

/* --- cells --- */

void
rcp_state_cycle(struct rcp_state *state, const struct rcp_record *record)
{
	uint32_t cycle = rcp_map_get1(&state->load->cycle_ids,
				      record->u.cycle_cell.cycle);
	uint32_t index;
	uint64_t *values;

	if (cycle == RCP_NONE) {
		state->bad++;
		return;
	}
	index = rcp_map_get1(&state->cycle_index, cycle);
	if (index == RCP_NONE) {
		state->cycles = rcp_room(state->cycles, state->cycle_count,
					 &state->cycle_room,
					 sizeof(*state->cycles));
		index = (uint32_t)state->cycle_count++;
		rcp_map_put1(&state->cycle_index, cycle, index);
		memset(&state->cycles[index], 0, sizeof(*state->cycles));
		state->cycles[index].cycle = cycle;
	}
	values = state->cycles[index].values;
	for (unsigned i = 0; i < RCP_CYCLE_FIELDS; i++) {
		if (!(record->u.cycle_cell.mask >> i & 1))
			continue;
		if (i == RCP_CYCLE_WAITED_MAX)
			values[i] = record->u.cycle_cell.values[i];
		else
			values[i] += record->u.cycle_cell.values[i];
	}
}

void
rcp_state_forget_cycles(struct rcp_state *state)
{
	for (size_t i = 0; i < state->cycle_count; i++)
		memset(state->cycles[i].values, 0,
		       sizeof(state->cycles[i].values));
}

/* --- rows --- */

static struct rcp_cycle_row *
row_of(struct rcp_builder *b, uint32_t process, uint32_t cycle)
{
	struct rcp_view *view = b->view;
	uint64_t key = (uint64_t)process << 32 | cycle;
	uint32_t index = rcp_map_get1(&b->cycles, key);
	struct rcp_cycle_row *row;

	if (index != RCP_NONE)
		return &view->cycles[index];
	view->cycles = rcp_room(view->cycles, view->cycle_count,
				&b->cycle_room, sizeof(*view->cycles));
	index = (uint32_t)view->cycle_count++;
	rcp_map_put1(&b->cycles, key, index);
	row = &view->cycles[index];
	memset(row, 0, sizeof(*row));
	row->process = process;
	row->cycle = cycle;
	return row;
}

static void
add(int64_t *sum, uint64_t more, bool negative)
{
	*sum = (int64_t)((uint64_t)*sum + (negative ? -more : more));
}

void
rcp_builder_cycles(struct rcp_builder *b, uint32_t process,
		   const struct rcp_state *state, bool negative)
{
	for (size_t i = 0; i < state->cycle_count; i++) {
		const struct rcp_cycle_cell *cell = &state->cycles[i];
		const uint64_t *v = cell->values;
		struct rcp_cycle_row *row = row_of(b, process, cell->cycle);

		add(&row->n, v[RCP_CYCLE_COUNT], negative);
		add(&row->objects, v[RCP_CYCLE_OBJECTS], negative);
		add(&row->bytes, v[RCP_CYCLE_BYTES], negative);
		add(&row->waited, v[RCP_CYCLE_WAITED], negative);
		add(&row->byte_ms, v[RCP_CYCLE_BYTE_MS], negative);
		if (!negative && v[RCP_CYCLE_WAITED_MAX] > row->waited_max)
			row->waited_max = v[RCP_CYCLE_WAITED_MAX];
	}
}

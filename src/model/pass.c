/* SPDX-License-Identifier: MIT
 *
 * pass.c - reads files again from a keyframe on.  Offline only.
 */
#include "model/pass.h"

#include <stdlib.h>

#include "model/memory.h"

/* Reads on to the end of snapshot `snap`, which is the next one. */
static bool
read_snapshot(struct rcp_file *file, const struct rcp_process *process,
	      uint32_t snap, struct rcp_state *state, struct rcp_error *error)
{
	struct rcp_raw_chunk chunk;

	while (rcp_file_next(file, &chunk))
		if (rcp_state_take(state, &chunk)) {
			if (state->offset == process->snaps[snap].offset)
				return true;
			break;
		}
	rcp_error_set(error, "%s: has changed while it was read",
		      process->path);
	return false;
}

/* The last keyframe at or before a snapshot. */
static uint32_t
keyframe_before(const struct rcp_process *process, uint32_t snap)
{
	while (snap > 0 && !process->snaps[snap].keyframe)
		snap--;
	return snap;
}

bool
rcp_state_at(const struct rcp_process *process, uint32_t snap,
	     struct rcp_state *state, struct rcp_error *error)
{
	uint32_t at = keyframe_before(process, snap);
	struct rcp_file file;
	bool good = true;

	rcp_state_init(state, process->load);
	rcp_file_share(&file, &process->load->file);
	rcp_file_seek(&file, process->snaps[at].offset);
	for (; good && at <= snap; at++)
		good = read_snapshot(&file, process, at, state, error);
	rcp_file_close(&file);
	if (!good)
		rcp_state_free(state);
	return good;
}

const struct rcp_state *
rcp_state_look(const struct rcp_process *process, uint32_t snap,
	       struct rcp_state *room, struct rcp_error *error)
{
	struct rcp_load *load = process->load;
	bool last = snap + 1 == process->snap_count;

	rcp_state_init(room, load);
	if (!load->kept || (!last && snap != load->marked_snap))
		return rcp_state_at(process, snap, room, error) ? room : NULL;
	if (load->marked_snap != RCP_NONE &&
	    load->swapped != (snap == load->marked_snap)) {
		rcp_state_swap(load->kept);
		load->swapped = !load->swapped;
	}
	return load->kept;
}

/* --- all processes in the order of time --- */

struct walker {
	const struct rcp_process *process;
	struct rcp_file file;
	struct rcp_state state;
	uint32_t next; /* snapshot to come */
	bool over;     /* nothing more to tell */
};

struct rcp_pass {
	struct rcp_set *set;
	struct walker *walkers;
};

struct rcp_pass *
rcp_pass_new(struct rcp_set *set, uint64_t from)
{
	struct rcp_pass *pass = rcp_alloc(sizeof(*pass));

	pass->set = set;
	pass->walkers = rcp_alloc(set->process_count * sizeof(*pass->walkers));
	for (uint32_t i = 0; i < set->process_count; i++) {
		struct walker *w = &pass->walkers[i];
		struct rcp_moment moment = { RCP_AT_TIME, from };
		uint32_t snap = rcp_snap_at(set, i, &moment);

		w->process = set->processes[i];
		w->over = w->process->snap_count == 0;
		rcp_file_share(&w->file, &w->process->load->file);
		rcp_state_init(&w->state, w->process->load);
		if (snap != RCP_NONE)
			w->next = keyframe_before(w->process, snap);
		if (!w->over)
			rcp_file_seek(&w->file,
				      w->process->snaps[w->next].offset);
	}
	return pass;
}

void
rcp_pass_free(struct rcp_pass *pass)
{
	for (size_t i = 0; i < pass->set->process_count; i++) {
		rcp_file_close(&pass->walkers[i].file);
		rcp_state_free(&pass->walkers[i].state);
	}
	free(pass->walkers);
	free(pass);
}

bool
rcp_pass_leaves(const struct rcp_set *set, const struct rcp_process *process)
{
	return process->end.reason != RCP_ENDED_RUNNING &&
	       process->end.time < set->end_time;
}

/* When a walker has something to tell; UINT64_MAX: never again. */
static uint64_t
next_time(const struct rcp_pass *pass, const struct walker *w)
{
	if (w->over)
		return UINT64_MAX;
	if (w->next < w->process->snap_count)
		return w->process->snaps[w->next].time;
	return rcp_pass_leaves(pass->set, w->process) ? w->process->end.time
						     : UINT64_MAX;
}

int
rcp_pass_next(struct rcp_pass *pass, struct rcp_step *step,
	      struct rcp_error *error)
{
	struct walker *first = NULL;
	uint64_t time = UINT64_MAX;

	for (size_t i = 0; i < pass->set->process_count; i++) {
		uint64_t t = next_time(pass, &pass->walkers[i]);

		if (t < time) {
			time = t;
			first = &pass->walkers[i];
		}
	}
	if (!first)
		return 0;
	step->time = time;
	step->process = (uint32_t)(first - pass->walkers);
	step->state = &first->state;
	if (first->next >= first->process->snap_count) {
		step->snap = RCP_NONE;
		first->over = true;
		return 1;
	}
	step->snap = first->next;
	if (!read_snapshot(&first->file, first->process, first->next,
			   &first->state, error))
		return -1;
	first->next++;
	return 1;
}

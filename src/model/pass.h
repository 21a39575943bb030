/* SPDX-License-Identifier: MIT
 *
 * pass.h - the states of processes: at one snapshot, or one after another in
 * the order of time over all processes.  Offline only.
 */
#ifndef RCP_MODEL_PASS_H
#define RCP_MODEL_PASS_H

#include "model/cells.h"
#include "model/file.h"

/* The state of a process at its snapshot `snap`; rcp_state_free it.  False if
 * the file has changed since it was opened. */
bool rcp_state_at(const struct rcp_process *process, uint32_t snap,
		  struct rcp_state *state, struct rcp_error *error);

/* The same, but if that state is at hand it is not read again: *room then
 * stays empty, and the state is good until the next call.  NULL: *error.
 * rcp_state_free the room, not the state. */
const struct rcp_state *rcp_state_look(const struct rcp_process *process,
				       uint32_t snap, struct rcp_state *room,
				       struct rcp_error *error);

struct rcp_pass;

/* What happened next.  state->touched names the cells that changed, with
 * their live before; the rest of the state is as of the snapshot. */
struct rcp_step {
	uint64_t time;
	uint32_t process;
	uint32_t snap; /* RCP_NONE: the process is over, while others go on;
			  what it had is gone */
	struct rcp_state *state;
};

/* Starts with the last snapshots at or before `from` (and, to get there, what
 * stands between them and their keyframes: those steps come too). */
struct rcp_pass *rcp_pass_new(struct rcp_set *set, uint64_t from);

/* Does a process go away before the set ends?  Those that last as long as the
 * set are not taken away. */
bool rcp_pass_leaves(const struct rcp_set *set,
		     const struct rcp_process *process);

/* 1: *step is filled; 0: no more; -1: *error is.  The state is the pass's and
 * changes with the next call. */
int rcp_pass_next(struct rcp_pass *pass, struct rcp_step *step,
		  struct rcp_error *error);
void rcp_pass_free(struct rcp_pass *pass);

#endif

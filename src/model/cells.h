/* SPDX-License-Identifier: MIT
 *
 * cells.h - the counters of one process at one snapshot.  Offline only.
 */
#ifndef RCP_MODEL_CELLS_H
#define RCP_MODEL_CELLS_H

#include "model/load.h"

struct rcp_cell {
	uint32_t thread; /* index in the process */
	uint32_t site;   /* index in the load */
	uint64_t values[RCP_CELL_FIELDS]; /* peak fields: see has_peak */
	bool has_peak;
	bool touched; /* by the snapshot being applied */
	bool saved;   /* saved.c's */
	int64_t old_bytes, old_blocks; /* live before it */
	/* Variances before it, as they stand in the file */
	uint64_t old_var_live, old_var_alloc;
};

struct rcp_object {
	uint32_t birth, death; /* sites of the load, RCP_NONE: unknown */
	uint32_t type;         /* index in the process, RCP_NONE */
	uint32_t thread;       /* the same */
	uint64_t values[RCP_OBJECT_FIELDS];
	bool saved; /* saved.c's */
};

struct rcp_cycle_cell {
	uint32_t cycle; /* index in the process */
	uint64_t values[RCP_CYCLE_FIELDS];
};

#define RCP_TOTALS 32

/* What holds for all cells together at a snapshot. */
#define RCP_STATE_SUMS                                                       \
	uint64_t totals[RCP_TOTALS]; /* of the last snapshot */              \
	uint32_t totals_seen;        /* bit: it was written */               \
	int64_t live_bytes, live_blocks; /* sums over the cells */           \
	int64_t live_variance /* the same, in units of RCP_VAR_UNIT */
struct rcp_sums {
	RCP_STATE_SUMS;
};

struct rcp_saved;

struct rcp_state {
	struct rcp_load *load;
	bool make; /* undefined sites and threads get a definition */
	/* cells[] only grows: a cell that a keyframe leaves out is zero */
	struct rcp_cell *cells;
	size_t cell_count, cell_room;
	struct rcp_map cell_index; /* thread|site */
	uint32_t *touched;         /* cells changed by the last snapshot */
	size_t touched_count, touched_room;
	struct rcp_object *objects;
	size_t object_count, object_room;
	struct rcp_map object_index; /* ids: all four */
	struct rcp_cycle_cell *cycles;
	size_t cycle_count, cycle_room;
	struct rcp_map cycle_index; /* cycle */
	union {
		struct {
			RCP_STATE_SUMS;
		};
		struct rcp_sums sums;
	};
	struct rcp_saved *saved; /* NULL: nothing is marked */
	uint64_t bad;                    /* malformed records so far */

	/* The snapshot being read */
	bool open, keyframe;
	uint64_t seq, time, offset;
	uint8_t reason;
	uint8_t *pending; /* payloads of its CELLS, OBJECTS, CYCLES */
	size_t pending_len, pending_room;
};

void rcp_state_init(struct rcp_state *state, struct rcp_load *load);
void rcp_state_free(struct rcp_state *state);

/* Takes one chunk; those that are none of a snapshot's are passed over.  True
 * when it was a SNAP_END that completed a snapshot, which then holds. */
bool rcp_state_take(struct rcp_state *state,
		    const struct rcp_raw_chunk *chunk);

/* saved.c.  From a mark on the state remembers what it was then; a swap makes
 * it what it was, the next one what it had become.  In between it must not
 * take anything. */
void rcp_state_mark(struct rcp_state *state);
void rcp_state_swap(struct rcp_state *state);
void rcp_saved_cell(struct rcp_state *state, struct rcp_cell *cell);
void rcp_saved_object(struct rcp_state *state, struct rcp_object *object);
void rcp_saved_free(struct rcp_saved *saved);

/* collected.c: a CYCLES record; a keyframe forgets them all. */
void rcp_state_cycle(struct rcp_state *state, const struct rcp_record *record);
void rcp_state_forget_cycles(struct rcp_state *state);

static inline int64_t
rcp_cell_live(const struct rcp_cell *cell)
{
	return (int64_t)(cell->values[RCP_CELL_ALLOC_BYTES] -
			 cell->values[RCP_CELL_FREED_BYTES]);
}

static inline int64_t
rcp_cell_blocks(const struct rcp_cell *cell)
{
	return (int64_t)(cell->values[RCP_CELL_ALLOCS] -
			 cell->values[RCP_CELL_FREES]);
}

/* Of the live bytes, bytes^2; negative where a thread has freed more than it
 * has allocated. */
static inline double
rcp_cell_variance(const struct rcp_cell *cell)
{
	return RCP_VAR_UNIT *
	       (double)(int64_t)cell->values[RCP_CELL_VAR_LIVE_BYTES];
}

/* Live bytes and blocks at the peak, by the rule of RCP_CELL_PEAK_BYTES. */
int64_t rcp_cells_peak(const struct rcp_state *state,
		      const struct rcp_cell *cell);
int64_t rcp_cells_peak_blocks(const struct rcp_state *state,
			     const struct rcp_cell *cell);
double rcp_cells_peak_variance(const struct rcp_state *state,
			       const struct rcp_cell *cell);

/* Sums over all cells of live bytes at the peak and of their variance. */
void rcp_state_peak(const struct rcp_state *state, int64_t *bytes,
		    double *variance);

#endif

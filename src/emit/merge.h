/* SPDX-License-Identifier: MIT
 *
 * merge.h - adds up the cell records of several snapshots, so that one can
 * stand for all of them.
 *
 * The table has a fixed size.  A run of snapshots with more cells than it
 * holds is gone through several times: each pass takes the cells whose hash
 * lies within its bounds, as many as fit.
 */
#ifndef RCP_EMIT_MERGE_H
#define RCP_EMIT_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "format/decode.h"
#include "format/encode.h"

#define RCP_MERGE_ROWS (24u << 10) /* 3.7 MB, touched as far as needed */

struct rcp_merge_row;

struct rcp_merge {
	struct rcp_merge_row *rows;
	uint32_t *index; /* by hash: row + 1; 0: none */
	uint32_t *order; /* of rows, for the writing */
	uint32_t room, slots, count;
	uint64_t from, until; /* hashes that this pass takes */
};

/* False: no memory. */
bool rcp_merge_init(struct rcp_merge *m, uint32_t rows);
void rcp_merge_free(struct rcp_merge *m);

/* The first pass over a run, and the next one: false when all is done. */
void rcp_merge_begin(struct rcp_merge *m);
bool rcp_merge_next(struct rcp_merge *m);

/* A CELLS, OBJECTS or CYCLES chunk.  False: it makes no sense. */
bool rcp_merge_chunk(struct rcp_merge *m, const struct rcp_raw_chunk *chunk);

/* A keyframe begins: what came before it does not count. */
void rcp_merge_forget(struct rcp_merge *m);

/* Writes the sums as chunks of at most a few KiB each, handing OUT over
 * through PUT after each.  0 or what PUT returned. */
long rcp_merge_write(struct rcp_merge *m, struct rcp_buf *out,
		     long (*put)(void *context), void *context);

#endif

/* SPDX-License-Identifier: MIT
 *
 * notes.h - what stands beside the snapshots of a run and is said again and
 * again: of pairs and threads the last word is enough, of the curve its
 * summits.  A part of thin.c.
 */
#ifndef RCP_EMIT_NOTES_H
#define RCP_EMIT_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "emit/stream.h"

#define RCP_NOTES_SLOTS 1024u

struct rcp_notes_point {
	uint64_t time, rss;
	int64_t live;
};

struct rcp_notes {
	struct rcp_stream *stream;
	uint64_t gap; /* of the run's zone; 0: nothing is left out */
	/* Where a pair or thread is said first and last in this run. */
	struct rcp_notes_said {
		uint64_t key; /* 0: free */
		uint64_t first, last;
		uint64_t first_name, last_name; /* a thread's */
	} said[RCP_NOTES_SLOTS];
	unsigned count;
	bool full;
	/* The stretch of the curve that is being gone through. */
	struct rcp_notes_point highest, fullest, last;
	uint64_t stretch;
	bool begun;
	/* The chunk that is being made of it, in the stream's buffer. */
	size_t chunk;
	uint64_t time;
	bool open;
};

void rcp_notes_init(struct rcp_notes *n, struct rcp_stream *stream);

/* A run begins; LOOK at each of its chunks, then PUT those of the types INFO,
 * COVERAGE, STRING, THREAD and RSS, in the same order. */
void rcp_notes_run(struct rcp_notes *n);
void rcp_notes_look(struct rcp_notes *n, const struct rcp_raw_chunk *chunk);
long rcp_notes_put(struct rcp_notes *n, const struct rcp_raw_chunk *chunk);

/* What is still held back; 0 or -errno. */
long rcp_notes_flush(struct rcp_notes *n);

#endif

/* SPDX-License-Identifier: MIT
 *
 * decode.h - bytes to structs: the reader's half of format.h.  Pure code on
 * untrusted bytes: allocates nothing, never reads outside the bytes given,
 * and says so when they make no sense.  Bytes and strings in the records
 * point into the payload and are not terminated.
 */
#ifndef RCP_FORMAT_DECODE_H
#define RCP_FORMAT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rcprof/format.h"

#define RCP_HEADER_SIZE 80

enum rcp_header_status {
	RCP_HEADER_OK,
	RCP_HEADER_SHORT,    /* fewer than 80 bytes, right as far as they go */
	RCP_HEADER_FOREIGN,  /* not a profile */
	RCP_HEADER_DAMAGED,  /* magic right, CRC wrong */
	RCP_HEADER_NEWER,    /* min_reader is above RCP_FORMAT_VERSION */
	RCP_HEADER_FEATURES, /* a feature bit that this reader does not know */
};

/* The file header from the first `len` bytes of a file.  *header is filled
 * for OK, NEWER and FEATURES. */
enum rcp_header_status rcp_decode_header(const uint8_t *data, size_t len,
					 struct rcp_file_header *header);

/* One chunk: its header taken apart, its payload as it stands. */
struct rcp_raw_chunk {
	uint16_t type; /* enum rcp_chunk, or one that we do not know */
	uint16_t flags;
	uint32_t length;
	uint64_t offset; /* of its header in the file; set by the caller */
	const uint8_t *payload;
};

/* Takes the 12-byte chunk header apart (payload is not set).  False if the
 * length is over RCP_CHUNK_MAX. */
bool rcp_decode_chunk(const uint8_t head[RCP_CHUNK_HEADER],
		      struct rcp_raw_chunk *chunk);

/* Is the CRC of a chunk right?  `chunk` is its header, `payload` its bytes. */
bool rcp_chunk_intact(const uint8_t head[RCP_CHUNK_HEADER],
		      const uint8_t *payload, size_t length);

struct rcp_bytes {
	const char *data;
	size_t len;
};

/* Of a CYCLE. */
struct rcp_cycle_member {
	uint64_t type, attribute, site;
};

/* One record.  `type` says which member holds: that of the chunk, but NODE and
 * SITE for what stands in PATHS, and CELLS in COUNTS. */
struct rcp_record {
	uint16_t type;
	union {
		struct {
			struct rcp_bytes key, value;
		} info; /* INFO and COVERAGE */
		struct {
			uint64_t id;
			struct rcp_bytes bytes;
		} string;
		struct {
			uint64_t id, filename, name, first_line;
			uint8_t table_kind; /* enum rcp_linetable */
			struct rcp_bytes table;
		} code;
		struct {
			uint64_t id, path, build_id, base, low, high;
		} module;
		struct {
			uint64_t id, parent, ref, offset;
			uint8_t kind; /* enum rcp_frame */
		} node;
		struct {
			uint64_t id, node;
			uint8_t kind; /* enum rcp_kind */
		} site;
		struct {
			uint64_t id, tid, name, start, served;
		} thread;
		struct {
			uint64_t id, name, flags;
		} type;
		struct {
			uint64_t seq, time;
			uint8_t flags, reason;
		} snap_begin;
		struct {
			uint64_t thread, site;
			uint32_t mask; /* known fields that are present */
			/* by field; signed ones as two's complement */
			uint64_t values[RCP_CELL_FIELDS];
		} cell;
		struct {
			uint64_t thread, site, type, death_site;
			uint64_t mask;
			uint64_t values[RCP_OBJECT_FIELDS];
		} object;
		struct {
			uint64_t key, value;
		} total; /* SNAP_END; a chunk without pairs has no record */
		struct {
			uint64_t time; /* since start: already summed up */
			uint64_t rss;
			int64_t live;
		} rss;
		struct {
			uint64_t time, thread;
			uint8_t kind;    /* enum rcp_event */
			uint64_t number; /* FORK, EXEC_FAILED, RATE; else 0 */
			uint64_t before; /* RATE: the mean until then */
			struct rcp_bytes text; /* of kinds that have one */
		} event;
		struct {
			uint64_t seq, time, offset;
		} index;
		struct {
			uint64_t time, pause, collected, uncollectable;
			uint64_t thread, node;
			uint8_t generation;
		} gc;
		struct {
			uint64_t time;
			uint8_t reason; /* enum rcp_end */
			int64_t status;
			uint64_t lost; /* snapshots */
		} end;
		struct {
			uint64_t id, count;
			struct rcp_bytes members; /* rcp_cycle_next() */
		} cycle;
		struct {
			uint64_t cycle, mask;
			uint64_t values[RCP_CYCLE_FIELDS];
		} cycle_cell; /* CYCLES */
		struct {
			uint64_t time, pause, objects, bytes, thread, node;
		} cascade;
		struct {
			uint64_t time, objects, bytes, waited_max, byte_ms;
		} garbage;
	} u;
};

struct rcp_paths; /* format/paths.h */

/* Walks over the records of one chunk. */
struct rcp_records {
	const uint8_t *next, *limit;
	uint16_t type;
	bool single;     /* the chunk is one record, bytes after it ignored */
	uint64_t thread; /* of CELLS, COUNTS and OBJECTS */
	uint64_t time;   /* of the last RSS point */
	uint64_t site, epoch; /* of the last records of COUNTS */
	bool bad;        /* the thread could not be read */
	struct rcp_paths *paths; /* of PATHS */
};

/* Records of an unknown chunk, and of PATHS: none. */
void rcp_records_begin(struct rcp_records *records,
		       const struct rcp_raw_chunk *chunk);

/* The same with those of PATHS, for which PATHS is room, the caller's. */
void rcp_records_begin_paths(struct rcp_records *records,
			     const struct rcp_raw_chunk *chunk,
			     struct rcp_paths *paths);

/* 1 and the next record, 0 at the end, -1 if what follows is malformed (then
 * the rest of the chunk cannot be read). */
int rcp_records_next(struct rcp_records *records, struct rcp_record *record);

/* Takes the first of the members of a cycle off; false: there is none. */
bool rcp_cycle_next(struct rcp_bytes *members, struct rcp_cycle_member *out);

/* Name of a chunk type ("STRING"), NULL if unknown. */
const char *rcp_chunk_name(uint16_t type);

#endif

/* SPDX-License-Identifier: MIT
 *
 * encode.h - structs to bytes: an append-only buffer, the primitives of
 * format.h and the frame of a chunk.  Pure code: it runs inside malloc, so it
 * allocates nothing; room comes from the owner's `grow`.
 *
 * Errors stick: after a failed grow every further call does nothing, and
 * `failed` is looked at once, at the end (rcp_chunk_finish tells it too).
 */
#ifndef RCP_FORMAT_ENCODE_H
#define RCP_FORMAT_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rcprof/format.h"

struct rcp_buf {
	uint8_t *data;
	size_t len; /* bytes written */
	size_t cap; /* bytes of room at `data` */
	bool failed;
	/* Makes cap at least `need`, keeping the first `len` bytes: sets data
	 * and cap and returns true, or returns false with both unchanged.
	 * NULL: the room is what it is.  `buf` may be embedded in the owner's
	 * struct, which is how grow finds its state. */
	bool (*grow)(struct rcp_buf *buf, size_t need);
};

/* The rest of rcp_buf_reserve(). */
bool rcp_buf_grow(struct rcp_buf *buf, size_t extra);

/* Room for `extra` more bytes?  False, and failed set, if there is none. */
static inline bool
rcp_buf_reserve(struct rcp_buf *buf, size_t extra)
{
	return (!buf->failed && extra <= buf->cap - buf->len) ||
	       rcp_buf_grow(buf, extra);
}

/* Empties the buffer, keeping its room, and forgets a failure. */
void rcp_buf_reset(struct rcp_buf *buf);

void rcp_buf_u8(struct rcp_buf *buf, uint8_t value);
void rcp_buf_u16(struct rcp_buf *buf, uint16_t value); /* little-endian */
void rcp_buf_u32(struct rcp_buf *buf, uint32_t value);
void rcp_buf_u64(struct rcp_buf *buf, uint64_t value);
void rcp_buf_uv(struct rcp_buf *buf, uint64_t value);
void rcp_buf_uvs(struct rcp_buf *buf, const uint64_t *values, size_t n);
void rcp_buf_sv(struct rcp_buf *buf, int64_t value);
void rcp_buf_bytes(struct rcp_buf *buf, const void *bytes, size_t len);
/* uv length, then the bytes; `str` need not be terminated. */
void rcp_buf_str(struct rcp_buf *buf, const char *str, size_t len);

/* The 80 bytes of the file header; magic, reserved and crc are filled in,
 * whatever `header` has there. */
void rcp_encode_header(struct rcp_buf *buf,
		       const struct rcp_file_header *header);

/* Starts a chunk: leaves room for its header and returns where it stands,
 * for rcp_chunk_finish.  Chunks do not nest. */
size_t rcp_chunk_begin(struct rcp_buf *buf, enum rcp_chunk type);

/* Payload bytes of the chunk begun at `start`, to stay below RCP_CHUNK_MAX. */
static inline size_t
rcp_chunk_size(const struct rcp_buf *buf, size_t start)
{
	return buf->len - start - RCP_CHUNK_HEADER;
}

/* Writes length and CRC into the header at `start`.  False if the buffer has
 * failed or the payload is too long (failed is set then). */
bool rcp_chunk_finish(struct rcp_buf *buf, size_t start);

/* Takes back the chunk begun at `start`, for one that turned out empty. */
void rcp_chunk_drop(struct rcp_buf *buf, size_t start);

/* Fields of cell records that are written as sv; all others are uv. */
#define RCP_CELL_SIGNED                                                       \
	(1u << RCP_CELL_PEAK_BYTES | 1u << RCP_CELL_PEAK_BLOCKS |             \
	 1u << RCP_CELL_VAR_LIVE_BYTES | 1u << RCP_CELL_VAR_PEAK_BYTES)

/* One record of a CELLS chunk: `values` is indexed by enum rcp_cell_field;
 * those whose bit is set in `mask` are written (signed ones as their two's
 * complement). */
void rcp_encode_cell(struct rcp_buf *buf, uint64_t site, uint32_t mask,
		     const uint64_t values[RCP_CELL_FIELDS]);

/* What a record of a COUNTS chunk refers to: of those before it; 0 at first. */
struct rcp_counts_last {
	uint64_t site, epoch;
};

/* The same of a COUNTS chunk.  What is not in `mask` is 0 in `values`. */
void rcp_encode_counts(struct rcp_buf *buf, struct rcp_counts_last *last,
		       uint64_t site, uint32_t mask,
		       const uint64_t values[RCP_CELL_FIELDS]);

/* A mask, and the COUNT values whose bit is set. */
void rcp_encode_fields(struct rcp_buf *buf, uint64_t mask, uint32_t is_signed,
		       const uint64_t *values, unsigned count);

/* One record of an OBJECTS chunk, likewise. */
void rcp_encode_object(struct rcp_buf *buf, uint64_t site, uint64_t type,
		       uint64_t death_site, uint64_t mask,
		       const uint64_t values[RCP_OBJECT_FIELDS]);

/* One record of a CYCLES chunk, likewise. */
void rcp_encode_cycle(struct rcp_buf *buf, uint64_t cycle, uint32_t mask,
		      const uint64_t values[RCP_CYCLE_FIELDS]);

/* The head of an EVENT chunk; what the kind says follows. */
void rcp_encode_event(struct rcp_buf *buf, uint64_t time, enum rcp_event kind,
		      uint64_t thread);

/* The payload of SNAP_BEGIN. */
void rcp_encode_snap_begin(struct rcp_buf *buf, uint64_t seq, uint64_t time,
			   uint8_t flags, enum rcp_snap_reason reason);

#endif

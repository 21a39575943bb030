/* SPDX-License-Identifier: MIT
 *
 * stream.h - one profile read chunk by chunk, another one written: the two
 * ends of a rewriting.  Memory of its own, little and fixed but for a chunk
 * that is larger than that.
 */
#ifndef RCP_EMIT_STREAM_H
#define RCP_EMIT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "format/decode.h"
#include "format/encode.h"

struct rcp_stream {
	int from, to;   /* the owner's; read and written by offset */
	uint64_t size;  /* bytes of FROM that are chunks */
	uint64_t tail;  /* bytes behind them */
	uint64_t most;  /* more than this is not written: -EFBIG */
	uint64_t written;
	struct rcp_buf out;
	/* The window of FROM. */
	uint8_t *in;
	size_t room, filled;
	uint64_t at;
};

/* FROM, TO, SIZE, TAIL and MOST are set.  False: no memory. */
bool rcp_stream_init(struct rcp_stream *s);
void rcp_stream_free(struct rcp_stream *s);

/* The bytes at OFFSET, valid until the next call; NULL: they cannot be read. */
const uint8_t *rcp_stream_bytes(struct rcp_stream *s, uint64_t offset,
				size_t len);

/* The chunk at OFFSET, its payload valid until the next call; its header
 * stands before it.  1, 0 at the end, -EBADMSG where there is none. */
long rcp_stream_chunk(struct rcp_stream *s, uint64_t offset,
		      struct rcp_raw_chunk *chunk);

static inline uint64_t
rcp_stream_next(const struct rcp_raw_chunk *chunk)
{
	return chunk->offset + RCP_CHUNK_HEADER + chunk->length;
}

/* Appends to the output; 0 or -errno. */
long rcp_stream_copy(struct rcp_stream *s, const void *data, size_t len);
long rcp_stream_copy_chunk(struct rcp_stream *s,
			   const struct rcp_raw_chunk *chunk);

/* The bytes behind the last chunk. */
long rcp_stream_tail(struct rcp_stream *s);

/* Writes what has gathered in OUT, if it is enough to be worth it. */
long rcp_stream_ease(struct rcp_stream *s);
long rcp_stream_flush(struct rcp_stream *s);

#endif

/* SPDX-License-Identifier: MIT
 *
 * stream.c - see stream.h.  Also in the helper: raw system calls, pages from
 * the kernel, no TLS.
 */
#include "emit/stream.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "emit/file.h"

#define WINDOW (256u << 10)
#define OUT (192u << 10)
#define OUT_FULL (128u << 10) /* one more chunk that we make finds room */

bool
rcp_stream_init(struct rcp_stream *s)
{
	s->room = WINDOW;
	s->filled = 0;
	s->at = s->written = 0;
	s->in = rcp_pages_new(s->room);
	s->out = (struct rcp_buf){ .data = rcp_pages_new(OUT), .cap = OUT };
	if (s->in && s->out.data)
		return true;
	rcp_stream_free(s);
	return false;
}

void
rcp_stream_free(struct rcp_stream *s)
{
	if (s->in)
		rcp_pages_free(s->in, s->room);
	if (s->out.data)
		rcp_pages_free(s->out.data, s->out.cap);
	s->in = NULL;
	s->out.data = NULL;
}

/* Room for a chunk that is larger than the window. */
static bool
widen(struct rcp_stream *s, size_t need)
{
	uint8_t *in = rcp_pages_grow(s->in, s->room, need);

	if (!in)
		return false;
	s->in = in;
	s->room = need;
	return true;
}

const uint8_t *
rcp_stream_bytes(struct rcp_stream *s, uint64_t offset, size_t len)
{
	uint64_t end = s->size + s->tail;

	if (len > end || offset > end - len)
		return NULL;
	if (offset >= s->at && offset + len <= s->at + s->filled)
		return s->in + (offset - s->at);
	if (len > s->room && !widen(s, len))
		return NULL;
	s->at = offset;
	s->filled = 0;
	while (s->filled < len) {
		size_t want = s->room - s->filled;
		long n;

		if (want > end - offset - s->filled)
			want = (size_t)(end - offset - s->filled);
		n = rcp_sys_pread(s->from, s->in + s->filled, want,
				  (long)(offset + s->filled));
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return NULL;
		s->filled += (size_t)n;
	}
	return s->in;
}

long
rcp_stream_chunk(struct rcp_stream *s, uint64_t offset,
		 struct rcp_raw_chunk *chunk)
{
	const uint8_t *p;

	chunk->offset = offset;
	if (offset == s->size)
		return 0;
	p = rcp_stream_bytes(s, offset, RCP_CHUNK_HEADER);
	if (!p || !rcp_decode_chunk(p, chunk) ||
	    rcp_stream_next(chunk) > s->size)
		return -EBADMSG;
	p = rcp_stream_bytes(s, offset, RCP_CHUNK_HEADER + chunk->length);
	if (!p)
		return -EBADMSG;
	chunk->payload = p + RCP_CHUNK_HEADER;
	return 1;
}

static long
write_out(struct rcp_stream *s, const void *data, size_t len)
{
	long error;

	if (len > s->most || s->written > s->most - len)
		return -EFBIG;
	error = rcp_file_write(s->to, data, len, s->written);
	if (error == 0)
		s->written += len;
	return error;
}

long
rcp_stream_flush(struct rcp_stream *s)
{
	long error = s->out.failed ? -ENOMEM : 0;

	if (error == 0 && s->out.len)
		error = write_out(s, s->out.data, s->out.len);
	rcp_buf_reset(&s->out);
	return error;
}

long
rcp_stream_ease(struct rcp_stream *s)
{
	return s->out.len >= OUT_FULL || s->out.failed ? rcp_stream_flush(s)
						       : 0;
}

long
rcp_stream_copy(struct rcp_stream *s, const void *data, size_t len)
{
	long error = 0;

	if (len > s->out.cap - s->out.len)
		error = rcp_stream_flush(s);
	if (error)
		return error;
	if (len > s->out.cap)
		return write_out(s, data, len);
	rcp_buf_bytes(&s->out, data, len);
	return rcp_stream_ease(s);
}

long
rcp_stream_copy_chunk(struct rcp_stream *s, const struct rcp_raw_chunk *chunk)
{
	return rcp_stream_copy(s, chunk->payload - RCP_CHUNK_HEADER,
			       RCP_CHUNK_HEADER + (size_t)chunk->length);
}

long
rcp_stream_tail(struct rcp_stream *s)
{
	uint64_t offset = s->size, end = s->size + s->tail;
	long error = 0;

	while (error == 0 && offset < end) {
		size_t len = end - offset < OUT / 2 ? (size_t)(end - offset)
						    : OUT / 2;
		const uint8_t *p = rcp_stream_bytes(s, offset, len);

		error = p ? rcp_stream_copy(s, p, len) : -EIO;
		offset += len;
	}
	return error;
}

/* SPDX-License-Identifier: MIT
 *
 * encode.c - the writer's half of format.h.  Runs inside malloc: allocates
 * nothing, keeps no state of its own, touches no TLS; memcpy is all it needs
 * of libc.
 */
#include "format/encode.h"

#include <string.h>

#include "format/crc32.h"
#include "format/varint.h"

bool
rcp_buf_grow(struct rcp_buf *buf, size_t extra)
{
	if (buf->failed)
		return false;
	if (extra > SIZE_MAX - buf->len || !buf->grow ||
	    !buf->grow(buf, buf->len + extra)) {
		buf->failed = true;
		return false;
	}
	return true;
}

void
rcp_buf_reset(struct rcp_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

/* The low `n` bytes of `value`, lowest first, at `out`. */
static void
store(uint8_t *out, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

static void
fixed(struct rcp_buf *buf, uint64_t value, size_t n)
{
	if (!rcp_buf_reserve(buf, n))
		return;
	store(buf->data + buf->len, value, n);
	buf->len += n;
}

void
rcp_buf_u8(struct rcp_buf *buf, uint8_t value)
{
	if (rcp_buf_reserve(buf, 1))
		buf->data[buf->len++] = value;
}

void
rcp_buf_u16(struct rcp_buf *buf, uint16_t value)
{
	fixed(buf, value, 2);
}

void
rcp_buf_u32(struct rcp_buf *buf, uint32_t value)
{
	fixed(buf, value, 4);
}

void
rcp_buf_u64(struct rcp_buf *buf, uint64_t value)
{
	fixed(buf, value, 8);
}

void
rcp_buf_uv(struct rcp_buf *buf, uint64_t value)
{
	if (!rcp_buf_reserve(buf, RCP_VARINT_MAX))
		return;
	buf->len += rcp_varint_put(buf->data + buf->len, value);
}

void
rcp_buf_uvs(struct rcp_buf *buf, const uint64_t *values, size_t n)
{
	uint8_t *out;

	if (!rcp_buf_reserve(buf, n * RCP_VARINT_MAX))
		return;
	out = buf->data + buf->len;
	while (n-- > 0)
		out += rcp_varint_put(out, *values++);
	buf->len = (size_t)(out - buf->data);
}

void
rcp_buf_sv(struct rcp_buf *buf, int64_t value)
{
	rcp_buf_uv(buf, rcp_zigzag(value));
}

void
rcp_buf_bytes(struct rcp_buf *buf, const void *bytes, size_t len)
{
	if (len == 0 || !rcp_buf_reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
}

void
rcp_buf_str(struct rcp_buf *buf, const char *str, size_t len)
{
	rcp_buf_uv(buf, len);
	rcp_buf_bytes(buf, str, len);
}

void
rcp_encode_header(struct rcp_buf *buf, const struct rcp_file_header *header)
{
	size_t start = buf->len;

	rcp_buf_bytes(buf, RCP_MAGIC, 8);
	rcp_buf_u16(buf, header->version);
	rcp_buf_u16(buf, header->min_reader);
	rcp_buf_u32(buf, header->features);
	rcp_buf_u32(buf, header->pid);
	rcp_buf_u32(buf, header->ppid);
	rcp_buf_u32(buf, header->root_pid);
	rcp_buf_u32(buf, header->pointer_size);
	rcp_buf_u64(buf, header->start_wall);
	rcp_buf_u64(buf, header->start_mono);
	rcp_buf_u64(buf, header->proc_start);
	rcp_buf_u64(buf, header->root_start);
	rcp_buf_u32(buf, header->page_size);
	rcp_buf_u32(buf, header->clock_ticks);
	rcp_buf_u32(buf, 0);
	if (!buf->failed)
		rcp_buf_u32(buf, rcp_crc32(0, buf->data + start,
					   buf->len - start));
}

size_t
rcp_chunk_begin(struct rcp_buf *buf, enum rcp_chunk type)
{
	size_t start = buf->len;

	rcp_buf_u16(buf, (uint16_t)type);
	rcp_buf_u16(buf, 0);
	rcp_buf_u64(buf, 0);
	return start;
}

bool
rcp_chunk_finish(struct rcp_buf *buf, size_t start)
{
	size_t len;
	uint32_t crc;
	uint8_t *head;

	if (buf->failed)
		return false;
	len = rcp_chunk_size(buf, start);
	if (len > RCP_CHUNK_MAX) {
		buf->failed = true;
		return false;
	}
	head = buf->data + start;
	store(head + 4, len, 4);
	crc = rcp_crc32(0, head, 8);
	crc = rcp_crc32(crc, head + RCP_CHUNK_HEADER, len);
	store(head + 8, crc, 4);
	return true;
}

void
rcp_chunk_drop(struct rcp_buf *buf, size_t start)
{
	if (buf->len > start)
		buf->len = start;
}

/* A mask, and the values whose bit is set, to OUT, where there is room;
 * returns where they end. */
static inline __attribute__((always_inline)) uint8_t *
put_fields(uint8_t *out, uint64_t mask, uint32_t is_signed,
	   const uint64_t *values)
{
	out += rcp_varint_put(out, mask);
	for (; mask; mask &= mask - 1) {
		unsigned i = (unsigned)__builtin_ctzll(mask);
		uint64_t value = values[i];

		if (i < 32 && is_signed >> i & 1)
			value = rcp_zigzag((int64_t)value);
		out += rcp_varint_put(out, value);
	}
	return out;
}

void
rcp_encode_fields(struct rcp_buf *buf, uint64_t mask, uint32_t is_signed,
		  const uint64_t *values, unsigned count)
{
	mask &= (1ull << count) - 1;
	if (!rcp_buf_reserve(buf, (count + 1) * RCP_VARINT_MAX))
		return;
	buf->len = (size_t)(put_fields(buf->data + buf->len, mask, is_signed,
				       values) -
			    buf->data);
}

void
rcp_encode_cell(struct rcp_buf *buf, uint64_t site, uint32_t mask,
		const uint64_t values[RCP_CELL_FIELDS])
{
	rcp_buf_uv(buf, site);
	rcp_encode_fields(buf, mask, RCP_CELL_SIGNED, values,
			  RCP_CELL_FIELDS);
}

void
rcp_encode_object(struct rcp_buf *buf, uint64_t site, uint64_t type,
		  uint64_t death_site, uint64_t mask,
		  const uint64_t values[RCP_OBJECT_FIELDS])
{
	uint8_t *out;

	/* There are as many of these as of anything in a profile. */
	if (!rcp_buf_reserve(buf, (RCP_OBJECT_FIELDS + 4) * RCP_VARINT_MAX))
		return;
	out = buf->data + buf->len;
	out += rcp_varint_put(out, site);
	out += rcp_varint_put(out, type);
	out += rcp_varint_put(out, death_site);
	mask &= (1ull << RCP_OBJECT_FIELDS) - 1;
	out = put_fields(out, mask, 0, values);
	buf->len = (size_t)(out - buf->data);
}

void
rcp_encode_cycle(struct rcp_buf *buf, uint64_t cycle, uint32_t mask,
		 const uint64_t values[RCP_CYCLE_FIELDS])
{
	rcp_buf_uv(buf, cycle);
	rcp_encode_fields(buf, mask, 0, values, RCP_CYCLE_FIELDS);
}

void
rcp_encode_event(struct rcp_buf *buf, uint64_t time, enum rcp_event kind,
		 uint64_t thread)
{
	rcp_buf_uv(buf, time);
	rcp_buf_u8(buf, (uint8_t)kind);
	rcp_buf_uv(buf, thread);
}

void
rcp_encode_snap_begin(struct rcp_buf *buf, uint64_t seq, uint64_t time,
		      uint8_t flags, enum rcp_snap_reason reason)
{
	rcp_buf_uv(buf, seq);
	rcp_buf_uv(buf, time);
	rcp_buf_u8(buf, flags);
	rcp_buf_u8(buf, (uint8_t)reason);
}

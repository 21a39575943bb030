/* SPDX-License-Identifier: MIT
 *
 * maker.h - profiles made by hand, for tests of the reader.  Each mk_*
 * appends one chunk; mk_save writes the file.
 */
#ifndef RCP_TESTS_MAKER_H
#define RCP_TESTS_MAKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/encode.h"

#define MK __attribute__((unused)) static

/* A pid that no kernel gives out (the limit is 2^22). */
#define MK_PID 5000000u

struct maker {
	struct rcp_buf buf;
	size_t chunk;
	uint64_t seq;
};

MK bool
mk_grow(struct rcp_buf *buf, size_t need)
{
	size_t cap = need * 2;
	uint8_t *data = realloc(buf->data, cap);

	if (!data)
		abort();
	buf->data = data;
	buf->cap = cap;
	return true;
}

MK struct rcp_file_header
mk_plain_header(void)
{
	return (struct rcp_file_header){
		.version = RCP_FORMAT_VERSION,
		.min_reader = RCP_FORMAT_MIN_READER,
		.pid = MK_PID,
		.ppid = 1,
		.root_pid = MK_PID,
		.pointer_size = 8,
		.start_wall = 1700000000000000000u,
		.start_mono = 5000000000u,
		.proc_start = 12345,
		.root_start = 12345,
		.page_size = 4096,
		.clock_ticks = 100,
	};
}

MK void
mk_begin(struct maker *m, const struct rcp_file_header *header)
{
	memset(m, 0, sizeof(*m));
	m->buf.grow = mk_grow;
	rcp_encode_header(&m->buf, header);
}

MK struct rcp_buf *
mk_open(struct maker *m, enum rcp_chunk type)
{
	m->chunk = rcp_chunk_begin(&m->buf, type);
	return &m->buf;
}

MK void
mk_close(struct maker *m)
{
	if (!rcp_chunk_finish(&m->buf, m->chunk))
		abort();
}

MK void
mk_text(struct rcp_buf *buf, const char *text)
{
	rcp_buf_str(buf, text, strlen(text));
}

MK void
mk_pair(struct maker *m, enum rcp_chunk type, const char *key,
	const char *value)
{
	struct rcp_buf *buf = mk_open(m, type);

	mk_text(buf, key);
	mk_text(buf, value);
	mk_close(m);
}

MK void
mk_string_bytes(struct maker *m, uint64_t id, const char *bytes, size_t len)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_STRING);

	rcp_buf_uv(buf, id);
	rcp_buf_str(buf, bytes, len);
	mk_close(m);
}

MK void
mk_string(struct maker *m, uint64_t id, const char *text)
{
	mk_string_bytes(m, id, text, strlen(text));
}

MK void
mk_code(struct maker *m, uint64_t id, uint64_t file, uint64_t name,
	uint64_t first_line, enum rcp_linetable kind, const void *table,
	size_t len)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_CODE);

	rcp_buf_uv(buf, id);
	rcp_buf_uv(buf, file);
	rcp_buf_uv(buf, name);
	rcp_buf_uv(buf, first_line);
	rcp_buf_u8(buf, (uint8_t)kind);
	rcp_buf_str(buf, table, len);
	mk_close(m);
}

MK void
mk_module(struct maker *m, uint64_t id, uint64_t path, uint64_t build_id,
	  uint64_t base, uint64_t low, uint64_t high)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_MODULE);

	rcp_buf_uv(buf, id);
	rcp_buf_uv(buf, path);
	rcp_buf_uv(buf, build_id);
	rcp_buf_uv(buf, base);
	rcp_buf_uv(buf, low);
	rcp_buf_uv(buf, high);
	mk_close(m);
}

MK void
mk_node(struct maker *m, uint64_t id, uint64_t parent, uint8_t kind,
	uint64_t ref, uint64_t offset)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_NODE);

	rcp_buf_uv(buf, id);
	rcp_buf_uv(buf, parent);
	rcp_buf_u8(buf, kind);
	rcp_buf_uv(buf, ref);
	rcp_buf_uv(buf, offset);
	mk_close(m);
}

MK void
mk_site(struct maker *m, uint64_t id, uint64_t node, uint8_t kind)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_SITE);

	rcp_buf_uv(buf, id);
	rcp_buf_uv(buf, node);
	rcp_buf_u8(buf, kind);
	mk_close(m);
}

MK void
mk_thread(struct maker *m, uint64_t id, uint64_t tid, uint64_t name)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_THREAD);

	rcp_buf_uv(buf, id);
	rcp_buf_uv(buf, tid);
	rcp_buf_uv(buf, name);
	rcp_buf_uv(buf, 1000);
	rcp_buf_uv(buf, 1);
	mk_close(m);
}

MK void
mk_type(struct maker *m, uint64_t id, uint64_t name)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_TYPE);

	rcp_buf_uv(buf, id);
	rcp_buf_uv(buf, name);
	rcp_buf_uv(buf, 0);
	mk_close(m);
}

/* A Python function with one line: code, string and node in one.  Ids are all
 * `id`, strings 10 * id and 10 * id + 1. */
MK void
mk_frame(struct maker *m, uint64_t id, uint64_t parent, const char *file,
	 const char *function, uint64_t line)
{
	mk_string(m, 10 * id, file);
	mk_string(m, 10 * id + 1, function);
	mk_code(m, id, 10 * id, 10 * id + 1, line, RCP_LINETABLE_NONE, "", 0);
	mk_node(m, id, parent, RCP_FRAME_PYTHON, id, 0);
}

MK void
mk_snap(struct maker *m, uint64_t time, bool keyframe,
	enum rcp_snap_reason reason)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_SNAP_BEGIN);

	rcp_encode_snap_begin(buf, ++m->seq, time,
			      keyframe ? RCP_SNAP_KEYFRAME : 0, reason);
	mk_close(m);
}

/* One cell with counters; differences, or absolute in a keyframe. */
MK void
mk_cell(struct maker *m, uint64_t thread, uint64_t site, uint64_t allocs,
	uint64_t bytes, uint64_t frees, uint64_t freed)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_CELLS);
	uint64_t values[RCP_CELL_FIELDS] = { allocs, bytes, frees, freed };
	uint32_t mask = 0;

	for (unsigned i = 0; i < 4; i++)
		mask |= (uint32_t)(values[i] != 0) << i;
	rcp_buf_uv(buf, thread);
	rcp_encode_cell(buf, site, mask, values);
	mk_close(m);
}

/* The same, with what the cell had at a peak. */
MK void
mk_cell_peak(struct maker *m, uint64_t thread, uint64_t site, uint64_t allocs,
	     uint64_t bytes, uint64_t frees, uint64_t freed, uint64_t epoch,
	     int64_t peak_bytes, int64_t peak_blocks)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_CELLS);
	uint64_t values[RCP_CELL_FIELDS] = { allocs, bytes, frees, freed };

	values[RCP_CELL_PEAK_BYTES] = (uint64_t)peak_bytes;
	values[RCP_CELL_PEAK_BLOCKS] = (uint64_t)peak_blocks;
	values[RCP_CELL_PEAK_EPOCH] = epoch;
	rcp_buf_uv(buf, thread);
	rcp_encode_cell(buf, site,
			15u | 1u << RCP_CELL_PEAK_BYTES |
				1u << RCP_CELL_PEAK_BLOCKS |
				1u << RCP_CELL_PEAK_EPOCH,
			values);
	mk_close(m);
}

/* The end of a snapshot: pairs of total and value, ended by 0. */
MK void
mk_snap_end(struct maker *m, const uint64_t *pairs)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_SNAP_END);

	for (; pairs && *pairs; pairs += 2) {
		rcp_buf_uv(buf, pairs[0]);
		rcp_buf_uv(buf, pairs[1]);
	}
	mk_close(m);
}

MK void
mk_event(struct maker *m, uint64_t time, enum rcp_event kind,
	 const char *text)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_EVENT);

	rcp_encode_event(buf, time, kind, 0);
	if (text)
		mk_text(buf, text);
	mk_close(m);
}

MK void
mk_end(struct maker *m, uint64_t time, enum rcp_end reason, int64_t status)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_END);

	rcp_buf_uv(buf, time);
	rcp_buf_u8(buf, (uint8_t)reason);
	rcp_buf_sv(buf, status);
	mk_close(m);
}

MK void
mk_write(const char *path, const uint8_t *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0)
		abort();
}

MK void
mk_save(struct maker *m, const char *path)
{
	mk_write(path, m->buf.data, m->buf.len);
}

MK void
mk_free(struct maker *m)
{
	free(m->buf.data);
}

#endif

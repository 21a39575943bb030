/* SPDX-License-Identifier: MIT
 *
 * encode.c - every chunk is read back as it was written; what is cut or
 * makes no sense is refused; a buffer that cannot grow says so.
 */
#include "format/encode.h"

#include "format/crc32.h"
#include "readback.h"
#include "tap/tap.h"

static bool
is_text(struct rcp_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) &&
	       memcmp(bytes.data, text, bytes.len) == 0;
}

static void
header(void)
{
	struct rcp_file_header want = mk_plain_header(), got;
	uint8_t copy[RCP_HEADER_SIZE];

	restart();
	is_int((long long)m.buf.len, RCP_HEADER_SIZE, "the header's size");
	is_int(rcp_decode_header(m.buf.data, m.buf.len, &got), RCP_HEADER_OK,
	       "the header is read");
	ok(got.pid == want.pid && got.start_wall == want.start_wall &&
		   got.start_mono == want.start_mono &&
		   got.proc_start == want.proc_start &&
		   got.clock_ticks == want.clock_ticks &&
		   got.page_size == want.page_size &&
		   got.root_pid == want.root_pid,
	   "with what was written");
	is_int(rcp_decode_header(m.buf.data, 79, &got), RCP_HEADER_SHORT,
	       "79 bytes are too short");
	is_int(rcp_decode_header((const uint8_t *)"#!/bin/sh\n", 10, &got),
	       RCP_HEADER_FOREIGN, "a script is no profile");
	for (size_t i = 0; i < RCP_HEADER_SIZE; i++) {
		memcpy(copy, m.buf.data, sizeof(copy));
		copy[i] ^= 4;
		if (rcp_decode_header(copy, sizeof(copy), &got) ==
		    RCP_HEADER_OK) {
			ok(false, "byte %zu changed is noticed", i);
			return;
		}
	}
	ok(true, "each changed byte is noticed");
	want.min_reader = RCP_FORMAT_VERSION + 1;
	mk_free(&m);
	mk_begin(&m, &want);
	is_int(rcp_decode_header(m.buf.data, m.buf.len, &got),
	       RCP_HEADER_NEWER, "a later format is told");
	want.min_reader = 1;
	want.features = 1u << 31;
	mk_free(&m);
	mk_begin(&m, &want);
	is_int(rcp_decode_header(m.buf.data, m.buf.len, &got),
	       RCP_HEADER_FEATURES, "an unknown feature is told");
}

static void
definitions(void)
{
	struct rcp_records it;
	struct rcp_record r;

	restart();
	mk_pair(&m, RCP_CHUNK_INFO, "key", "value");
	ok(first_record(&r, &it) == 1 && is_text(r.u.info.key, "key") &&
		   is_text(r.u.info.value, "value"), "INFO");
	restart();
	mk_string(&m, 7, "app.py");
	ok(first_record(&r, &it) == 1 && r.u.string.id == 7 &&
		   is_text(r.u.string.bytes, "app.py"), "STRING");
	restart();
	mk_code(&m, 3, 1, 2, 40, RCP_LINETABLE_310, "\1\2", 2);
	ok(first_record(&r, &it) == 1 && r.u.code.id == 3 &&
		   r.u.code.filename == 1 && r.u.code.name == 2 &&
		   r.u.code.first_line == 40 &&
		   r.u.code.table_kind == RCP_LINETABLE_310 &&
		   is_text(r.u.code.table, "\1\2"), "CODE");
	restart();
	mk_module(&m, 1, 2, 3, 0x7f0000000000u, 0x1000, UINT64_MAX);
	ok(first_record(&r, &it) == 1 && r.u.module.id == 1 &&
		   r.u.module.path == 2 && r.u.module.build_id == 3 &&
		   r.u.module.base == 0x7f0000000000u &&
		   r.u.module.low == 0x1000 &&
		   r.u.module.high == UINT64_MAX, "MODULE");
	restart();
	mk_node(&m, 9, 8, RCP_FRAME_NATIVE, 1, 0x1234);
	ok(first_record(&r, &it) == 1 && r.u.node.id == 9 &&
		   r.u.node.parent == 8 &&
		   r.u.node.kind == RCP_FRAME_NATIVE && r.u.node.ref == 1 &&
		   r.u.node.offset == 0x1234, "NODE");
	restart();
	mk_site(&m, 5, 9, RCP_KIND_MMAP);
	ok(first_record(&r, &it) == 1 && r.u.site.id == 5 &&
		   r.u.site.node == 9 && r.u.site.kind == RCP_KIND_MMAP,
	   "SITE");
	restart();
	mk_thread(&m, 2, 4711, 6);
	ok(first_record(&r, &it) == 1 && r.u.thread.id == 2 &&
		   r.u.thread.tid == 4711 && r.u.thread.name == 6 &&
		   r.u.thread.start == 1000 && r.u.thread.served == 1,
	   "THREAD");
	restart();
	mk_type(&m, 4, 6);
	ok(first_record(&r, &it) == 1 && r.u.type.id == 4 &&
		   r.u.type.name == 6 && r.u.type.flags == 0, "TYPE");
}

static void
cells(void)
{
	uint64_t values[RCP_CELL_FIELDS], objects[RCP_OBJECT_FIELDS];
	struct rcp_records it;
	struct rcp_record r;
	struct rcp_buf *buf;

	for (unsigned i = 0; i < RCP_CELL_FIELDS; i++)
		values[i] = UINT64_MAX - i * 1000;
	restart();
	buf = mk_open(&m, RCP_CHUNK_CELLS);
	rcp_buf_uv(buf, 6);
	rcp_encode_cell(buf, 5, (1u << RCP_CELL_FIELDS) - 1, values);
	/* a record of a later version: mask bit 40 and its value */
	rcp_buf_uv(buf, 7);
	rcp_buf_uv(buf, 1 | (uint64_t)1 << 40);
	rcp_buf_uv(buf, 11);
	rcp_buf_uv(buf, 12345678901u);
	rcp_encode_cell(buf, 8, 0, values);
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.cell.thread == 6 &&
		   r.u.cell.site == 5 &&
		   r.u.cell.mask == (1u << RCP_CELL_FIELDS) - 1 &&
		   memcmp(r.u.cell.values, values, sizeof(values)) == 0,
	   "CELLS: all fields");
	ok(rcp_records_next(&it, &r) == 1 && r.u.cell.site == 7 &&
		   r.u.cell.mask == 1 && r.u.cell.values[0] == 11,
	   "a field of a later version is passed over");
	ok(rcp_records_next(&it, &r) == 1 && r.u.cell.site == 8 &&
		   r.u.cell.mask == 0 && rcp_records_next(&it, &r) == 0,
	   "and the record after it is right");

	for (unsigned i = 0; i < RCP_OBJECT_FIELDS; i++)
		objects[i] = i + 1;
	restart();
	buf = mk_open(&m, RCP_CHUNK_OBJECTS);
	rcp_buf_uv(buf, 6);
	rcp_encode_object(buf, 5, 4, 3, 0x81 | 1ull << 39, objects);
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.object.thread == 6 &&
		   r.u.object.site == 5 && r.u.object.type == 4 &&
		   r.u.object.death_site == 3 && r.u.object.mask == (0x81 | 1ull << 39) &&
		   r.u.object.values[0] == 1 && r.u.object.values[7] == 8 &&
		   r.u.object.values[39] == 40 && r.u.object.values[1] == 0,
	   "OBJECTS");
}

static void
snapshots(void)
{
	struct rcp_records it;
	struct rcp_record r;
	uint64_t pairs[] = { RCP_TOTAL_RSS, 99, RCP_TOTAL_THREADS, 3, 0 };

	restart();
	m.seq = 41;
	mk_snap(&m, 1000, true, RCP_SNAP_GROWTH);
	ok(first_record(&r, &it) == 1 && r.u.snap_begin.seq == 42 &&
		   r.u.snap_begin.time == 1000 &&
		   r.u.snap_begin.flags == RCP_SNAP_KEYFRAME &&
		   r.u.snap_begin.reason == RCP_SNAP_GROWTH, "SNAP_BEGIN");
	restart();
	mk_snap_end(&m, pairs);
	ok(first_record(&r, &it) == 1 && r.u.total.key == RCP_TOTAL_RSS &&
		   r.u.total.value == 99 && rcp_records_next(&it, &r) == 1 &&
		   r.u.total.key == RCP_TOTAL_THREADS &&
		   rcp_records_next(&it, &r) == 0, "SNAP_END");
	restart();
	mk_snap_end(&m, NULL);
	is_int(first_record(&r, &it), 0, "SNAP_END without totals");
}

static void
others(void)
{
	struct rcp_records it;
	struct rcp_record r;
	struct rcp_buf *buf;

	restart();
	buf = mk_open(&m, RCP_CHUNK_RSS);
	for (unsigned i = 1; i <= 2; i++) {
		rcp_buf_uv(buf, 100);
		rcp_buf_uv(buf, 4096 * i);
		rcp_buf_sv(buf, -7);
	}
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.rss.time == 100 &&
		   r.u.rss.rss == 4096 && r.u.rss.live == -7 &&
		   rcp_records_next(&it, &r) == 1 && r.u.rss.time == 200 &&
		   rcp_records_next(&it, &r) == 0, "RSS: times add up");
	restart();
	mk_event(&m, 5, RCP_EVENT_MARK, "loaded");
	ok(first_record(&r, &it) == 1 && r.u.event.time == 5 &&
		   r.u.event.kind == RCP_EVENT_MARK &&
		   is_text(r.u.event.text, "loaded"), "EVENT with text");
	restart();
	buf = mk_open(&m, RCP_CHUNK_EVENT);
	rcp_encode_event(buf, 6, RCP_EVENT_FORK, 1);
	rcp_buf_uv(buf, 4712);
	rcp_buf_uv(buf, 1); /* of a later version */
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.event.number == 4712 &&
		   r.u.event.thread == 1 && rcp_records_next(&it, &r) == 0,
	   "EVENT with a number, bytes after it ignored");
	restart();
	buf = mk_open(&m, RCP_CHUNK_INDEX);
	rcp_buf_uv(buf, 1);
	rcp_buf_uv(buf, 2);
	rcp_buf_uv(buf, 3);
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.index.seq == 1 &&
		   r.u.index.time == 2 && r.u.index.offset == 3, "INDEX");
	restart();
	buf = mk_open(&m, RCP_CHUNK_GC);
	rcp_buf_uv(buf, 10);
	rcp_buf_u8(buf, 2);
	for (unsigned i = 11; i < 16; i++)
		rcp_buf_uv(buf, i);
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.gc.time == 10 &&
		   r.u.gc.generation == 2 && r.u.gc.pause == 11 &&
		   r.u.gc.collected == 12 && r.u.gc.uncollectable == 13 &&
		   r.u.gc.thread == 14 && r.u.gc.node == 15, "GC");
	restart();
	mk_end(&m, 77, RCP_END_SIGNAL, -15);
	ok(first_record(&r, &it) == 1 && r.u.end.time == 77 &&
		   r.u.end.reason == RCP_END_SIGNAL && r.u.end.status == -15 &&
		   r.u.end.lost == 0,
	   "END");
	restart();
	buf = mk_open(&m, RCP_CHUNK_END);
	rcp_buf_uv(buf, 77);
	rcp_buf_u8(buf, RCP_END_EXIT);
	rcp_buf_sv(buf, 3);
	rcp_buf_uv(buf, 5000);
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.end.status == 3 &&
		   r.u.end.lost == 5000,
	   "END with losses");
}

static void
refusals(void)
{
	struct rcp_records it;
	struct rcp_record r;
	struct rcp_buf *buf;
	uint8_t *head;

	restart();
	buf = mk_open(&m, RCP_CHUNK_STRING);
	rcp_buf_uv(buf, 1);
	rcp_buf_uv(buf, 100); /* and then nothing */
	mk_close(&m);
	ok(first_record(&r, &it) == -1 && rcp_records_next(&it, &r) == 0,
	   "a string longer than its chunk is refused, once");
	restart();
	mk_open(&m, RCP_CHUNK_CELLS);
	mk_close(&m);
	is_int(first_record(&r, &it), -1, "CELLS without a thread");
	restart();
	mk_open(&m, RCP_CHUNK_END);
	mk_close(&m);
	is_int(first_record(&r, &it), -1, "END without anything");
	restart();
	mk_open(&m, (enum rcp_chunk)999);
	mk_close(&m);
	is_int(first_record(&r, &it), 0, "an unknown chunk has no records");
	ok(rcp_chunk_name(999) == NULL && rcp_chunk_name(0) == NULL &&
		   strcmp(rcp_chunk_name(RCP_CHUNK_END), "END") == 0,
	   "names of chunks");
	restart();
	mk_string(&m, 1, "app.py");
	head = m.buf.data + RCP_HEADER_SIZE;
	for (size_t i = 0; i < 8 * (RCP_CHUNK_HEADER + 8); i++) {
		head[i / 8] ^= (uint8_t)(1u << i % 8);
		if (first_record(&r, &it) != -2) {
			ok(false, "bit %zu flipped is noticed", i);
			return;
		}
		head[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	ok(true, "each flipped bit of a chunk is noticed");
}

/* The example of format.h. */
static void
example(void)
{
	static const uint8_t want[] = { 2, 0, 0, 0, 8, 0, 0, 0 };
	static const uint8_t payload[] = { 1, 6, 'a', 'p', 'p', '.',
					   'p', 'y' };
	const uint8_t *head;
	uint32_t crc;

	restart();
	mk_string(&m, 1, "app.py");
	head = m.buf.data + RCP_HEADER_SIZE;
	crc = rcp_crc32(rcp_crc32(0, want, 8), payload, 8);
	ok(memcmp(head, want, 8) == 0 && memcmp(head + 12, payload, 8) == 0 &&
		   head[8] == (uint8_t)crc && head[11] == crc >> 24,
	   "the bytes of format.h's example");
}

static void
no_room(void)
{
	uint8_t bytes[20];
	struct rcp_buf buf = { .data = bytes, .cap = sizeof(bytes) };
	size_t start = rcp_chunk_begin(&buf, RCP_CHUNK_INFO);

	ok(!buf.failed, "it fits so far");
	rcp_buf_str(&buf, "much too long", 13);
	ok(buf.failed && !rcp_chunk_finish(&buf, start), "then it does not");
	rcp_buf_u8(&buf, 1);
	ok(buf.len <= sizeof(bytes), "and nothing is written any more");
	rcp_buf_reset(&buf);
	ok(!buf.failed && buf.len == 0, "until it is emptied");
	start = rcp_chunk_begin(&buf, RCP_CHUNK_INFO);
	rcp_chunk_drop(&buf, start);
	is_int((long long)buf.len, 0, "a dropped chunk leaves nothing");
}

static void
too_long(void)
{
	size_t start;

	restart();
	start = rcp_chunk_begin(&m.buf, RCP_CHUNK_INFO);
	if (rcp_buf_reserve(&m.buf, RCP_CHUNK_MAX + 1))
		m.buf.len += RCP_CHUNK_MAX;
	is_int((long long)rcp_chunk_size(&m.buf, start), RCP_CHUNK_MAX,
	       "a chunk as long as may be");
	memset(m.buf.data + start + RCP_CHUNK_HEADER, 0, RCP_CHUNK_MAX);
	ok(rcp_chunk_finish(&m.buf, start), "is finished");
	m.buf.len++;
	ok(!rcp_chunk_finish(&m.buf, start) && m.buf.failed,
	   "one byte more is not");
}

int
main(void)
{
	header();
	definitions();
	cells();
	snapshots();
	others();
	refusals();
	example();
	no_room();
	too_long();
	mk_free(&m);
	return done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * sample.h - a small profile with every chunk and every kind of record.
 */
#ifndef RCP_TESTS_SAMPLE_H
#define RCP_TESTS_SAMPLE_H

#include "maker.h"

#define SAMPLE_S UINT64_C(1000000000)

/* Three kinds of line tables, native frames, addresses, markers. */
MK void
sample_places(struct maker *m)
{
	static const char lnotab[] = "\x06\x02\x02\xff\x10\x01";
	static const char ranges[] = "\x04\x00\x02\x80\x02\x03\x20\x01";
	static const char location[] = "\x80\x00\xe1\x00\x00\xf8\xe8\x03"
				       "\xf7\x40\x02\x01\x01\x01";

	mk_string(m, 1, "/home/u/app.py");
	mk_string(m, 2, "load");
	mk_string(m, 3, "Cache.<locals>.\xc3\xa9tat;\n\"<b>");
	mk_string(m, 4, "/usr/lib/python3.11/json/decoder.py");
	mk_string_bytes(m, 5, "zero\0inside \xff\xfe", 14);
	mk_string(m, 6, "/usr/lib/x86_64-linux-gnu/libfoo.so.1");
	mk_string_bytes(m, 7, "\x01\x00\xff", 3);
	mk_string(m, 8, "worker 1");
	mk_code(m, 11, 1, 2, 40, RCP_LINETABLE_LNOTAB, lnotab, 6);
	mk_code(m, 12, 1, 3, 50, RCP_LINETABLE_310, ranges, 8);
	mk_code(m, 13, 4, 5, 60, RCP_LINETABLE_LOCATION, location,
		sizeof(location) - 1);
	mk_module(m, 21, 6, 7, 0x7f0000001000, 0x7f0000001000,
		  0x7f0000009000);
	mk_node(m, 31, 0, RCP_FRAME_PYTHON, 11, 7);
	mk_node(m, 32, 31, RCP_FRAME_PYTHON, 12, 5);
	mk_node(m, 33, 31, RCP_FRAME_PYTHON, 12, 9);
	mk_node(m, 34, 32, RCP_FRAME_PYTHON, 13, 0);
	mk_node(m, 35, 34, RCP_FRAME_PYTHON, 13, 11);
	mk_node(m, 36, 35, RCP_FRAME_NATIVE, 21, 0x4321);
	mk_node(m, 37, 0, RCP_FRAME_ADDRESS, 0, 0x7fffff001234);
	mk_node(m, 38, 0, RCP_FRAME_MARKER, RCP_MARKER_TRUNCATED, 0);
	mk_node(m, 39, 31, RCP_FRAME_PYTHON, 12, 12); /* the line of 33 */
	mk_site(m, 41, 33, RCP_KIND_PYTHON);
	mk_site(m, 42, 35, RCP_KIND_PYTHON);
	mk_site(m, 43, 36, RCP_KIND_MALLOC);
	mk_site(m, 44, 37, RCP_KIND_MMAP);
	mk_site(m, 45, 38, RCP_KIND_MALLOC);
	mk_site(m, 46, 0, RCP_KIND_MALLOC);
	mk_site(m, 47, 39, RCP_KIND_PYTHON);
	mk_thread(m, 51, MK_PID, 0);
	mk_thread(m, 52, 4711, 8);
	mk_type(m, 61, 2);
}

MK void
sample_cycles(struct maker *m)
{
	static const uint64_t members[] = {
		1, 2, 61, 2, 41, 61, 0, 0,  /* two, one attribute known */
		2, 3, 61, 0, 41, 61, 0, 42, 0, 0, 0, /* a knot */
		3, 0,
	};
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_CYCLE);

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		rcp_buf_uv(buf, members[i]);
	mk_close(m);
}

MK void
sample_cycle_cells(struct maker *m, uint64_t n, bool all)
{
	uint64_t values[RCP_CYCLE_FIELDS] = { n, 3 * n, 100 * n, 5 * n, 4 + n,
					      7 };
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_CYCLES);

	rcp_encode_cycle(buf, 1, 0x3f, values);
	if (all)
		rcp_encode_cycle(buf, 3, 1u << RCP_CYCLE_BYTES, values);
	mk_close(m);
}

MK void
sample_snapshots(struct maker *m)
{
	const uint64_t one[] = { RCP_TOTAL_PEAK_EPOCH, 1, RCP_TOTAL_PEAK_TIME,
				 SAMPLE_S / 2, RCP_TOTAL_RSS, 1 << 20,
				 RCP_TOTAL_LIVE_BYTES, 5100, 0 };
	const uint64_t two[] = { RCP_TOTAL_PEAK_EPOCH, 2, RCP_TOTAL_PEAK_TIME,
				 SAMPLE_S * 2, RCP_TOTAL_RSS, 2 << 20, 200, 1,
				 0 };
	uint64_t values[RCP_CELL_FIELDS] = { 3, 300, 1, 100, 1, 7, 1 };
	uint64_t objects[RCP_OBJECT_FIELDS] = { 9, 900, 4, 2, 1, 700, 55, 6,
						5, 0, 1, 0 };
	struct rcp_buf *buf;

	objects[RCP_OBJECT_SAMPLES] = 3;
	mk_snap(m, SAMPLE_S, true, RCP_SNAP_INTERVAL);
	mk_cell_peak(m, 51, 41, 10, 1000, 1, 100, 1, 900, 9);
	mk_cell(m, 51, 42, 1, 4096, 0, 0);
	mk_cell(m, 52, 42, 0, 0, 1, 96);
	mk_cell(m, 52, 47, 2, 200, 0, 0);
	buf = mk_open(m, RCP_CHUNK_OBJECTS);
	rcp_buf_uv(buf, 51);
	rcp_encode_object(buf, 41, 61, 42, 1ull << 32 | 0xfff, objects);
	mk_close(m);
	sample_cycles(m);
	sample_cycle_cells(m, 2, true);
	mk_snap_end(m, one);
	mk_event(m, SAMPLE_S * 3 / 2, RCP_EVENT_MARK, "half \"way\"");
	mk_snap(m, SAMPLE_S * 2, false, RCP_SNAP_MARK);
	mk_cell(m, 51, 43, 1, 5000, 0, 0);
	mk_cell(m, 51, 44, 1, 65536, 0, 0);
	mk_cell(m, 51, 45, 1, 1, 0, 0);
	mk_cell(m, 51, 46, 1, 2, 0, 0);
	sample_cycle_cells(m, 1, false);
	mk_snap_end(m, two);
	mk_snap(m, SAMPLE_S * 3, false, RCP_SNAP_GROWTH);
	buf = mk_open(m, RCP_CHUNK_CELLS);
	rcp_buf_uv(buf, 51);
	rcp_encode_cell(buf, 41, 0x7f, values);
	values[RCP_CELL_PEAK_BYTES] = 65536;
	values[RCP_CELL_PEAK_BLOCKS] = 1;
	values[RCP_CELL_PEAK_EPOCH] = 2;
	values[RCP_CELL_FREES] = 1;
	values[RCP_CELL_FREED_BYTES] = 65536;
	rcp_encode_cell(buf, 44, 1u << 2 | 1u << 3 | 1u << 7 | 1u << 8 |
				 1u << 12, values);
	mk_close(m);
	mk_snap_end(m, two);
	mk_snap(m, SAMPLE_S * 4, true, RCP_SNAP_END_PYTHON);
	mk_cell(m, 51, 41, 13, 1300, 2, 200);
	mk_cell(m, 51, 42, 1, 4096, 0, 0);
	mk_cell_peak(m, 51, 44, 1, 65536, 1, 65536, 2, 65536, 1);
	mk_cell(m, 51, 43, 1, 5000, 0, 0);
	mk_cell(m, 52, 42, 0, 0, 1, 96);
	sample_cycle_cells(m, 3, false);
	mk_snap_end(m, two);
}

MK void
sample_notes(struct maker *m)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_RSS);

	rcp_buf_uv(buf, SAMPLE_S / 10);
	rcp_buf_uv(buf, 1 << 20);
	rcp_buf_sv(buf, 1000);
	rcp_buf_uv(buf, SAMPLE_S / 10);
	rcp_buf_uv(buf, 2 << 20);
	rcp_buf_sv(buf, -1);
	mk_close(m);
	buf = mk_open(m, RCP_CHUNK_GC);
	rcp_buf_uv(buf, SAMPLE_S);
	rcp_buf_u8(buf, 2);
	rcp_buf_uv(buf, 123456);
	rcp_buf_uv(buf, 7);
	rcp_buf_uv(buf, 1);
	rcp_buf_uv(buf, 51);
	rcp_buf_uv(buf, 33);
	mk_close(m);
	buf = mk_open(m, RCP_CHUNK_CASCADE);
	for (uint64_t i = 0; i < 2; i++) {
		rcp_buf_uv(buf, SAMPLE_S * (i + 1));
		rcp_buf_uv(buf, 5000000);
		rcp_buf_uv(buf, 2000);
		rcp_buf_uv(buf, 64000);
		rcp_buf_uv(buf, i ? 51 : 0);
		rcp_buf_uv(buf, i ? 33 : 0);
	}
	mk_close(m);
	buf = mk_open(m, RCP_CHUNK_GARBAGE);
	rcp_buf_uv(buf, SAMPLE_S);
	rcp_buf_uv(buf, 8);
	rcp_buf_uv(buf, 800);
	rcp_buf_uv(buf, SAMPLE_S / 2);
	rcp_buf_uv(buf, 400000);
	mk_close(m);
	buf = mk_open(m, RCP_CHUNK_INDEX);
	rcp_buf_uv(buf, 1);
	rcp_buf_uv(buf, SAMPLE_S);
	rcp_buf_uv(buf, 80);
	mk_close(m);
	buf = mk_open(m, RCP_CHUNK_EVENT);
	rcp_encode_event(buf, SAMPLE_S, RCP_EVENT_FORK, 51);
	rcp_buf_uv(buf, 4712);
	mk_close(m);
	buf = mk_open(m, (enum rcp_chunk)77); /* of a later version */
	rcp_buf_bytes(buf, "future", 6);
	mk_close(m);
}

MK void
make_sample(struct maker *m)
{
	struct rcp_file_header header = mk_plain_header();

	mk_begin(m, &header);
	mk_pair(m, RCP_CHUNK_INFO, RCP_INFO_VERSION, "rcprof test");
	mk_pair(m, RCP_CHUNK_INFO, RCP_INFO_PROGRAM, "app");
	mk_pair(m, RCP_CHUNK_INFO, RCP_INFO_MODEL_AGE_NS, "10000000");
	mk_pair(m, RCP_CHUNK_INFO, RCP_INFO_PYTHON, "3.11.2");
	mk_pair(m, RCP_CHUNK_COVERAGE, RCP_COVER_FRAMES, "3.11 table");
	sample_places(m);
	sample_notes(m);
	sample_snapshots(m);
	mk_pair(m, RCP_CHUNK_COVERAGE, RCP_COVER_FRAMES, "3.11 table, tested");
	mk_end(m, SAMPLE_S * 5, RCP_END_EXIT, 3);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * mkprofile.c - not a test itself: writes profiles for tests.
 *
 *	mkprofile empty FILE          a header only
 *	mkprofile sample FILE         every chunk once (sample.h)
 *	mkprofile random SEED FILE    sites, threads and snapshots at random
 *	mkprofile packed SEED FILE    the same, in PATHS and COUNTS
 *	mkprofile many SITES FILE     so many sites in one snapshot
 *	mkprofile week SNAPSHOTS FILE so many snapshots of ten sites
 *	mkprofile hour SITES FILE     a sampled service's 3,600 snapshots, in
 *	                              which so many sites come up
 */
#include "format/paths.h"
#include "tap/random.h"
#include "unit/maker.h"
#include "unit/sample.h"

#define S UINT64_C(1000000000)

static uint64_t state;

static uint64_t
any(uint64_t below)
{
	return tap_random(&state) % below;
}

static void
random_name(struct maker *m, uint64_t id, const char *prefix)
{
	char text[100];
	int len = snprintf(text, sizeof(text), "%s%llu", prefix,
			   (unsigned long long)any(50));

	for (uint64_t i = any(4); i > 0; i--)
		text[len++] = (char)any(256);
	mk_string_bytes(m, id, text, (size_t)len);
}

static bool packed;
static struct rcp_paths paths;

static void
open_places(struct maker *m)
{
	if (packed) {
		mk_open(m, RCP_CHUNK_PATHS);
		rcp_paths_again(&paths);
	}
}

static void
close_places(struct maker *m)
{
	if (packed) {
		rcp_paths_end(&paths, &m->buf);
		mk_close(m);
	}
}

static void
place(struct maker *m, uint64_t id, uint64_t parent, uint8_t kind,
      uint64_t ref, uint64_t offset)
{
	const struct rcp_path_node node = { id, parent, ref, offset, kind };

	if (packed)
		rcp_paths_node(&paths, &m->buf, &node);
	else
		mk_node(m, id, parent, kind, ref, offset);
}

static void
place_site(struct maker *m, uint64_t id, uint64_t node, uint8_t kind)
{
	if (packed)
		rcp_paths_site(&paths, &m->buf, id, node, kind);
	else
		mk_site(m, id, node, kind);
}

/* Ids are spread out: they need not be dense. */
static void
random_places(struct maker *m, uint64_t codes, uint64_t nodes,
	      uint64_t sites)
{
	char table[40];

	for (uint64_t i = 1; i <= codes; i++) {
		size_t len = any(sizeof(table));

		for (size_t j = 0; j < len; j++)
			table[j] = (char)any(256);
		if (len)
			table[0] = (char)(table[0] | 128);
		random_name(m, 1000 + 2 * i, "/home/u/file.py");
		random_name(m, 1001 + 2 * i, "function");
		mk_code(m, i * 7919, 1000 + 2 * i, 1001 + 2 * i, any(1000),
			(enum rcp_linetable)any(4), table, len);
	}
	open_places(m);
	for (uint64_t i = 1; i <= nodes; i++) {
		uint64_t parent = any(i); /* 0: a root */
		uint64_t kind = any(20);

		if (kind > 1)
			place(m, i * 31, parent * 31, RCP_FRAME_PYTHON,
			      (1 + any(codes)) * 7919, any(60));
		else if (kind)
			place(m, i * 31, parent * 31, RCP_FRAME_ADDRESS, 0,
			      any(UINT64_MAX));
		else
			place(m, i * 31, parent * 31, RCP_FRAME_MARKER,
			      1 + any(3), 0);
	}
	for (uint64_t i = 1; i <= sites; i++)
		place_site(m, i * 13, any(nodes + 1) * 31, (uint8_t)any(3));
	close_places(m);
}

static void
random_cell(struct rcp_buf *buf, struct rcp_counts_last *last, uint64_t site)
{
	uint64_t values[RCP_CELL_FIELDS];
	uint32_t mask = (uint32_t)any(1u << 7);

	for (unsigned i = 0; i < RCP_CELL_FIELDS; i++)
		values[i] = any(3) ? any(100000) : any(1u << 31);
	values[RCP_CELL_PEAK_EPOCH] = any(5);
	if (any(4) == 0)
		mask |= 1u << RCP_CELL_PEAK_BYTES |
			1u << RCP_CELL_PEAK_BLOCKS | 1u << RCP_CELL_PEAK_EPOCH;
	if (any(8) == 0)
		mask |= 7u << RCP_CELL_VAR_LIVE_BYTES;
	if (!packed) {
		rcp_encode_cell(buf, site * 13, mask, values);
		return;
	}
	for (unsigned i = 0; i < RCP_CELL_FIELDS; i++)
		if (!(mask >> i & 1))
			values[i] = 0;
	rcp_encode_counts(buf, last, site * 13, mask, values);
}

static void
random_snapshot(struct maker *m, uint64_t time, uint64_t sites,
		uint64_t threads)
{
	uint64_t totals[] = { RCP_TOTAL_PEAK_EPOCH, any(5), RCP_TOTAL_PEAK_TIME,
			      time - any(S), RCP_TOTAL_RSS, any(1u << 30), 0 };

	mk_snap(m, time, m->seq == 0 || any(10) == 0,
		(enum rcp_snap_reason)(1 + any(8)));
	for (uint64_t i = any(6); i > 0; i--) {
		struct rcp_buf *buf = mk_open(m, packed ? RCP_CHUNK_COUNTS
							: RCP_CHUNK_CELLS);
		struct rcp_counts_last last = { 0, 0 };

		rcp_buf_uv(buf, 1 + any(threads));
		for (uint64_t j = any(20); j > 0; j--)
			random_cell(buf, &last, 1 + any(sites));
		mk_close(m);
	}
	if (any(10)) /* else it is not finished */
		mk_snap_end(m, totals);
}

static void
make_random(struct maker *m, uint64_t seed)
{
	uint64_t codes, nodes, sites, threads, time = 0;

	state = seed * 0x9e3779b97f4a7c15u + 1;
	codes = 1 + any(30);
	nodes = 1 + any(200);
	sites = 1 + any(100);
	threads = 1 + any(5);
	random_places(m, codes, nodes, sites);
	for (uint64_t i = 1; i <= threads; i++) {
		random_name(m, 500 + i, "thread");
		mk_thread(m, i, 4000 + i, any(2) ? 500 + i : 0);
	}
	for (uint64_t i = any(40); i > 0; i--) {
		time += 1 + any(S);
		if (any(5) == 0)
			mk_event(m, time, RCP_EVENT_MARK, "here");
		random_snapshot(m, time, sites, threads);
	}
	if (any(2))
		mk_end(m, time + 1, RCP_END_EXIT, (int64_t)any(256));
}

static void
make_many(struct maker *m, uint64_t sites)
{
	static const uint64_t totals[] = { RCP_TOTAL_PEAK_EPOCH, 1, 0 };
	struct rcp_buf *buf;

	mk_thread(m, 1, MK_PID, 0);
	mk_frame(m, 1, 0, "/home/u/app.py", "main", 1);
	mk_code(m, 2, 10, 11, 1, RCP_LINETABLE_LNOTAB, "", 0);
	for (uint64_t i = 1; i <= sites; i++) {
		mk_code(m, 10 + i, 10, 11, 1 + i, RCP_LINETABLE_NONE, "", 0);
		mk_node(m, 10 + i, 1, RCP_FRAME_PYTHON, 10 + i, 0);
		mk_site(m, i, 10 + i, RCP_KIND_PYTHON);
	}
	mk_snap(m, S, true, RCP_SNAP_EXIT);
	buf = mk_open(m, RCP_CHUNK_CELLS);
	rcp_buf_uv(buf, 1);
	for (uint64_t i = 1; i <= sites; i++) {
		const uint64_t values[RCP_CELL_FIELDS] = { 1, i };

		rcp_encode_cell(buf, i, 3, values);
	}
	mk_close(m);
	mk_snap_end(m, totals);
	mk_end(m, S + 1, RCP_END_EXIT, 0);
}

static void
make_week(struct maker *m, uint64_t snapshots)
{
	mk_thread(m, 1, MK_PID, 0);
	for (uint64_t i = 1; i <= 10; i++) {
		mk_frame(m, i, 0, "/home/u/app.py", "f", i);
		mk_site(m, i, i, RCP_KIND_PYTHON);
	}
	for (uint64_t i = 1; i <= snapshots; i++) {
		mk_snap(m, i * S, i == 1, RCP_SNAP_INTERVAL);
		mk_cell(m, 1, 1 + i % 10, 2, 200, 1, 100);
		mk_snap_end(m, NULL);
	}
}

#define HOUR 3600

/* A site of its own, below others: stacks are some ten frames deep. */
static void
hour_site(struct maker *m, uint64_t id)
{
	uint64_t parent = id > 1 ? 1 + any(id - 1) : 0;

	if (id % 50 == 1)
		mk_frame(m, id, parent, "/srv/app/views.py", "view", id);
	else
		mk_code(m, id, 10, 11, id, RCP_LINETABLE_NONE, "", 0);
	if (id % 50 != 1)
		mk_node(m, id, parent, RCP_FRAME_PYTHON, id, 0);
	mk_site(m, id, id, RCP_KIND_PYTHON);
}

static void
hour_cell(struct rcp_buf *buf, uint64_t site, bool fresh, uint64_t epoch)
{
	uint64_t values[RCP_CELL_FIELDS] = { 40, 400000 };
	uint32_t mask = 3 | 7u << RCP_CELL_VAR_LIVE_BYTES |
			1u << RCP_CELL_VAR_ALLOCS;

	values[RCP_CELL_VAR_LIVE_BYTES] = 30000000;
	values[RCP_CELL_VAR_ALLOC_BYTES] = 30000000;
	values[RCP_CELL_VAR_ALLOCS] = 1500;
	values[RCP_CELL_SAMPLES] = 1;
	if (!fresh && any(2)) {
		values[RCP_CELL_FREES] = 40;
		values[RCP_CELL_FREED_BYTES] = 400000;
		values[RCP_CELL_VAR_LIVE_BYTES] = 0;
		mask |= 12;
	}
	if (any(4) == 0) {
		values[RCP_CELL_PEAK_BYTES] = 400000;
		values[RCP_CELL_PEAK_BLOCKS] = 40;
		values[RCP_CELL_VAR_PEAK_BYTES] = 30000000;
		values[RCP_CELL_PEAK_EPOCH] = epoch;
		mask |= 1u << RCP_CELL_PEAK_BYTES |
			1u << RCP_CELL_PEAK_BLOCKS |
			1u << RCP_CELL_PEAK_EPOCH |
			1u << RCP_CELL_VAR_PEAK_BYTES;
	}
	rcp_encode_cell(buf, site, mask, values);
}

static void
hour_rss(struct maker *m, uint64_t second)
{
	struct rcp_buf *buf = mk_open(m, RCP_CHUNK_RSS);

	for (uint64_t i = 0; i < 10; i++) {
		rcp_buf_uv(buf, i ? S / 10 : second * S);
		rcp_buf_uv(buf, (100 << 20) + any(10 << 20));
		rcp_buf_sv(buf, (int64_t)(50 << 20));
	}
	mk_close(m);
}

static void
make_hour(struct maker *m, uint64_t sites)
{
	uint64_t made = 0;

	state = 1;
	mk_pair(m, RCP_CHUNK_INFO, RCP_INFO_MODE, "sample");
	for (uint64_t t = 1; t <= 4; t++)
		mk_thread(m, t, MK_PID + t - 1, 0);
	for (uint64_t second = 1; second <= HOUR; second++) {
		uint64_t totals[] = { RCP_TOTAL_PEAK_EPOCH, second,
				      RCP_TOTAL_PEAK_TIME, second * S,
				      RCP_TOTAL_RSS, 100 << 20, 0 };
		uint64_t fresh = sites * second / HOUR;

		hour_rss(m, second - 1);
		mk_snap(m, second * S, second == 1, RCP_SNAP_INTERVAL);
		for (uint64_t t = 1; t <= 4; t++) {
			struct rcp_buf *buf;
			uint64_t first = made;

			while (made < fresh && made - first < sites)
				hour_site(m, ++made);
			buf = mk_open(m, RCP_CHUNK_CELLS);
			rcp_buf_uv(buf, t);
			while (first < made)
				hour_cell(buf, ++first, true, second);
			for (uint64_t i = 0; made && i < 20; i++)
				hour_cell(buf, 1 + any(made), false, second);
			mk_close(m);
		}
		mk_snap_end(m, totals);
	}
	mk_end(m, (HOUR + 1) * S, RCP_END_EXIT, 0);
}

int
main(int argc, char **argv)
{
	struct rcp_file_header header = mk_plain_header();
	const char *what = argc > 2 ? argv[1] : "";
	uint64_t number = argc > 3 ? strtoull(argv[2], NULL, 10) : 0;
	struct maker m;

	if (strcmp(what, "sample") == 0) {
		make_sample(&m);
	} else {
		mk_begin(&m, &header);
		packed = strcmp(what, "packed") == 0;
		if (packed || strcmp(what, "random") == 0)
			make_random(&m, number);
		else if (strcmp(what, "many") == 0)
			make_many(&m, number);
		else if (strcmp(what, "week") == 0)
			make_week(&m, number);
		else if (strcmp(what, "hour") == 0)
			make_hour(&m, number);
		else if (strcmp(what, "empty") != 0)
			return 2;
	}
	mk_save(&m, argv[argc - 1]);
	mk_free(&m);
	return 0;
}

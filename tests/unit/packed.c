/* SPDX-License-Identifier: MIT
 *
 * packed.c - PATHS and COUNTS are read back as they were written, whatever the
 * order of nodes; bytes that make no sense are refused; and what is usual
 * takes few bytes.
 */
#include "format/paths.h"
#include "maker.h"
#include "tap/random.h"
#include "tap/tap.h"

#define NODES 20000u

static struct maker m;
static struct rcp_paths writer, reader;
static struct rcp_path_node nodes[NODES];
static uint32_t count;
static uint64_t state = 88172645463325252u;

static uint64_t
any(uint64_t below)
{
	return tap_random(&state) % below;
}

static void
restart(void)
{
	struct rcp_file_header header = mk_plain_header();

	mk_free(&m);
	mk_begin(&m, &header);
}

static void
open_paths(void)
{
	restart();
	mk_open(&m, RCP_CHUNK_PATHS);
	rcp_paths_again(&writer);
	count = 0;
}

static void
add(uint64_t id, uint64_t parent, uint64_t ref, uint64_t offset)
{
	nodes[count] = (struct rcp_path_node){ id, parent, ref, offset,
					       RCP_FRAME_NATIVE };
	rcp_paths_node(&writer, &m.buf, &nodes[count++]);
}

static size_t
payload(void)
{
	return m.buf.len - RCP_HEADER_SIZE - RCP_CHUNK_HEADER;
}

static struct rcp_raw_chunk
the_chunk(void)
{
	struct rcp_raw_chunk chunk = { .length = 0 };

	rcp_decode_chunk(m.buf.data + RCP_HEADER_SIZE, &chunk);
	chunk.payload = m.buf.data + RCP_HEADER_SIZE + RCP_CHUNK_HEADER;
	return chunk;
}

/* Are the nodes of the chunk those that were added?  Each with a site says so
 * behind it: site 3 * its id, of its id's kind. */
static bool
are_back(bool sites)
{
	struct rcp_records records;
	struct rcp_record r;
	struct rcp_raw_chunk chunk;
	uint32_t n = 0, seen = 0;
	int more;

	rcp_paths_end(&writer, &m.buf);
	mk_close(&m);
	chunk = the_chunk();
	rcp_records_begin_paths(&records, &chunk, &reader);
	while ((more = rcp_records_next(&records, &r)) > 0) {
		if (r.type == RCP_CHUNK_SITE) {
			seen++;
			if (r.u.site.id != 3 * r.u.site.node ||
			    r.u.site.kind != r.u.site.node % 3)
				return false;
			continue;
		}
		if (r.type != RCP_CHUNK_NODE || n == count ||
		    r.u.node.id != nodes[n].id ||
		    r.u.node.parent != nodes[n].parent ||
		    r.u.node.kind != nodes[n].kind ||
		    r.u.node.ref != nodes[n].ref ||
		    r.u.node.offset != nodes[n].offset)
			return false;
		n++;
	}
	return more == 0 && n == count && (sites ? seen > 0 : seen == 0);
}

static void
usual(void)
{
	open_paths();
	/* A hundred loops that call the same ten functions. */
	add(1, 0, 1, 1);
	for (uint64_t i = 0; i < 100; i++) {
		uint64_t id = 2 + i * 11;

		add(id, 1, 1, 100 + i);
		for (uint64_t k = 1; k <= 10; k++)
			add(id + k, id + k - 1, 2, 7000 + 13 * k);
	}
	ok(payload() < 100 * 24, "a path that is met again takes few bytes: "
				 "%zu for %u nodes", payload(), count);
	ok(are_back(false), "and is read as it was written");
}

/* N nodes under few others, whose frames take turns. */
static void
turns(uint64_t n)
{
	open_paths();
	for (uint64_t i = 1; i <= n; i++)
		add(i, i < 4 ? i - 1 : i % 7 % 3 + 1, 2, i * i % 11 % 5);
	rcp_paths_end(&writer, &m.buf);
}

/* What a chunk has left behind, few nodes or many, is not known to the next. */
static void
chunks(void)
{
	static uint8_t first[16 * NODES];
	size_t size, wrong = 0;

	for (uint64_t n = 1; n < NODES; n += n / 2 + 1) {
		rcp_paths_reset(&writer);
		turns(n);
		size = payload();
		memcpy(first, the_chunk().payload, size);
		turns(n);
		wrong += payload() != size ||
			 memcmp(first, the_chunk().payload, size) != 0;
	}
	is_int((long long)wrong, 0, "each chunk begins anew");
}

static void
orders(void)
{
	open_paths();
	for (uint64_t i = 1; i <= 10000; i++)
		add(i, i - 1, 3, any(4));
	ok(are_back(false), "a stack deeper than a row");
	open_paths();
	for (uint64_t i = 1; i <= NODES; i++)
		add(i * 1000003, any(i) * 1000003, any(1u << 20),
		    any(3) ? any(100) : any(UINT64_MAX));
	ok(are_back(false), "nodes anywhere, more frames than slots");
	open_paths();
	for (uint64_t i = NODES; i >= 1; i--)
		add(i, any(2) ? i + 1 : any(NODES), 1, any(30));
	ok(are_back(false), "ids that run backwards");
	open_paths();
	for (uint64_t i = 1; i <= NODES / 2; i++) {
		uint64_t node = any(4) ? i : 1 + any(i);

		add(i, any(i), 1, any(50));
		rcp_paths_site(&writer, &m.buf, 3 * node, node,
			       (uint8_t)(node % 3));
	}
	ok(are_back(true), "sites at any node");
	open_paths();
	add(7, 0, (UINT64_C(1) << 56) - 1, UINT64_MAX);
	add(UINT64_MAX, 7, 0, 0);
	add(1, UINT64_MAX, 0, 0);
	ok(are_back(false), "the largest numbers");
}

static int
read_bytes(const char *bytes, size_t n)
{
	struct rcp_raw_chunk chunk = { .type = RCP_CHUNK_PATHS,
				       .length = (uint32_t)n,
				       .payload = (const uint8_t *)bytes };
	struct rcp_records records;
	struct rcp_record r;
	int more;

	rcp_records_begin_paths(&records, &chunk, &reader);
	while ((more = rcp_records_next(&records, &r)) > 0)
		;
	return more < 0 || rcp_records_next(&records, &r) != 0 ? -1 : 0;
}

#define READ(bytes) read_bytes(bytes, sizeof(bytes) - 1)

static void
hostile(void)
{
	is_int(READ(""), 0, "no paths at all");
	is_int(READ("\0\0\x06\x01\x01\x03\x02"), 0, "the example of the page");
	is_int(READ("\0\0\x06\x01\x01\x03"), -1, "a path without an end");
	is_int(READ("\0\0\x06\x01\x01"), -1, "half a frame");
	is_int(READ("\x04\x01"), -1, "a parent beyond the row");
	is_int(READ("\0\0\x09"), -1, "a guess at nothing");
	is_int(READ("\0\0\x04\x01"), -1, "a second guess at nothing");
	is_int(READ("\0\0\x05\x09\x01"), -1, "an empty slot");
	is_int(READ("\0\0\x05\x80\x80\x01\x01"), -1, "no such slot");
	is_int(READ("\0\0\x06\0\0\x03\x01"), -1, "a frame of no kind");
	for (unsigned i = 0; i < 20000; i++) {
		char bytes[60];
		size_t n = any(sizeof(bytes));

		memcpy(bytes, "\0\0\x06\x01\x01\x03\x06\x01\x01\x04", 10);
		for (size_t k = 10; k < n; k++)
			bytes[k] = (char)any(any(2) ? 256 : 16);
		read_bytes(bytes, n);
	}
	ok(true, "any bytes come to an end");
}

/* So many nodes fit a chunk; a run of them takes a byte for 31. */
static void
most(void)
{
	struct rcp_raw_chunk chunk;
	struct rcp_records records;
	struct rcp_record r;
	uint64_t n = 0;
	int more;

	open_paths();
	while (!rcp_paths_full(&writer)) {
		struct rcp_path_node node = { n + 1, n, 1, 1,
					      RCP_FRAME_PYTHON };

		n++;
		rcp_paths_node(&writer, &m.buf, &node);
	}
	rcp_paths_end(&writer, &m.buf);
	mk_close(&m);
	chunk = the_chunk();
	rcp_records_begin_paths(&records, &chunk, &reader);
	for (n = 0; (more = rcp_records_next(&records, &r)) > 0;)
		n++;
	ok(more == 0 && n == RCP_PATHS_NODES, "a full chunk");
	m.buf.data[RCP_HEADER_SIZE + RCP_CHUNK_HEADER + chunk.length - 1] +=
		1 << 3;
	rcp_records_begin_paths(&records, &chunk, &reader);
	for (n = 0; (more = rcp_records_next(&records, &r)) > 0;)
		n++;
	ok(more < 0 && n == RCP_PATHS_NODES, "one more is refused");
	rcp_records_begin(&records, &chunk);
	is_int(rcp_records_next(&records, &r), 0,
	       "who has no room for paths gets none");
}

/* --- COUNTS ---------------------------------------------------------------- */

static uint64_t cells[1000][RCP_CELL_FIELDS];
static uint32_t masks[1000];

static void
any_cell(uint64_t *v, uint32_t *mask)
{
	memset(v, 0, RCP_CELL_FIELDS * sizeof(*v));
	*mask = any(3) ? (uint32_t)any(1u << 7) : (uint32_t)any(1u << 15);
	for (unsigned i = 0; i < RCP_CELL_FIELDS; i++)
		if (*mask >> i & 1)
			v[i] = any(2) ? 1 : any(2) ? 1 + any(300)
						   : any(UINT64_MAX) + 1;
	/* As many frees as allocations, and so on. */
	for (unsigned i = 2; i < 7; i++)
		if (*mask >> i & 1 && any(2))
			v[i] = v[i % 2 ? 1 : 0];
	if (any(2))
		*mask |= 1u << RCP_CELL_PEAK_BYTES |
			 1u << RCP_CELL_PEAK_BLOCKS |
			 1u << RCP_CELL_PEAK_EPOCH;
	/* What is 0 is not in the mask, but for a peak. */
	for (unsigned i = 0; i < 7; i++)
		if (!v[i])
			*mask &= ~(1u << i);
}

static void
counts(void)
{
	struct rcp_counts_last last = { 0, 0 };
	struct rcp_records records;
	struct rcp_record r;
	struct rcp_raw_chunk chunk;
	unsigned n = 0;

	restart();
	mk_open(&m, RCP_CHUNK_COUNTS);
	rcp_buf_uv(&m.buf, 4);
	for (unsigned i = 0; i < 1000; i++) {
		any_cell(cells[i], &masks[i]);
		rcp_encode_counts(&m.buf, &last, i % 10 ? i : 2 * i, masks[i],
				  cells[i]);
	}
	mk_close(&m);
	chunk = the_chunk();
	rcp_records_begin(&records, &chunk);
	while (rcp_records_next(&records, &r) > 0 && n < 1000 &&
	       r.type == RCP_CHUNK_CELLS && r.u.cell.thread == 4 &&
	       r.u.cell.site == (n % 10 ? n : 2 * n) &&
	       r.u.cell.mask == masks[n] &&
	       memcmp(r.u.cell.values, cells[n], sizeof(cells[n])) == 0)
		n++;
	is_int(n, 1000, "cells are read back");
	restart();
	mk_open(&m, RCP_CHUNK_COUNTS);
	rcp_buf_uv(&m.buf, 4);
	last = (struct rcp_counts_last){ 0, 0 };
	for (unsigned i = 1; i <= 100; i++) {
		const uint64_t v[RCP_CELL_FIELDS] = { 1, 64, 1, 64, 1, 0, 1 };

		rcp_encode_counts(&m.buf, &last, i, 0x5f, v);
	}
	is_int((long long)payload(), 201, "a block that came and went: 2 bytes");
}

int
main(void)
{
	usual();
	chunks();
	orders();
	hostile();
	most();
	counts();
	mk_free(&m);
	return done_testing();
}

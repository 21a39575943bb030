/* SPDX-License-Identifier: MIT
 *
 * encode_cycles.c - what the collector and cascades have freed is read back as
 * it was written.
 */
#include "readback.h"
#include "tap/tap.h"

static void
cycles(void)
{
	uint64_t values[RCP_CYCLE_FIELDS] = { 1, 2, 3, 4, 5, 6 };
	struct rcp_cycle_member member;
	struct rcp_bytes members;
	struct rcp_records it;
	struct rcp_record r;
	struct rcp_buf *buf;

	restart();
	buf = mk_open(&m, RCP_CHUNK_CYCLE);
	rcp_buf_uv(buf, 7);
	rcp_buf_uv(buf, 2);
	for (unsigned i = 0; i < 6; i++)
		rcp_buf_uv(buf, 300 + i);
	rcp_buf_uv(buf, 8);
	rcp_buf_uv(buf, 0);
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.cycle.id == 7 &&
		   r.u.cycle.count == 2, "CYCLE");
	members = r.u.cycle.members;
	ok(rcp_cycle_next(&members, &member) && member.type == 300 &&
		   member.attribute == 301 && member.site == 302 &&
		   rcp_cycle_next(&members, &member) && member.type == 303 &&
		   member.site == 305 && !rcp_cycle_next(&members, &member),
	   "its members, one after another");
	ok(rcp_records_next(&it, &r) == 1 && r.u.cycle.id == 8 &&
		   r.u.cycle.count == 0 &&
		   !rcp_cycle_next(&r.u.cycle.members, &member),
	   "and one without any");
	restart();
	buf = mk_open(&m, RCP_CHUNK_CYCLE);
	rcp_buf_uv(buf, 7);
	rcp_buf_uv(buf, UINT64_MAX);
	rcp_buf_uv(buf, 1);
	mk_close(&m);
	is_int(first_record(&r, &it), -1, "one that is not whole is refused");
	restart();
	buf = mk_open(&m, RCP_CHUNK_CYCLES);
	rcp_encode_cycle(buf, 7, 0x3f, values);
	rcp_encode_cycle(buf, 8, 1u << RCP_CYCLE_BYTES, values);
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.cycle_cell.cycle == 7 &&
		   memcmp(r.u.cycle_cell.values, values, sizeof(values)) == 0 &&
		   rcp_records_next(&it, &r) == 1 &&
		   r.u.cycle_cell.mask == 1u << RCP_CYCLE_BYTES &&
		   r.u.cycle_cell.values[RCP_CYCLE_BYTES] == 3, "CYCLES");
	restart();
	buf = mk_open(&m, RCP_CHUNK_CASCADE);
	for (unsigned i = 1; i <= 6; i++)
		rcp_buf_uv(buf, i);
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.cascade.time == 1 &&
		   r.u.cascade.pause == 2 && r.u.cascade.objects == 3 &&
		   r.u.cascade.bytes == 4 && r.u.cascade.thread == 5 &&
		   r.u.cascade.node == 6, "CASCADE");
	restart();
	buf = mk_open(&m, RCP_CHUNK_GARBAGE);
	for (unsigned i = 1; i <= 5; i++)
		rcp_buf_uv(buf, i);
	mk_close(&m);
	ok(first_record(&r, &it) == 1 && r.u.garbage.time == 1 &&
		   r.u.garbage.objects == 2 && r.u.garbage.bytes == 3 &&
		   r.u.garbage.waited_max == 4 && r.u.garbage.byte_ms == 5,
	   "GARBAGE");
}

int
main(void)
{
	cycles();
	mk_free(&m);
	return done_testing();
}

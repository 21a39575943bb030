/* SPDX-License-Identifier: MIT
 *
 * lives.c - a test of rows of objects: what the reader makes of their fields,
 * the median age, and fields beyond the 32nd through the merging of snapshots.
 */
#include <math.h>
#include <string.h>

#include "emit/merge.h"
#include "maker.h"
#include "model/lives.h"
#include "tap/tap.h"

#define UNIT 10000000u /* ns */

static struct maker m;

static struct rcp_object_row
aged(const uint64_t *pairs)
{
	uint64_t values[RCP_OBJECT_FIELDS] = { 0 };
	struct rcp_object_row row = { 0 };

	for (; pairs[1]; pairs += 2)
		values[RCP_OBJECT_AGE_0 + pairs[0]] = pairs[1];
	rcp_lives_take(&row, values, UNIT, false);
	return row;
}

static void
is_age(const uint64_t *pairs, double low, double high, double likely,
       const char *name)
{
	struct rcp_object_row row = aged(pairs);
	struct rcp_age age = { -1, -1, -1 };
	bool known = rcp_age_median(&row, &age);

	ok(known && age.low == low && age.high == high &&
		   fabs(age.likely - likely) < 1e-9,
	   "%s: %g in [%g, %g]", name, age.likely, age.low, age.high);
}

#define P(...) ((const uint64_t[]){ __VA_ARGS__, 0, 0 })

static void
medians(void)
{
	struct rcp_object_row none = { .age_unit = UNIT };
	struct rcp_age age;

	ok(!rcp_age_median(&none, &age), "no age is known");
	is_age(P(0, 100), 0, 0.01, 0.005, "all within the first unit");
	is_age(P(0, 10, 1, 80, 9, 10), 0.01, 0.02, 0.015, "in the middle");
	is_age(P(0, 10, 4, 30), 0.08, 0.16, 0.08 + 0.08 / 3, "not evenly");
	is_age(P(0, 1, 23, 2), 0.01 * (1 << 22), INFINITY, 0.01 * (1 << 22),
	       "the oldest have no end");
	is_age(P(3, 1, 5, 1), 0.04, 0.08, 0.08, "two");
}

static void
windows(void)
{
	uint64_t values[RCP_OBJECT_FIELDS];
	struct rcp_object_row row = { 0 }, sum = { 0 };

	for (unsigned i = 0; i < RCP_OBJECT_FIELDS; i++)
		values[i] = 100 + i;
	rcp_lives_take(&row, values, UNIT, false);
	for (unsigned i = 0; i < RCP_OBJECT_FIELDS; i++)
		values[i] = 1;
	rcp_lives_take(&row, values, UNIT, true);
	is_int(row.died_refcount, 101, "what died in a window");
	is_int(row.ages[23], 130, "how many of an age");
	is_int(row.died_samples, 132, "how many samples");
	ok(row.var_born == 133 && row.var_born_bytes == 134 * RCP_VAR_UNIT &&
		   row.var_died_bytes == 138 * RCP_VAR_UNIT,
	   "variances");
	rcp_object_row_add(&sum, &row);
	rcp_object_row_add(&sum, &row);
	ok(sum.born == 198 && sum.ages[0] == 214 && sum.samples == 262 &&
		   sum.var_unseen == 2 * row.var_unseen &&
		   sum.age == 2 * row.age && sum.age_unit == UNIT,
	   "a sum of rows");
}

/* --- merging ------------------------------------------------------------------ */

/* The chunk that a buffer begins with. */
static struct rcp_raw_chunk
first_of(const struct rcp_buf *buf)
{
	struct rcp_raw_chunk chunk;

	if (!rcp_decode_chunk(buf->data, &chunk))
		abort();
	chunk.payload = buf->data + RCP_CHUNK_HEADER;
	return chunk;
}

static long
put(void *context)
{
	*(unsigned *)context += 1;
	return 0;
}

static struct rcp_raw_chunk
snapshot_of(uint64_t add)
{
	uint64_t values[RCP_OBJECT_FIELDS];

	m.buf.len = 0;
	mk_open(&m, RCP_CHUNK_OBJECTS);
	rcp_buf_uv(&m.buf, 3);
	for (unsigned i = 0; i < RCP_OBJECT_FIELDS; i++)
		values[i] = i + add;
	rcp_encode_object(&m.buf, 5, 6, 7, UINT64_MAX, values);
	rcp_encode_object(&m.buf, 5, 6, 8, 1ull << 39, values);
	mk_close(&m);
	return first_of(&m.buf);
}

/* Every value of the merged chunk, by whether the death site is 8. */
static unsigned
add_up(const struct rcp_raw_chunk *chunk, uint64_t sums[2][RCP_OBJECT_FIELDS])
{
	struct rcp_records it;
	struct rcp_record r;
	unsigned wrong = 0;

	rcp_records_begin(&it, chunk);
	while (rcp_records_next(&it, &r) > 0) {
		wrong += r.u.object.thread != 3 || r.u.object.site != 5 ||
			 r.u.object.type != 6;
		for (unsigned i = 0; i < RCP_OBJECT_FIELDS; i++)
			sums[r.u.object.death_site == 8][i] +=
				r.u.object.values[i];
	}
	return wrong;
}

static void
merging(void)
{
	uint64_t sums[2][RCP_OBJECT_FIELDS] = { 0 };
	struct rcp_buf out = { .grow = mk_grow };
	struct rcp_raw_chunk chunk;
	struct rcp_merge merge;
	unsigned chunks = 0, wrong;

	ok(rcp_merge_init(&merge, 100), "a table");
	rcp_merge_begin(&merge);
	for (uint64_t add = 1; add < 3; add++) {
		chunk = snapshot_of(add);
		ok(rcp_merge_chunk(&merge, &chunk), "a snapshot");
	}
	ok(rcp_merge_write(&merge, &out, put, &chunks) == 0 && chunks == 1,
	   "one chunk");
	chunk = first_of(&out);
	wrong = add_up(&chunk, sums);
	for (uint64_t i = 0; i < RCP_OBJECT_FIELDS; i++) {
		wrong += sums[0][i] != 2 * i + 3;
		wrong += sums[1][i] != (i == 39 ? 2 * i + 3 : 0);
	}
	is_int(wrong, 0, "every field is the sum");
	rcp_merge_free(&merge);
	free(out.data);
}

int
main(void)
{
	medians();
	windows();
	mk_begin(&m, &(struct rcp_file_header){ 0 });
	merging();
	mk_free(&m);
	return done_testing();
}

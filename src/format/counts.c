/* SPDX-License-Identifier: MIT
 *
 * counts.c - the records of COUNTS chunks, both ways (rcprof/packed.h).
 * Writing runs inside malloc; reading is of untrusted bytes.
 */
#include <string.h>

#include "format/encode.h"
#include "format/get.h"
#include "rcprof/packed.h"

#define BIT(field) (1u << (field))
#define PEAK                                                                  \
	(BIT(RCP_CELL_PEAK_EPOCH) | BIT(RCP_CELL_PEAK_BYTES) |                \
	 BIT(RCP_CELL_PEAK_BLOCKS))
#define PLAIN                                                                 \
	(BIT(RCP_CELL_ALLOCS) | BIT(RCP_CELL_ALLOC_BYTES) |                   \
	 BIT(RCP_CELL_FREES) | BIT(RCP_CELL_FREED_BYTES) |                    \
	 BIT(RCP_CELL_TEMPORARIES) | BIT(RCP_CELL_LIFETIME) |                 \
	 BIT(RCP_CELL_AGED))

/* What is there of COUNT, which is as many as ALL more often than not. */
static unsigned
share(uint64_t count, uint64_t all, unsigned whole, unsigned part)
{
	if (count == 0)
		return 0;
	return count == all ? whole : part;
}

/* v has no values but those in MASK. */
static unsigned
shape_of(uint32_t mask, const uint64_t *v)
{
	uint64_t frees = v[RCP_CELL_FREES];
	bool freed = frees || v[RCP_CELL_FREED_BYTES];
	unsigned shape = 0;

	if ((mask & PEAK && (mask & PEAK) != PEAK) || mask & ~(PLAIN | PEAK))
		return RCP_COUNTS_ANY;
	if (v[RCP_CELL_ALLOCS] != 1)
		shape |= RCP_COUNTS_ALLOCS;
	if (freed && frees == v[RCP_CELL_ALLOCS] &&
	    v[RCP_CELL_FREED_BYTES] == v[RCP_CELL_ALLOC_BYTES])
		shape |= RCP_COUNTS_FREED;
	else if (freed)
		shape |= RCP_COUNTS_FREES;
	if (mask & PEAK)
		shape |= RCP_COUNTS_PEAK;
	if (v[RCP_CELL_LIFETIME])
		shape |= RCP_COUNTS_LIFETIME;
	return shape |
	       share(v[RCP_CELL_TEMPORARIES], frees, RCP_COUNTS_BRIEF,
		     RCP_COUNTS_BRIEFS) |
	       share(v[RCP_CELL_AGED], frees, RCP_COUNTS_AGED,
		     RCP_COUNTS_AGES);
}

static void
put_peak(struct rcp_buf *buf, struct rcp_counts_last *last, const uint64_t *v)
{
	uint64_t epoch = v[RCP_CELL_PEAK_EPOCH];

	rcp_buf_sv(buf, (int64_t)(epoch - last->epoch));
	rcp_buf_sv(buf, (int64_t)(v[RCP_CELL_PEAK_BYTES] -
				  v[RCP_CELL_ALLOC_BYTES] +
				  v[RCP_CELL_FREED_BYTES]));
	rcp_buf_sv(buf, (int64_t)(v[RCP_CELL_PEAK_BLOCKS] -
				  v[RCP_CELL_ALLOCS] + v[RCP_CELL_FREES]));
	last->epoch = epoch;
}

static void
put(struct rcp_buf *buf, struct rcp_counts_last *last, unsigned shape,
    const uint64_t *v)
{
	if (shape & RCP_COUNTS_ALLOCS)
		rcp_buf_uv(buf, v[RCP_CELL_ALLOCS]);
	rcp_buf_uv(buf, v[RCP_CELL_ALLOC_BYTES]);
	if (shape & RCP_COUNTS_FREES) {
		rcp_buf_uv(buf, v[RCP_CELL_FREES]);
		rcp_buf_uv(buf, v[RCP_CELL_FREED_BYTES]);
	}
	if (shape & RCP_COUNTS_PEAK)
		put_peak(buf, last, v);
	if (shape & RCP_COUNTS_BRIEFS)
		rcp_buf_uv(buf, v[RCP_CELL_TEMPORARIES]);
	if (shape & RCP_COUNTS_AGES)
		rcp_buf_uv(buf, v[RCP_CELL_AGED]);
	if (shape & RCP_COUNTS_LIFETIME)
		rcp_buf_uv(buf, v[RCP_CELL_LIFETIME]);
}

void
rcp_encode_counts(struct rcp_buf *buf, struct rcp_counts_last *last,
		  uint64_t site, uint32_t mask,
		  const uint64_t values[RCP_CELL_FIELDS])
{
	unsigned shape = shape_of(mask, values);
	unsigned jump = site == last->site + 1 ? 0 : RCP_COUNTS_SITE;

	rcp_buf_uv(buf, shape | jump);
	if (jump)
		rcp_buf_sv(buf, (int64_t)(site - last->site - 1));
	last->site = site;
	if (shape == RCP_COUNTS_ANY)
		rcp_encode_fields(buf, mask, RCP_CELL_SIGNED, values,
				  RCP_CELL_FIELDS);
	else
		put(buf, last, shape, values);
}

/* --- reading --------------------------------------------------------------- */

static bool
get_peak(struct rcp_records *r, uint64_t *v)
{
	int64_t epoch, bytes, blocks;

	if (!get_sv(r, &epoch) || !get_sv(r, &bytes) || !get_sv(r, &blocks))
		return false;
	r->epoch += (uint64_t)epoch;
	v[RCP_CELL_PEAK_EPOCH] = r->epoch;
	v[RCP_CELL_PEAK_BYTES] = (uint64_t)bytes + v[RCP_CELL_ALLOC_BYTES] -
				 v[RCP_CELL_FREED_BYTES];
	v[RCP_CELL_PEAK_BLOCKS] = (uint64_t)blocks + v[RCP_CELL_ALLOCS] -
				  v[RCP_CELL_FREES];
	return true;
}

static bool
get_frees(struct rcp_records *r, uint64_t shape, uint64_t *v)
{
	if (shape & RCP_COUNTS_FREED) {
		v[RCP_CELL_FREES] = v[RCP_CELL_ALLOCS];
		v[RCP_CELL_FREED_BYTES] = v[RCP_CELL_ALLOC_BYTES];
	}
	return !(shape & RCP_COUNTS_FREES) ||
	       (get_uv(r, &v[RCP_CELL_FREES]) &&
		get_uv(r, &v[RCP_CELL_FREED_BYTES]));
}

static bool
get(struct rcp_records *r, uint64_t shape, uint64_t *v)
{
	memset(v, 0, RCP_CELL_FIELDS * sizeof(*v));
	v[RCP_CELL_ALLOCS] = 1;
	if (shape & RCP_COUNTS_ALLOCS && !get_uv(r, &v[RCP_CELL_ALLOCS]))
		return false;
	if (!get_uv(r, &v[RCP_CELL_ALLOC_BYTES]) || !get_frees(r, shape, v))
		return false;
	if (shape & RCP_COUNTS_BRIEF)
		v[RCP_CELL_TEMPORARIES] = v[RCP_CELL_FREES];
	if (shape & RCP_COUNTS_AGED)
		v[RCP_CELL_AGED] = v[RCP_CELL_FREES];
	return (!(shape & RCP_COUNTS_PEAK) || get_peak(r, v)) &&
	       (!(shape & RCP_COUNTS_BRIEFS) ||
		get_uv(r, &v[RCP_CELL_TEMPORARIES])) &&
	       (!(shape & RCP_COUNTS_AGES) || get_uv(r, &v[RCP_CELL_AGED])) &&
	       (!(shape & RCP_COUNTS_LIFETIME) ||
		get_uv(r, &v[RCP_CELL_LIFETIME]));
}

bool
rcp_get_counts(struct rcp_records *r, struct rcp_record *out)
{
	uint64_t shape, mask = 0;
	int64_t jump = 0;

	out->type = RCP_CHUNK_CELLS;
	out->u.cell.thread = r->thread;
	if (!get_uv(r, &shape) || shape >= RCP_COUNTS_ANY << 1 ||
	    (shape & RCP_COUNTS_SITE && !get_sv(r, &jump)))
		return false;
	r->site += 1 + (uint64_t)jump;
	out->u.cell.site = r->site;
	if (shape & RCP_COUNTS_ANY) {
		if (!rcp_get_fields(r, RCP_CELL_SIGNED, RCP_CELL_FIELDS, &mask,
				    out->u.cell.values))
			return false;
		out->u.cell.mask = (uint32_t)mask;
		return true;
	}
	if (!get(r, shape, out->u.cell.values))
		return false;
	for (unsigned i = 0; i < RCP_CELL_FIELDS; i++)
		mask |= (uint64_t)(out->u.cell.values[i] != 0) << i;
	if (shape & RCP_COUNTS_PEAK)
		mask |= PEAK;
	out->u.cell.mask = (uint32_t)mask;
	return true;
}

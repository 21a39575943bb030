/* SPDX-License-Identifier: MIT
 *
 * packed.c - see packed.h.  Reading also happens inside malloc, when a quiet
 * page is touched again; writing in snapshots only.
 *
 *     u16 bytes that follow the 4 | u16 which cells are there | for each:
 *     uv mask, then what its bits name
 *
 * Numbers are chosen to be zero, or small, in the cells that there are most
 * of: one allocation, or as many frees as allocations.
 */
#include "account/packed.h"

#include <string.h>

#include "account/pool.h"
#include "format/varint.h"

enum {
	ALLOCS = 1u << 0,      /* uv, if it is not 1 */
	ALLOC_BYTES = 1u << 1, /* uv */
	LIVE = 1u << 2,        /* sv allocs - frees */
	LIVE_BYTES = 1u << 3,  /* sv */
	AGED = 1u << 4,        /* uv frees - unaged */
	TEMPORARIES = 1u << 5, /* uv */
	LIFETIME = 1u << 6,    /* uv */
	PEAK = 1u << 7,        /* uv epoch, sv bytes, sv blocks */
};
#define CELL_MAX (2 + 10 * RCP_VARINT_MAX)

struct rcp_packed {
	uint16_t size;
	uint16_t there;
	uint8_t bytes[];
};

_Static_assert(sizeof(struct rcp_packed) + RCP_CELLS_PER_PAGE * CELL_MAX <=
		       RCP_POOL_MAX,
	       "any page fits a block of the pool");
_Static_assert(RCP_CELLS_PER_PAGE <= 16, "one bit a cell in `there`");

static struct rcp_pool pool;

/* --- one cell ------------------------------------------------------------ */

static void
get(const uint8_t **p, uint64_t *value)
{
	uint64_t v = 0;

	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte = *(*p)++;

		v |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			break;
	}
	*value = v;
}

static void
get_signed(const uint8_t **p, int64_t *value)
{
	uint64_t v;

	get(p, &v);
	*value = rcp_unzigzag(v);
}

static const uint8_t *
read_cell(const uint8_t *p, struct rcp_cell_state *s)
{
	int64_t live = 0, live_bytes = 0;
	uint64_t mask, aged = 0, epoch = 0;

	memset(s, 0, sizeof(*s));
	get(&p, &mask);
	s->allocs = 1;
	if (mask & ALLOCS)
		get(&p, &s->allocs);
	if (mask & ALLOC_BYTES)
		get(&p, &s->alloc_bytes);
	if (mask & LIVE)
		get_signed(&p, &live);
	if (mask & LIVE_BYTES)
		get_signed(&p, &live_bytes);
	if (mask & AGED)
		get(&p, &aged);
	if (mask & TEMPORARIES)
		get(&p, &s->temporaries);
	if (mask & LIFETIME)
		get(&p, &s->lifetime);
	if (mask & PEAK) {
		get(&p, &epoch);
		get_signed(&p, &s->peak_bytes);
		get_signed(&p, &s->peak_blocks);
	}
	s->frees = s->allocs - (uint64_t)live;
	s->freed_bytes = s->alloc_bytes - (uint64_t)live_bytes;
	s->unaged = s->frees - aged;
	s->epoch = (uint32_t)epoch;
	return p;
}

static uint8_t *
put(uint8_t *p, unsigned *mask, unsigned bit, uint64_t value)
{
	if (!value)
		return p;
	*mask |= bit;
	return p + rcp_varint_put(p, value);
}

static uint8_t *
write_cell(uint8_t *p, const struct rcp_cell_state *s)
{
	/* The mask takes one byte, or two with its highest bit. */
	uint8_t *start = p, *values = p + (s->epoch ? 2 : 1);
	unsigned mask = 0;

	p = values;
	if (s->allocs != 1) {
		mask |= ALLOCS;
		p += rcp_varint_put(p, s->allocs);
	}
	p = put(p, &mask, ALLOC_BYTES, s->alloc_bytes);
	p = put(p, &mask, LIVE, rcp_zigzag((int64_t)(s->allocs - s->frees)));
	p = put(p, &mask, LIVE_BYTES,
		rcp_zigzag((int64_t)(s->alloc_bytes - s->freed_bytes)));
	p = put(p, &mask, AGED, s->frees - s->unaged);
	p = put(p, &mask, TEMPORARIES, s->temporaries);
	p = put(p, &mask, LIFETIME, s->lifetime);
	if (s->epoch) {
		mask |= PEAK;
		p += rcp_varint_put(p, s->epoch);
		p += rcp_varint_put(p, rcp_zigzag(s->peak_bytes));
		p += rcp_varint_put(p, rcp_zigzag(s->peak_blocks));
	}
	rcp_varint_put(start, mask);
	return p;
}

/* --- a page --------------------------------------------------------------- */

void
rcp_packed_read(const struct rcp_account *a, uint32_t index,
		struct rcp_page_state *out)
{
	const struct rcp_packed *packed = *rcp_packed_at(a, index);
	const uint8_t *p;

	memset(out, 0, sizeof(*out));
	if (!packed)
		return;
	p = packed->bytes;
	for (unsigned i = 0; i < RCP_CELLS_PER_PAGE; i++)
		if (packed->there >> i & 1)
			p = read_cell(p, &out->cells[i]);
}

void
rcp_packed_open(const struct rcp_account *a, uint32_t index,
		struct rcp_cell_page *page)
{
	const struct rcp_packed *packed = *rcp_packed_at(a, index);
	struct rcp_cell_state s;
	const uint8_t *p;

	memset(page, 0, sizeof(*page));
	if (!packed)
		return;
	p = packed->bytes;
	for (unsigned i = 0; i < RCP_CELLS_PER_PAGE; i++) {
		if (!(packed->there >> i & 1))
			continue;
		p = read_cell(p, &s);
		page->lifetime[i] = s.lifetime;
		page->cells[i] = (struct rcp_cell){
			.allocs = s.allocs,
			.alloc_bytes = s.alloc_bytes,
			.frees = s.frees,
			.freed_bytes = s.freed_bytes,
			.temporaries = s.temporaries,
			.peak_bytes = s.peak_bytes,
			.peak_blocks = s.peak_blocks,
			.epoch = s.epoch,
			.unaged = (uint32_t)s.unaged,
		};
	}
}

static size_t
total(const struct rcp_packed *packed)
{
	return sizeof(*packed) + packed->size;
}

static bool
is_empty(const struct rcp_cell_state *s)
{
	return !s->allocs && !s->frees && !s->alloc_bytes && !s->freed_bytes;
}

bool
rcp_packed_write(struct rcp_account *a, uint32_t index,
		 const struct rcp_page_state *state)
{
	/* Under the lock of the books, as all writing. */
	static uint8_t bytes[RCP_CELLS_PER_PAGE * CELL_MAX];
	struct rcp_packed **at = rcp_packed_at(a, index), *old = *at, *packed;
	unsigned there = 0;
	uint8_t *p = bytes;
	size_t size;

	for (unsigned i = 0; i < RCP_CELLS_PER_PAGE; i++) {
		if (is_empty(&state->cells[i]))
			continue;
		there |= 1u << i;
		p = write_cell(p, &state->cells[i]);
	}
	size = sizeof(*packed) + (size_t)(p - bytes);
	packed = rcp_pool_new(&pool, size);
	if (!packed)
		return false;
	packed->size = (uint16_t)(p - bytes);
	packed->there = (uint16_t)there;
	memcpy(packed->bytes, bytes, packed->size);
	*at = packed;
	if (old)
		rcp_pool_free(&pool, old, total(old));
	return true;
}

void
rcp_packed_fork_prepare(void)
{
	rcp_pool_fork_prepare(&pool);
}

void
rcp_packed_fork_done(bool child)
{
	rcp_pool_fork_done(&pool, child);
}

/* SPDX-License-Identifier: MIT
 *
 * merge.c - see merge.h.  Also in the helper: pages from the kernel, no TLS,
 * no errno, little stack.
 */
#include "emit/merge.h"

#include <string.h>

#include "base/mem.h"

#define CHUNK (16u << 10) /* payload bytes, about */
#define FIELDS RCP_CELL_FIELDS

/* One table for both: an object's fields, most of which are rare, are several
 * rows.  As many records are written, which add up again. */
#define PARTS ((RCP_OBJECT_FIELDS + FIELDS - 1) / FIELDS)

/* Fields of a cell that are not differences: the last one holds. */
#define ABSOLUTE                                                            \
	(1u << RCP_CELL_PEAK_BYTES | 1u << RCP_CELL_PEAK_BLOCKS |           \
	 1u << RCP_CELL_PEAK_EPOCH | 1u << RCP_CELL_VAR_PEAK_BYTES)

/* The same of CYCLES. */
#define CYCLE_ABSOLUTE (1u << RCP_CYCLE_WAITED_MAX)

/* Which cell: CELLS have no type and no death site, CYCLES only their own
 * number, in place of a site. */
struct key {
	uint32_t chunk, thread, site, type, death, part;
};

struct rcp_merge_row {
	struct key key;
	uint32_t mask; /* of absolute fields that were written */
	uint32_t hash;
	uint64_t values[FIELDS];
};

bool
rcp_merge_init(struct rcp_merge *m, uint32_t rows)
{
	memset(m, 0, sizeof(*m));
	m->room = rows;
	for (m->slots = 64; m->slots < rows + rows / 2;)
		m->slots *= 2;
	m->rows = rcp_pages_new(rows * sizeof(*m->rows));
	m->index = rcp_pages_new(m->slots * sizeof(*m->index));
	m->order = rcp_pages_new(rows * sizeof(*m->order));
	if (m->rows && m->index && m->order)
		return true;
	rcp_merge_free(m);
	return false;
}

void
rcp_merge_free(struct rcp_merge *m)
{
	if (m->rows)
		rcp_pages_free(m->rows, m->room * sizeof(*m->rows));
	if (m->index)
		rcp_pages_free(m->index, m->slots * sizeof(*m->index));
	if (m->order)
		rcp_pages_free(m->order, m->room * sizeof(*m->order));
	memset(m, 0, sizeof(*m));
}

static uint32_t
hash(const struct key *key)
{
	uint64_t h = key->chunk;

	h = (h ^ key->thread) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 29 ^ key->site) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 29 ^ key->type) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 29 ^ key->death) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 29 ^ key->part) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

static bool
equal(const struct key *a, const struct key *b)
{
	return a->site == b->site && a->thread == b->thread &&
	       a->chunk == b->chunk && a->type == b->type &&
	       a->death == b->death && a->part == b->part;
}

/* The slot of KEY, or the empty one where it would stand. */
static uint32_t *
slot_of(const struct rcp_merge *m, const struct key *key, uint32_t h)
{
	uint32_t i = h & (m->slots - 1);

	while (m->index[i] && !equal(&m->rows[m->index[i] - 1].key, key))
		i = (i + 1) & (m->slots - 1);
	return &m->index[i];
}

void
rcp_merge_forget(struct rcp_merge *m)
{
	/* A few rows are cheaper to look up than the whole index to clear. */
	if (m->count > m->slots / 16) {
		memset(m->index, 0, m->slots * sizeof(*m->index));
	} else {
		/* From the last: each ends a chain that is still whole. */
		for (uint32_t i = m->count; i > 0; i--)
			*slot_of(m, &m->rows[i - 1].key, m->rows[i - 1].hash) =
				0;
	}
	m->count = 0;
}

void
rcp_merge_begin(struct rcp_merge *m)
{
	rcp_merge_forget(m);
	m->from = 0;
	m->until = 1ull << 32;
}

bool
rcp_merge_next(struct rcp_merge *m)
{
	rcp_merge_forget(m);
	m->from = m->until;
	m->until = 1ull << 32;
	return m->from < m->until;
}

/* The table is full: the upper half of what this pass takes is left to the
 * next ones. */
static bool
halve(struct rcp_merge *m)
{
	uint32_t kept = 0;

	if (m->until - m->from < 2)
		return false;
	m->until = m->from + (m->until - m->from) / 2;
	memset(m->index, 0, m->slots * sizeof(*m->index));
	for (uint32_t i = 0; i < m->count; i++) {
		if (m->rows[i].hash >= m->until)
			continue;
		if (kept != i)
			m->rows[kept] = m->rows[i];
		kept++;
		*slot_of(m, &m->rows[kept - 1].key, m->rows[kept - 1].hash) =
			kept;
	}
	m->count = kept;
	return true;
}

/* The row of KEY, made if need be; NULL: not in this pass. */
static struct rcp_merge_row *
row_of(struct rcp_merge *m, const struct key *key)
{
	uint32_t h = hash(key), *slot;
	struct rcp_merge_row *row;

	if (h < m->from || h >= m->until)
		return NULL;
	slot = slot_of(m, key, h);
	while (!*slot && m->count == m->room) {
		if (!halve(m) || h >= m->until)
			return NULL;
		slot = slot_of(m, key, h);
	}
	if (*slot)
		return &m->rows[*slot - 1];
	row = &m->rows[m->count++];
	*slot = m->count;
	memset(row, 0, sizeof(*row));
	row->key = *key;
	row->hash = h;
	return row;
}

static void
add(struct rcp_merge *m, const struct key *key, uint32_t mask,
    uint32_t absolute, const uint64_t *values, unsigned count)
{
	struct rcp_merge_row *row = row_of(m, key);

	if (!row)
		return;
	for (unsigned i = 0; i < count; i++) {
		if (!(mask >> i & 1))
			continue;
		if (absolute >> i & 1)
			row->values[i] = values[i];
		else
			row->values[i] += values[i];
	}
	row->mask |= mask & absolute;
}

static void
add_object(struct rcp_merge *m, struct key *key, uint64_t mask,
	   const uint64_t *values)
{
	for (key->part = 0; key->part < PARTS; key->part++) {
		unsigned first = key->part * FIELDS;
		unsigned count = RCP_OBJECT_FIELDS - first;
		uint32_t some = mask >> first & ((1u << FIELDS) - 1);

		if (some)
			add(m, key, some, 0, values + first,
			    count < FIELDS ? count : FIELDS);
	}
}

bool
rcp_merge_chunk(struct rcp_merge *m, const struct rcp_raw_chunk *chunk)
{
	struct rcp_records records;
	struct rcp_record r;
	int more;

	rcp_records_begin(&records, chunk);
	while ((more = rcp_records_next(&records, &r)) > 0) {
		struct key key = { .chunk = chunk->type };

		if (r.type == RCP_CHUNK_CELLS) {
			if ((r.u.cell.thread | r.u.cell.site) > UINT32_MAX)
				return false;
			key.thread = (uint32_t)r.u.cell.thread;
			key.site = (uint32_t)r.u.cell.site;
			add(m, &key, r.u.cell.mask, ABSOLUTE, r.u.cell.values,
			    RCP_CELL_FIELDS);
			continue;
		}
		if (r.type == RCP_CHUNK_CYCLES) {
			if (r.u.cycle_cell.cycle > UINT32_MAX)
				return false;
			key.site = (uint32_t)r.u.cycle_cell.cycle;
			add(m, &key, (uint32_t)r.u.cycle_cell.mask,
			    CYCLE_ABSOLUTE, r.u.cycle_cell.values,
			    RCP_CYCLE_FIELDS);
			continue;
		}
		if ((r.u.object.thread | r.u.object.site | r.u.object.type |
		     r.u.object.death_site) > UINT32_MAX)
			return false;
		key.thread = (uint32_t)r.u.object.thread;
		key.site = (uint32_t)r.u.object.site;
		key.type = (uint32_t)r.u.object.type;
		key.death = (uint32_t)r.u.object.death_site;
		add_object(m, &key, r.u.object.mask, r.u.object.values);
	}
	return more == 0;
}

/* --- writing ------------------------------------------------------------- */

static bool
before(const struct key *a, const struct key *b)
{
	if (a->chunk != b->chunk)
		return a->chunk < b->chunk;
	if (a->thread != b->thread)
		return a->thread < b->thread;
	if (a->site != b->site)
		return a->site < b->site;
	if (a->type != b->type)
		return a->type < b->type;
	if (a->death != b->death)
		return a->death < b->death;
	return a->part < b->part;
}

static void
sift(struct rcp_merge *m, uint32_t i, uint32_t n)
{
	uint32_t *o = m->order, child;

	for (; (child = 2 * i + 1) < n; i = child) {
		uint32_t t = o[i];

		if (child + 1 < n && before(&m->rows[o[child]].key,
					    &m->rows[o[child + 1]].key))
			child++;
		if (!before(&m->rows[t].key, &m->rows[o[child]].key))
			return;
		o[i] = o[child];
		o[child] = t;
	}
}

/* Heapsort: in place, and without libc's qsort, which may allocate. */
static void
sort(struct rcp_merge *m)
{
	uint32_t n = m->count;

	for (uint32_t i = 0; i < n; i++)
		m->order[i] = i;
	for (uint32_t i = n / 2; i > 0; i--)
		sift(m, i - 1, n);
	for (; n > 1; n--) {
		uint32_t t = m->order[0];

		m->order[0] = m->order[n - 1];
		m->order[n - 1] = t;
		sift(m, 0, n - 1);
	}
}

static void
encode(struct rcp_buf *out, const struct rcp_merge_row *row,
       struct rcp_counts_last *last)
{
	uint64_t all[PARTS * FIELDS] = { 0 };
	unsigned first = row->key.part * FIELDS;
	uint32_t mask = row->mask;

	for (unsigned i = 0; i < FIELDS; i++)
		if (row->values[i])
			mask |= 1u << i;
	if (!mask)
		return;
	if (row->key.chunk == RCP_CHUNK_CELLS) {
		rcp_encode_cell(out, row->key.site, mask, row->values);
		return;
	}
	if (row->key.chunk == RCP_CHUNK_COUNTS) {
		rcp_encode_counts(out, last, row->key.site, mask, row->values);
		return;
	}
	if (row->key.chunk == RCP_CHUNK_CYCLES) {
		rcp_encode_cycle(out, row->key.site, mask, row->values);
		return;
	}
	memcpy(all + first, row->values, sizeof(row->values));
	rcp_encode_object(out, row->key.site, row->key.type, row->key.death,
			  (uint64_t)mask << first, all);
}

long
rcp_merge_write(struct rcp_merge *m, struct rcp_buf *out,
		long (*put)(void *context), void *context)
{
	uint32_t i = 0;
	long error = 0;

	sort(m);
	while (i < m->count && error == 0) {
		struct key key = m->rows[m->order[i]].key;
		size_t start = rcp_chunk_begin(out, (enum rcp_chunk)key.chunk);
		struct rcp_counts_last last = { 0, 0 };
		size_t head;

		if (key.chunk != RCP_CHUNK_CYCLES)
			rcp_buf_uv(out, key.thread);
		head = out->len;
		for (; i < m->count; i++) {
			const struct rcp_merge_row *row =
				&m->rows[m->order[i]];

			if (row->key.chunk != key.chunk ||
			    row->key.thread != key.thread ||
			    rcp_chunk_size(out, start) >= CHUNK)
				break;
			encode(out, row, &last);
		}
		if (out->len == head)
			rcp_chunk_drop(out, start);
		else
			rcp_chunk_finish(out, start);
		error = put(context);
	}
	return error;
}

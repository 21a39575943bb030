/* SPDX-License-Identifier: MIT
 *
 * rows.c - from cells to the records of a snapshot: what has changed in each
 * since the last one.  What is seen is packed on the way, for the next.
 *
 * Under the emit lock and that of the books, in the helper or any thread: no
 * TLS, no errno.  Frees are read for all threads before allocations, so that a
 * block which one thread allocates and another frees meanwhile never makes
 * live negative; they wait in `frees`, so that a cell is one record.  One thread
 * alone has both in one cell, where the one is read just before the other.
 */
#include <string.h>

#include "account/internal.h"
#include "account/packed.h"
#include "base/mem.h"
#include "emit/emit.h"
#include "emit/sink.h"
#include "format/varint.h"

#define KEEP (256u << 10) /* of the room of `frees` from one to the next */

/* One snapshot on its way through all pages. */
static struct {
	struct rcp_sink *sink;
	const struct rcp_snap *snap;
	uint32_t number; /* of the snapshot: which pages are in `frees` */
	uint32_t epoch;  /* of the peak when it began */
	bool alone;      /* the one thread's frees need not wait */
	struct rcp_buf frees;
	size_t at; /* where reading it is */
	struct rcp_page_state before, now;
	int64_t bytes, blocks;
} pass = { .frees.grow = rcp_sink_grow };

/* --- frees ---------------------------------------------------------------- */

enum { FREES = 5 };

static void
read_frees(const struct rcp_cell_page *page, unsigned i, uint64_t value[FREES])
{
	const struct rcp_cell *c = &page->cells[i];

	/* `unaged` first, so that it is never more than the frees. */
	value[0] = RCP_LOAD(c->unaged);
	value[1] = RCP_LOAD(c->frees);
	value[2] = RCP_LOAD(c->freed_bytes);
	value[3] = RCP_LOAD(c->temporaries);
	value[4] = RCP_LOAD(page->lifetime[i]);
}

static void
put_frees(const struct rcp_cell_page *page, unsigned i)
{
	uint64_t value[FREES];
	unsigned mask = 0;

	read_frees(page, i, value);
	for (unsigned k = 0; k < FREES; k++)
		mask |= (unsigned)(value[k] != 0) << k;
	rcp_buf_u8(&pass.frees, (uint8_t)mask);
	for (unsigned k = 0; k < FREES; k++)
		if (value[k])
			rcp_buf_uv(&pass.frees, value[k]);
}

static void
get_frees(uint64_t value[FREES])
{
	const struct rcp_buf *b = &pass.frees;
	unsigned mask = b->data[pass.at++];

	for (unsigned k = 0; k < FREES; k++) {
		value[k] = 0;
		if (mask >> k & 1)
			pass.at += rcp_varint_get(b->data + pass.at,
						  b->len - pass.at, &value[k]);
	}
}

static void
set_frees(const struct rcp_cell_page *page, unsigned i,
	  struct rcp_cell_state *s)
{
	uint64_t value[FREES];

	if (pass.alone) {
		read_frees(page, i, value);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} else {
		get_frees(value);
	}
	/* The cell has the low half. */
	s->unaged += (uint32_t)((uint32_t)value[0] - (uint32_t)s->unaged);
	s->frees = value[1];
	s->freed_bytes = value[2];
	s->temporaries = value[3];
	s->lifetime = value[4];
}

/* Is the page to be looked at?  What becomes dirty from here on comes next
 * time. */
static bool
take(struct rcp_account *a, uint32_t index)
{
	return __atomic_exchange_n(&rcp_page_entry(a, index)->dirty, 0,
				   __ATOMIC_ACQ_REL) ||
	       pass.snap->keyframe;
}

/* The first pass. */
static void
see_frees(struct rcp_account *a, uint32_t index, struct rcp_cell_page *page)
{
	size_t start = pass.frees.len;

	if (!page || !take(a, index))
		return;
	for (unsigned i = 0; i < RCP_CELLS_PER_PAGE; i++)
		put_frees(page, i);
	if (pass.frees.failed) {
		pass.frees.len = start;
		pass.frees.failed = false;
		rcp_cell_changed(rcp_page_entry(a, index));
		return;
	}
	page->drained = pass.number;
}

/* --- all of it -------------------------------------------------------------- */

struct row {
	uint32_t mask;
	uint64_t value[RCP_CELL_FIELDS]; /* differences, or as the format says */
};

static void
difference(struct row *r, unsigned field, uint64_t before, uint64_t now)
{
	r->value[field] = pass.snap->keyframe ? now : now - before;
	if (r->value[field])
		r->mask |= 1u << field;
}

/* What a cell had at a peak that has been passed meanwhile says nothing: it
 * has at the present one what it has now. */
static void
peak_of(struct row *r, const struct rcp_cell_state *before,
	const struct rcp_cell_state *now)
{
	if (!now->epoch ||
	    (!pass.snap->keyframe && now->epoch == before->epoch))
		return;
	r->value[RCP_CELL_PEAK_EPOCH] = now->epoch;
	r->value[RCP_CELL_PEAK_BYTES] = (uint64_t)now->peak_bytes;
	r->value[RCP_CELL_PEAK_BLOCKS] = (uint64_t)now->peak_blocks;
	r->mask |= 1u << RCP_CELL_PEAK_EPOCH | 1u << RCP_CELL_PEAK_BYTES |
		   1u << RCP_CELL_PEAK_BLOCKS;
}

static void
put_cell(const struct rcp_account *a, uint32_t site,
	 const struct rcp_cell_state *before, const struct rcp_cell_state *now)
{
	struct row r = { .mask = 0 };

	difference(&r, RCP_CELL_FREES, before->frees, now->frees);
	difference(&r, RCP_CELL_FREED_BYTES, before->freed_bytes,
		   now->freed_bytes);
	difference(&r, RCP_CELL_TEMPORARIES, before->temporaries,
		   now->temporaries);
	difference(&r, RCP_CELL_LIFETIME, before->lifetime, now->lifetime);
	difference(&r, RCP_CELL_AGED, before->frees - before->unaged,
		   now->frees - now->unaged);
	difference(&r, RCP_CELL_ALLOCS, before->allocs, now->allocs);
	difference(&r, RCP_CELL_ALLOC_BYTES, before->alloc_bytes,
		   now->alloc_bytes);
	pass.bytes += (int64_t)(r.value[RCP_CELL_ALLOC_BYTES] -
				r.value[RCP_CELL_FREED_BYTES]);
	pass.blocks += (int64_t)(r.value[RCP_CELL_ALLOCS] -
				 r.value[RCP_CELL_FREES]);
	peak_of(&r, before, now);
	if (!r.mask)
		return;
	rcp_site_define(pass.sink, pass.snap, site);
	rcp_sink_counts(pass.sink, a->thread, site, r.mask, r.value);
}

/* The allocations' half of a cell. */
static void
see_allocs(const struct rcp_cell *c, struct rcp_cell_state *s)
{
	s->epoch = __atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE);
	s->allocs = RCP_LOAD(c->allocs);
	s->alloc_bytes = RCP_LOAD(c->alloc_bytes);
	s->peak_bytes = RCP_LOAD(c->peak_bytes);
	s->peak_blocks = RCP_LOAD(c->peak_blocks);
	if (s->epoch < pass.epoch) {
		s->epoch = 0;
		s->peak_bytes = s->peak_blocks = 0;
	}
}

/* The second pass.  It also takes pages that became dirty during the first: a
 * free that the first has seen may belong to an allocation there.  Their own
 * frees come next time. */
static void
see_page(struct rcp_account *a, uint32_t index, struct rcp_cell_page *page)
{
	bool drained = page && (pass.alone ? take(a, index) :
					     page->drained == pass.number);

	if (!drained && !pass.snap->keyframe &&
	    !RCP_LOAD(rcp_page_entry(a, index)->dirty))
		return;
	rcp_packed_read(a, index, &pass.before);
	memcpy(&pass.now, &pass.before, sizeof(pass.now));
	for (unsigned i = 0; page && i < RCP_CELLS_PER_PAGE; i++) {
		if (drained)
			set_frees(page, i, &pass.now.cells[i]);
		see_allocs(&page->cells[i], &pass.now.cells[i]);
	}
	if (page && !rcp_packed_write(a, index, &pass.now)) {
		/* It could not be told from what comes later. */
		rcp_cell_changed(rcp_page_entry(a, index));
		page->settled = false;
		if (!pass.snap->keyframe)
			return;
	}
	if (page)
		page->settled = drained;
	for (unsigned i = 0; i < RCP_CELLS_PER_PAGE; i++)
		put_cell(a, index * RCP_CELLS_PER_PAGE + i,
			 &pass.before.cells[i], &pass.now.cells[i]);
}

/* A keyframe takes all pages, in the order of the directory, so that each
 * comes once whether it is opened meanwhile or not; else those that are open.
 * Both passes meet the pages of the first in the same order. */
static void
each_page(struct rcp_account *a,
	  void (*see)(struct rcp_account *a, uint32_t index,
		      struct rcp_cell_page *page))
{
	uint32_t pages = rcp_site_next() / RCP_CELLS_PER_PAGE + 1;
	struct rcp_cell_page *page;

	if (!pass.snap->keyframe) {
		page = __atomic_load_n(&a->open, __ATOMIC_ACQUIRE);
		while (page) {
			see(a, page->index, page);
			page = __atomic_load_n(&page->next, __ATOMIC_ACQUIRE);
		}
		return;
	}
	for (uint32_t i = rcp_site_first / RCP_CELLS_PER_PAGE; i < pages; i++) {
		page = __atomic_load_n(&rcp_page_entry(a, i)->page,
				       __ATOMIC_ACQUIRE);
		if (page || *rcp_packed_at(a, i))
			see(a, i, page);
	}
}

static void
see_all(struct rcp_account *a)
{
	for (; a; a = a->next)
		each_page(a, see_frees);
	a = atomic_load_explicit(&rcp_accounts, memory_order_acquire);
	for (; a; a = a->next)
		each_page(a, see_page);
}

/* There is one thread, so that a block's free is in the cell of its allocation:
 * it is enough that each cell's frees are read first.  Of a thread that comes
 * meanwhile, which stands before it in the list, only the allocations are seen:
 * some of its blocks may have been freed by the first. */
static void
see_alone(struct rcp_account *only)
{
	struct rcp_account *a;

	pass.alone = true;
	each_page(only, see_page);
	pass.alone = false;
	a = atomic_load_explicit(&rcp_accounts, memory_order_acquire);
	for (; a != only; a = a->next)
		each_page(a, see_page);
}

void
rcp_rows_drain(struct rcp_sink *sink, const struct rcp_snap *snap,
	       int64_t *live_bytes, int64_t *live_blocks)
{
	struct rcp_account *a;

	pass.sink = sink;
	pass.snap = snap;
	pass.epoch = atomic_load_explicit(&rcp_peak_epoch,
					  memory_order_acquire);
	pass.bytes = snap->keyframe ? 0 : *live_bytes;
	pass.blocks = snap->keyframe ? 0 : *live_blocks;
	pass.number++;
	rcp_buf_reset(&pass.frees);
	pass.at = 0;
	rcp_lock_take(&rcp_books_lock);
	a = atomic_load_explicit(&rcp_accounts, memory_order_acquire);
	if (a && !a->next)
		see_alone(a);
	else
		see_all(a);
	RCP_STORE(rcp_books_seen, pass.number);
	rcp_lock_drop(&rcp_books_lock);
	if (pass.frees.cap > KEEP) {
		rcp_pages_free(pass.frees.data, pass.frees.cap);
		pass.frees.data = NULL;
		pass.frees.cap = 0;
	}
	*live_bytes = pass.bytes;
	*live_blocks = pass.blocks;
}

/* SPDX-License-Identifier: MIT
 *
 * drain.c - account's part of a snapshot: the cells that have changed, the
 * sites they need, the totals.
 *
 * Under the emit lock, in the helper or any thread: no TLS, no errno.  Frees
 * are read for all threads before allocations, so that a block which one
 * thread allocates and another frees meanwhile never makes live negative.
 */
#include "account/internal.h"
#include "account/live.h"
#include "base/mem.h"
#include "emit/emit.h"
#include "emit/sink.h"

/* The fields that are written as differences, in the order of the format. */
enum { WRITTEN = RCP_CELL_AGED + 1 };

struct rcp_cell_written {
	struct {
		uint64_t value[WRITTEN];
		uint32_t peak_epoch;
		uint32_t unaged_seen; /* to widen the cell's 32 bits */
		uint64_t unaged;
	} of[RCP_CELLS_PER_PAGE];
};

static void (*define_node)(struct rcp_sink *sink, const struct rcp_snap *snap,
			   uint32_t node);

static int64_t live_bytes, live_blocks; /* as written */

void
rcp_site_define(struct rcp_sink *sink, const struct rcp_snap *snap,
		uint32_t site)
{
	struct rcp_buf *b;

	if (rcp_site_stamp(site, snap->file_generation))
		return;
	define_node(sink, snap, rcp_site_node(site));
	b = rcp_sink_record(sink, RCP_CHUNK_SITE);
	rcp_buf_uv(b, site);
	rcp_buf_uv(b, rcp_site_node(site));
	rcp_buf_u8(b, (uint8_t)rcp_site_kind(site));
}

/* One cell on its way to the file. */
struct row {
	const struct rcp_account *account;
	struct rcp_cell_page *page;
	unsigned i;
	uint32_t site;
	uint32_t mask;
	uint64_t value[RCP_CELL_FIELDS]; /* differences, or as the format says */
};

static void
difference(struct row *r, const struct rcp_snap *snap, unsigned field,
	   uint64_t now)
{
	uint64_t *last = &r->page->written->of[r->i].value[field];

	r->value[field] = snap->keyframe ? now : now - *last;
	*last = now;
	if (r->value[field])
		r->mask |= 1u << field;
}

static void
put_row(struct rcp_sink *sink, const struct rcp_snap *snap,
	const struct row *r)
{
	struct rcp_buf *b;

	if (!r->mask)
		return;
	rcp_site_define(sink, snap, r->site);
	b = rcp_sink_cell(sink, RCP_CHUNK_CELLS, r->account->thread);
	rcp_encode_cell(b, r->site, r->mask, r->value);
}

static void
frees_row(struct row *r, const struct rcp_snap *snap)
{
	const struct rcp_cell *c = &r->page->cells[r->i];
	uint64_t aged;
	uint32_t unaged = RCP_LOAD(c->unaged);

	r->page->written->of[r->i].unaged +=
		(uint32_t)(unaged - r->page->written->of[r->i].unaged_seen);
	r->page->written->of[r->i].unaged_seen = unaged;
	difference(r, snap, RCP_CELL_FREES, RCP_LOAD(c->frees));
	difference(r, snap, RCP_CELL_FREED_BYTES, RCP_LOAD(c->freed_bytes));
	difference(r, snap, RCP_CELL_TEMPORARIES, RCP_LOAD(c->temporaries));
	difference(r, snap, RCP_CELL_LIFETIME,
		   RCP_LOAD(r->page->lifetime[r->i]));
	/* `unaged` was read first, so it is never more than the frees. */
	aged = r->page->written->of[r->i].value[RCP_CELL_FREES] -
	       r->page->written->of[r->i].unaged;
	difference(r, snap, RCP_CELL_AGED, aged);
	live_bytes -= (int64_t)r->value[RCP_CELL_FREED_BYTES];
	live_blocks -= (int64_t)r->value[RCP_CELL_FREES];
}

static void
allocs_row(struct row *r, const struct rcp_snap *snap)
{
	const struct rcp_cell *c = &r->page->cells[r->i];
	uint32_t epoch = __atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE);

	difference(r, snap, RCP_CELL_ALLOCS, RCP_LOAD(c->allocs));
	difference(r, snap, RCP_CELL_ALLOC_BYTES, RCP_LOAD(c->alloc_bytes));
	live_bytes += (int64_t)r->value[RCP_CELL_ALLOC_BYTES];
	live_blocks += (int64_t)r->value[RCP_CELL_ALLOCS];
	if (!epoch ||
	    (!snap->keyframe &&
	     epoch == r->page->written->of[r->i].peak_epoch))
		return;
	r->page->written->of[r->i].peak_epoch = epoch;
	r->value[RCP_CELL_PEAK_EPOCH] = epoch;
	r->value[RCP_CELL_PEAK_BYTES] = (uint64_t)RCP_LOAD(c->peak_bytes);
	r->value[RCP_CELL_PEAK_BLOCKS] = (uint64_t)RCP_LOAD(c->peak_blocks);
	r->mask |= 1u << RCP_CELL_PEAK_EPOCH | 1u << RCP_CELL_PEAK_BYTES |
		   1u << RCP_CELL_PEAK_BLOCKS;
}

static bool
ready(struct rcp_cell_page *page)
{
	if (!page->written)
		page->written = rcp_arena_new(sizeof(*page->written));
	return page->written != NULL;
}

/* All cells of a page, through FILL. */
static void
drain_page(struct rcp_sink *sink, const struct rcp_snap *snap,
	   const struct rcp_account *a, uint32_t index,
	   void (*fill)(struct row *r, const struct rcp_snap *snap))
{
	struct row r = { .account = a, .page = a->dir[index].page };

	for (r.i = 0; r.i < RCP_CELLS_PER_PAGE; r.i++) {
		r.site = index * RCP_CELLS_PER_PAGE + r.i;
		if (r.site < rcp_site_first || r.site >= rcp_site_next())
			continue;
		if (!r.page->cells[r.i].allocs && !r.page->cells[r.i].frees)
			continue;
		r.mask = 0;
		fill(&r, snap);
		put_row(sink, snap, &r);
	}
}

/* One of the two passes over a thread's pages.  The second also takes pages
 * that became dirty during the first: a free that the first pass saw may
 * belong to an allocation there. */
static void
drain_account(struct rcp_sink *sink, const struct rcp_snap *snap,
	      struct rcp_account *a, bool frees)
{
	uint32_t pages = rcp_site_next() / RCP_CELLS_PER_PAGE + 1;

	for (uint32_t i = rcp_site_first / RCP_CELLS_PER_PAGE; i < pages; i++) {
		struct rcp_cell_dir *d = &a->dir[i];
		struct rcp_cell_page *page =
			__atomic_load_n(&d->page, __ATOMIC_ACQUIRE);

		if (!page || !ready(page))
			continue;
		if (frees) {
			/* What becomes dirty from here on comes next time. */
			uint32_t dirty =
				__atomic_exchange_n(&d->dirty, 0,
						    __ATOMIC_ACQ_REL);

			if (!dirty && !snap->keyframe)
				continue;
			page->draining = true;
			drain_page(sink, snap, a, i, frees_row);
		} else if (page->draining || RCP_LOAD(d->dirty)) {
			page->draining = false;
			drain_page(sink, snap, a, i, allocs_row);
		}
	}
}

static void
drain_totals(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	static const struct {
		enum rcp_counter counter;
		enum rcp_total total;
	} rows[] = {
		{ RCP_COUNT_UNMATCHED, RCP_TOTAL_UNMATCHED_FREES },
		{ RCP_COUNT_UNSEEN, RCP_TOTAL_UNSEEN_FREES },
		{ RCP_COUNT_INHERITED_FREES, RCP_TOTAL_INHERITED_FREED_BLOCKS },
		{ RCP_COUNT_INHERITED_FREED_BYTES,
		  RCP_TOTAL_INHERITED_FREED_BYTES },
		{ RCP_COUNT_RESERVED, RCP_TOTAL_RESERVED_BYTES },
		{ RCP_COUNT_ARENA, RCP_TOTAL_ARENA_BYTES },
		{ RCP_COUNT_GUARDED, RCP_TOTAL_GUARDED },
		{ RCP_COUNT_TRUNCATED, RCP_TOTAL_SITES_TRUNCATED },
		{ RCP_COUNT_DROPPED, RCP_TOTAL_SAMPLES_DROPPED },
	};
	struct rcp_peak_now peak;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t n = rcp_counter(rows[i].counter);

		rcp_sink_total(sink, rows[i].total, n > 0 ? (uint64_t)n : 0);
	}
	rcp_sink_total(sink, RCP_TOTAL_INHERITED_BYTES,
		       (uint64_t)rcp_inherited_bytes);
	rcp_sink_total(sink, RCP_TOTAL_INHERITED_BLOCKS,
		       (uint64_t)rcp_inherited_blocks);
	rcp_sink_total(sink, RCP_TOTAL_LIVE_BYTES, (uint64_t)live_bytes);
	rcp_sink_total(sink, RCP_TOTAL_LIVE_BLOCKS, (uint64_t)live_blocks);
	rcp_sink_total(sink, RCP_TOTAL_PROFILER,
		       rcp_mem_used() + rcp_live_resident());
	rcp_peak_now(&peak, live_bytes);
	rcp_sink_total(sink, RCP_TOTAL_PEAK_EPOCH, peak.epoch);
	rcp_sink_total(sink, RCP_TOTAL_PEAK_TIME, peak.time);
	if (peak.site < rcp_site_first)
		return;
	rcp_site_define(sink, snap, peak.site);
	rcp_sink_total(sink, RCP_TOTAL_PEAK_SITE, peak.site);
}

static void
drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	struct rcp_account *a;

	if (snap->keyframe)
		live_bytes = live_blocks = 0;
	for (int frees = 1; frees >= 0; frees--) {
		a = atomic_load_explicit(&rcp_accounts, memory_order_acquire);
		for (; a; a = a->next)
			drain_account(sink, snap, a, frees);
	}
	drain_totals(sink, snap);
}

static struct rcp_source source = { .name = "account", .drain = drain };

void
rcp_account_register(void (*define)(struct rcp_sink *sink,
				    const struct rcp_snap *snap,
				    uint32_t node))
{
	define_node = define;
	rcp_emit_register(&source);
}

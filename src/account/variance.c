/* SPDX-License-Identifier: MIT
 *
 * variance.c - see variance.h.  Reached once a sample and once a sample's
 * free; only in sample mode.
 *
 * An entry is written by its thread and read, without a lock, by the snapshot;
 * as with cells, what a snapshot just misses is in the next.  The table by
 * site is its thread's alone; the snapshot goes along the list.
 */
#include "account/variance.h"

#include "account/internal.h"
#include "base/hash.h"
#include "emit/emit.h"
#include "emit/sink.h"

struct rcp_variance {
	uint32_t site;
	uint32_t epoch; /* of the peak that `peak` belongs to */
	int64_t live;   /* RCP_VAR_UNIT bytes^2, as the next two */
	int64_t peak;
	uint64_t alloc;
	uint64_t allocs; /* blocks^2 */
	uint64_t samples;
	struct {
		uint64_t live, alloc, allocs, samples;
		uint32_t epoch;
	} written; /* the snapshot's */
	struct rcp_variance *next;
	UT_hash_handle hh;
};

static struct rcp_variance *
find(struct rcp_account *a, uint32_t site)
{
	struct rcp_variance *v;

	HASH_FIND(hh, a->variances, &site, sizeof(site), v);
	if (v)
		return v;
	v = rcp_arena_new(sizeof(*v));
	if (!v)
		return NULL;
	v->site = site;
	v->next = a->first_variance;
	HASH_ADD(hh, a->variances, site, sizeof(site), v);
	__atomic_store_n(&a->first_variance, v, __ATOMIC_RELEASE);
	return v;
}

/* SITE's entry, with what it had at the peak put aside. */
static struct rcp_variance *
touch(struct rcp_account *a, uint32_t site)
{
	uint32_t epoch = atomic_load_explicit(&rcp_peak_epoch,
					      memory_order_relaxed);
	struct rcp_variance *v = find(a, site);

	if (v && v->epoch != epoch) {
		RCP_STORE(v->peak, v->live);
		__atomic_store_n(&v->epoch, epoch, __ATOMIC_RELEASE);
	}
	return v;
}

bool
rcp_account_sampled(struct rcp_account *a, const struct rcp_sample *s)
{
	struct rcp_variance *v = touch(a, s->site);

	if (!rcp_account_alloc(a, s->site, s->bytes, s->blocks))
		return false;
	if (v) {
		RCP_ADD(v->live, (int64_t)s->var_bytes);
		RCP_ADD(v->alloc, s->var_bytes);
		RCP_ADD(v->allocs, s->var_blocks);
		RCP_ADD(v->samples, 1);
	}
	return true;
}

/* A free may end a climb, and what a site had at its top is then what it has
 * before the free: the cells go first, since they move the epoch. */
void
rcp_account_sample_freed(struct rcp_account *a, const struct rcp_sample *s,
			 int64_t age, bool temporary)
{
	struct rcp_variance *v;

	rcp_account_free(a, s->site, s->bytes, s->blocks, age, temporary);
	if (rcp_site_inherited(s->site))
		return;
	v = touch(a, s->site);
	if (v)
		RCP_ADD(v->live, -(int64_t)s->var_bytes);
}

/* --- snapshots ------------------------------------------------------------- */

struct row {
	uint32_t mask;
	uint64_t value[RCP_CELL_FIELDS];
};

static void
difference(struct row *r, bool keyframe, unsigned field, uint64_t now,
	   uint64_t *last)
{
	r->value[field] = keyframe ? now : now - *last;
	*last = now;
	if (r->value[field])
		r->mask |= 1u << field;
}

static void
fill(struct row *r, struct rcp_variance *v, bool keyframe)
{
	uint32_t epoch = __atomic_load_n(&v->epoch, __ATOMIC_ACQUIRE);

	r->mask = 0;
	difference(r, keyframe, RCP_CELL_VAR_LIVE_BYTES,
		   (uint64_t)RCP_LOAD(v->live), &v->written.live);
	difference(r, keyframe, RCP_CELL_VAR_ALLOC_BYTES, RCP_LOAD(v->alloc),
		   &v->written.alloc);
	difference(r, keyframe, RCP_CELL_VAR_ALLOCS, RCP_LOAD(v->allocs),
		   &v->written.allocs);
	difference(r, keyframe, RCP_CELL_SAMPLES, RCP_LOAD(v->samples),
		   &v->written.samples);
	if (!keyframe && epoch == v->written.epoch)
		return;
	v->written.epoch = epoch;
	r->value[RCP_CELL_VAR_PEAK_BYTES] = (uint64_t)RCP_LOAD(v->peak);
	r->mask |= 1u << RCP_CELL_VAR_PEAK_BYTES;
}

static void
drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	struct rcp_account *a;
	struct rcp_variance *v;
	struct row r;

	a = atomic_load_explicit(&rcp_accounts, memory_order_acquire);
	for (; a; a = a->next) {
		v = __atomic_load_n(&a->first_variance, __ATOMIC_ACQUIRE);
		for (; v; v = v->next) {
			if (v->site < rcp_site_first)
				continue;
			fill(&r, v, snap->keyframe);
			if (!r.mask)
				continue;
			rcp_site_define(sink, snap, v->site);
			rcp_encode_cell(rcp_sink_cell(sink, RCP_CHUNK_CELLS,
						      a->thread),
					v->site, r.mask, r.value);
		}
	}
}

static struct rcp_source source = { .name = "variances", .drain = drain };

void
rcp_variance_register(void)
{
	rcp_emit_register(&source);
}

/* SPDX-License-Identifier: MIT
 *
 * peak.c - when live was highest.  The slow half of account.h: reached when
 * a thread's live leaves the bounds that were set here.
 *
 * One thread: `bar` is the highest total so far; the first free above it is
 * the end of a climb, where the epoch moves.  The total is exact.
 * Several: each thread publishes its difference when it exceeds UNPUBLISHED
 * either way; the highest published total is the peak, and the epoch moves
 * before the first free after it that exceeds UNPUBLISHED, alone or with the
 * same thread's frees before it.
 *
 * Ordering: the thread that becomes the second sets `several`, then lowers
 * the first one's bounds; the first raises its bounds, then looks at
 * `several`.  Both are sequentially consistent, so at least one sees the
 * other, and the first thread's next event comes here.
 */
#include "account/internal.h"
#include "account/packed.h"
#include "base/clock.h"

#define UNPUBLISHED (32 << 10) /* bytes */

_Atomic uint32_t rcp_peak_epoch __attribute__((aligned(64))) = 1;

/* Written every few dozen events of each thread: on a line of its own, since
 * what the linker put beside it may be read at every event. */
static struct {
	_Atomic uint32_t several;  /* threads have been seen */
	_Atomic uint32_t climbing; /* highest has moved, the epoch not yet */
	_Atomic int64_t total;     /* published, with several threads */
	_Atomic int64_t highest;
	_Atomic uint64_t peak_time;
	_Atomic uint32_t peak_site;
} __attribute__((aligned(64))) shared;

static void
set_bounds(struct rcp_account *a, int64_t bar, int64_t high, int64_t low)
{
	__atomic_store_n(&a->bar, bar, __ATOMIC_SEQ_CST);
	__atomic_store_n(&a->high, high, __ATOMIC_SEQ_CST);
	__atomic_store_n(&a->low, low, __ATOMIC_SEQ_CST);
}

static void
new_epoch(void)
{
	atomic_store_explicit(&shared.peak_time, rcp_clock_coarse(),
			      memory_order_relaxed);
	atomic_fetch_add_explicit(&rcp_peak_epoch, 1, memory_order_release);
}

static void
publish(struct rcp_account *a)
{
	int64_t difference = a->live - a->published;
	int64_t now, seen;

	a->published = a->live;
	now = atomic_fetch_add(&shared.total, difference) + difference;
	seen = atomic_load(&shared.highest);
	while (now > seen) {
		if (atomic_compare_exchange_weak(&shared.highest, &seen, now)) {
			atomic_store(&shared.peak_site, a->last_site);
			atomic_store(&shared.climbing, 1);
			break;
		}
	}
	set_bounds(a, INT64_MAX, a->live + UNPUBLISHED, a->live - UNPUBLISHED);
}

void
rcp_peak_crossed(struct rcp_account *a)
{
	if (atomic_load(&shared.several))
		publish(a);
	else
		set_bounds(a, atomic_load(&shared.highest), INT64_MAX,
			   INT64_MIN);
}

void
rcp_peak_before_free(struct rcp_account *a)
{
	if (!atomic_load(&shared.several)) {
		atomic_store_explicit(&shared.highest, a->live,
				      memory_order_relaxed);
		atomic_store_explicit(&shared.peak_site, a->last_site,
				      memory_order_relaxed);
		new_epoch();
		set_bounds(a, a->live, INT64_MAX, INT64_MIN);
		if (!atomic_load(&shared.several))
			return;
	}
	publish(a);
	if (atomic_exchange(&shared.climbing, 0))
		new_epoch();
}

/* A's thread enters.  Called under the list's lock; OTHERS: who is there. */
void
rcp_peak_join(struct rcp_account *a, struct rcp_account *others)
{
	a->live = a->published = 0;
	if (!others) {
		set_bounds(a, atomic_load(&shared.highest), INT64_MAX,
			   INT64_MIN);
		return;
	}
	if (!atomic_load(&shared.several)) {
		/* The first thread may be counting right now; what it adds
		 * after this look it will publish itself. */
		others->published = RCP_LOAD(others->live);
		atomic_fetch_add(&shared.total, others->published);
		atomic_store(&shared.several, 1);
		set_bounds(others, INT64_MIN, INT64_MIN, INT64_MAX);
	}
	set_bounds(a, INT64_MAX, UNPUBLISHED, -UNPUBLISHED);
}

int64_t
rcp_live_estimate(void)
{
	struct rcp_account *a;

	if (atomic_load_explicit(&shared.several, memory_order_relaxed))
		return atomic_load_explicit(&shared.total,
					    memory_order_relaxed);
	a = atomic_load_explicit(&rcp_accounts, memory_order_acquire);
	return a ? RCP_LOAD(a->live) : 0;
}

/* A climb that no free has ended yet is the peak: its composition is what is
 * live now, that is, what cells say under an epoch that none of them has. */
void
rcp_peak_now(struct rcp_peak_now *out, int64_t live)
{
	struct rcp_account *a = atomic_load(&rcp_accounts);

	out->epoch = atomic_load_explicit(&rcp_peak_epoch,
					  memory_order_acquire);
	if (live > atomic_load(&shared.highest) ||
	    atomic_load(&shared.climbing)) {
		out->epoch++;
		out->time = rcp_clock_coarse();
		out->site = a ? a->last_site : 0;
	} else {
		out->time = atomic_load(&shared.peak_time);
		out->site = atomic_load(&shared.peak_site);
	}
}

int64_t
rcp_cell_peak(const struct rcp_cell_state *c, uint32_t epoch)
{
	if (c->epoch == epoch)
		return c->peak_bytes;
	return (int64_t)(c->alloc_bytes - c->freed_bytes);
}

void
rcp_peak_fork_child(struct rcp_account *self)
{
	struct rcp_account *a = atomic_load(&rcp_accounts);

	atomic_store(&shared.several, 0);
	atomic_store(&shared.total, 0);
	atomic_store(&shared.highest, 0);
	atomic_store(&shared.climbing, 0);
	atomic_store(&shared.peak_time, rcp_clock_coarse());
	atomic_store(&shared.peak_site, 0);
	atomic_store(&rcp_peak_epoch, 1);
	for (; a; a = a->next) {
		a->published = 0;
		set_bounds(a, INT64_MAX, UNPUBLISHED, -UNPUBLISHED);
	}
	/* Alone again: but a slot that a new thread adopts is already in the
	 * list, so only a process without any can count as one thread. */
	if (!atomic_load(&rcp_accounts))
		return; /* nothing was recorded before the fork */
	if (self && atomic_load(&rcp_accounts) == self && !self->next)
		set_bounds(self, 0, INT64_MAX, INT64_MIN);
	else
		atomic_store(&shared.several, 1);
}

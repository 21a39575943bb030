/* SPDX-License-Identifier: MIT
 *
 * rate.c - see rate.h.  rcp_rate_spent() runs inside malloc, once a sample;
 * rcp_rate_beat() in the helper, without TLS.
 *
 * Cost is taken from the clock, not from the CPU's time, which would be a
 * system call: what lasts longer than LONGEST was not ours, the thread had to
 * wait for a CPU.
 */
#include "record/rate.h"

#include <stdatomic.h>

#include "base/lock.h"

#define US 1000ull
#define MS (1000 * US)
#define SECOND (1000 * MS)

#define LONGEST (20 * US) /* of one sample */
/* A young process may spend this before anything is compared, so that a short
 * one has some thousand samples. */
#define CREDIT (2 * MS)
#define CREDIT_FORKED (MS / 4)
/* A thread that is so much beyond its share is too dear now. */
#define DEBT_MAX (50 * US)
#define DEBT_SAMPLES 16
/* The helper judges by at least so much CPU time. */
#define WINDOW_CPU (100 * MS)
#define LOOK_EVERY (50 * MS)
/* The mean is halved when less than 1/4 of the budget was used for so long;
 * twice as long after each time that this proved wrong. */
#define PATIENCE SECOND
#define PATIENCE_MAX (64 * SECOND)
#define MILLION 1000000u

static struct rcp_rate_setup rate;
static _Atomic uint64_t mean = RCP_RATE_START;
static _Atomic uint64_t spent;
static _Atomic int64_t credit;

/* Who changes the mean; never waited for. */
static struct rcp_lock lock = RCP_LOCK_INIT;
static uint64_t floor_mean; /* memory allows no less */
static uint64_t seen_spent, seen_cpu; /* at the start of the window */
static uint64_t looked_at;
static uint64_t calm_since, patience, narrowed_at;
static uint64_t pressure_at; /* bytes of our own that double the mean */

void
rcp_rate_setup(const struct rcp_rate_setup *setup)
{
	rate = *setup;
	atomic_store(&mean, rate.mean ? rate.mean : RCP_RATE_START);
	atomic_store(&credit, (int64_t)CREDIT);
	floor_mean = RCP_RATE_FINEST;
	patience = PATIENCE;
	pressure_at = rate.memory_limit / 2;
	rate.changed(atomic_load(&mean), 0, rate.mean ? "asked for" : "start");
}

uint64_t
rcp_rate_mean(void)
{
	return atomic_load_explicit(&mean, memory_order_relaxed);
}

uint64_t
rcp_rate_cpu(void)
{
	return atomic_load_explicit(&spent, memory_order_relaxed);
}

/* The lock is held. */
static void
change(uint64_t to, const char *reason)
{
	uint64_t before = atomic_load(&mean);

	atomic_store(&mean, to);
	rate.changed(to, before, reason);
}

static void
widen(const char *reason)
{
	uint64_t now = atomic_load(&mean);

	if (now < RCP_RATE_COARSEST)
		change(now * 2, reason);
}

/* --- from the hooks -------------------------------------------------------- */

static uint64_t
pay_by_credit(uint64_t cost)
{
	int64_t left = atomic_load_explicit(&credit, memory_order_relaxed);

	if (left <= 0)
		return cost;
	atomic_fetch_sub_explicit(&credit, (int64_t)cost,
				  memory_order_relaxed);
	return 0;
}

static void
too_dear(struct rcp_rate_thread *th)
{
	th->debt = 0;
	th->samples = 0;
	if (rate.mean || !rcp_lock_try(&lock))
		return;
	widen("budget");
	/* A mean that was halved too soon: wait longer the next time. */
	if (th->last - narrowed_at < 10 * SECOND && patience < PATIENCE_MAX)
		patience *= 2;
	calm_since = th->last;
	rcp_lock_drop(&lock);
}

void
rcp_rate_spent(struct rcp_rate_thread *th, uint64_t begin, uint64_t end)
{
	uint64_t cost = end - begin < LONGEST ? end - begin : LONGEST;
	uint64_t earned;

	atomic_fetch_add_explicit(&spent, cost, memory_order_relaxed);
	/* A thread that slept earned nothing meanwhile, but it is asked for no
	 * more than its debt: sleeping can only make it 0. */
	earned = (end - th->last < SECOND ? end - th->last : SECOND) *
		 rate.budget / MILLION;
	th->last = end;
	th->debt += pay_by_credit(cost);
	th->debt -= earned < th->debt ? earned : th->debt;
	if (++th->samples >= DEBT_SAMPLES && th->debt > DEBT_MAX)
		too_dear(th);
}

/* --- from the helper -------------------------------------------------------- */

static void
look_at_memory(void)
{
	if (!rate.memory_limit || rate.memory_used() < pressure_at)
		return;
	pressure_at += rate.memory_limit / 16;
	widen("memory");
	floor_mean = atomic_load(&mean);
}

static void
halve_when_calm(uint64_t now)
{
	uint64_t half = atomic_load(&mean) / 2;

	if (now - calm_since < patience || half < floor_mean)
		return;
	change(half, "within budget");
	calm_since = narrowed_at = now;
}

/* A window lasts until the process has used enough of the CPU to be judged, be
 * that a minute; only calm can be told from less. */
static void
judge(uint64_t now, uint64_t cost, uint64_t cpu)
{
	uint64_t allowed = cpu * rate.budget / MILLION;
	bool enough = cpu >= WINDOW_CPU;

	if (cost > allowed && enough &&
	    atomic_load_explicit(&credit, memory_order_relaxed) <= 0)
		widen("budget");
	if (cost > allowed / 4)
		calm_since = now;
	else
		halve_when_calm(now);
	if (enough) {
		seen_spent += cost;
		seen_cpu += cpu;
	}
}

static void
look_at_clocks(uint64_t now)
{
	if (now - looked_at < LOOK_EVERY)
		return;
	if (!looked_at) {
		seen_spent = rcp_rate_cpu();
		seen_cpu = rate.cpu_time();
		calm_since = now;
	}
	looked_at = now;
	judge(now, rcp_rate_cpu() - seen_spent, rate.cpu_time() - seen_cpu);
}

void
rcp_rate_beat(uint64_t now)
{
	if (!rate.changed || !rcp_lock_try(&lock))
		return;
	look_at_memory();
	if (!rate.mean)
		look_at_clocks(now);
	rcp_lock_drop(&lock);
}

void
rcp_rate_fork_child(void)
{
	rcp_lock_reset(&lock);
	atomic_store(&spent, 0);
	atomic_store(&credit, (int64_t)CREDIT_FORKED);
	seen_spent = seen_cpu = looked_at = 0;
	calm_since = narrowed_at = 0;
	if (rate.changed)
		rate.changed(atomic_load(&mean), 0, "forked");
}

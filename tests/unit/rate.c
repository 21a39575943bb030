/* SPDX-License-Identifier: MIT
 *
 * rate.c - `auto` under simulated loads: threads that allocate at a given
 * speed, samples that cost a given time, clocks that the test moves.  What is
 * measured is what the user was promised: the share of the CPU.
 */
#include "record/rate.h"

#include <string.h>

#include "tap/tap.h"

#define US 1000ull
#define MS 1000000ull
#define SECOND 1000000000ull
#define THREADS 8

static uint64_t now, cpu, memory, changes, last_change;
static const char *reason;

static uint64_t
cpu_time(void)
{
	return cpu;
}

static uint64_t
memory_used(void)
{
	return memory;
}

static void
changed(uint64_t mean, uint64_t before, const char *why)
{
	changes++;
	last_change = now;
	reason = why;
	if (before && mean != before * 2 && mean != before / 2)
		reason = "a jump";
}

static void
start(uint64_t mean, uint64_t budget)
{
	struct rcp_rate_setup setup = { .mean = mean,
					.budget = budget,
					.memory_limit = 64 << 20,
					.cpu_time = cpu_time,
					.memory_used = memory_used,
					.changed = changed };

	changes = 0;
	memory = 0;
	rcp_rate_fork_child(); /* forgets the load before */
	rcp_rate_setup(&setup);
}

static struct thread {
	struct rcp_rate_thread rate;
	double gap; /* bytes to the next sample */
} threads[THREADS];

/* RUN time of N threads that each allocate SPEED bytes a second, in steps of
 * 20 us; a sample takes COST and is time of the CPU as well. */
static void
run(uint64_t time, unsigned n, double speed, uint64_t cost)
{
	static uint64_t next_beat;

	for (uint64_t end = now + time; now < end; now += 20 * US) {
		for (unsigned i = 0; i < n; i++) {
			struct thread *t = &threads[i];

			cpu += 20 * US;
			t->gap -= speed * 20e-6;
			while (t->gap < 0) {
				rcp_rate_spent(&t->rate, now - cost, now);
				cpu += cost;
				t->gap += (double)rcp_rate_mean();
			}
		}
		if (now >= next_beat) {
			rcp_rate_beat(now);
			next_beat = now + 100 * MS;
		}
	}
}

static double
share_of(uint64_t cost_before, uint64_t cpu_before)
{
	return 100.0 * (double)(rcp_rate_cpu() - cost_before) /
	       (double)(cpu - cpu_before);
}

static void
steady(double speed, unsigned n, uint64_t budget)
{
	uint64_t cost = 0, before = cpu;
	double percent = (double)budget / 10000, share;

	start(0, budget);
	run(20 * SECOND, n, speed, 1500);
	share = share_of(cost, before);
	ok(share <= 1.5 * percent, "%g MB/s in %u threads keep %g %%: %.2f %%",
	   speed / 1e6, n, percent, share);
	/* And the budget is used, unless the finest rate needs less. */
	ok(share >= percent / 8 || rcp_rate_mean() == RCP_RATE_FINEST,
	   "and make use of it");
	ok(changes < 60, "by few changes: %d", (int)changes);
}

static void
test_steady(void)
{
	for (double speed = 1e5; speed < 5e9; speed *= 10)
		steady(speed, 1, 10000);
	steady(1e9, 2, 10000);
	steady(1e9, THREADS, 10000);
	steady(1e9, 1, 1000);
	steady(1e9, 1, 100000);
}

/* A burst of 2 s in an hour-long calm, judged by itself. */
static void
test_burst(void)
{
	uint64_t cost, before;
	double share;

	start(0, 10000);
	run(30 * SECOND, 1, 1e6, 1500);
	cost = rcp_rate_cpu();
	before = cpu;
	run(2 * SECOND, 1, 2e9, 1500);
	share = share_of(cost, before);
	if (!ok(share <= 1.5, "a burst keeps the budget"))
		diag("%.2f %%", share);
	run(60 * SECOND, 1, 1e6, 1500);
	ok(rcp_rate_mean() <= RCP_RATE_START, "and calm brings fineness back");
}

static void
test_idle_then_storm(void)
{
	uint64_t cost, before;
	double share;

	start(0, 10000);
	/* Nothing runs, nothing is allocated: only the helper wakes up. */
	for (int i = 0; i < 600; i++) {
		now += 100 * MS;
		rcp_rate_beat(now);
	}
	cost = rcp_rate_cpu();
	before = cpu;
	run(3 * SECOND, 2, 1e9, 1500);
	share = share_of(cost, before);
	if (!ok(share <= 1.5, "a storm after a minute's sleep"))
		diag("%.2f %%", share);
}

/* A process that gets a tenth of a CPU: what its threads see on the clock is
 * ten times what they may spend of. */
static void
test_low_share(void)
{
	uint64_t cost = 0, before, busy;
	double share;

	start(0, 10000);
	before = busy = cpu;
	for (int i = 0; i < 3000; i++) {
		run(MS, 1, 1e9, 1500);
		now += 9 * MS;
		if (i == 999) {
			cost = rcp_rate_cpu();
			busy = cpu;
		}
	}
	share = share_of(0, before);
	ok(share <= 1.5, "a tenth of a CPU: %.2f %%", share);
	share = share_of(cost, busy);
	ok(share <= 1.1, "and later on: %.2f %%", share);
}

static void
test_waits(void)
{
	/* A sample that waits for a CPU is not charged for the wait. */
	uint64_t before;

	start(0, 10000);
	before = rcp_rate_cpu();
	rcp_rate_spent(&threads[0].rate, now, now + 20 * MS);
	ok(rcp_rate_cpu() - before <= 100 * US, "waiting is not work");
}

static void
test_memory(void)
{
	start(8192, 10000);
	run(SECOND, 1, 1e8, 1500);
	is_int(rcp_rate_mean(), 8192, "a rate that was asked for stays");
	memory = 40 << 20;
	run(200 * MS, 1, 1e8, 1500);
	ok(rcp_rate_mean() > 8192, "until memory is short");
	ok(strcmp(reason, "memory") == 0, "which is said");
	start(0, 10000);
	memory = 63 << 20;
	run(2 * SECOND, 1, 1e4, 1500);
	memory = 1;
	run(60 * SECOND, 1, 1e4, 1500);
	ok(rcp_rate_mean() > RCP_RATE_START,
	   "what memory has made coarse stays so");
}

int
main(void)
{
	now = SECOND;
	test_steady();
	test_burst();
	test_idle_then_storm();
	test_low_share();
	test_waits();
	test_memory();
	done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * sampler.c - the sampler against what it promises: its estimates are right on
 * average, and their variance is the one it states, for every size and mean,
 * whether the thread is asked often or seldom.
 */
#include "record/sampler.h"

#include <math.h>

#include "rcprof/format.h"
#include "tap/tap.h"

#define RUNS 200

struct sums {
	double error, square, variance; /* over the runs */
};

static void
add(struct sums *s, double error)
{
	s->error += error;
	s->square += error * error;
}

/* The mean error is 0, within 4.5 of its own standard errors; the squared one
 * is what was stated, within what 200 runs can tell. */
static void
judge(const struct sums *s, const char *what, uint64_t size, uint64_t mean)
{
	double z, ratio;

	if (s->variance == 0 && s->square == 0) {
		ok(true, "%s of %d bytes, mean %d: exact", what, (int)size,
		   (int)mean);
		return;
	}
	z = s->error / sqrt(s->variance);
	ratio = s->square / s->variance;
	if (!ok(fabs(z) < 4.5 && ratio > 0.6 && ratio < 1.5,
		"%s of %d bytes, mean %d", what, (int)size, (int)mean))
		diag("z of the sum %.2f, variance found over stated %.3f", z,
		     ratio);
}

static void
estimate(uint64_t size, uint64_t mean, uint64_t limit)
{
	struct sums bytes = { 0 }, blocks = { 0 };
	int count = (int)(mean * 40 / (size + 1)) + 40;

	if (count > 40000)
		count = 40000;
	for (int run = 0; run < RUNS; run++) {
		struct rcp_sampler s = { 0 };
		struct rcp_weight w;
		uint64_t countdown = 0;
		double got_bytes = 0, got_blocks = 0;

		rcp_sampler_start(&s);
		for (int i = 0; i < count; i++) {
			if (size < countdown) {
				countdown -= size + 1;
				continue;
			}
			if (!rcp_sampler_take(&s, &countdown, size, mean,
					      limit, &w))
				continue;
			got_bytes += (double)w.bytes;
			got_blocks += (double)w.blocks;
			bytes.variance += (double)w.var_bytes * RCP_VAR_UNIT;
			blocks.variance += (double)w.var_blocks;
		}
		add(&bytes, got_bytes - (double)size * count);
		add(&blocks, got_blocks - count);
	}
	if (mean >= 4096 && size)
		judge(&bytes, "bytes", size, mean);
	judge(&blocks, "blocks", size, mean);
}

static void
test_estimates(void)
{
	static const uint64_t means[] = { 64, 4096, 16384, 1 << 20 };
	static const uint64_t sizes[] = { 0,	8,     24,    100,
					  1000, 5000, 30000, 500000 };

	rcp_sampler_seed(20);
	for (unsigned m = 0; m < 4; m++) {
		for (unsigned i = 0; i < 8; i++) {
			estimate(sizes[i], means[m], UINT64_MAX);
			estimate(sizes[i], means[m], 2048);
		}
	}
}

/* Exponential: mean, and the share beyond one, two and three means. */
static void
test_gaps(void)
{
	struct rcp_sampler s;
	double sum = 0;
	int beyond[4] = { 0 }, n = 400000;

	rcp_sampler_seed(1);
	rcp_sampler_start(&s);
	for (int i = 0; i < n; i++) {
		uint64_t gap = rcp_sampler_gap(&s, 100000);

		sum += (double)gap;
		for (unsigned k = 1; k < 4; k++)
			beyond[k] += gap >= k * 100000;
	}
	ok(fabs(sum / n / 100000 - 1) < 0.008, "gaps have their mean");
	for (unsigned k = 1; k < 4; k++)
		ok(fabs((double)beyond[k] / n / exp(-(double)k) - 1) < 0.03,
		   "and are exponential beyond %d means", (int)k);
}

static void
test_large(void)
{
	struct rcp_sampler s;
	struct rcp_weight w;
	uint64_t countdown = 0, left;
	bool all = true, alone = true;

	rcp_sampler_start(&s);
	rcp_sampler_take(&s, &countdown, 1, 10000, UINT64_MAX, &w);
	left = countdown;
	for (int i = 0; i < 1000; i++) {
		all = all && 46000 >= countdown &&
		      rcp_sampler_take(&s, &countdown, 46000, 10000,
				       UINT64_MAX, &w);
		alone = alone && w.blocks == 1 && w.bytes == 46000 &&
			w.var_bytes == 0 && w.var_blocks == 0;
	}
	ok(all, "blocks of 4.6 means are taken always");
	ok(alone, "and stand for themselves");
	ok(countdown == left, "and draw no gap");
}

static uint64_t
first_of(uint64_t seed, bool forked)
{
	struct rcp_sampler s;

	rcp_sampler_seed(seed);
	if (forked)
		rcp_sampler_fork_child();
	rcp_sampler_start(&s);
	return rcp_sampler_next(&s);
}

static void
test_seeds(void)
{
	struct rcp_sampler one, two;

	ok(first_of(7, false) == first_of(7, false), "a seed repeats itself");
	ok(first_of(7, false) != first_of(8, false), "another one does not");
	ok(first_of(7, true) != first_of(7, false),
	   "a forked child draws from a new one");
	ok(first_of(7, true) == first_of(7, true), "which the seed decides");
	rcp_sampler_start(&one);
	rcp_sampler_start(&two);
	ok(rcp_sampler_next(&one) != rcp_sampler_next(&two),
	   "threads draw from their own");
}

int
main(void)
{
	test_gaps();
	test_large();
	test_seeds();
	test_estimates();
	done_testing();
}

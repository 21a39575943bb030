/* SPDX-License-Identifier: MIT
 *
 * sampler.c - see sampler.h.  Runs inside malloc, once a sample.
 *
 * Fractions are 64-bit fixed point: Q32 has 32 bits after the point, Q64 is
 * all fraction.
 */
#include "record/sampler.h"

#include <stdatomic.h>

#define LN2_Q64 0xb17217f7d1cf79acull
#define GOLDEN 0x9e3779b97f4a7c15ull

__extension__ typedef unsigned __int128 u128;

static _Atomic uint64_t seed = GOLDEN, started;
static _Atomic uint64_t forks;

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014): neighbouring inputs
 * give unrelated outputs. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

void
rcp_sampler_seed(uint64_t value)
{
	atomic_store(&seed, mix(value + GOLDEN));
	atomic_store(&started, 0);
	atomic_store(&forks, 0);
}

void
rcp_sampler_fork_parent(void)
{
	atomic_fetch_add(&forks, 1);
}

void
rcp_sampler_fork_child(void)
{
	uint64_t count = atomic_exchange(&forks, 0);

	atomic_store(&seed, mix(atomic_load(&seed) + (count + 1) * GOLDEN));
	atomic_store(&started, 0);
}

void
rcp_sampler_start(struct rcp_sampler *s)
{
	uint64_t n = atomic_fetch_add(&started, 1) + 1;

	s->random = mix(atomic_load(&seed) + n * GOLDEN);
	if (!s->random)
		s->random = GOLDEN;
	s->mean = 0;
}

/* xorshift64* (Marsaglia 2003, Vigna 2016). */
uint64_t
rcp_sampler_next(struct rcp_sampler *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * 0x2545f4914f6cdd1dull;
}

static uint64_t
high(uint64_t a, uint64_t b)
{
	return (uint64_t)((u128)a * b >> 64);
}

/* -ln(X / 2^64) in Q32, for X > 0: the logarithm to base 2 bit by bit, by
 * squaring the mantissa. */
static uint64_t
minus_log(uint64_t x)
{
	unsigned zeros = (unsigned)__builtin_clzll(x);
	uint64_t mantissa = x << zeros; /* [1, 2) with 63 bits of fraction */
	uint64_t log2 = 0;

	for (int bit = 31; bit >= 0; bit--) {
		u128 square = (u128)mantissa * mantissa; /* [1, 4) */

		if (square >> 127) {
			log2 |= 1ull << bit;
			mantissa = (uint64_t)(square >> 64);
		} else {
			mantissa = (uint64_t)(square >> 63);
		}
	}
	return high(((uint64_t)(zeros + 1) << 32) - log2, LN2_Q64);
}

uint64_t
rcp_sampler_gap(struct rcp_sampler *s, uint64_t mean)
{
	uint64_t x = rcp_sampler_next(s);

	return (uint64_t)((u128)minus_log(x ? x : 1) * mean >> 32);
}

/* 1 - exp(-N / MEAN) in Q64.  With q(x) = 1 - exp(-x): the series x - x^2/2 +
 * x^3/6 - ... below 1/32, and q(2x) = q(x) (2 - q(x)) from there. */
static uint64_t
chance(uint64_t n, uint64_t mean)
{
	unsigned doublings = 0;
	uint64_t x, q;

	while (n >> doublings > mean / 32)
		doublings++;
	x = (uint64_t)(((u128)n << 64 >> doublings) / mean);
	/* Horner: x (1 - x/2 (1 - x/3 (1 - x/4 (1 - x/5 (1 - x/6))))) */
	q = UINT64_MAX - x / 6;
	for (unsigned k = 5; k > 1; k--)
		q = UINT64_MAX - high(x / k, q);
	q = high(x, q);
	for (; doublings; doublings--)
		q = (uint64_t)(2 * (u128)q - ((u128)q * q >> 64));
	return q ? q : 1;
}

/* X / 2^BITS, rounded up or down at random so that it is right on average;
 * BITS is at most 32. */
static uint64_t
rounded(struct rcp_sampler *s, u128 x, unsigned bits)
{
	return (uint64_t)((x + (rcp_sampler_next(s) >> (64 - bits))) >> bits);
}

/* The weight of a block of SIZE bytes that was taken under MEAN. */
static void
weigh(struct rcp_sampler *s, uint64_t size, uint64_t mean,
      struct rcp_weight *out)
{
	u128 square;
	uint64_t q;

	q = chance(size + 1, mean);
	out->bytes = rounded(s, ((u128)size << 80) / q, 16);
	out->blocks = rounded(s, ((u128)1 << 96) / q, 32);
	/* Bytes W: W^2 (1 - q).  Blocks w, few and rounded at random: w^2 - w,
	 * which has the rounding's part in it. */
	square = (u128)out->bytes * out->bytes; /* below 2^66 */
	out->var_bytes =
		rounded(s, (square >> 4) * (UINT64_MAX - q) >> 64, 8);
	out->var_blocks = out->blocks * out->blocks - out->blocks;
}

static void
draw(struct rcp_sampler *s, uint64_t *countdown, uint64_t mean, uint64_t limit)
{
	uint64_t gap = rcp_sampler_gap(s, mean);
	uint64_t most = rcp_sampler_large(mean);

	if (most > limit)
		most = limit;
	s->mean = mean;
	s->cut = gap > most;
	*countdown = s->cut ? most : gap;
}

/* A gap is cut where a large block must not slip through, or where the caller
 * wants to be asked again.  What comes after the cut is drawn there: that
 * changes nothing, since an exponential gap has no memory. */
bool
rcp_sampler_take(struct rcp_sampler *s, uint64_t *countdown, uint64_t size,
		 uint64_t mean, uint64_t limit, struct rcp_weight *out)
{
	bool taken;

	if (!s->mean) {
		s->mean = mean;
		s->cut = true;
		*countdown = 0;
	}
	if (size >= rcp_sampler_large(s->mean)) {
		*out = (struct rcp_weight){ .bytes = size, .blocks = 1 };
		return true;
	}
	taken = !s->cut || rcp_sampler_gap(s, s->mean) <
				   size + 1 - *countdown;
	if (taken)
		weigh(s, size, s->mean, out);
	draw(s, countdown, mean, limit);
	return taken;
}

/* SPDX-License-Identifier: MIT
 *
 * sampler.h - which allocations are samples, and what each stands for.  The
 * mathematics and its sources: doc/SAMPLING.md.
 *
 * Think of marks strewn over the bytes that a thread allocates, MEAN bytes
 * apart on average and independent of each other; a block that bears a mark is
 * a sample.  A block of SIZE bytes counts as SIZE + 1, so that one of no bytes
 * has a chance as well; it is taken with probability 1 - exp(-(SIZE+1)/MEAN).
 *
 * Integers only: the program's rounding mode and its floating point exceptions
 * are its own.  No lock; one sampler belongs to one thread.
 */
#ifndef RCP_RECORD_SAMPLER_H
#define RCP_RECORD_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

struct rcp_sampler {
	uint64_t random; /* xorshift's state; never 0 once started */
	uint64_t mean;   /* with which the gap was drawn; 0: none was yet */
	bool cut;        /* at the end of the countdown stands no mark */
};

/* What a sample stands for: as many blocks, as many bytes, and the estimated
 * variance of both numbers, in blocks^2 and RCP_VAR_UNIT bytes^2. */
struct rcp_weight {
	uint64_t bytes;
	uint64_t blocks;
	uint64_t var_bytes;
	uint64_t var_blocks;
};

/* The seed of all samplers; a fork mixes it anew for the child. */
void rcp_sampler_seed(uint64_t seed);
void rcp_sampler_fork_parent(void);
void rcp_sampler_fork_child(void);

/* A sampler for a thread that has not drawn yet. */
void rcp_sampler_start(struct rcp_sampler *s);

/* The next 64 random bits. */
uint64_t rcp_sampler_next(struct rcp_sampler *s);

/* A gap in bytes, exponential with MEAN. */
uint64_t rcp_sampler_gap(struct rcp_sampler *s, uint64_t mean);

/* Blocks of this size and more are samples always, and stand for themselves:
 * 4.6 means, where the chance to miss one would be 1 in 100. */
static inline uint64_t
rcp_sampler_large(uint64_t mean)
{
	return mean * 46 / 10;
}

/* A block of SIZE bytes, not less than *COUNTDOWN: the bytes to the next mark,
 * or to where the thread wants to be asked again.  Is it a sample?  Sets
 * *COUNTDOWN to what is left, not more than LIMIT, and fills OUT for a sample.
 * MEAN holds from the next gap on. */
bool rcp_sampler_take(struct rcp_sampler *s, uint64_t *countdown, uint64_t size,
		      uint64_t mean, uint64_t limit, struct rcp_weight *out);

#endif

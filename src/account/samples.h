/* SPDX-License-Identifier: MIT
 *
 * samples.h - sample mode's live table: the samples that are alive, and the
 * filter that tells almost every other address at a glance.
 *
 * The filter is an array of small counters by a hash of the address.  A free
 * looks at one of them: 0 means that the block is no sample.  It never misses
 * a sample; it takes another block for one with a probability of
 * 1 - exp(-samples / slots), at most 1 in RCP_FILTER_SPARSE up to 32,768
 * samples.
 */
#ifndef RCP_ACCOUNT_SAMPLES_H
#define RCP_ACCOUNT_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RCP_FILTER_FIRST (1u << 14) /* slots: bytes, half of most L1 caches */
#define RCP_FILTER_MAX (1u << 20)
#define RCP_FILTER_SPARSE 32u /* slots a sample, below which it grows */

/* A block that was taken as a sample, and what it stands for. */
struct rcp_sample {
	uint64_t size; /* requested bytes */
	uint64_t bytes, blocks;         /* weights */
	uint64_t var_bytes, var_blocks; /* RCP_VAR_UNIT bytes^2, blocks^2 */
	uint32_t site;
	uint32_t birth; /* age units since start */
};

struct rcp_filter {
	unsigned shift; /* of the 64-bit hash, to an index */
	uint8_t *slots;
};
extern struct rcp_filter *rcp_filter;

/* Remembers P.  True: P was already there as *REPLACED, which ended unseen.
 * False with *DROPPED: no memory; the sample must not be counted. */
bool rcp_samples_put(uintptr_t p, const struct rcp_sample *sample,
		     struct rcp_sample *replaced, bool *dropped);

/* Takes P out.  False: it is no sample. */
bool rcp_samples_take(uintptr_t p, struct rcp_sample *out);

/* Takes every sample that starts in [P, P + SIZE) out. */
void rcp_samples_take_range(uintptr_t p, size_t size,
			    void (*each)(void *ctx,
					 const struct rcp_sample *sample),
			    void *ctx);

/* Samples that are alive. */
uint32_t rcp_samples_count(void);

void rcp_samples_fork_prepare(void);
void rcp_samples_fork_done(bool child);

/* May P be a sample?  Without a lock: a thread that was handed P sees what the
 * one that allocated it wrote. */
static inline bool
rcp_filter_may_have(uintptr_t p)
{
	const struct rcp_filter *f =
		__atomic_load_n(&rcp_filter, __ATOMIC_RELAXED);
	/* Fibonacci hashing: 2^64 / golden ratio. */
	uint64_t hash = (uint64_t)p * 0x9e3779b97f4a7c15u;

	return __atomic_load_n(&f->slots[hash >> f->shift],
			       __ATOMIC_RELAXED) != 0;
}

#endif

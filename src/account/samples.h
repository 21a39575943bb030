/* SPDX-License-Identifier: MIT
 *
 * samples.h - sample mode's live table: the samples that are alive, and the
 * filter that tells almost every other address at a glance.
 *
 * The filter is an array of small counters, by the address modulo 16 MiB.  A
 * free looks at one of them: 0 means that the block is no sample.  It never
 * misses a sample; it takes another block for one with a probability of
 * samples / RCP_FILTER_SLOTS, if addresses are spread evenly: 1 in 200 with
 * 5,000 samples alive.  Neighbours in memory are neighbours in the filter, so
 * that it stays in the cache as the program's own data does, and only those of
 * its pages exist that are near a sample or a free.
 */
#ifndef RCP_ACCOUNT_SAMPLES_H
#define RCP_ACCOUNT_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hot.h"

#define RCP_FILTER_SLOTS (1u << 20)

/* A block that was taken as a sample, and what it stands for. */
struct rcp_sample {
	uint64_t size; /* requested bytes */
	uint64_t bytes, blocks;         /* weights */
	uint64_t var_bytes, var_blocks; /* RCP_VAR_UNIT bytes^2, blocks^2 */
	uint32_t site;
	uint32_t birth; /* age units since start */
	/* Of a Python object, once it is known to be one. */
	uint32_t origin; /* see objects.h */
	uint8_t object;  /* enum rcp_sample_object */
};

/* What a sample is to those who follow objects. */
enum rcp_sample_object {
	RCP_SAMPLE_BLOCK, /* no object, or nobody asks */
	RCP_SAMPLE_MAYBE, /* of the domain where objects are */
	RCP_SAMPLE_ALIVE,
	RCP_SAMPLE_DEAD,
};

/* Before the first counter stand copies of the last ones, so that those of an
 * address and of the 48 bytes before it are always four bytes in a row. */
#define RCP_FILTER_BEFORE 16u
extern uint8_t rcp_filter_room[RCP_FILTER_BEFORE + RCP_FILTER_SLOTS] RCP_HIDDEN;
#define RCP_FILTER (rcp_filter_room + RCP_FILTER_BEFORE)

/* Remembers P.  True: P was already there as *REPLACED, which ended unseen.
 * False with *DROPPED: no memory; the sample must not be counted. */
bool rcp_samples_put(uintptr_t p, const struct rcp_sample *sample,
		     struct rcp_sample *replaced, bool *dropped);

/* Takes P out.  False: it is no sample. */
bool rcp_samples_take(uintptr_t p, struct rcp_sample *out);

/* Reads P's sample; changes it, unless it is gone. */
bool rcp_samples_look(uintptr_t p, struct rcp_sample *out);
void rcp_samples_change(uintptr_t p, const struct rcp_sample *sample);

/* Reads the first words of P's memory, as many as it has: *BYTES of them.
 * False: P is no RCP_SAMPLE_MAYBE.  A sample leaves the table before its
 * memory goes, so that reading is safe. */
#define RCP_PEEK_WORDS 6
bool rcp_samples_peek(uintptr_t p, uint64_t words[RCP_PEEK_WORDS],
		      uint64_t *bytes);

/* Addresses of RCP_SAMPLE_MAYBEs, ROOM at most; *AT, from 0, is where the next
 * call goes on.  Some may be missed when the table grows meanwhile. */
uint32_t rcp_samples_maybe(uint32_t *at, uintptr_t *out, uint32_t room);

/* Takes every sample that starts in [P, P + SIZE) out. */
void rcp_samples_take_range(uintptr_t p, size_t size,
			    void (*each)(void *ctx,
					 const struct rcp_sample *sample),
			    void *ctx);

/* The filter takes P for a sample from now on; or no longer. */
void rcp_samples_let_by(uintptr_t p, bool on);

/* Samples that are alive. */
uint32_t rcp_samples_count(void);

void rcp_samples_fork_prepare(void);
void rcp_samples_fork_done(bool child);

/* May P be a sample?  Without a lock: a thread that was handed P sees what the
 * one that allocated it wrote. */
static inline bool
rcp_filter_may_have(uintptr_t p)
{
	return __atomic_load_n(&RCP_FILTER[(p >> 4) % RCP_FILTER_SLOTS],
			       __ATOMIC_RELAXED) != 0;
}

#endif

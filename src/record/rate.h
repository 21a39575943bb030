/* SPDX-License-Identifier: MIT
 *
 * rate.h - the mean number of bytes between samples, and what may change it.
 *
 * `auto` keeps the CPU time spent on samples within a share of the CPU time of
 * the process: a thread whose samples come too dear doubles the mean at once,
 * and from time to time the helper compares both clocks and doubles or halves
 * it.  Memory can double it too, also a mean that was asked for.  Every change
 * is an event in the profile.
 */
#ifndef RCP_RECORD_RATE_H
#define RCP_RECORD_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "record/sampler.h"

/* The bounds of `auto`, and where it starts. */
#define RCP_RATE_FINEST (4ull << 10)
#define RCP_RATE_START (16ull << 10)
#define RCP_RATE_COARSEST (64ull << 20)

struct rcp_rate_setup {
	uint64_t mean;         /* bytes; 0: auto */
	uint64_t budget;       /* millionths of CPU time */
	uint64_t memory_limit; /* bytes of our own */
	uint64_t (*cpu_time)(void);    /* ns of the process so far */
	uint64_t (*memory_used)(void); /* bytes of our own now */
	/* Told of each change; BEFORE is 0 for the first mean. */
	void (*changed)(uint64_t mean, uint64_t before, const char *reason);
};

/* A thread's account of what its samples cost. */
struct rcp_rate_thread {
	uint64_t last; /* when its last sample ended; ns since start */
	uint64_t debt; /* ns spent beyond its budget */
	uint32_t samples; /* since the last change it saw */
};

void rcp_rate_setup(const struct rcp_rate_setup *setup);

/* The mean for the next gap. */
uint64_t rcp_rate_mean(void);

/* A sample was taken, or freed, from BEGIN to END (rcp_clock_now()). */
void rcp_rate_spent(struct rcp_rate_thread *th, uint64_t begin, uint64_t end);

/* From the helper, several times a second. */
void rcp_rate_beat(uint64_t now);

/* ns spent on samples so far. */
uint64_t rcp_rate_cpu(void);

void rcp_rate_fork_child(void);

#endif

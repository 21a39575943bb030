/* SPDX-License-Identifier: MIT
 *
 * counters.c - rare events of the whole process.  Atomic adds: none of them
 * is on the path of a plain allocation or free.
 */
#include "account/internal.h"

/* Nothing that is read at every event shares their lines. */
static struct {
	_Atomic int64_t n[RCP_COUNTERS];
} __attribute__((aligned(64))) counters;

/* What was live in the parent at the fork, and stays so in the child until it
 * frees it. */
int64_t rcp_inherited_bytes, rcp_inherited_blocks;

void
rcp_count(enum rcp_counter which, int64_t n)
{
	atomic_fetch_add_explicit(&counters.n[which], n, memory_order_relaxed);
}

int64_t
rcp_counter(enum rcp_counter which)
{
	return atomic_load_explicit(&counters.n[which], memory_order_relaxed);
}

void
rcp_counters_fork_child(void)
{
	/* What describes the address space stays true in the child. */
	for (int i = 0; i < RCP_COUNTERS; i++)
		if (i != RCP_COUNT_RESERVED && i != RCP_COUNT_ARENA)
			atomic_store(&counters.n[i], 0);
}

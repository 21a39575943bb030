/* SPDX-License-Identifier: MIT
 *
 * lock.h - a mutex of one word: spins shortly, then sleeps in a futex.
 *
 * Not recursive, no owner, no TLS, no errno: it may be taken inside malloc
 * and by the helper.  A thread that holds one has its hook guard set, so a
 * signal handler that allocates on top of it takes none.  The order in which
 * locks nest, and what fork does with them, is in doc/INTERNALS.md.
 */
#ifndef RCP_BASE_LOCK_H
#define RCP_BASE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rcp_lock {
	_Atomic uint32_t word; /* 0 free, 1 held, 2 held and waited for */
};

#define RCP_LOCK_INIT { 0 }

void rcp_lock_wait(struct rcp_lock *l);
void rcp_lock_wake(struct rcp_lock *l);

static inline bool
rcp_lock_try(struct rcp_lock *l)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(
		&l->word, &free, 1, memory_order_acquire, memory_order_relaxed);
}

static inline void
rcp_lock_take(struct rcp_lock *l)
{
	if (!rcp_lock_try(l))
		rcp_lock_wait(l);
}

static inline void
rcp_lock_drop(struct rcp_lock *l)
{
	if (atomic_exchange_explicit(&l->word, 0, memory_order_release) == 2)
		rcp_lock_wake(l);
}

/* In a forked child: the lock is free, whoever held it. */
static inline void
rcp_lock_reset(struct rcp_lock *l)
{
	atomic_store_explicit(&l->word, 0, memory_order_relaxed);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * lock.c - the slow half of lock.h.  Runs inside malloc and in the helper:
 * no TLS, no errno, no allocation.
 */
#include "base/lock.h"

#include "base/sys.h"

#define SPINS 100

static void
relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

void
rcp_lock_wait(struct rcp_lock *l)
{
	for (int i = 0; i < SPINS; i++) {
		if (atomic_load_explicit(&l->word, memory_order_relaxed) == 0 &&
		    rcp_lock_try(l))
			return;
		relax();
	}
	while (atomic_exchange_explicit(&l->word, 2, memory_order_acquire) != 0)
		rcp_sys_futex_wait(&l->word, 2, NULL);
}

void
rcp_lock_wake(struct rcp_lock *l)
{
	rcp_sys_futex_wake(&l->word, 1);
}

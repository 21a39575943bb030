/* SPDX-License-Identifier: MIT
 *
 * reach.h - which words of a stack can be read: the pages of two of them, the
 * thread's own and one that it was on before (a signal's, a coroutine's).
 */
#ifndef RCP_UNWIND_REACH_H
#define RCP_UNWIND_REACH_H

#include <stdbool.h>

#include "unwind/unwind.h"

#define RCP_REACH_PAGE ((uintptr_t)4096)

/* Can the 8 bytes at the begin of PAGE be read?  A system call. */
bool rcp_reach_page(uintptr_t page);

/* False: the word at SLOT is not to be read. */
bool rcp_reach_slow(struct rcp_reach reach[2], uintptr_t slot);

static inline bool
rcp_reach(struct rcp_reach reach[2], uintptr_t slot)
{
	if (RCP_LIKELY(slot - reach[0].low < reach[0].high - reach[0].low &&
		       slot % sizeof(uintptr_t) == 0))
		return true;
	return rcp_reach_slow(reach, slot);
}

/* Is all from LOW to HIGH known to be readable?  Looks at one stack. */
static inline bool
rcp_reaches(const struct rcp_reach reach[2], uintptr_t low, uintptr_t high)
{
	return low >= reach[0].low && high < reach[0].high;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * reach.c - which words of a stack can be read.  A stack has no length that
 * could be known: threads bring their own, coroutines stand in any memory.
 * So a page is asked for when the first word of it is wanted, once, from the
 * page on that the thread stands on.
 */
#include "unwind/reach.h"

#include "base/sys.h"

#define PAGE RCP_REACH_PAGE
#define APART 64 /* pages, of one stack: more is another one */

/* The kernel reads the new mask before it finds that there is nothing to be
 * done with it. */
bool
rcp_reach_page(uintptr_t page)
{
	return RCP_SYS4(SYS_rt_sigprocmask, -1, page, NULL, 8) == -22;
}

static bool
extend_up(struct rcp_reach *r, uintptr_t to)
{
	while (r->high <= to) {
		if (!rcp_reach_page(r->high))
			return false;
		r->high += PAGE;
	}
	return true;
}

static bool
extend_down(struct rcp_reach *r, uintptr_t to)
{
	while (r->low > to) {
		if (!rcp_reach_page(r->low - PAGE))
			return false;
		r->low -= PAGE;
	}
	return true;
}

bool
rcp_reach_slow(struct rcp_reach reach[2], uintptr_t slot)
{
	struct rcp_reach *r;

	if (slot % sizeof(uintptr_t) != 0 || slot < PAGE || slot >> 47)
		return false;
	for (r = reach; r < reach + 2; r++) {
		if (slot - r->low < r->high - r->low)
			return true;
		if (slot >= r->high && slot - r->high < APART * PAGE &&
		    r->high && extend_up(r, slot))
			return true;
		if (slot < r->low && r->low - slot < APART * PAGE &&
		    extend_down(r, slot))
			return true;
	}
	if (!rcp_reach_page(slot & -PAGE))
		return false;
	reach[1] = reach[0];
	reach[0].low = slot & -PAGE;
	reach[0].high = reach[0].low + PAGE;
	return true;
}

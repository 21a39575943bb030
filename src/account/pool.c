/* SPDX-License-Identifier: MIT
 *
 * pool.c - see pool.h.  Slabs from the kernel, a list of free blocks for each
 * size.  Runs inside malloc and in the helper.
 */
#include "account/pool.h"

#include <string.h>

#include "base/mem.h"

#define SLAB (64u << 10)
#define FIRST 64u /* where blocks begin: on a cache line */

struct rcp_pool_slab {
	struct rcp_pool_slab *next;
};

static size_t
round_up(size_t size)
{
	return (size + RCP_POOL_UNIT - 1) & ~(size_t)(RCP_POOL_UNIT - 1);
}

/* The next slab becomes the current one; the lock is held. */
static bool
next_slab(struct rcp_pool *pool)
{
	struct rcp_pool_slab *slab = pool->current ? pool->current->next
						   : pool->first;

	if (!slab) {
		slab = rcp_slab_new(SLAB);
		if (!slab)
			return false;
		rcp_arena_charge(SLAB);
		if (pool->current)
			pool->current->next = slab;
		else
			pool->first = slab;
	}
	pool->current = slab;
	pool->at = FIRST;
	return true;
}

void *
rcp_pool_new(struct rcp_pool *pool, size_t size)
{
	void **class;
	char *p = NULL;

	size = round_up(size);
	class = &pool->free[size / RCP_POOL_UNIT];
	rcp_lock_take(&pool->lock);
	if (*class) {
		p = *class;
		memcpy(class, p, sizeof(*class));
	} else if ((pool->current && pool->at + size <= SLAB) ||
		   next_slab(pool)) {
		p = (char *)pool->current + pool->at;
		pool->at += size;
	}
	rcp_lock_drop(&pool->lock);
	return p;
}

void
rcp_pool_free(struct rcp_pool *pool, void *p, size_t size)
{
	void **class = &pool->free[round_up(size) / RCP_POOL_UNIT];

	rcp_lock_take(&pool->lock);
	memcpy(p, class, sizeof(*class));
	*class = p;
	rcp_lock_drop(&pool->lock);
}

void
rcp_pool_fork_prepare(struct rcp_pool *pool)
{
	rcp_lock_take(&pool->lock);
}

void
rcp_pool_fork_done(struct rcp_pool *pool, bool child)
{
	if (!child) {
		rcp_lock_drop(&pool->lock);
		return;
	}
	memset(pool->free, 0, sizeof(pool->free));
	pool->current = NULL;
	rcp_lock_reset(&pool->lock);
}

/* SPDX-License-Identifier: MIT
 *
 * pool.h - blocks of a few sizes that come and go, for books only: pages of
 * cells, and what is packed of them.
 */
#ifndef RCP_ACCOUNT_POOL_H
#define RCP_ACCOUNT_POOL_H

#include <stddef.h>

#include "base/lock.h"

#define RCP_POOL_UNIT 16u
#define RCP_POOL_CLASSES 256u
#define RCP_POOL_MAX ((RCP_POOL_CLASSES - 1) * RCP_POOL_UNIT)

struct rcp_pool {
	struct rcp_lock lock;
	struct rcp_pool_slab *first, *current;
	size_t at; /* in the current slab */
	void *free[RCP_POOL_CLASSES];
};

/* A block of SIZE bytes, at most RCP_POOL_MAX, with whatever was in it; NULL:
 * no memory.  A size that is a multiple of 64 comes on a cache line of its
 * own where all sizes of the pool are. */
void *rcp_pool_new(struct rcp_pool *pool, size_t size);

/* P was handed out for the same SIZE. */
void rcp_pool_free(struct rcp_pool *pool, void *p, size_t size);

/* Fork: nobody is inside while the lock is held; the child's pool begins
 * again, in the same memory, with nothing handed out. */
void rcp_pool_fork_prepare(struct rcp_pool *pool);
void rcp_pool_fork_done(struct rcp_pool *pool, bool child);

#endif

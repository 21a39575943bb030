/* SPDX-License-Identifier: MIT
 *
 * types.h - the table of types.c, for the hook that meets one at each birth.
 */
#ifndef RCP_PYHOOKS_TYPES_H
#define RCP_PYHOOKS_TYPES_H

#include <stdatomic.h>

#include "pyhooks/objects.h"

struct rcp_pytype_entry {
	const void *_Atomic type; /* NULL: free */
	struct rcp_pytype is;
	uint32_t visit; /* of rcp_pytype_visit() */
};

struct rcp_pytypes {
	uint32_t mask; /* slots less 1, which are a power of two */
	uint32_t used; /* gone ones as well */
	struct rcp_pytype_entry entries[];
};

/* NULL: no type has been met. */
extern struct rcp_pytypes *_Atomic rcp_pytypes RCP_HIDDEN;

static inline uint32_t
rcp_pytype_slot(const void *type)
{
	return (uint32_t)((uintptr_t)type * 0x9e3779b97f4a7c15u >> 40);
}

/* NULL: it has not been met. */
static inline const struct rcp_pytype *
rcp_pytype_look(const void *type)
{
	struct rcp_pytypes *t = atomic_load_explicit(&rcp_pytypes,
						     memory_order_acquire);
	const struct rcp_pytype_entry *e;
	const void *there;
	uint32_t i = rcp_pytype_slot(type);

	if (RCP_UNLIKELY(!t))
		return NULL;
	do {
		e = &t->entries[i++ & t->mask];
		there = atomic_load_explicit(&e->type, memory_order_acquire);
	} while (RCP_UNLIKELY(there != type && there));
	return RCP_LIKELY(there) ? &e->is : NULL;
}

#endif

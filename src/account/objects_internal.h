/* SPDX-License-Identifier: MIT
 *
 * objects_internal.h - what the files of the books of objects share.
 */
#ifndef RCP_ACCOUNT_OBJECTS_INTERNAL_H
#define RCP_ACCOUNT_OBJECTS_INTERNAL_H

#include "account/object_books.h"
#include "base/mem.h"

extern struct rcp_objects *rcp_objects_all;
extern uint64_t rcp_objects_limit; /* of the arena */

/* What there are few of, types and folded origins, has room past the limit, to
 * a quarter over that of all tables, of which ours is half. */
static inline bool
rcp_objects_few_fit(void)
{
	return rcp_arena_used() < rcp_objects_limit / 2 * 5;
}

/* object_cells.c: which fields the cells of DEATH have room for, in order. */
const uint8_t *rcp_object_plain(uint32_t death);

/* The cell of (SITE, TYPE, DEATH), made when new; past the limit that without
 * a site of death.  NULL: no memory. */
struct rcp_object_cell *rcp_object_cell(struct rcp_objects *o, uint32_t site,
					uint32_t type, uint32_t death);

/* object_types.c */
struct rcp_sink;
struct rcp_snap;
void rcp_object_types_setup(void);
void rcp_object_type_define(struct rcp_sink *sink,
			    const struct rcp_snap *snap, uint32_t type);
void rcp_object_types_fork_prepare(void);
void rcp_object_types_fork_done(bool child);

/* objects_drain.c */
void rcp_objects_register(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * objects_internal.h - what the files of the books of objects share.
 */
#ifndef RCP_ACCOUNT_OBJECTS_INTERNAL_H
#define RCP_ACCOUNT_OBJECTS_INTERNAL_H

#include "account/object_books.h"
#include "base/mem.h"

extern struct rcp_objects *rcp_objects_all;

/* Room in bytes: rcp_objects_room of it for the books, which have used
 * rcp_objects_used, and none past rcp_objects_total of all tables. */
extern uint64_t rcp_objects_used, rcp_objects_room, rcp_objects_total;

static inline uint64_t
rcp_objects_have(void)
{
	return __atomic_load_n(&rcp_objects_used, __ATOMIC_RELAXED);
}

static inline bool
rcp_objects_fit_in(uint64_t room)
{
	return rcp_objects_have() < room &&
	       rcp_arena_used() < rcp_objects_total;
}

static inline bool
rcp_objects_fit(void)
{
	return rcp_objects_fit_in(rcp_objects_room);
}

/* Deaths of which the line is kept have half as much again. */
static inline bool
rcp_objects_lines_fit(void)
{
	return rcp_objects_fit_in(rcp_objects_room / 2 * 3);
}

/* What nothing can be told without, types and folded origins, has a half
 * more. */
static inline bool
rcp_objects_last_fit(void)
{
	return rcp_objects_fit_in(rcp_objects_room * 2);
}

/* See objects.h. */
static inline bool
rcp_objects_are_crowded(void)
{
	uint64_t have = rcp_objects_have();

	return have >= rcp_objects_room / 8 ||
	       rcp_arena_used() - have >= rcp_objects_room;
}

/* As rcp_arena_new() and rcp_arena_charge(), for the books. */
void *rcp_objects_arena_new(size_t size);
void rcp_objects_charge(size_t size);

/* object_cells.c: the cell of deaths of ORIGIN at SITE, which is to be the last
 * one; made when new.  NULL: there is no room for new ones. */
struct rcp_object_cell *rcp_object_cell(struct rcp_objects *o,
					uint32_t origin, uint32_t site);

/* object_types.c */
struct rcp_sink;
struct rcp_snap;
void rcp_object_type_define(struct rcp_sink *sink,
			    const struct rcp_snap *snap, uint32_t type);
void rcp_object_types_fork_prepare(void);
void rcp_object_types_fork_done(bool child);

/* objects_drain.c */
void rcp_objects_register(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * objects_internal.h - what objects.c and objects_drain.c share.
 */
#ifndef RCP_ACCOUNT_OBJECTS_INTERNAL_H
#define RCP_ACCOUNT_OBJECTS_INTERNAL_H

#include "account/objects.h"

#define RCP_OBJECT_CELLS 32

/* Fields that each cell has; the others are rare, and in a list: ages but for
 * the youngest, of which a cell meets few, and what sample mode needs. */
#define RCP_OBJECT_PLAIN (RCP_OBJECT_AGE_0 + 1)

struct rcp_object_rare {
	struct rcp_object_rare *next;
	uint32_t field;
	uint64_t now, written;
};

/* What one thread saw of (birth site, type, death site).  Written by its
 * thread only. */
struct rcp_object_cell {
	struct rcp_object_page *page;
	uint32_t site, type, death; /* death 0: births, unseen deaths */
	uint32_t hash;
	uint64_t now[RCP_OBJECT_PLAIN];
	uint64_t written[RCP_OBJECT_PLAIN]; /* the drain's */
	struct rcp_object_rare *rare;
};

struct rcp_object_page {
	struct rcp_object_page *next;
	uint32_t dirty; /* some cell changed since the last snapshot */
	uint32_t used;
	bool draining;
	struct rcp_object_cell cells[RCP_OBJECT_CELLS];
};

struct rcp_origin_memo {
	struct rcp_origin origin;
	uint32_t number;
};

struct rcp_cell_memo {
	uint32_t origin, death;
	struct rcp_object_cell *cell;
};

#define RCP_OBJECT_MEMO 1024u /* a power of two */

struct rcp_objects {
	struct rcp_objects *next;
	uint32_t thread;
	uint32_t generation; /* of forks; the rest belongs to it */
	/* Pages of cells without and with a site of death, newest first. */
	struct rcp_object_page *pages[2];
	/* All cells: open addressing, a power of two. */
	struct rcp_object_cell **table;
	uint32_t slots, used;
	struct rcp_origin_memo origins[RCP_OBJECT_MEMO];
	struct rcp_cell_memo cells[RCP_OBJECT_MEMO];
};

extern struct rcp_objects *rcp_objects_all;
extern uint32_t rcp_objects_generation;

/* object_types.c */
struct rcp_sink;
struct rcp_snap;
void rcp_object_types_setup(uint64_t memory_limit);
void rcp_object_type_define(struct rcp_sink *sink,
			    const struct rcp_snap *snap, uint32_t type);
void rcp_object_types_fork_prepare(void);
void rcp_object_types_fork_done(bool child);

/* objects_drain.c */
void rcp_objects_register(void);

#endif

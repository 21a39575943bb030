/* SPDX-License-Identifier: MIT
 *
 * garbage.h - what dies by the collector: how long it had been garbage, and
 * with which cycle it goes.  Section 9 of doc/INTERNALS.md.
 *
 * When an object became garbage is not known, but not before the last
 * collection that examined and kept it, and not before its birth.  Times are ns
 * since start; a wait is from there to the beginning of the collection.
 *
 * All calls with the GIL held, between rcp_enter() and rcp_leave().
 */
#ifndef RCP_RECORD_GARBAGE_H
#define RCP_RECORD_GARBAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/cycles.h"
#include "base/hot.h"

/* What the live table knows of an object. */
struct rcp_garbage_object {
	uint32_t type, site; /* of its birth; 0: unknown */
	uint32_t before;     /* bytes of its block before it */
	uint64_t since;      /* the earliest that it can be garbage */
};

/* False: no object whose birth was seen lives at OP. */
bool rcp_garbage_look(uintptr_t op, struct rcp_garbage_object *out);

/* A collection begins. */
void rcp_garbage_begin(uint64_t now);
uint64_t rcp_garbage_time(void);

/* Objects that were exempt from collections are examined again: what is known
 * of those before says nothing of them. */
void rcp_garbage_unfrozen(void);

/* What dies from now on goes with a cycle of KIND and was garbage since SINCE
 * at the earliest. */
extern struct rcp_garbage_now {
	uint32_t kind;
	uint64_t since;
} rcp_garbage_now RCP_HIDDEN;

/* object.c: an object of BYTES has died by the collector. */
void rcp_garbage_died(uint64_t bytes);

struct rcp_collection;
/* The collection is over: fills what it freed. */
void rcp_garbage_end(struct rcp_collection *c);

#endif

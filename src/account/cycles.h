/* SPDX-License-Identifier: MIT
 *
 * cycles.h - how many cycles of which kind the collector has freed.
 *
 * Counted with the GIL held, by one thread at a time; read by the snapshot
 * meanwhile.  Nothing here allocates through the program.
 */
#ifndef RCP_ACCOUNT_CYCLES_H
#define RCP_ACCOUNT_CYCLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RCP_CYCLE_MEMBERS 8 /* of a kind, at most */

struct rcp_cycle_part {
	uint32_t type; /* rcp_object_type() */
	uint32_t attribute; /* rcp_cycle_attribute(); 0: not known */
	uint32_t site; /* of its birth; 0: not known */
};

void rcp_cycles_setup(void);
void rcp_cycles_fork_child(void);

/* The number of an attribute's name; 0: no room. */
uint32_t rcp_cycle_attribute(const char *name, size_t size);

/* The number of the kind with these parts, in whatever rotation; COUNT is 1 to
 * RCP_CYCLE_MEMBERS.  KNOT: the types of many objects, in no order.  Past the
 * limits: that of all others. */
uint32_t rcp_cycle_kind(const struct rcp_cycle_part *parts, unsigned count,
			bool knot);

/* The kind of what is not known to be on a cycle or to hang on one. */
uint32_t rcp_cycle_other(void);

/* One cycle of KIND was found in a collection; it was garbage for WAITED ns at
 * most. */
void rcp_cycle_found(uint32_t kind, uint64_t waited);

/* An object of BYTES went with a cycle of KIND. */
void rcp_cycle_died(uint32_t kind, uint64_t bytes, uint64_t byte_ms);

#endif

/* SPDX-License-Identifier: MIT
 *
 * cycles.h - part of model.h: cycles of Python objects that only the collector
 * frees, over all processes; what ends them; and the garbage that waited.
 */
#ifndef RCP_MODEL_CYCLES_H
#define RCP_MODEL_CYCLES_H

#include "model/view.h"

/* Whose cycles they are: of the user's own classes or lines, of a library that
 * the user's lines called, or of imports and the start. */
enum rcp_cycle_whose {
	RCP_CYCLE_OWN,
	RCP_CYCLE_CALLED,
	RCP_CYCLE_OTHER,
};

/* Cycles of the same types, attributes and lines of birth. */
struct rcp_cycle_group {
	uint32_t process; /* one that stands for all */
	uint32_t cycle;
	uint32_t first; /* the member from which the chain is told */
	enum rcp_cycle_whose whose;
	int64_t n, objects, bytes, waited, byte_ms; /* as in a cycle row */
	uint64_t waited_max;
};

struct rcp_cycle_groups {
	struct rcp_cycle_group *groups; /* by whose, then by bytes times
					   waiting, most first */
	size_t count, own_count; /* own_count: but for RCP_CYCLE_OTHER */
};

struct rcp_cycle_groups *rcp_cycle_groups_new(const struct rcp_set *set,
					      const struct rcp_view *view);
void rcp_cycle_groups_free(struct rcp_cycle_groups *groups);

const struct rcp_cycle_info *
rcp_cycle_of(const struct rcp_set *set, const struct rcp_cycle_group *group);

/* The Nth member of the chain, which goes round. */
const struct rcp_member_info *
rcp_cycle_member(const struct rcp_set *set,
		 const struct rcp_cycle_group *group, uint32_t n);
const char *rcp_cycle_type(const struct rcp_set *set,
			   const struct rcp_cycle_group *group, uint32_t n);

/* The line at which a member was born, as a frame, or RCP_NONE: one of the
 * user's if there is any. */
uint32_t rcp_cycle_birth(const struct rcp_set *set,
			 const struct rcp_cycle_group *group);

/* What would end the cycle, where its members say so. */
enum rcp_cycle_end {
	RCP_CYCLE_NO_ADVICE,
	RCP_CYCLE_WEAKREF, /* in one of the attributes */
	RCP_CYCLE_EXCEPTION, /* one that a local of its own traceback's frames
				keeps; the local's name where it is known */
	RCP_CYCLE_METHOD,   /* an object keeps a bound method of its own */
	RCP_CYCLE_FUNCTION, /* its closure refers to itself */
	RCP_CYCLE_CLASS,    /* a class made at run time */
};
struct rcp_cycle_advice {
	enum rcp_cycle_end end;
	const char *attributes[2]; /* NULL where there is none */
};
struct rcp_cycle_advice
rcp_cycle_advice(const struct rcp_set *set,
		 const struct rcp_cycle_group *group);

/* Bytes of garbage that waited for the collector, in `columns` equal parts of
 * the time between: at most so many, as when each object was garbage is known
 * as a bound only. */
void rcp_garbage_columns(const struct rcp_set *set, uint64_t from, uint64_t to,
			 double *values, size_t columns);

#endif

/* SPDX-License-Identifier: MIT
 *
 * builder.h - a view while it is being put together.  Offline only.
 */
#ifndef RCP_MODEL_BUILDER_H
#define RCP_MODEL_BUILDER_H

#include "model/cells.h"
#include "model/filter.h"
#include "model/map.h"
#include "model/view.h"

struct rcp_builder {
	struct rcp_set *set;
	struct rcp_view *view;
	struct rcp_filter *filter;
	struct rcp_map parts;   /* site, process|thread -> part */
	struct rcp_map objects; /* process|type, birth|death -> object row */
	struct rcp_map cycles;  /* process|cycle -> cycle row */
	uint32_t *part_site;    /* of each part */
	/* The part in which each cell of the last process was, which it is
	 * again at that process's next state, as a rule */
	uint32_t *guess, guess_process;
	size_t guess_count, guess_room;
	size_t part_room, site_room, object_room, cycle_room;
};

void rcp_builder_init(struct rcp_builder *builder, struct rcp_set *set,
		      struct rcp_view *view, struct rcp_filter *filter);
void rcp_builder_free(struct rcp_builder *builder);

/* What a state of a process is to the view. */
enum rcp_role {
	RCP_ROLE_AT,        /* counters and live */
	RCP_ROLE_AT_GONE,   /* counters: the process holds nothing any more */
	RCP_ROLE_FROM,      /* counters and live before the window */
	RCP_ROLE_FROM_GONE, /* counters before the window */
	RCP_ROLE_PEAK_OWN,  /* what it had at its own peak */
	RCP_ROLE_PEAK,      /* what it had at somebody else's: its live */
};
void rcp_builder_add(struct rcp_builder *builder, uint32_t process,
		     const struct rcp_state *state, enum rcp_role role);

/* collected.c: its part of rcp_builder_add(). */
void rcp_builder_cycles(struct rcp_builder *builder, uint32_t process,
			const struct rcp_state *state, bool negative);

/* Makes rows of the parts, and the total; sorts by the metric. */
void rcp_builder_rows(struct rcp_builder *builder, enum rcp_metric metric);

#endif

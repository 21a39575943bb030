/* SPDX-License-Identifier: MIT
 *
 * cycles.h - what `rcprof cycles` has looked up, for the two ways in which it
 * is printed.
 */
#ifndef RCP_TOOLS_CYCLES_H
#define RCP_TOOLS_CYCLES_H

#include "tools/pauses.h"
#include "tools/view.h"

struct rcp_cycles_page {
	struct rcp_look *look;
	struct rcp_view *view;
	struct rcp_cycle_groups *groups;
	struct rcp_pauses *pauses;
	uint64_t from, to; /* the time that is looked at */
};

void rcp_cycles_text(const struct rcp_cycles_page *page);
void rcp_cycles_json(const struct rcp_cycles_page *page);

/* "Node -> list -> Node", as it goes round. */
void rcp_cycle_chain(const struct rcp_set *set, struct rcp_text *t,
		     const struct rcp_cycle_group *group);

/* "A weakref in `parent` ends it."; nothing where the cycle does not say. */
void rcp_cycle_sentence(const struct rcp_set *set, struct rcp_text *t,
			const struct rcp_cycle_group *group);

#endif

/* SPDX-License-Identifier: MIT
 *
 * lives.h - how the command writes types and deaths of Python objects.
 */
#ifndef RCP_TOOLS_LIVES_H
#define RCP_TOOLS_LIVES_H

#include "tools/table.h"
#include "tools/view.h"

/* "Node" for __main__.Node, since there is but one; escaped. */
void rcp_lives_type(struct rcp_text *t, const char *name);

/* Adds a line for each of the `most` places where the last reference to most
 * of these objects went, and as many for those that the collector took. */
void rcp_lives_deaths(const struct rcp_look *look, struct rcp_table *table,
		      const struct rcp_view *view, const uint32_t *rows,
		      size_t count, size_t most);

/* "collector, generation 2, started at tree.py:33": of the collections whose
 * trigger is the stack of `site`, or outward of it. */
void rcp_lives_collector(const struct rcp_look *look, struct rcp_text *t,
			 uint32_t site);

#endif

/* SPDX-License-Identifier: MIT
 *
 * deaths.h - how the command writes where Python objects died.
 */
#ifndef RCP_TOOLS_DEATHS_H
#define RCP_TOOLS_DEATHS_H

#include "tools/table.h"
#include "tools/view.h"

/* "Node" for __main__.Node, since there is but one; escaped. */
void rcp_type_name(struct rcp_text *t, const char *name);

/* "OBJECTS at 121 ms   exact, Python 3.12.1, deaths seen: ..." */
void rcp_deaths_head(const struct rcp_look *look, const char *what,
		     const struct rcp_view *view);

/* What is looked up once for all objects of a view. */
struct rcp_deaths;
struct rcp_deaths *rcp_deaths_new(const struct rcp_look *look,
				  const struct rcp_view *view);
void rcp_deaths_free(struct rcp_deaths *deaths);

/* Adds a line for each of the `most` places where the last reference to most
 * of these objects (rows of the view) went, and one for those that the
 * collector took.  `birth`: the frame in which they were born, or RCP_NONE. */
void rcp_deaths_print(struct rcp_deaths *deaths, struct rcp_table *table,
		      const uint32_t *rows, size_t count, size_t most,
		      uint32_t birth);

#endif

/* SPDX-License-Identifier: MIT
 *
 * sites.h - who holds how much: groups of sites, the biggest first, with
 * their source line and who called them.
 */
#ifndef RCP_TOOLS_SITES_H
#define RCP_TOOLS_SITES_H

#include "tools/place.h"
#include "tools/table.h"
#include "tools/view.h"

/* "app/cache.py:41 load" for groups that a frame stands for, else the group's
 * name. */
void rcp_group_place(const struct rcp_look *look, struct rcp_text *t,
		     const struct rcp_group *group, enum rcp_by by);

/* The source line of a group, if it is by line or own line; false if there is
 * none. */
bool rcp_group_source(const struct rcp_look *look, struct rcp_text *t,
		      const struct rcp_group *group, enum rcp_by by);

/* How many of the groups are worth a line: --top, --all, else at most `most`,
 * and after the first three none below a hundredth of the whole and none that
 * may be chance. */
size_t rcp_groups_worth(const struct rcp_look *look,
			const struct rcp_groups *groups, int64_t whole,
			size_t most);

/* Frames next to the group's own: its callers (outward), or, for own lines,
 * the leaves (what it called that allocated). */
enum rcp_beside { RCP_CALLERS, RCP_LEAVES };
struct rcp_neighbour {
	uint32_t frame; /* RCP_NONE: there is none, the group's frame is the
			   outermost, or the leaf itself */
	struct rcp_values values;
};
/* Sorted, biggest first; to be freed with free(). */
struct rcp_neighbour *rcp_group_beside(const struct rcp_look *look,
				       const struct rcp_view *view,
				       const struct rcp_group *group,
				       enum rcp_by by, enum rcp_beside which,
				       size_t *count);

/* Prints the first `shown` groups as a table, with callers where there are
 * several. */
void rcp_sites_print(const struct rcp_look *look, const struct rcp_view *view,
		     const struct rcp_groups *groups, size_t shown);

#endif

/* SPDX-License-Identifier: MIT
 *
 * objects.h - what `rcprof objects` has looked up, for the two ways in which
 * it is printed.
 */
#ifndef RCP_TOOLS_OBJECTS_H
#define RCP_TOOLS_OBJECTS_H

#include "model/keys.h"
#include "tools/view.h"

struct rcp_objects_page {
	struct rcp_look *look;
	const char *type;     /* --type, or NULL */
	bool by_place;        /* --by was given, and is no type */
	struct rcp_view *view;
	struct rcp_keys *places; /* what makes sites one place */
	uint32_t *rows;       /* of view->objects: those that are shown */
	size_t row_count;
	bool any_own;         /* something was born in the user's own lines */
	bool own;             /* only that is shown */
	struct rcp_object_row all, shown;
	size_t types, hidden_types; /* of all; of those not shown */
	struct rcp_lives_groups *groups; /* of the shown rows */
	struct rcp_deaths *deaths;       /* text only */
	size_t own_count; /* by type: classes of the user's come first */
};

void rcp_objects_text(const struct rcp_objects_page *page);
void rcp_objects_json(const struct rcp_objects_page *page);

#endif

/* SPDX-License-Identifier: MIT
 *
 * pauses.h - how long the program stood still for its memory: collections, and
 * single releases that took thousands of objects with them.
 */
#ifndef RCP_TOOLS_PAUSES_H
#define RCP_TOOLS_PAUSES_H

#include "tools/view.h"

struct rcp_pause {
	uint64_t time;
	uint64_t pause; /* ns; of a release at most */
	uint64_t objects, bytes; /* bytes of a release only */
	uint32_t process;
	uint32_t node;   /* where it began, 0: not known */
	int generation;  /* of a collection; -1: a release */
};

struct rcp_pauses {
	struct rcp_pause *pauses; /* longest first */
	size_t count;
	uint64_t runs, total, found, uncollectable; /* of collections */
	uint64_t releases, release_total;
	/* The longest of each kind, or NULL */
	const struct rcp_pause *collection, *release;
};

/* Those within the query's time. */
struct rcp_pauses *rcp_pauses_new(const struct rcp_set *set,
				  const struct rcp_query *query);
void rcp_pauses_free(struct rcp_pauses *pauses);

/* "views.py:131 detail" of a pause, and its source line if `source`. */
void rcp_pause_place(const struct rcp_look *look, struct rcp_text *t,
		     const struct rcp_pause *pause, bool source);

#endif

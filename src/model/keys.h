/* SPDX-License-Identifier: MIT
 *
 * keys.h - to which group a site, or one thread's part of it, belongs.
 * Offline only.
 */
#ifndef RCP_MODEL_KEYS_H
#define RCP_MODEL_KEYS_H

#include "model/map.h"
#include "model/view.h"

struct rcp_key {
	const char *name;
	uint32_t frame; /* as in struct rcp_group */
};

struct rcp_keys {
	const struct rcp_set *set;
	enum rcp_by by;
	struct rcp_key *keys; /* those met so far, by group index */
	size_t count, room;
	uint32_t *of_site; /* RCP_NONE: not asked for yet */
	struct rcp_map index;
};

struct rcp_keys *rcp_keys_new(const struct rcp_set *set, enum rcp_by by);
void rcp_keys_free(struct rcp_keys *keys);

/* Do threads of one site belong to different groups? */
bool rcp_keys_split(const struct rcp_keys *keys);

/* The group's index: dense, in the order in which they are met. */
uint32_t rcp_keys_of(struct rcp_keys *keys, uint32_t process, uint32_t thread,
		     uint32_t site);

#endif

/* SPDX-License-Identifier: MIT
 *
 * collections.h - the cyclic collector's runs, on their way to the file.
 */
#ifndef RCP_ACCOUNT_COLLECTIONS_H
#define RCP_ACCOUNT_COLLECTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct rcp_collection {
	uint64_t time, pause; /* ns; `time` since start */
	uint64_t collected, uncollectable;
	uint32_t thread, site; /* site: where it was triggered */
	uint8_t generation;
};

void rcp_collections_setup(void);

/* Any thread.  What finds no room until the next snapshot is lost and counted
 * in the coverage. */
void rcp_collection_add(const struct rcp_collection *c);

void rcp_collections_fork_prepare(void);
void rcp_collections_fork_done(bool child);

#endif

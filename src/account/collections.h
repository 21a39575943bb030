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
	/* What died by it, and how long it had been garbage, at most: the
	 * longest, in ns, and the sum of bytes times ms. */
	uint64_t objects, bytes, waited_max, byte_ms;
};

void rcp_collections_setup(void);

/* Any thread.  What finds no room until the next snapshot is lost and counted
 * in the coverage. */
void rcp_collection_add(const struct rcp_collection *c);

void rcp_collections_fork_prepare(void);
void rcp_collections_fork_done(bool child);

#endif

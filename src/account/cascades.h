/* SPDX-License-Identifier: MIT
 *
 * cascades.h - the biggest cascades, on their way to the file.
 */
#ifndef RCP_ACCOUNT_CASCADES_H
#define RCP_ACCOUNT_CASCADES_H

#include <stdbool.h>
#include <stdint.h>

/* One dropped reference, and all that went with it. */
struct rcp_cascade {
	uint64_t time, pause; /* ns; `time` of its end, since start */
	uint64_t objects, bytes;
	uint32_t thread, site;
};

void rcp_cascades_setup(void);

/* Any thread.  Of a stretch between two snapshots the biggest are kept; the
 * others are counted in the coverage. */
void rcp_cascade_add(const struct rcp_cascade *c);

void rcp_cascades_fork_prepare(void);
void rcp_cascades_fork_done(bool child);

#endif

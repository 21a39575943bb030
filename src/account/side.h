/* SPDX-License-Identifier: MIT
 *
 * side.h - the side table: blocks that do not fit the shadow (not 16-aligned,
 * 2 GiB and more, addresses above 47 bits, no shadow at all).
 */
#ifndef RCP_ACCOUNT_SIDE_H
#define RCP_ACCOUNT_SIDE_H

#include "account/live.h"

/* As rcp_live_put(); REPLACED may be NULL. */
enum rcp_put rcp_side_put(uintptr_t p, const struct rcp_live *block,
			  struct rcp_live *replaced);
bool rcp_side_take(uintptr_t p, struct rcp_live *out);
void rcp_side_take_range(uintptr_t p, size_t size,
			 void (*each)(void *ctx, const struct rcp_live *block),
			 void *ctx);
void rcp_side_fork_prepare(void);
void rcp_side_fork_done(bool child);

#endif

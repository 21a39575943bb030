/* SPDX-License-Identifier: MIT
 *
 * family.h - the cap on all profiles of one process tree: doc/LIMITS.md.
 * Under the emit lock.
 */
#ifndef RCP_EMIT_FAMILY_H
#define RCP_EMIT_FAMILY_H

#include <stdint.h>

/* How large this process's file may become; UINT64_MAX: nothing is known
 * against it. */
uint64_t rcp_family_cap(void);

/* The helper's: looks, when it is time, at the profiles beside ours, thins
 * out those of processes that have ended while all together are too large,
 * and says how large ours may become. */
void rcp_family_tend(uint64_t now);

void rcp_family_fork_child(void);

#endif

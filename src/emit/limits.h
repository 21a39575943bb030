/* SPDX-License-Identifier: MIT
 *
 * limits.h - the caps on the sizes of files: doc/LIMITS.md.  All calls are
 * made under the emit lock.
 */
#ifndef RCP_EMIT_LIMITS_H
#define RCP_EMIT_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* Room for LEN more bytes in the file, made if need be; END: what is kept
 * for the file's end may be used.  0, or -errno: there is none. */
long rcp_limits_room(uint64_t len, bool end);

/* The helper has nothing else to do: room before it is needed. */
void rcp_limits_tend(uint64_t now);

/* Snapshots of the file that are gone. */
uint64_t rcp_limits_merged(void);

/* The time between snapshots is WAIT, and the last one took TOOK: how long it
 * has to be when room is hard to come by. */
uint64_t rcp_limits_interval(uint64_t wait, uint64_t took);

void rcp_limits_fork_child(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * helper.h - the thread that takes snapshots; emit.h has what others call.
 */
#ifndef RCP_EMIT_HELPER_H
#define RCP_EMIT_HELPER_H

#include <stdbool.h>
#include <stdint.h>

bool rcp_helper_is_running(void);
bool rcp_helper_is(uint32_t tid);

/* Starts it if it may run at NOW, and waits a moment (10 ms at most) until it
 * has left the program's table of descriptors. */
void rcp_helper_try_start(uint64_t now);

/* A snapshot is wanted before its time. */
void rcp_helper_wake(void);
/* Something is in the mailbox. */
void rcp_helper_wake_asked(void);

/* Is somebody waiting for the helper, which is at work? */
bool rcp_helper_is_wanted(void);

/* Stops it and keeps it from being started until the thaw. */
void rcp_helper_freeze(void);
void rcp_helper_thaw(void);

/* The child has none, whatever the parent had, and may start one later.
 * FROZEN: it was forked by the thread that froze the helper. */
void rcp_helper_fork_child(bool frozen);

#endif

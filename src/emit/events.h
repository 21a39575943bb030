/* SPDX-License-Identifier: MIT
 *
 * events.h - events wait here, as finished chunks, for the next snapshot.
 */
#ifndef RCP_EMIT_EVENTS_H
#define RCP_EMIT_EVENTS_H

#include <stdbool.h>

#include "format/encode.h"

/* Appends all that wait to OUT.  They are kept until they have settled: once
 * written they are dropped, else they stay. */
void rcp_events_drain(struct rcp_buf *out);
void rcp_events_settled(bool written);
bool rcp_events_waiting(void);

/* The child: its parent's events are its parent's. */
void rcp_events_fork_child(void);

#endif

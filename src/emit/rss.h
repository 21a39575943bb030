/* SPDX-License-Identifier: MIT
 *
 * rss.h - the curve of resident memory, point by point.  All calls are made
 * under the emit lock, but for rcp_rss_init().
 */
#ifndef RCP_EMIT_RSS_H
#define RCP_EMIT_RSS_H

#include <stdbool.h>
#include <stdint.h>

#include "emit/sink.h"

/* At start: the program's peak counts from here. */
void rcp_rss_init(void);

/* Opens statm in this table; false: the kernel refuses. */
bool rcp_rss_open(void);

/* Measures; false: the kernel does not say. */
bool rcp_rss_point(uint64_t now);

/* The first thread of the process has ended; known from the last point, or
 * the last look, which is made at most once a second. */
bool rcp_rss_main_is_gone(void);
void rcp_rss_look(uint64_t now);

uint64_t rcp_rss_last(void); /* bytes at the last point */
uint64_t rcp_rss_peak(void); /* by the kernel's own count where it has one */

bool rcp_rss_is_full(void);
void rcp_rss_drain(struct rcp_sink *sink);
void rcp_rss_settled(bool written);

/* The child's curve starts anew. */
void rcp_rss_fork_child(void);

#endif

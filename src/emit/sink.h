/* SPDX-License-Identifier: MIT
 *
 * sink.h - where sources put their records during a snapshot.
 *
 * The sink keeps one growing buffer per chunk type.  When they are full, and
 * at the end of the snapshot, they are written in the order STRING, CODE,
 * MODULE, NODE, SITE, PATHS, THREAD, TYPE, then cells: definitions before use.
 */
#ifndef RCP_EMIT_SINK_H
#define RCP_EMIT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/encode.h"
#include "format/paths.h"
#include "rcprof/format.h"

struct rcp_sink;

/* The buffer for one more record of chunk TYPE (definitions, COVERAGE, INFO,
 * RSS).  Valid until the next call.  Append one whole record. */
struct rcp_buf *rcp_sink_record(struct rcp_sink *sink, enum rcp_chunk type);

/* One more node, whose parent was best the last one, and one more site, whose
 * node was. */
void rcp_sink_node(struct rcp_sink *sink, const struct rcp_path_node *node);
void rcp_sink_site(struct rcp_sink *sink, uint32_t site, uint32_t node,
		   enum rcp_kind kind);

/* One more cell of exact mode; what is not in MASK is 0 in VALUES. */
void rcp_sink_counts(struct rcp_sink *sink, uint32_t thread, uint32_t site,
		     uint32_t mask, const uint64_t values[RCP_CELL_FIELDS]);

/* As rcp_sink_record(): CELLS and OBJECTS, whose chunks begin with a thread. */
struct rcp_buf *rcp_sink_cell(struct rcp_sink *sink, enum rcp_chunk type,
			      uint32_t thread);

/* A value for SNAP_END; values of one kind from several sources add up. */
void rcp_sink_total(struct rcp_sink *sink, enum rcp_total total,
		    uint64_t value);

/* How a buffer of the preload grows, for rcp_buf.grow: by pages of the kernel's.
 * False: no memory. */
bool rcp_sink_grow(struct rcp_buf *buf, size_t need);

#endif

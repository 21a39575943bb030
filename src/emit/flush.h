/* SPDX-License-Identifier: MIT
 *
 * flush.h - the writer's half of the sink (sink.h is the sources').  All
 * calls are made under the emit lock.
 */
#ifndef RCP_EMIT_FLUSH_H
#define RCP_EMIT_FLUSH_H

#include <stdbool.h>

#include "emit/emit.h"
#include "emit/sink.h"

/* An empty sink for SNAP, which must live until the sink is finished. */
struct rcp_sink *rcp_sink_begin(const struct rcp_snap *snap);

bool rcp_sink_has_cells(const struct rcp_sink *sink);

/* Does it hold more than the last snapshot in the file says? */
bool rcp_sink_has_news(const struct rcp_sink *sink);

/* What is written at the end. */
enum rcp_sink_part {
	RCP_SINK_NOTES,    /* INFO, COVERAGE, RSS and events only */
	RCP_SINK_SNAPSHOT, /* all of it, between SNAP_BEGIN and SNAP_END */
	RCP_SINK_END,      /* END alone, where there is no room for more */
};

/* Writes what is left; 0, or -errno of the first failure: then nothing of
 * this sink is in the file. */
long rcp_sink_finish(struct rcp_sink *sink, enum rcp_sink_part part);

/* Bytes that finish wrote, earlier flushes included. */
uint64_t rcp_sink_written(const struct rcp_sink *sink);

/* Makes finish put END after all the rest; LOST snapshots so far. */
void rcp_sink_put_end(struct rcp_sink *sink, enum rcp_end reason, int status,
		      uint64_t lost);

/* The child.  CLEAN: nobody was inside emit when it was forked. */
void rcp_sink_fork_child(bool clean);

#endif

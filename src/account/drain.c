/* SPDX-License-Identifier: MIT
 *
 * drain.c - account's part of a snapshot: the cells that have changed (rows.c),
 * the sites they need, the totals.
 *
 * Under the emit lock, in the helper or any thread: no TLS, no errno.
 */
#include "account/internal.h"
#include "account/live.h"
#include "base/mem.h"
#include "emit/emit.h"
#include "emit/sink.h"

static void (*define_node)(struct rcp_sink *sink, const struct rcp_snap *snap,
			   uint32_t node);

static int64_t live_bytes, live_blocks; /* as written */

static __attribute__((noinline)) void
define_site(struct rcp_sink *sink, const struct rcp_snap *snap,
	    uint32_t site)
{
	uint32_t node = rcp_site_node(site);

	define_node(sink, snap, node);
	rcp_sink_site(sink, site, node, rcp_site_kind(site));
}

void
rcp_site_define(struct rcp_sink *sink, const struct rcp_snap *snap,
		uint32_t site)
{
	/* Most have been written, as there are several records of each. */
	if (!rcp_site_stamp(site, snap->file_generation))
		define_site(sink, snap, site);
}

static void
drain_totals(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	static const struct {
		enum rcp_counter counter;
		enum rcp_total total;
	} rows[] = {
		{ RCP_COUNT_UNMATCHED, RCP_TOTAL_UNMATCHED_FREES },
		{ RCP_COUNT_UNSEEN, RCP_TOTAL_UNSEEN_FREES },
		{ RCP_COUNT_INHERITED_FREES, RCP_TOTAL_INHERITED_FREED_BLOCKS },
		{ RCP_COUNT_INHERITED_FREED_BYTES,
		  RCP_TOTAL_INHERITED_FREED_BYTES },
		{ RCP_COUNT_RESERVED, RCP_TOTAL_RESERVED_BYTES },
		{ RCP_COUNT_ARENA, RCP_TOTAL_ARENA_BYTES },
		{ RCP_COUNT_GUARDED, RCP_TOTAL_GUARDED },
		{ RCP_COUNT_TRUNCATED, RCP_TOTAL_SITES_TRUNCATED },
		{ RCP_COUNT_DROPPED, RCP_TOTAL_SAMPLES_DROPPED },
	};
	struct rcp_peak_now peak;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t n = rcp_counter(rows[i].counter);

		rcp_sink_total(sink, rows[i].total, n > 0 ? (uint64_t)n : 0);
	}
	rcp_sink_total(sink, RCP_TOTAL_INHERITED_BYTES,
		       (uint64_t)rcp_inherited_bytes);
	rcp_sink_total(sink, RCP_TOTAL_INHERITED_BLOCKS,
		       (uint64_t)rcp_inherited_blocks);
	rcp_sink_total(sink, RCP_TOTAL_LIVE_BYTES, (uint64_t)live_bytes);
	rcp_sink_total(sink, RCP_TOTAL_LIVE_BLOCKS, (uint64_t)live_blocks);
	rcp_sink_total(sink, RCP_TOTAL_PROFILER,
		       rcp_mem_used() + rcp_live_resident());
	rcp_peak_now(&peak, live_bytes);
	rcp_sink_total(sink, RCP_TOTAL_PEAK_EPOCH, peak.epoch);
	rcp_sink_total(sink, RCP_TOTAL_PEAK_TIME, peak.time);
	if (peak.site < rcp_site_first)
		return;
	rcp_site_define(sink, snap, peak.site);
	rcp_sink_total(sink, RCP_TOTAL_PEAK_SITE, peak.site);
}

static void
drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	rcp_rows_drain(sink, snap, &live_bytes, &live_blocks);
	drain_totals(sink, snap);
}

static struct rcp_source source = { .name = "account", .drain = drain };

void
rcp_account_register(void (*define)(struct rcp_sink *sink,
				    const struct rcp_snap *snap,
				    uint32_t node))
{
	define_node = define;
	rcp_emit_register(&source);
}

/* SPDX-License-Identifier: MIT
 *
 * collections.c - see collections.h.  The lock is a leaf.
 */
#include "account/collections.h"

#include <string.h>

#include "account/internal.h"
#include "base/lock.h"
#include "base/str.h"
#include "emit/emit.h"
#include "emit/sink.h"

#define ROOM 1024u

static struct rcp_lock lock = RCP_LOCK_INIT;
static struct rcp_collection waiting[ROOM];
static unsigned count, drained;
static uint64_t lost;

void
rcp_collection_add(const struct rcp_collection *c)
{
	rcp_lock_take(&lock);
	if (count < ROOM)
		waiting[count++] = *c;
	else
		lost++;
	rcp_lock_drop(&lock);
}

static void
put(struct rcp_sink *sink, const struct rcp_snap *snap,
    const struct rcp_collection *c)
{
	struct rcp_buf *b;

	rcp_site_define(sink, snap, c->site);
	b = rcp_sink_record(sink, RCP_CHUNK_GC);
	rcp_buf_uv(b, c->time);
	rcp_buf_u8(b, c->generation);
	rcp_buf_uv(b, c->pause);
	rcp_buf_uv(b, c->collected);
	rcp_buf_uv(b, c->uncollectable);
	rcp_buf_uv(b, c->thread);
	rcp_buf_uv(b, rcp_site_node(c->site));
	if (!c->objects)
		return;
	b = rcp_sink_record(sink, RCP_CHUNK_GARBAGE);
	rcp_buf_uv(b, c->time);
	rcp_buf_uv(b, c->objects);
	rcp_buf_uv(b, c->bytes);
	rcp_buf_uv(b, c->waited_max);
	rcp_buf_uv(b, c->byte_ms);
}

static void
say_lost(uint64_t n)
{
	char text[80];
	struct rcp_str s = RCP_STR(text);

	rcp_str_u64(&s, n);
	rcp_str_add(&s, " collections found no room and were dropped");
	rcp_emit_coverage(RCP_COVER_NOTE "collections", text);
}

/* Entries that are waiting do not move until they are settled. */
static void
drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	uint64_t missing;

	rcp_lock_take(&lock);
	drained = count;
	missing = lost;
	rcp_lock_drop(&lock);
	for (unsigned i = 0; i < drained; i++)
		put(sink, snap, &waiting[i]);
	if (missing)
		say_lost(missing);
}

static void
settled(bool written)
{
	rcp_lock_take(&lock);
	if (written) {
		count -= drained;
		memmove(waiting, waiting + drained,
			count * sizeof(waiting[0]));
	}
	drained = 0;
	rcp_lock_drop(&lock);
}

static struct rcp_source source = { .name = "collections",
				    .drain = drain,
				    .settled = settled };

void
rcp_collections_setup(void)
{
	rcp_emit_register(&source);
}

void
rcp_collections_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_collections_fork_done(bool child)
{
	if (!child) {
		rcp_lock_drop(&lock);
		return;
	}
	rcp_lock_reset(&lock);
	count = drained = 0;
	lost = 0;
}

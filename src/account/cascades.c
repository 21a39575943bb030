/* SPDX-License-Identifier: MIT
 *
 * cascades.c - see cascades.h.  The lock is a leaf.
 */
#include "account/cascades.h"

#include <string.h>

#include "account/internal.h"
#include "base/lock.h"
#include "base/str.h"
#include "emit/emit.h"
#include "emit/sink.h"

#define ROOM 32u
#define MANY 1024u /* written: from then on they have to be bigger */

static struct rcp_lock lock = RCP_LOCK_INIT;
static struct rcp_cascade waiting[ROOM];
static unsigned count, drained;
static uint64_t written, least, dropped;

/* The smallest of those that the snapshot under way does not take. */
static unsigned
smallest(void)
{
	unsigned at = drained;

	for (unsigned i = drained + 1; i < count; i++)
		if (waiting[i].objects < waiting[at].objects)
			at = i;
	return at;
}

/* The lock is held. */
static void
add(const struct rcp_cascade *c)
{
	unsigned at;

	if (count < ROOM) {
		waiting[count++] = *c;
		return;
	}
	dropped++;
	at = smallest();
	if (at < count && waiting[at].objects < c->objects)
		waiting[at] = *c;
}

void
rcp_cascade_add(const struct rcp_cascade *c)
{
	rcp_lock_take(&lock);
	if (c->objects >= least)
		add(c);
	else
		dropped++;
	rcp_lock_drop(&lock);
}

static void
put(struct rcp_sink *sink, const struct rcp_snap *snap,
    const struct rcp_cascade *c)
{
	struct rcp_buf *b;

	rcp_site_define(sink, snap, c->site);
	b = rcp_sink_record(sink, RCP_CHUNK_CASCADE);
	rcp_buf_uv(b, c->time);
	rcp_buf_uv(b, c->pause);
	rcp_buf_uv(b, c->objects);
	rcp_buf_uv(b, c->bytes);
	rcp_buf_uv(b, c->thread);
	rcp_buf_uv(b, rcp_site_node(c->site));
}

static void
say_dropped(uint64_t n)
{
	char text[80];
	struct rcp_str s = RCP_STR(text);

	rcp_str_u64(&s, n);
	rcp_str_add(&s, " smaller cascades are not in the file");
	rcp_emit_coverage(RCP_COVER_NOTE "cascades", text);
}

static void
drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	uint64_t missing;

	rcp_lock_take(&lock);
	drained = count;
	missing = dropped;
	rcp_lock_drop(&lock);
	for (unsigned i = 0; i < drained; i++)
		put(sink, snap, &waiting[i]);
	if (missing && snap->reason != RCP_SNAP_INTERVAL)
		say_dropped(missing);
}

static void
settled(bool good)
{
	rcp_lock_take(&lock);
	if (good) {
		count -= drained;
		memmove(waiting, waiting + drained,
			count * sizeof(waiting[0]));
		written += drained;
		least = 1000 * (written / MANY);
	}
	drained = 0;
	rcp_lock_drop(&lock);
}

static struct rcp_source source = { .name = "cascades",
				    .drain = drain,
				    .settled = settled };

void
rcp_cascades_setup(void)
{
	rcp_emit_register(&source);
}

void
rcp_cascades_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_cascades_fork_done(bool child)
{
	if (!child) {
		rcp_lock_drop(&lock);
		return;
	}
	rcp_lock_reset(&lock);
	count = drained = 0;
	written = least = dropped = 0;
}

/* SPDX-License-Identifier: MIT
 *
 * sink.c - see sink.h and flush.h.  Runs under the emit lock, also in the
 * helper: pages from the kernel, no TLS, no errno.
 *
 * Each chunk type has a buffer that holds finished chunks and at most one
 * that is open.  A snapshot of usual size goes out in one write; a larger one
 * in several, definitions before cells each time.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "emit/events.h"
#include "emit/file.h"
#include "emit/flush.h"
#include "emit/limits.h"
#include "emit/state.h"

#define FLUSH_AT (256u << 10) /* bytes that wait in all buffers together */
#define LOOK (4u << 10)       /* after so many bytes in one of them */
#define KEEP (64u << 10)      /* of a buffer's room from one to the next */
#define TYPES (RCP_CHUNK_COUNTS + 1)
#define TOTALS 64

struct slot {
	struct rcp_buf buf;
	size_t start; /* of the chunk that is open */
	size_t look;  /* at this length all buffers are looked at again */
	bool open;
	uint32_t thread; /* of the open CELLS, COUNTS or OBJECTS chunk */
};

struct rcp_sink {
	const struct rcp_snap *snap;
	struct slot slots[TYPES];
	struct rcp_buf out;
	uint64_t written;
	bool cells, definitions, begun, noted;
	long error;
	uint64_t totals[TOTALS], last_totals[TOTALS];
	uint64_t end_time;
	int end_status;
	enum rcp_end end;
	uint64_t end_lost;
	struct rcp_counts_last last; /* of the open COUNTS chunk */
	struct rcp_paths paths; /* of the open PATHS chunk */
};

static struct rcp_sink the_sink;

bool
rcp_sink_grow(struct rcp_buf *buf, size_t need)
{
	size_t cap = buf->cap ? buf->cap * 2 : 16u << 10;
	void *data;

	while (cap < need)
		cap *= 2;
	data = buf->data ? rcp_pages_grow(buf->data, buf->cap, cap)
			 : rcp_pages_new(cap);
	if (!data)
		return false;
	buf->data = data;
	buf->cap = cap;
	return true;
}

/* --- the sources' half --------------------------------------------------- */

static void flush(struct rcp_sink *sink);

static bool
is_full(const struct rcp_sink *sink)
{
	size_t waiting = 0;

	for (unsigned i = 0; i < TYPES; i++)
		waiting += sink->slots[i].buf.len;
	return waiting >= FLUSH_AT;
}

static void
close_chunk(struct rcp_sink *sink, struct slot *slot)
{
	if (slot->open && slot == &sink->slots[RCP_CHUNK_PATHS])
		rcp_paths_end(&sink->paths, &slot->buf);
	if (slot->open && !rcp_chunk_finish(&slot->buf, slot->start) &&
	    !sink->error)
		sink->error = -ENOMEM;
	slot->open = false;
}

/* The rest of begin(). */
static __attribute__((noinline)) struct rcp_buf *
begin_there(struct rcp_sink *sink, struct slot *slot, enum rcp_chunk type,
	    bool threaded, uint32_t thread)
{
	if (is_full(sink))
		flush(sink);
	if (slot->open && threaded && slot->thread != thread)
		close_chunk(sink, slot);
	slot->look = slot->buf.len + LOOK;
	if (slot->open)
		return &slot->buf;
	slot->start = rcp_chunk_begin(&slot->buf, type);
	slot->open = true;
	slot->thread = thread;
	if (threaded)
		rcp_buf_uv(&slot->buf, thread);
	if (type == RCP_CHUNK_PATHS)
		rcp_paths_again(&sink->paths);
	else if (type == RCP_CHUNK_COUNTS)
		memset(&sink->last, 0, sizeof(sink->last));
	return &slot->buf;
}

/* Where a record of TYPE is to be appended; most often where the last one of its
 * type went. */
static inline struct rcp_buf *
begin(struct rcp_sink *sink, enum rcp_chunk type, bool threaded,
      uint32_t thread)
{
	struct slot *slot = &sink->slots[type];

	if (slot->open && slot->buf.len < slot->look &&
	    (!threaded || slot->thread == thread))
		return &slot->buf;
	return begin_there(sink, slot, type, threaded, thread);
}

struct rcp_buf *
rcp_sink_record(struct rcp_sink *sink, enum rcp_chunk type)
{
	if ((type >= RCP_CHUNK_STRING && type <= RCP_CHUNK_TYPE) ||
	    type == RCP_CHUNK_CYCLE)
		sink->definitions = true;
	else if (type == RCP_CHUNK_GC || type >= RCP_CHUNK_CYCLES)
		sink->cells = true;
	return begin(sink, type, false, 0);
}

void
rcp_sink_node(struct rcp_sink *sink, const struct rcp_path_node *node)
{
	sink->definitions = true;
	if (rcp_paths_full(&sink->paths))
		close_chunk(sink, &sink->slots[RCP_CHUNK_PATHS]);
	rcp_paths_node(&sink->paths, begin(sink, RCP_CHUNK_PATHS, false, 0),
		       node);
}

void
rcp_sink_site(struct rcp_sink *sink, uint32_t site, uint32_t node,
	      enum rcp_kind kind)
{
	sink->definitions = true;
	rcp_paths_site(&sink->paths, begin(sink, RCP_CHUNK_PATHS, false, 0),
		       site, node, (uint8_t)kind);
}

void
rcp_sink_counts(struct rcp_sink *sink, uint32_t thread, uint32_t site,
		uint32_t mask, const uint64_t values[RCP_CELL_FIELDS])
{
	sink->cells = true;
	rcp_encode_counts(begin(sink, RCP_CHUNK_COUNTS, true, thread),
			  &sink->last, site, mask, values);
}

struct rcp_buf *
rcp_sink_cell(struct rcp_sink *sink, enum rcp_chunk type, uint32_t thread)
{
	sink->cells = true;
	return begin(sink, type, true, thread);
}

void
rcp_sink_total(struct rcp_sink *sink, enum rcp_total total, uint64_t value)
{
	if ((unsigned)total < TOTALS)
		sink->totals[total] += value;
}

/* --- the writer's half --------------------------------------------------- */

struct rcp_sink *
rcp_sink_begin(const struct rcp_snap *snap)
{
	struct rcp_sink *sink = &the_sink;

	for (unsigned i = 0; i < TYPES; i++) {
		sink->slots[i].buf.grow = rcp_sink_grow;
		rcp_buf_reset(&sink->slots[i].buf);
		sink->slots[i].open = false;
	}
	sink->out.grow = rcp_sink_grow;
	rcp_buf_reset(&sink->out);
	sink->snap = snap;
	sink->written = 0;
	sink->cells = sink->definitions = sink->begun = sink->noted = false;
	sink->error = 0;
	sink->end = 0;
	memset(sink->totals, 0, sizeof(sink->totals));
	return sink;
}

bool
rcp_sink_has_cells(const struct rcp_sink *sink)
{
	return sink->cells;
}

bool
rcp_sink_has_news(const struct rcp_sink *sink)
{
	if (sink->cells || sink->definitions)
		return true;
	for (unsigned i = 0; i < TOTALS; i++)
		if (i != RCP_TOTAL_RSS && i != RCP_TOTAL_RSS_PEAK &&
		    i != RCP_TOTAL_PROFILER && i != RCP_TOTAL_PEAK_SITE &&
		    sink->totals[i] != sink->last_totals[i])
			return true;
	return false;
}

static void
put(struct rcp_sink *sink, const enum rcp_chunk *types, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slot *slot = &sink->slots[types[i]];

		close_chunk(sink, slot);
		rcp_buf_bytes(&sink->out, slot->buf.data, slot->buf.len);
		rcp_buf_reset(&slot->buf);
	}
}

static void
put_notes(struct rcp_sink *sink)
{
	static const enum rcp_chunk notes[] = { RCP_CHUNK_INFO,
						RCP_CHUNK_COVERAGE,
						RCP_CHUNK_RSS };

	put(sink, notes, sizeof(notes) / sizeof(notes[0]));
	if (!sink->noted)
		rcp_events_drain(&sink->out);
	sink->noted = true;
}

static void
put_snapshot(struct rcp_sink *sink)
{
	static const enum rcp_chunk records[] = {
		RCP_CHUNK_STRING, RCP_CHUNK_CODE,    RCP_CHUNK_MODULE,
		RCP_CHUNK_NODE,	  RCP_CHUNK_SITE,    RCP_CHUNK_PATHS,
		RCP_CHUNK_THREAD, RCP_CHUNK_TYPE,    RCP_CHUNK_CYCLE,
		RCP_CHUNK_CELLS,  RCP_CHUNK_COUNTS,  RCP_CHUNK_OBJECTS,
		RCP_CHUNK_CYCLES, RCP_CHUNK_GC,	     RCP_CHUNK_GARBAGE,
		RCP_CHUNK_CASCADE,
	};
	const struct rcp_snap *snap = sink->snap;
	size_t start;

	if (!sink->begun) {
		start = rcp_chunk_begin(&sink->out, RCP_CHUNK_SNAP_BEGIN);
		rcp_encode_snap_begin(&sink->out, snap->seq, snap->time,
				      snap->keyframe ? RCP_SNAP_KEYFRAME : 0,
				      snap->reason);
		rcp_chunk_finish(&sink->out, start);
	}
	sink->begun = true;
	put(sink, records, sizeof(records) / sizeof(records[0]));
}

static void
put_totals(struct rcp_sink *sink)
{
	size_t start = rcp_chunk_begin(&sink->out, RCP_CHUNK_SNAP_END);

	for (unsigned i = 0; i < TOTALS; i++) {
		if (!sink->totals[i])
			continue;
		rcp_buf_uv(&sink->out, i);
		rcp_buf_uv(&sink->out, sink->totals[i]);
	}
	rcp_chunk_finish(&sink->out, start);
}

static void
put_end(struct rcp_sink *sink)
{
	size_t start = rcp_chunk_begin(&sink->out, RCP_CHUNK_END);

	rcp_buf_uv(&sink->out, sink->end_time);
	rcp_buf_u8(&sink->out, (uint8_t)sink->end);
	rcp_buf_sv(&sink->out, sink->end_status);
	if (sink->end_lost)
		rcp_buf_uv(&sink->out, sink->end_lost);
	rcp_chunk_finish(&sink->out, start);
}

/* A full table, which is the program's, and a full disk. */
static bool
may_have_room_later(long error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOSPC ||
	       error == -EDQUOT;
}

/* OUT into the file.  After a failure the rest is thrown away. */
static void
write_out(struct rcp_sink *sink)
{
	long error = 0;

	if (sink->out.failed && !sink->error)
		sink->error = -ENOMEM;
	if (!sink->error && !rcp_file_is_open()) {
		error = rcp_file_open();
		if (error < 0 && !may_have_room_later(error))
			rcp_emit_give_up(rcp_file_path(), error);
	}
	if (!sink->error && !error && sink->out.len)
		error = rcp_limits_room(sink->out.len, sink->end != 0);
	if (!sink->error && !error && sink->out.len)
		error = rcp_file_append(sink->out.data, sink->out.len);
	if (!sink->error)
		sink->error = error;
	if (!sink->error)
		sink->written += sink->out.len;
	rcp_buf_reset(&sink->out);
}

static void
flush(struct rcp_sink *sink)
{
	put_notes(sink);
	put_snapshot(sink);
	write_out(sink);
}

static void
shrink(struct rcp_buf *buf)
{
	if (buf->cap <= KEEP)
		return;
	rcp_pages_free(buf->data, buf->cap);
	buf->data = NULL;
	buf->cap = buf->len = 0;
}

long
rcp_sink_finish(struct rcp_sink *sink, enum rcp_sink_part part)
{
	if (part != RCP_SINK_END)
		put_notes(sink);
	if (part == RCP_SINK_SNAPSHOT || sink->begun) {
		put_snapshot(sink);
		put_totals(sink);
	}
	if (sink->end)
		put_end(sink);
	write_out(sink);
	if (sink->error) {
		rcp_file_rollback();
	} else {
		rcp_file_commit();
		if (sink->begun)
			memcpy(sink->last_totals, sink->totals,
			       sizeof(sink->totals));
	}
	for (unsigned i = 0; i < TYPES; i++)
		shrink(&sink->slots[i].buf);
	shrink(&sink->out);
	return sink->error;
}

uint64_t
rcp_sink_written(const struct rcp_sink *sink)
{
	return sink->written;
}

void
rcp_sink_put_end(struct rcp_sink *sink, enum rcp_end reason, int status,
		 uint64_t lost)
{
	sink->end = reason;
	sink->end_status = status;
	sink->end_lost = lost;
	sink->end_time = sink->snap->time;
}

void
rcp_sink_fork_child(bool clean)
{
	struct rcp_sink *sink = &the_sink;

	memset(sink->last_totals, 0, sizeof(sink->last_totals));
	if (clean)
		return;
	/* The parent may just have been growing one of them. */
	for (unsigned i = 0; i < TYPES; i++)
		memset(&sink->slots[i], 0, sizeof(sink->slots[i]));
	memset(&sink->out, 0, sizeof(sink->out));
}

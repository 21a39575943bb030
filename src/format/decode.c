/* SPDX-License-Identifier: MIT
 *
 * decode.c - records out of a chunk's bytes.  Reads only between `next` and
 * `limit`.
 */
#include "format/decode.h"

#include <string.h>

#include "format/encode.h"
#include "format/get.h"
#include "format/paths.h"

bool
rcp_get_long_uv(struct rcp_records *r, uint64_t *value)
{
	size_t n = rcp_varint_get(r->next, (size_t)(r->limit - r->next),
				  value);

	r->next += n;
	return n > 0;
}

static bool
get_str(struct rcp_records *r, struct rcp_bytes *bytes)
{
	uint64_t len;

	if (!get_uv(r, &len) || len > (uint64_t)(r->limit - r->next))
		return false;
	bytes->data = (const char *)r->next;
	bytes->len = (size_t)len;
	r->next += len;
	return true;
}

bool
rcp_get_fields(struct rcp_records *r, uint32_t is_signed, unsigned count,
	       uint64_t *known, uint64_t *values)
{
	uint64_t mask, value;

	if (!get_uv(r, &mask))
		return false;
	*known = mask & ((1ull << count) - 1);
	memset(values, 0, count * sizeof(values[0]));
	for (; mask; mask &= mask - 1) {
		unsigned i = (unsigned)__builtin_ctzll(mask);

		if (!get_uv(r, &value))
			return false;
		if (i < count)
			values[i] = i < 32 && is_signed >> i & 1 ?
					    (uint64_t)rcp_unzigzag(value) :
					    value;
	}
	return true;
}

/* --- one function per chunk type ------------------------------------------ */

static bool
get_info(struct rcp_records *r, struct rcp_record *out)
{
	return get_str(r, &out->u.info.key) && get_str(r, &out->u.info.value);
}

static bool
get_string(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.string.id) &&
	       get_str(r, &out->u.string.bytes);
}

static bool
get_code(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.code.id) &&
	       get_uv(r, &out->u.code.filename) &&
	       get_uv(r, &out->u.code.name) &&
	       get_uv(r, &out->u.code.first_line) &&
	       get_u8(r, &out->u.code.table_kind) &&
	       get_str(r, &out->u.code.table);
}

static bool
get_module(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.module.id) &&
	       get_uv(r, &out->u.module.path) &&
	       get_uv(r, &out->u.module.build_id) &&
	       get_uv(r, &out->u.module.base) &&
	       get_uv(r, &out->u.module.low) &&
	       get_uv(r, &out->u.module.high);
}

static bool
get_node(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.node.id) && get_uv(r, &out->u.node.parent) &&
	       get_u8(r, &out->u.node.kind) && get_uv(r, &out->u.node.ref) &&
	       get_uv(r, &out->u.node.offset);
}

static bool
get_site(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.site.id) && get_uv(r, &out->u.site.node) &&
	       get_u8(r, &out->u.site.kind);
}

static bool
get_thread(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.thread.id) && get_uv(r, &out->u.thread.tid) &&
	       get_uv(r, &out->u.thread.name) &&
	       get_uv(r, &out->u.thread.start) &&
	       get_uv(r, &out->u.thread.served);
}

static bool
get_type(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.type.id) && get_uv(r, &out->u.type.name) &&
	       get_uv(r, &out->u.type.flags);
}

static bool
get_snap_begin(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.snap_begin.seq) &&
	       get_uv(r, &out->u.snap_begin.time) &&
	       get_u8(r, &out->u.snap_begin.flags) &&
	       get_u8(r, &out->u.snap_begin.reason);
}

static bool
get_cell(struct rcp_records *r, struct rcp_record *out)
{
	uint64_t mask = 0;
	bool whole;

	out->u.cell.thread = r->thread;
	whole = get_uv(r, &out->u.cell.site) &&
		rcp_get_fields(r, RCP_CELL_SIGNED, RCP_CELL_FIELDS,
			       &mask, out->u.cell.values);
	out->u.cell.mask = (uint32_t)mask;
	return whole;
}

static bool
get_object(struct rcp_records *r, struct rcp_record *out)
{
	out->u.object.thread = r->thread;
	return get_uv(r, &out->u.object.site) &&
	       get_uv(r, &out->u.object.type) &&
	       get_uv(r, &out->u.object.death_site) &&
	       rcp_get_fields(r, 0, RCP_OBJECT_FIELDS, &out->u.object.mask,
			      out->u.object.values);
}

static bool
get_total(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.total.key) && get_uv(r, &out->u.total.value);
}

static bool
get_rss(struct rcp_records *r, struct rcp_record *out)
{
	uint64_t delta;

	if (!get_uv(r, &delta) || !get_uv(r, &out->u.rss.rss) ||
	    !get_sv(r, &out->u.rss.live))
		return false;
	r->time += delta;
	out->u.rss.time = r->time;
	return true;
}

static bool
get_event(struct rcp_records *r, struct rcp_record *out)
{
	out->u.event.number = 0;
	out->u.event.before = 0;
	out->u.event.text = (struct rcp_bytes){ NULL, 0 };
	if (!get_uv(r, &out->u.event.time) ||
	    !get_u8(r, &out->u.event.kind) ||
	    !get_uv(r, &out->u.event.thread))
		return false;
	switch (out->u.event.kind) {
	case RCP_EVENT_FORK:
	case RCP_EVENT_EXEC_FAILED:
		return get_uv(r, &out->u.event.number);
	case RCP_EVENT_MARK:
	case RCP_EVENT_EXEC:
	case RCP_EVENT_LIMIT:
	case RCP_EVENT_FAULT:
	case RCP_EVENT_GC_CONTROL:
		return get_str(r, &out->u.event.text);
	case RCP_EVENT_RATE:
		return get_uv(r, &out->u.event.number) &&
		       get_uv(r, &out->u.event.before) &&
		       get_str(r, &out->u.event.text);
	default:
		return true;
	}
}

static bool
get_index(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.index.seq) && get_uv(r, &out->u.index.time) &&
	       get_uv(r, &out->u.index.offset);
}

static bool
get_gc(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.gc.time) &&
	       get_u8(r, &out->u.gc.generation) &&
	       get_uv(r, &out->u.gc.pause) &&
	       get_uv(r, &out->u.gc.collected) &&
	       get_uv(r, &out->u.gc.uncollectable) &&
	       get_uv(r, &out->u.gc.thread) && get_uv(r, &out->u.gc.node);
}

static bool
get_member(struct rcp_records *r, struct rcp_cycle_member *out)
{
	return get_uv(r, &out->type) && get_uv(r, &out->attribute) &&
	       get_uv(r, &out->site);
}

/* The members stay bytes, of which it is known that they can be read. */
static bool
get_cycle(struct rcp_records *r, struct rcp_record *out)
{
	struct rcp_cycle_member member;

	if (!get_uv(r, &out->u.cycle.id) || !get_uv(r, &out->u.cycle.count))
		return false;
	out->u.cycle.members.data = (const char *)r->next;
	for (uint64_t i = 0; i < out->u.cycle.count; i++)
		if (!get_member(r, &member))
			return false;
	out->u.cycle.members.len = (size_t)((const char *)r->next -
					    out->u.cycle.members.data);
	return true;
}

bool
rcp_cycle_next(struct rcp_bytes *members, struct rcp_cycle_member *out)
{
	struct rcp_records r = { .next = (const uint8_t *)members->data };

	r.limit = r.next + members->len;
	if (members->len == 0 || !get_member(&r, out))
		return false;
	members->data = (const char *)r.next;
	members->len = (size_t)(r.limit - r.next);
	return true;
}

static bool
get_cycle_cell(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.cycle_cell.cycle) &&
	       rcp_get_fields(r, 0, RCP_CYCLE_FIELDS,
			      &out->u.cycle_cell.mask,
			      out->u.cycle_cell.values);
}

static bool
get_cascade(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.cascade.time) &&
	       get_uv(r, &out->u.cascade.pause) &&
	       get_uv(r, &out->u.cascade.objects) &&
	       get_uv(r, &out->u.cascade.bytes) &&
	       get_uv(r, &out->u.cascade.thread) &&
	       get_uv(r, &out->u.cascade.node);
}

static bool
get_garbage(struct rcp_records *r, struct rcp_record *out)
{
	return get_uv(r, &out->u.garbage.time) &&
	       get_uv(r, &out->u.garbage.objects) &&
	       get_uv(r, &out->u.garbage.bytes) &&
	       get_uv(r, &out->u.garbage.waited_max) &&
	       get_uv(r, &out->u.garbage.byte_ms);
}

static bool
get_end(struct rcp_records *r, struct rcp_record *out)
{
	out->u.end.lost = 0;
	return get_uv(r, &out->u.end.time) && get_u8(r, &out->u.end.reason) &&
	       get_sv(r, &out->u.end.status) &&
	       (r->next == r->limit || get_uv(r, &out->u.end.lost));
}

static const struct {
	const char *name;
	bool (*get)(struct rcp_records *, struct rcp_record *);
	bool single;
} kinds[] = {
	[RCP_CHUNK_INFO] = { "INFO", get_info, false },
	[RCP_CHUNK_STRING] = { "STRING", get_string, false },
	[RCP_CHUNK_CODE] = { "CODE", get_code, false },
	[RCP_CHUNK_MODULE] = { "MODULE", get_module, false },
	[RCP_CHUNK_NODE] = { "NODE", get_node, false },
	[RCP_CHUNK_SITE] = { "SITE", get_site, false },
	[RCP_CHUNK_THREAD] = { "THREAD", get_thread, false },
	[RCP_CHUNK_TYPE] = { "TYPE", get_type, false },
	[RCP_CHUNK_SNAP_BEGIN] = { "SNAP_BEGIN", get_snap_begin, true },
	[RCP_CHUNK_CELLS] = { "CELLS", get_cell, false },
	[RCP_CHUNK_OBJECTS] = { "OBJECTS", get_object, false },
	[RCP_CHUNK_SNAP_END] = { "SNAP_END", get_total, false },
	[RCP_CHUNK_RSS] = { "RSS", get_rss, false },
	[RCP_CHUNK_EVENT] = { "EVENT", get_event, true },
	[RCP_CHUNK_COVERAGE] = { "COVERAGE", get_info, false },
	[RCP_CHUNK_INDEX] = { "INDEX", get_index, false },
	[RCP_CHUNK_GC] = { "GC", get_gc, false },
	[RCP_CHUNK_END] = { "END", get_end, true },
	[RCP_CHUNK_CYCLE] = { "CYCLE", get_cycle, false },
	[RCP_CHUNK_CYCLES] = { "CYCLES", get_cycle_cell, false },
	[RCP_CHUNK_CASCADE] = { "CASCADE", get_cascade, false },
	[RCP_CHUNK_GARBAGE] = { "GARBAGE", get_garbage, false },
	[RCP_CHUNK_PATHS] = { "PATHS", NULL, false },
	[RCP_CHUNK_COUNTS] = { "COUNTS", rcp_get_counts, false },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *
rcp_chunk_name(uint16_t type)
{
	return type < KINDS ? kinds[type].name : NULL;
}

void
rcp_records_begin(struct rcp_records *r, const struct rcp_raw_chunk *chunk)
{
	memset(r, 0, sizeof(*r));
	r->type = chunk->type;
	r->next = chunk->payload;
	r->limit = chunk->payload + chunk->length;
	if (!rcp_chunk_name(chunk->type)) {
		r->next = r->limit;
		return;
	}
	r->single = kinds[chunk->type].single;
	if (chunk->type == RCP_CHUNK_PATHS)
		r->next = r->limit;
	else if (chunk->type == RCP_CHUNK_CELLS ||
		 chunk->type == RCP_CHUNK_COUNTS ||
		 chunk->type == RCP_CHUNK_OBJECTS)
		r->bad = !get_uv(r, &r->thread);
	else if (r->single && chunk->length == 0)
		r->bad = true;
}

void
rcp_records_begin_paths(struct rcp_records *r,
			const struct rcp_raw_chunk *chunk,
			struct rcp_paths *paths)
{
	rcp_records_begin(r, chunk);
	if (chunk->type != RCP_CHUNK_PATHS)
		return;
	rcp_paths_reset(paths);
	r->next = chunk->payload;
	r->paths = paths;
}

static int
next_of_paths(struct rcp_records *r, struct rcp_record *record)
{
	int more = rcp_paths_next(r, record);

	if (more <= 0)
		r->paths = NULL; /* and then there is none */
	if (more < 0)
		r->next = r->limit;
	return more;
}

int
rcp_records_next(struct rcp_records *r, struct rcp_record *record)
{
	if (r->paths)
		return next_of_paths(r, record);
	if (!r->bad && r->next == r->limit)
		return 0;
	record->type = r->type;
	if (r->bad || !kinds[r->type].get(r, record)) {
		r->bad = false;
		r->next = r->limit;
		return -1;
	}
	if (r->single)
		r->next = r->limit;
	return 1;
}

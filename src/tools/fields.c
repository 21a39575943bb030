/* SPDX-License-Identifier: MIT
 *
 * fields.c - see fields.h.  One row of a table per field; the names are those
 * of format.h.
 */
#include "tools/fields.h"

#include <inttypes.h>

enum field_kind {
	NUMBER,
	SIGNED,
	BYTE,
	TIME, /* ns */
	ADDRESS,
	TEXT,
	LENGTH, /* of bytes that nobody reads */
	WORD,   /* a byte, by the names */
	KEY,    /* a number, by the names */
};

struct names {
	const char *const *list;
	size_t count;
};
#define NAMES(...)                                                           \
	(&(const struct names){ (const char *const[]){ __VA_ARGS__ },        \
				sizeof((const char *const[]){ __VA_ARGS__ }) / \
					sizeof(char *) })

struct field {
	uint16_t chunk;
	const char *name;
	enum field_kind kind;
	size_t offset;
	const struct names *names;
};

#define FIELD(chunk, kind, part, member)                \
	{ RCP_CHUNK_##chunk, #member, kind,             \
	  offsetof(struct rcp_record, u.part.member), NULL }
#define NAMED(chunk, kind, part, member, ...)           \
	{ RCP_CHUNK_##chunk, #member, kind,             \
	  offsetof(struct rcp_record, u.part.member), NAMES(__VA_ARGS__) }

static const struct field fields[] = {
	FIELD(INFO, TEXT, info, key),
	FIELD(INFO, TEXT, info, value),
	FIELD(STRING, NUMBER, string, id),
	FIELD(STRING, TEXT, string, bytes),
	FIELD(CODE, NUMBER, code, id),
	FIELD(CODE, NUMBER, code, filename),
	FIELD(CODE, NUMBER, code, name),
	FIELD(CODE, NUMBER, code, first_line),
	NAMED(CODE, WORD, code, table_kind, "none", "lnotab", "3.10",
	      "location"),
	FIELD(CODE, LENGTH, code, table),
	FIELD(MODULE, NUMBER, module, id),
	FIELD(MODULE, NUMBER, module, path),
	FIELD(MODULE, NUMBER, module, build_id),
	FIELD(MODULE, ADDRESS, module, base),
	FIELD(MODULE, ADDRESS, module, low),
	FIELD(MODULE, ADDRESS, module, high),
	FIELD(NODE, NUMBER, node, id),
	FIELD(NODE, NUMBER, node, parent),
	NAMED(NODE, WORD, node, kind, "none", "python", "native", "address",
	      "marker"),
	FIELD(NODE, NUMBER, node, ref),
	FIELD(NODE, ADDRESS, node, offset),
	FIELD(SITE, NUMBER, site, id),
	FIELD(SITE, NUMBER, site, node),
	NAMED(SITE, WORD, site, kind, "python", "malloc", "mmap"),
	FIELD(THREAD, NUMBER, thread, id),
	FIELD(THREAD, NUMBER, thread, tid),
	FIELD(THREAD, NUMBER, thread, name),
	FIELD(THREAD, TIME, thread, start),
	FIELD(THREAD, NUMBER, thread, served),
	FIELD(TYPE, NUMBER, type, id),
	FIELD(TYPE, NUMBER, type, name),
	FIELD(TYPE, NUMBER, type, flags),
	FIELD(SNAP_BEGIN, NUMBER, snap_begin, seq),
	FIELD(SNAP_BEGIN, TIME, snap_begin, time),
	NAMED(SNAP_BEGIN, WORD, snap_begin, flags, "difference", "keyframe"),
	NAMED(SNAP_BEGIN, WORD, snap_begin, reason, "none", "interval",
	      "growth", "mark", "request", "end-python", "exit", "exec",
	      "fork"),
	FIELD(CELLS, NUMBER, cell, thread),
	FIELD(CELLS, NUMBER, cell, site),
	FIELD(OBJECTS, NUMBER, object, thread),
	FIELD(OBJECTS, NUMBER, object, site),
	FIELD(OBJECTS, NUMBER, object, type),
	FIELD(OBJECTS, NUMBER, object, death_site),
	NAMED(SNAP_END, KEY, total, key, "none", "peak_epoch", "peak_time",
	      "peak_site", "rss", "rss_peak", "profiler", "unmatched_frees",
	      "unseen_frees", "inherited_bytes", "inherited_blocks",
	      "inherited_freed_bytes", "inherited_freed_blocks",
	      "sites_truncated", "samples_dropped", "snapshots_lost",
	      "reserved_bytes", "arena_bytes", "guarded", "threads",
	      "live_bytes", "live_blocks", "bad_frames", "sample_cpu",
	      "cpu"),
	FIELD(SNAP_END, NUMBER, total, value),
	FIELD(RSS, TIME, rss, time),
	FIELD(RSS, NUMBER, rss, rss),
	FIELD(RSS, SIGNED, rss, live),
	FIELD(EVENT, TIME, event, time),
	NAMED(EVENT, WORD, event, kind, "none", "mark", "fork", "exec",
	      "exec-failed", "pause", "resume", "limit", "fault",
	      "python-ready", "python-end", "gc-control", "rate"),
	FIELD(EVENT, NUMBER, event, thread),
	FIELD(EVENT, NUMBER, event, number),
	FIELD(EVENT, NUMBER, event, before),
	FIELD(EVENT, TEXT, event, text),
	FIELD(COVERAGE, TEXT, info, key),
	FIELD(COVERAGE, TEXT, info, value),
	FIELD(INDEX, NUMBER, index, seq),
	FIELD(INDEX, TIME, index, time),
	FIELD(INDEX, NUMBER, index, offset),
	FIELD(GC, TIME, gc, time),
	FIELD(GC, BYTE, gc, generation),
	FIELD(GC, TIME, gc, pause),
	FIELD(GC, NUMBER, gc, collected),
	FIELD(GC, NUMBER, gc, uncollectable),
	FIELD(GC, NUMBER, gc, thread),
	FIELD(GC, NUMBER, gc, node),
	FIELD(END, TIME, end, time),
	NAMED(END, WORD, end, reason, "none", "exit", "exec", "signal"),
	FIELD(END, SIGNED, end, status),
	FIELD(END, NUMBER, end, lost),
	FIELD(CYCLE, NUMBER, cycle, id),
	FIELD(CYCLE, NUMBER, cycle, count),
	FIELD(CYCLES, NUMBER, cycle_cell, cycle),
	FIELD(CASCADE, TIME, cascade, time),
	FIELD(CASCADE, TIME, cascade, pause),
	FIELD(CASCADE, NUMBER, cascade, objects),
	FIELD(CASCADE, NUMBER, cascade, bytes),
	FIELD(CASCADE, NUMBER, cascade, thread),
	FIELD(CASCADE, NUMBER, cascade, node),
	FIELD(GARBAGE, TIME, garbage, time),
	FIELD(GARBAGE, NUMBER, garbage, objects),
	FIELD(GARBAGE, NUMBER, garbage, bytes),
	FIELD(GARBAGE, TIME, garbage, waited_max),
	FIELD(GARBAGE, NUMBER, garbage, byte_ms),
};

/* Values that a record has only if their bit of the mask is set. */
static const char *const cell_names[RCP_CELL_FIELDS] = {
	[RCP_CELL_ALLOCS] = "allocs",
	[RCP_CELL_ALLOC_BYTES] = "alloc_bytes",
	[RCP_CELL_FREES] = "frees",
	[RCP_CELL_FREED_BYTES] = "freed_bytes",
	[RCP_CELL_TEMPORARIES] = "temporaries",
	[RCP_CELL_LIFETIME] = "lifetime",
	[RCP_CELL_AGED] = "aged",
	[RCP_CELL_PEAK_BYTES] = "peak_bytes",
	[RCP_CELL_PEAK_BLOCKS] = "peak_blocks",
	[RCP_CELL_VAR_LIVE_BYTES] = "var_live_bytes",
	[RCP_CELL_VAR_ALLOC_BYTES] = "var_alloc_bytes",
	[RCP_CELL_SAMPLES] = "samples",
	[RCP_CELL_PEAK_EPOCH] = "peak_epoch",
	[RCP_CELL_VAR_PEAK_BYTES] = "var_peak_bytes",
	[RCP_CELL_VAR_ALLOCS] = "var_allocs",
};
#define CELL_SIGNED                                                  \
	(1u << RCP_CELL_PEAK_BYTES | 1u << RCP_CELL_PEAK_BLOCKS |    \
	 1u << RCP_CELL_VAR_LIVE_BYTES | 1u << RCP_CELL_VAR_PEAK_BYTES)

static const char *const object_names[RCP_OBJECT_FIELDS] = {
	[RCP_OBJECT_BORN] = "born",
	[RCP_OBJECT_BORN_BYTES] = "born_bytes",
	[RCP_OBJECT_DIED_REFCOUNT] = "died_refcount",
	[RCP_OBJECT_DIED_COLLECTOR] = "died_collector",
	[RCP_OBJECT_DIED_UNSEEN] = "died_unseen",
	[RCP_OBJECT_DIED_BYTES] = "died_bytes",
	[RCP_OBJECT_AGE_SUM] = "age_sum",
	[RCP_OBJECT_AGED] = "aged",
#define AGE(n) [RCP_OBJECT_AGE_0 + (n)] = "age_" #n
	AGE(0), AGE(1), AGE(2), AGE(3), AGE(4), AGE(5), AGE(6), AGE(7),
	AGE(8), AGE(9), AGE(10), AGE(11), AGE(12), AGE(13), AGE(14), AGE(15),
	AGE(16), AGE(17), AGE(18), AGE(19), AGE(20), AGE(21), AGE(22), AGE(23),
#undef AGE
	[RCP_OBJECT_SAMPLES] = "samples",
	[RCP_OBJECT_DIED_SAMPLES] = "died_samples",
	[RCP_OBJECT_VAR_BORN] = "var_born",
	[RCP_OBJECT_VAR_BORN_BYTES] = "var_born_bytes",
	[RCP_OBJECT_VAR_REFCOUNT] = "var_refcount",
	[RCP_OBJECT_VAR_COLLECTOR] = "var_collector",
	[RCP_OBJECT_VAR_UNSEEN] = "var_unseen",
	[RCP_OBJECT_VAR_DIED_BYTES] = "var_died_bytes",
};

static const char *const cycle_names[RCP_CYCLE_FIELDS] = {
	[RCP_CYCLE_COUNT] = "cycles",
	[RCP_CYCLE_OBJECTS] = "objects",
	[RCP_CYCLE_BYTES] = "bytes",
	[RCP_CYCLE_WAITED] = "waited",
	[RCP_CYCLE_WAITED_MAX] = "waited_max",
	[RCP_CYCLE_BYTE_MS] = "byte_ms",
};

static void
add_word(struct rcp_text *t, const struct field *field, uint64_t value)
{
	if (value < field->names->count)
		rcp_text_add(t, field->names->list[value]);
	else
		rcp_text_format(t, "%" PRIu64, value);
}

static void
add_value(struct rcp_text *t, const struct field *field, const void *at)
{
	const struct rcp_bytes *bytes = at;

	switch (field->kind) {
	case NUMBER:
		rcp_text_format(t, "%" PRIu64, *(const uint64_t *)at);
		break;
	case SIGNED:
		rcp_text_format(t, "%" PRId64, *(const int64_t *)at);
		break;
	case BYTE:
		rcp_text_format(t, "%u", *(const uint8_t *)at);
		break;
	case TIME:
		rcp_text_format(t, "%.9f",
				(double)*(const uint64_t *)at / 1e9);
		break;
	case ADDRESS:
		rcp_text_format(t, "0x%" PRIx64, *(const uint64_t *)at);
		break;
	case TEXT:
		rcp_text_char(t, '"');
		rcp_text_name_bytes(t, bytes->data, bytes->len);
		rcp_text_char(t, '"');
		break;
	case LENGTH:
		rcp_text_format(t, "%zu bytes", bytes->len);
		break;
	case WORD:
		add_word(t, field, *(const uint8_t *)at);
		break;
	case KEY:
		add_word(t, field, *(const uint64_t *)at);
		break;
	}
}

static void
add_masked(struct rcp_text *t, uint64_t mask, const uint64_t *values,
	   const char *const *names, unsigned count, uint32_t is_signed)
{
	for (unsigned i = 0; i < count; i++) {
		if (!(mask >> i & 1))
			continue;
		if (i < 32 && is_signed >> i & 1)
			rcp_text_format(t, " %s=%" PRId64, names[i],
					(int64_t)values[i]);
		else
			rcp_text_format(t, " %s=%" PRIu64, names[i],
					values[i]);
	}
}

static void
add_members(struct rcp_text *t, struct rcp_bytes members)
{
	struct rcp_cycle_member m;

	while (rcp_cycle_next(&members, &m))
		rcp_text_format(t, " type=%" PRIu64 " attribute=%" PRIu64
				" site=%" PRIu64, m.type, m.attribute, m.site);
}

void
rcp_fields_add(struct rcp_text *t, const struct rcp_record *record)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (fields[i].chunk != record->type)
			continue;
		rcp_text_format(t, " %s=", fields[i].name);
		add_value(t, &fields[i],
			  (const char *)record + fields[i].offset);
	}
	if (record->type == RCP_CHUNK_CELLS)
		add_masked(t, record->u.cell.mask, record->u.cell.values,
			   cell_names, RCP_CELL_FIELDS, CELL_SIGNED);
	else if (record->type == RCP_CHUNK_OBJECTS)
		add_masked(t, record->u.object.mask, record->u.object.values,
			   object_names, RCP_OBJECT_FIELDS, 0);
	else if (record->type == RCP_CHUNK_CYCLES)
		add_masked(t, record->u.cycle_cell.mask,
			   record->u.cycle_cell.values, cycle_names,
			   RCP_CYCLE_FIELDS, 0);
	else if (record->type == RCP_CHUNK_CYCLE)
		add_members(t, record->u.cycle.members);
}

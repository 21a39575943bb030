/* SPDX-License-Identifier: MIT
 *
 * cycles.c - see cycles.h.  Kinds and names are kept for ever, and bounded.
 */
#include "account/cycles.h"

#include <string.h>

#include "account/internal.h"
#include "account/objects_internal.h"
#include "base/mem.h"
#include "emit/emit.h"
#include "emit/sink.h"

#define KINDS 2048u
#define NAMES 4096u
#define NAME_BYTES 64u
#define FIRST_STRING (1ull << 38) /* ids of our STRING records */

struct kind {
	struct rcp_cycle_part parts[RCP_CYCLE_MEMBERS];
	uint32_t count; /* 0: all others */
	bool knot;
	uint32_t stamp; /* file generation in which it was written */
	uint64_t now[RCP_CYCLE_FIELDS];
	uint64_t written[RCP_CYCLE_FIELDS]; /* the drain's */
};

struct name {
	uint32_t size, stamp;
	char text[NAME_BYTES];
};

static struct kind *kinds; /* reserved, touched as needed; from 1 */
static struct name *names;
static uint16_t kind_slots[2 * KINDS], name_slots[2 * NAMES];
static uint32_t kind_count, name_count;
static uint32_t other;

static uint32_t
hash_of(const void *data, size_t size)
{
	const unsigned char *p = data;
	uint64_t h = size;

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return (uint32_t)(h >> 20);
}

/* --- names ------------------------------------------------------------------ */

uint32_t
rcp_cycle_attribute(const char *name, size_t size)
{
	uint32_t i = hash_of(name, size), id;

	if (!names || size == 0 || size > NAME_BYTES)
		return 0;
	for (; (id = name_slots[i % (2 * NAMES)]); i++)
		if (names[id].size == size &&
		    memcmp(names[id].text, name, size) == 0)
			return id;
	if (name_count + 1 == NAMES || !rcp_objects_last_fit())
		return 0;
	id = ++name_count;
	names[id].size = (uint32_t)size;
	memcpy(names[id].text, name, size);
	name_slots[i % (2 * NAMES)] = (uint16_t)id;
	rcp_objects_charge(sizeof(*names));
	return id;
}

/* --- kinds ------------------------------------------------------------------ */

static int
compare(const struct rcp_cycle_part *a, const struct rcp_cycle_part *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->attribute != b->attribute)
		return a->attribute < b->attribute ? -1 : 1;
	return a->site < b->site ? -1 : a->site > b->site;
}

static int
compare_turned(const struct rcp_cycle_part *parts, unsigned count, unsigned a,
	       unsigned b)
{
	for (unsigned i = 0; i < count; i++) {
		int order = compare(&parts[(a + i) % count],
				    &parts[(b + i) % count]);

		if (order)
			return order;
	}
	return 0;
}

/* The smallest of all rotations: whichever member it was found by. */
static void
turn(struct rcp_cycle_part *out, const struct rcp_cycle_part *parts,
     unsigned count)
{
	unsigned best = 0;

	for (unsigned i = 1; i < count; i++)
		if (compare_turned(parts, count, i, best) < 0)
			best = i;
	for (unsigned i = 0; i < count; i++)
		out[i] = parts[(best + i) % count];
}

static void
sort(struct rcp_cycle_part *out, const struct rcp_cycle_part *parts,
     unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned at = i;

		for (; at && compare(&parts[i], &out[at - 1]) < 0; at--)
			out[at] = out[at - 1];
		out[at] = parts[i];
	}
}

static uint32_t
add_kind(const struct kind *kind)
{
	size_t size = kind->count * sizeof(kind->parts[0]);
	uint32_t i = hash_of(kind->parts, size) + kind->knot, id;

	for (; (id = kind_slots[i % (2 * KINDS)]); i++)
		if (kinds[id].count == kind->count &&
		    kinds[id].knot == kind->knot &&
		    memcmp(kinds[id].parts, kind->parts, size) == 0)
			return id;
	if (kind_count + 1 == KINDS || !rcp_objects_last_fit())
		return other;
	id = kind_count + 1;
	kinds[id] = *kind;
	kind_slots[i % (2 * KINDS)] = (uint16_t)id;
	rcp_objects_charge(sizeof(*kinds));
	__atomic_store_n(&kind_count, id, __ATOMIC_RELEASE);
	return id;
}

uint32_t
rcp_cycle_kind(const struct rcp_cycle_part *parts, unsigned count, bool knot)
{
	struct kind kind;

	if (!kinds || !names)
		return 0;
	memset(&kind, 0, sizeof(kind));
	kind.count = count;
	kind.knot = knot;
	if (knot)
		sort(kind.parts, parts, count);
	else
		turn(kind.parts, parts, count);
	return add_kind(&kind);
}

uint32_t
rcp_cycle_other(void)
{
	struct kind kind;

	if (!other && kinds && kind_count + 1 < KINDS) {
		memset(&kind, 0, sizeof(kind));
		other = kind_count + 1;
		kinds[other] = kind;
		__atomic_store_n(&kind_count, other, __ATOMIC_RELEASE);
	}
	return other;
}

void
rcp_cycle_found(uint32_t kind, uint64_t waited)
{
	struct kind *k;

	if (!kind)
		return;
	k = &kinds[kind];
	RCP_STORE(k->now[RCP_CYCLE_COUNT], k->now[RCP_CYCLE_COUNT] + 1);
	RCP_STORE(k->now[RCP_CYCLE_WAITED], k->now[RCP_CYCLE_WAITED] + waited);
	if (waited > k->now[RCP_CYCLE_WAITED_MAX])
		RCP_STORE(k->now[RCP_CYCLE_WAITED_MAX], waited);
}

void
rcp_cycle_died(uint32_t kind, uint64_t bytes, uint64_t byte_ms)
{
	struct kind *k;

	if (!kind)
		return;
	k = &kinds[kind];
	RCP_STORE(k->now[RCP_CYCLE_OBJECTS], k->now[RCP_CYCLE_OBJECTS] + 1);
	RCP_STORE(k->now[RCP_CYCLE_BYTES], k->now[RCP_CYCLE_BYTES] + bytes);
	RCP_STORE(k->now[RCP_CYCLE_BYTE_MS],
		  k->now[RCP_CYCLE_BYTE_MS] + byte_ms);
}

/* --- snapshots: under the emit lock, perhaps in the helper ---------------------- */

static void
define_name(struct rcp_sink *sink, const struct rcp_snap *snap, uint32_t id)
{
	struct rcp_buf *b;

	if (!id || names[id].stamp == snap->file_generation)
		return;
	names[id].stamp = snap->file_generation;
	b = rcp_sink_record(sink, RCP_CHUNK_STRING);
	rcp_buf_uv(b, FIRST_STRING + id);
	rcp_buf_str(b, names[id].text, names[id].size);
}

static void
define(struct rcp_sink *sink, const struct rcp_snap *snap, uint32_t id)
{
	struct kind *k = &kinds[id];
	struct rcp_buf *b;

	if (k->stamp == snap->file_generation)
		return;
	k->stamp = snap->file_generation;
	for (uint32_t i = 0; i < k->count; i++) {
		if (k->parts[i].site)
			rcp_site_define(sink, snap, k->parts[i].site);
		rcp_object_type_define(sink, snap, k->parts[i].type);
		define_name(sink, snap, k->parts[i].attribute);
	}
	b = rcp_sink_record(sink, RCP_CHUNK_CYCLE);
	rcp_buf_uv(b, id);
	rcp_buf_uv(b, k->count + k->knot);
	for (uint32_t i = 0; i < k->count; i++) {
		uint32_t name = k->parts[i].attribute;

		rcp_buf_uv(b, k->parts[i].type);
		rcp_buf_uv(b, name ? FIRST_STRING + name : 0);
		rcp_buf_uv(b, k->parts[i].site);
	}
	for (unsigned i = 0; k->knot && i < 3; i++)
		rcp_buf_uv(b, RCP_CYCLE_KNOT);
}

static void
put(struct rcp_sink *sink, const struct rcp_snap *snap, uint32_t id)
{
	struct kind *k = &kinds[id];
	uint64_t values[RCP_CYCLE_FIELDS];
	uint32_t mask = 0;

	for (unsigned i = 0; i < RCP_CYCLE_FIELDS; i++) {
		uint64_t now = RCP_LOAD(k->now[i]);
		bool changed = now != k->written[i];

		values[i] = now;
		if (!snap->keyframe && i != RCP_CYCLE_WAITED_MAX)
			values[i] -= k->written[i];
		k->written[i] = now;
		if (snap->keyframe ? now != 0 : changed)
			mask |= 1u << i;
	}
	if (!mask)
		return;
	define(sink, snap, id);
	rcp_encode_cycle(rcp_sink_record(sink, RCP_CHUNK_CYCLES), id, mask,
			 values);
}

static void
drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	uint32_t count = __atomic_load_n(&kind_count, __ATOMIC_ACQUIRE);

	for (uint32_t id = 1; id <= count; id++)
		put(sink, snap, id);
}

static struct rcp_source source = { .name = "cycles", .drain = drain };

/* --- life --------------------------------------------------------------------- */

void
rcp_cycles_setup(void)
{
	kinds = rcp_pages_reserve(KINDS * sizeof(*kinds));
	names = rcp_pages_reserve(NAMES * sizeof(*names));
	rcp_emit_register(&source);
}

/* The child counts from 0; sites of the parent's are not in its file. */
void
rcp_cycles_fork_child(void)
{
	memset(kind_slots, 0, sizeof(kind_slots));
	kind_count = other = 0;
}

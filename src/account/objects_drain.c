/* SPDX-License-Identifier: MIT
 *
 * objects_drain.c - OBJECTS and TYPE records of a snapshot.  Under the emit
 * lock, perhaps in the helper: no TLS, no lock of the books.
 *
 * All deaths are read before all births, so that an object that is born and
 * dies meanwhile may be missing among the deaths, never among the births.
 */
#include "account/internal.h"
#include "account/objects_internal.h"
#include "base/str.h"
#include "emit/emit.h"
#include "emit/sink.h"

#define BIRTHS                                                           \
	(1ull << RCP_OBJECT_BORN | 1ull << RCP_OBJECT_BORN_BYTES |       \
	 1ull << RCP_OBJECT_SAMPLES | 1ull << RCP_OBJECT_VAR_BORN |      \
	 1ull << RCP_OBJECT_VAR_BORN_BYTES)

#define AGES (((1ull << RCP_OBJECT_AGES) - 1) << RCP_OBJECT_AGE_0)

struct row {
	uint64_t mask;
	uint64_t value[RCP_OBJECT_FIELDS];
};

static void
fill(struct row *row, unsigned field, uint64_t now, uint64_t *written,
     bool keyframe)
{
	uint64_t n = keyframe ? now : now - *written;

	*written = now;
	row->value[field] = n;
	if (n)
		row->mask |= 1ull << field;
}

/* How many ages are known: no cell counts that. */
static void
add_up_aged(struct row *row)
{
	uint64_t n = 0;

	for (uint64_t ages = row->mask & AGES; ages; ages &= ages - 1)
		n += row->value[__builtin_ctzll(ages)];
	row->value[RCP_OBJECT_AGED] = n;
	row->mask |= 1ull << RCP_OBJECT_AGED;
}

static void
put(struct rcp_sink *sink, const struct rcp_snap *snap, uint32_t thread,
    struct rcp_object_cell *c, uint64_t fields)
{
	struct rcp_object_rare *r = __atomic_load_n(&c->rare, __ATOMIC_ACQUIRE);
	uint32_t site = rcp_object_key_site(c->key);
	uint32_t type = rcp_object_key_type(c->key);
	uint32_t death = rcp_object_key_death(c->key);
	const uint8_t *plain = rcp_object_plain(death);
	struct row row;

	row.mask = 0;
	for (unsigned i = 0; i < RCP_OBJECT_PLAIN; i++)
		if (fields >> plain[i] & 1)
			fill(&row, plain[i], RCP_LOAD(c->now[i]),
			     &c->written[i], snap->keyframe);
	for (; r; r = r->next)
		if (fields >> r->field & 1)
			fill(&row, r->field, RCP_LOAD(r->now), &r->written,
			     snap->keyframe);
	if (!row.mask)
		return;
	if (death == RCP_OBJECT_UNSEEN)
		death = 0;
	if (row.mask & AGES)
		add_up_aged(&row);
	if (site)
		rcp_site_define(sink, snap, site);
	if (death)
		rcp_site_define(sink, snap, death);
	rcp_object_type_define(sink, snap, type);
	rcp_encode_object(rcp_sink_cell(sink, RCP_CHUNK_OBJECTS, thread), site,
			  type, death, row.mask, row.value);
}

static void
put_page(struct rcp_sink *sink, const struct rcp_snap *snap, uint32_t thread,
	 struct rcp_object_page *page, uint64_t fields)
{
	uint32_t used = __atomic_load_n(&page->used, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used; i++)
		put(sink, snap, thread, &page->cells[i], fields);
}

static void
drain_pages(struct rcp_sink *sink, const struct rcp_snap *snap,
	    struct rcp_objects *o, bool deaths, bool births)
{
	struct rcp_object_page *page =
		__atomic_load_n(&o->pages[deaths], __ATOMIC_ACQUIRE);

	for (; page; page = page->next) {
		if (births) {
			if (page->draining || RCP_LOAD(page->dirty))
				put_page(sink, snap, o->thread, page, BIRTHS);
			page->draining = false;
			continue;
		}
		/* What becomes dirty from here on comes next time. */
		if (!__atomic_exchange_n(&page->dirty, 0, __ATOMIC_ACQ_REL) &&
		    !snap->keyframe)
			continue;
		page->draining = true;
		put_page(sink, snap, o->thread, page, ~BIRTHS);
	}
}

static void
cover(void)
{
	static const char *const names[RCP_OBJECT_COUNTS] = {
		[RCP_OBJECTS_BORN] = " births followed",
		[RCP_OBJECTS_STRANGE] = " in blocks that are not known",
		[RCP_OBJECTS_LATE] = " born before the hooks were placed",
		[RCP_OBJECTS_FREED] = " deaths seen by the free of memory only",
		[RCP_OBJECTS_UNSEEN] = " deaths unseen",
		[RCP_OBJECTS_NO_OBJECT] = " hints refused",
		[RCP_OBJECTS_NO_ROOM] = " births past the memory limit",
		[RCP_OBJECTS_FOLDED] =
			" deaths whose last line alone was kept",
		[RCP_OBJECTS_FOLDED_BIRTHS] =
			" kinds of births whose last line alone was kept",
		[RCP_OBJECTS_UNTOLD] = " sampled blocks not told",
	};
	char text[400];
	struct rcp_str s = RCP_STR(text);

	for (unsigned i = 0; i < RCP_OBJECT_COUNTS; i++) {
		if (i)
			rcp_str_add(&s, ", ");
		rcp_str_u64(&s, RCP_LOAD(rcp_object_counts[i]));
		rcp_str_add(&s, names[i]);
	}
	rcp_emit_coverage(RCP_COVER_NOTE "objects", text);
}

static void
drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	for (int births = 0; births < 2; births++) {
		struct rcp_objects *o =
			__atomic_load_n(&rcp_objects_all, __ATOMIC_ACQUIRE);

		for (; o; o = o->next) {
			if (__atomic_load_n(&o->generation, __ATOMIC_ACQUIRE) !=
			    rcp_objects_generation)
				continue;
			if (!births)
				drain_pages(sink, snap, o, true, false);
			drain_pages(sink, snap, o, false, births);
		}
	}
	if (snap->reason != RCP_SNAP_INTERVAL &&
	    snap->reason != RCP_SNAP_GROWTH)
		cover();
}

static struct rcp_source source = { .name = "objects", .drain = drain };

void
rcp_objects_register(void)
{
	rcp_emit_register(&source);
}

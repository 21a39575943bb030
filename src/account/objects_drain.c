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
    uint64_t key, struct row *row)
{
	uint32_t site = rcp_object_key_site(key);
	uint32_t type = rcp_object_key_type(key);
	uint32_t death = rcp_object_key_death(key);

	if (!row->mask)
		return;
	if (death == RCP_OBJECT_UNSEEN)
		death = 0;
	if (row->mask & AGES)
		add_up_aged(row);
	if (site)
		rcp_site_define(sink, snap, site);
	if (death)
		rcp_site_define(sink, snap, death);
	rcp_object_type_define(sink, snap, type);
	rcp_encode_object(rcp_sink_cell(sink, RCP_CHUNK_OBJECTS, thread), site,
			  type, death, row->mask, row->value);
}

static void
fill_rare(struct row *row, const struct rcp_object_tally *tally,
	  uint64_t fields, bool keyframe)
{
	struct rcp_object_rare *r = __atomic_load_n(&tally->rare,
						    __ATOMIC_ACQUIRE);

	for (; r; r = r->next)
		if (fields >> r->field & 1)
			fill(row, r->field, RCP_LOAD(r->now), &r->written,
			     keyframe);
}

/* --- cells ------------------------------------------------------------------ */

static void
put_cell(struct rcp_sink *sink, const struct rcp_snap *snap, uint32_t thread,
	 struct rcp_object_cell *c)
{
	bool keyframe = snap->keyframe;
	bool unseen = rcp_object_key_death(c->key) == RCP_OBJECT_UNSEEN;
	struct row row;

	row.mask = 0;
	fill(&row, unseen ? RCP_OBJECT_DIED_UNSEEN : RCP_OBJECT_DIED_REFCOUNT,
	     RCP_LOAD(c->is.count), &c->written[0], keyframe);
	fill(&row, RCP_OBJECT_DIED_BYTES, RCP_LOAD(c->is.bytes),
	     &c->written[1], keyframe);
	fill(&row, RCP_OBJECT_AGE_0, RCP_LOAD(c->age_0), &c->written[2],
	     keyframe);
	fill_rare(&row, &c->is, ~0ull, keyframe);
	put(sink, snap, thread, c->key, &row);
}

static void
drain_cells(struct rcp_sink *sink, const struct rcp_snap *snap,
	    struct rcp_objects *o)
{
	struct rcp_object_page *page = __atomic_load_n(&o->pages,
						       __ATOMIC_ACQUIRE);
	uint32_t used;

	for (; page; page = page->next) {
		/* What becomes dirty from here on comes next time. */
		if (!__atomic_exchange_n(&page->dirty, 0, __ATOMIC_ACQ_REL) &&
		    !snap->keyframe)
			continue;
		used = __atomic_load_n(&page->used, __ATOMIC_ACQUIRE);
		for (uint32_t i = 0; i < used; i++)
			put_cell(sink, snap, o->thread, &page->cells[i]);
	}
}

/* --- lives: first their deaths, later on their births -------------------------- */

static void
put_life(struct rcp_sink *sink, const struct rcp_snap *snap, uint32_t thread,
	 const struct rcp_life *l, uint64_t written[2], uint32_t origin,
	 bool births)
{
	const struct rcp_origin *at;
	struct row row;

	row.mask = 0;
	if (births) {
		fill(&row, RCP_OBJECT_BORN, RCP_LOAD(l->births.count),
		     &written[0], snap->keyframe);
		fill(&row, RCP_OBJECT_BORN_BYTES, RCP_LOAD(l->births.bytes),
		     &written[1], snap->keyframe);
	}
	fill_rare(&row, &l->births, births ? BIRTHS : ~BIRTHS, snap->keyframe);
	if (!row.mask)
		return;
	at = rcp_origin_at(origin);
	put(sink, snap, thread, rcp_object_key(at->site, at->type, 0), &row);
}

/* A chunk that is full is about to be written, all of it. */
static void
expect(struct rcp_lives *lives)
{
	if (lives->touched || !lives->life[RCP_ORIGIN_CHUNK - 1].begins)
		return;
	lives->touched = true;
	rcp_pages_touch(lives->written, sizeof(lives->written));
}

/* Are those of GROUP to be looked at? */
static bool
is_due(struct rcp_lives *lives, uint32_t group, bool births, bool keyframe)
{
	bool *due = &lives->draining[group];

	/* What becomes dirty from here on comes next time, too. */
	if (!births)
		*due = __atomic_exchange_n(&lives->dirty[group], 0,
					   __ATOMIC_ACQ_REL) || keyframe;
	return *due || RCP_LOAD(lives->dirty[group]);
}

static void
drain_lives(struct rcp_sink *sink, const struct rcp_snap *snap,
	    struct rcp_objects *o, bool births)
{
	const uint32_t groups = RCP_ORIGIN_CHUNK / RCP_LIVES_GROUP;

	for (uint32_t i = 0; i < RCP_ORIGIN_CHUNKS * groups; i++) {
		struct rcp_lives *lives = __atomic_load_n(&o->lives[i / groups],
							  __ATOMIC_ACQUIRE);
		uint32_t first = i % groups * RCP_LIVES_GROUP;

		if (!lives) {
			i += groups - 1;
			continue;
		}
		if (births && i % groups == 0)
			expect(lives);
		if (!is_due(lives, i % groups, births, snap->keyframe))
			continue;
		for (uint32_t k = first; k < first + RCP_LIVES_GROUP; k++) {
			/* Such deaths are in that list only. */
			if (!births && !lives->life[k].births.rare)
				continue;
			put_life(sink, snap, o->thread, &lives->life[k],
				 lives->written[k],
				 i / groups * RCP_ORIGIN_CHUNK + k, births);
		}
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
		uint64_t count = RCP_LOAD(rcp_object_counts[i]);

		/* What did not happen needs no line. */
		if (i != RCP_OBJECTS_BORN && !count)
			continue;
		if (s.len)
			rcp_str_add(&s, ", ");
		rcp_str_u64(&s, count);
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
				drain_cells(sink, snap, o);
			drain_lives(sink, snap, o, births);
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

/* SPDX-License-Identifier: MIT
 *
 * objects.c - see objects.h.  Runs at births and deaths, inside the
 * interpreter's allocation and deallocation of objects.
 */
#include "account/objects.h"

#include <string.h>

#include "account/cascades.h"
#include "account/collections.h"
#include "account/cycles.h"
#include "account/internal.h"
#include "account/objects_internal.h"
#include "account/samples.h"
#include "base/lock.h"
#include "base/mem.h"

#define FIRST_SLOTS 1024u

uint64_t rcp_object_counts[RCP_OBJECT_COUNTS];
struct rcp_origin *rcp_origins[RCP_ORIGIN_CHUNKS];
uint32_t rcp_origin_first = 1;
struct rcp_objects *rcp_objects_all;
uint32_t rcp_objects_generation = 1;

static struct rcp_lock lock = RCP_LOCK_INIT;
static uint64_t limit;
static uint32_t next_origin = 1;
/* Numbers of origins by hash; open addressing. */
static uint32_t *origin_table;
static uint32_t origin_slots;

static uint32_t
hash3(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t h = a;

	h = h * 0x9e3779b97f4a7c15u + b;
	h = h * 0x9e3779b97f4a7c15u + c;
	h *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

/* A quick one: where it fails, the tables tell. */
static uint32_t
memo_slot(uint32_t a, uint32_t b)
{
	uint32_t h = a * 0x9e3779b1u ^ b * 0x85ebca6bu;

	return h >> 16 & (RCP_OBJECT_MEMO - 1);
}

/* --- origins ---------------------------------------------------------------- */

static bool
same_origin(const struct rcp_origin *a, const struct rcp_origin *b)
{
	return a->allocation == b->allocation && a->site == b->site &&
	       a->type == b->type && a->before == b->before;
}

static uint32_t *
origin_slot(const struct rcp_origin *origin)
{
	uint32_t i = hash3(origin->allocation, origin->site, origin->type);

	for (;; i++) {
		uint32_t *slot = &origin_table[i & (origin_slots - 1)];

		if (!*slot || same_origin(rcp_origin_at(*slot), origin))
			return slot;
	}
}

/* Twice the room when it is half full. */
static bool
origins_have_room(void)
{
	uint32_t *old = origin_table;
	uint32_t slots = origin_slots;
	uint32_t *table;

	if (next_origin * 2 < slots)
		return true;
	table = rcp_pages_new((slots ? slots * 2 : FIRST_SLOTS) *
			      sizeof(*table));
	if (!table)
		return false;
	origin_table = table;
	origin_slots = slots ? slots * 2 : FIRST_SLOTS;
	rcp_arena_charge((origin_slots - slots) * sizeof(*table));
	for (uint32_t i = 0; i < slots; i++)
		if (old[i])
			*origin_slot(rcp_origin_at(old[i])) = old[i];
	if (old)
		rcp_pages_free(old, slots * sizeof(*old));
	return true;
}

/* The lock is held. */
static uint32_t
add_origin(const struct rcp_origin *origin)
{
	uint32_t id = next_origin;
	struct rcp_origin **chunk;
	uint32_t *slot;

	if (!origins_have_room())
		return 0;
	slot = origin_slot(origin);
	if (*slot)
		// cppcheck-suppress identicalInnerCondition ; or a free one
		return *slot;
	if (id > RCP_HEAD_SITE || rcp_arena_used() >= limit)
		return 0;
	chunk = &rcp_origins[id / RCP_ORIGIN_CHUNK];
	if (!*chunk)
		__atomic_store_n(chunk,
				 rcp_arena_new(RCP_ORIGIN_CHUNK *
					       sizeof(**chunk)),
				 __ATOMIC_RELEASE);
	if (!*chunk)
		return 0;
	(*chunk)[id % RCP_ORIGIN_CHUNK] = *origin;
	*slot = id;
	next_origin++;
	return id;
}

/* A forked child begins its books anew. */
static void
begin_anew(struct rcp_objects *o)
{
	if (o->generation == rcp_objects_generation)
		return;
	memset(o->origins, 0, sizeof(o->origins));
	memset(o->cells, 0, sizeof(o->cells));
	o->table = NULL;
	o->slots = o->used = 0;
	o->pages[0] = o->pages[1] = NULL;
	__atomic_store_n(&o->generation, rcp_objects_generation,
			 __ATOMIC_RELEASE);
}

uint32_t
rcp_objects_origin(struct rcp_objects *o, const struct rcp_origin *origin)
{
	struct rcp_origin_memo *m;

	begin_anew(o);
	m = &o->origins[memo_slot(origin->site ^ origin->allocation << 8,
				  origin->type)];
	if (m->number && same_origin(&m->origin, origin))
		return m->number;
	rcp_lock_take(&lock);
	m->number = add_origin(origin);
	rcp_lock_drop(&lock);
	m->origin = *origin;
	return m->number;
}

/* --- cells ------------------------------------------------------------------ */

static struct rcp_object_cell **
cell_slot(const struct rcp_objects *o, uint32_t hash, uint32_t site,
	  uint32_t type, uint32_t death)
{
	for (uint32_t i = hash;; i++) {
		struct rcp_object_cell **slot = &o->table[i & (o->slots - 1)];
		const struct rcp_object_cell *c = *slot;

		if (!c || (c->site == site && c->type == type &&
			   c->death == death))
			return slot;
	}
}

static bool
cells_have_room(struct rcp_objects *o)
{
	struct rcp_object_cell **old = o->table, **table;
	uint32_t slots = o->slots, more = slots ? slots * 2 : FIRST_SLOTS;

	if (o->used * 2 < slots)
		return true;
	table = rcp_pages_new(more * sizeof(*table));
	if (!table)
		return false;
	rcp_arena_charge((more - slots) * sizeof(*table));
	o->table = table;
	o->slots = more;
	for (uint32_t i = 0; i < slots; i++)
		if (old[i])
			*cell_slot(o, old[i]->hash, old[i]->site, old[i]->type,
				   old[i]->death) = old[i];
	if (old)
		rcp_pages_free(old, slots * sizeof(*old));
	return true;
}

static struct rcp_object_cell *
new_cell(struct rcp_objects *o, bool death)
{
	struct rcp_object_page *page = o->pages[death];
	struct rcp_object_cell *c;

	if (!page || page->used == RCP_OBJECT_CELLS) {
		page = rcp_arena_new(sizeof(*page));
		if (!page)
			return NULL;
		page->next = o->pages[death];
		__atomic_store_n(&o->pages[death], page, __ATOMIC_RELEASE);
	}
	c = &page->cells[page->used];
	c->page = page;
	return c;
}

static struct rcp_object_cell *
find_cell(struct rcp_objects *o, const struct rcp_origin *origin,
	  uint32_t death)
{
	uint32_t hash = hash3(origin->site, origin->type, death);
	struct rcp_object_cell **slot, *c;

	if (!cells_have_room(o))
		return NULL;
	slot = cell_slot(o, hash, origin->site, origin->type, death);
	if (*slot)
		// cppcheck-suppress identicalInnerCondition ; or a free one
		return *slot;
	/* Past the limit deaths lose their site, no more. */
	if (death && rcp_arena_used() >= limit)
		return find_cell(o, origin, 0);
	c = new_cell(o, death != 0);
	if (!c)
		return NULL;
	c->site = origin->site;
	c->type = origin->type;
	c->death = death;
	c->hash = hash;
	__atomic_store_n(&c->page->used, c->page->used + 1, __ATOMIC_RELEASE);
	*slot = c;
	o->used++;
	return c;
}

static struct rcp_object_cell *
cell_of(struct rcp_objects *o, uint32_t origin, uint32_t death)
{
	struct rcp_cell_memo *m =
		&o->cells[memo_slot(origin, death)];

	if (m->origin != origin || m->death != death || !m->cell) {
		m->cell = find_cell(o, rcp_origin_at(origin), death);
		m->origin = origin;
		m->death = death;
	}
	return m->cell;
}

static void
add(struct rcp_object_cell *c, enum rcp_object_field field, uint64_t n)
{
	RCP_ADD(c->now[field], n);
}

/* False: there is no memory for it; or it is new, and not to be MADE. */
static bool
add_rare(struct rcp_object_cell *c, uint32_t field, uint64_t n, bool make)
{
	struct rcp_object_rare *r = c->rare;

	while (r && r->field != field)
		r = r->next;
	if (!r) {
		r = make ? rcp_arena_new(sizeof(*r)) : NULL;
		if (!r)
			return false;
		r->field = field;
		r->next = c->rare;
		__atomic_store_n(&c->rare, r, __ATOMIC_RELEASE);
	}
	RCP_ADD(r->now, n);
	return true;
}

/* An age that there is no room for counts as not known. */
static void
add_age(struct rcp_object_cell *c, uint64_t age, uint64_t n)
{
	unsigned bin = age ? 64u - (unsigned)__builtin_clzll(age) : 0;

	if (bin >= RCP_OBJECT_AGES)
		bin = RCP_OBJECT_AGES - 1;
	if (bin == 0)
		add(c, RCP_OBJECT_AGE_0, n);
	else if (!add_rare(c, RCP_OBJECT_AGE_0 + bin, n,
			   rcp_arena_used() < limit))
		return;
	add(c, RCP_OBJECT_AGE_SUM, age * n);
	add(c, RCP_OBJECT_AGED, n);
}

void
rcp_objects_born(struct rcp_objects *o, uint32_t origin, uint64_t bytes)
{
	struct rcp_object_cell *c = cell_of(o, origin, 0);

	if (!c)
		return;
	add(c, RCP_OBJECT_BORN_BYTES, bytes);
	add(c, RCP_OBJECT_BORN, 1);
	RCP_STORE(c->page->dirty, 1);
}

void
rcp_objects_died(struct rcp_objects *o, uint32_t origin, uint32_t site,
		 enum rcp_death how, uint64_t bytes, int64_t age)
{
	struct rcp_object_cell *c;

	begin_anew(o);
	if (origin < rcp_origin_first)
		return; /* born in the process that forked us */
	c = cell_of(o, origin, site);
	if (!c)
		return;
	add(c, RCP_OBJECT_DIED_BYTES, bytes);
	add(c, (enum rcp_object_field)how, 1);
	if (age >= 0)
		add_age(c, (uint64_t)age, 1);
	RCP_STORE(c->page->dirty, 1);
}

/* Variances first: an estimate without its error would look exact. */
void
rcp_objects_sample_born(struct rcp_objects *o, const struct rcp_sample *s)
{
	struct rcp_object_cell *c;

	begin_anew(o);
	if (s->origin < rcp_origin_first)
		return;
	c = cell_of(o, s->origin, 0);
	if (!c || !add_rare(c, RCP_OBJECT_VAR_BORN, s->var_blocks, true) ||
	    !add_rare(c, RCP_OBJECT_VAR_BORN_BYTES, s->var_bytes, true) ||
	    !add_rare(c, RCP_OBJECT_SAMPLES, 1, true))
		return;
	add(c, RCP_OBJECT_BORN_BYTES, s->bytes);
	add(c, RCP_OBJECT_BORN, s->blocks);
	RCP_STORE(c->page->dirty, 1);
}

void
rcp_objects_sample_died(struct rcp_objects *o, const struct rcp_sample *s,
			uint32_t site, enum rcp_death how, int64_t age)
{
	static const uint8_t variance[] = {
		[RCP_DEATH_REFCOUNT] = RCP_OBJECT_VAR_REFCOUNT,
		[RCP_DEATH_COLLECTOR] = RCP_OBJECT_VAR_COLLECTOR,
		[RCP_DEATH_UNSEEN] = RCP_OBJECT_VAR_UNSEEN,
	};
	struct rcp_object_cell *c;

	begin_anew(o);
	if (s->origin < rcp_origin_first)
		return;
	c = cell_of(o, s->origin, site);
	if (!c || !add_rare(c, variance[how], s->var_blocks, true) ||
	    !add_rare(c, RCP_OBJECT_VAR_DIED_BYTES, s->var_bytes, true) ||
	    !add_rare(c, RCP_OBJECT_DIED_SAMPLES, 1, true))
		return;
	add(c, RCP_OBJECT_DIED_BYTES, s->bytes);
	add(c, (enum rcp_object_field)how, s->blocks);
	if (age >= 0)
		add_age(c, (uint64_t)age, s->blocks);
	RCP_STORE(c->page->dirty, 1);
}

/* --- life ------------------------------------------------------------------- */

struct rcp_objects *
rcp_objects_new(uint32_t thread)
{
	struct rcp_objects *o = rcp_pages_new(sizeof(*o));

	if (!o)
		return NULL;
	o->thread = thread;
	o->generation = rcp_objects_generation;
	rcp_lock_take(&lock);
	o->next = rcp_objects_all;
	__atomic_store_n(&rcp_objects_all, o, __ATOMIC_RELEASE);
	rcp_lock_drop(&lock);
	return o;
}

bool
rcp_objects_crowded(void)
{
	return rcp_arena_used() >= limit / 2;
}

void
rcp_objects_setup(uint64_t memory_limit)
{
	limit = memory_limit;
	rcp_object_types_setup(memory_limit);
	rcp_objects_register();
	rcp_collections_setup();
	rcp_cycles_setup(memory_limit);
	rcp_cascades_setup();
}

void
rcp_objects_fork_prepare(void)
{
	rcp_lock_take(&lock);
	rcp_object_types_fork_prepare();
	rcp_collections_fork_prepare();
	rcp_cascades_fork_prepare();
}

void
rcp_objects_fork_done(bool child)
{
	rcp_cascades_fork_done(child);
	rcp_collections_fork_done(child);
	rcp_object_types_fork_done(child);
	if (!child) {
		rcp_lock_drop(&lock);
		return;
	}
	rcp_lock_reset(&lock);
	rcp_objects_generation++;
	rcp_cycles_fork_child();
	/* Origins of ours have sites of ours: no old one is met again. */
	rcp_origin_first = next_origin;
	origin_table = NULL;
	origin_slots = 0;
	memset(rcp_object_counts, 0, sizeof(rcp_object_counts));
}

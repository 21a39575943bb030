/* SPDX-License-Identifier: MIT
 *
 * object_cells.c - the cells of one thread's books of objects: see
 * object_books.h.  Runs at births and deaths that are rare in some way.
 */
#include "account/internal.h"
#include "account/object_books.h"
#include "account/objects_internal.h"
#include "account/samples.h"
#include "base/mem.h"

#define FIRST_SLOTS 1024u

const uint8_t *
rcp_object_plain(uint32_t death)
{
	static const uint8_t fields[3][RCP_OBJECT_PLAIN] = {
		{ RCP_OBJECT_BORN, RCP_OBJECT_BORN_BYTES, RCP_OBJECT_AGE_0 },
		{ RCP_OBJECT_DIED_REFCOUNT, RCP_OBJECT_DIED_BYTES,
		  RCP_OBJECT_AGE_0 },
		{ RCP_OBJECT_DIED_UNSEEN, RCP_OBJECT_DIED_BYTES,
		  RCP_OBJECT_AGE_0 },
	};

	return fields[!death ? 0 : death != RCP_OBJECT_UNSEEN ? 1 : 2];
}

/* --- finding them ------------------------------------------------------------- */

static struct rcp_object_cell **
cell_slot(const struct rcp_objects *o, uint64_t key)
{
	uint32_t i = (uint32_t)(rcp_object_hash(key) >> 32);

	for (;; i++) {
		struct rcp_object_cell **slot = &o->table[i & (o->slots - 1)];

		if (!*slot || (*slot)->key == key)
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
	rcp_objects_charge((more - slots) * sizeof(*table));
	o->table = table;
	o->slots = more;
	for (uint32_t i = 0; i < slots; i++)
		if (old[i])
			*cell_slot(o, old[i]->key) = old[i];
	if (old)
		rcp_pages_free(old, slots * sizeof(*old));
	return true;
}

static struct rcp_object_page *
new_page(struct rcp_objects *o)
{
	struct rcp_object_page *page;

	if (!o->slab_left) {
		o->slab = rcp_pages_new(RCP_OBJECT_SLAB);
		if (!o->slab)
			return NULL;
		o->slab_left = RCP_OBJECT_SLAB / RCP_OBJECT_PAGE;
	}
	page = (struct rcp_object_page *)(void *)o->slab;
	o->slab += RCP_OBJECT_PAGE;
	o->slab_left--;
	rcp_objects_charge(RCP_OBJECT_PAGE);
	return page;
}

static struct rcp_object_cell *
new_cell(struct rcp_objects *o, uint64_t key)
{
	bool death = rcp_object_key_death(key) != 0;
	struct rcp_object_page *page = o->pages[death];
	struct rcp_object_cell *c;

	if (!page || page->used == RCP_OBJECT_CELLS) {
		page = new_page(o);
		if (!page)
			return NULL;
		page->next = o->pages[death];
		__atomic_store_n(&o->pages[death], page, __ATOMIC_RELEASE);
	}
	c = &page->cells[page->used];
	c->key = key;
	__atomic_store_n(&page->used, page->used + 1, __ATOMIC_RELEASE);
	return c;
}

struct rcp_object_cell *
rcp_object_cell(struct rcp_objects *o, uint32_t site, uint32_t type,
		uint32_t death)
{
	uint64_t key = rcp_object_key(site, type, death);
	struct rcp_object_cell **slot, *c;

	if (!cells_have_room(o))
		return NULL;
	slot = cell_slot(o, key);
	if (*slot)
		// cppcheck-suppress identicalInnerCondition ; or a free one
		return *slot;
	/* Past their room deaths lose their site, no more. */
	if (death && !rcp_objects_lines_fit())
		return rcp_object_cell(o, site, type, 0);
	c = new_cell(o, key);
	if (!c)
		return NULL;
	*slot = c;
	o->used++;
	/* Whatever is new about a death leads to a new cell. */
	rcp_objects_crowded = rcp_objects_are_crowded();
	return c;
}

static struct rcp_object_cell *
birth_cell(struct rcp_objects *o, uint32_t origin)
{
	const struct rcp_origin *at = rcp_origin_at(origin);

	return rcp_object_cell(o, at->site, at->type, 0);
}

/* The memo has only cells that are of this very site. */
static struct rcp_object_cell *
death_cell(struct rcp_objects *o, uint32_t origin, uint32_t death)
{
	uint64_t key = rcp_object_death_key(origin, death);
	struct rcp_death_memo *m = rcp_object_death_memo(o, key);
	uint32_t slot = rcp_object_memo_slot(key);
	const struct rcp_origin *at;
	struct rcp_object_cell *c;

	if (m->key == key)
		return m->cell;
	at = rcp_origin_at(origin);
	c = rcp_object_cell(o, at->site, at->type, death);
	if (c && death && rcp_object_key_death(c->key) == death) {
		o->deaths[slot ^ 1] = o->deaths[slot];
		o->deaths[slot] = (struct rcp_death_memo){ key, c };
	}
	return c;
}

/* --- counting ------------------------------------------------------------------ */

/* False: there is no memory for it; or it is new, and not to be MADE. */
static bool
add_rare(struct rcp_object_cell *c, uint32_t field, uint64_t n, bool make)
{
	struct rcp_object_rare *r = c->rare;

	while (r && r->field != field)
		r = r->next;
	if (!r) {
		r = make ? rcp_objects_arena_new(sizeof(*r)) : NULL;
		if (!r)
			return false;
		r->field = field;
		r->next = c->rare;
		__atomic_store_n(&c->rare, r, __ATOMIC_RELEASE);
	}
	RCP_ADD(r->now, n);
	return true;
}

static bool
add_if(struct rcp_object_cell *c, uint32_t field, uint64_t n, bool make)
{
	const uint8_t *plain = rcp_object_plain(rcp_object_key_death(c->key));

	for (unsigned i = 0; i < RCP_OBJECT_PLAIN; i++) {
		if (plain[i] == field) {
			RCP_ADD(c->now[i], n);
			return true;
		}
	}
	return add_rare(c, field, n, make);
}

static void
add(struct rcp_object_cell *c, uint32_t field, uint64_t n)
{
	add_if(c, field, n, true);
}

/* An age that there is no room for counts as not known.  How many are known is
 * the sum of the bins. */
static void
add_age(struct rcp_object_cell *c, uint64_t age, uint64_t n)
{
	unsigned bin = age ? 64u - (unsigned)__builtin_clzll(age) : 0;
	bool make = rcp_objects_fit();

	if (bin >= RCP_OBJECT_AGES)
		bin = RCP_OBJECT_AGES - 1;
	if (add_if(c, RCP_OBJECT_AGE_0 + bin, n, make) && age)
		add(c, RCP_OBJECT_AGE_SUM, age * n);
}

void
rcp_objects_born(struct rcp_objects *o, uint32_t origin, uint64_t bytes)
{
	struct rcp_object_cell *c = birth_cell(o, origin);

	if (!c)
		return;
	add(c, RCP_OBJECT_BORN_BYTES, bytes);
	add(c, RCP_OBJECT_BORN, 1);
	rcp_object_cell_changed(c);
}

void
rcp_objects_died(struct rcp_objects *o, uint32_t origin, uint32_t site,
		 enum rcp_death how, uint64_t bytes, int64_t age)
{
	struct rcp_object_cell *c;

	if (origin < rcp_origin_first)
		return; /* born in the process that forked us */
	if (how == RCP_DEATH_UNSEEN)
		site = RCP_OBJECT_UNSEEN;
	c = death_cell(o, origin, site);
	if (!c)
		return;
	add(c, RCP_OBJECT_DIED_BYTES, bytes);
	add(c, (uint32_t)how, 1);
	if (age >= 0)
		add_age(c, (uint64_t)age, 1);
	rcp_object_cell_changed(c);
}

/* --- sample mode ---------------------------------------------------------------- */

/* Variances first: an estimate without its error would look exact. */
void
rcp_objects_sample_born(struct rcp_objects *o, const struct rcp_sample *s)
{
	struct rcp_object_cell *c;

	if (s->origin < rcp_origin_first)
		return;
	c = birth_cell(o, s->origin);
	if (!c || !add_rare(c, RCP_OBJECT_VAR_BORN, s->var_blocks, true) ||
	    !add_rare(c, RCP_OBJECT_VAR_BORN_BYTES, s->var_bytes, true) ||
	    !add_rare(c, RCP_OBJECT_SAMPLES, 1, true))
		return;
	add(c, RCP_OBJECT_BORN_BYTES, s->bytes);
	add(c, RCP_OBJECT_BORN, s->blocks);
	rcp_object_cell_changed(c);
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

	if (s->origin < rcp_origin_first)
		return;
	c = death_cell(o, s->origin, site);
	if (!c || !add_rare(c, variance[how], s->var_blocks, true) ||
	    !add_rare(c, RCP_OBJECT_VAR_DIED_BYTES, s->var_bytes, true) ||
	    !add_rare(c, RCP_OBJECT_DIED_SAMPLES, 1, true))
		return;
	add(c, RCP_OBJECT_DIED_BYTES, s->bytes);
	add(c, (uint32_t)how, s->blocks);
	if (age >= 0)
		add_age(c, (uint64_t)age, s->blocks);
	rcp_object_cell_changed(c);
}

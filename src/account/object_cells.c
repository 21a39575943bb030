/* SPDX-License-Identifier: MIT
 *
 * object_cells.c - lives and cells of one thread's books of objects: see
 * object_books.h.  Runs at births and deaths that are the first of their kind, or
 * not where the last one was.
 */
#include "account/internal.h"
#include "account/object_books.h"
#include "account/objects_internal.h"
#include "base/mem.h"

#define FIRST_SLOTS 1024u
#define EXPECTED 1024u /* lives; whole pages */
#define PRESENT 16u /* pages of cells that are made present together */
#define SOON 4 /* lives or cells, which are to be in the cache by then */
#define TOGETHER 16u /* lives that are charged for, or places that are made */
#define MORE_MAX 16u /* cells in a life's list; the others are in the table */

/* --- lives -------------------------------------------------------------------- */

struct rcp_lives *
rcp_lives_new(struct rcp_objects *o, uint32_t origin)
{
	struct rcp_lives **chunk = &o->lives[origin / RCP_ORIGIN_CHUNK];
	struct rcp_lives *lives = *chunk;
	bool first;

	if (lives)
		return lives;
	/* As below.  There is no origin 0. */
	first = origin % RCP_ORIGIN_CHUNK <= (origin == 1);
	lives = first ? rcp_slab_new(sizeof(*lives)) :
			rcp_pages_new(sizeof(*lives));
	if (lives && first)
		rcp_pages_touch(lives->life, EXPECTED * sizeof(lives->life[0]));
	__atomic_store_n(chunk, lives, __ATOMIC_RELEASE);
	return lives;
}

/* Origins come one after another, and so do lives in the thread that meets them
 * first: L follows one that is there, and more will follow L. */
static void
expect_more(struct rcp_life *l, uint32_t origin)
{
	uint32_t at = origin % RCP_ORIGIN_CHUNK;

	if (at > 0 && at % EXPECTED == 0 && l[-1].begins)
		rcp_pages_touch(l, EXPECTED * sizeof(*l));
}

void
rcp_life_begin(struct rcp_lives *lives, uint32_t origin)
{
	struct rcp_life *l = &lives->life[origin % RCP_ORIGIN_CHUNK];
	const struct rcp_origin *at = rcp_origin_at(origin);

	expect_more(l, origin);
	__builtin_prefetch(l + SOON, 1);
	l->begins = rcp_life_begins(at->before);
	l->freed = rcp_object_type_is_freed(at->type);
	/* Who counts for all threads waits for all that was written before. */
	if (++lives->uncharged < TOGETHER)
		return;
	lives->uncharged = 0;
	rcp_objects_charge(TOGETHER * (sizeof(*l) + 2 * sizeof(uint64_t)));
}

/* --- the table ---------------------------------------------------------------- */

static struct rcp_object_slot *
cell_slot(const struct rcp_objects *o, uint64_t key)
{
	uint32_t i = (uint32_t)(rcp_object_hash(key) >> 32);

	for (;; i++) {
		struct rcp_object_slot *slot = &o->table[i & (o->slots - 1)];

		if (!slot->key || slot->key == key)
			return slot;
	}
}

static bool
cells_have_room(struct rcp_objects *o)
{
	struct rcp_object_slot *old = o->table, *table;
	uint32_t slots = o->slots, more = slots ? slots * 2 : FIRST_SLOTS;

	if (o->used * 3 < slots * 2)
		return true;
	table = rcp_pages_new(more * sizeof(*table));
	if (!table)
		return false;
	rcp_objects_charge((more - slots) * sizeof(*table));
	o->table = table;
	o->slots = more;
	for (uint32_t i = 0; i < slots; i++)
		if (old[i].key)
			*cell_slot(o, old[i].key) = old[i];
	if (old)
		rcp_pages_free(old, slots * sizeof(*old));
	return true;
}

/* --- cells --------------------------------------------------------------------- */

static struct rcp_object_page *
new_page(struct rcp_objects *o)
{
	struct rcp_object_page *page;

	if (!o->slab_left) {
		o->slab = rcp_slab_new(RCP_OBJECT_SLAB);
		if (!o->slab)
			return NULL;
		o->slab_left = RCP_OBJECT_SLAB / RCP_OBJECT_PAGE;
	}
	/* Where some are, more will follow. */
	if (o->pages && o->slab_left % PRESENT == 0)
		rcp_pages_touch(o->slab, PRESENT * RCP_OBJECT_PAGE);
	page = (struct rcp_object_page *)(void *)o->slab;
	o->slab += RCP_OBJECT_PAGE;
	o->slab_left--;
	rcp_objects_charge(RCP_OBJECT_PAGE);
	return page;
}

static struct rcp_object_cell *
new_cell(struct rcp_objects *o, uint64_t key)
{
	struct rcp_object_page *page = o->pages;
	struct rcp_object_cell *c;

	if (!page || page->used == RCP_OBJECT_CELLS) {
		page = new_page(o);
		if (!page)
			return NULL;
		page->next = o->pages;
		__atomic_store_n(&o->pages, page, __ATOMIC_RELEASE);
	}
	c = &page->cells[page->used];
	__builtin_prefetch(c + SOON, 1);
	c->key = key;
	__atomic_store_n(&page->used, page->used + 1, __ATOMIC_RELEASE);
	return c;
}

/* In its list.  NULL: not there. */
static struct rcp_object_cell *
in_list(const struct rcp_life *l, uint32_t site)
{
	const struct rcp_object_more *more;

	if (l->first && rcp_object_key_death(l->first->key) == site)
		return l->first;
	for (more = l->more; more; more = more->next)
		if (rcp_object_key_death(more->cell->key) == site)
			return more->cell;
	return NULL;
}

struct rcp_object_cell *
rcp_life_died_at(const struct rcp_objects *o, struct rcp_life *l,
		 uint32_t site, uintptr_t where, uint32_t epoch)
{
	struct rcp_object_cell *c = in_list(l, site);

	if (!c && l->places == MORE_MAX && o->table)
		c = cell_slot(o, rcp_object_key_at(l->first->key, site))->cell;
	if (!c)
		return NULL;
	l->last = c;
	l->where = where;
	l->epoch = epoch;
	return c;
}

static struct rcp_object_more *
new_more(struct rcp_objects *o)
{
	if (!o->more_left) {
		o->more = rcp_objects_arena_new(TOGETHER * sizeof(*o->more));
		if (!o->more)
			return NULL;
		o->more_left = TOGETHER;
	}
	o->more_left--;
	return o->more++;
}

/* C is L's, and found by its list from now on.  False: no memory. */
static bool
put_in_list(struct rcp_objects *o, struct rcp_life *l,
	    struct rcp_object_cell *c)
{
	struct rcp_object_more *more;

	if (!l->first) {
		l->first = c;
		return true;
	}
	more = new_more(o);
	if (!more)
		return false;
	*more = (struct rcp_object_more){ l->more, c };
	l->more = more;
	l->places++;
	return true;
}

/* Past their room there are no new ones, and deaths lose their site. */
static bool
has_room(void)
{
	/* Whatever is new about a death leads to a new cell. */
	rcp_objects_crowded = rcp_objects_are_crowded();
	return rcp_objects_lines_fit();
}

static struct rcp_object_cell *
find_cell(struct rcp_objects *o, struct rcp_life *l, uint64_t key)
{
	struct rcp_object_cell *c = in_list(l, rcp_object_key_death(key));
	struct rcp_object_slot *slot = NULL;

	if (c)
		return c;
	if (l->places == MORE_MAX) {
		slot = cells_have_room(o) ? cell_slot(o, key) : NULL;
		if (!slot || slot->key)
			return slot ? slot->cell : NULL;
	}
	c = has_room() ? new_cell(o, key) : NULL;
	if (!c)
		return NULL;
	if (slot) {
		*slot = (struct rcp_object_slot){ key, c };
		o->used++;
	} else if (!put_in_list(o, l, c)) {
		return NULL;
	}
	return c;
}

struct rcp_object_cell *
rcp_object_cell(struct rcp_objects *o, uint32_t origin, uint32_t site)
{
	const struct rcp_origin *at = rcp_origin_at(origin);
	struct rcp_lives *lives = rcp_lives_of(o, origin);
	struct rcp_object_cell *c;
	struct rcp_life *l;

	if (!lives || !site)
		return NULL;
	l = rcp_life_of(lives, origin);
	c = find_cell(o, l, rcp_object_key(at->site, at->type, site));
	if (c) {
		l->last = c;
		l->where = site;
		l->epoch = 0;
	}
	return c;
}

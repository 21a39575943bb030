/* SPDX-License-Identifier: MIT
 *
 * objects.c - origins, and the life of the books: see objects.h.  Runs at
 * births and deaths, inside the interpreter's allocation and deallocation of
 * objects.
 */
#include "account/objects.h"

#include <string.h>

#include "account/cascades.h"
#include "account/collections.h"
#include "account/cycles.h"
#include "account/object_books.h"
#include "account/objects_internal.h"
#include "base/lock.h"
#include "base/mem.h"

#define FIRST_SLOTS 1024u

uint64_t rcp_object_counts[RCP_OBJECT_COUNTS];
struct rcp_origin *rcp_origins[RCP_ORIGIN_CHUNKS];
uint32_t rcp_origin_first = 1;
struct rcp_objects *rcp_objects_all;
uint32_t rcp_objects_generation = 1;
uint64_t rcp_objects_used, rcp_objects_room, rcp_objects_total;
bool rcp_objects_crowded;

static struct rcp_lock lock = RCP_LOCK_INIT;
static uint32_t next_origin = 1;
/* Numbers of origins by hash; open addressing. */
static uint32_t *origin_table;
static uint32_t origin_slots;

/* --- room ------------------------------------------------------------------- */

void
rcp_objects_charge(size_t size)
{
	rcp_arena_charge(size);
	__atomic_fetch_add(&rcp_objects_used, size, __ATOMIC_RELAXED);
}

void *
rcp_objects_arena_new(size_t size)
{
	void *p = rcp_arena_new(size);

	if (p)
		__atomic_fetch_add(&rcp_objects_used, size, __ATOMIC_RELAXED);
	return p;
}

/* --- origins ---------------------------------------------------------------- */

static uint32_t *
origin_slot(const struct rcp_origin *origin)
{
	uint64_t key = rcp_origin_key(origin);
	uint32_t i = (uint32_t)(rcp_object_hash(key) >> 32);

	for (;; i++) {
		uint32_t *slot = &origin_table[i & (origin_slots - 1)];

		if (!*slot || rcp_origin_key(rcp_origin_at(*slot)) == key)
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
	rcp_objects_charge((origin_slots - slots) * sizeof(*table));
	for (uint32_t i = 0; i < slots; i++)
		if (old[i])
			*origin_slot(rcp_origin_at(old[i])) = old[i];
	if (old)
		rcp_pages_free(old, slots * sizeof(*old));
	return true;
}

static bool
is_room_for(const struct rcp_origin *origin)
{
	return origin->folded ? rcp_objects_last_fit() : rcp_objects_fit();
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
	if (id > RCP_HEAD_SITE || !is_room_for(origin))
		return 0;
	chunk = &rcp_origins[id / RCP_ORIGIN_CHUNK];
	if (!*chunk)
		__atomic_store_n(chunk,
				 rcp_objects_arena_new(RCP_ORIGIN_CHUNK *
						       sizeof(**chunk)),
				 __ATOMIC_RELEASE);
	if (!*chunk)
		return 0;
	(*chunk)[id % RCP_ORIGIN_CHUNK] = *origin;
	*slot = id;
	next_origin++;
	return id;
}

/* Only ever called by the thread whose books they are. */
void
rcp_objects_begin_anew(struct rcp_objects *o)
{
	memset(o->births, 0, sizeof(o->births));
	memset(o->deaths, 0, sizeof(o->deaths));
	o->table = NULL;
	o->slots = o->used = 0;
	o->pages[0] = o->pages[1] = NULL;
	__atomic_store_n(&o->generation, rcp_objects_generation,
			 __ATOMIC_RELEASE);
}

static struct rcp_birth_memo *
remember_birth(struct rcp_objects *o, const struct rcp_birth_memo *new)
{
	uint32_t slot = rcp_object_memo_slot(new->key);

	o->births[slot ^ 1] = o->births[slot];
	o->births[slot] = *new;
	return &o->births[slot];
}

/* The new entry of ORIGIN, which has none.  NULL: there is no room. */
struct rcp_birth_memo *
rcp_objects_new_birth_memo(struct rcp_objects *o, const struct rcp_origin *origin)
{
	struct rcp_birth_memo new = { .key = rcp_origin_key(origin) };

	rcp_lock_take(&lock);
	new.origin = add_origin(origin);
	rcp_lock_drop(&lock);
	if (!new.origin)
		return NULL;
	new.cell = rcp_object_cell(o, origin->site, origin->type, 0);
	return remember_birth(o, &new);
}

struct rcp_birth_memo *
rcp_objects_fold_birth(struct rcp_objects *o, const struct rcp_origin *origin,
		       const struct rcp_origin *folded)
{
	uint32_t next = next_origin;
	struct rcp_birth_memo *m = rcp_object_birth_memo(o, folded), new;

	if (!m)
		return NULL;
	if (next_origin != next)
		rcp_objects_count(RCP_OBJECTS_FOLDED_BIRTHS);
	new = *m;
	new.key = rcp_origin_key(origin);
	return remember_birth(o, &new);
}

uint32_t
rcp_objects_origin(struct rcp_objects *o, const struct rcp_origin *origin)
{
	struct rcp_birth_memo *m = rcp_object_birth_memo(o, origin);

	return m ? m->origin : 0;
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

uint64_t
rcp_objects_most(uint64_t memory_limit)
{
	return memory_limit;
}

void
rcp_objects_setup(uint64_t memory_limit, bool capped)
{
	rcp_objects_room = memory_limit / 2;
	rcp_objects_total = capped ? memory_limit : UINT64_MAX;
	rcp_object_types_setup();
	rcp_objects_register();
	rcp_collections_setup();
	rcp_cycles_setup();
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

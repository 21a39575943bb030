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
uint64_t rcp_origin_memo[RCP_ORIGIN_MEMO];
uint32_t *rcp_origins_plain[RCP_ORIGIN_CHUNKS]; /* they are chained */
/* The numbers of all others by hash; open addressing. */
static uint32_t *origin_table;
static uint32_t origin_slots, others;

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

	if (others * 2 < slots)
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

static bool
is_plain(const struct rcp_origin *origin)
{
	return origin->allocation == origin->site;
}

/* Where the newest plain one of SITE stands; NULL: no memory. */
static uint32_t *
chain_of(uint32_t site)
{
	uint32_t **chunk = &rcp_origins_plain[site / RCP_ORIGIN_CHUNK];

	if (!*chunk) {
		__atomic_store_n(chunk,
				 rcp_slab_new(RCP_ORIGIN_CHUNK *
					      sizeof(**chunk)),
				 __ATOMIC_RELEASE);
		if (!*chunk)
			return NULL;
		rcp_objects_charge(RCP_ORIGIN_CHUNK * sizeof(**chunk));
	}
	return &(*chunk)[site % RCP_ORIGIN_CHUNK];
}

/* The one of TYPE from ID on, or 0.  Those of the process that forked us are
 * not met again. */
static uint32_t
in_chain(uint32_t id, uint32_t type)
{
	while (id >= rcp_origin_first && rcp_origin_at(id)->type != type)
		id = rcp_origin_at(id)->next;
	return id >= rcp_origin_first ? id : 0;
}

/* A new one, which is to stand at PLACE.  0: there is no room. */
static uint32_t
new_origin(const struct rcp_origin *origin, uint32_t *place)
{
	uint32_t id = next_origin;
	struct rcp_origin **chunk = &rcp_origins[id / RCP_ORIGIN_CHUNK];

	if (id > RCP_HEAD_SITE || !is_room_for(origin))
		return 0;
	if (!*chunk)
		__atomic_store_n(chunk,
				 rcp_objects_arena_new(RCP_ORIGIN_CHUNK *
						       sizeof(**chunk)),
				 __ATOMIC_RELEASE);
	if (!*chunk)
		return 0;
	(*chunk)[id % RCP_ORIGIN_CHUNK] = *origin;
	(*chunk)[id % RCP_ORIGIN_CHUNK].next = *place;
	__atomic_store_n(place, id, __ATOMIC_RELAXED);
	next_origin++;
	return id;
}

/* The lock is held. */
static uint32_t
add_plain(const struct rcp_origin *origin)
{
	uint32_t *place = chain_of(origin->site);
	uint32_t id = place ? in_chain(*place, origin->type) : 0;

	return id || !place ? id : new_origin(origin, place);
}

/* Likewise. */
static uint32_t
add_other(const struct rcp_origin *origin)
{
	uint32_t *place;

	if (!origins_have_room())
		return 0;
	place = origin_slot(origin);
	if (!*place && new_origin(origin, place))
		others++;
	return *place;
}

static uint32_t
add_origin(const struct rcp_origin *origin)
{
	return is_plain(origin) ? add_plain(origin) : add_other(origin);
}

static uint32_t
remember(const struct rcp_origin *origin, uint32_t id)
{
	uint64_t key = (uint64_t)origin->site << 16 | origin->type;

	if (id && origin->packed)
		__atomic_store_n(rcp_origin_memo_of(origin->site, origin->type),
				 key << 24 | id, __ATOMIC_RELAXED);
	return id;
}

uint32_t
rcp_origin_find(const struct rcp_origin *origin)
{
	uint32_t id;

	rcp_lock_take(&lock);
	id = add_origin(origin);
	rcp_lock_drop(&lock);
	return remember(origin, id);
}

uint32_t
rcp_origin_fold(const struct rcp_origin *origin,
		const struct rcp_origin *folded)
{
	uint32_t id, next;

	rcp_lock_take(&lock);
	next = next_origin;
	id = add_origin(folded);
	if (next_origin != next)
		rcp_objects_count(RCP_OBJECTS_FOLDED_BIRTHS);
	rcp_lock_drop(&lock);
	return remember(origin, id);
}

/* --- births like earlier ones ------------------------------------------------- */

#define STAMP_ONE ((uint64_t)1 << 48)
#define STAMP_LAST ((uint64_t)0xff00 << 48) /* from here on nothing is remembered */

uint64_t rcp_birth_stamp;

/* Subinterpreters may do so at once. */
void
rcp_objects_forget_type(void)
{
	if (RCP_LOAD(rcp_birth_stamp) < STAMP_LAST)
		__atomic_fetch_add(&rcp_birth_stamp, STAMP_ONE,
				   __ATOMIC_RELAXED);
}

void
rcp_birth_remember(struct rcp_objects *o, const void *type, uint32_t place,
		   uint32_t origin, unsigned before)
{
	uint64_t stamp = RCP_LOAD(rcp_birth_stamp);

	if (stamp >= STAMP_LAST || (uintptr_t)type >= STAMP_ONE ||
	    before >= RCP_BIRTH_BEFORE || before % 16)
		return;
	*rcp_birth_slot(o, type, place) = (struct rcp_birth){
		.type = (uintptr_t)type ^ stamp,
		.place = place,
		.is = origin | (uint32_t)before << 20,
	};
}

/* Only ever called by the thread whose books they are. */
void
rcp_objects_begin_anew(struct rcp_objects *o)
{
	memset(o->lives, 0, sizeof(o->lives));
	memset(o->births, 0, sizeof(o->births));
	o->table = NULL;
	o->slots = o->used = o->more_left = 0;
	o->pages = NULL;
	__atomic_store_n(&o->generation, rcp_objects_generation,
			 __ATOMIC_RELEASE);
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
	origin_slots = others = 0;
	memset(rcp_origin_memo, 0, sizeof(rcp_origin_memo));
	memset(rcp_object_counts, 0, sizeof(rcp_object_counts));
}

/* SPDX-License-Identifier: MIT
 *
 * object_books.h - one thread's books of births and deaths, and the hot half of
 * counting in them: two memos, so that most births and deaths find their cell
 * by one comparison.  All else is in object_cells.c and objects.c.
 */
#ifndef RCP_ACCOUNT_OBJECT_BOOKS_H
#define RCP_ACCOUNT_OBJECT_BOOKS_H

#include "account/account.h"
#include "account/objects.h"

#define RCP_OBJECT_PAGE 4096u /* bytes; pages begin at multiples of it */
#define RCP_OBJECT_CELLS 63u
#define RCP_OBJECT_SLAB (64u * RCP_OBJECT_PAGE)

/* Fields that each cell has room for, as rcp_object_plain says: how many, their
 * bytes, and AGE_0 of deaths.  The others are in a list: a cell meets few. */
#define RCP_OBJECT_PLAIN 3u

/* In place of a site of death, of which there are none so high. */
#define RCP_OBJECT_UNSEEN RCP_SITE_MAX

struct rcp_object_rare {
	struct rcp_object_rare *next;
	uint32_t field;
	uint64_t now, written;
};

/* What one thread saw of (birth site, type, death site).  Written by its
 * thread only. */
struct rcp_object_cell {
	uint64_t key; /* rcp_object_key() */
	struct rcp_object_rare *rare;
	uint64_t now[RCP_OBJECT_PLAIN];
	uint64_t written[RCP_OBJECT_PLAIN]; /* the drain's */
};

_Static_assert(sizeof(struct rcp_object_cell) == 64, "one cache line");

struct rcp_object_page {
	struct rcp_object_page *next;
	uint32_t dirty; /* some cell changed since the last snapshot */
	uint32_t used;
	bool draining;
	struct rcp_object_cell cells[RCP_OBJECT_CELLS]
		__attribute__((aligned(64)));
};

_Static_assert(sizeof(struct rcp_object_page) == RCP_OBJECT_PAGE, "a page");

/* (birth site, type, death site) as one number; sites have 24 bits, types 16.
 * Death 0: births, and deaths that lost their site. */
static inline uint64_t
rcp_object_key(uint32_t site, uint32_t type, uint32_t death)
{
	return (uint64_t)site << 40 | (uint64_t)death << 16 | type;
}

static inline uint32_t
rcp_object_key_site(uint64_t key)
{
	return (uint32_t)(key >> 40);
}

static inline uint32_t
rcp_object_key_death(uint64_t key)
{
	return (uint32_t)(key >> 16) & RCP_HEAD_SITE;
}

static inline uint32_t
rcp_object_key_type(uint64_t key)
{
	return (uint32_t)key & 0xffff;
}

struct rcp_birth_memo {
	uint64_t key; /* of the origin */
	struct rcp_object_cell *cell;
	uint32_t origin;
} __attribute__((aligned(32)));

struct rcp_death_memo {
	uint64_t key; /* origin, site of the death */
	struct rcp_object_cell *cell;
};

#define RCP_OBJECT_MEMO_BITS 13 /* recursion makes many stacks */

struct rcp_objects {
	struct rcp_objects *next;
	uint32_t thread;
	uint32_t generation; /* of forks; the rest belongs to it */
	/* Pages of cells without and with a site of death, newest first. */
	struct rcp_object_page *pages[2];
	/* Where the next ones come from. */
	char *slab;
	uint32_t slab_left;
	/* All cells: open addressing, a power of two. */
	struct rcp_object_cell **table;
	uint32_t slots, used;
	struct rcp_birth_memo births[1u << RCP_OBJECT_MEMO_BITS];
	struct rcp_death_memo deaths[1u << RCP_OBJECT_MEMO_BITS];
};

extern uint32_t rcp_objects_generation RCP_HIDDEN;

/* An entry stands here, or, driven out by another one, at the slot beside. */
static inline uint32_t
rcp_object_memo_slot(uint64_t key)
{
	return (uint32_t)(rcp_object_hash(key) >> (64 - RCP_OBJECT_MEMO_BITS));
}

/* Not only before the process was forked. */
static inline bool
rcp_objects_are_ours(const struct rcp_objects *o)
{
	return o->generation == rcp_objects_generation;
}

static inline void
rcp_object_cell_changed(const struct rcp_object_cell *c)
{
	struct rcp_object_page *page =
		(struct rcp_object_page *)((uintptr_t)c &
					   ~(uintptr_t)(RCP_OBJECT_PAGE - 1));

	__atomic_store_n(&page->dirty, 1, __ATOMIC_RELEASE);
}

/* ORIGIN's entry, made if there is none; NULL: there is no room for it. */
static inline struct rcp_birth_memo *
rcp_object_birth_memo(struct rcp_objects *o, const struct rcp_origin *origin)
{
	uint64_t key = rcp_origin_key(origin);
	uint32_t slot = rcp_object_memo_slot(key);

	if (RCP_LIKELY(o->births[slot].key == key))
		return &o->births[slot];
	if (o->births[slot ^ 1].key == key)
		return &o->births[slot ^ 1];
	return rcp_objects_new_birth_memo(o, origin);
}

/* The entry of deaths with KEY, or the one that is in its place. */
static inline struct rcp_death_memo *
rcp_object_death_memo(struct rcp_objects *o, uint64_t key)
{
	uint32_t slot = rcp_object_memo_slot(key);

	return RCP_LIKELY(o->deaths[slot].key == key) ? &o->deaths[slot] :
							&o->deaths[slot ^ 1];
}

static inline uint64_t
rcp_object_death_key(uint32_t origin, uint32_t site)
{
	return (uint64_t)origin << 32 | site;
}

/* An object of ORIGIN is born in BYTES.  Returns the origin's number; 0: there
 * is no room for it.  O is ours. */
static inline uint32_t
rcp_objects_birth(struct rcp_objects *o, const struct rcp_origin *origin,
		  uint64_t bytes)
{
	struct rcp_birth_memo *m = rcp_object_birth_memo(o, origin);
	struct rcp_object_cell *c;

	if (RCP_UNLIKELY(!m))
		return 0;
	c = m->cell;
	if (RCP_LIKELY(c != NULL)) {
		RCP_ADD(c->now[0], 1);
		RCP_ADD(c->now[1], bytes);
		rcp_object_cell_changed(c);
	}
	return m->origin;
}

/* One of ORIGIN dies at SITE by its refcount, or at RCP_OBJECT_UNSEEN; AGE as
 * for rcp_objects_died(), which is for all else.  O is ours. */
static inline void
rcp_objects_death(struct rcp_objects *o, uint32_t origin, uint32_t site,
		  uint64_t bytes, int64_t age)
{
	uint64_t key = rcp_object_death_key(origin, site);
	struct rcp_death_memo *m = rcp_object_death_memo(o, key);
	struct rcp_object_cell *c;

	if (RCP_UNLIKELY(m->key != key || age > 0)) {
		rcp_objects_died(o, origin, site,
				 site == RCP_OBJECT_UNSEEN ?
					 RCP_DEATH_UNSEEN :
					 RCP_DEATH_REFCOUNT,
				 bytes, age);
		return;
	}
	c = m->cell;
	RCP_ADD(c->now[0], 1);
	RCP_ADD(c->now[1], bytes);
	if (age == 0)
		RCP_ADD(c->now[2], 1);
	rcp_object_cell_changed(c);
}

#endif

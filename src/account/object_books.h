/* SPDX-License-Identifier: MIT
 *
 * object_books.h - one thread's books of births and deaths, and the hot half of
 * counting in them: an object's origin leads to where its birth is counted, and
 * to where the last death of its kind was.  All else is in object_cells.c,
 * object_counts.c and objects.c.
 */
#ifndef RCP_ACCOUNT_OBJECT_BOOKS_H
#define RCP_ACCOUNT_OBJECT_BOOKS_H

#include "account/account.h"
#include "account/objects.h"

#define RCP_OBJECT_PAGE 4096u /* bytes; pages begin at multiples of it */
#define RCP_OBJECT_CELLS 63u
#define RCP_OBJECT_SLAB (64u * RCP_OBJECT_PAGE)

/* In place of a site of death, of which there are none so high. */
#define RCP_OBJECT_UNSEEN RCP_SITE_MAX

struct rcp_object_rare {
	struct rcp_object_rare *next;
	uint32_t field;
	uint64_t now, written;
};

/* How many were born, or died in the way that is usual there, and their bytes;
 * all else is in a list: few fields are met. */
struct rcp_object_tally {
	struct rcp_object_rare *rare;
	uint64_t count, bytes;
};

/* Deaths that one thread saw of (birth site, type, death site).  Written by its
 * thread only. */
struct rcp_object_cell {
	uint64_t key; /* rcp_object_key() */
	struct rcp_object_tally is;
	uint64_t age_0;      /* how many had that age */
	uint64_t written[3]; /* the drain's: count, bytes, age_0 */
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

/* One more cell of the same birth site and type. */
struct rcp_object_more {
	struct rcp_object_more *next;
	struct rcp_object_cell *cell;
};

/* What one thread saw of the objects of one origin: births, and deaths that lost
 * their site; where it saw them die. */
struct rcp_life {
	struct rcp_object_tally births;
	struct rcp_object_cell *first; /* and MORE: its cells of deaths */
	struct rcp_object_more *more;
	/* Where the last one died: a site, if EPOCH is 0; else a frame's key as of
	 * that epoch. */
	struct rcp_object_cell *last;
	uintptr_t where;
	uint32_t epoch;
	uint16_t begins; /* rcp_life_begins(); 0: no births, no deaths yet */
	uint8_t places;  /* how many MORE are */
	bool freed;      /* rcp_object_type_is_freed() */
};

_Static_assert(sizeof(struct rcp_life) == 64, "one cache line");

#define RCP_LIVES_GROUP 64u /* what a snapshot looks at together */

struct rcp_lives {
	struct rcp_life life[RCP_ORIGIN_CHUNK];
	/* Some tally of the group changed since the last snapshot. */
	uint32_t dirty[RCP_ORIGIN_CHUNK / RCP_LIVES_GROUP];
	/* The drain's. */
	bool draining[RCP_ORIGIN_CHUNK / RCP_LIVES_GROUP];
	bool touched; /* the pages of `written` are there */
	uint32_t uncharged; /* lives that have begun, a few */
	uint64_t written[RCP_ORIGIN_CHUNK][2] __attribute__((aligned(4096)));
};

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

/* The same with another site of death. */
static inline uint64_t
rcp_object_key_at(uint64_t key, uint32_t death)
{
	return (key & ~((uint64_t)RCP_HEAD_SITE << 16)) |
	       (uint64_t)death << 16;
}

struct rcp_object_slot {
	uint64_t key; /* of the cell; 0: free */
	struct rcp_object_cell *cell;
};

/* A birth like it was met before: of an object whose type is at TYPE, at PLACE. */
struct rcp_birth {
	uint64_t type;  /* with rcp_birth_stamp */
	uint32_t place; /* a site, or RCP_BIRTH_NODE and a node */
	uint32_t is;    /* the origin's number; its `before` << 20 */
};

_Static_assert(sizeof(struct rcp_birth) == 16, "four are a cache line");

#define RCP_BIRTHS 2048u /* a power of two */
#define RCP_BIRTH_NODE (1u << 31)
#define RCP_BIRTH_BEFORE 48u /* less than this */

struct rcp_objects {
	struct rcp_objects *next;
	uint32_t thread;
	uint32_t generation; /* of forks; the rest belongs to it */
	/* Of cells, newest first. */
	struct rcp_object_page *pages;
	/* Where the next ones come from. */
	char *slab;
	uint32_t slab_left;
	/* Where further places of lives come from. */
	struct rcp_object_more *more;
	uint32_t more_left;
	/* Cells of lives that have many: open addressing, a power of two. */
	struct rcp_object_slot *table;
	uint32_t slots, used;
	/* By origin, in chunks. */
	struct rcp_lives *lives[RCP_ORIGIN_CHUNKS];
	/* A memo. */
	struct rcp_birth births[RCP_BIRTHS] __attribute__((aligned(64)));
};

/* Of forks: older books are begun anew before anything is counted in them. */
extern uint32_t rcp_objects_generation RCP_HIDDEN;

static inline void
rcp_object_cell_changed(const struct rcp_object_cell *c)
{
	struct rcp_object_page *page =
		(struct rcp_object_page *)((uintptr_t)c &
					   ~(uintptr_t)(RCP_OBJECT_PAGE - 1));

	__atomic_store_n(&page->dirty, 1, __ATOMIC_RELEASE);
}

/* NULL: no memory.  O is ours. */
struct rcp_lives *rcp_lives_new(struct rcp_objects *o, uint32_t origin);

static inline struct rcp_lives *
rcp_lives_of(struct rcp_objects *o, uint32_t origin)
{
	struct rcp_lives *lives = o->lives[origin / RCP_ORIGIN_CHUNK];

	return RCP_LIKELY(lives != NULL) ? lives : rcp_lives_new(o, origin);
}

/* Where in its block an object begins, and that there is such a life. */
static inline uint16_t
rcp_life_begins(unsigned before)
{
	return (uint16_t)(before + 1);
}

/* ORIGIN's, which was not there; counts nothing. */
void rcp_life_begin(struct rcp_lives *lives, uint32_t origin);

static inline struct rcp_life *
rcp_life_of(struct rcp_lives *lives, uint32_t origin)
{
	struct rcp_life *l = &lives->life[origin % RCP_ORIGIN_CHUNK];

	if (RCP_UNLIKELY(!l->begins))
		rcp_life_begin(lives, origin);
	return l;
}

/* The same if it may be there; it is, if it begins.  NULL: it is not. */
static inline struct rcp_life *
rcp_life_look(const struct rcp_objects *o, uint32_t origin)
{
	struct rcp_lives *lives = o->lives[origin / RCP_ORIGIN_CHUNK];

	return RCP_LIKELY(lives != NULL) ?
		       &lives->life[origin % RCP_ORIGIN_CHUNK] :
		       NULL;
}

static inline void
rcp_life_changed(struct rcp_lives *lives, uint32_t origin)
{
	uint32_t group = origin % RCP_ORIGIN_CHUNK / RCP_LIVES_GROUP;

	__atomic_store_n(&lives->dirty[group], 1, __ATOMIC_RELEASE);
}

/* Where those of L's that die at SITE are counted, which is at WHERE as of EPOCH
 * (see struct rcp_life), and where the last ones died from now on.  NULL: none
 * has died there yet. */
struct rcp_object_cell *rcp_life_died_at(const struct rcp_objects *o,
					 struct rcp_life *l, uint32_t site,
					 uintptr_t where, uint32_t epoch);

/* One of ORIGIN is born in BYTES, whose life is in LIVES. */
static inline void
rcp_lives_born(struct rcp_lives *lives, uint32_t origin, uint64_t bytes)
{
	struct rcp_life *l = &lives->life[origin % RCP_ORIGIN_CHUNK];

	RCP_ADD(l->births.count, 1);
	RCP_ADD(l->births.bytes, bytes);
	rcp_life_changed(lives, origin);
}

/* An object of ORIGIN is born in BYTES, not as the first one.  False: it is, and
 * nothing was counted.  O is ours. */
static inline bool
rcp_objects_born_again(struct rcp_objects *o, uint32_t origin, uint64_t bytes)
{
	struct rcp_lives *lives = o->lives[origin / RCP_ORIGIN_CHUNK];

	if (RCP_UNLIKELY(!lives) ||
	    RCP_UNLIKELY(!lives->life[origin % RCP_ORIGIN_CHUNK].begins))
		return false;
	rcp_lives_born(lives, origin, bytes);
	return true;
}

/* Changes when a type is gone, above the bits of addresses. */
extern uint64_t rcp_birth_stamp RCP_HIDDEN;

static inline struct rcp_birth *
rcp_birth_slot(struct rcp_objects *o, const void *type, uint32_t place)
{
	uint64_t i = (uintptr_t)type * 0x9e3779b97f4a7c15u >> 40;

	return &o->births[(i + place) & (RCP_BIRTHS - 1)];
}

/* What it `is`; 0: none that is remembered. */
static inline uint32_t
rcp_birth_look(struct rcp_objects *o, const void *type, uint32_t place)
{
	const struct rcp_birth *b = rcp_birth_slot(o, type, place);

	if (RCP_UNLIKELY(b->type != ((uintptr_t)type ^
				       RCP_LOAD(rcp_birth_stamp))) ||
	    RCP_UNLIKELY(b->place != place))
		return 0;
	if (!b->is)
		__builtin_unreachable(); /* origins begin at 1 */
	return b->is;
}

static inline uint32_t
rcp_birth_origin(uint32_t is)
{
	return is & RCP_HEAD_SITE;
}

static inline uint32_t
rcp_birth_before(uint32_t is)
{
	return is >> 20 & 0xff0;
}

/* One more of those is born in BYTES: its life has begun. */
static inline void
rcp_birth_again(struct rcp_objects *o, uint32_t is, uint64_t bytes)
{
	uint32_t origin = rcp_birth_origin(is);

	rcp_lives_born(o->lives[origin / RCP_ORIGIN_CHUNK], origin, bytes);
}

/* Those of the type at TYPE at PLACE are of ORIGIN, whose life has begun. */
void rcp_birth_remember(struct rcp_objects *o, const void *type,
			uint32_t place, uint32_t origin, unsigned before);

/* An object of ORIGIN is born in BYTES.  O is ours.  Without memory nothing is
 * counted. */
static inline void
rcp_objects_born(struct rcp_objects *o, uint32_t origin, uint64_t bytes)
{
	struct rcp_lives *lives = rcp_lives_of(o, origin);

	if (RCP_UNLIKELY(!lives))
		return;
	(void)rcp_life_of(lives, origin);
	rcp_lives_born(lives, origin, bytes);
}

/* One of them dies in BYTES by its refcount, or unseen, where the last one did:
 * C has those.  False: nothing was counted.  AGE as for rcp_objects_died(). */
static inline bool
rcp_object_dies(struct rcp_object_cell *c, uint64_t bytes, int64_t age)
{
	if (RCP_UNLIKELY(age > 0))
		return false;
	if (age == 0)
		RCP_ADD(c->age_0, 1);
	RCP_ADD(c->is.count, 1);
	RCP_ADD(c->is.bytes, bytes);
	rcp_object_cell_changed(c);
	return true;
}

/* Likewise, AGE being more than 0. */
void rcp_object_dies_old(struct rcp_object_cell *c, uint64_t bytes,
			 int64_t age);

/* One of ORIGIN dies at SITE by its refcount, or at RCP_OBJECT_UNSEEN.  O is
 * ours. */
static inline void
rcp_objects_death(struct rcp_objects *o, uint32_t origin, uint32_t site,
		  uint64_t bytes, int64_t age)
{
	struct rcp_lives *lives = rcp_lives_of(o, origin);
	struct rcp_life *l;

	if (RCP_LIKELY(lives != NULL)) {
		l = &lives->life[origin % RCP_ORIGIN_CHUNK];
		if (RCP_LIKELY(l->where == site) && RCP_LIKELY(!l->epoch) &&
		    RCP_LIKELY(l->last != NULL) &&
		    RCP_LIKELY(rcp_object_dies(l->last, bytes, age)))
			return;
	}
	rcp_objects_died(o, origin, site,
			 site == RCP_OBJECT_UNSEEN ? RCP_DEATH_UNSEEN :
						     RCP_DEATH_REFCOUNT,
			 bytes, age);
}

/* One of ORIGIN is alive for all we know, and gone: that it died was not seen.
 * O is ours. */
static inline void
rcp_object_died_unseen(struct rcp_objects *o, uint32_t origin, uint64_t bytes)
{
	rcp_objects_count(RCP_OBJECTS_UNSEEN);
	if (RCP_LIKELY(origin >= rcp_origin_first))
		rcp_objects_death(o, origin, RCP_OBJECT_UNSEEN, bytes, -1);
}

/* The last deaths of ORIGIN, which were at SITE, were where a frame of EPOCH has
 * KEY. */
static inline void
rcp_object_died_at(struct rcp_objects *o, uint32_t origin, uint32_t site,
		   uintptr_t key, uint32_t epoch)
{
	struct rcp_life *l = rcp_life_look(o, origin);

	if (!l || !l->last || l->epoch || l->where != site)
		return;
	l->where = key;
	l->epoch = epoch;
}

#endif

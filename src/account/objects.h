/* SPDX-License-Identifier: MIT
 *
 * objects.h - how many Python objects were born and died, by birth site, type
 * and site of death; and what the live table knows of the object in a block.
 *
 * The head of a block that holds an object has the number of its *origin* in
 * place of a site: (site of the birth, type).  A free list gives a block several
 * births, each perhaps with another origin; the block stays with its
 * allocation's site in the books of account.h.  That stands in word 1 beside the
 * size, or, where it does not fit, in the origin.
 *
 * Objects are born and die with the GIL held, so that a block's state is
 * changed by one thread at a time.  A thread's books are written by itself
 * only.  Nothing here allocates through the program.
 */
#ifndef RCP_ACCOUNT_OBJECTS_H
#define RCP_ACCOUNT_OBJECTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/live.h"
#include "rcprof/format.h"

struct rcp_origin {
	uint32_t allocation; /* site of the block, unless word 1 has it */
	uint32_t site;       /* of the birth; 0: unknown */
	uint32_t next;       /* objects.c's own */
	uint16_t type;       /* rcp_object_type() */
	uint8_t before;      /* bytes of the block before the object */
	bool folded : 1; /* as far as it goes: there is room past the limit */
	bool packed : 1; /* word 1 has the allocation, which is as if it were
			    the site here; only to look for it */
};

enum rcp_death {
	RCP_DEATH_REFCOUNT = RCP_OBJECT_DIED_REFCOUNT,
	RCP_DEATH_COLLECTOR = RCP_OBJECT_DIED_COLLECTOR,
	RCP_DEATH_UNSEEN = RCP_OBJECT_DIED_UNSEEN, /* has no site */
};

/* Numbers for the coverage. */
enum rcp_object_count {
	RCP_OBJECTS_BORN,     /* births that were followed */
	RCP_OBJECTS_STRANGE,  /* births in blocks that are not ours */
	RCP_OBJECTS_LATE,     /* born before the hooks: seen when they died */
	RCP_OBJECTS_FREED,    /* deaths that only the free told of */
	RCP_OBJECTS_UNSEEN,   /* births over an object alive */
	RCP_OBJECTS_NO_OBJECT, /* deaths that were none: hints refused */
	RCP_OBJECTS_NO_ROOM,  /* births that the memory limit kept out */
	RCP_OBJECTS_FOLDED,   /* deaths of whose stack the last line is kept */
	RCP_OBJECTS_FOLDED_BIRTHS, /* origins of births, likewise */
	RCP_OBJECTS_UNTOLD,   /* samples that may have held an object */
	RCP_OBJECT_COUNTS,
};
extern uint64_t rcp_object_counts[RCP_OBJECT_COUNTS] RCP_HIDDEN;

/* With the GIL held: one thread at a time, but for subinterpreters that have
 * one of their own, where a count may be missed. */
static inline void
rcp_objects_count(enum rcp_object_count which)
{
	RCP_ADD(rcp_object_counts[which], 1);
}

/* Before any other; registers the source of OBJECTS and TYPE.  Without this
 * call nothing is followed.  The books have room for half of MEMORY_LIMIT;
 * CAPPED: and end where all tables have reached it. */
void rcp_objects_setup(uint64_t memory_limit, bool capped);

/* What the books may take over what all others have, in bytes. */
uint64_t rcp_objects_most(uint64_t memory_limit);

/* Deaths have as many stacks as births, and say less: when an eighth of the room for
 * objects is used, or that for stacks, only the last line is to be kept of
 * theirs.  When all of the former is, new origins are to be folded likewise. */
extern bool rcp_objects_crowded RCP_HIDDEN;

void rcp_objects_fork_prepare(void);
void rcp_objects_fork_done(bool child);

/* The number of the type called NAME ("module.qualname", SIZE bytes of UTF-8)
 * with FLAGS (RCP_TYPE_*), from 1; 0: no room.  Types of one name are one, if
 * their flags are the same. */
uint32_t rcp_object_type(const char *name, size_t size, uint32_t flags);

/* Objects of TYPE die by being freed: that is no death seen late. */
void rcp_object_type_set_freed(uint32_t type);
bool rcp_object_type_is_freed(uint32_t type);

/* What was known by the address of some type is known no longer: it is gone. */
void rcp_objects_forget_type(void);

/* --- origins ------------------------------------------------------------ */

#define RCP_ORIGIN_CHUNK 4096u
#define RCP_ORIGIN_CHUNKS ((RCP_HEAD_SITE + 1) / RCP_ORIGIN_CHUNK)
extern struct rcp_origin *rcp_origins[RCP_ORIGIN_CHUNKS] RCP_HIDDEN;
/* Those below are of the process that forked us. */
extern uint32_t rcp_origin_first RCP_HIDDEN;

static inline const struct rcp_origin *
rcp_origin_at(uint32_t origin)
{
	struct rcp_origin *chunk = __atomic_load_n(
		&rcp_origins[origin / RCP_ORIGIN_CHUNK], __ATOMIC_ACQUIRE);

	return &chunk[origin % RCP_ORIGIN_CHUNK];
}

/* An origin as one number: sites have 24 bits, types 16, and `before` goes with
 * the type. */
static inline uint64_t
rcp_origin_key(const struct rcp_origin *o)
{
	return (uint64_t)o->allocation << 40 | (uint64_t)o->site << 16 |
	       o->type;
}

/* Keys are made of numbers that grow together: one multiplication leaves them
 * in a few rows. */
static inline uint64_t
rcp_object_hash(uint64_t key)
{
	key = (key ^ key >> 31) * 0x9e3779b97f4a7c15u;
	return (key ^ key >> 32) * 0xd6e8feb86659fd93u;
}

/* The site at which BLOCK was allocated. */
static inline uint32_t
rcp_live_site(const struct rcp_live *block)
{
	if (!rcp_live_is_object(block))
		return block->site;
	if (block->allocation != RCP_LIVE_BY_ORIGIN)
		return block->allocation;
	return rcp_origin_at(block->site & RCP_HEAD_SITE)->allocation;
}

/* The newest origin of each site whose blocks are of the same site.  In
 * chunks. */
extern uint32_t *rcp_origins_plain[RCP_ORIGIN_CHUNKS] RCP_HIDDEN;

/* Was nothing born at SITE, in packed blocks, that is found?  Sites come one
 * after another, so that this is in the cache at new ones, and no memo is. */
static inline bool
rcp_origin_is_first(uint32_t site)
{
	const uint32_t *chunk = __atomic_load_n(
		&rcp_origins_plain[site / RCP_ORIGIN_CHUNK], __ATOMIC_ACQUIRE);

	if (chunk && __atomic_load_n(&chunk[site % RCP_ORIGIN_CHUNK],
				     __ATOMIC_RELAXED))
		return false;
	/* What is folded is not found by its site. */
	return !__atomic_load_n(&rcp_object_counts[RCP_OBJECTS_FOLDED_BIRTHS],
				__ATOMIC_RELAXED);
}

/* (site, type) << 24 | number, of origins of packed blocks. */
#define RCP_ORIGIN_MEMO 32768u /* a power of two */
extern uint64_t rcp_origin_memo[RCP_ORIGIN_MEMO] RCP_HIDDEN;
uint32_t rcp_origin_find(const struct rcp_origin *origin);

/* Sites that are used together have numbers that are close together. */
static inline uint64_t *
rcp_origin_memo_of(uint32_t site, uint32_t type)
{
	return &rcp_origin_memo[(site + type * 0x9e5u) & (RCP_ORIGIN_MEMO - 1)];
}

/* Births of ORIGIN, for which there is no room, are from now on found as those
 * of FOLDED.  0: there is no room for that, either. */
uint32_t rcp_origin_fold(const struct rcp_origin *origin,
			 const struct rcp_origin *folded);

/* The same, of objects of TYPE that are born at SITE in packed blocks, if it was
 * looked for not long ago; else 0. */
static inline uint32_t
rcp_origin_again(uint32_t site, uint32_t type)
{
	uint64_t e;

	if (rcp_origin_is_first(site))
		return 0;
	e = __atomic_load_n(rcp_origin_memo_of(site, type), __ATOMIC_RELAXED);
	return RCP_LIKELY(e >> 24 == ((uint64_t)site << 16 | type)) ?
		       (uint32_t)e & RCP_HEAD_SITE :
		       0;
}

/* The number of an origin; 0: there is no room for it. */
static inline uint32_t
rcp_origin_get(const struct rcp_origin *origin)
{
	uint64_t e;

	if (rcp_origin_is_first(origin->site))
		return rcp_origin_find(origin);
	e = __atomic_load_n(rcp_origin_memo_of(origin->site, origin->type),
			    __ATOMIC_RELAXED);
	if (RCP_LIKELY(e >> 24 ==
		       ((uint64_t)origin->site << 16 | origin->type)) &&
	    RCP_LIKELY(origin->packed))
		return (uint32_t)e & RCP_HEAD_SITE;
	return rcp_origin_find(origin);
}

/* --- one thread's books ---------------------------------------------------- */

struct rcp_objects;

/* The books of the thread that the profile calls THREAD; NULL: no memory. */
struct rcp_objects *rcp_objects_new(uint32_t thread);

/* A forked child begins the books of a thread anew, before it counts there. */
void rcp_objects_begin_anew(struct rcp_objects *o);

/* object_books.h has births and deaths for the hot path, too. */

/* SITE: of the death, 0 for an unseen one.  AGE in age units, or negative:
 * unknown. */
void rcp_objects_died(struct rcp_objects *o, uint32_t origin, uint32_t site,
		      enum rcp_death how, uint64_t bytes, int64_t age);

/* Sample mode: the same of what a sample stands for. */
struct rcp_sample;
void rcp_objects_sample_born(struct rcp_objects *o,
			     const struct rcp_sample *sample);
void rcp_objects_sample_died(struct rcp_objects *o,
			     const struct rcp_sample *sample, uint32_t site,
			     enum rcp_death how, int64_t age);

/* --- the object in a block -------------------------------------------------- */

/* The head of the block that begins at P, or NULL: no such block, or one
 * whose record has no place for an object. */
static inline uint32_t *
rcp_head_at(uintptr_t p)
{
	uint32_t *w = rcp_shadow_at(p);

	return w && (w[0] & RCP_HEAD) ? w : NULL;
}

static inline uint64_t
rcp_head_size(const uint32_t *w)
{
	uint32_t small = (w[0] >> 24) & 31;

	if (RCP_LIKELY(rcp_head_is_packed(w[0])))
		return w[1] & RCP_PACKED_SIZE;
	return small <= 16 ? small : w[1];
}

/* The site at which the block, which holds or held an object, was allocated. */
static inline uint32_t
rcp_head_allocation(const uint32_t *w)
{
	if (RCP_LIKELY(rcp_head_is_packed(w[0])))
		return w[1] >> 8;
	return rcp_origin_at(w[0] & RCP_HEAD_SITE)->allocation;
}

/* Has word 1 room for ALLOCATION beside the size?  The block is a mere one. */
static inline bool
rcp_head_packs(const uint32_t *w, uint32_t allocation)
{
	return (w[0] & RCP_HEAD_LARGE) == RCP_HEAD_LARGE &&
	       w[1] <= RCP_PACKED_SIZE && allocation < RCP_PACKED_SITES;
}

/* When the object in the block was born, or RCP_LIVE_NO_BIRTH. */
static inline uint32_t
rcp_head_birth(const uint32_t *w)
{
	uint64_t size = rcp_head_size(w);

	if (size <= 32)
		return RCP_LIVE_NO_BIRTH;
	if (RCP_LIKELY(!rcp_head_is_reborn(w[0])))
		return w[2];
	return size > 48 ? w[3] : RCP_LIVE_NO_BIRTH;
}

static inline void
rcp_head_put(uint32_t *w, uint32_t small, uint32_t origin)
{
	__atomic_store_n(&w[0], RCP_HEAD | RCP_HEAD_ALIVE | small | origin,
			 __ATOMIC_RELAXED);
}

/* The first object in the block, of ORIGIN.  ALLOCATION: what the head had, if
 * it packs; else ORIGIN knows. */
static inline void
rcp_head_live(uint32_t *w, uint32_t origin, uint32_t allocation)
{
	uint32_t small = w[0] & RCP_HEAD_SMALL(31);

	if (RCP_LIKELY(rcp_head_packs(w, allocation))) {
		w[1] |= allocation << 8;
		small = RCP_HEAD_PACKED;
	}
	rcp_head_put(w, small, origin);
}

/* A later one, at NOW in age units. */
static inline void
rcp_head_live_again(uint32_t *w, uint32_t origin, uint32_t now)
{
	uint32_t small = w[0] & RCP_HEAD_SMALL(31);

	if (small > RCP_HEAD_SMALL(16)) {
		if (rcp_head_size(w) > 48)
			w[3] = now & ~RCP_HEAD;
		small = rcp_head_is_packed(w[0]) ? RCP_HEAD_PACKED_REBORN :
						   RCP_HEAD_REBORN;
	}
	rcp_head_put(w, small, origin);
}

/* P's record is that of an object again; ALLOCATION as in struct rcp_live. */
static inline void
rcp_head_pack(uintptr_t p, uint32_t allocation)
{
	uint32_t *w = rcp_head_at(p);

	if (!w || allocation == RCP_LIVE_BY_ORIGIN)
		return;
	w[1] |= allocation << 8;
	w[0] ^= RCP_HEAD_LARGE ^ RCP_HEAD_PACKED;
}

static inline void
rcp_head_die(uint32_t *w)
{
	__atomic_store_n(&w[0], w[0] | RCP_HEAD_DEAD, __ATOMIC_RELAXED);
}

#endif

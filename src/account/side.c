/* SPDX-License-Identifier: MIT
 *
 * side.c - a hash table by address in 64 shards, each with its own lock.
 *
 * Open addressing with linear probing; a removal shifts later entries back,
 * so there are no tombstones and a miss stays short.  Written by hand rather
 * than with uthash: under RLIMIT_AS every block stands here, and 56 bytes of
 * handle for each would be more than most blocks.
 */
#include "account/side.h"

#include "base/lock.h"
#include "base/mem.h"

#define SHARDS 64u
#define FIRST_SLOTS 256u
#define PATIENCE 1024u /* puts until more memory is asked for again */

/* No block here is an object: see RCP_LIVE_BY_ORIGIN. */
struct entry {
	uintptr_t p; /* 0: free */
	uint64_t size;
	uint32_t site, birth;
};

static struct shard {
	struct rcp_lock lock;
	uint32_t used;
	uint32_t slots; /* a power of two, or 0 */
	uint32_t wait;	/* puts that will not ask for memory */
	struct entry *table;
} shards[SHARDS] __attribute__((aligned(64)));

uint32_t rcp_side_used;

static void
look(const struct entry *e, struct rcp_live *out)
{
	*out = (struct rcp_live){ e->size, e->site, e->birth,
				  RCP_LIVE_BY_ORIGIN };
}

static uint64_t
hash(uintptr_t p)
{
	/* Fibonacci hashing: 2^64 / golden ratio. */
	return (uint64_t)p * 0x9e3779b97f4a7c15u;
}

static struct shard *
shard_of(uintptr_t p)
{
	return &shards[hash(p) >> 58];
}

static uint32_t
home(const struct shard *s, uintptr_t p)
{
	return (uint32_t)(hash(p) >> 20) & (s->slots - 1);
}

/* P's slot, or the free one where it would go. */
static struct entry *
find(const struct shard *s, uintptr_t p)
{
	uint32_t i = home(s, p);

	while (s->table[i].p && s->table[i].p != p)
		i = (i + 1) & (s->slots - 1);
	return &s->table[i];
}

static void
grow(struct shard *s)
{
	struct shard old = *s;
	uint32_t slots = old.slots ? old.slots * 2 : FIRST_SLOTS;
	struct entry *table = rcp_pages_more(slots * sizeof(*table));

	if (!table) {
		s->wait = PATIENCE;
		return;
	}
	s->table = table;
	s->slots = slots;
	for (uint32_t i = 0; i < old.slots; i++)
		if (old.table[i].p)
			*find(s, old.table[i].p) = old.table[i];
	if (old.table)
		rcp_pages_free(old.table, old.slots * sizeof(*old.table));
}

/* A table that cannot grow is not filled to the last: each search that finds
 * nothing would go through all of it. */
static bool
has_room(struct shard *s)
{
	if (s->used < s->slots / 4 * 3)
		return true;
	if (s->wait)
		s->wait--;
	else
		grow(s);
	return s->used < s->slots / 8 * 7;
}

/* Frees slot I and closes the gap. */
static void
erase(struct shard *s, uint32_t i)
{
	uint32_t mask = s->slots - 1;
	uint32_t j = i;

	for (;;) {
		uint32_t k;

		s->table[i].p = 0;
		do {
			j = (j + 1) & mask;
			if (!s->table[j].p)
				goto out;
			k = home(s, s->table[j].p);
			/* Entries whose home lies cyclically in (i, j] stay. */
		} while (i <= j ? (i < k && k <= j) : (i < k || k <= j));
		s->table[i] = s->table[j];
		i = j;
	}
out:
	s->used--;
}

enum rcp_put
rcp_side_put(uintptr_t p, const struct rcp_live *block,
	     struct rcp_live *replaced)
{
	struct shard *s = shard_of(p);
	enum rcp_put put = RCP_PUT_NEW;
	struct entry *e;

	rcp_lock_take(&s->lock);
	if (!has_room(s)) {
		rcp_lock_drop(&s->lock);
		return RCP_PUT_DROPPED;
	}
	e = find(s, p);
	if (e->p) {
		put = RCP_PUT_OVER;
		if (replaced)
			look(e, replaced);
	} else {
		s->used++;
		if (!__atomic_load_n(&rcp_side_used, __ATOMIC_RELAXED))
			__atomic_store_n(&rcp_side_used, 1, __ATOMIC_RELAXED);
	}
	*e = (struct entry){ p, block->size, block->site, block->birth };
	rcp_lock_drop(&s->lock);
	return put;
}

bool
rcp_side_take(uintptr_t p, struct rcp_live *out)
{
	struct shard *s = shard_of(p);
	bool was = false;

	rcp_lock_take(&s->lock);
	if (s->slots) {
		struct entry *e = find(s, p);

		if (e->p) {
			look(e, out);
			erase(s, (uint32_t)(e - s->table));
			was = true;
		}
	}
	rcp_lock_drop(&s->lock);
	return was;
}

/* One block of shard S that starts in the range; false: there is none. */
static bool
take_one(struct shard *s, uintptr_t p, size_t size, struct rcp_live *out)
{
	bool was = false;

	rcp_lock_take(&s->lock);
	for (uint32_t i = 0; i < s->slots && s->used; i++) {
		if (s->table[i].p - p < size && s->table[i].p) {
			look(&s->table[i], out);
			erase(s, i);
			was = true;
			break;
		}
	}
	rcp_lock_drop(&s->lock);
	return was;
}

void
rcp_side_take_range(uintptr_t p, size_t size,
		    void (*each)(void *ctx, const struct rcp_live *block),
		    void *ctx)
{
	struct rcp_live block;

	if (!__atomic_load_n(&rcp_side_used, __ATOMIC_RELAXED))
		return;
	for (unsigned i = 0; i < SHARDS; i++)
		while (take_one(&shards[i], p, size, &block))
			each(ctx, &block);
}

void
rcp_side_fork_prepare(void)
{
	for (unsigned i = 0; i < SHARDS; i++)
		rcp_lock_take(&shards[i].lock);
}

void
rcp_side_fork_done(bool child)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		if (child)
			rcp_lock_reset(&shards[i].lock);
		else
			rcp_lock_drop(&shards[i].lock);
	}
}

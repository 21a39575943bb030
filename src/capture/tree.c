/* SPDX-License-Identifier: MIT
 *
 * tree.c - see tree.h.  A node knows its first child; most have no other one,
 * so that a new stack is a row of nodes in one place.  For other children a few
 * nodes that came after one another have slots in common, in one cache line:
 * where stacks are new, few lines are looked at.  What finds no room there is
 * in a table.
 *
 * Lookups take no lock: nodes and chunks are published with release stores.  A
 * table that was outgrown keeps its addresses but not its memory: who still
 * reads it finds nothing, and asks again under the lock.
 */
#include "capture/tree.h"

#include <string.h>

#include "base/lock.h"
#include "base/mem.h"

#define CHUNK 4096u
#define CHUNKS 8192u
#define FIRST_SLOTS 4096u
#define NEAR 16u /* parents that have a line of slots in common */
#define AHEAD 16u /* nodes or slots: what will be read is asked for so early */
#define LINE 16u /* slots in a cache line */

/* A slot holds a node's id and, above it, so many bits of its hash, which
 * spare a look at nearly every other node that a search passes. */
#define ID_BITS 25
#define ID_MASK ((1u << ID_BITS) - 1)

_Static_assert(CHUNK * CHUNKS == 1u << ID_BITS, "any id fits");

struct table {
	uint32_t count; /* of slots, whole lines; 0 in one that was outgrown */
	uint32_t slots[] __attribute__((aligned(64))); /* 0: free */
};

struct chunk {
	struct rcp_node nodes[CHUNK];
	uint32_t near[CHUNK / NEAR][LINE]; /* slots of their children */
	/* Which are in the file.  Apart, since it is asked of all ancestors. */
	uint64_t stamps[CHUNK / 64];
};

static struct rcp_lock lock = RCP_LOCK_INIT;
static struct chunk *chunks[CHUNKS];
static uint32_t next_node = 1;
static uint32_t entered; /* nodes in the table */
static uint32_t generation; /* the emit lock's, as all stamps */
static struct table *table;
static uint64_t limit;
static uint64_t truncated;

static struct chunk *
chunk_of(uint32_t id)
{
	return __atomic_load_n(&chunks[id / CHUNK], __ATOMIC_ACQUIRE);
}

struct rcp_node *
rcp_tree_node(uint32_t id)
{
	return &chunk_of(id)->nodes[id % CHUNK];
}

void
rcp_tree_expect(uint32_t id)
{
	if (id % CHUNK < CHUNK - AHEAD)
		__builtin_prefetch(rcp_tree_node(id + AHEAD));
}

/* The slots of PARENT's children. */
static uint32_t *
near(uint32_t parent)
{
	return chunk_of(parent)->near[parent % CHUNK / NEAR];
}

static __attribute__((noinline)) void
take_stamps_back(uint32_t now)
{
	for (uint32_t i = 0; i < CHUNKS && chunk_of(i * CHUNK); i++)
		memset(chunks[i]->stamps, 0, sizeof(chunks[i]->stamps));
	generation = now;
}

bool
rcp_tree_is_stamped(uint32_t id, uint32_t now)
{
	if (generation != now)
		take_stamps_back(now);
	return chunk_of(id)->stamps[id % CHUNK / 64] >> id % 64 & 1;
}

void
rcp_tree_stamp(uint32_t id)
{
	chunk_of(id)->stamps[id % CHUNK / 64] |= 1ull << id % 64;
}

/* The high half says which line of the table, the lowest bits where in it: frames
 * that execute neighbouring code in the same run, which are new together, are
 * neighbours. */
static uint64_t
hash(uint32_t parent, uint32_t kind, uint32_t ref, uint32_t offset)
{
	uint64_t line = ((uint64_t)parent << 32 | offset >> 7) *
			0x9e3779b97f4a7c15u;
	uint64_t h;

	line ^= line >> 29;
	line += (uint64_t)ref << 4 | kind;
	line *= 0xbf58476d1ce4e5b9u; /* splitmix64's multipliers */
	h = (line ^ offset) * 0x94d049bb133111ebu >> 32;
	return (line & ~(uint64_t)UINT32_MAX) | (h & ~(LINE - 1ull)) |
	       (offset >> 3 & (LINE - 1));
}

static uint32_t
tag(uint64_t h)
{
	return (uint32_t)h & ~ID_MASK;
}

static uint32_t
home(const struct table *t, uint64_t h)
{
	uint32_t count = __atomic_load_n(&t->count, __ATOMIC_RELAXED);
	uint32_t i = (uint32_t)((h >> 32) * count >> 32);

	return (i & ~(LINE - 1)) | ((i + (uint32_t)h) & (LINE - 1));
}

static uint32_t
next(const struct table *t, uint32_t i)
{
	return i + 1 < __atomic_load_n(&t->count, __ATOMIC_RELAXED) ? i + 1
								    : 0;
}

static bool
is_node(const struct rcp_node *n, uint32_t parent, uint32_t kind, uint32_t ref,
	uint32_t offset)
{
	return n->parent == parent && n->offset == offset && n->ref == ref &&
	       n->kind == kind;
}

/* Is it what the slot says?  H: its hash. */
static inline __attribute__((always_inline)) bool
is_in(uint32_t slot, uint64_t h, uint32_t parent, uint32_t kind, uint32_t ref,
      uint32_t offset)
{
	return (slot & ~ID_MASK) == tag(h) &&
	       is_node(rcp_tree_node(slot & ID_MASK), parent, kind, ref,
		       offset);
}

static __attribute__((noinline)) uint32_t
find_in_table(const struct table *t, uint64_t h, uint32_t parent,
	      uint32_t kind, uint32_t ref, uint32_t offset)
{
	for (uint32_t i = home(t, h);; i = next(t, i)) {
		uint32_t slot = __atomic_load_n(&t->slots[i], __ATOMIC_ACQUIRE);

		if (!slot || is_in(slot, h, parent, kind, ref, offset))
			return slot & ID_MASK;
	}
}

static uint32_t
find(const struct table *t, uint32_t parent, uint32_t kind, uint32_t ref,
     uint32_t offset)
{
	uint32_t first = __atomic_load_n(&rcp_tree_node(parent)->first,
					 __ATOMIC_ACQUIRE);
	const uint32_t *slots = near(parent);
	uint64_t h;

	if (!first ||
	    is_node(rcp_tree_node(first), parent, kind, ref, offset))
		return first;
	h = hash(parent, kind, ref, offset);
	for (uint32_t i = 0; i < LINE; i++) {
		uint32_t slot = __atomic_load_n(&slots[i], __ATOMIC_ACQUIRE);

		if (!slot || is_in(slot, h, parent, kind, ref, offset))
			return slot & ID_MASK;
	}
	return find_in_table(t, h, parent, kind, ref, offset);
}

/* Enters a node that is not there; there is room. */
static void
enter(struct table *t, uint32_t id, const struct rcp_node *n)
{
	uint64_t h = hash(n->parent, n->kind, n->ref, n->offset);
	uint32_t i = home(t, h);

	while (t->slots[i])
		i = next(t, i);
	__atomic_store_n(&t->slots[i], id | tag(h), __ATOMIC_RELEASE);
}

/* The same beside its parent's others; false: there is no room. */
static bool
enter_near(uint32_t id, const struct rcp_node *n)
{
	uint64_t h = hash(n->parent, n->kind, n->ref, n->offset);
	uint32_t *slots = near(n->parent), i = 0;

	while (i < LINE && slots[i])
		i++;
	if (i < LINE)
		__atomic_store_n(&slots[i], id | tag(h), __ATOMIC_RELEASE);
	return i < LINE;
}

static size_t
table_size(uint32_t slots)
{
	return sizeof(struct table) + slots * sizeof(uint32_t);
}

static struct table *
new_table(uint32_t slots)
{
	struct table *t = rcp_pages_more(table_size(slots));

	if (t) {
		t->count = slots;
		rcp_arena_charge(table_size(slots));
	}
	return t;
}

static bool
grow(void)
{
	struct table *old = table;
	uint32_t slots = old->count;
	struct table *bigger = new_table(slots * 2);

	if (!bigger)
		return false;
	rcp_pages_touch(bigger, table_size(slots * 2));
	for (uint32_t i = 0; i < slots; i++) {
		uint32_t id = old->slots[i] & ID_MASK;

		if (i + AHEAD < slots)
			__builtin_prefetch(rcp_tree_node(
				old->slots[i + AHEAD] & ID_MASK));
		if (id)
			enter(bigger, id, rcp_tree_node(id));
	}
	__atomic_store_n(&table, bigger, __ATOMIC_RELEASE);
	rcp_pages_forget(old, table_size(slots));
	rcp_arena_credit(table_size(slots));
	return true;
}

/* Whole stacks leave an eighth of the limit to the leaves of those that come
 * after them. */
static bool
is_full(uint32_t parent)
{
	uint64_t share = parent == RCP_TREE_TRUNCATED ? 0 : limit / 8;

	return rcp_arena_used() >= limit - share;
}

/* The node ID, which can be found from now on.  There is room. */
static void
publish(uint32_t id, const struct rcp_node *n)
{
	struct rcp_node *parent = rcp_tree_node(n->parent);

	if (!parent->first) {
		__atomic_store_n(&parent->first, id, __ATOMIC_RELEASE);
	} else if (!enter_near(id, n)) {
		enter(table, id, n);
		entered++;
	}
	__atomic_store_n(&next_node, id + 1, __ATOMIC_RELEASE);
}

/* The lock is held. */
static uint32_t
add(uint32_t parent, uint32_t kind, uint32_t ref, uint32_t offset)
{
	uint32_t id = next_node;
	struct rcp_node *n;

	if (id >= CHUNK * CHUNKS || is_full(parent))
		return 0;
	/* A miss in a table that is full to the last is a walk through it. */
	if (entered >= table->count / 4 * 3 && !grow() &&
	    entered >= table->count / 16 * 15)
		return 0;
	if (!chunks[id / CHUNK]) {
		struct chunk *made = rcp_arena_new(sizeof(*made));

		if (!made)
			return 0;
		__atomic_store_n(&chunks[id / CHUNK], made, __ATOMIC_RELEASE);
	}
	n = rcp_tree_node(id);
	*n = (struct rcp_node){ .parent = parent & ID_MASK,
				.kind = kind & 63,
				.ref = ref,
				.offset = offset };
	publish(id, n);
	return id;
}

uint32_t
rcp_tree_intern(uint32_t parent, enum rcp_frame kind, uint32_t ref,
		uint32_t offset)
{
	uint32_t seen = __atomic_load_n(&next_node, __ATOMIC_ACQUIRE), id;
	const struct table *t = __atomic_load_n(&table, __ATOMIC_ACQUIRE);

	id = find(t, parent, kind, ref, offset);
	if (id)
		return id;
	rcp_lock_take(&lock);
	/* What was counted had been entered. */
	if (next_node != seen || table != t)
		id = find(table, parent, kind, ref, offset);
	if (!id)
		id = add(parent, kind, ref, offset);
	if (!id)
		truncated++;
	rcp_lock_drop(&lock);
	return id ? id : RCP_TREE_TRUNCATED;
}

uint64_t
rcp_tree_truncated(void)
{
	return __atomic_load_n(&truncated, __ATOMIC_RELAXED);
}

bool
rcp_tree_setup(uint64_t memory_limit)
{
	limit = memory_limit;
	table = new_table(FIRST_SLOTS);
	/* The markers' numbers are their ids. */
	for (uint32_t marker = RCP_MARKER_TRUNCATED;
	     table && marker <= RCP_MARKER_UNKNOWN; marker++)
		if (add(0, RCP_FRAME_MARKER, marker, 0) != marker)
			return false;
	return table != NULL;
}

void
rcp_tree_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_tree_fork_done(bool child)
{
	if (child)
		rcp_lock_reset(&lock);
	else
		rcp_lock_drop(&lock);
}

/* SPDX-License-Identifier: MIT
 *
 * tree.c - see tree.h.  Lookups take no lock: nodes and chunks are published
 * with release stores, and a table that was outgrown stays mapped for those
 * who still read it (all of them together are as large as the last one).
 */
#include "capture/tree.h"

#include "base/lock.h"
#include "base/mem.h"

#define CHUNK 4096u
#define CHUNKS 8192u
#define FIRST_SLOTS 16384u

struct table {
	uint32_t mask;
	uint32_t slots[]; /* node ids, 0: free */
};

static struct rcp_lock lock = RCP_LOCK_INIT;
static struct rcp_node *chunks[CHUNKS];
static uint32_t next_node = 1;
static struct table *table;
static uint64_t limit;
static uint64_t truncated;

struct rcp_node *
rcp_tree_node(uint32_t id)
{
	struct rcp_node *chunk =
		__atomic_load_n(&chunks[id / CHUNK], __ATOMIC_ACQUIRE);

	return &chunk[id % CHUNK];
}

static uint32_t
hash(uint32_t parent, uint32_t kind, uint32_t ref, uint32_t offset)
{
	uint64_t h = ((uint64_t)parent << 32 | offset) * 0x9e3779b97f4a7c15u;

	h ^= h >> 29;
	h += (uint64_t)ref << 4 | kind;
	h *= 0xbf58476d1ce4e5b9u; /* splitmix64's first multiplier */
	return (uint32_t)(h >> 32);
}

/* The node, or 0 and the slot where it would go in *FREE. */
static uint32_t
find(struct table *t, uint32_t parent, uint32_t kind, uint32_t ref,
     uint32_t offset, uint32_t *free)
{
	uint32_t i = hash(parent, kind, ref, offset) & t->mask;

	for (;; i = (i + 1) & t->mask) {
		uint32_t id = __atomic_load_n(&t->slots[i], __ATOMIC_ACQUIRE);
		const struct rcp_node *n;

		*free = i;
		if (!id)
			return 0;
		n = rcp_tree_node(id);
		if (n->parent == parent && n->offset == offset &&
		    n->ref == ref && n->kind == kind)
			return id;
	}
}

static struct table *
new_table(uint32_t slots)
{
	size_t size = sizeof(struct table) + slots * sizeof(uint32_t);
	struct table *t = rcp_pages_new(size);

	if (t) {
		t->mask = slots - 1;
		rcp_arena_charge(size);
	}
	return t;
}

static bool
grow(void)
{
	struct table *bigger = new_table((table->mask + 1) * 2);
	uint32_t slot;

	if (!bigger)
		return false;
	for (uint32_t id = 1; id < next_node; id++) {
		const struct rcp_node *n = rcp_tree_node(id);

		find(bigger, n->parent, n->kind, n->ref, n->offset, &slot);
		bigger->slots[slot] = id;
	}
	__atomic_store_n(&table, bigger, __ATOMIC_RELEASE);
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

/* The lock is held. */
static uint32_t
add(uint32_t parent, uint32_t kind, uint32_t ref, uint32_t offset)
{
	uint32_t id = next_node, slot;
	struct rcp_node *n;

	if (id >= CHUNK * CHUNKS || is_full(parent))
		return 0;
	if (id > table->mask / 4 * 3 && !grow() && id >= table->mask)
		return 0;
	if (!chunks[id / CHUNK]) {
		n = rcp_arena_new(CHUNK * sizeof(*n));
		if (!n)
			return 0;
		__atomic_store_n(&chunks[id / CHUNK], n, __ATOMIC_RELEASE);
	}
	n = rcp_tree_node(id);
	n->parent = parent;
	n->ref = ref;
	n->offset = offset;
	n->kind = kind & 15;
	n->stamp = 0;
	find(table, parent, kind, ref, offset, &slot);
	next_node = id + 1;
	__atomic_store_n(&table->slots[slot], id, __ATOMIC_RELEASE);
	return id;
}

uint32_t
rcp_tree_intern(uint32_t parent, enum rcp_frame kind, uint32_t ref,
		uint32_t offset)
{
	uint32_t slot, id;

	id = find(__atomic_load_n(&table, __ATOMIC_ACQUIRE), parent, kind, ref,
		  offset, &slot);
	if (id)
		return id;
	rcp_lock_take(&lock);
	id = find(table, parent, kind, ref, offset, &slot);
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

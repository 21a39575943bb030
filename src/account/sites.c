/* SPDX-License-Identifier: MIT
 *
 * sites.c - (call-tree node, kind) <-> site id.
 *
 * Both directions are tables of chunks indexed by number: no hashing.  Chunks
 * appear under the lock and are read without it.
 */
#include "account/internal.h"
#include "base/mem.h"

#define CHUNK RCP_SITE_CHUNK
#define SITE_CHUNKS ((RCP_SITE_MAX + 1) / CHUNK)

struct site {
	uint32_t node;
	uint32_t kind : 4;
	uint32_t stamp : 28; /* file generation in which it was written */
};

struct rcp_node_sites *rcp_sites_by_node[RCP_SITE_NODES / CHUNK];
static struct site *sites[SITE_CHUNKS];
static uint32_t next_site = 1;
static uint64_t limit;
static struct rcp_lock lock = RCP_LOCK_INIT;

uint32_t rcp_site_first = 1;

static struct site *
site_at(uint32_t site)
{
	struct site *chunk =
		__atomic_load_n(&sites[site / CHUNK], __ATOMIC_ACQUIRE);

	return &chunk[site % CHUNK];
}

uint32_t
rcp_site_node(uint32_t site)
{
	return site_at(site)->node;
}

enum rcp_kind
rcp_site_kind(uint32_t site)
{
	return (enum rcp_kind)site_at(site)->kind;
}

uint32_t
rcp_site_next(void)
{
	return __atomic_load_n(&next_site, __ATOMIC_ACQUIRE);
}

bool
rcp_site_stamp(uint32_t site, uint32_t generation)
{
	struct site *s = site_at(site);
	bool stamped = s->stamp == (generation & 0xfffffff);

	s->stamp = generation & 0xfffffff;
	return stamped;
}

/* The lock is held. */
static uint32_t
add_site(uint32_t node, enum rcp_kind kind)
{
	uint32_t id = next_site;
	struct site *s;

	if (id > RCP_SITE_MAX)
		return 0;
	if (!sites[id / CHUNK]) {
		s = rcp_arena_new(CHUNK * sizeof(*s));
		if (!s)
			return 0;
		__atomic_store_n(&sites[id / CHUNK], s, __ATOMIC_RELEASE);
	}
	s = site_at(id);
	s->node = node;
	s->kind = (uint32_t)kind & 15;
	s->stamp = 0;
	__atomic_store_n(&next_site, id + 1, __ATOMIC_RELEASE);
	return id;
}

static struct rcp_node_sites *
node_chunk(uint32_t node)
{
	struct rcp_node_sites *chunk = rcp_sites_by_node[node / CHUNK];

	if (!chunk) {
		chunk = rcp_arena_new(CHUNK * sizeof(*chunk));
		__atomic_store_n(&rcp_sites_by_node[node / CHUNK], chunk,
				 __ATOMIC_RELEASE);
	}
	return chunk;
}

/* The sites that stand for everything past the limit; ids 1 to RCP_KINDS
 * above rcp_site_first - 1. */
static bool
add_truncated(void)
{
	struct rcp_node_sites *chunk = node_chunk(RCP_NODE_TRUNCATED);
	uint32_t id;

	for (int kind = 0; chunk && kind < RCP_KINDS; kind++) {
		id = add_site(RCP_NODE_TRUNCATED, (enum rcp_kind)kind);
		if (!id)
			return false;
		chunk[RCP_NODE_TRUNCATED].site[kind] = id;
	}
	return chunk != NULL;
}

static uint32_t
truncated(enum rcp_kind kind)
{
	return rcp_site_first + (uint32_t)kind;
}

uint32_t
rcp_site_new(uint32_t node, enum rcp_kind kind)
{
	struct rcp_node_sites *chunk;
	uint32_t id = 0;

	if (node >= RCP_SITE_NODES)
		return truncated(kind);
	rcp_lock_take(&lock);
	if (rcp_arena_used() < limit && (chunk = node_chunk(node))) {
		uint32_t *slot = &chunk[node % CHUNK].site[kind];

		id = *slot;
		if (id < rcp_site_first) {
			id = add_site(node, kind);
			if (id)
				__atomic_store_n(slot, id, __ATOMIC_RELEASE);
		}
	}
	rcp_lock_drop(&lock);
	if (id)
		return id;
	rcp_count(RCP_COUNT_TRUNCATED, 1);
	return truncated(kind);
}

bool
rcp_sites_setup(uint64_t memory_limit)
{
	limit = memory_limit;
	return add_truncated();
}

void
rcp_sites_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_sites_fork_done(bool child)
{
	if (!child) {
		rcp_lock_drop(&lock);
		return;
	}
	rcp_lock_reset(&lock);
	rcp_site_first = next_site;
	if (!add_truncated()) {
		/* Out of ids after very many generations of forks: go on with
		 * the parent's.  Inherited blocks then count as our own. */
		rcp_site_first = 1;
	}
}

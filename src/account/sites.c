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

/* A site can not take less than this in all tables together, so that there
 * are never more than the limit divided by it. */
#define LEAST_BYTES 32u

struct site {
	uint32_t node : 25;
	uint32_t kind : 6;
	uint32_t stamp : 1; /* is in the file of `generation` */
};

_Static_assert(RCP_SITE_NODES == 1u << 25, "as many as a site can name");
_Static_assert(RCP_KINDS <= 1u << 6, "kinds of sites");

uint32_t *rcp_sites_by_node[RCP_KINDS][RCP_SITE_NODES / CHUNK];
static struct site *sites[SITE_CHUNKS];
/* Apart from what every event reads. */
static uint32_t next_site __attribute__((aligned(64))) = 1;
static uint32_t max_site = RCP_SITE_MAX - 1; /* the last is no site's */
static uint32_t generation; /* the emit lock's, as all stamps */
static uint64_t limit;
static struct rcp_lock lock = RCP_LOCK_INIT;

uint32_t rcp_site_first __attribute__((aligned(64))) = 1;

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

static __attribute__((noinline)) void
take_stamps_back(uint32_t now)
{
	for (uint32_t i = rcp_site_next() - 1; i > 0; i--)
		site_at(i)->stamp = 0;
	generation = now;
}

bool
rcp_site_stamp(uint32_t site, uint32_t now)
{
	struct site *s = site_at(site);
	bool stamped;

	if (RCP_UNLIKELY(generation != now))
		take_stamps_back(now);
	stamped = s->stamp;
	s->stamp = 1;
	return stamped;
}

/* The lock is held. */
static uint32_t
add_site(uint32_t node, enum rcp_kind kind)
{
	uint32_t id = next_site;
	struct site *s;

	if (id > max_site)
		return 0;
	if (!sites[id / CHUNK]) {
		s = rcp_arena_new(CHUNK * sizeof(*s));
		if (!s)
			return 0;
		__atomic_store_n(&sites[id / CHUNK], s, __ATOMIC_RELEASE);
	}
	s = site_at(id);
	*s = (struct site){ .node = node & (RCP_SITE_NODES - 1),
			    .kind = (uint32_t)kind & 63 };
	__atomic_store_n(&next_site, id + 1, __ATOMIC_RELEASE);
	return id;
}

/* Where the site of (node, kind) stands; NULL: no memory. */
static uint32_t *
slot_of(uint32_t node, enum rcp_kind kind)
{
	uint32_t **chunk = &rcp_sites_by_node[kind][node / CHUNK], *made;

	if (!*chunk) {
		made = rcp_arena_new(CHUNK * sizeof(*made));
		if (!made)
			return NULL;
		__atomic_store_n(chunk, made, __ATOMIC_RELEASE);
	}
	return &(*chunk)[node % CHUNK];
}

/* The sites that stand for everything past the limit; ids 1 to RCP_KINDS
 * above rcp_site_first - 1. */
static bool
add_truncated(void)
{
	for (int kind = 0; kind < RCP_KINDS; kind++) {
		uint32_t *slot = slot_of(RCP_NODE_TRUNCATED,
					 (enum rcp_kind)kind);
		uint32_t id = slot ? add_site(RCP_NODE_TRUNCATED,
					      (enum rcp_kind)kind)
				   : 0;

		if (!id)
			return false;
		*slot = id;
	}
	return true;
}

static uint32_t
truncated(enum rcp_kind kind)
{
	return rcp_site_first + (uint32_t)kind;
}

uint32_t
rcp_site_new(uint32_t node, enum rcp_kind kind)
{
	uint32_t *slot, id = 0;

	if (node >= RCP_SITE_NODES)
		return truncated(kind);
	rcp_lock_take(&lock);
	if (rcp_arena_used() < limit && (slot = slot_of(node, kind))) {
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
	if (limit / LEAST_BYTES < max_site)
		max_site = (uint32_t)(limit / LEAST_BYTES);
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

/* SPDX-License-Identifier: MIT
 *
 * regions.c - see regions.h.  Runs in the hooks of mmap and its family.
 */
#include "account/regions.h"

#include <string.h>

#include "base/lock.h"
#include "base/mem.h"

struct region {
	uintptr_t start, end;
	uint32_t site, birth;
	uint32_t group; /* index of its count of pieces */
	bool reserved;
};

static struct rcp_lock lock = RCP_LOCK_INIT;
static struct region *regions; /* sorted by start, disjoint */
static unsigned used, room;

/* Pieces by group; a free group holds the next free one. */
static uint32_t *pieces;
static uint32_t groups_room, groups_used = 1, groups_free;

static bool
make_room(void)
{
	unsigned more = room ? room * 2 : 128;
	void *p;

	if (used + 1 < room)
		return true;
	p = room ? rcp_pages_grow(regions, room * sizeof(*regions),
				  more * sizeof(*regions))
		 : rcp_pages_new(more * sizeof(*regions));
	if (!p)
		return false;
	regions = p;
	room = more;
	return true;
}

static uint32_t
new_group(void)
{
	uint32_t more = groups_room ? groups_room * 2 : 1024;
	uint32_t id = groups_free;
	void *p;

	if (id) {
		groups_free = pieces[id];
		return id;
	}
	if (groups_used >= groups_room) {
		p = groups_room ? rcp_pages_grow(pieces,
						 groups_room * sizeof(*pieces),
						 more * sizeof(*pieces))
				: rcp_pages_new(more * sizeof(*pieces));
		if (!p)
			return 0;
		pieces = p;
		groups_room = more;
	}
	return groups_used++;
}

/* Index of the first region that ends after P. */
static unsigned
first_after(uintptr_t p)
{
	unsigned low = 0, high = used;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (regions[mid].end <= p)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Room was made. */
static void
insert(unsigned i, const struct region *r)
{
	memmove(regions + i + 1, regions + i, (used - i) * sizeof(*regions));
	regions[i] = *r;
	used++;
}

static void
delete(unsigned i)
{
	used--;
	memmove(regions + i, regions + i + 1, (used - i) * sizeof(*regions));
}

bool
rcp_regions_add(uintptr_t start, const struct rcp_live *block, bool reserved)
{
	struct region r = { start,	  start + block->size,
			    block->site,  block->birth,
			    0,		  reserved };

	rcp_lock_take(&lock);
	if (make_room() && (r.group = new_group())) {
		pieces[r.group] = 1;
		insert(first_after(start), &r);
	}
	rcp_lock_drop(&lock);
	return r.group != 0;
}

/* Cuts [from, to) out of region I, which overlaps it; fills OUT.  False: no
 * memory for the second half of a split. */
static bool
cut(unsigned i, uintptr_t from, uintptr_t to, struct rcp_region_piece *out)
{
	struct region *r = &regions[i];

	if (from < r->start)
		from = r->start;
	if (to > r->end)
		to = r->end;
	out->part.size = to - from;
	out->part.site = r->site;
	out->part.birth = r->birth;
	out->reserved = r->reserved;
	out->start = from;
	out->group = r->group;
	if (from > r->start && to < r->end) {
		struct region rest = *r;

		if (!make_room())
			return false;
		r = &regions[i];
		r->end = from;
		rest.start = to;
		pieces[rest.group]++;
		insert(i + 1, &rest);
	} else if (from > r->start) {
		r->end = from;
	} else if (to < r->end) {
		r->start = to;
	} else {
		pieces[r->group]--;
		delete (i);
	}
	out->last = pieces[out->group] == 0;
	return true;
}

unsigned
rcp_regions_take(uintptr_t start, size_t size, struct rcp_region_piece *out)
{
	uintptr_t end = start + size;
	unsigned n = 0;

	if (end < start)
		return 0;
	rcp_lock_take(&lock);
	while (n < RCP_REGIONS_AT_ONCE) {
		unsigned i = first_after(start);

		if (i >= used || regions[i].start >= end ||
		    !cut(i, start, end, &out[n]))
			break;
		n++;
	}
	rcp_lock_drop(&lock);
	return n;
}

void
rcp_regions_restore(const struct rcp_region_piece *piece)
{
	struct region r = { piece->start,
			    piece->start + piece->part.size,
			    piece->part.site,
			    piece->part.birth,
			    piece->group,
			    piece->reserved };

	rcp_lock_take(&lock);
	if (make_room()) {
		pieces[r.group]++;
		insert(first_after(r.start), &r);
	}
	rcp_lock_drop(&lock);
}

void
rcp_regions_release(const struct rcp_region_piece *piece)
{
	if (!piece->last)
		return;
	rcp_lock_take(&lock);
	pieces[piece->group] = groups_free;
	groups_free = piece->group;
	rcp_lock_drop(&lock);
}

unsigned
rcp_regions_count(void)
{
	return __atomic_load_n(&used, __ATOMIC_RELAXED);
}

void
rcp_regions_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_regions_fork_done(bool child)
{
	if (child)
		rcp_lock_reset(&lock);
	else
		rcp_lock_drop(&lock);
}

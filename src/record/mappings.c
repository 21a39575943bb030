/* SPDX-License-Identifier: MIT
 *
 * mappings.c - see mappings.h.
 */
#include "record/mappings.h"

#include "record/thread.h"
#include "record/tick.h"

#define PAGE 4096ul

static size_t
whole_pages(size_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

static void
take(void *p, size_t size, struct rcp_taken *taken)
{
	taken->start = (uintptr_t)p;
	taken->size = whole_pages(size);
	taken->count = 0;
	if (rcp_regions_count())
		taken->count = rcp_regions_take(taken->start, taken->size,
						taken->pieces);
}

/* It is not counted as mapped. */
static void
forget(void *p, size_t size)
{
	struct rcp_taken taken;

	take(p, size, &taken);
	for (unsigned i = 0; i < taken.count; i++)
		rcp_regions_release(&taken.pieces[i]);
}

void
rcp_record_mapped(struct rcp_tls *t, void *p, size_t size, bool reserved,
		  const void *caller)
{
	struct rcp_thread *th = rcp_thread_get(t);
	struct rcp_live block = { 0 };

	if (!th)
		return;
	size = whole_pages(size);
	rcp_tick(t, th, size);
	block.size = size;
	block.birth = rcp_tick_now();
	block.site = rcp_site_get(rcp_capture_node(&th->capture, caller),
				  RCP_KIND_MMAP);
	if (!rcp_regions_add((uintptr_t)p, &block, reserved))
		return;
	if (reserved)
		rcp_count(RCP_COUNT_RESERVED, (int64_t)size);
	else if (!rcp_account_alloc(&th->account, block.site, size, 1))
		forget(p, size);
}

void
rcp_record_unmapping(struct rcp_tls *t, void *p, size_t size,
		     struct rcp_taken *taken)
{
	taken->count = 0;
	/* An address within a page is refused. */
	if ((uintptr_t)p % PAGE)
		return;
	take(p, size, taken);
	rcp_record_range_gone(t, p, taken->size);
}

static void
account_pieces(struct rcp_thread *th, const struct rcp_region_piece *pieces,
	       unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct rcp_region_piece *piece = &pieces[i];

		rcp_regions_release(piece);
		if (piece->reserved) {
			rcp_count(RCP_COUNT_RESERVED,
				  -(int64_t)piece->part.size);
			continue;
		}
		rcp_account_free(&th->account, piece->part.site,
				 piece->part.size, piece->last,
				 rcp_tick_age(piece->part.birth), false);
	}
}

void
rcp_record_unmapped(struct rcp_tls *t, const struct rcp_taken *taken)
{
	struct rcp_thread *th = rcp_thread_get(t);
	struct rcp_taken more;

	if (!th)
		return;
	account_pieces(th, taken->pieces, taken->count);
	/* More pieces than fitted: the range is gone, they can follow now. */
	more.count = taken->count;
	while (more.count == RCP_REGIONS_AT_ONCE) {
		more.count = rcp_regions_take(taken->start, taken->size,
					      more.pieces);
		account_pieces(th, more.pieces, more.count);
	}
}

void
rcp_record_mapped_over(struct rcp_tls *t, void *p, size_t size)
{
	struct rcp_taken stale;

	take(p, size, &stale);
	if (!stale.count)
		return;
	rcp_record_range_gone(t, p, stale.size);
	rcp_record_unmapped(t, &stale);
}

void
rcp_record_unmap_failed(const struct rcp_taken *taken)
{
	for (unsigned i = 0; i < taken->count; i++)
		rcp_regions_restore(&taken->pieces[i]);
}

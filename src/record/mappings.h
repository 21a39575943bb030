/* SPDX-License-Identifier: MIT
 *
 * mappings.h - events of the program's own mmap, munmap and mremap.
 *
 * As for blocks: taken out before the real call, put back when it fails.  Blocks
 * that stand in the range are none of malloc's, or it would not be unmapped:
 * they end before the call, while no other thread can be handed the range, and
 * stay ended.
 * Between rcp_enter() and rcp_leave().
 */
#ifndef RCP_RECORD_MAPPINGS_H
#define RCP_RECORD_MAPPINGS_H

#include "account/regions.h"
#include "record/record.h"

/* What was taken out of a range before a call; on the caller's stack. */
struct rcp_taken {
	uintptr_t start;
	size_t size;
	unsigned count; /* pieces held; further ones stayed in the table */
	struct rcp_region_piece pieces[RCP_REGIONS_AT_ONCE];
};

/* An anonymous mapping of SIZE bytes at P exists.  RESERVED: PROT_NONE or
 * NORESERVE, counted apart and never live. */
void rcp_record_mapped(struct rcp_tls *t, void *p, size_t size, bool reserved,
		       const void *caller);

/* An anonymous mapping or a file's is at [P, P + SIZE), at a free place: what is
 * still known there was unmapped behind our back. */
void rcp_record_mapped_over(struct rcp_tls *t, void *p, size_t size);

/* [P, P + SIZE) is about to be unmapped or mapped over. */
void rcp_record_unmapping(struct rcp_tls *t, void *p, size_t size,
			  struct rcp_taken *taken);
void rcp_record_unmapped(struct rcp_tls *t, const struct rcp_taken *taken);
void rcp_record_unmap_failed(const struct rcp_taken *taken);

#endif

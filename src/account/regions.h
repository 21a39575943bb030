/* SPDX-License-Identifier: MIT
 *
 * regions.h - the program's own anonymous mappings: ranges that can be cut
 * into pieces, which no table by address can follow.
 *
 * A mapping and what is left of it after cuts are pieces of one group; the
 * group's last piece is the block's free.  Rare events (each is a system call
 * of the program's), so one lock and a sorted array do.
 */
#ifndef RCP_ACCOUNT_REGIONS_H
#define RCP_ACCOUNT_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/live.h"

#define RCP_REGIONS_AT_ONCE 16

/* A piece that was taken out. */
struct rcp_region_piece {
	struct rcp_live part; /* size: of this piece */
	bool last;            /* nothing is left of its mapping */
	bool reserved;        /* PROT_NONE or NORESERVE: never was live */
	uintptr_t start;
	uint32_t group;
};

/* Remembers [START, START + block->size).  False: no memory. */
bool rcp_regions_add(uintptr_t start, const struct rcp_live *block,
		     bool reserved);

/* Takes what overlaps [START, START + SIZE) out, at most RCP_REGIONS_AT_ONCE
 * pieces a call; returns their number, 0 when nothing (more) overlaps. */
unsigned rcp_regions_take(uintptr_t start, size_t size,
			  struct rcp_region_piece *out);

/* Puts a piece back where it was (the munmap failed). */
void rcp_regions_restore(const struct rcp_region_piece *piece);

/* The piece is gone for good; each taken piece is restored or released. */
void rcp_regions_release(const struct rcp_region_piece *piece);

/* For the callers that take before a call and restore after its failure: how
 * many regions are known.  0: nothing to look for. */
unsigned rcp_regions_count(void);

void rcp_regions_fork_prepare(void);
void rcp_regions_fork_done(bool child);

#endif

/* SPDX-License-Identifier: MIT
 *
 * record.h - one function per event; what interpose and pyhooks call.
 *
 * Each call is made between rcp_enter() and rcp_leave() of base/tls.h, by the
 * thread that the event belongs to.  None allocates, blocks for long, or
 * changes errno.
 *
 * The order that keeps addresses honest: the real allocation first, then
 * rcp_record_allocated(); rcp_record_remove() first, then the real free or
 * realloc, then rcp_record_freed() - or rcp_record_restore() when the real
 * realloc failed.  Otherwise another thread could be handed the address in
 * between.
 */
#ifndef RCP_RECORD_RECORD_H
#define RCP_RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/live.h"
#include "base/tls.h"
#include "rcprof/format.h"

/* What the live table knew about a block. */
struct rcp_block {
	struct rcp_live live;
	bool known; /* false: the block was never seen */
};

/* P (not NULL) was allocated with SIZE requested bytes.  CALLER is the return
 * address of the hook: the one native frame where no Python frame is to be
 * had. */
void rcp_record_allocated(struct rcp_tls *t, void *p, size_t size,
			  enum rcp_kind kind, const void *caller);

/* Takes P's record out of the live table; fills OLD; does not account. */
void rcp_record_remove(struct rcp_tls *t, void *p, struct rcp_block *old);

/* P, whose record was OLD, has been freed. */
void rcp_record_freed(struct rcp_tls *t, void *p, const struct rcp_block *old);

/* The real realloc failed: P lives on as OLD. */
void rcp_record_restore(struct rcp_tls *t, void *p,
			const struct rcp_block *old);

/* The real realloc turned P (OLD) into Q with SIZE bytes: one free and one
 * allocation, in one step so that no peak appears between. */
void rcp_record_moved(struct rcp_tls *t, void *p, const struct rcp_block *old,
		      void *q, size_t size, enum rcp_kind kind,
		      const void *caller);

/* The address range was given back in one piece (an arena, munmap): blocks
 * still recorded in it end as unseen frees. */
void rcp_record_range_gone(struct rcp_tls *t, void *p, size_t size);

/* pymalloc's arenas: BYTES more (or, negative, less) are mapped. */
void rcp_record_arena(int64_t bytes);

#endif

/* SPDX-License-Identifier: MIT
 *
 * record.h - one function per event; what interpose and pyhooks call.
 *
 * Each call is made between rcp_enter() and rcp_leave() of base/tls.h, by the
 * thread that the event belongs to.  None allocates, blocks for long, or
 * changes errno.
 *
 * The order that keeps addresses honest: the real allocation first, then
 * rcp_record_allocated(); rcp_record_free() first, then the real free;
 * rcp_record_remove() first, then the real realloc, then rcp_record_moved() -
 * or rcp_record_restore() when that failed.  Otherwise another thread could be handed the address in
 * between.
 */
#ifndef RCP_RECORD_RECORD_H
#define RCP_RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/live.h"
#include "account/samples.h"
#include "base/tls.h"
#include "rcprof/format.h"
#include "record/settings.h"

/* What the live table knew about a block. */
struct rcp_block {
	struct rcp_live live;
	struct rcp_sample sample; /* sample mode: instead of `live` */
	bool known; /* false: the block was never seen, or is no sample */
	uint32_t object; /* not 0: it held one; `live` is the block's all the
			    same.  See record/object.h.  Sample mode: its
			    type, should it have been one all along, */
	unsigned before; /* and where it began */
};

/* Asked once for each successful allocation and reallocation, of SIZE bytes:
 * is it one to record? */
static inline bool
rcp_record_wants(struct rcp_tls *t, size_t size)
{
	if (size >= t->countdown)
		return true;
	t->countdown -= size + 1; /* record/sampler.h has the one byte */
	return false;
}

/* May there be a record of P?  If not, its free is no event. */
static inline bool
rcp_record_may_know(const void *p)
{
	return !rcp_record_settings.sampling ||
	       rcp_filter_may_have((uintptr_t)p);
}

/* P (not NULL) was allocated with SIZE requested bytes, and is wanted.  CALLER is the return
 * address of the hook: the one native frame where no Python frame is to be
 * had. */
void rcp_record_allocated(struct rcp_tls *t, void *p, size_t size,
			  enum rcp_kind kind, const void *caller);

/* Takes P's record out of the live table; fills OLD; does not account. */
void rcp_record_remove(struct rcp_tls *t, void *p, struct rcp_block *old);

/* P, whose record was OLD, has been freed. */
void rcp_record_freed(struct rcp_tls *t, void *p, const struct rcp_block *old);

/* Both in one, before the real free: that can not fail. */
void rcp_record_free(struct rcp_tls *t, void *p);

/* The real realloc failed: P lives on as OLD. */
void rcp_record_restore(struct rcp_tls *t, void *p,
			const struct rcp_block *old);

/* The real realloc turned P (OLD) into Q with SIZE bytes: one free and one
 * allocation, in one step so that no peak appears between.  Q is wanted; a known
 * block that turned into one that is not has been freed. */
void rcp_record_moved(struct rcp_tls *t, void *p, const struct rcp_block *old,
		      void *q, size_t size, enum rcp_kind kind,
		      const void *caller);

/* The address range was given back in one piece (an arena, munmap): blocks
 * still recorded in it end as unseen frees. */
void rcp_record_range_gone(struct rcp_tls *t, void *p, size_t size);

/* pymalloc's arenas: BYTES more (or, negative, less) are mapped, at P. */
void rcp_record_arena(const void *p, int64_t bytes);

#endif

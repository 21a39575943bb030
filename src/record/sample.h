/* SPDX-License-Identifier: MIT
 *
 * sample.h - record.h's functions in sample mode; record.c calls them.
 */
#ifndef RCP_RECORD_SAMPLE_H
#define RCP_RECORD_SAMPLE_H

#include "record/record.h"

void rcp_sample_allocated(struct rcp_tls *t, void *p, size_t size,
			  enum rcp_kind kind, const void *caller);
void rcp_sample_remove(void *p, struct rcp_block *old);
void rcp_sample_freed(struct rcp_tls *t, void *p, const struct rcp_block *old);
void rcp_sample_restore(struct rcp_tls *t, void *p,
			const struct rcp_block *old);
void rcp_sample_moved(struct rcp_tls *t, void *p, const struct rcp_block *old,
		      void *q, size_t size, enum rcp_kind kind,
		      const void *caller);
void rcp_sample_range_gone(struct rcp_tls *t, void *p, size_t size);

/* object_sample.c.  P, whose sample is a MAYBE, is about to be freed: what is
 * it? */
void rcp_sample_tell(uintptr_t p, struct rcp_block *old);
/* BLOCK is freed, and with it the object that it may hold. */
void rcp_sample_object_gone(struct rcp_thread *th, struct rcp_block *old,
			    uintptr_t block);
/* The same of one that nobody has freed. */
void rcp_sample_object_unseen(struct rcp_thread *th,
			      const struct rcp_sample *s);

#endif

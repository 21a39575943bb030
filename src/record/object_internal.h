/* SPDX-License-Identifier: MIT
 *
 * object_internal.h - what object.c and object_sample.c share.
 */
#ifndef RCP_RECORD_OBJECT_INTERNAL_H
#define RCP_RECORD_OBJECT_INTERNAL_H

#include "account/chunks.h"
#include "account/object_books.h"
#include "account/objects.h"
#include "record/object.h"
#include "record/thread.h"

struct rcp_objects *rcp_object_books_slow(struct rcp_thread *th);

/* TH's books, its own since the last fork; NULL: no memory. */
static inline struct rcp_objects *
rcp_object_books(struct rcp_thread *th)
{
	struct rcp_objects *o = th->objects;

	if (RCP_LIKELY(o != NULL))
		return o;
	return rcp_object_books_slow(th);
}

/* Where the thread is; CALLER for one without frames. */
static inline uint32_t
rcp_object_site(struct rcp_thread *th, const void *caller)
{
	return rcp_site_get(rcp_capture_node(&th->capture, caller),
			    RCP_KIND_PYTHON);
}

/* The block that an object at OP would stand in: an object begins at its
 * block's beginning, or behind one or two words of the collector's and the
 * interpreter's, each 16 bytes. */
static inline __attribute__((always_inline)) uint32_t *
rcp_object_head(uintptr_t op, unsigned *before)
{
	uint32_t *here = rcp_shadow_at(op);

	/* The words of neighbours are neighbours, but for a leaf's first. */
	if (here && ((op >> 4) & (RCP_SHADOW_WORDS - 1)) >= 2) {
		unsigned n = here[0] & RCP_HEAD ? 0 :
			     here[-1] & RCP_HEAD ? 1 : 2;
		uint32_t *w = here - n;

		*before = 16 * n;
		return (*w & RCP_HEAD) && rcp_head_size(w) >= *before + 16 ?
			       w :
			       NULL;
	}
	for (*before = 0; *before <= 32; *before += 16) {
		uint32_t *w = rcp_head_at(op - *before);

		if (w && rcp_head_size(w) >= *before + 16)
			return w;
	}
	return NULL;
}

/* The same where malloc's own blocks may hold objects, too. */
static inline __attribute__((always_inline)) uint32_t *
rcp_object_block(uintptr_t op, unsigned *before)
{
	uint32_t *w = rcp_object_head(op, before);

	if (RCP_UNLIKELY(!w && rcp_chunk_leaves) &&
	    (rcp_chunk_move(op) || rcp_chunk_move(op - 16) ||
	     rcp_chunk_move(op - 32)))
		w = rcp_object_head(op, before);
	return w;
}

/* Of a death: its last line, where that is all that is kept.  Counted so. */
uint32_t rcp_object_death_site(struct rcp_thread *th, const void *caller);

/* Is the thread inside the collector? */
bool rcp_object_collecting(void);
/* BLOCK got its object there: it is not the collector's doing if it dies. */
void rcp_object_born_inside(uintptr_t block);
/* Whose doing it is that the object in BLOCK dies now. */
enum rcp_death rcp_object_cause(uintptr_t block);

/* object_sample.c: object.h's functions in sample mode. */
enum rcp_dying rcp_sample_dying(struct rcp_tls *t, uintptr_t op,
				const void *caller, unsigned *before);
void rcp_sample_died_unborn(struct rcp_tls *t, uintptr_t block,
			    unsigned before, uint32_t type,
			    const void *caller);
bool rcp_sample_is_dead(uintptr_t op);
void rcp_sample_resurrected(struct rcp_tls *t, uintptr_t op);

#endif

/* SPDX-License-Identifier: MIT
 *
 * birth_hot.h - the birth of an object in exact mode, when nothing about it is
 * rare; see object_hot.h.  Most births are like one of not long ago: the same
 * type, at the same site or, of a block from a free list, the same node.
 * The books remember where those are counted.
 */
#ifndef RCP_RECORD_BIRTH_HOT_H
#define RCP_RECORD_BIRTH_HOT_H

#include "record/object_hot.h"

/* One was born.  False: SITE, captured just now, may end a cascade. */
static RCP_INLINE bool
rcp_object_is_born(struct rcp_thread *th)
{
	rcp_objects_count(RCP_OBJECTS_BORN);
	return RCP_LIKELY(rcp_cascade_ended_alone(&th->cascading));
}

/* A block of which it is known only that it is allocated: one whose object will have
 * a packed record? */
static RCP_INLINE bool
rcp_block_will_pack(uint32_t head, uint32_t size)
{
	return (head & ~RCP_HEAD_SITE) ==
		       (RCP_HEAD | RCP_HEAD_BLOCK | RCP_HEAD_LARGE) &&
	       size <= RCP_PACKED_SIZE;
}

/* The first object in the packed block at W; SITE and SIZE are the block's. */
static RCP_INLINE void
rcp_head_first(uint32_t *w, uint32_t site, uint32_t size, uint32_t id)
{
	w[1] = site << 8 | size;
	rcp_head_put(w, RCP_HEAD_PACKED, id);
}

/* In the block that the thread has allocated just now; the object begins BEFORE
 * bytes behind its beginning, and its type is at TYPE.  *SITE: the block's.  False:
 * nothing was done. */
static RCP_INLINE bool
rcp_record_born_like(const struct rcp_mutator *m, const void *type,
		     uintptr_t before, uint32_t *site)
{
	uint32_t *w = m->th->last_word, head, size, is;

	if (RCP_UNLIKELY(!w))
		return false;
	head = w[0];
	size = w[1];
	*site = head & RCP_HEAD_SITE;
	is = rcp_birth_look(m->o, type, *site);
	if (RCP_UNLIKELY(!is) ||
	    RCP_UNLIKELY(rcp_birth_before(is) != before) ||
	    RCP_UNLIKELY(!rcp_block_will_pack(head, size)) ||
	    RCP_UNLIKELY(size <= before))
		return false;
	rcp_birth_again(m->o, is, size);
	rcp_head_first(w, *site, size, rcp_birth_origin(is));
	return true;
}

/* The same of a type that has been looked up.  Other arguments as for
 * rcp_record_born(). */
static RCP_INLINE uint32_t
rcp_record_born_first(const struct rcp_mutator *m, const void *type,
		      uint32_t number, unsigned before)
{
	uint32_t *w = m->th->last_word, head, site, size, id;

	if (RCP_UNLIKELY(!w))
		return 0;
	head = w[0];
	size = w[1];
	site = head & RCP_HEAD_SITE;
	if (RCP_UNLIKELY(!rcp_block_will_pack(head, size)) ||
	    RCP_UNLIKELY(site >= RCP_PACKED_SITES) ||
	    RCP_UNLIKELY(size <= before))
		return 0;
	id = rcp_origin_again(site, number);
	if (RCP_UNLIKELY(!id) ||
	    RCP_UNLIKELY(!rcp_objects_born_again(m->o, id, size)))
		return 0;
	rcp_birth_remember(m->o, type, site, id, before);
	rcp_head_first(w, site, size, id);
	return site;
}

/* The node of the stack at a birth from a free list. */
static RCP_INLINE uint32_t
rcp_record_birth_node(struct rcp_tls *t, const struct rcp_mutator *m)
{
	uint32_t node;

	/* No allocation has looked at the clock. */
	rcp_tick(t, m->th, 0);
	node = rcp_capture_sealed(&m->th->capture, m->way, m->tstate, NULL);
	return RCP_LIKELY(node != RCP_NODE_NONE) ?
		       node :
		       rcp_capture_node(&m->th->capture, NULL);
}

/* The word of OP's own 16 bytes, from which rcp_packed_word() is reached; NULL: look
 * again.  It comes while the stack is looked at. */
static RCP_INLINE uint32_t *
rcp_birth_word(uintptr_t op)
{
	uint32_t *at = rcp_shadow_at(op);

	/* The words of neighbours are neighbours, but for a leaf's first. */
	if (RCP_UNLIKELY(rcp_shadow_index(op) % RCP_SHADOW_WORDS < 2))
		return NULL;
	__builtin_prefetch(at, 1);
	return at;
}

/* The block that begins BEFORE bytes before AT's, if it has a packed record and room
 * for more; else NULL.  No block but one with an object is packed. */
static RCP_INLINE uint32_t *
rcp_packed_word(uint32_t *at, unsigned before)
{
	uint32_t *w = at - before / 16;

	return RCP_LIKELY(rcp_head_is_packed(w[0])) &&
			       RCP_LIKELY((w[1] & RCP_PACKED_SIZE) > before) ?
		       w :
		       NULL;
}

/* One more object in the packed block of SIZE bytes at W, whose head is HEAD. */
static RCP_INLINE void
rcp_head_again(const struct rcp_mutator *m, uint32_t *w, uint32_t head,
	       uint32_t size, uint32_t id)
{
	if ((head & RCP_HEAD_STATE) == RCP_HEAD_ALIVE)
		rcp_object_died_unseen(m->o, head & RCP_HEAD_SITE, size);
	if (size > 48)
		w[3] = rcp_tick_now() & ~RCP_HEAD;
	rcp_head_put(w, RCP_HEAD_PACKED_REBORN, id);
}

/* In a packed block that comes from a free list; AT is of rcp_birth_word(), the stack
 * is NODE.  False: nothing was done. */
static RCP_INLINE bool
rcp_record_reborn_like(const struct rcp_mutator *m, const void *type,
		       uint32_t *at, uint32_t node)
{
	uint32_t is = rcp_birth_look(m->o, type, node | RCP_BIRTH_NODE);
	uint32_t *w, head, size;

	if (RCP_UNLIKELY(!is))
		return false;
	w = rcp_packed_word(at, rcp_birth_before(is));
	if (RCP_UNLIKELY(!w))
		return false;
	head = w[0];
	size = w[1] & RCP_PACKED_SIZE;
	rcp_birth_again(m->o, is, size);
	rcp_head_again(m, w, head, size, rcp_birth_origin(is));
	return true;
}

/* The same of a type that has been looked up. */
static RCP_INLINE bool
rcp_record_reborn(const struct rcp_mutator *m, const void *type,
		  uint32_t number, uint32_t *at, unsigned before,
		  uint32_t node)
{
	uint32_t *w, id;

	if (RCP_UNLIKELY(before >= RCP_BIRTH_BEFORE))
		return false;
	w = rcp_packed_word(at, before);
	if (RCP_UNLIKELY(!w))
		return false;
	id = rcp_origin_again(rcp_site_get(node, RCP_KIND_PYTHON), number);
	if (RCP_UNLIKELY(!id) ||
	    RCP_UNLIKELY(!rcp_objects_born_again(m->o, id,
						 w[1] & RCP_PACKED_SIZE)))
		return false;
	rcp_birth_remember(m->o, type, node | RCP_BIRTH_NODE, id, before);
	rcp_head_again(m, w, w[0], w[1] & RCP_PACKED_SIZE, id);
	return true;
}

#endif

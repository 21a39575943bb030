/* SPDX-License-Identifier: MIT
 *
 * tails.h - merged stacks that are met again.  A tail is what plain unwinding
 * has read on its way from the hook to a call of the evaluator that was there
 * when the stack was last merged, that call's own frame included, and the calls
 * of the evaluator on that way.  Where its words stand there again, where all
 * words outside of it and all of Python's frames are accounted for, the node
 * of the merged stack is known.  doc/UNWINDING.md has the argument.
 *
 * On the hot path of every allocation with a mixed stack; runs inside malloc.
 */
#ifndef RCP_CAPTURE_TAILS_H
#define RCP_CAPTURE_TAILS_H

#include <stddef.h>

#include "capture/native.h"
#include "capture/tree.h"
#include "unwind/reach.h"

/* KEY: of the innermost Python frame. */
static inline uint64_t
rcp_tail_hash(const void *frame, uintptr_t caller, uintptr_t key)
{
	return ((uintptr_t)frame ^ caller << 20 ^ key << 7) *
	       0x9e3779b97f4a7c15u;
}

/* The first of two. */
static inline struct rcp_tail *
rcp_tail_slot(struct rcp_native *n, uint64_t hash)
{
	return &n->tails->tails[hash >> 40 & (RCP_TAILS - 2)];
}

static inline struct rcp_tail_node *
rcp_tail_node_slot(struct rcp_native *n, uint32_t tail, uint32_t base,
		   uint32_t python)
{
	uint64_t h = ((uint64_t)python << 32 ^ (uint64_t)base << 16 ^ tail) *
		     0x9e3779b97f4a7c15u;

	return &n->tails->nodes[h >> 40 & (RCP_TAIL_NODES - 1)];
}

/* Does X lead to OUTER, which is in the trace, from a frame with MARK in it? */
static inline bool
rcp_tail_leads_to(const struct rcp_tail *x, const struct rcp_step *outer,
		  const struct rcp_native_mark *mark)
{
	return x->outer.slot == outer->slot && x->outer.value == outer->value &&
	       x->outer.rule == outer->rule && x->mark == mark->at;
}

static inline uintptr_t
rcp_tail_word(const char *frame, uint16_t at)
{
	return *(const uintptr_t *)(const void *)(frame + at);
}

/* Are X's words those of the stack, from FRAME on?  In their order, so that each
 * that is read is one that plain unwinding would read. */
RCP_READS_ANY static inline bool
rcp_tail_is_here(const struct rcp_tail *x, const char *frame)
{
	const uint16_t *at = x->at, *end = at + x->count;
	const uintptr_t *value = x->value;

	do {
		if (rcp_tail_word(frame, at[0]) != value[0] ||
		    rcp_tail_word(frame, at[1]) != value[1] ||
		    rcp_tail_word(frame, at[2]) != value[2] ||
		    rcp_tail_word(frame, at[3]) != value[3])
			return false;
		at += 4;
		value += 4;
	} while (at < end);
	return true;
}

/* Are the words from E on what they were? */
RCP_READS_ANY static inline bool
rcp_tail_rest(const struct rcp_step *e, const struct rcp_step *end)
{
	for (; e + 4 <= end; e += 4)
		if (*e[0].slot != e[0].value || *e[1].slot != e[1].value ||
		    *e[2].slot != e[2].value || *e[3].slot != e[3].value)
			return false;
	while (*e->slot == e->value)
		e++;
	return e == end;
}

/* The tail that leads from FRAME to OUTER now, or NULL. */
static inline const struct rcp_tail *
rcp_tail_find(const struct rcp_tail *x, const char *frame,
	      const struct rcp_step *outer, const struct rcp_native_mark *mark)
{
	const struct rcp_tail *end = x + 2;

	do
		if (x->frame == frame && rcp_tail_leads_to(x, outer, mark) &&
		    rcp_tail_is_here(x, frame))
			return x;
	while (++x < end);
	return NULL;
}

/* Of a stack with tail X, outside of which is BASE, and the Python frames
 * PYTHON.  NONE: it has not been met. */
static inline uint32_t
rcp_tail_node(struct rcp_native *n, const struct rcp_tail *x, uint32_t base,
	      uint32_t python)
{
	const struct rcp_tail_node *m =
		rcp_tail_node_slot(n, x->id, base, python);

	if (RCP_LIKELY(m->tail == x->id && m->base == base &&
		       m->python == python))
		return m->node;
	return RCP_NODE_NONE;
}

/* Can Python code see F?  Where it can not, no node is F's. */
static inline bool
rcp_tail_sees(const struct rcp_capture_frame *f)
{
	return f->node != f[1].node;
}

/* Are X's marks those among the frames from LEAF to OUTERMOST? */
static inline bool
rcp_tail_has_shims(const struct rcp_tail *x, enum rcp_py_way way,
		   const struct rcp_capture_frame *leaf,
		   const struct rcp_capture_frame *outermost)
{
	const struct rcp_tail_mark *m = x->marks;
	unsigned n = 0;

	for (; leaf <= outermost; leaf++) {
		if (RCP_LIKELY(!rcp_py_is_shim(way, leaf->frame))) {
			n += x->inner && rcp_tail_sees(leaf);
			continue;
		}
		if (m->at != leaf->frame || m->frames != n)
			return false;
		m++;
	}
	return m == x->marks + x->inner;
}

/* Are X's marks these N, which are no frames?  Those stand before END. */
static inline bool
rcp_tail_has_marks(const struct rcp_tail *x, const struct rcp_py_mark *marks,
		   unsigned n, const struct rcp_capture_frame *leaf,
		   const struct rcp_capture_frame *end)
{
	const struct rcp_tail_mark *m = x->marks;
	unsigned frames = 0;

	if (x->inner != n)
		return false;
	for (; n > 0; n--, m++, marks++) {
		for (; leaf < end && leaf->frame != marks->outer; leaf++)
			frames += rcp_tail_sees(leaf);
		if (leaf == end || m->at != marks->at || m->frames != frames)
			return false;
	}
	return true;
}

/* Keeps what C's stack is now, from FRAME to the native frame of MARK, if it
 * is met again.  NULL: it is not kept. */
const struct rcp_tail *rcp_tail_keep(struct rcp_capture *c,
				     enum rcp_py_way way,
				     const struct rcp_native_mark *mark,
				     const char *frame, uintptr_t caller);

/* What the stack with tail X outside of which is BASE, and the Python frames
 * PYTHON, is from now on known by. */
static inline void
rcp_tail_name(struct rcp_native *n, const struct rcp_tail *x, uint32_t base,
	      uint32_t python, uint32_t node)
{
	*rcp_tail_node_slot(n, x->id, base, python) = (struct rcp_tail_node){
		.tail = x->id, .base = base, .python = python, .node = node
	};
}

void rcp_tails_forget(struct rcp_native *n);

#endif

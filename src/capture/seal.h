/* SPDX-License-Identifier: MIT
 *
 * seal.h - how a stack is known to be the previous one without a look at each of
 * its frames.
 *
 * In 3.11 and 3.12 a frame keeps its stack pointer while it waits: for what it
 * calls without leaving the evaluator, and when a generator yields.  While it
 * executes, -1 stands there, of which nothing is read but that it is less than
 * 1.  We make that -2.  Each call, each return to the frame, each start of it
 * overwrites it.  So as long as -2 stands in a frame it is the same run of it, and
 * what is farther out has waited all the time.  What it calls by way of C, a class
 * with an __init__ for instance, is farther in: there the walk ends at it.
 *
 * A frame is sealed when it is innermost and its stack has been walked.  What the
 * previous stack has of it is of that walk or a later one, which was in the same
 * run.
 */
#ifndef RCP_CAPTURE_SEAL_H
#define RCP_CAPTURE_SEAL_H

#include <string.h>

#include "capture/nodes.h"
#include "capture/tree.h"

/* Few stacks are taken: frames are left as they are. */
extern bool rcp_seals_none RCP_HIDDEN;

#define RCP_FRAME_EXECUTES (-1)
#define RCP_FRAME_SEALED (-2)

RCP_PY_INLINE bool
rcp_has_seals(enum rcp_py_way way)
{
	return way == RCP_PY_WAY_CFRAMES_SHARED || way == RCP_PY_WAY_CFRAMES;
}

/* F is on the stack, and in an entry of the previous one.  Are the frames farther
 * out what they are there? */
RCP_PY_INLINE bool
rcp_is_sealed(enum rcp_py_way way, const char *f)
{
	return rcp_has_seals(way) &&
	       rcp_py_int(f, rcp_py_layout_by(way)->frame_stacktop) ==
		       RCP_FRAME_SEALED;
}

/* The stack has been walked just now; LEAF is its innermost frame. */
RCP_PY_INLINE void
rcp_seal(enum rcp_py_way way, const char *leaf)
{
	static const int32_t sealed = RCP_FRAME_SEALED;
	unsigned at = rcp_py_layout_by(way)->frame_stacktop;

	if (rcp_has_seals(way) && RCP_LIKELY(at) &&
	    RCP_LIKELY(!rcp_seals_none) &&
	    rcp_py_int(leaf, at) == RCP_FRAME_EXECUTES)
		memcpy((char *)(uintptr_t)leaf + at, &sealed, sizeof(sealed));
}

/* The stack from LEAF on, which is not the innermost frame of the previous one,
 * where frames are reached by WAY. */
RCP_PY_INLINE uint32_t
rcp_capture_walk(struct rcp_capture *c, enum rcp_py_way way,
		 const void *caller, const char *leaf)
{
	return way == RCP_PY_WAY_CFRAMES_SHARED ?
		       rcp_capture_walk_cframes_shared(c, caller, leaf) :
		       rcp_capture_walk_cframes(c, caller, leaf);
}

/* The node of the calling thread's stack, whose state is TSTATE, reached by WAY,
 * if it has another innermost frame than the previous one, or is sealed and its line
 * is known.  RCP_NODE_NONE: rcp_capture_node() is to be asked. */
RCP_PY_INLINE uint32_t
rcp_capture_sealed(struct rcp_capture *c, enum rcp_py_way way,
		   const char *tstate, const void *caller)
{
	struct rcp_capture_frame *e = c->leaf;
	struct rcp_capture_memo *m;
	const char *leaf;
	uintptr_t key;

	if (!rcp_has_seals(way) || RCP_UNLIKELY(rcp_native_on) ||
	    RCP_UNLIKELY(c->epoch != rcp_capture_now()))
		return RCP_NODE_NONE;
	leaf = rcp_py_top(way, tstate);
	if (leaf != e->frame)
		return rcp_capture_walk(c, way, caller, leaf);
	if (!leaf)
		__builtin_unreachable(); /* no entry has NULL */
	if (!rcp_is_sealed(way, leaf))
		return RCP_NODE_NONE;
	key = rcp_py_key(way, leaf);
	if (key != e->key) {
		m = rcp_memo_slot(c, e[1].node, key);
		if (RCP_UNLIKELY(!rcp_is_memo(m, e[1].node, key)))
			return RCP_NODE_NONE;
		rcp_capture_leaf_is(c, key, m->node);
	}
	return RCP_LIKELY(e->node > RCP_TREE_TRUNCATED) ? e->node :
							  RCP_NODE_NONE;
}

/* The same wherever that is, by the state that can be told without a call. */
RCP_PY_INLINE uint32_t
rcp_capture_own_sealed_by(struct rcp_capture *c, enum rcp_py_way way,
			  const void *caller)
{
	const char *tstate = rcp_py_own(way);

	return RCP_LIKELY(tstate) ? rcp_capture_sealed(c, way, tstate, caller) :
				    RCP_NODE_NONE;
}

RCP_PY_INLINE uint32_t
rcp_capture_own_sealed(struct rcp_capture *c, const void *caller)
{
	enum rcp_py_way way = atomic_load_explicit(&rcp_py_rt.way,
						   memory_order_relaxed);

	if (RCP_LIKELY(way == RCP_PY_WAY_CFRAMES))
		return rcp_capture_own_sealed_by(c, RCP_PY_WAY_CFRAMES,
						 caller);
	if (way == RCP_PY_WAY_CFRAMES_SHARED)
		return rcp_capture_own_sealed_by(c, RCP_PY_WAY_CFRAMES_SHARED,
						 caller);
	return RCP_NODE_NONE;
}

#endif

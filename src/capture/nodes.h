/* SPDX-License-Identifier: MIT
 *
 * nodes.h - from (parent, key) to a node: each thread's memo of what the
 * tables of code, modules and the tree have said.
 */
#ifndef RCP_CAPTURE_NODES_H
#define RCP_CAPTURE_NODES_H

#include "capture/capture.h"
#include "python/walk.h"

/* Parents that no node is: keys that are native addresses, and leaves of
 * stacks past the memory limit. */
#define RCP_MEMO_NATIVE UINT32_MAX
#define RCP_MEMO_FOLDED (UINT32_MAX - 1)

/* Beside the number of a node that is the parent of a native frame: a key of
 * Python's may be the same number. */
#define RCP_MEMO_FRAME (1u << 30)

static inline struct rcp_capture_memo *
rcp_memo_slot(struct rcp_capture *c, uint32_t parent, uintptr_t key)
{
	uint64_t h = (key ^ ((uint64_t)parent << 32)) * 0x9e3779b97f4a7c15u;

	return &c->memo[h >> 53 & (RCP_CAPTURE_MEMO - 1)];
}

/* An unused one says that the stack without a frame has no frame. */
static inline bool
rcp_is_memo(const struct rcp_capture_memo *m, uint32_t parent, uintptr_t key)
{
	return m->key == key && m->parent == parent;
}

/* M is to be filled: a new epoch has it to clear. */
static inline struct rcp_capture_memo *
rcp_memo_take(struct rcp_capture *c, struct rcp_capture_memo *m)
{
	if (c->filled_count < RCP_CAPTURE_FEW)
		c->filled[c->filled_count] = (uint16_t)(m - c->memo);
	c->filled_count++;
	return m;
}

void rcp_memo_forget(struct rcp_capture *c);

/* Fill M: with the child of PARENT for a Python frame, whose key is KEY; with
 * what is kept of a stack with this leaf past the memory limit; with the native
 * address KEY.  LAST: the code of the frame before, which is most often this
 * one's, too. */
void rcp_memo_python(struct rcp_capture_memo *m, uint32_t parent,
		     uintptr_t key, const char *frame,
		     struct rcp_capture_code *last);
void rcp_memo_folded(struct rcp_capture_memo *m, uintptr_t key,
		     const char *frame, struct rcp_capture_code *last);
void rcp_memo_native(struct rcp_capture_memo *m, uintptr_t key);

/* The same: with the child of PARENT for a native frame; with what is kept of a
 * stack with the native leaf KEY past the memory limit. */
void rcp_memo_frame(struct rcp_capture_memo *m, uint32_t parent,
		    uintptr_t key);
void rcp_memo_native_folded(struct rcp_capture_memo *m, uintptr_t key);

/* Where greenlet's C module was when a frame of it was last entered into the
 * tree; any thread's. */
struct rcp_range {
	uintptr_t low, high;
};
extern struct rcp_range rcp_greenlets RCP_HIDDEN;

/* native.c: the node of the native stack that ends with CALLER, as long as
 * there are such; else of CALLER alone. */
extern bool rcp_native_on RCP_HIDDEN;
uint32_t rcp_native_node(struct rcp_capture *c, const void *caller);
/* The same of the stack that FRAME belongs to, if there are such, and it is none
 * that noted.h has found. */
uint32_t rcp_native_from(struct rcp_capture *c, const void *caller,
			 const void *frame);
void rcp_native_begin(struct rcp_capture *c); /* for another thread */
void rcp_native_forget(struct rcp_capture *c);
/* Code objects have died, or code may be another since rcp_native_unload(). */
void rcp_native_epoch(struct rcp_capture *c);
void rcp_native_unload(void);

/* C's stack is the previous one, but that its leaf's key and node are these. */
static inline __attribute__((always_inline)) void
rcp_capture_leaf_is(struct rcp_capture *c, uintptr_t key, uint32_t node)
{
	struct rcp_capture_frame *e = c->leaf;

	e->key = key;
	e->node = node;
	c->valid = e;
	if (c->changed < e)
		c->changed = e;
}

/* capture.c: the stack from LEAF on, in 3.11 and 3.12; of this epoch, and there are
 * no native frames.  CALLER as for rcp_capture_node(). */
uint32_t rcp_capture_walk_cframes_shared(struct rcp_capture *c,
					 const void *caller, const char *leaf);
uint32_t rcp_capture_walk_cframes(struct rcp_capture *c, const void *caller,
				  const char *leaf);

/* capture.c: addresses may mean something else than they did; NOW is what
 * rcp_capture_now() has said. */
void rcp_capture_epoch(struct rcp_capture *c, uint32_t now);

static inline uint32_t
rcp_capture_now(void)
{
	return __atomic_load_n(&rcp_py_epoch, __ATOMIC_ACQUIRE);
}

/* mixed.c: of a stack whose Python frames have the node PYTHON, with its
 * native ones. */
uint32_t rcp_mixed_node(struct rcp_capture *c, enum rcp_py_way way,
			uintptr_t caller, uint32_t python);

static inline struct rcp_capture_frame *
rcp_capture_end(struct rcp_capture *c)
{
	return &c->frames[RCP_CAPTURE_MAX];
}

/* The node of a stack whose leaf, at FRAME, has this KEY, and PARENT before
 * it. */
RCP_PY_INLINE uint32_t
rcp_child_python(struct rcp_capture *c, enum rcp_py_way way, uint32_t parent,
		 uintptr_t key, const char *frame)
{
	struct rcp_capture_memo *m = rcp_memo_slot(c, parent, key);

	if (RCP_UNLIKELY(rcp_py_is_shim(way, frame)))
		return parent;
	if (RCP_UNLIKELY(!rcp_is_memo(m, parent, key)))
		rcp_memo_python(rcp_memo_take(c, m), parent, key, frame,
				&c->code);
	return m->node;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * capture.c - from the thread's stack to a node.  On the hot path of every
 * allocation; runs inside malloc.
 */
#include "capture/capture.h"

#include <string.h>

#include "capture/modules.h"
#include "capture/names.h"
#include "capture/tree.h"

/* A pseudo-parent in the memo: native frames by their address. */
#define NATIVE UINT32_MAX

static uint32_t unloads;
static uint64_t bad_frames;

bool
rcp_capture_setup(uint64_t memory_limit)
{
	rcp_names_setup(memory_limit);
	rcp_py_watch_code(rcp_code_died);
	return rcp_tree_setup(memory_limit);
}

void
rcp_capture_unloaded(void)
{
	__atomic_fetch_add(&unloads, 1, __ATOMIC_RELEASE);
}

uint64_t
rcp_capture_truncated(void)
{
	return rcp_tree_truncated();
}

uint64_t
rcp_capture_bad_frames(void)
{
	return __atomic_load_n(&bad_frames, __ATOMIC_RELAXED);
}

/* Both terms only grow, so the sum changes whenever either does. */
static uint32_t
epoch(void)
{
	return __atomic_load_n(&rcp_py_code_epoch, __ATOMIC_ACQUIRE) +
	       __atomic_load_n(&unloads, __ATOMIC_ACQUIRE);
}

static struct rcp_capture_memo *
memo_slot(struct rcp_capture *c, uint32_t parent, uintptr_t key)
{
	uint64_t h = (key ^ ((uint64_t)parent << 32)) * 0x9e3779b97f4a7c15u;

	return &c->memo[h >> 54 & (RCP_CAPTURE_MEMO - 1)];
}

static uint32_t
intern_python(uint32_t parent, const struct rcp_py_frame *f)
{
	const struct rcp_code *code;
	const void *address;
	int32_t lasti;

	if (!rcp_py_frame_code(f, &address, &lasti)) {
		__atomic_fetch_add(&bad_frames, 1, __ATOMIC_RELAXED);
		return rcp_tree_intern(parent, RCP_FRAME_MARKER,
				       RCP_MARKER_UNKNOWN, 0);
	}
	if (!address)
		return parent; /* not for Python's eyes: no level of its own */
	code = rcp_code_intern(address);
	if (!code)
		return RCP_TREE_TRUNCATED;
	return rcp_tree_intern(parent, RCP_FRAME_PYTHON, code->id,
			       (uint32_t)(lasti + 1));
}

static uint32_t
intern_native(uint32_t parent, const void *address)
{
	const struct rcp_module *m = rcp_module_at(address);
	uintptr_t p = (uintptr_t)address;

	if (m && p - m->base <= UINT32_MAX)
		return rcp_tree_intern(parent, RCP_FRAME_NATIVE, m->id,
				       (uint32_t)(p - m->base));
	return rcp_tree_intern(parent, RCP_FRAME_ADDRESS, (uint32_t)(p >> 32),
			       (uint32_t)p);
}

static uint32_t
native_node(struct rcp_capture *c, const void *caller)
{
	uintptr_t key = (uintptr_t)caller;
	struct rcp_capture_memo *m = memo_slot(c, NATIVE, key);

	if (m->key != key || m->parent != NATIVE) {
		m->node = intern_native(0, caller);
		if (m->node == RCP_TREE_TRUNCATED)
			m->node = intern_native(RCP_TREE_TRUNCATED, caller);
		m->key = key;
		m->parent = NATIVE;
	}
	return m->node;
}

static inline bool
is_memo(const struct rcp_capture_memo *m, uint32_t parent, uintptr_t key)
{
	return __builtin_expect(
		m->key == key && m->parent == parent && m->node, 1);
}

/* Makes M the child of PARENT for frame I (from the leaf) of the stack that is
 * being looked at, whose key is KEY. */
static uint32_t
look_up(struct rcp_capture *c, struct rcp_capture_memo *m, uint32_t parent,
	uintptr_t key, unsigned i)
{
	bool deeper;

	if (!c->framed) {
		rcp_py_walk(c->frames, RCP_CAPTURE_MAX, &deeper);
		c->framed = true;
	}
	m->node = intern_python(parent, &c->frames[i]);
	m->key = key;
	m->parent = parent;
	return m->node;
}

/* The frames themselves are only looked at when the pair is not in the memo. */
static uint32_t
python_child(struct rcp_capture *c, uint32_t parent, uintptr_t key, unsigned i)
{
	struct rcp_capture_memo *m = memo_slot(c, parent, key);

	if (is_memo(m, parent, key))
		return m->node;
	if (parent == RCP_TREE_TRUNCATED)
		return parent;
	return look_up(c, m, parent, key, i);
}

/* All that is kept of a stack past the limit: its leaf, under the marker. */
static uint32_t
folded(struct rcp_capture *c, uintptr_t key)
{
	struct rcp_capture_memo *m = memo_slot(c, RCP_TREE_TRUNCATED, key);

	if (is_memo(m, RCP_TREE_TRUNCATED, key))
		return m->node;
	return look_up(c, m, RCP_TREE_TRUNCATED, key, 0);
}

/* More frames than we walk: the innermost ones under a marker.  Recursion
 * repeats itself, so this stays a small set of stacks. */
static uint32_t
deep_node(struct rcp_capture *c, const uintptr_t *keys)
{
	uint32_t node = RCP_TREE_DEEPER;

	c->depth = 0;
	for (unsigned i = RCP_CAPTURE_DEEP; i > 0; i--)
		node = python_child(c, node, keys[i - 1], i - 1);
	return node == RCP_TREE_TRUNCATED ? folded(c, keys[0]) : node;
}

/* How many frames from the root on the two stacks share. */
static inline unsigned
shared_frames(const uintptr_t *a, unsigned a_depth, const uintptr_t *b,
	      unsigned b_depth)
{
	unsigned most = a_depth < b_depth ? a_depth : b_depth, n;

	a += a_depth;
	b += b_depth;
	for (n = 0; n < most; n++)
		if (*--a != *--b)
			break;
	return n;
}

uint32_t
rcp_capture_node(struct rcp_capture *c, const void *caller)
{
	uintptr_t *keys = c->keys[!c->which];
	uint32_t now = epoch();
	bool deeper;
	unsigned n, i;

	if (__builtin_expect(c->epoch != now, 0)) {
		c->depth = 0;
		memset(c->memo, 0, sizeof(c->memo));
		c->epoch = now;
	}
	n = rcp_py_walk_keys(keys, RCP_CAPTURE_MAX, &deeper);
	if (n == 0)
		return native_node(c, caller);
	c->framed = false;
	if (__builtin_expect(deeper, 0))
		return deep_node(c, keys);

	i = shared_frames(keys, n, c->keys[c->which], c->depth);
	/* The previous stack stays as it is when this one is its outer part:
	 * the next one may well be it again. */
	if (i < n) {
		for (; i < n; i++)
			c->nodes[i] = python_child(c, i ? c->nodes[i - 1] : 0,
						   keys[n - 1 - i], n - 1 - i);
		c->depth = n;
		c->which = !c->which;
	}
	if (__builtin_expect(c->nodes[n - 1] == RCP_TREE_TRUNCATED, 0))
		return folded(c, keys[0]);
	return c->nodes[n - 1];
}

void
rcp_capture_fork_prepare(void)
{
	rcp_tree_fork_prepare();
	rcp_modules_fork_prepare();
	rcp_names_fork_prepare();
}

void
rcp_capture_fork_done(bool child)
{
	rcp_names_fork_done(child);
	rcp_modules_fork_done(child);
	rcp_tree_fork_done(child);
}

/* SPDX-License-Identifier: MIT
 *
 * native.c - from the thread's native stack to a node.  On the hot path of
 * every allocation of a program without Python; runs inside malloc.
 *
 * Unwinding begins in this file, so that whoever was called on the way here
 * need not say where it stands: the frames inner to the hook's caller are left
 * out of the stack, and cost a read each.
 */
#include "base/mem.h"
#include "capture/nodes.h"
#include "capture/tree.h"
#include "unwind/unwind.h"

#define NOINLINE __attribute__((noinline))
#define OWN_FRAMES 24 /* steps that are ours, at most */

static bool unwinds;

bool
rcp_capture_native_setup(void)
{
	unwinds = rcp_unwind_works();
	return unwinds;
}

void
rcp_native_forget(struct rcp_capture *c)
{
	c->native_leaf = NULL;
	if (c->trace)
		rcp_trace_forget(c->trace);
}

void
rcp_native_begin(struct rcp_capture *c)
{
	if (c->trace)
		rcp_trace_begin(c->trace);
}

static uint32_t
one_frame(struct rcp_capture *c, uintptr_t key)
{
	struct rcp_capture_memo *m = rcp_memo_slot(c, RCP_MEMO_NATIVE, key);

	if (RCP_UNLIKELY(!rcp_is_memo(m, RCP_MEMO_NATIVE, key)))
		rcp_memo_native(m, key);
	return m->node;
}

/* Past the memory limit: the leaf, under the marker. */
static NOINLINE uint32_t
folded(struct rcp_capture *c, uintptr_t key)
{
	struct rcp_capture_memo *m = rcp_memo_slot(c, RCP_MEMO_FOLDED, key);

	if (!rcp_is_memo(m, RCP_MEMO_FOLDED, key))
		rcp_memo_native_folded(m, key);
	return m->node;
}

static inline uint32_t
child(struct rcp_capture *c, uint32_t parent, uintptr_t ip)
{
	uint32_t mark = parent | RCP_MEMO_FRAME;
	struct rcp_capture_memo *m = rcp_memo_slot(c, mark, ip);

	if (RCP_UNLIKELY(!rcp_is_memo(m, mark, ip)))
		rcp_memo_frame(m, parent, ip);
	return m->node;
}

/* The innermost frames of a stack that is too deep, under a marker. */
static NOINLINE uint32_t
deep_node(struct rcp_capture *c, uintptr_t caller, const void *frame)
{
	uintptr_t ips[RCP_CAPTURE_DEEP];
	uint32_t node = RCP_TREE_DEEPER;
	unsigned n;
	bool whole;

	n = rcp_unwind_some(c->trace, frame, ips, RCP_CAPTURE_DEEP, &whole);
	while (n > 0) {
		uintptr_t ip = ips[--n];

		node = child(c, node, ip);
		if (ip == caller)
			return node == RCP_TREE_TRUNCATED ? folded(c, caller) :
							    node;
	}
	return one_frame(c, caller);
}

/* The step of the hook's caller, or NULL. */
static inline struct rcp_step *
find_caller(struct rcp_trace *t, uintptr_t caller)
{
	struct rcp_step *end = rcp_trace_end(t), *e = t->leaf;

	if (end - e > OWN_FRAMES)
		end = e + OWN_FRAMES;
	for (; e < end; e++)
		if (e->value == caller && rcp_step_is_frame(e))
			return e;
	return NULL;
}

static struct rcp_trace *
new_trace(struct rcp_capture *c)
{
	c->trace = rcp_pages_reserve(sizeof(*c->trace));
	if (c->trace)
		rcp_trace_begin(c->trace);
	return c->trace;
}

/* The nodes of the steps from CHANGED inwards. */
static NOINLINE uint32_t
changed_node(struct rcp_capture *c, uintptr_t caller, struct rcp_step *changed)
{
	struct rcp_trace *t = c->trace;
	struct rcp_step *leaf = find_caller(t, caller), *e;
	uint32_t node;

	if (RCP_UNLIKELY(!leaf)) {
		rcp_trace_forget(t);
		return one_frame(c, caller);
	}
	/* Another hook, which is nearer to its caller or further from it. */
	if (leaf != c->native_leaf && changed < leaf)
		changed = leaf;
	if (leaf != c->native_leaf && changed < c->native_leaf)
		changed = c->native_leaf;
	c->native_leaf = leaf;
	if (changed + 1 == rcp_trace_end(t))
		changed[1].node = t->broken ? RCP_TREE_UNKNOWN : RCP_NODE_NONE;
	node = changed[1].node;
	for (e = changed; e >= leaf; e--) {
		if (rcp_step_is_frame(e))
			node = child(c, node, e->value);
		e->node = node;
	}
	node = leaf->node;
	c->native = node == RCP_TREE_TRUNCATED ? folded(c, caller) : node;
	return c->native;
}

static NOINLINE uint32_t
stack(struct rcp_capture *c, uintptr_t caller)
{
	const void *frame = __builtin_frame_address(0);
	struct rcp_step *changed;

	if (RCP_UNLIKELY(!c->trace && !new_trace(c)))
		return one_frame(c, caller);
	switch (rcp_unwind(c->trace, frame, &changed)) {
	case RCP_UNWOUND_SAME:
		return c->native;
	case RCP_UNWOUND_CHANGED:
		return changed_node(c, caller, changed);
	default:
		return deep_node(c, caller, frame);
	}
}

uint32_t
rcp_native_node(struct rcp_capture *c, const void *caller)
{
	uintptr_t key = (uintptr_t)caller;

	return unwinds ? stack(c, key) : one_frame(c, key);
}

/* SPDX-License-Identifier: MIT
 *
 * native.c - from the thread's native stack to a node.  On the hot path of
 * every allocation of a program without Python; runs inside malloc.
 *
 * Unwinding begins in this file, or where noted.h is used, so that whoever was
 * called on the way here need not say where it stands: the frames inner to the
 * hook's caller are left out of the stack, and cost a read each.
 */
#include "capture/native.h"

#include <string.h>

#include "base/mem.h"
#include "capture/noted.h"
#include "capture/tails.h"
#include "capture/tree.h"

#define NOINLINE __attribute__((noinline))
#define OWN_FRAMES 24 /* steps that are ours, at most */

bool rcp_native_on;

/* Grows around each dlclose. */
static uint32_t unloads;

void
rcp_native_unload(void)
{
	__atomic_fetch_add(&unloads, 1, __ATOMIC_RELAXED);
}

bool
rcp_capture_native_setup(void)
{
	rcp_native_on = rcp_unwind_works();
	return rcp_native_on;
}

static void
forget_memo(struct rcp_native *n)
{
	n->epoch += RCP_NATIVE_EPOCH;
	if (n->epoch < RCP_MEMO_FRAME)
		return;
	n->epoch = 0;
	memset(n->memo, 0, sizeof(n->memo));
}

void
rcp_native_forget(struct rcp_capture *c)
{
	if (!c->native)
		return;
	forget_memo(c->native);
	c->native->leaf = NULL;
	c->native->is_mixed = false;
	rcp_tails_forget(c->native);
	rcp_trace_forget(&c->native->trace);
}

void
rcp_native_epoch(struct rcp_capture *c)
{
	uint32_t now = __atomic_load_n(&unloads, __ATOMIC_RELAXED);
	struct rcp_native *n = c->native;

	if (!n)
		return;
	if (n->unloads != now) {
		n->unloads = now;
		rcp_native_forget(c);
	}
	forget_memo(n);
	n->leaf = NULL;
	rcp_variants_pause(&n->trace);
	n->is_mixed = false;
}

void
rcp_native_begin(struct rcp_capture *c)
{
	if (!c->native)
		return;
	rcp_native_forget(c);
	rcp_trace_begin(&c->native->trace);
}

static uint32_t
one_frame(struct rcp_capture *c, uintptr_t key)
{
	struct rcp_capture_memo *m = rcp_memo_slot(c, RCP_MEMO_NATIVE, key);

	if (RCP_UNLIKELY(!rcp_is_memo(m, RCP_MEMO_NATIVE, key)))
		rcp_memo_native(rcp_memo_take(c, m), key);
	return m->node;
}

/* Past the memory limit: the leaf, under the marker. */
static NOINLINE uint32_t
folded(struct rcp_capture *c, uintptr_t key)
{
	struct rcp_capture_memo *m = rcp_memo_slot(c, RCP_MEMO_FOLDED, key);

	if (!rcp_is_memo(m, RCP_MEMO_FOLDED, key))
		rcp_memo_native_folded(rcp_memo_take(c, m), key);
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

	n = rcp_unwind_some(&c->native->trace, frame, ips, RCP_CAPTURE_DEEP, &whole);
	while (n > 0) {
		uintptr_t ip = ips[--n];

		node = rcp_child_native(c, node, ip);
		if (ip == caller)
			return node == RCP_TREE_TRUNCATED ? folded(c, caller) :
							    node;
	}
	return one_frame(c, caller);
}

struct rcp_step *
rcp_native_caller(struct rcp_trace *t, uintptr_t caller)
{
	struct rcp_step *end = rcp_trace_end(t), *e = t->leaf;

	if (end - e > OWN_FRAMES)
		end = e + OWN_FRAMES;
	for (; e < end; e++)
		if (e->value == caller && rcp_step_is_frame(e))
			return e;
	return NULL;
}

struct rcp_native *
rcp_native_get(struct rcp_capture *c)
{
	if (RCP_LIKELY(c->native != NULL))
		return c->native;
	c->native = rcp_pages_reserve(sizeof(*c->native));
	if (!c->native)
		return NULL;
	c->native->unloads = __atomic_load_n(&unloads, __ATOMIC_RELAXED);
	rcp_trace_begin(&c->native->trace);
	return c->native;
}

/* The nodes of the steps from CHANGED inwards. */
static NOINLINE uint32_t
changed_node(struct rcp_capture *c, uintptr_t caller, struct rcp_step *changed)
{
	struct rcp_native *n = c->native;
	struct rcp_trace *t = &n->trace;
	struct rcp_step *leaf = rcp_native_caller(t, caller), *e;
	const struct rcp_step *outermost = changed;
	struct rcp_variant *v;
	uint32_t node;

	if (RCP_UNLIKELY(!leaf)) {
		rcp_native_forget(c);
		return one_frame(c, caller);
	}
	/* No nodes are kept; or this is another hook, which is nearer to its
	 * caller or further from it. */
	if (!n->leaf)
		changed = rcp_trace_end(t) - 1;
	else if (leaf != n->leaf && changed < leaf)
		changed = leaf;
	if (n->leaf && leaf != n->leaf && changed < n->leaf)
		changed = n->leaf;
	n->leaf = leaf;
	if (changed + 1 == rcp_trace_end(t))
		changed[1].node = t->broken ? RCP_TREE_UNKNOWN : RCP_NODE_NONE;
	node = changed[1].node;
	for (e = changed; e >= leaf; e--) {
		if (rcp_step_is_frame(e))
			node = rcp_child_native(c, node, e->value);
		e->node = node;
	}
	node = leaf->node;
	n->node = node == RCP_TREE_TRUNCATED ? folded(c, caller) : node;
	v = rcp_variant_keep(t, leaf, outermost);
	if (v) {
		v->base = rcp_variant_base(t)->node;
		v->noted = n->node;
	}
	return n->node;
}

/* FRAME is that of the function that C was asked by. */
static NOINLINE uint32_t
stack(struct rcp_capture *c, uintptr_t caller, const void *frame)
{
	struct rcp_step *changed;
	struct rcp_native *n = rcp_native_get(c);

	if (RCP_UNLIKELY(!n))
		return one_frame(c, caller);
	switch (rcp_unwind(&n->trace, frame, &changed)) {
	case RCP_UNWOUND_SAME:
		if (RCP_LIKELY(n->leaf != NULL))
			return n->node;
		changed = rcp_trace_end(&n->trace) - 1;
		break;
	case RCP_UNWOUND_CHANGED:
		break;
	default:
		return deep_node(c, caller, frame);
	}
	n->is_mixed = false;
	return changed_node(c, caller, changed);
}

uint32_t
rcp_native_from(struct rcp_capture *c, const void *caller, const void *frame)
{
	c->no_python = true;
	return stack(c, (uintptr_t)caller, frame);
}

uint32_t
rcp_native_node(struct rcp_capture *c, const void *caller)
{
	const void *frame = __builtin_frame_address(0);
	const struct rcp_variant *v = rcp_native_known(c, frame);
	uint32_t node;

	if (RCP_LIKELY(v != NULL))
		return (uint32_t)v->noted;
	node = rcp_native_on ? stack(c, (uintptr_t)caller, frame) :
			       one_frame(c, (uintptr_t)caller);
	/* Our frame has to stand until then. */
	__asm__ volatile("");
	return node;
}

void
rcp_capture_note(struct rcp_capture *c, uint32_t node, uint32_t number)
{
	struct rcp_variant *v = c->native ? c->native->trace.variant : NULL;

	if (v && (uint32_t)v->noted == node)
		v->noted = (uint64_t)number << 32 | node;
}

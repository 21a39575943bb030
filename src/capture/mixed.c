/* SPDX-License-Identifier: MIT
 *
 * mixed.c - Python's frames among native ones, in the order of their calls.
 * On the hot path of every allocation where such stacks are wanted; runs inside
 * malloc.
 *
 * The native frame in which a mark of the interpreter's stands (python/marks.h)
 * is a call of its evaluator: after it, that is, inner to it, come the Python
 * frames that it runs.  No frame is guessed: where not each mark is found, or
 * (up to 3.9) more calls of the evaluator than frames, the stack is Python's
 * alone.
 *
 * The merged stack is kept from one event to the next.  Three things are
 * compared each time, all of it: the native trace, the Python frames, the
 * marks.  Each of them says how far out it has changed; what is merged is what
 * lies further in.  doc/UNWINDING.md has the argument.
 */
#include "capture/mixed.h"

#include "base/mem.h"
#include "capture/tails.h"
#include "capture/tree.h"

#define NOINLINE __attribute__((noinline))

/* --- from the root inwards ----------------------------------------------- */

static inline struct rcp_capture_memo *
memo_slot(struct rcp_native *n, uint32_t mark, uintptr_t key)
{
	uint64_t h = (key ^ ((uint64_t)mark << 32)) * 0x9e3779b97f4a7c15u;

	return &n->memo[h >> 48 & (RCP_NATIVE_MEMO - 1)];
}

static inline uint32_t
child_native(struct rcp_native *n, uint32_t parent, uintptr_t ip)
{
	uint32_t mark = parent | RCP_MEMO_FRAME | n->epoch;
	struct rcp_capture_memo *m = memo_slot(n, mark, ip);

	if (RCP_UNLIKELY(!rcp_is_memo(m, mark, ip))) {
		rcp_memo_frame(m, parent, ip);
		m->parent = mark;
	}
	return m->node;
}

static inline uint32_t
child_python(struct rcp_native *n, enum rcp_py_way way, uint32_t parent,
	     const struct rcp_capture_frame *f)
{
	uint32_t mark = parent | n->epoch;
	struct rcp_capture_memo *m = memo_slot(n, mark, f->key);

	if (RCP_UNLIKELY(rcp_py_is_shim(way, f->frame)))
		return parent;
	if (RCP_UNLIKELY(!rcp_is_memo(m, mark, f->key))) {
		struct rcp_capture_code none = { NULL, 0 };

		rcp_memo_python(m, parent, f->key, f->frame, &none);
		m->parent = mark;
	}
	return m->node;
}

/* The Python frames of M from F inwards; before them NODE. */
static uint32_t
python_nodes(struct rcp_capture *c, enum rcp_py_way way,
	     const struct rcp_native_mark *m, struct rcp_capture_frame *f,
	     uint32_t node)
{
	for (; f >= m->first; f--) {
		node = child_python(c->native, way, node, f);
		f->mixed = node;
	}
	return node;
}

/* Does E only call MARK's frame?  -X perf has such code for each function; it
 * says no more than the Python frame. */
static bool
is_trampoline(const struct rcp_step *e, const struct rcp_native_mark *mark)
{
	if (rcp_rule_kind(e->rule) != RCP_RULE_TAIL || !mark->step)
		return false;
	do
		e--;
	while (e > mark->step && !rcp_step_is_frame(e));
	return e == mark->step;
}

/* The steps from E to LEAF; before them NODE.  M: the first mark among them. */
static uint32_t
nodes(struct rcp_capture *c, enum rcp_py_way way, struct rcp_step *e,
      const struct rcp_step *leaf, struct rcp_native_mark *m, uint32_t node)
{
	for (; e >= leaf; e--) {
		if (rcp_step_is_frame(e) && !is_trampoline(e, m))
			node = child_native(c->native, node, e->value);
		if (m->step == e) {
			m->before = node;
			node = python_nodes(c, way, m, m[1].first - 1, node);
			m--;
		}
		e->node = node;
	}
	return leaf->node;
}

/* All of it. */
static uint32_t
all_nodes(struct rcp_capture *c, enum rcp_py_way way, struct rcp_step *leaf)
{
	struct rcp_native *n = c->native;
	struct rcp_step *end = rcp_trace_end(&n->trace), *e = leaf;

	if (n->mark < n->end)
		e = n->end[-1].step + 1;
	for (; e < end; e++)
		if (rcp_step_is_frame(e) && rcp_native_is_last(e->value))
			return nodes(c, way, e, leaf, n->end - 1,
				     RCP_NODE_NONE);
	return nodes(c, way, end - 1, leaf, n->end - 1,
		     n->trace.broken ? RCP_TREE_UNKNOWN : RCP_NODE_NONE);
}

static inline struct rcp_step *
outer_step(struct rcp_step *a, struct rcp_step *b)
{
	return a > b ? a : b;
}

/* The kept mark stands in a native frame that is the same. */
static uint32_t
kept_nodes(struct rcp_capture *c, enum rcp_py_way way, struct rcp_step *leaf,
	   const struct rcp_mixed_change *ch)
{
	struct rcp_native_mark *m = ch->kept;
	struct rcp_capture_frame *f = ch->frame;
	struct rcp_step *e;
	uint32_t node;

	if (f < m->first && ch->first == m->first) {
		/* So are all its Python frames. */
		e = outer_step(ch->step, ch->inner);
		e = outer_step(e, m[-1].step);
		return nodes(c, way, e, leaf, m - 1, e[1].node);
	}
	if (f < m->first)
		f = m->first - 1;
	node = f + 1 < m[1].first ? f[1].mixed : m->before;
	node = python_nodes(c, way, m, f, node);
	m->step->node = node;
	return nodes(c, way, m->step - 1, leaf, m - 1, node);
}

/* The node of the merged stack, or NONE: it cannot be merged. */
static uint32_t
merge(struct rcp_capture *c, enum rcp_py_way way, struct rcp_step *leaf,
      struct rcp_mixed_change *ch)
{
	struct rcp_native *n = c->native;
	struct rcp_native_mark *hold;
	struct rcp_step *e;

	if (!rcp_mixed_divide(c, way, ch))
		return RCP_NODE_NONE;
	for (hold = ch->kept; hold < n->end && hold->step <= ch->step;)
		hold++;
	if (!rcp_mixed_match(n, way, leaf, hold))
		return RCP_NODE_NONE;
	if (hold >= n->end)
		return all_nodes(c, way, leaf);
	if (hold == ch->kept)
		return kept_nodes(c, way, leaf, ch);
	e = outer_step(ch->step, hold[-1].step);
	return nodes(c, way, e, leaf, hold - 1, e[1].node);
}

/* --- the previous stack -------------------------------------------------- */

/* The same, or PYTHON. */
static NOINLINE uint32_t
changed_node(struct rcp_capture *c, enum rcp_py_way way, uintptr_t caller,
	     struct rcp_step *changed, uint32_t python)
{
	struct rcp_native *n = c->native;
	struct rcp_step *leaf = rcp_native_caller(&n->trace, caller);
	struct rcp_mixed_change ch = { .step = changed, .frame = c->changed };
	uint32_t node;

	n->leaf = NULL; /* the nodes are not native.c's */
	rcp_variants_pause(&n->trace);
	if (!leaf) {
		n->is_mixed = false;
		return python;
	}
	if (!n->is_mixed)
		rcp_mixed_forget(c);
	else if (leaf < n->caller)
		ch.step = outer_step(changed, n->caller - 1);
	do {
		/* The first frame of a greenlet's makes it known. */
		if (n->greenlets != rcp_greenlets.low)
			rcp_mixed_forget(c);
		n->greenlets = rcp_greenlets.low;
		node = merge(c, way, leaf, &ch);
	} while (n->greenlets != rcp_greenlets.low);
	if (node == RCP_NODE_NONE)
		rcp_mixed_forget(c);
	n->is_mixed = true;
	n->caller = leaf;
	n->top = c->leaf;
	c->changed = c->frames;
	return node <= RCP_TREE_TRUNCATED ? python : node;
}

static bool
is_same(const struct rcp_capture *c, enum rcp_py_way way)
{
	const struct rcp_native *n = c->native;

	return n->is_mixed && c->changed < c->leaf && n->top == c->leaf &&
	       n->greenlets == rcp_greenlets.low &&
	       (rcp_py_marks_are_frames(way) ||
		rcp_py_marks_same(way, n->found, n->count));
}

/* The innermost mark that, with all outside of its native frame, is what it was
 * when the stack was last merged; else NULL.  Its own shim is its outermost
 * frame. */
static inline const struct rcp_native_mark *
same_shim(const struct rcp_capture *c)
{
	const struct rcp_native *n = c->native;
	const struct rcp_native_mark *m = n->mark;

	while (m < n->end &&
	       (m[1].first - 1 <= c->changed || m[1].first <= c->leaf))
		m++;
	return m < n->end ? m : NULL;
}

/* Where marks are no frames; those further in are n->inner_marks then. */
static inline const struct rcp_native_mark *
same_in_chain(const struct rcp_capture *c, enum rcp_py_way way)
{
	struct rcp_native *n = c->native;
	const struct rcp_native_mark *m;
	unsigned same;

	n->inner = rcp_py_marks_inner(way, n->found, n->count, n->inner_marks,
				      RCP_TAIL_MARKS, &same);
	if (n->inner > RCP_TAIL_MARKS)
		return NULL;
	m = n->mark + same;
	if (m >= n->end || m[1].first <= c->changed || m[1].first <= c->leaf)
		return NULL;
	return m;
}

static inline const struct rcp_native_mark *
same_mark(const struct rcp_capture *c, enum rcp_py_way way)
{
	const struct rcp_native *n = c->native;

	if (RCP_UNLIKELY(!n->is_mixed || !n->trace.start ||
			 n->greenlets != rcp_greenlets.low))
		return NULL;
	return rcp_py_marks_are_frames(way) ? same_shim(c) :
					      same_in_chain(c, way);
}

/* Do the frames, and the marks further in than M, agree with X? */
static inline bool
has_marks(const struct rcp_capture *c, enum rcp_py_way way,
	  const struct rcp_tail *x, const struct rcp_native_mark *m)
{
	const struct rcp_native *n = c->native;
	const struct rcp_capture_frame *last = m->first - 1;

	if (!rcp_py_marks_are_frames(way))
		return rcp_tail_has_marks(x, n->inner_marks, n->inner, c->leaf,
					  m[1].first);
	if (last < c->changed)
		last = c->changed;
	return rcp_tail_has_shims(x, way, c->leaf, last);
}

/* The stack's tail, with all from OUTER on what it was and M the innermost mark
 * that is, or NULL. */
static inline const struct rcp_tail *
known_tail(struct rcp_capture *c, enum rcp_py_way way,
	   const struct rcp_native_mark *m, const struct rcp_step *outer,
	   uintptr_t caller, const char *frame)
{
	struct rcp_native *n = c->native;
	const struct rcp_tail *x;

	if (!rcp_reaches(n->trace.reach, (uintptr_t)frame,
			 (uintptr_t)outer->slot))
		return NULL;
	x = rcp_tail_slot(n, rcp_tail_hash(frame, caller, c->leaf->key));
	x = rcp_tail_find(x, frame, outer, m);
	if (!x || !rcp_tail_rest(outer, rcp_trace_end(&n->trace)))
		return NULL;
	return has_marks(c, way, x, m) ? x : NULL;
}

/* Unwound and merged. */
static NOINLINE uint32_t
merged_node(struct rcp_capture *c, enum rcp_py_way way, uintptr_t caller,
	    const void *frame, uint32_t python)
{
	struct rcp_native *n = c->native;
	struct rcp_step *changed;

	switch (rcp_unwind(&n->trace, frame, &changed)) {
	case RCP_UNWOUND_SAME:
		if (is_same(c, way))
			return n->node;
		changed = n->trace.leaf - 1;
		break;
	case RCP_UNWOUND_CHANGED:
		break;
	default:
		n->is_mixed = false;
		return python;
	}
	n->node = changed_node(c, way, caller, changed, python);
	return n->node;
}

/* The same; it will be known by X, if it has that tail, or by another one that
 * leads to M if possible. */
static NOINLINE uint32_t
new_node(struct rcp_capture *c, enum rcp_py_way way, uintptr_t caller,
	 const char *frame, const struct rcp_native_mark *m,
	 const struct rcp_tail *x)
{
	struct rcp_native *n = c->native;
	const char *at = m ? m->at : NULL;
	uint32_t python = c->leaf->node, node;
	const struct rcp_step *outer;

	if (RCP_UNLIKELY(!n->tails))
		n->tails = rcp_pages_reserve(sizeof(*n->tails));
	if (!n->tails)
		return python;
	node = merged_node(c, way, caller, frame, python);
	if (node == python)
		return node;
	if (!m || m < n->mark || m >= n->end || m->at != at) {
		m = n->mark;
		x = NULL;
	}
	if (!x)
		x = rcp_tail_keep(c, way, m, frame, caller);
	if (x) {
		outer = rcp_next_frame(m->step, rcp_trace_end(&n->trace));
		rcp_tail_name(n, x, outer->node, python, node);
	}
	return node;
}

uint32_t
rcp_mixed_node(struct rcp_capture *c, enum rcp_py_way way, uintptr_t caller,
	       uint32_t python)
{
	const void *frame = __builtin_frame_address(0);
	const struct rcp_tail *x = NULL;
	const struct rcp_native_mark *m;
	const struct rcp_step *outer;
	struct rcp_native *n;
	uint32_t node;

	/* None, too many, or past the memory limit. */
	if (c->leaf == rcp_capture_end(c) || c->leaf->node != python ||
	    !rcp_native_get(c))
		return python;
	n = c->native;
	m = same_mark(c, way);
	if (RCP_LIKELY(m != NULL)) {
		outer = rcp_next_frame(m->step, rcp_trace_end(&n->trace));
		x = known_tail(c, way, m, outer, caller, frame);
		node = x ? rcp_tail_node(n, x, outer->node, python) :
			   RCP_NODE_NONE;
		if (RCP_LIKELY(node != RCP_NODE_NONE))
			return node;
	}
	node = new_node(c, way, caller, frame, m, x);
	/* Our frame has to stand until then. */
	__asm__ volatile("");
	return node;
}

/* SPDX-License-Identifier: MIT
 *
 * mixed.c - Python's frames among native ones, in the order of their calls.
 * Runs inside malloc.
 *
 * The native frame in which a mark of the interpreter's stands (python/marks.h)
 * is a call of its evaluator: after it, that is, inner to it, come the Python
 * frames that it runs.  No frame is guessed: where not each mark is found, or
 * (up to 3.9) more calls of the evaluator than frames, the stack is Python's
 * alone.
 */
#include "capture/native.h"

#include "capture/tree.h"

#define NOINLINE __attribute__((noinline))

/* Beyond the first function of a greenlet stands what the thread did when it
 * was first switched to, or has done since. */
static bool
is_last(uintptr_t ip)
{
	return ip - rcp_greenlets.low < rcp_greenlets.high - rcp_greenlets.low;
}

/* Is AT inside the frame of E, whose caller's is OUTER? */
static inline bool
holds(const struct rcp_step *e, const struct rcp_step *outer, const char *at)
{
	uintptr_t high = (uintptr_t)outer->slot + 8, low;

	if (outer->rule & RCP_STEP_LOOSE)
		return false;
	if (!(e->rule & RCP_STEP_LOOSE))
		low = (uintptr_t)e->slot + 8;
	else if (rcp_rule_kind(e->rule) == RCP_RULE_SP)
		low = high - (uintptr_t)rcp_rule_offset(e->rule);
	else
		return false;
	return (uintptr_t)at - low < high - low;
}

static struct rcp_step *
next_frame(struct rcp_step *e, const struct rcp_step *end)
{
	do
		e++;
	while (e < end && !rcp_step_is_frame(e));
	return e;
}

/* Has the N-th mark no frame of Python code? */
static bool
is_empty(struct rcp_capture *c, enum rcp_py_way way, unsigned n)
{
	const struct rcp_native_mark *m = &c->native->marks[n];
	const struct rcp_capture_frame *f;

	for (f = m->first; f < m[1].first; f++)
		if (!rcp_py_is_shim(way, f->frame))
			return false;
	return true;
}

/* Divides Python's frames among the marks. */
static bool
divide(struct rcp_capture *c, enum rcp_py_way way)
{
	struct rcp_native *n = c->native;
	struct rcp_capture_frame *f = c->leaf;
	const struct rcp_capture_frame *end = rcp_capture_end(c);

	n->count = rcp_py_marks(n->found, RCP_CAPTURE_MARKS);
	for (unsigned i = 0; i < n->count; i++) {
		n->marks[i].first = f;
		while (f < end && f->frame != n->found[i].outer)
			f++;
	}
	n->marks[n->count].first = f;
	while (f < end && rcp_py_is_shim(way, f->frame))
		f++;
	return n->count > 0 && f == end;
}

/* Finds the frame of each mark.  *ROOT: the outermost frame that is shown. */
static bool
match(struct rcp_capture *c, enum rcp_py_way way, struct rcp_step *leaf,
      struct rcp_step **root)
{
	struct rcp_native *n = c->native;
	struct rcp_step *end = rcp_trace_end(&n->trace), *e, *outer;
	bool placed = n->found[0].at != NULL;
	unsigned i = 0;

	*root = NULL;
	for (e = leaf; e < end; e = outer) {
		outer = next_frame(e, end);
		if (!placed && rcp_py_is_evaluator(e->value)) {
			if (i == n->count)
				return false;
			n->marks[i++].step = e;
		} else if (placed && outer < end && i < n->count &&
			   holds(e, outer, n->found[i].at))
			n->marks[i++].step = e;
		else if (i == n->count && is_last(e->value))
			*root = e;
		if (*root)
			break;
	}
	if (i + 1 == n->count && is_empty(c, way, i))
		n->count--;
	return i == n->count;
}

/* Does E only call MARK's frame?  -X perf has such code for each function; it
 * says no more than the Python frame. */
static bool
is_trampoline(const struct rcp_step *e, const struct rcp_native_mark *mark)
{
	if (rcp_rule_kind(e->rule) != RCP_RULE_TAIL)
		return false;
	do
		e--;
	while (e > mark->step && !rcp_step_is_frame(e));
	return e == mark->step;
}

/* From the root inwards. */
static uint32_t
node_of(struct rcp_capture *c, enum rcp_py_way way, struct rcp_step *leaf,
	struct rcp_step *root)
{
	struct rcp_native *n = c->native;
	uint32_t node = RCP_NODE_NONE;
	unsigned i = n->count;

	if (!root) {
		root = rcp_trace_end(&n->trace) - 1;
		if (n->trace.broken)
			node = RCP_TREE_UNKNOWN;
	}
	for (struct rcp_step *e = root; e >= leaf; e--) {
		const struct rcp_capture_frame *f;

		if (!rcp_step_is_frame(e) ||
		    (i > 0 && is_trampoline(e, &n->marks[i - 1])))
			continue;
		node = rcp_child_native(c, node, e->value);
		if (i == 0 || n->marks[i - 1].step != e)
			continue;
		i--;
		for (f = n->marks[i + 1].first; f-- > n->marks[i].first;)
			node = rcp_child_python(c, way, node, f->key, f->frame);
	}
	return node;
}

/* The stack has Python frames, those of C->leaf; their node is PYTHON. */
static NOINLINE uint32_t
merge(struct rcp_capture *c, enum rcp_py_way way, uintptr_t caller,
      uint32_t python)
{
	struct rcp_step *leaf = rcp_native_caller(&c->native->trace, caller);
	struct rcp_step *root;
	uintptr_t greenlets;
	uint32_t node;

	if (!leaf)
		return python;
	do {
		/* The first frame of a greenlet's makes it known. */
		greenlets = rcp_greenlets.low;
		if (!divide(c, way) || !match(c, way, leaf, &root))
			return python;
		node = node_of(c, way, leaf, root);
	} while (greenlets != rcp_greenlets.low);
	return node == RCP_TREE_TRUNCATED ? python : node;
}

static bool
is_same(const struct rcp_capture *c)
{
	const struct rcp_native *n = c->native;

	return !c->moved && n->is_mixed &&
	       rcp_py_marks_same(n->found, n->count);
}

uint32_t
rcp_mixed_node(struct rcp_capture *c, enum rcp_py_way way, uintptr_t caller,
	       uint32_t python)
{
	const void *frame = __builtin_frame_address(0);
	struct rcp_step *changed;
	struct rcp_native *n;

	/* None, too many, or past the memory limit. */
	if (c->leaf == rcp_capture_end(c) || c->leaf->node != python ||
	    !rcp_native_get(c))
		return python;
	n = c->native;
	switch (rcp_unwind(&n->trace, frame, &changed)) {
	case RCP_UNWOUND_SAME:
		if (is_same(c))
			return n->node;
		break;
	case RCP_UNWOUND_CHANGED:
		break;
	default:
		return python;
	}
	/* The nodes of the trace are not kept for such stacks. */
	n->leaf = NULL;
	c->moved = false;
	n->is_mixed = true;
	n->node = merge(c, way, caller, python);
	return n->node;
}

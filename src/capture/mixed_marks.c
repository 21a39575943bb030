/* SPDX-License-Identifier: MIT
 *
 * mixed_marks.c - see mixed.h: the interpreter's marks, each with its Python
 * frames and its native one.  Runs inside malloc.
 *
 * The outer ones stay where they are from one event to the next.
 */
#include "capture/mixed.h"

static inline struct rcp_native_mark *
marks_end(struct rcp_native *n)
{
	return &n->marks[RCP_CAPTURE_MARKS + 1];
}

void
rcp_mixed_forget(struct rcp_capture *c)
{
	struct rcp_native *n = c->native;

	n->mark = n->end = marks_end(n);
	n->end->first = rcp_capture_end(c);
}

/* --- the marks ------------------------------------------------------------ */

/* Makes room for a mark inside of M.  NULL: they are too many. */
static inline struct rcp_native_mark *
inner_mark(struct rcp_native *n, struct rcp_native_mark *m)
{
	return m - 1 > n->marks ? m - 1 : NULL;
}

static inline void
keep(struct rcp_native *n, struct rcp_mixed_change *ch,
     struct rcp_native_mark *m)
{
	ch->kept = m;
	if (m == n->end)
		return;
	ch->first = m->first;
	ch->inner = m[-1].step;
}

/* Finds the marks that are frames, from CH->frame inwards. */
static bool
find_shims(struct rcp_capture *c, enum rcp_py_way way,
	   struct rcp_mixed_change *ch)
{
	struct rcp_native *n = c->native;
	struct rcp_native_mark *m = n->mark;
	struct rcp_capture_frame *f;

	while (m < n->end &&
	       (m[1].first <= ch->frame + 1 || m[1].first <= c->leaf))
		m++;
	if (m == n->end) {
		rcp_mixed_forget(c);
		m = n->end;
		ch->frame = rcp_capture_end(c) - 1;
	} else if (ch->frame < m->first - 1) {
		ch->frame = m->first - 1;
	}
	keep(n, ch, m);
	for (f = ch->frame; f >= c->leaf; f--) {
		if (!rcp_py_is_shim(way, f->frame))
			continue;
		m->first = f + 1;
		m = inner_mark(n, m);
		if (!m)
			return false;
		m->at = f->frame;
	}
	m->first = c->leaf;
	n->mark = m;
	return true;
}

/* Compares the chain of marks, from the root inwards.  Returns the innermost
 * one that is what it was; inside of it are *INNER. */
static struct rcp_native_mark *
keep_chain(struct rcp_native *n, enum rcp_py_way way,
	   const struct rcp_mixed_change *ch, unsigned *inner)
{
	struct rcp_native_mark *m = n->end;
	unsigned i;

	if (!rcp_py_marks_same(way, n->found, n->count))
		n->count = rcp_py_marks(way, n->found, RCP_CAPTURE_MARKS);
	for (i = n->count; m > n->mark && i > 0; m--, i--)
		if (m[-1].at != n->found[i - 1].at ||
		    m[-1].outer != n->found[i - 1].outer ||
		    m->first <= ch->frame)
			break;
	*inner = i;
	return m;
}

/* Finds the marks that stand in a chain of their own. */
static bool
find_chain(struct rcp_capture *c, enum rcp_py_way way,
	   struct rcp_mixed_change *ch)
{
	struct rcp_native *n = c->native;
	struct rcp_capture_frame *f = c->leaf, *end = rcp_capture_end(c);
	struct rcp_native_mark *m;
	unsigned inner;

	m = keep_chain(n, way, ch, &inner);
	if (m == n->end) {
		rcp_mixed_forget(c);
		m = n->end;
	} else {
		end = m[1].first;
	}
	keep(n, ch, m);
	m -= inner;
	n->mark = m;
	for (unsigned i = 0; i < inner; i++, m++) {
		m->at = n->found[i].at;
		m->outer = n->found[i].outer;
		m->first = f;
		while (f < end && f->frame != m->outer)
			f++;
		if (f->frame != m->outer && m->outer)
			return false;
	}
	m->first = f;
	/* Frames that were further in than the kept mark's. */
	if (m < n->end && ch->frame < ch->first - 1)
		ch->frame = ch->first - 1;
	return true;
}

bool
rcp_mixed_divide(struct rcp_capture *c, enum rcp_py_way way,
		 struct rcp_mixed_change *ch)
{
	struct rcp_native *n = c->native;
	bool found = rcp_py_marks_are_frames(way) ? find_shims(c, way, ch) :
						    find_chain(c, way, ch);

	if (!found || n->mark == n->end ||
	    marks_end(n)->first != rcp_capture_end(c))
		return false;
	n->mark[-1].step = NULL; /* no step is its */
	return true;
}

/* --- their native frames ------------------------------------------------- */

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

/* Has mark M no frame of Python code? */
static bool
is_empty(enum rcp_py_way way, const struct rcp_native_mark *m)
{
	const struct rcp_capture_frame *f;

	for (f = m->first; f < m[1].first; f++)
		if (!rcp_py_is_shim(way, f->frame))
			return false;
	return true;
}

bool
rcp_mixed_match(struct rcp_native *n, enum rcp_py_way way,
		struct rcp_step *leaf, const struct rcp_native_mark *hold)
{
	struct rcp_step *end = rcp_trace_end(&n->trace), *e, *outer;
	const struct rcp_step *last = hold < n->end ? hold->step : end;
	struct rcp_native_mark *m = n->mark;
	bool placed = m->at != NULL;

	for (e = leaf; e < last && (m < hold || !placed); e = outer) {
		outer = rcp_next_frame(e, end);
		if (placed ? outer < end && holds(e, outer, m->at) :
			     rcp_py_is_evaluator(e->value)) {
			if (m == hold)
				return false;
			m++->step = e;
		} else if (m == n->end && rcp_native_is_last(e->value)) {
			break;
		}
	}
	if (m < hold && hold == n->end && m + 1 == hold && is_empty(way, m)) {
		n->end = m;
		return true;
	}
	return m == hold;
}

/* SPDX-License-Identifier: MIT
 *
 * tails.c - see tails.h; the slow half.  Runs inside malloc.
 */
#include "capture/tails.h"

#include <string.h>

void
rcp_tails_forget(struct rcp_native *n)
{
	if (n->tail == 0)
		return;
	n->tail = 0;
	memset(n->tails->tails, 0, sizeof(n->tails->tails));
	memset(n->tails->nodes, 0, sizeof(n->tails->nodes));
}

/* Copies the words from E to END.  False: no tail can have them. */
static bool
copy(struct rcp_tail *x, const struct rcp_step *e, const struct rcp_step *end)
{
	x->count = 0;
	if (e == end || end - e > (ptrdiff_t)RCP_TAIL_WORDS)
		return false;
	for (; e < end; e++) {
		uintptr_t at = (uintptr_t)e->slot - (uintptr_t)x->frame;

		if (e->rule & RCP_STEP_LOOSE || at > UINT16_MAX)
			return false;
		x->at[x->count] = (uint16_t)at;
		x->value[x->count++] = e->value;
	}
	/* They are compared by fours. */
	for (; x->count % 4 != 0; x->count++) {
		x->at[x->count] = x->at[x->count - 1];
		x->value[x->count] = x->value[x->count - 1];
	}
	return true;
}

static bool
put_mark(struct rcp_tail *x, const char *at, unsigned frames)
{
	if (x->inner == RCP_TAIL_MARKS)
		return false;
	x->marks[x->inner].at = at;
	x->marks[x->inner++].frames = frames;
	return true;
}

/* Notes the shims among the frames from LEAF to END.  False: too many. */
static bool
copy_shims(struct rcp_tail *x, enum rcp_py_way way,
	   const struct rcp_capture_frame *leaf,
	   const struct rcp_capture_frame *end)
{
	unsigned n = 0;

	for (; leaf < end; leaf++)
		if (!rcp_py_is_shim(way, leaf->frame))
			n += rcp_tail_sees(leaf);
		else if (!put_mark(x, leaf->frame, n))
			return false;
	return true;
}

/* The same for marks that are no frames: those from MARKS to MARK. */
static bool
copy_marks(struct rcp_tail *x, const struct rcp_native_mark *marks,
	   const struct rcp_native_mark *mark,
	   const struct rcp_capture_frame *leaf)
{
	unsigned n = 0;

	for (; marks < mark; marks++) {
		for (; leaf < marks[1].first; leaf++)
			n += rcp_tail_sees(leaf);
		if (!put_mark(x, marks->at, n))
			return false;
	}
	return true;
}

static bool
is_tail(const struct rcp_tail *a, const struct rcp_tail *b)
{
	return a->frame == b->frame && a->mark == b->mark &&
	       a->outer.slot == b->outer.slot &&
	       a->outer.value == b->outer.value &&
	       a->outer.rule == b->outer.rule && a->count == b->count &&
	       memcmp(a->marks, b->marks, sizeof(a->marks)) == 0 &&
	       memcmp(a->at, b->at, a->count * sizeof(a->at[0])) == 0 &&
	       memcmp(a->value, b->value, a->count * sizeof(a->value[0])) == 0;
}

/* Where NEW is, or is to be, of the two places from X on. */
static struct rcp_tail *
place(struct rcp_native *n, struct rcp_tail *x, const struct rcp_tail *new)
{
	if (is_tail(x, new))
		return x;
	if (is_tail(x + 1, new))
		return x + 1;
	/* The older one goes. */
	x += x[1].id < x->id;
	*x = *new;
	x->id = ++n->tail;
	return x;
}

/* Most stacks of a start are met once, and not worth it. */
static bool
is_met_again(struct rcp_native *n, uint64_t h)
{
	uint16_t *met = &n->tails->met[h >> 32 & (RCP_TAILS_MET - 1)];
	uint16_t was = *met;

	*met = (uint16_t)(h >> 16);
	return was == *met;
}

const struct rcp_tail *
rcp_tail_keep(struct rcp_capture *c, enum rcp_py_way way,
	      const struct rcp_native_mark *mark, const char *frame,
	      uintptr_t caller)
{
	struct rcp_native *n = c->native;
	const struct rcp_step *end = rcp_trace_end(&n->trace), *outer;
	uint64_t h = rcp_tail_hash(frame, caller, c->leaf->key);
	struct rcp_tail new;

	if (n->trace.start != frame || !is_met_again(n, h))
		return NULL;
	outer = rcp_next_frame(mark->step, end);
	if (outer == end || outer->rule & (RCP_STEP_LOOSE | RCP_STEP_NEEDED))
		return NULL;
	new.frame = frame;
	new.mark = mark->at;
	new.outer = *outer;
	new.inner = 0;
	memset(new.marks, 0, sizeof(new.marks));
	if (!copy(&new, n->trace.leaf, outer))
		return NULL;
	if (rcp_py_marks_are_frames(way) ?
		    !copy_shims(&new, way, c->leaf, mark[1].first - 1) :
		    !copy_marks(&new, n->mark, mark, c->leaf))
		return NULL;
	if (n->tail == UINT32_MAX)
		rcp_tails_forget(n);
	return place(n, rcp_tail_slot(n, h), &new);
}

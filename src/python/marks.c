/* SPDX-License-Identifier: MIT
 *
 * marks.c - see marks.h.  3.10 and 3.11 chain a struct in each evaluator's
 * frame, the cframe; from 3.12 on a frame of the interpreter's own, the shim,
 * stands there, behind those that the evaluator runs.  3.8 and 3.9 have the
 * evaluator's address range.
 */
#include "python/marks.h"

#include <stddef.h>

#include "python/python.h"
#include "python/walk.h"

/* Where the search for marks has come to. */
struct place {
	const char *cframe, *frame;
};

static bool
begin(enum rcp_py_way way, struct place *p)
{
	const char *tstate = way ? rcp_py_tstate() : NULL;

	if (!tstate)
		return false;
	p->frame = rcp_py_top(way, tstate);
	p->cframe = NULL;
	if (rcp_py_rt.layout.tstate_cframe)
		p->cframe = rcp_py_pointer(tstate,
					   rcp_py_rt.layout.tstate_cframe);
	return p->frame != NULL;
}

/* 3.10 and 3.11.  The outermost one is the thread state's own. */
static bool
next_cframe(enum rcp_py_way way, struct place *p, struct rcp_py_mark *out)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;
	const char *back;

	if (!p->cframe || !p->frame)
		return false;
	back = rcp_py_pointer(p->cframe, l->cframe_back);
	if (!back)
		return false;
	out->at = p->cframe;
	if (way == RCP_PY_WAY_FRAMES)
		p->frame = rcp_py_back(p->frame);
	else
		p->frame = rcp_py_pointer(back, l->cframe_frame);
	out->outer = p->frame;
	p->cframe = back;
	return true;
}

/* 3.8 and 3.9. */
static bool
next_call(struct place *p, struct rcp_py_mark *out)
{
	if (!p->frame)
		return false;
	out->at = NULL;
	p->frame = rcp_py_back(p->frame);
	out->outer = p->frame;
	return true;
}

static bool
next_shim(enum rcp_py_way way, struct place *p, struct rcp_py_mark *out)
{
	while (p->frame && !rcp_py_is_shim(way, p->frame))
		p->frame = rcp_py_back(p->frame);
	if (!p->frame)
		return false;
	out->at = p->frame;
	p->frame = rcp_py_back(p->frame);
	out->outer = p->frame;
	return true;
}

static bool
next(enum rcp_py_way way, struct place *p, struct rcp_py_mark *out)
{
	if (way == RCP_PY_WAY_CFRAMES || way == RCP_PY_WAY_CURRENT)
		return next_shim(way, p, out);
	if (!rcp_py_rt.layout.tstate_cframe)
		return rcp_py_rt.evaluator_size && next_call(p, out);
	return next_cframe(way, p, out);
}

bool
rcp_py_is_evaluator(uintptr_t ip)
{
	return ip - rcp_py_rt.evaluator <= rcp_py_rt.evaluator_size;
}

static enum rcp_py_way
way_now(void)
{
	return atomic_load_explicit(&rcp_py_rt.way, memory_order_relaxed);
}

unsigned
rcp_py_marks(struct rcp_py_mark *out, unsigned max)
{
	enum rcp_py_way way = way_now();
	struct place p;
	unsigned n = 0;

	if (!begin(way, &p))
		return 0;
	while (n < max && next(way, &p, &out[n]))
		n++;
	return n < max ? n : 0;
}

bool
rcp_py_marks_same(const struct rcp_py_mark *marks, unsigned n)
{
	enum rcp_py_way way = way_now();
	struct rcp_py_mark mark;
	struct place p;

	if (!begin(way, &p))
		return false;
	for (; n > 0; n--, marks++)
		if (!next(way, &p, &mark) || mark.at != marks->at ||
		    mark.outer != marks->outer)
			return false;
	return !next(way, &p, &mark);
}

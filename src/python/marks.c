/* SPDX-License-Identifier: MIT
 *
 * marks.c - see marks.h; those that are no frames.  3.10 and 3.11 chain a
 * struct in each evaluator's frame, the cframe; 3.8 and 3.9 have the evaluator's
 * address range.
 */
#include "python/marks.h"

#include <stddef.h>

#include "python/python.h"
#include "python/walk.h"

/* Where the search for marks has come to. */
struct place {
	const char *cframe, *frame;
};

RCP_PY_INLINE bool
begin(enum rcp_py_way way, struct place *p)
{
	const char *tstate = rcp_py_own(way);

	if (!tstate)
		tstate = rcp_py_tstate();
	if (!tstate)
		return false;
	p->frame = rcp_py_top(way, tstate);
	p->cframe = NULL;
	if (rcp_py_rt.layout.tstate_cframe)
		p->cframe = rcp_py_pointer(tstate,
					   rcp_py_rt.layout.tstate_cframe);
	return p->frame != NULL;
}

/* 3.8 and 3.9. */
RCP_PY_INLINE bool
next_call(struct place *p, struct rcp_py_mark *out)
{
	if (!p->frame || !rcp_py_rt.evaluator_size)
		return false;
	out->at = NULL;
	p->frame = rcp_py_back(RCP_PY_WAY_FRAMES, p->frame);
	out->outer = p->frame;
	return true;
}

/* The outermost one is the thread state's own. */
RCP_PY_INLINE bool
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
		p->frame = rcp_py_back(way, p->frame);
	else
		p->frame = rcp_py_pointer(back, l->cframe_frame);
	out->outer = p->frame;
	p->cframe = back;
	return true;
}

RCP_PY_INLINE bool
next(enum rcp_py_way way, struct place *p, struct rcp_py_mark *out)
{
	if (way == RCP_PY_WAY_FRAMES && !rcp_py_rt.layout.tstate_cframe)
		return next_call(p, out);
	return next_cframe(way, p, out);
}

RCP_PY_INLINE unsigned
all(enum rcp_py_way way, struct rcp_py_mark *out, unsigned max)
{
	struct place p;
	unsigned n = 0;

	if (!begin(way, &p))
		return 0;
	while (n < max && next(way, &p, &out[n]))
		n++;
	return n < max ? n : 0;
}

RCP_PY_INLINE bool
is_mark(const struct rcp_py_mark *a, const struct rcp_py_mark *b)
{
	return a->at == b->at && a->outer == b->outer;
}

/* Are the marks from P on outwards these N? */
RCP_PY_INLINE bool
go_on_so(enum rcp_py_way way, struct place p, const struct rcp_py_mark *marks,
	 unsigned n)
{
	struct rcp_py_mark mark;

	for (; n > 0; n--, marks++)
		if (!next(way, &p, &mark) || !is_mark(&mark, marks))
			return false;
	return !next(way, &p, &mark);
}

RCP_PY_INLINE bool
are_same(enum rcp_py_way way, const struct rcp_py_mark *marks, unsigned n)
{
	struct place p;

	return begin(way, &p) && go_on_so(way, p, marks, n);
}

unsigned
rcp_py_marks(enum rcp_py_way way, struct rcp_py_mark *out, unsigned max)
{
	if (way == RCP_PY_WAY_CFRAMES_SHARED)
		return all(RCP_PY_WAY_CFRAMES_SHARED, out, max);
	return way == RCP_PY_WAY_FRAMES ? all(RCP_PY_WAY_FRAMES, out, max) : 0;
}

bool
rcp_py_marks_same(enum rcp_py_way way, const struct rcp_py_mark *marks,
		  unsigned n)
{
	if (way == RCP_PY_WAY_CFRAMES_SHARED)
		return are_same(RCP_PY_WAY_CFRAMES_SHARED, marks, n);
	return way == RCP_PY_WAY_FRAMES &&
	       are_same(RCP_PY_WAY_FRAMES, marks, n);
}

RCP_PY_INLINE unsigned
inner(enum rcp_py_way way, const struct rcp_py_mark *known, unsigned n,
      struct rcp_py_mark *out, unsigned max, unsigned *same)
{
	struct rcp_py_mark mark;
	unsigned i = 0, found = 0;
	struct place p;

	if (!begin(way, &p))
		return max + 1;
	while (next(way, &p, &mark)) {
		/* Outwards is upwards. */
		while (i < n && known[i].at < mark.at)
			i++;
		if (i < n && is_mark(&known[i], &mark)) {
			*same = i++;
			return go_on_so(way, p, known + i, n - i) ? found :
								    max + 1;
		}
		if (found == max)
			break;
		out[found++] = mark;
	}
	return max + 1;
}

unsigned
rcp_py_marks_inner(enum rcp_py_way way, const struct rcp_py_mark *known,
		   unsigned n, struct rcp_py_mark *out, unsigned max,
		   unsigned *same)
{
	if (way == RCP_PY_WAY_CFRAMES_SHARED)
		return inner(RCP_PY_WAY_CFRAMES_SHARED, known, n, out, max,
			     same);
	return inner(RCP_PY_WAY_FRAMES, known, n, out, max, same);
}

bool
rcp_py_is_evaluator(uintptr_t ip)
{
	return ip - rcp_py_rt.evaluator <= rcp_py_rt.evaluator_size;
}

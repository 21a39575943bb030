/* SPDX-License-Identifier: MIT
 *
 * marks.h - which frames of Python's belong to which of C's: a call of the
 * interpreter's evaluator runs one Python frame (up to 3.10) or several, and
 * from 3.10 on leaves in its own C frame something that Python's frames lead
 * to.  Before, the calls are told by their code alone: the innermost one runs
 * the innermost frame, and so on.
 */
#ifndef RCP_PYTHON_MARKS_H
#define RCP_PYTHON_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "python/runtime.h"

/* One call of the evaluator. */
struct rcp_py_mark {
	const char *at;    /* inside its C frame; NULL: it leaves nothing, and
			      all C frames of the evaluator are marks */
	const char *outer; /* the first frame that is not its own; NULL: all
			      are, to the root */
};

/* Are the marks among the frames that a walk meets?  From 3.12 on they are: the
 * shims, each behind the frames of its call. */
static inline bool
rcp_py_marks_are_frames(enum rcp_py_way way)
{
	return way == RCP_PY_WAY_CFRAMES || way == RCP_PY_WAY_CURRENT;
}

/* Where they are not: those of the calling thread, innermost first, into OUT
 * (room for MAX).  Returns their number; 0: there are none, or more than MAX, or
 * the evaluator was not found.  In the hooks of allocations only, as walks. */
unsigned rcp_py_marks(enum rcp_py_way way, struct rcp_py_mark *out,
		      unsigned max);

/* Are they still these N? */
bool rcp_py_marks_same(enum rcp_py_way way, const struct rcp_py_mark *marks,
		       unsigned n);

/* The marks that are further in than the first of the N in KNOWN from which on
 * all outwards are still these: into OUT, the innermost first.  *SAME: that
 * one's index.  Returns their number; more than MAX: they are more, or none is
 * what it was. */
unsigned rcp_py_marks_inner(enum rcp_py_way way,
			    const struct rcp_py_mark *known, unsigned n,
			    struct rcp_py_mark *out, unsigned max,
			    unsigned *same);

/* Is IP in the evaluator's code?  Asked where marks have no place. */
bool rcp_py_is_evaluator(uintptr_t ip);

#endif

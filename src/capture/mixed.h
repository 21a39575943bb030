/* SPDX-License-Identifier: MIT
 *
 * mixed.h - what mixed.c and mixed_marks.c share: how far out a merged stack
 * has changed, and the calls of the evaluator in it.
 */
#ifndef RCP_CAPTURE_MIXED_H
#define RCP_CAPTURE_MIXED_H

#include "capture/native.h"

/* How far out the stack is another than the previous one.  All that follows of
 * KEPT is of the previous stack. */
struct rcp_mixed_change {
	struct rcp_step *step; /* outermost native frame that is new */
	struct rcp_capture_frame *frame; /* the same of Python's; none, if it
					    is further in than the leaf */
	struct rcp_native_mark *kept; /* innermost mark that is what it was */
	struct rcp_capture_frame *first; /* its innermost Python frame */
	struct rcp_step *inner; /* native frame of the next one inside of it */
};

/* Nothing of the previous stack is to be used. */
void rcp_mixed_forget(struct rcp_capture *c);

/* Divides Python's frames among the marks; fills in CH, whose step and frame
 * are given.  False: they cannot be. */
bool rcp_mixed_divide(struct rcp_capture *c, enum rcp_py_way way,
		      struct rcp_mixed_change *ch);

/* Finds the native frames of the marks inside of HOLD, which has its own, from
 * LEAF outwards.  False: one has none. */
bool rcp_mixed_match(struct rcp_native *n, enum rcp_py_way way,
		     struct rcp_step *leaf,
		     const struct rcp_native_mark *hold);

/* Beyond the first function of a greenlet stands what the thread did when it
 * was first switched to, or has done since. */
static inline bool
rcp_native_is_last(uintptr_t ip)
{
	return ip - rcp_greenlets.low < rcp_greenlets.high - rcp_greenlets.low;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * leaf.h - the line at which the calling thread is, when that is all that is
 * asked for: a few reads, no walk.  On the path of each death of an object.
 */
#ifndef RCP_CAPTURE_LEAF_H
#define RCP_CAPTURE_LEAF_H

#include "python/walk.h"

/* How frames are reached. */
RCP_PY_INLINE enum rcp_py_way
rcp_capture_way(void)
{
	return atomic_load_explicit(&rcp_py_rt.way, memory_order_relaxed);
}

/* The key of the innermost frame of TSTATE, the calling thread's.  Two of one
 * epoch (rcp_py_epoch) are equal when rcp_capture_leaf() is.  0: that has to
 * look. */
RCP_PY_INLINE uintptr_t
rcp_capture_leaf_key(enum rcp_py_way way, const char *tstate)
{
	const char *frame = rcp_py_top(way, tstate);

	if (RCP_UNLIKELY(!frame) || RCP_UNLIKELY(rcp_py_is_shim(way, frame)))
		return 0;
	return rcp_py_key(way, frame);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * noted.h - the stack of a thread without Python frames, if it is one of those
 * that take turns.  Inline, so that unwinding begins in malloc's own frame: no
 * call, and a word less to compare.
 */
#ifndef RCP_CAPTURE_NOTED_H
#define RCP_CAPTURE_NOTED_H

#include "capture/native.h"
#include "python/runtime.h"
#include "unwind/variants.h"

/* The rest of rcp_capture_noted(). */
uint64_t rcp_capture_noted_slow(struct rcp_capture *c, const void *caller,
				const void *frame);

/* What was noted of C's stack; NULL: it is none that is known. */
static inline const struct rcp_variant *
rcp_native_known(struct rcp_capture *c, const void *frame)
{
	struct rcp_native *n = c->native;
	const struct rcp_variant *v;

	c->no_python = true;
	if (RCP_UNLIKELY(!n))
		return NULL;
	v = rcp_variant_find(&n->trace, frame);
	if (RCP_LIKELY(v && v->base == rcp_variant_base(&n->trace)->node))
		return v;
	return NULL;
}

/* As rcp_capture_node(), and in the upper half the number that was noted when
 * this stack was met before: 0 if none was, RCP_CAPTURE_NO_NOTE if it could not
 * be.  FRAME is __builtin_frame_address(0) of a function that has not returned
 * yet. */
static inline __attribute__((always_inline)) uint64_t
rcp_capture_noted(struct rcp_capture *c, const void *caller, const void *frame)
{
	const struct rcp_variant *v;

	if (RCP_LIKELY(atomic_load_explicit(&rcp_py_rt.way,
					    memory_order_relaxed) ==
		       RCP_PY_WAY_NONE) &&
	    RCP_LIKELY(c->epoch == __atomic_load_n(&rcp_py_epoch,
						   __ATOMIC_ACQUIRE))) {
		v = rcp_native_known(c, frame);
		if (RCP_LIKELY(v != NULL))
			return v->noted;
	}
	return rcp_capture_noted_slow(c, caller, frame);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * walk.h - the steps of a walk, inline, for who walks in every hook (capture)
 * and for src/python itself.  Reads memory only: no call, no lock, no GIL.
 *
 * A thread's own chain of frames does not change under it while it is inside
 * a hook, with or without the GIL; frames are linked in only when complete.
 *
 * Each function takes the way of walking as a constant, so that an instance
 * of the code has no branches for the others'.
 */
#ifndef RCP_PYTHON_WALK_H
#define RCP_PYTHON_WALK_H

#include "python/runtime.h"

#include "python/layout_rows.h"

#define RCP_PY_INLINE static inline __attribute__((always_inline))

/* The layout of an interpreter whose frames are reached by WAY.  Where that is a
 * constant and says the version, so are the offsets. */
RCP_PY_INLINE const struct rcp_py_layout *
rcp_py_layout_by(enum rcp_py_way way)
{
	if (__builtin_constant_p(way) && way == RCP_PY_WAY_CFRAMES_SHARED)
		return &layout_rows[RCP_PY_ROW(11)];
	if (__builtin_constant_p(way) && way == RCP_PY_WAY_CFRAMES)
		return &layout_rows[RCP_PY_ROW(12)];
	return &rcp_py_rt.layout;
}

/* Frames whose owner is this or more are the interpreter's own: entries from
 * C, with no code object behind them. */
#define RCP_PY_OWNER_SHIM 3

/* The calling thread's state if that can be told without a call, else NULL:
 * then rcp_py_tstate() knows.  From 3.12 on it is a variable of the thread.
 * Before, it is a value of pthread's, which is the right one at least when it
 * is the state that holds the GIL. */
RCP_PY_INLINE const char *
rcp_py_own(enum rcp_py_way way)
{
	const char *self = __builtin_thread_pointer();
	const char *own = rcp_py_pointer(self + rcp_py_rt.own, 0);
	uintptr_t stamp;

	if (way == RCP_PY_WAY_CFRAMES || way == RCP_PY_WAY_CURRENT)
		return own;
	/* The key's sequence number stands before its value. */
	memcpy(&stamp, self + rcp_py_rt.own - sizeof(stamp), sizeof(stamp));
	return own == *rcp_py_rt.shared && stamp == rcp_py_rt.own_stamp ?
		       own : NULL;
}

/* Is the collector running in the interpreter of TSTATE? */
RCP_PY_INLINE bool
rcp_py_is_collecting(const char *tstate)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;
	const char *interp;

	if (RCP_UNLIKELY(l->runtime_collecting))
		return rcp_py_int(rcp_py_rt.state, l->runtime_collecting) != 0;
	interp = rcp_py_pointer(tstate, l->tstate_interp);
	return rcp_py_int(interp, l->interp_collecting) != 0;
}

/* The state of the calling thread, which has the GIL; NULL: it can not be told
 * without a call. */
RCP_PY_INLINE const char *
rcp_py_holder(enum rcp_py_way way)
{
	const char *self = __builtin_thread_pointer();

	return way <= RCP_PY_WAY_CFRAMES_SHARED ?
		       *rcp_py_rt.shared :
		       rcp_py_pointer(self + rcp_py_rt.own, 0);
}

/* Is the calling thread, which has the GIL, inside the collector? */
RCP_PY_INLINE bool
rcp_py_collects(void)
{
	enum rcp_py_way way = atomic_load_explicit(&rcp_py_rt.way,
						   memory_order_relaxed);
	const char *tstate;

	if (RCP_UNLIKELY(way == RCP_PY_WAY_NONE))
		return false;
	tstate = rcp_py_holder(way);
	return tstate ? rcp_py_is_collecting(tstate) : rcp_py_collecting_here();
}

/* The state of the calling thread, which has the GIL and is not inside the
 * collector; NULL: it may be, or that can not be told without a call. */
RCP_PY_INLINE const char *
rcp_py_mutator(enum rcp_py_way way)
{
	const struct rcp_py_layout *l = rcp_py_layout_by(way);
	const char *tstate, *interp;
	int32_t collecting;

	if (RCP_UNLIKELY(way == RCP_PY_WAY_NONE))
		return NULL;
	tstate = rcp_py_holder(way);
	if (RCP_UNLIKELY(!tstate))
		return NULL;
	if (way == RCP_PY_WAY_FRAMES && l->runtime_collecting) {
		collecting = rcp_py_int(rcp_py_rt.state, l->runtime_collecting);
	} else {
		interp = rcp_py_pointer(tstate, l->tstate_interp);
		collecting = rcp_py_int(interp, l->interp_collecting);
	}
	return RCP_UNLIKELY(collecting) ? NULL : tstate;
}

/* The innermost frame, or NULL. */
RCP_PY_INLINE const char *
rcp_py_top(enum rcp_py_way way, const char *tstate)
{
	const struct rcp_py_layout *l = rcp_py_layout_by(way);
	const char *p = rcp_py_pointer(tstate, l->tstate_frame);

	if (way == RCP_PY_WAY_FRAMES || way == RCP_PY_WAY_CURRENT || !p)
		return p;
	return rcp_py_pointer(p, l->cframe_frame);
}

/* The next outer frame, or NULL. */
RCP_PY_INLINE const char *
rcp_py_back(enum rcp_py_way way, const char *frame)
{
	return rcp_py_pointer(frame, rcp_py_layout_by(way)->frame_back);
}

/* Equal for two frames exactly when code and last instruction are, as long as
 * no code object has died in between.  The address of the instruction, which
 * lies inside the code object (or in a thread's copy of its instructions).
 * Frame objects: code objects are 16-aligned, so that the offset goes into
 * the bits below; an offset past 2^21 carries into the next addresses, which
 * lie inside the same code object (and its collector's header) up to 2^24. */
RCP_PY_INLINE uintptr_t
rcp_py_key(enum rcp_py_way way, const char *frame)
{
	const struct rcp_py_layout *l = rcp_py_layout_by(way);

	if (way != RCP_PY_WAY_FRAMES)
		return (uintptr_t)rcp_py_pointer(frame, l->frame_instr);
	return ((uintptr_t)rcp_py_pointer(frame, l->frame_code) << 17) +
	       (uint32_t)(rcp_py_int(frame, l->frame_instr) + 1);
}

/* No frame of Python code: the walk goes on as if it were not there.  3.12 was
 * the first to have such. */
RCP_PY_INLINE bool
rcp_py_is_shim(enum rcp_py_way way, const char *frame)
{
	return way != RCP_PY_WAY_FRAMES && way != RCP_PY_WAY_CFRAMES_SHARED &&
	       (unsigned char)frame[rcp_py_layout_by(way)->frame_owner] >=
		       RCP_PY_OWNER_SHIM;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * walk.c - the Python stack of the calling thread, whole, and what a frame
 * says.  The hooks walk by the same steps (walk.h), but stop where the stack
 * is known already; they come here for frames that they have not seen.
 */
#include <stddef.h>

#include "python/python.h"
#include "python/walk.h"

#define OWNER_GENERATOR 1

/* Tag bits of the stack reference that a frame keeps of its code (3.14). */
#define TAG_BITS ((uintptr_t)3)

unsigned
rcp_py_walk(struct rcp_py_frame *out, unsigned max, bool *deeper)
{
	enum rcp_py_way way = atomic_load_explicit(&rcp_py_rt.way,
						   memory_order_relaxed);
	const char *tstate, *f;
	unsigned n = 0;

	*deeper = false;
	tstate = way ? rcp_py_tstate() : NULL;
	if (!tstate)
		return 0;
	for (f = rcp_py_top(way, tstate); f; f = rcp_py_back(way, f)) {
		if (rcp_py_is_shim(way, f))
			continue;
		if (n == max) {
			*deeper = true;
			break;
		}
		out[n].key = rcp_py_key(way, f);
		out[n++].frame = f;
	}
	return n;
}

void
rcp_py_walk_enable(bool on)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;
	enum rcp_py_way way = RCP_PY_WAY_FRAMES;

	if (!on)
		way = RCP_PY_WAY_NONE;
	else if (l->family == RCP_PY_CURRENT)
		way = RCP_PY_WAY_CURRENT;
	else if (l->family == RCP_PY_CFRAMES)
		way = l->current_is_shared ? RCP_PY_WAY_CFRAMES_SHARED :
					     RCP_PY_WAY_CFRAMES;
	atomic_store_explicit(&rcp_py_rt.way, way, memory_order_release);
}

/* Where CODE's instructions are for this frame: in the code object, or in the
 * thread's copy (free-threaded 3.14 and later). */
static const char *
bytecode(const char *frame, const char *code)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;
	const char *copies;
	int32_t index;

	if (!l->code_tlbc)
		return code + l->code_bytecode;
	copies = rcp_py_pointer(code, l->code_tlbc);
	index = rcp_py_int(frame, l->frame_tlbc);
	if (!copies || index < 0)
		return code + l->code_bytecode;
	/* a count, then the pointers */
	return rcp_py_pointer(copies, 8 + 8 * (unsigned)index);
}

/* A frame is not there yet, for Python code, while its cells and its generator
 * are made; and never, for the helper that calls __init__ (3.13 and later). */
static bool
is_hidden(const char *frame, const char *code, intptr_t at)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;

	return at < 2 * (intptr_t)rcp_py_int(code, l->code_begin) &&
	       frame[l->frame_owner] != OWNER_GENERATOR;
}

bool
rcp_py_frame_code(const struct rcp_py_frame *f, const void **code,
		  int32_t *lasti)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;
	const char *frame = f->frame, *c;
	intptr_t at;
	int64_t units;

	c = rcp_py_pointer(frame, l->frame_code);
	if (l->family != RCP_PY_FRAMES)
		c -= (uintptr_t)c & TAG_BITS;
	if (!rcp_py_is(c, rcp_py_rt.code_type))
		return false;
	*code = c;
	if (l->family == RCP_PY_FRAMES) {
		at = (intptr_t)rcp_py_int(frame, l->frame_instr) *
		     l->lasti_unit;
	} else {
		at = rcp_py_pointer(frame, l->frame_instr) -
		     bytecode(frame, c);
		/* Instructions are units of two bytes; a frame that has not
		 * started stands one before the first. */
		memcpy(&units, c + l->var_size, sizeof(units));
		if (at < -2 || at / 2 > units)
			return false;
		if (is_hidden(frame, c, at))
			*code = NULL;
	}
	*lasti = at < 0 ? -1 : (int32_t)at;
	return true;
}

bool
rcp_py_collecting(void)
{
	const struct rcp_py_runtime *rt = &rcp_py_rt;
	const char *tstate;

	if (!atomic_load_explicit(&rt->way, memory_order_relaxed))
		return false;
	/* The collector runs with the GIL held: by us, or not here. */
	tstate = rcp_py_tstate();
	return tstate && tstate == rt->current() && rcp_py_is_collecting(tstate);
}

bool
rcp_py_collecting_here(void)
{
	const struct rcp_py_runtime *rt = &rcp_py_rt;
	const char *tstate;

	if (!atomic_load_explicit(&rt->way, memory_order_relaxed))
		return false;
	tstate = rt->current();
	return tstate && rcp_py_is_collecting(tstate);
}

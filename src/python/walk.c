/* SPDX-License-Identifier: MIT
 *
 * walk.c - the Python stack of the calling thread.  The hottest code we have:
 * runs in every allocation hook.  Reads memory only: no lock, no allocation,
 * no GIL, no reference counting.
 *
 * A thread's own chain of frames does not change under it while it is inside
 * a hook, with or without the GIL; frames are linked in only when complete.
 */
#include <pthread.h>
#include <stddef.h>

#include "python/python.h"
#include "python/runtime.h"

/* Frames whose owner is this or more are the interpreter's own: entries from
 * C, with no code object behind them. */
#define OWNER_SHIM 3
#define OWNER_GENERATOR 1

/* Tag bits of the stack reference that a frame keeps of its code (3.14). */
#define TAG_BITS ((uintptr_t)3)

#define INLINE static inline __attribute__((always_inline))

/* Where a walk leaves what it finds: the keys alone (the hot path), or whole
 * frames.  One of the two is a constant NULL in each instance of the code. */
struct walk {
	uintptr_t *keys;
	struct rcp_py_frame *frames;
	unsigned max;
	bool deeper;
};

typedef unsigned walk_fn(const char *tstate, struct walk *w);

/* NULL: there is no walking. */
static _Atomic(walk_fn *) key_walker;
static _Atomic(walk_fn *) walker;

/* pthread_self() of the thread that finalises the interpreter; 0: none. */
static _Atomic uintptr_t only_thread;

/* The key of frame objects: code objects are 16-aligned, so that the offset
 * goes into the bits below; an offset past 2^21 carries into the next
 * addresses, which lie inside the same code object (and its collector's
 * header) up to 2^24. */
INLINE void
found(struct walk *w, unsigned n, uintptr_t key, const char *frame,
      bool only_keys)
{
	if (only_keys) {
		w->keys[n] = key;
	} else {
		w->frames[n].key = key;
		w->frames[n].frame = frame;
	}
}

INLINE unsigned
walk_frames(const char *tstate, struct walk *w, bool only_keys)
{
	const unsigned code = rcp_py_rt.layout.frame_code;
	const unsigned back = rcp_py_rt.layout.frame_back;
	const unsigned lasti = rcp_py_rt.layout.frame_instr;
	const char *f = rcp_py_pointer(tstate, rcp_py_rt.layout.tstate_frame);
	const unsigned max = w->max;
	unsigned n = 0;

	for (; f; f = rcp_py_pointer(f, back)) {
		if (n == max) {
			w->deeper = true;
			break;
		}
		found(w, n++,
		      ((uintptr_t)rcp_py_pointer(f, code) << 17) +
			      (uint32_t)(rcp_py_int(f, lasti) + 1),
		      f, only_keys);
	}
	return n;
}

/* Interpreter frames from F on.  The key is the address of the instruction,
 * which lies inside the code object (or in a thread's copy of it). */
INLINE unsigned
walk_interpreter(const char *f, struct walk *w, bool only_keys)
{
	const unsigned back = rcp_py_rt.layout.frame_back;
	const unsigned instr = rcp_py_rt.layout.frame_instr;
	const unsigned owner = rcp_py_rt.layout.frame_owner;
	const unsigned max = w->max;
	unsigned n = 0;

	for (; f; f = rcp_py_pointer(f, back)) {
		if ((unsigned char)f[owner] >= OWNER_SHIM)
			continue;
		if (n == max) {
			w->deeper = true;
			break;
		}
		found(w, n++, (uintptr_t)rcp_py_pointer(f, instr), f,
		      only_keys);
	}
	return n;
}

INLINE unsigned
walk_cframes(const char *tstate, struct walk *w, bool only_keys)
{
	const char *cframe;

	cframe = rcp_py_pointer(tstate, rcp_py_rt.layout.tstate_frame);
	if (!cframe)
		return 0;
	return walk_interpreter(
		rcp_py_pointer(cframe, rcp_py_rt.layout.cframe_frame), w,
		only_keys);
}

INLINE unsigned
walk_current(const char *tstate, struct walk *w, bool only_keys)
{
	return walk_interpreter(
		rcp_py_pointer(tstate, rcp_py_rt.layout.tstate_frame), w,
		only_keys);
}

/* The two instances of each. */
#define INSTANCES(name) \
	static unsigned name##_keys(const char *tstate, struct walk *w) \
	{ \
		return name(tstate, w, true); \
	} \
	static unsigned name##_whole(const char *tstate, struct walk *w) \
	{ \
		return name(tstate, w, false); \
	}

INSTANCES(walk_frames)
INSTANCES(walk_cframes)
INSTANCES(walk_current)

/* Up to 3.11 the thread state that PyGILState knows is the right one but in a
 * subinterpreter, where it is the main interpreter's; the current one may be
 * another thread's, and is looked into only while there are several
 * interpreters.  From 3.12 on the current one is ours or NULL. */
const char *
rcp_py_tstate(void)
{
	const struct rcp_py_runtime *rt = &rcp_py_rt;
	const char *current = rt->current(), *own;
	unsigned long thread;

	if (!rt->layout.current_is_shared)
		return current ? current : rt->gilstate();
	own = rt->gilstate();
	if (!current || current == own ||
	    rt->interp_head() == rt->interp_main())
		return own;
	memcpy(&thread, current + rt->layout.tstate_thread, sizeof(thread));
	return thread == (unsigned long)pthread_self() ? current : own;
}

INLINE unsigned
walk_with(walk_fn *fn, struct walk *w)
{
	uintptr_t only = atomic_load_explicit(&only_thread,
					      memory_order_relaxed);
	const char *tstate;

	if (!fn || (only && only != (uintptr_t)pthread_self()))
		return 0;
	tstate = rcp_py_tstate();
	return tstate ? fn(tstate, w) : 0;
}

unsigned
rcp_py_walk_keys(uintptr_t *out, unsigned max, bool *deeper)
{
	struct walk w = { .keys = out, .max = max };
	unsigned n = walk_with(atomic_load_explicit(&key_walker,
						    memory_order_relaxed),
			       &w);

	*deeper = w.deeper;
	return n;
}

unsigned
rcp_py_walk(struct rcp_py_frame *out, unsigned max, bool *deeper)
{
	struct walk w = { .frames = out, .max = max };
	unsigned n = walk_with(atomic_load_explicit(&walker,
						    memory_order_relaxed),
			       &w);

	*deeper = w.deeper;
	return n;
}

void
rcp_py_walk_enable(bool on)
{
	static const struct {
		walk_fn *keys, *whole;
	} by_family[] = {
		[RCP_PY_FRAMES] = { walk_frames_keys, walk_frames_whole },
		[RCP_PY_CFRAMES] = { walk_cframes_keys, walk_cframes_whole },
		[RCP_PY_CURRENT] = { walk_current_keys, walk_current_whole },
	};
	enum rcp_py_family family = rcp_py_rt.layout.family;

	atomic_store_explicit(&walker, on ? by_family[family].whole : NULL,
			      memory_order_release);
	atomic_store_explicit(&key_walker, on ? by_family[family].keys : NULL,
			      memory_order_release);
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
	const struct rcp_py_layout *l = &rt->layout;
	const char *tstate, *interp;

	if (!atomic_load_explicit(&walker, memory_order_relaxed))
		return false;
	/* The collector runs with the GIL held: by us, or not here. */
	tstate = rcp_py_tstate();
	if (!tstate || tstate != rt->current())
		return false;
	if (l->runtime_collecting)
		return rcp_py_int(rt->state, l->runtime_collecting) != 0;
	interp = rcp_py_pointer(tstate, l->tstate_interp);
	return rcp_py_int(interp, l->interp_collecting) != 0;
}

void
rcp_py_finalizing(void)
{
	atomic_store_explicit(&only_thread, (uintptr_t)pthread_self(),
			      memory_order_relaxed);
}

void
rcp_py_running(void)
{
	atomic_store_explicit(&only_thread, 0, memory_order_relaxed);
}

bool
rcp_py_in_main(void)
{
	const char *tstate = rcp_py_tstate();

	return tstate && rcp_py_rt.layout.tstate_interp &&
	       rcp_py_pointer(tstate, rcp_py_rt.layout.tstate_interp) ==
		       rcp_py_rt.interp_main();
}

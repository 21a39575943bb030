/* SPDX-License-Identifier: MIT
 *
 * capture.c - from the thread's stack to a node.  On the hot path of every
 * allocation; runs inside malloc.
 *
 * The previous stack is kept as it was walked: each frame's address, its key
 * and its node.  A walk goes outwards until it meets a frame that stands there
 * at the same address; from there on each address and each key is read and
 * compared, to the root.  That every frame is read is what makes the stack
 * right: a frame that looks as it did may well have been left and entered
 * again, from another line of its caller.  Unless it can tell that it was not
 * (seal.h).  doc/PERFORMANCE.md says more.
 */
#include "capture/capture.h"

#include "capture/noted.h"
#include "capture/seal.h"
#include "capture/tree.h"

#define INLINE RCP_PY_INLINE
#define NOINLINE __attribute__((noinline))
#define UNLIKELY(x) RCP_UNLIKELY(x)

/* What stands behind the root: the address of no frame. */
#define NO_FRAME ((const char *)1)

static void
empty(struct rcp_capture *c)
{
	rcp_capture_end(c)->frame = NO_FRAME;
	c->leaf = c->valid = c->changed = rcp_capture_end(c);
}

void
rcp_capture_begin(struct rcp_capture *c)
{
	empty(c);
	rcp_native_begin(c);
}

void
rcp_capture_epoch(struct rcp_capture *c, uint32_t now)
{
	empty(c);
	rcp_native_epoch(c);
	rcp_memo_forget(c);
	c->epoch = now;
}

/* --- stacks that are special --------------------------------------------- */

/* No Python frame; or past the memory limit, where all that is kept of a stack
 * is its leaf, under the marker. */
static NOINLINE uint32_t
special(struct rcp_capture *c, const void *caller)
{
	const struct rcp_capture_frame *leaf = c->leaf;
	struct rcp_capture_memo *m;

	if (leaf->node == RCP_NODE_NONE)
		return rcp_native_node(c, caller);
	m = rcp_memo_slot(c, RCP_MEMO_FOLDED, leaf->key);
	if (!rcp_is_memo(m, RCP_MEMO_FOLDED, leaf->key))
		rcp_memo_folded(rcp_memo_take(c, m), leaf->key,
				leaf->frame, &c->code);
	return m->node;
}

static inline bool
is_special(uint32_t node)
{
	return UNLIKELY(node <= RCP_TREE_TRUNCATED);
}

/* Are there more than RCP_CAPTURE_MAX frames from F on? */
static bool
is_deeper(enum rcp_py_way way, const char *f)
{
	unsigned n = 0;

	while (f && n <= RCP_CAPTURE_MAX) {
		f = rcp_py_back(way, f);
		n++;
	}
	return n > RCP_CAPTURE_MAX;
}

/* More frames than we walk: the innermost ones under a marker.  Recursion
 * repeats itself, so this stays a small set of stacks. */
static uint32_t
deep_node(struct rcp_capture *c, enum rcp_py_way way, const char *f)
{
	const char *frames[RCP_CAPTURE_DEEP];
	uint32_t node = RCP_TREE_DEEPER;
	unsigned n = 0;

	for (; f && n < RCP_CAPTURE_DEEP; f = rcp_py_back(way, f))
		if (!rcp_py_is_shim(way, f))
			frames[n++] = f;
	if (n == 0)
		return RCP_TREE_UNKNOWN;
	f = frames[0];
	while (n > 0) {
		n--;
		node = rcp_child_python(c, way, node, rcp_py_key(way, frames[n]),
			     frames[n]);
	}
	if (!is_special(node))
		return node;
	/* The leaf for special() to look at. */
	empty(c);
	c->leaf = c->valid = rcp_capture_end(c) - 1;
	c->leaf->frame = f;
	c->leaf->key = rcp_py_key(way, f);
	c->leaf->node = node;
	node = special(c, NULL);
	empty(c);
	return node;
}

/* --- the walk ------------------------------------------------------------- */

static inline uint16_t *
place(struct rcp_capture *c, const char *frame)
{
	uintptr_t h = (uintptr_t)frame;

	return &c->where[(h >> 4 ^ h >> 12) & (RCP_CAPTURE_PLACES - 1)];
}

/* Walks from *F on to a frame of the previous stack; notes those before it in
 * c->fresh, N of them already.  Returns how many they are; more than
 * RCP_CAPTURE_MAX: there was no end to them. */
INLINE unsigned
collect(struct rcp_capture *c, enum rcp_py_way way, const char **f,
	unsigned n)
{
	for (; *f; *f = rcp_py_back(way, *f)) {
		struct rcp_capture_frame *e = c->frames + *place(c, *f);

		if (e->frame == *f && e >= c->valid)
			break;
		if (n == RCP_CAPTURE_MAX)
			return n + 1;
		c->fresh[n++] = *f;
	}
	return n;
}

/* Is the next outer frame of *F the one that E is of?  Then *F becomes it, by
 * E's word: the processor reads on from there while it waits for *F's, which
 * makes a frame's cost half. */
INLINE bool
goes_on(enum rcp_py_way way, const char **f,
	const struct rcp_capture_frame *e)
{
	const char *next = e->frame;

	if (rcp_py_back(way, *f) != next)
		return false;
	__asm__("" : "+r"(next));
	*f = next;
	return true;
}

/* Are the frames farther out than F, which E is of, as they were?  A sealed one
 * answers for all beyond it. */
INLINE bool
is_as_before(enum rcp_py_way way, const char *f,
	     const struct rcp_capture_frame *e)
{
	for (e++; goes_on(way, &f, e); e++) {
		if (UNLIKELY(rcp_py_key(way, f) != e->key))
			return false;
		if (rcp_is_sealed(way, f))
			return true;
		if (!goes_on(way, &f, ++e))
			break;
		if (UNLIKELY(rcp_py_key(way, f) != e->key))
			return false;
		if (rcp_is_sealed(way, f))
			return true;
	}
	return RCP_LIKELY(!rcp_py_back(way, f) && e->frame == NO_FRAME);
}

/* Compares the frames from F on with those from E on.  Keys are brought up to
 * date, *CHANGED is the outermost entry whose key was not.  False: the
 * addresses are not the same; those from c->valid on may be, from another
 * frame on. */
INLINE bool
compare(struct rcp_capture *c, enum rcp_py_way way, const char *f,
	struct rcp_capture_frame *e, struct rcp_capture_frame **changed)
{
	uintptr_t key;

	/* What was called by way of C has a shim before its caller. */
	for (;; e++) {
		key = rcp_py_key(way, f);
		if (key != e->key) {
			e->key = key;
			*changed = e;
		}
		if (rcp_is_sealed(way, f))
			return true;
		if (!rcp_py_is_shim(way, f) || !goes_on(way, &f, e + 1))
			break;
	}
	if (RCP_LIKELY(is_as_before(way, f, e)))
		return true;
	do {
		key = rcp_py_key(way, f);
		if (UNLIKELY(key != e->key)) {
			e->key = key;
			*changed = e;
		}
		e++;
	} while (goes_on(way, &f, e));
	if (RCP_LIKELY(!rcp_py_back(way, f) && e == rcp_capture_end(c)))
		return true;
	c->valid = e;
	*changed = NULL; /* further in than what is valid */
	return false;
}

INLINE void
set_changed(struct rcp_capture *c, struct rcp_capture_frame *e)
{
	if (c->changed < e)
		c->changed = e;
}

/* Writes the N fresh frames before E.  Returns the leaf. */
INLINE struct rcp_capture_frame *
put_fresh(struct rcp_capture *c, enum rcp_py_way way,
	  struct rcp_capture_frame *e, unsigned n)
{
	while (n > 0) {
		const char *frame = c->fresh[--n];

		e--;
		e->frame = frame;
		e->key = rcp_py_key(way, frame);
		e->node = rcp_child_python(c, way, e[1].node, e->key, frame);
		*place(c, frame) = (uint16_t)(e - c->frames);
	}
	return e;
}

/* The stack from LEAF on, which may be NULL, becomes the previous one. */
INLINE uint32_t
walk(struct rcp_capture *c, const void *caller, enum rcp_py_way way,
     const char *leaf)
{
	struct rcp_capture_frame *e, *i, *changed = NULL;
	const char *f = leaf;
	unsigned n;

	if (UNLIKELY(c->deep)) {
		if (is_deeper(way, leaf))
			return deep_node(c, way, leaf);
		c->deep = false;
	}
	n = collect(c, way, &f, 0);
	for (e = rcp_capture_end(c); f && n <= RCP_CAPTURE_MAX;
	     e = rcp_capture_end(c)) {
		e = c->frames + *place(c, f);
		if (compare(c, way, f, e, &changed))
			break;
		n = collect(c, way, &f, n);
	}
	if (UNLIKELY(n > (unsigned)(e - c->frames))) {
		/* Keys may have been brought up to date, and no node. */
		empty(c);
		c->deep = is_deeper(way, leaf);
		if (c->deep)
			return deep_node(c, way, leaf);
		changed = NULL;
		f = leaf;
		n = collect(c, way, &f, 0);
		e = rcp_capture_end(c);
	}
	if (changed)
		for (i = changed; i >= e; i--)
			i->node = rcp_child_python(c, way, i[1].node, i->key, i->frame);
	if (changed || n > 0) {
		c->valid = e - n;
		set_changed(c, changed ? changed : e - 1);
	}
	c->leaf = put_fresh(c, way, e, n);
	if (leaf)
		rcp_seal(way, leaf);
	return is_special(c->leaf->node) ? special(c, caller) : c->leaf->node;
}

/* The stack is the previous one, but for its leaf's line, which this thread has
 * not met there. */
INLINE uint32_t
new_leaf(struct rcp_capture *c, const void *caller, enum rcp_py_way way,
	 const char *leaf)
{
	struct rcp_capture_frame *e = c->leaf;
	uintptr_t key = rcp_py_key(way, leaf);

	rcp_capture_leaf_is(c, key, rcp_child_python(c, way, e[1].node, key,
						     leaf));
	return is_special(e->node) ? special(c, caller) : e->node;
}

/* The rest of node_of(): the stack has other frames than the previous one, or
 * other lines further out. */
#define INSTANCE(name, way, scope) \
	scope NOINLINE uint32_t rcp_capture_walk_##name( \
		struct rcp_capture *c, const void *caller, const char *leaf) \
	{ \
		return walk(c, caller, way, leaf); \
	} \
	static NOINLINE uint32_t name##_leaf(struct rcp_capture *c, \
					     const void *caller, \
					     const char *leaf) \
	{ \
		return new_leaf(c, caller, way, leaf); \
	} \
	static NOINLINE uint32_t name##_ask(struct rcp_capture *c, \
					    const void *caller) \
	{ \
		return asked(c, caller, way, rcp_capture_walk_##name); \
	} \
	static uint32_t name(struct rcp_capture *c, const void *caller) \
	{ \
		return node_of(c, caller, way, rcp_capture_walk_##name, \
			       name##_leaf, name##_ask); \
	}

typedef uint32_t walk_fn(struct rcp_capture *c, const void *caller,
			 const char *leaf);
typedef uint32_t node_fn(struct rcp_capture *c, const void *caller);

/* A thread state that only the interpreter can tell, or a new epoch. */
INLINE uint32_t
asked(struct rcp_capture *c, const void *caller, enum rcp_py_way way,
      walk_fn *walk_on)
{
	uint32_t now = rcp_capture_now();
	const char *tstate;

	if (c->epoch != now)
		rcp_capture_epoch(c, now);
	tstate = rcp_py_tstate();
	return tstate ? walk_on(c, caller, rcp_py_top(way, tstate)) :
			rcp_native_node(c, caller);
}

/* Most stacks are the previous one but for the leaf's line: no other frame.
 * That much is done here, without a call. */
INLINE uint32_t
node_of(struct rcp_capture *c, const void *caller, enum rcp_py_way way,
	walk_fn *walk_on, walk_fn *go_on, node_fn *ask)
{
	const char *tstate = rcp_py_own(way), *leaf;
	struct rcp_capture_frame *e = c->leaf;
	uintptr_t key;

	if (UNLIKELY(!tstate || c->epoch != rcp_capture_now()))
		return ask(c, caller);
	leaf = rcp_py_top(way, tstate);
	if (leaf != e->frame)
		return walk_on(c, caller, leaf);
	if (!leaf)
		__builtin_unreachable(); /* no entry has NULL */
	if (!rcp_is_sealed(way, leaf)) {
		if (!is_as_before(way, leaf, e))
			return walk_on(c, caller, leaf);
		rcp_seal(way, leaf);
	}
	key = rcp_py_key(way, leaf);
	if (key != e->key) {
		struct rcp_capture_memo *m = rcp_memo_slot(c, e[1].node, key);

		if (UNLIKELY(!rcp_is_memo(m, e[1].node, key)))
			return go_on(c, caller, leaf);
		rcp_capture_leaf_is(c, key, m->node);
	}
	return is_special(e->node) ? special(c, caller) : e->node;
}

INSTANCE(frames, RCP_PY_WAY_FRAMES, static)
INSTANCE(cframes_shared, RCP_PY_WAY_CFRAMES_SHARED,)
INSTANCE(cframes, RCP_PY_WAY_CFRAMES,)
INSTANCE(current, RCP_PY_WAY_CURRENT, static)

static NOINLINE uint32_t
none_anew(struct rcp_capture *c, const void *caller)
{
	rcp_capture_epoch(c, rcp_capture_now());
	return rcp_native_node(c, caller);
}

static uint32_t
none(struct rcp_capture *c, const void *caller)
{
	return UNLIKELY(c->epoch != rcp_capture_now()) ?
		       none_anew(c, caller) :
		       rcp_native_node(c, caller);
}

static node_fn *const ways[RCP_PY_WAYS] = {
	[RCP_PY_WAY_NONE] = none,
	[RCP_PY_WAY_FRAMES] = frames,
	[RCP_PY_WAY_CFRAMES_SHARED] = cframes_shared,
	[RCP_PY_WAY_CFRAMES] = cframes,
	[RCP_PY_WAY_CURRENT] = current,
};

static NOINLINE uint32_t
mixed(struct rcp_capture *c, const void *caller, enum rcp_py_way way)
{
	uint32_t node;

	c->no_python = false;
	node = ways[way](c, caller);
	if (c->no_python)
		return node;
	return rcp_mixed_node(c, way, (uintptr_t)caller, node);
}

uint32_t
rcp_capture_node(struct rcp_capture *c, const void *caller)
{
	enum rcp_py_way way = atomic_load_explicit(&rcp_py_rt.way,
						   memory_order_relaxed);

	if (RCP_LIKELY(!rcp_native_on))
		return ways[way](c, caller);
	return way == RCP_PY_WAY_NONE ? none(c, caller) :
					mixed(c, caller, way);
}

uint64_t
rcp_capture_noted_slow(struct rcp_capture *c, const void *caller,
		       const void *frame)
{
	enum rcp_py_way way = atomic_load_explicit(&rcp_py_rt.way,
						   memory_order_relaxed);

	if (RCP_LIKELY(rcp_native_on && way == RCP_PY_WAY_NONE &&
		       c->epoch == rcp_capture_now()))
		return RCP_CAPTURE_NO_NOTE | rcp_native_from(c, caller, frame);
	return RCP_CAPTURE_NO_NOTE | rcp_capture_node(c, caller);
}

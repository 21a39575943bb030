/* SPDX-License-Identifier: MIT
 *
 * native.h - what native.c and mixed.c share: a thread's native stack, and
 * Python's frames in it.
 */
#ifndef RCP_CAPTURE_NATIVE_H
#define RCP_CAPTURE_NATIVE_H

#include "capture/nodes.h"
#include "python/marks.h"
#include "unwind/unwind.h"

#define RCP_CAPTURE_MARKS 1024u /* calls of the evaluator in one stack */
#define RCP_NATIVE_MEMO 8192u   /* a power of two */

/* Between the number of a parent and RCP_MEMO_FRAME: which of the epochs since
 * the memo was empty an entry is of. */
#define RCP_NATIVE_EPOCH (1u << 25)

/* A call of the evaluator: its native frame, and the innermost of the Python
 * frames that it runs, which go on to the next outer mark's. */
struct rcp_native_mark {
	const char *at, *outer; /* as in struct rcp_py_mark */
	struct rcp_step *step;
	struct rcp_capture_frame *first;
	uint32_t before; /* node of the native frame, without Python's */
};

/* See tails.h. */
#define RCP_TAILS 512u         /* a power of two */
#define RCP_TAIL_NODES 32768u /* a power of two */
#define RCP_TAILS_MET 8192u    /* a power of two */
#define RCP_TAIL_WORDS 48u     /* a multiple of 4 */
#define RCP_TAIL_MARKS 6u

struct rcp_tail {
	const char *frame;     /* it begins here; NULL: unused */
	const char *mark;      /* as in struct rcp_native_mark: `at` */
	struct rcp_step outer; /* where it leads to; its node is not used */
	uint32_t id;
	uint16_t count;
	uint16_t inner; /* marks before it, the innermost first */
	uint16_t at[RCP_TAIL_WORDS]; /* from `frame` on */
	uintptr_t value[RCP_TAIL_WORDS];
	struct rcp_tail_mark {
		const char *at;
		uint64_t frames; /* Python's further in, visible ones */
	} marks[RCP_TAIL_MARKS + 1]; /* behind them one that is none */
} __attribute__((aligned(64))); /* a cache line */

/* Node of the stack that is a tail, with all outside of it, which has BASE, and
 * Python's frames, which alone have PYTHON. */
struct rcp_tail_node {
	uint32_t tail, base, python, node;
};

/* Tails by (frame, caller, line), each at one of two places. */
struct rcp_tails {
	uint16_t met[RCP_TAILS_MET];
	struct rcp_tail tails[RCP_TAILS];
	struct rcp_tail_node nodes[RCP_TAIL_NODES];
};

/* Mapped when a thread's first native stack is wanted. */
struct rcp_native {
	uint32_t node; /* of the previous stack */
	uint32_t unloads; /* of modules: what follows is from after them */
	bool is_mixed; /* it had Python frames */
	struct rcp_step *leaf; /* the hook's caller in it; NULL: the steps have
				  no nodes, or mixed.c's */

	/* mixed.c's own, of the previous stack if it was mixed. */
	struct rcp_step *caller; /* the hook's; steps further in have no node */
	struct rcp_capture_frame *top; /* the innermost Python frame */
	uintptr_t greenlets;           /* as rcp_greenlets.low was */
	/* Of merged stacks, which are many more than Python's; beside each
	 * parent stands `epoch`. */
	uint32_t epoch;
	struct rcp_capture_memo memo[RCP_NATIVE_MEMO];
	/* From `mark` on, the outermost one last, before `end`: none follows,
	 * or one that stands in no native frame and has no Python frames.
	 * What stands at `end` says where the Python frames end. */
	struct rcp_native_mark *mark, *end;
	struct rcp_native_mark marks[RCP_CAPTURE_MARKS + 2];
	/* Marks as they were found, where they are no frames. */
	unsigned count;
	struct rcp_py_mark found[RCP_CAPTURE_MARKS];
	/* Now, further in than the mark that is the same; scratch. */
	unsigned inner;
	struct rcp_py_mark inner_marks[RCP_TAIL_MARKS];

	/* Mapped before the first mixed stack. */
	struct rcp_tails *tails;
	uint32_t tail; /* number of the newest; 0: there are none */

	struct rcp_trace trace;
};

/* C's, or NULL: there is no memory for it. */
struct rcp_native *rcp_native_get(struct rcp_capture *c);

/* The step of the hook's caller, or NULL: unwinding began further in. */
struct rcp_step *rcp_native_caller(struct rcp_trace *t, uintptr_t caller);

/* The next outer frame's. */
static inline struct rcp_step *
rcp_next_frame(struct rcp_step *e, const struct rcp_step *end)
{
	do
		e++;
	while (e < end && !rcp_step_is_frame(e));
	return e;
}

/* The node of a native frame whose caller's is PARENT. */
static inline uint32_t
rcp_child_native(struct rcp_capture *c, uint32_t parent, uintptr_t ip)
{
	uint32_t mark = parent | RCP_MEMO_FRAME;
	struct rcp_capture_memo *m = rcp_memo_slot(c, mark, ip);

	if (RCP_UNLIKELY(!rcp_is_memo(m, mark, ip)))
		rcp_memo_frame(rcp_memo_take(c, m), parent, ip);
	return m->node;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * unwind.h - the native stack of the calling thread, kept from one event to
 * the next.  doc/UNWINDING.md has the reasons and the proof.
 *
 * Unwinding is reading: where the next word stands is told by the words read
 * before and by rules that do not change.  A trace keeps each word with its
 * address.  Where all of them are what they were, so is the stack; where a
 * return address differs whose rule is the same, only that frame does.
 *
 * Runs inside malloc: no lock, no allocation, no call of libc's but
 * _dl_find_object.  No word is read that is not on a readable page of a stack.
 */
#ifndef RCP_UNWIND_UNWIND_H
#define RCP_UNWIND_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/rule.h"

/* Words of a stack that is kept: a frame has one, or two where it saved an rbp
 * that outer frames are found by. */
#define RCP_UNWIND_WORDS 4096

/* A word that unwinding has read. */
struct rcp_step {
	const uintptr_t *slot;
	uintptr_t value; /* of a frame: its return address */
	rcp_rule rule;   /* of the frame, and flags; RCP_RULE_WORD: none */
	uint32_t node;   /* the caller's own; of the stack up to here */
};

/* The innermost words of a trace, as they were: see variants.h. */
#define RCP_VARIANT_WORDS 28u
#define RCP_VARIANTS 128u

struct rcp_variant {
	uint64_t sum;
	uint64_t shape;      /* of the trace: others have other slots */
	uint64_t noted; /* the caller's own, as is the next */
	uint32_t base;
	uintptr_t value[RCP_VARIANT_WORDS]; /* so that it is found by a shift */
};

/* A frame on the way to becoming a step. */
struct rcp_fresh {
	uintptr_t slot, ip, sp, rbp;
	/* Where rbp was read, and another word besides; 0: none was. */
	uintptr_t base, word;
	rcp_rule rule;
	bool loose; /* rsp is not that behind the slot */
};

/* Pages that are known to be readable: [low, high). */
struct rcp_reach {
	uintptr_t low, high;
};

/* One thread's stack as it was.  Begins with rcp_trace_begin(). */
struct rcp_trace {
	const void *start; /* the frame it begins at; NULL: nothing is kept */
	/* The words from `leaf` to the end, the root's last, and behind it
	 * one that is never what it was. */
	struct rcp_step *leaf;
	bool fleeting; /* has rules that need not hold the next time */
	bool broken; /* its outermost frame has no rule: there are more */
	int32_t lasting; /* changes since it has been of this shape */
	unsigned inner;  /* words that variants have; 0: there are none */
	/* `start`, where they are to be looked for; one more, if they stand on
	 * two pages, `near` of their words on the first. */
	const char *turning;
	unsigned near;
	/* That of the words now: the steps have the values that they had
	 * before, and no valid nodes.  NULL: theirs are right. */
	struct rcp_variant *variant;
	uint64_t shape;
	uint32_t known, kept, turn; /* variants found again, and new ones */
	struct rcp_reach reach[2];
	struct rcp_step steps[RCP_UNWIND_WORDS + 1];
	struct rcp_fresh fresh[RCP_UNWIND_WORDS + 2]; /* leaf first; scratch */
	struct rcp_variant variants[RCP_VARIANTS];
};

static inline struct rcp_step *
rcp_trace_end(struct rcp_trace *t)
{
	return &t->steps[RCP_UNWIND_WORDS];
}

/* Or only a word that one was found by? */
static inline bool
rcp_step_is_frame(const struct rcp_step *e)
{
	return rcp_rule_kind(e->rule) != RCP_RULE_WORD;
}

/* Another thread goes on with T. */
void rcp_trace_begin(struct rcp_trace *t);

/* Forgets the stack: rules have changed. */
void rcp_trace_forget(struct rcp_trace *t);

enum rcp_unwound {
	RCP_UNWOUND_SAME,    /* all is as it was */
	RCP_UNWOUND_CHANGED, /* steps from *CHANGED inwards have no valid
				node */
	RCP_UNWOUND_DEEPER,  /* more than RCP_UNWIND_WORDS: T is empty */
};

/* Brings T up to date.  FRAME is __builtin_frame_address(0) of a function
 * that has not returned yet; its caller is the innermost frame. */
enum rcp_unwound rcp_unwind(struct rcp_trace *t, const void *frame,
			    struct rcp_step **changed);

/* Keeps what T is now, if that is worth it, for the caller to give it a node.
 * LEAF is part of it, and CHANGED, which has changed, if possible.  NULL: no. */
struct rcp_variant *rcp_variant_keep(struct rcp_trace *t,
				     const struct rcp_step *leaf,
				     const struct rcp_step *changed);

/* The first step that is no part of a variant. */
static inline struct rcp_step *
rcp_variant_base(struct rcp_trace *t)
{
	return t->leaf + t->inner;
}

/* Writes the variant that T is into its steps; returns the outermost of
 * those, which have no valid nodes.  There is one. */
struct rcp_step *rcp_variants_settle(struct rcp_trace *t);
void rcp_variants_forget(struct rcp_trace *t); /* for another shape */

/* None is found until the next is kept: the steps' nodes do not hold. */
static inline void
rcp_variants_pause(struct rcp_trace *t)
{
	t->turning = NULL;
}

/* Without a trace: the return addresses of at most MAX innermost frames.
 * *WHOLE: the outermost one is the thread's first. */
unsigned rcp_unwind_some(struct rcp_trace *t, const void *frame,
			 uintptr_t *out, unsigned max, bool *whole);

/* The address that a frame goes by, as return addresses do: the code is that
 * before it.  One more than IP for a frame that nobody called from, which stands
 * at the begin of its function.  Slow. */
uintptr_t rcp_unwind_address(uintptr_t ip);

/* Is there a way to find the tables of a module without a lock? */
bool rcp_unwind_works(void);

/* Around dlclose: the rules of what goes are forgotten before, and none is
 * kept until it has gone, so that no thread ever meets a rule of other code at
 * the same address.  That of who may still call into the code is its own
 * problem.  The traces are the caller's to forget, after each. */
void rcp_unwind_unloading(void);
void rcp_unwind_unloaded(void);

void rcp_unwind_fork_child(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * trace.c - see unwind.h: plain unwinding, and how it is spared.  On the hot
 * path of every allocation with a native stack; runs inside malloc.
 *
 * The previous stack's words are read again from the leaf on.  The first that
 * differs and cannot be put right in place makes this plain unwinding, until
 * it meets a frame of the previous stack, beyond that word, in the same state:
 * from there on it is reading again.
 */
#include "unwind/unwind.h"

#include <stddef.h>

#include "unwind/reach.h"

#define NOINLINE __attribute__((noinline))

/* The word behind the root: nothing is ever equal to it. */
static const uintptr_t never;
#define NOT_NEVER 1

void
rcp_trace_forget(struct rcp_trace *t)
{
	struct rcp_step *end = rcp_trace_end(t);

	end->slot = &never;
	end->value = NOT_NEVER;
	rcp_variants_forget(t);
	t->leaf = end;
	t->start = NULL;
	t->fleeting = false;
}

void
rcp_trace_begin(struct rcp_trace *t)
{
	rcp_trace_forget(t);
	t->reach[0].low = t->reach[0].high = 0;
	t->reach[1] = t->reach[0];
}

/* --- plain unwinding ---------------------------------------------------------- */

static inline uintptr_t
word_at(uintptr_t slot)
{
	/* Found readable before.
	 * NOLINTNEXTLINE(clang-analyzer-core.NullDereference): no null */
	return *(const uintptr_t *)slot;
}

/* What a signal interrupted is no call: it may be anywhere. */
static NOINLINE rcp_rule
rule_without_tables(const struct rcp_fresh *f)
{
	if (!f->ip)
		return RCP_RULE_END;
	return f->loose ? RCP_RULE_NONE : rcp_tail_rule(f->ip);
}

static inline rcp_rule
rule_of(const struct rcp_fresh *f)
{
	rcp_rule r = rcp_rule_of(f->ip);

	if (RCP_LIKELY(r && r != RCP_RULE_NONE))
		return r;
	return rule_without_tables(f);
}

/* The state that the kernel saved at OFFSET from the handler's frame.  What
 * was interrupted is no call: its address counts as one more, so that what is
 * looked for is the instruction itself. */
static bool
step_signal(struct rcp_reach reach[2], const struct rcp_fresh *f,
	    struct rcp_fresh *to)
{
	uintptr_t at = f->sp + (uintptr_t)rcp_rule_offset(f->rule);

	if (!rcp_reach(reach, at) || !rcp_reach(reach, at + RCP_SIGNAL_RIP) ||
	    !rcp_reach(reach, at + (uintptr_t)RCP_SIGNAL_RBP))
		return false;
	to->word = at;
	to->base = at + (uintptr_t)RCP_SIGNAL_RBP;
	to->slot = at + RCP_SIGNAL_RIP;
	to->ip = word_at(to->slot) + 1;
	to->sp = word_at(at);
	to->rbp = word_at(to->base);
	to->loose = true;
	return true;
}

/* To the caller's frame, whose CFA is given, as is how far below of it rbp was
 * SAVED. */
static inline bool
step_to(struct rcp_reach reach[2], const struct rcp_fresh *f,
	struct rcp_fresh *to, uintptr_t cfa, uintptr_t saved)
{
	/* Outwards is upwards, or this would go on for ever. */
	if (cfa < f->sp + 8 || !rcp_reach(reach, cfa - 8))
		return false;
	to->base = 0;
	to->rbp = f->rbp;
	if (saved) {
		if (!rcp_reach(reach, cfa - saved))
			return false;
		to->base = cfa - saved;
		to->rbp = word_at(to->base);
	}
	to->slot = cfa - 8;
	to->ip = word_at(to->slot);
	to->sp = cfa;
	to->loose = false;
	return true;
}

/* The rarer rules. */
static NOINLINE bool
step_other(struct rcp_reach reach[2], const struct rcp_fresh *f,
	   struct rcp_fresh *to)
{
	uintptr_t offset = (uintptr_t)rcp_rule_offset(f->rule), cfa;

	switch (rcp_rule_kind(f->rule)) {
	case RCP_RULE_TAIL:
		return step_to(reach, f, to, f->sp + offset,
			       rcp_rule_rbp(f->rule));
	case RCP_RULE_BP:
		return step_to(reach, f, to, f->rbp + offset,
			       rcp_rule_rbp(f->rule));
	case RCP_RULE_DRAP:
		to->word = f->rbp + offset;
		if (!rcp_reach(reach, to->word))
			return false;
		cfa = word_at(to->word);
		return step_to(reach, f, to, cfa, cfa - f->rbp);
	case RCP_RULE_SIGNAL:
		return step_signal(reach, f, to);
	default:
		return false;
	}
}

/* From the frame of F to its caller's, TO, which may be F.  False: there is no
 * way. */
static inline bool
step(struct rcp_reach reach[2], const struct rcp_fresh *f,
     struct rcp_fresh *to)
{
	to->word = 0;
	if (RCP_LIKELY(rcp_rule_kind(f->rule) == RCP_RULE_SP))
		return step_to(reach, f, to,
			       f->sp + (uintptr_t)rcp_rule_offset(f->rule),
			       rcp_rule_rbp(f->rule));
	return step_other(reach, f, to);
}

/* FRAME is where a function saved rbp, its return address behind it. */
static inline void
begin(struct rcp_fresh *f, const uintptr_t *frame)
{
	f->slot = (uintptr_t)(frame + 1);
	f->sp = f->slot + 8;
	f->ip = frame[1];
	f->rbp = frame[0];
	f->base = (uintptr_t)frame;
	f->word = 0;
	f->loose = false;
}

unsigned
rcp_unwind_some(struct rcp_trace *t, const void *frame, uintptr_t *out,
		unsigned max, bool *whole)
{
	struct rcp_fresh f;
	unsigned n = 0;

	*whole = false;
	if (!rcp_reach(t->reach, (uintptr_t)frame))
		return 0;
	begin(&f, frame);
	do {
		f.rule = rule_of(&f);
		*whole = rcp_rule_kind(f.rule) == RCP_RULE_END;
		if (n == max || !f.ip)
			break;
		out[n++] = f.ip;
	} while (step(t->reach, &f, &f));
	return n;
}

/* --- the previous stack --------------------------------------------------------- */

/* Words are steps that are no frame; a base is one that rbp came from. */
#define STEP_WORD RCP_RULE_WORD
#define STEP_BASE (RCP_RULE_WORD | RCP_STEP_NEEDED)

/* Reads the words from E on again.  Returns the first that makes the rest
 * another stack, or the end; *CHANGED is the outermost frame that was put
 * right in place: its rule is the old one's, so that all other words stand
 * where they stood. */
static inline struct rcp_step *
read_again(struct rcp_step *e, const struct rcp_step *end,
	   struct rcp_step **changed)
{
	for (;; e++) {
		uintptr_t now = *e->slot;

		if (RCP_LIKELY(now == e->value))
			continue;
		if (e == end || !rcp_step_is_frame(e) ||
		    (rcp_rule_of(now) ^ e->rule) & RCP_RULE_MASK)
			return e;
		e->value = now;
		*changed = e;
	}
}

/* Is the frame of F that of E?  RBP: the value it had for E. */
static inline bool
is_same(const struct rcp_fresh *f, const struct rcp_step *e, uintptr_t rbp)
{
	return f->slot == (uintptr_t)e->slot && f->ip == e->value &&
	       !f->loose && (!(e->rule & RCP_STEP_NEEDED) || f->rbp == rbp);
}

/* A frame whose slot says where it is. */
static inline bool
is_placed(const struct rcp_step *e)
{
	return rcp_step_is_frame(e) && !(e->rule & RCP_STEP_LOOSE);
}

/* Plain unwinding into t->fresh, up to a frame of the previous stack that
 * stands beyond LIMIT, or else to the root.  *MET is that frame, or the end; behind
 * the frames before it stands what led to it.  Returns their number; more than
 * RCP_UNWIND_WORDS: there was no end to them. */
static unsigned
collect(struct rcp_trace *t, const void *frame, const struct rcp_step *limit,
	struct rcp_step **met)
{
	struct rcp_step *e = t->leaf, *end = rcp_trace_end(t);
	struct rcp_fresh *f = t->fresh;
	uintptr_t rbp = 0;

	*met = end;
	for (begin(f, frame);; f++) {
		while (e < end && ((uintptr_t)e->slot < f->slot || !is_placed(e))) {
			if (e->rule == STEP_BASE)
				rbp = e->value;
			e++;
		}
		if (e > limit && is_same(f, e, rbp)) {
			*met = e;
			break;
		}
		if (f == &t->fresh[RCP_UNWIND_WORDS])
			return RCP_UNWIND_WORDS + 1;
		f->rule = rule_of(f);
		if (RCP_UNLIKELY(rcp_rule_kind(f->rule) == RCP_RULE_TAIL))
			t->fleeting = true;
		if (RCP_UNLIKELY(!step(t->reach, f, f + 1))) {
			t->broken = rcp_rule_kind(f->rule) != RCP_RULE_END;
			f++;
			break;
		}
	}
	return (unsigned)(f - t->fresh);
}

static inline struct rcp_step *
put(struct rcp_step *e, const uintptr_t *slot, rcp_rule rule)
{
	e--;
	e->slot = slot;
	e->value = *slot;
	e->rule = rule;
	return e;
}

/* The words that led to the frame of F, which is at E. */
static struct rcp_step *
put_words(struct rcp_step *e, const struct rcp_fresh *f)
{
	if (e->rule & RCP_STEP_NEEDED && f->base)
		e = put(e, (const uintptr_t *)f->base, STEP_BASE);
	if (f->word)
		e = put(e, (const uintptr_t *)f->word, STEP_WORD);
	if (f->loose)
		e = put(e, (const uintptr_t *)f->slot, STEP_WORD);
	return e;
}

/* Do outer frames depend on the value of rbp in a frame with RULE, given
 * whether they do in its caller's? */
static inline rcp_rule
needs(rcp_rule rule, rcp_rule outer)
{
	enum rcp_rule_kind kind = rcp_rule_kind(rule);

	if (RCP_LIKELY(kind == RCP_RULE_SP) || kind == RCP_RULE_TAIL)
		return rcp_rule_rbp(rule) ? 0 : outer & RCP_STEP_NEEDED;
	switch (kind) {
	case RCP_RULE_BP:
	case RCP_RULE_DRAP:
		return RCP_STEP_NEEDED;
	default:
		return 0;
	}
}

/* Writes the N fresh frames before E, which they led to.  False: there is no
 * room, however they came to be so many: a frame's place is told by those
 * outside of it alone. */
static bool
put_fresh(struct rcp_trace *t, struct rcp_step *e, unsigned n)
{
	const struct rcp_step *end = rcp_trace_end(t);
	const struct rcp_fresh *f = &t->fresh[n];

	for (;; f--) {
		rcp_rule outer = e == end ? 0 : e->rule;

		if (e - t->steps < 5)
			return false;
		if (e != end)
			e = put_words(e, f);
		if (f == t->fresh)
			break;
		e--;
		e->slot = (const uintptr_t *)f[-1].slot;
		e->value = f[-1].ip;
		e->rule = f[-1].rule | needs(f[-1].rule, outer);
		if (f[-1].loose) {
			/* Its words stand before it. */
			e->slot = &e->value;
			e->rule |= RCP_STEP_LOOSE;
		}
	}
	t->leaf = e;
	return true;
}

static NOINLINE enum rcp_unwound
unwind_on(struct rcp_trace *t, const void *frame, const struct rcp_step *limit,
	  struct rcp_step **changed)
{
	struct rcp_step *end = rcp_trace_end(t), *e, *stop;
	unsigned n, tries = 0;

	do {
		*changed = NULL;
		n = collect(t, frame, limit, &e);
		if (n > RCP_UNWIND_WORDS || e == end)
			break;
		stop = read_again(e, end, changed);
		limit = tries++ ? end : stop;
	} while (stop != end);
	if (n > RCP_UNWIND_WORDS || !put_fresh(t, e, n)) {
		rcp_trace_forget(t);
		return RCP_UNWOUND_DEEPER;
	}
	if (!*changed)
		*changed = e - 1;
	t->start = t->fleeting ? NULL : frame;
	return RCP_UNWOUND_CHANGED;
}

static inline enum rcp_unwound
unwind(struct rcp_trace *t, const void *frame, struct rcp_step **changed)
{
	const struct rcp_step *end = rcp_trace_end(t), *stop = t->leaf - 1;

	*changed = NULL;
	if (RCP_LIKELY(t->start == frame)) {
		stop = read_again(t->leaf, end, changed);
		if (RCP_LIKELY(stop == end)) {
			t->lasting += *changed != NULL && t->lasting < INT32_MAX;
			return *changed ? RCP_UNWOUND_CHANGED :
					  RCP_UNWOUND_SAME;
		}
	} else if (!rcp_reach(t->reach, (uintptr_t)frame)) {
		return RCP_UNWOUND_DEEPER;
	} else if (RCP_UNLIKELY(t->fleeting)) {
		rcp_trace_forget(t);
		stop = t->leaf - 1;
	}
	rcp_variants_forget(t);
	return unwind_on(t, frame, stop, changed);
}

enum rcp_unwound
rcp_unwind(struct rcp_trace *t, const void *frame, struct rcp_step **changed)
{
	enum rcp_unwound result;
	struct rcp_step *stale;

	if (RCP_LIKELY(!t->variant))
		return unwind(t, frame, changed);
	stale = rcp_variants_settle(t);
	result = unwind(t, frame, changed);
	if (result == RCP_UNWOUND_DEEPER) {
		rcp_trace_forget(t);
		return result;
	}
	if (*changed < stale)
		*changed = stale;
	return RCP_UNWOUND_CHANGED;
}

/* SPDX-License-Identifier: MIT
 *
 * unwind.c - src/unwind against libgcc's unwinder: random trees of calls
 * through frames of all kinds (unwind_frames.c), each stack compared whole, and
 * with it what rcp_unwind() says has changed.  RCPROF_LONG=1: millions.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unwind.h>

#include "tap/tap.h"
#include "unit/unwind_frames.h"
#include "unwind/unwind.h"
#include "unwind/variants.h"

#define MOST 16384

static __thread struct rcp_trace *trace;
static __thread struct {
	unsigned long stacks, same, partly, wrong, wrong_nodes, deeper;
	unsigned long known;
	unsigned long longest;
} seen;

/* --- one stack ------------------------------------------------------------------ */

struct ips {
	uintptr_t ip[MOST];
	unsigned n;
};

static _Unwind_Reason_Code
take(struct _Unwind_Context *context, void *arg)
{
	struct ips *all = arg;
	int before = 0;
	uintptr_t ip = _Unwind_GetIPInfo(context, &before);

	if (all->n < MOST && ip)
		all->ip[all->n++] = ip + (before != 0);
	return _URC_NO_REASON;
}

static uint32_t
child(uint32_t parent, uintptr_t ip)
{
	return (uint32_t)((parent ^ ip) * 0x9e3779b97f4a7c15u >> 32) | 1;
}

/* The return address of E, or 0. */
static uintptr_t
ip_of(const struct rcp_step *e)
{
	if (!rcp_step_is_frame(e))
		return 0;
	return trace->variant && e < rcp_variant_base(trace) ?
		       trace->variant->value[e - trace->leaf] :
		       e->value;
}

static uint32_t
whole_node(void)
{
	const struct rcp_step *e = rcp_trace_end(trace);
	uint32_t node = 0;

	while (--e >= trace->leaf)
		if (ip_of(e))
			node = child(node, ip_of(e));
	return node;
}

/* Nodes as the caller of rcp_unwind() keeps them: from CHANGED inwards. */
static void
number(struct rcp_step *changed)
{
	struct rcp_step *end = rcp_trace_end(trace), *e;

	end->node = 0;
	for (e = changed; e >= trace->leaf; e--)
		e->node = rcp_step_is_frame(e) && e->value ?
				  child(e[1].node, e->value) :
				  e[1].node;
	seen.wrong_nodes += whole_node() != trace->leaf->node;
}

static void
keep_variant(const struct rcp_step *changed)
{
	struct rcp_step *leaf = trace->leaf + 1;
	struct rcp_variant *v;

	if (leaf >= rcp_trace_end(trace))
		return;
	trace->lasting = 1000; /* as if it had been like this for long */
	v = rcp_variant_keep(trace, leaf, changed);
	if (v) {
		v->base = rcp_variant_base(trace)->node;
		v->noted = trace->leaf->node;
	}
}

/* Now and then it is written into the steps; else they stay behind, over
 * several that are known. */
static void
check_variant(void)
{
	static __thread unsigned turn;
	const struct rcp_variant *v = trace->variant;
	bool right = v->base == rcp_variant_base(trace)->node;
	struct rcp_step *changed;

	seen.known++;
	seen.wrong_nodes += right && whole_node() != v->noted;
	if (right && ++turn % 4 != 0)
		return;
	changed = rcp_variants_settle(trace);
	number(changed);
	keep_variant(changed);
}

static void
compare(const struct ips *theirs)
{
	const struct rcp_step *e = trace->leaf, *end = rcp_trace_end(trace);
	unsigned n = 1; /* theirs begin with check() itself */

	for (; e < end; e++) {
		if (!ip_of(e))
			continue;
		if (n >= theirs->n || theirs->ip[n] != ip_of(e))
			break;
		n++;
	}
	if (e == end && n == theirs->n && !trace->broken)
		return;
	if (seen.wrong++ == 0)
		diag("stack %lu differs at frame %u of %u: %lx, want %lx",
		     seen.stacks, n, theirs->n,
		     e < end ? (unsigned long)ip_of(e) : 0,
		     n < theirs->n ? (unsigned long)theirs->ip[n] : 0);
}

__attribute__((noinline)) static void
check(void)
{
	static __thread struct ips theirs;
	struct rcp_step *changed = NULL;

	theirs.n = 0;
	_Unwind_Backtrace(take, &theirs);
	seen.stacks++;
	if (theirs.n > seen.longest)
		seen.longest = theirs.n;
	/* By the other way, each is changed or the same. */
	if (seen.stacks % 16 &&
	    rcp_variant_find(trace, __builtin_frame_address(0))) {
		check_variant();
		compare(&theirs);
		return;
	}
	switch (rcp_unwind(trace, __builtin_frame_address(0), &changed)) {
	case RCP_UNWOUND_SAME:
		seen.same++;
		break;
	case RCP_UNWOUND_CHANGED:
		seen.partly += changed + 1 != rcp_trace_end(trace);
		number(changed);
		keep_variant(changed);
		break;
	case RCP_UNWOUND_DEEPER:
		seen.deeper++;
		seen.wrong += theirs.n < RCP_UNWIND_WORDS / 3;
		return;
	}
	compare(&theirs);
}

/* --- many ------------------------------------------------------------------------- */

static struct rcp_trace *
new_trace(void)
{
	struct rcp_trace *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	rcp_trace_begin(t);
	return t;
}

static void
report(const char *name)
{
	is_int((long long)seen.wrong, 0, "%s: %lu stacks of up to %lu frames",
	       name, seen.stacks, seen.longest);
	is_int((long long)seen.wrong_nodes, 0,
	       "%s: what changed is told (%lu had not, %lu in part, %lu known)",
	       name, seen.same, seen.partly, seen.known);
	memset(&seen, 0, sizeof(seen));
}

static unsigned long
many(void)
{
	return getenv("RCPROF_LONG") ? 3000000 : 60000;
}

static void
trees(unsigned kinds, unsigned long stacks, unsigned seed)
{
	struct frames_walk w = { .kinds = kinds, .random = seed };

	while (w.checks < stacks)
		frames_enter(&w, 3 + frames_random(&w) % 20);
}

static void
test_kinds(void)
{
	for (unsigned k = 0; k < frames_kinds; k++) {
		trees(1u << k, many() / 20, k + 1);
		report(frames_name(k));
	}
	trees((1u << frames_kinds) - 1, many(), 7);
	report("all kinds");
}

static void *
in_thread(void *arg)
{
	trace = arg;
	rcp_trace_begin(trace);
	trees((1u << frames_kinds) - 1, many() / 10, 11);
	report("in a thread that goes on with another's trace");
	return NULL;
}

static void
test_threads(void)
{
	struct rcp_trace *t = new_trace();
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		if (pthread_create(&thread, NULL, in_thread, t))
			abort();
		pthread_join(thread, NULL);
	}
	free(t);
}

/* --- coroutines --------------------------------------------------------------------- */

#define COROUTINES 8
#define STACK ((size_t)128 << 10)

static ucontext_t back, contexts[COROUTINES];
static struct frames_walk walks[COROUTINES];

static void
coroutine(int me)
{
	struct frames_walk *w = &walks[me];

	for (;;)
		frames_enter(w, 2 + frames_random(w) % 10);
}

/* Called at each check of a walk: somebody else goes on. */
static void
yield(struct frames_walk *w)
{
	if (frames_random(w) % 4 == 0)
		swapcontext(&contexts[w - walks], &back);
}

static void
test_coroutines(void)
{
	char *stacks = malloc(COROUTINES * STACK);

	if (!stacks)
		abort();
	for (int c = 0; c < COROUTINES; c++) {
		walks[c] = (struct frames_walk){
			.random = (unsigned)c + 5,
			.kinds = frames_without_jumps,
			.yield = yield,
		};
		getcontext(&contexts[c]);
		contexts[c].uc_stack.ss_sp = stacks + (size_t)c * STACK;
		contexts[c].uc_stack.ss_size = STACK;
		makecontext(&contexts[c], (void (*)(void))coroutine, 1, c);
	}
	for (unsigned long i = 0; seen.stacks < many() / 4; i++)
		swapcontext(&back, &contexts[i * 7 / 3 % COROUTINES]);
	report("coroutines");
	free(stacks);
}

/* --- turns -------------------------------------------------------------------------- */

/* Frames alike, so that nothing but return addresses tells stacks apart; one
 * that moves all that is inner to it, one found by rbp, now and then. */
#define TURN(name, left, right, prepare) \
	__attribute__((noinline, noclone)) static void name(unsigned way) \
	{ \
		prepare; \
		if (way & 1) \
			right(way >> 1); \
		else \
			left(way >> 1); \
		__asm__ volatile("# " #name ::: "memory"); \
	}
#define SIZED \
	volatile char *room = __builtin_alloca(way % 8 == 3 ? 4096 - 64 : 8); \
	room[0] = 0

__attribute__((noinline)) static void
turn_end(unsigned way)
{
	check();
	__asm__ volatile("# turn_end %0" ::"r"(way) : "memory");
}

TURN(turn_a, turn_end, turn_end, )
TURN(turn_b, turn_a, turn_a, )
TURN(turn_c, turn_a, turn_b, SIZED)
TURN(turn_d, turn_b, turn_a, )
TURN(turn_e, turn_d, turn_b, )
TURN(turn_f, turn_e, turn_d, )
TURN(turn_g, turn_f, turn_e, )
TURN(turn_h, turn_c, turn_g, )
TURN(turn_i, turn_g, turn_h, )
TURN(turn_j, turn_i, turn_i, )

/* Stacks whose frames end ABOVE bytes above the start of a page. */
__attribute__((noinline)) static void
turns(uintptr_t above, unsigned long stacks)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	volatile char *room = __builtin_alloca(4096 + (here - above) % 4096);
	struct frames_walk w = { .random = 3 };
	unsigned bits = 4;

	room[0] = 0;
	while (seen.stacks < stacks) {
		unsigned way = frames_random(&w);

		if (way % 97 == 0)
			bits = way / 97 % 14;
		turn_j((way >> 8 & ((1u << bits) - 1)) | 5);
	}
}

/* Where they lie on two pages, those on the first are recognised before. */
static void
test_turns(void)
{
	turns(3072, many() * 4);
	ok(seen.known > seen.stacks / 8, "stacks that take turns are known");
	report("stacks that take turns");
	for (uintptr_t above = 64; above < 1024; above += 64)
		turns(above, seen.stacks + many() / 16);
	report("stacks that take turns, on two pages");
}

/* --- depth ----------------------------------------------------------------------------- */

__attribute__((noinline)) static void
descend(unsigned depth)
{
	if (depth % 97 == 0)
		check();
	if (depth > 0)
		descend(depth - 1);
	__asm__ volatile("" ::: "memory");
}

static void
test_depth(void)
{
	descend(1900);
	ok(seen.deeper == 0, "a stack of 1,900 frames");
	report("deep recursion");
	descend(2 * RCP_UNWIND_WORDS);
	ok(seen.deeper > 0, "one of more is told to be deeper");
	check();
	report("what is deeper, and after it");
}

/* --- damage ------------------------------------------------------------------------------ */

/* Frames that lead nowhere: each must end the stack, and nothing else. */
static void
test_damage(void)
{
	uintptr_t here = (uintptr_t)__builtin_return_address(0);
	uintptr_t places[] = { 0,      8,	 4096,	1ul << 46,
			       1,      1ul << 47, ~0ul, (uintptr_t)&here,
			       here,   (uintptr_t)&places };
	struct rcp_step *changed;
	unsigned frames = 0, broken = 0;
	uintptr_t out[8];
	bool whole;

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		/* A saved rbp, a return address, and what stands behind it. */
		uintptr_t words[16] = { places[i], here };

		for (unsigned k = 2; k < 16; k++)
			words[k] = places[(i + k) % 10];
		for (unsigned k = 0; k < 10; k++) {
			words[1] = places[k];
			rcp_unwind(trace, words, &changed);
			broken += trace->broken;
			frames += rcp_unwind_some(trace, words, out, 8, &whole);
		}
	}
	ok(broken > 0 && frames > 0, "damaged stacks end (%u of 100 broken)",
	   broken);
	check();
	report("after the damage");
}

int
main(void)
{
	if (!rcp_unwind_works())
		skip_all("this libc has no _dl_find_object");
	trace = new_trace();
	frames_setup(check);
	test_kinds();
	test_threads();
	test_coroutines();
	test_turns();
	test_depth();
	test_damage();
	free(trace);
	return done_testing();
}

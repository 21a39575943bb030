/* SPDX-License-Identifier: MIT
 *
 * unwinders.c - ways to get a native stack, side by side: what one costs, and
 * how many of its frames are right.
 *
 *	unwinders [STACKS]
 *
 * All have the prototype of the preload's own plain unwinding.  Here they run
 * between two calls of the program's own; in a hook of malloc's two of them
 * must not: doc/UNWINDING.md, "Other unwinders".
 *
 * default  what the preload does: rcp_capture_node(), from stack to node
 * rules    its rules without what is kept of earlier stacks
 * libgcc   _Unwind_Backtrace()
 * libunwind  unw_backtrace(), if libunwind.so.8 is there
 * pointers saved frame pointers, which this program has and libc has not
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unwind.h>

#include "capture/capture.h"
#include "unwind/unwind.h"

#define FRAME __attribute__((noinline, noclone))
#define STAY __asm__ volatile("" ::: "memory")
#define MOST 512u

static struct rcp_capture capture;
static struct rcp_trace trace;
static uintptr_t stack_end;
static int (*unw_backtrace)(void **out, int max);

/* The return addresses of at most MAX innermost frames, of which FRAME is the
 * innermost. */
typedef unsigned unwinder(const void *frame, uintptr_t *out, unsigned max);

/* --- the ways ---------------------------------------------------------------- */

FRAME static unsigned
by_default(const void *frame, uintptr_t *out, unsigned max)
{
	(void)frame;
	(void)max;
	out[0] = rcp_capture_node(&capture, __builtin_return_address(0));
	return 0;
}

FRAME static unsigned
by_rules(const void *frame, uintptr_t *out, unsigned max)
{
	bool whole;

	return rcp_unwind_some(&trace, frame, out, max, &whole);
}

struct wanted {
	uintptr_t first, *out;
	unsigned n, max;
};

static _Unwind_Reason_Code
take(struct _Unwind_Context *context, void *arg)
{
	struct wanted *w = arg;
	uintptr_t ip = _Unwind_GetIP(context);

	if (w->n == 0 && ip != w->first)
		return _URC_NO_REASON;
	if (w->n == w->max || !ip)
		return _URC_END_OF_STACK;
	w->out[w->n++] = ip;
	return _URC_NO_REASON;
}

FRAME static unsigned
by_libgcc(const void *frame, uintptr_t *out, unsigned max)
{
	struct wanted w = { ((const uintptr_t *)frame)[1], out, 0, max };

	_Unwind_Backtrace(take, &w);
	return w.n;
}

FRAME static unsigned
by_libunwind(const void *frame, uintptr_t *out, unsigned max)
{
	uintptr_t first = ((const uintptr_t *)frame)[1];
	int n = unw_backtrace((void **)out, (int)max), skip = 0;

	while (skip < n && out[skip] != first)
		skip++;
	memmove(out, out + skip, (size_t)(n - skip) * sizeof(*out));
	return (unsigned)(n - skip);
}

FRAME static unsigned
by_pointers(const void *frame, uintptr_t *out, unsigned max)
{
	uintptr_t at = (uintptr_t)frame, next;
	unsigned n = 0;

	while (n < max && at % 8 == 0 && at < stack_end - 16) {
		out[n++] = ((const uintptr_t *)at)[1];
		next = ((const uintptr_t *)at)[0];
		if (next <= at)
			break;
		at = next;
	}
	return n;
}

static const struct {
	const char *name;
	unwinder *walk;
} ways[] = {
	{ "default", by_default },     { "rules", by_rules },
	{ "libgcc", by_libgcc },       { "libunwind", by_libunwind },
	{ "pointers", by_pointers },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* --- stacks -------------------------------------------------------------------- */

static unwinder *walk;
static unsigned long frames, right; /* counted when CHECKING */
static bool checking;
static uint32_t seed = 1;

static void
check(const void *frame, const uintptr_t *got, unsigned n)
{
	uintptr_t want[MOST];
	unsigned all = by_libgcc(frame, want, MOST);

	frames += all;
	for (unsigned i = 0; i < all && i < n && got[i] == want[i]; i++)
		right++;
}

FRAME static void
leaf(void)
{
	uintptr_t out[MOST];
	const void *frame = __builtin_frame_address(0);
	unsigned n = walk(frame, out, MOST);

	if (checking)
		check(frame, out, n);
	STAY;
}

FRAME static void
descend(unsigned depth)
{
	if (depth)
		descend(depth - 1);
	else
		leaf();
	STAY;
}

static uint32_t
next_random(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

FRAME static void
left(unsigned depth, uint32_t way);

FRAME static void
right_hand(unsigned depth, uint32_t way)
{
	if (!depth)
		leaf();
	else if (way & 1)
		right_hand(depth - 1, way >> 1);
	else
		left(depth - 1, way >> 1);
	STAY;
}

FRAME static void
left(unsigned depth, uint32_t way)
{
	if (!depth)
		leaf();
	else if (way & 1)
		left(depth - 1, way >> 1);
	else
		right_hand(depth - 1, way >> 1);
	STAY;
}

FRAME static void
turns_below(unsigned depth)
{
	if (depth)
		turns_below(depth - 1);
	else
		left(4, next_random());
	STAY;
}

static void
same(void)
{
	descend(8);
}

/* 16 stacks, whose inner four frames differ. */
static void
turns(void)
{
	turns_below(4);
}

static void
deep(void)
{
	descend(100);
}

/* Each time from another depth. */
static void
anywhere(void)
{
	descend(4 + next_random() % 32);
}

static int
compare(const void *a, const void *b)
{
	leaf();
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

/* Two stacks through libc, which has no frame pointers. */
static void
callback(void)
{
	int numbers[2] = { 2, 1 };

	qsort(numbers, 2, sizeof(*numbers), compare);
}

static const struct {
	const char *name;
	void (*go)(void);
} cases[] = {
	{ "same", same },   { "turns", turns },	      { "deep", deep },
	{ "anywhere", anywhere }, { "callback", callback },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

/* --- all of it ------------------------------------------------------------------- */

/* ns of CPU time that CALLS of GO take. */
static double
measure(void (*go)(void), unsigned calls)
{
	struct timespec a, b;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (unsigned i = 0; i < calls; i++)
		go();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return ((double)(b.tv_sec - a.tv_sec) * 1e9 +
		(double)(b.tv_nsec - a.tv_nsec)) / calls;
}

FRAME static unsigned
by_nothing(const void *frame, uintptr_t *out, unsigned max)
{
	(void)max;
	out[0] = (uintptr_t)frame;
	return 0;
}

/* The least of five. */
static double
cost(unwinder *how, void (*go)(void), unsigned calls)
{
	double least = 0, now;

	walk = how;
	for (int i = 0; i < 5; i++) {
		now = measure(go, calls / 5 + 1);
		if (!i || now < least)
			least = now;
	}
	return least;
}

static void
one(unsigned which, void (*go)(void), unsigned calls, double bare)
{
	double ns = cost(ways[which].walk, go, calls) - bare;

	frames = right = 0;
	checking = ways[which].walk != by_default;
	if (checking)
		measure(go, 100);
	checking = false;
	printf("  %-10s %7.0f ns", ways[which].name, ns);
	if (frames)
		printf("   %5.1f %% of %lu frames", 100.0 * (double)right / (double)frames,
		       frames / 100);
	printf("\n");
}

static void
set_up(void)
{
	pthread_attr_t attr;
	void *low, *handle;
	size_t size;

	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &low, &size);
	pthread_attr_destroy(&attr);
	stack_end = (uintptr_t)low + size;
	handle = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
	if (handle)
		*(void **)(void *)&unw_backtrace = dlsym(handle, "unw_backtrace");
	rcp_trace_begin(&trace);
	if (!rcp_capture_setup(64u << 20) || !rcp_capture_native_setup())
		abort();
}

int
main(int argc, char **argv)
{
	unsigned calls = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) :
				    500000;

	set_up();
	for (unsigned i = 0; i < CASES; i++) {
		double bare = cost(by_nothing, cases[i].go, calls);

		printf("%s\n", cases[i].name);
		for (unsigned k = 0; k < WAYS; k++)
			if (ways[k].walk != by_libunwind || unw_backtrace)
				one(k, cases[i].go, calls, bare);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * unwind_frames.c - frames of many kinds, for unwind.c: each function calls on
 * from within something that an unwinder may stumble over.
 */
#include "unit/unwind_frames.h"

#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FRAME __attribute__((noinline, noclone)) static void
#define STAY __asm__ volatile("" ::: "memory")
/* Stands in memory. */
#define KEEP(room) __asm__ volatile("" : : "r"(room) : "memory")

typedef void frame_fn(struct frames_walk *w, unsigned depth);

static void (*check)(void);

static void
look(struct frames_walk *w)
{
	w->checks++;
	check();
	if (w->yield)
		w->yield(w);
}

/* What every frame does inside: some calls of others. */
static void
go_on(struct frames_walk *w, unsigned depth)
{
	unsigned n = depth ? frames_random(w) % 3 : 0;

	if (n == 0 || frames_random(w) % 4 == 0)
		look(w);
	while (n-- > 0)
		frames_enter(w, depth - 1);
}

/* --- plain ones ------------------------------------------------------------------- */

#define SMALL(name, size)                                              \
	FRAME name(struct frames_walk *w, unsigned depth)              \
	{                                                              \
		char room[size];                                       \
		KEEP(room);                                            \
		go_on(w, depth);                                       \
		KEEP(room);                                            \
	}
SMALL(small_a, 8)
SMALL(small_b, 8)
SMALL(small_c, 24)
SMALL(small_d, 200)

FRAME
plain(struct frames_walk *w, unsigned depth)
{
	static frame_fn *const some[] = { small_a, small_b, small_c, small_d };

	some[frames_random(w) % 4](w, depth);
	STAY;
}

FRAME
sized(struct frames_walk *w, unsigned depth)
{
	size_t size = frames_random(w) % 500 + 1;
	char *room = alloca(size);

	KEEP(room);
	go_on(w, depth);
	KEEP(room);
}

struct aligned {
	char bytes[64];
} __attribute__((aligned(64)));

/* Such a frame's CFA is a word in it, which is found from rbp. */
FRAME
aligned(struct frames_walk *w, unsigned depth)
{
	struct aligned room;
	char *more = alloca(frames_random(w) % 200 + 1);

	KEEP(&room);
	KEEP(more);
	go_on(w, depth);
	KEEP(&room);
}

/* --- rbp as a register like any other ---------------------------------------------- */

void frames_with_rbp(struct frames_walk *w, unsigned depth, frame_fn *next,
		     uintptr_t rbp);
void frames_keeping_rbp(struct frames_walk *w, unsigned depth, frame_fn *next,
			uintptr_t rbp);

#if defined(__x86_64__)
/* One saves it and calls on with another; one does so far below its CFA. */
__asm__(".text\n"
	".type frames_with_rbp, @function\n"
	"frames_with_rbp:\n"
	"	.cfi_startproc\n"
	"	push %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset 6, -16\n"
	"	mov %rcx, %rbp\n"
	"	call *%rdx\n"
	"	pop %rbp\n"
	"	.cfi_restore 6\n"
	"	.cfi_def_cfa_offset 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size frames_with_rbp, . - frames_with_rbp\n"
	".type frames_keeping_rbp, @function\n"
	"frames_keeping_rbp:\n"
	"	.cfi_startproc\n"
	"	sub $120, %rsp\n"
	"	.cfi_def_cfa_offset 128\n"
	"	mov %rbp, 16(%rsp)\n"
	"	.cfi_offset 6, -112\n"
	"	mov %rcx, %rbp\n"
	"	call *%rdx\n"
	"	mov 16(%rsp), %rbp\n"
	"	.cfi_restore 6\n"
	"	add $120, %rsp\n"
	"	.cfi_def_cfa_offset 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size frames_keeping_rbp, . - frames_keeping_rbp\n");
#else
void
frames_with_rbp(struct frames_walk *w, unsigned depth, frame_fn *next,
		uintptr_t rbp)
{
	(void)rbp;
	next(w, depth);
	STAY;
}

void
frames_keeping_rbp(struct frames_walk *w, unsigned depth, frame_fn *next,
		   uintptr_t rbp)
{
	frames_with_rbp(w, depth, next, rbp);
	STAY;
}
#endif

/* Values that look like frames: of others before, of outer ones, of none. */
FRAME
odd_rbp(struct frames_walk *w, unsigned depth)
{
	static __thread uintptr_t stale;
	uintptr_t values[] = { stale, (uintptr_t)__builtin_frame_address(0),
			       (uintptr_t)&w, 0, ~(uintptr_t)7, 4096 };
	uintptr_t value = values[frames_random(w) % 6];

	stale = (uintptr_t)&values[frames_random(w) % 6];
	if (frames_random(w) % 2)
		frames_with_rbp(w, depth, go_on, value);
	else
		frames_keeping_rbp(w, depth, go_on, value);
	STAY;
}

/* --- through others' code ------------------------------------------------------------ */

static __thread struct call {
	struct frames_walk *w;
	unsigned depth;
} call;

static int
order(const void *a, const void *b)
{
	struct call mine = call;

	if (mine.w) {
		call.w = NULL; /* once a sort */
		go_on(mine.w, mine.depth);
	}
	return (*(const char *)a > *(const char *)b) -
	       (*(const char *)a < *(const char *)b);
}

FRAME
callback(struct frames_walk *w, unsigned depth)
{
	char letters[] = "unwinding";

	call = (struct call){ w, depth };
	qsort(letters, 9, 1, order);
	call.w = NULL;
	STAY;
}

static void
handler(int sig)
{
	struct call mine = call;

	(void)sig;
	go_on(mine.w, mine.depth);
}

FRAME
by_signal(struct frames_walk *w, unsigned depth)
{
	sigset_t one;

	call = (struct call){ w, depth };
	raise(SIGUSR1);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	STAY;
}

/* In the middle of a function, where no call is. */
FRAME
by_fault(struct frames_walk *w, unsigned depth)
{
	call = (struct call){ w, depth };
#if defined(__x86_64__)
	__asm__ volatile("int3" ::: "memory");
#else
	raise(SIGTRAP);
#endif
	STAY;
}

/* --- away ------------------------------------------------------------------------------ */

FRAME
leap(struct frames_walk *w, unsigned depth, jmp_buf *to)
{
	char room[40];

	KEEP(room);
	if (depth > 1000)
		return; /* never, but gcc would not believe it */
	if (depth > 0)
		leap(w, depth - 1, to);
	look(w);
	longjmp(*to, 1);
}

FRAME
jumping(struct frames_walk *w, unsigned depth)
{
	jmp_buf to;

	if (setjmp(to) == 0)
		leap(w, frames_random(w) % 6, &to);
	go_on(w, depth);
	STAY;
}

/* --- all of them ------------------------------------------------------------------------- */

static const struct {
	const char *name;
	frame_fn *enter;
} kinds[] = {
	{ "frames that differ in size", plain },
	{ "alloca", sized },
	{ "aligned stacks", aligned },
	{ "rbp as an ordinary register", odd_rbp },
	{ "callbacks from qsort", callback },
	{ "signal handlers", by_signal },
	{ "faults", by_fault },
	{ "longjmp", jumping },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
const unsigned frames_kinds = KINDS;
/* A handler's signal mask, and its frame, are the thread's. */
const unsigned frames_without_jumps = 0x1f;

const char *
frames_name(unsigned kind)
{
	return kinds[kind].name;
}

void
frames_enter(struct frames_walk *w, unsigned depth)
{
	unsigned k;

	do {
		k = frames_random(w) % KINDS;
	} while (!(w->kinds & 1u << k));
	kinds[k].enter(w, depth);
	STAY;
}

void
frames_setup(void (*fn)(void))
{
	struct sigaction action = { .sa_handler = handler,
				    .sa_flags = SA_NODEFER };

	check = fn;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
}

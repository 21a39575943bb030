/* SPDX-License-Identifier: MIT
 *
 * prog_stacks.c - stacks that are not what they seem: coroutines, jumps out
 * of many frames, deep recursion, small and alternate stacks.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "preload/prog.h"

#define SMALL ((size_t)64 << 10)

static void
times(int n, size_t size)
{
	for (int i = 0; i < n; i++) {
		got(&truth, size);
		gone(size);
	}
}

/* --- coroutines ---------------------------------------------------------------- */

#define COROUTINES 40
#define TURNS 50

static ucontext_t main_context, contexts[COROUTINES];

static void
coroutine(int me)
{
	void *p = NULL;

	for (int i = 0; i < TURNS; i++) {
		p = realloc(p, 1000 + (size_t)(me * TURNS + i));
		if (i == 25)
			RCPROF_SNAPSHOT();
		swapcontext(&contexts[me], &main_context);
	}
	free(p);
}

static void
test_coroutines(void)
{
	static void *stacks[COROUTINES];

	for (int c = 0; c < COROUTINES; c++) {
		NEED(getcontext(&contexts[c]) == 0);
		stacks[c] = got(malloc(SMALL), SMALL);
		contexts[c].uc_stack.ss_sp = stacks[c];
		contexts[c].uc_stack.ss_size = SMALL;
		contexts[c].uc_link = &main_context;
		makecontext(&contexts[c], (void (*)(void))coroutine, 1, c);
	}
	for (int i = 0; i <= TURNS; i++)
		for (int c = 0; c < COROUTINES; c++)
			swapcontext(&main_context, &contexts[c]);
	for (int c = 0; c < COROUTINES; c++) {
		for (int i = 0; i < TURNS; i++)
			times(1, 1000 + (size_t)(c * TURNS + i));
		free(stacks[c]);
		gone(SMALL);
	}
	done("25", "40 coroutines by swapcontext on stacks of 64 KiB");
}

/* --- jumps ------------------------------------------------------------------------ */

static jmp_buf back;
static sigjmp_buf back_from_handler;
static void *left_over;

NOINLINE static void
dive(int depth)
{
	char frame[200];

	memset(frame, depth, sizeof(frame));
	if (depth == 0) {
		left_over = malloc(1501);
		longjmp(back, 1);
	}
	free(malloc(1502));
	if (depth > 0)
		dive(depth - 1);
	__asm__ volatile("" : : "r"(frame) : "memory");
}

static void
jump_out(int sig)
{
	(void)sig;
	free(malloc(1503));
	siglongjmp(back_from_handler, 1);
}

/* Apart, so that no variable lives across setjmp. */
NOINLINE static void
dive_and_jump(int depth)
{
	if (setjmp(back) == 0)
		dive(depth);
	free(left_over);
}

NOINLINE static void
raise_and_jump(void)
{
	if (sigsetjmp(back_from_handler, 1) == 0)
		raise(SIGUSR1);
}

NOINLINE static void
fault_and_jump(void)
{
	if (sigsetjmp(back_from_handler, 1) == 0)
		*(volatile int *)hide(8) = 1;
}

static void
test_jumps(void)
{
	for (int i = 0; i < 100; i++) {
		dive_and_jump(i);
		times(1, 1501);
		times(i, 1502);
	}
	done("25", "longjmp out of up to 100 frames");

	signal(SIGUSR1, jump_out);
	signal(SIGSEGV, jump_out);
	for (int i = 0; i < 50; i++) {
		raise_and_jump();
		fault_and_jump();
		times(2, 1503);
	}
	signal(SIGSEGV, SIG_DFL);
	done("25", "siglongjmp out of handlers, also of faults");
}

/* --- depth --------------------------------------------------------------------------- */

NOINLINE static void
descend(int depth)
{
	char frame[300];

	memset(frame, depth, sizeof(frame));
	free(malloc(1601));
	if (depth > 1)
		descend(depth - 1);
	__asm__ volatile("" : : "r"(frame) : "memory");
}

static void
test_depth(void)
{
	for (int i = 0; i < 5; i++) {
		descend(2048);
		times(2048, 1601);
	}
	done("25", "2,048 frames deep");
}

/* --- alternate and small stacks ----------------------------------------------------- */

static void
on_alternate_stack(int sig)
{
	(void)sig;
	for (int i = 0; i < 20; i++)
		free(malloc(1700 + (size_t)i));
	RCPROF_SNAPSHOT();
}

static void
test_alternate(size_t size, const char *name)
{
	stack_t stack = { .ss_size = size };
	struct sigaction action = { .sa_handler = on_alternate_stack,
				    .sa_flags = SA_ONSTACK };

	/* With a page behind it that nobody may touch. */
	stack.ss_sp = (char *)mmap(NULL, size + 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) +
		      4096;
	NEED(mprotect((char *)stack.ss_sp - 4096, 4096, PROT_NONE) == 0);
	mapped(stack.ss_sp, size + 4096);
	NEED(sigaltstack(&stack, NULL) == 0);
	sigaction(SIGUSR2, &action, NULL);
	for (int i = 0; i < 20; i++) {
		raise(SIGUSR2);
		for (int n = 0; n < 20; n++)
			times(1, 1700 + (size_t)n);
	}
	stack.ss_flags = SS_DISABLE;
	NEED(sigaltstack(&stack, NULL) == 0);
	NEED(munmap((char *)stack.ss_sp - 4096, size + 4096) == 0);
	unmapped(1, size + 4096);
	done("25", name);
}

/* In a new thread, so that our own start in it is on the small stack too. */
static void *
on_small_stack(void *arg)
{
	for (int i = 0; i < 100; i++)
		free(malloc(1801));
	RCPROF_SNAPSHOT();
	return arg;
}

static void
test_small_threads(size_t size, const char *name)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	NEED(pthread_attr_setstacksize(&attr, size) == 0);
	for (int i = 0; i < 20; i++) {
		NEED(pthread_create(&thread, &attr, on_small_stack, NULL) ==
		     0);
		pthread_join(thread, NULL);
		times(100, 1801);
	}
	done("25", name);
}

int
main(void)
{
	start();
	test_coroutines();
	test_jumps();
	test_depth();
	test_alternate(SMALL, "alternate stacks of 64 KiB");
	test_alternate(16 << 10, "alternate stacks of 16 KiB");
	test_small_threads(SMALL, "threads with stacks of 64 KiB");
	test_small_threads(16 << 10, "threads with stacks of 16 KiB");
	return 0;
}

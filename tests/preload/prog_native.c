/* SPDX-License-Identifier: MIT
 *
 * prog_native.c - blocks at the ends of stacks that native.t knows by name.
 * Each has a size of its own.  Argument: a library to call into.
 */
#include <alloca.h>
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
#define STAY __asm__ volatile("" ::: "memory")
#define KEEP(p) __asm__ volatile("" : : "r"(p) : "memory")

NOINLINE static void
leaf(size_t size)
{
	void *p = malloc(size);

	KEEP(p);
	free(p);
}

NOINLINE static void
recursion(unsigned depth, size_t size)
{
	if (depth > 0)
		recursion(depth - 1, size);
	else
		leaf(size);
	STAY;
}

NOINLINE static void
with_alloca(size_t n, size_t size)
{
	char *room = alloca(n);

	KEEP(room);
	leaf(size);
	KEEP(room);
}

struct line {
	char bytes[64];
} __attribute__((aligned(64)));

NOINLINE static void
aligned(size_t n, size_t size)
{
	struct line line;
	char *room = alloca(n);

	KEEP(&line);
	KEEP(room);
	leaf(size);
	KEEP(&line);
}

static size_t compared;

NOINLINE static int
order(const void *a, const void *b)
{
	if (compared)
		leaf(compared);
	compared = 0;
	return *(const char *)a - *(const char *)b;
}

NOINLINE static void
sorting(size_t size)
{
	char letters[] = "callbacks";

	compared = size;
	qsort(letters, 9, 1, order);
}

static size_t at_signal;

NOINLINE static void
handler(int sig)
{
	(void)sig;
	leaf(at_signal);
	STAY;
}

/* The instruction that traps is not behind a call. */
NOINLINE static void
trapping(size_t size)
{
	at_signal = size;
#if defined(__x86_64__)
	__asm__ volatile("int3" ::: "memory");
#else
	raise(SIGTRAP);
#endif
	STAY;
}

NOINLINE static void
on_signals(size_t size)
{
	struct sigaction action = { .sa_handler = handler };
	stack_t stack = { .ss_size = 64 << 10 };

	stack.ss_sp = malloc(stack.ss_size);
	sigaction(SIGTRAP, &action, NULL);
	trapping(size);
	action.sa_flags = SA_ONSTACK;
	sigaltstack(&stack, NULL);
	sigaction(SIGTRAP, &action, NULL);
	trapping(size + 1);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
	free(stack.ss_sp);
}

static ucontext_t here, there;

NOINLINE static void
coroutine(void)
{
	for (;;) {
		leaf(at_signal);
		swapcontext(&there, &here);
	}
}

NOINLINE static void
switching(size_t size)
{
	void *stack = malloc(64 << 10);

	at_signal = size;
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = 64 << 10;
	makecontext(&there, coroutine, 0);
	for (int i = 0; i < 10; i++) {
		swapcontext(&here, &there);
		leaf(size + 1);
	}
	free(stack);
}

NOINLINE static void *
thread_main(void *arg)
{
	leaf(*(size_t *)arg);
	STAY;
	return NULL;
}

NOINLINE static void
threads(size_t size)
{
	pthread_t t;

	for (int i = 0; i < 3; i++) {
		pthread_create(&t, NULL, thread_main, &size);
		pthread_join(t, NULL);
	}
}

static jmp_buf back;

NOINLINE static void
dive(unsigned depth, size_t size)
{
	char room[100];

	KEEP(room);
	if (depth > 1000)
		return; /* never */
	if (depth > 0)
		dive(depth - 1, size);
	leaf(size);
	longjmp(back, 1);
}

NOINLINE static void
jumping(size_t size)
{
	if (setjmp(back) == 0)
		dive(3, size);
	leaf(size + 1);
	STAY;
}

/* The two halves look alike from inside: only a saved word tells. */
NOINLINE static void
first_way(size_t size)
{
	recursion(2, size);
	__asm__ volatile("# first" ::: "memory");
}

NOINLINE static void
second_way(size_t size)
{
	recursion(2, size);
	__asm__ volatile("# second" ::: "memory");
}

NOINLINE static void
in_library(const char *name, size_t size)
{
	for (int i = 0; i < 3; i++) {
		void *library = dlopen(name, RTLD_NOW);
		void (*call)(void (*)(size_t), size_t);

		if (!library) {
			fprintf(stderr, "%s\n", dlerror());
			exit(1);
		}
		*(void **)&call = dlsym(library, "call_back");
		call(leaf, size);
		dlclose(library);
	}
}

NOINLINE static void
in_child(size_t size)
{
	pid_t pid = fork();

	if (pid == 0) {
		leaf(size);
		exit(0);
	}
	waitpid(pid, NULL, 0);
}

int
main(int argc, char **argv)
{
	leaf(1001);
	recursion(5, 1002);
	with_alloca((size_t)argc * 100, 1003);
	aligned((size_t)argc * 100, 1004);
	sorting(1005);
	on_signals(1006);
	switching(1008);
	threads(1010);
	jumping(1011);
	for (int i = 0; i < 10; i++) {
		first_way(1013);
		second_way(1014);
	}
	if (argc > 1)
		in_library(argv[1], 1015);
	in_child(1016);
	recursion(1000, 1017);
	recursion(9000, 1018);
	leaf(1019);
	return 0;
}

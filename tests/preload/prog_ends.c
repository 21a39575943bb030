/* SPDX-License-Identifier: MIT
 *
 * prog_ends.c - all the ways in which a program ends.  100 blocks, a mark, 50
 * blocks more, and the end.
 *
 *	prog_ends HOW
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "preload/prog.h"

#define SIZE 4099

static void
grow(int n)
{
	for (int i = 0; i < n; i++)
		NEED(malloc(SIZE));
}

static void
at_quick(void)
{
	grow(10);
	if (write(1, "at_quick_exit\n", 14) != 14)
		_exit(97);
}

static void *
exits(void *how)
{
	if (strcmp(how, "thread-exit") == 0)
		exit(11);
	if (strcmp(how, "thread-segv") == 0)
		*(volatile int *)hide(8) = 1;
	usleep(50000);
	grow(10);
	/* The last thread returns: the process ends with status 0. */
	return NULL;
}

static void
handler(int sig)
{
	(void)sig;
	_exit(12);
}

static void
recurse(volatile char *outer, size_t depth)
{
	volatile char frame[4096];

	frame[0] = outer ? outer[0] : 0;
	if (depth > 0)
		recurse(frame, depth - 1);
	frame[1] = frame[0];
}

static void
end_thread(const char *how)
{
	pthread_t thread;

	NEED(pthread_create(&thread, NULL, exits, (void *)(uintptr_t)how) ==
	     0);
	if (strcmp(how, "main-leaves") == 0)
		pthread_exit(NULL);
	pthread_join(thread, NULL);
}

static void
end_by_signal(const char *how)
{
	int sig = atoi(how + 4);

	kill(getpid(), sig);
	for (;;)
		pause();
}

static void
end(const char *how)
{
	if (strcmp(how, "exit") == 0)
		exit(3);
	if (strcmp(how, "_exit") == 0)
		_exit(4);
	if (strcmp(how, "_Exit") == 0)
		_Exit(5);
	if (strcmp(how, "quick_exit") == 0) {
		at_quick_exit(at_quick);
		quick_exit(6);
	}
	if (strcmp(how, "exit_group") == 0)
		syscall(SYS_exit_group, 7);
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "segv") == 0)
		*(volatile int *)hide(8) = 1;
	if (strcmp(how, "overflow") == 0)
		recurse(NULL, SIZE_MAX);
	if (strcmp(how, "handled") == 0) {
		signal(SIGTERM, handler);
		kill(getpid(), SIGTERM);
		pause();
	}
	if (strcmp(how, "corrupt") == 0) {
		char *p = malloc(100);

		memset(p - 16, 0x41, 16);
		free(p);
	}
	if (strncmp(how, "sig-", 4) == 0)
		end_by_signal(how);
	if (strncmp(how, "thread", 6) == 0 || strcmp(how, "main-leaves") == 0)
		end_thread(how);
}

int
main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	start();
	setvbuf(stdout, NULL, _IONBF, 0);
	grow(100);
	puts("before the end");
	RCPROF_MARK("before the end");
	grow(50);
	fputs("on stderr\n", stderr);
	end(how);
	return 2;
}

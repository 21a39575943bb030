/* SPDX-License-Identifier: MIT
 *
 * prog_moments.c - allocations at moments when a program is not quite itself:
 * before main, after main, in destructors of threads, in signal handlers, in
 * callbacks of the loader.
 */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "preload/prog.h"

int early_blocks(void);

/* --- before main -------------------------------------------------------------- */

static void *before[10];

static void
before_all(int argc, char **argv, char **envp)
{
	(void)argc;
	(void)argv;
	(void)envp;
	for (int i = 0; i < 10; i++)
		before[i] = malloc(6007);
	free(before[9]);
}

__attribute__((section(".preinit_array"), used)) static void (
	*preinit)(int, char **, char **) = before_all;

__attribute__((constructor)) static void
own_constructor(void)
{
	free(malloc(6011));
}

/* --- destructors of threads ------------------------------------------------------ */

static pthread_key_t key;

static void
destroy(void *arg)
{
	size_t left = (size_t)(uintptr_t)arg;

	free(malloc(2009));
	if (left > 1)
		pthread_setspecific(key, (void *)(uintptr_t)(left - 1));
}

static void *
with_destructor(void *arg)
{
	pthread_setspecific(key, (void *)(uintptr_t)3);
	free(malloc(2010));
	return arg;
}

static void *
cancelled(void *arg)
{
	pthread_setspecific(key, (void *)(uintptr_t)1);
	pthread_cleanup_push(free, malloc(2011));
	for (;;)
		pause();
	pthread_cleanup_pop(1);
	return arg;
}

static void
times(int n, size_t size)
{
	for (int i = 0; i < n; i++) {
		got(&key, size);
		gone(size);
	}
}

static void
test_thread_ends(void)
{
	pthread_t thread;

	pthread_key_create(&key, destroy);
	for (int i = 0; i < 40; i++) {
		NEED(pthread_create(&thread, NULL, with_destructor, NULL) ==
		     0);
		pthread_join(thread, NULL);
		times(3, 2009);
		times(1, 2010);
	}
	done("21", "destructors of 40 threads allocate and free");
	for (int i = 0; i < 20; i++) {
		NEED(pthread_create(&thread, NULL, cancelled, NULL) == 0);
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	/* How far each came before it was cancelled nobody knows. */
	memset(&truth, 0, sizeof(truth));
	RCPROF_MARK("cancelled");
}

/* --- signal handlers ---------------------------------------------------------------- */

static volatile sig_atomic_t handled;

static void
allocating_handler(int sig)
{
	void *p = malloc(3001), *q = calloc(1, 3002);

	(void)sig;
	p = realloc(p, 3003);
	free(p);
	free(q);
	handled++;
}

/* mmap may be called in a handler, whatever it has interrupted. */
static void
mapping_handler(int sig)
{
	void *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)sig;
	munmap(p, 8192);
	handled++;
}

static void
test_signals(void)
{
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { 0 };
	struct sigaction action = { .sa_handler = allocating_handler,
				    .sa_flags = SA_RESTART };
	void *p = NULL;
	size_t size = 0;

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 100; i++) {
		raise(SIGUSR1);
		times(1, 3001);
		times(1, 3002);
		times(1, 3003);
	}
	NEED(handled == 100);
	done("21", "a signal handler allocates and frees");

	action.sa_handler = mapping_handler;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	handled = 0;
	for (int i = 0; handled < 500; i++) {
		size_t next = 100 + (size_t)i % 5000;

		if (p)
			gone(size);
		p = got(realloc(p, next), next);
		size = next;
		if (i % 7 == 0) {
			free(p);
			gone(size);
			p = NULL;
		}
	}
	setitimer(ITIMER_REAL, &never, NULL);
	free(p);
	if (p)
		gone(size);
	/* How often differs from run to run. */
	note("storm %lld %lld %lld %lld\n", truth.malloc.allocs,
	     truth.malloc.bytes, truth.malloc.frees, truth.malloc.freed);
	memset(&truth, 0, sizeof(truth));
	RCPROF_MARK("storm");
}

/* --- the loader's callback ------------------------------------------------------------ */

static int
callback(struct dl_phdr_info *info, size_t size, void *arg)
{
	void **p = arg;

	(void)size;
	(void)info;
	*p = got(malloc(5003), 5003);
	free(*p);
	gone(5003);
	*p = got(malloc(5004), 5004);
	/* Something else of the loader's, while its lock is held. */
	NEED(dlsym(RTLD_DEFAULT, "malloc"));
	RCPROF_SNAPSHOT();
	free(*p);
	gone(5004);
	return 0;
}

static void
test_callback(void)
{
	void *p;

	for (int i = 0; i < 20; i++)
		dl_iterate_phdr(callback, &p);
	/* One library more is in the list when rcprof is: not printed. */
	note("callback %lld %lld %lld %lld\n", truth.malloc.allocs,
	     truth.malloc.bytes, truth.malloc.frees, truth.malloc.freed);
	memset(&truth, 0, sizeof(truth));
	RCPROF_MARK("callback");
}

/* --- after main --------------------------------------------------------------------------- */

static void
at_exit(void)
{
	for (int i = 0; i < 10; i++)
		free(got(malloc(7001), 7001)), gone(7001);
	done("21", "atexit before the end");
	fflush(stdout);
}

__attribute__((destructor)) static void
own_destructor(void)
{
	free(malloc(7002));
	before[0] = realloc(before[0], 100000);
	free(before[0]);
}

int
main(void)
{
	start();
	NEED(early_blocks() && before[0]);
	atexit(at_exit);
	test_thread_ends();
	test_signals();
	test_callback();
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * prog_loader.c - libraries that come and go.  The program finds them through
 * its RUNPATH, $ORIGIN/plugs, where the test has put them:
 *	libplug_one.so, libplug_two.so    the same code, sizes of their own
 *	libfinder.so                      has a RUNPATH too: $ORIGIN/hidden,
 *	hidden/libhidden.so               where it finds this
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "preload/plug.h"
#include "preload/prog.h"

/* A plug-in and its functions. */
struct plug {
	void *handle;
	void *(*allocate)(void);
	void *(*open)(const char *);
	size_t size;
};

static bool
open_plug(struct plug *p, const char *name, int flags, size_t size)
{
	p->handle = dlopen(name, flags);
	if (!p->handle)
		return false;
	*(void **)(void *)&p->allocate = dlsym(p->handle, "plug_allocate");
	*(void **)(void *)&p->open = dlsym(p->handle, "plug_open");
	p->size = size;
	NEED(p->allocate && p->open);
	got(p->handle, size + 1);
	return true;
}

static void
close_plug(struct plug *p)
{
	NEED(dlclose(p->handle) == 0);
	gone(p->size + 1);
}

static void
test_reload(void)
{
	struct plug one, two;
	void *kept[20], *at_one = NULL;
	int same = 0;

	NEED(open_plug(&one, "libplug_one.so", RTLD_NOW, PLUG_ONE));
	for (int i = 0; i < 20; i++)
		kept[i] = got(one.allocate(), PLUG_ONE);
	done_in("22", "dlopen of a bare name by RUNPATH; its allocations",
		"libplug_one.so");
	close_plug(&one);
	done_in("22", "dlclose; its blocks live on", "libplug_one.so");
	for (int i = 0; i < 10; i++) {
		free(kept[i]);
		gone(PLUG_ONE);
	}
	done_in("22", "freed after the library has gone", "libplug_one.so");

	/* In turn at the same address: their sites must not mix. */
	for (int i = 0; i < 20; i++) {
		if (i % 2) {
			NEED(open_plug(&two, "libplug_two.so", RTLD_LAZY,
				       PLUG_TWO));
			free(two.allocate());
			same += at_one == *(void **)(void *)&two.allocate;
			close_plug(&two);
			continue;
		}
		NEED(open_plug(&one, "libplug_one.so", RTLD_LAZY, PLUG_ONE));
		at_one = *(void **)(void *)&one.allocate;
		free(one.allocate());
		close_plug(&one);
	}
	note("same addresses: %d\n", same);
	memset(&truth, 0, sizeof(truth));
	for (int i = 0; i < 10; i++) {
		got(&one, PLUG_ONE), got(&one, PLUG_ONE + 1);
		gone(PLUG_ONE), gone(PLUG_ONE + 1);
	}
	done_in("22", "ten times loaded again, in turn with another",
		"libplug_one.so");
	for (int i = 10; i < 20; i++) {
		free(kept[i]);
		gone(PLUG_ONE);
	}
	done_in("22", "the last blocks of the first time", "libplug_one.so");
	for (int i = 0; i < 10; i++) {
		got(&two, PLUG_TWO), got(&two, PLUG_TWO + 1);
		gone(PLUG_TWO), gone(PLUG_TWO + 1);
	}
	/* All of it happened before: see loader.t. */
	printf("two\t%lld\t%lld\n", truth.malloc.allocs, truth.malloc.bytes);
	memset(&truth, 0, sizeof(truth));
}

static void
test_search(void)
{
	struct plug finder;
	void *hidden;

	NEED(!dlopen("libhidden.so", RTLD_NOW));
	printf("%s\n", dlerror());
	/* The message waits, whatever else is called. */
	NEED(!dlopen("libhidden.so", RTLD_NOW));
	free(malloc(100));
	NEED(munmap(mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		    8192) == 0);
	RCPROF_SNAPSHOT();
	hidden = dlerror();
	printf("%s\n", hidden ? (char *)hidden : "the message is gone");
	NEED(!dlopen("/nowhere/at/all.so", RTLD_NOW));
	free(malloc(100));
	RCPROF_SNAPSHOT();
	hidden = dlerror();
	printf("%s\n", hidden ? (char *)hidden : "the message is gone");
	NEED(open_plug(&finder, "libfinder.so", RTLD_NOW, PLUG_ONE));
	hidden = finder.open("libhidden.so");
	printf("by its caller's RUNPATH: %s\n", hidden ? "found" : dlerror());
	NEED(hidden);
	dlclose(hidden);
	hidden = finder.open("$ORIGIN/hidden/libhidden.so");
	printf("by its caller's ORIGIN: %s\n", hidden ? "found" : dlerror());
	NEED(hidden);
	dlclose(hidden);
	NEED(!finder.open("/nowhere/at/all.so"));
	printf("%s\n", dlerror());
	NEED(!dlerror());
	close_plug(&finder);
	NEED(dlopen(NULL, RTLD_NOW));
	NEED(!dlopen("libplug_one.so", RTLD_NOW | RTLD_NOLOAD));
	memset(&truth, 0, sizeof(truth));
	RCPROF_MARK("searched");
}

static void
test_namespaces(void)
{
	struct plug one;
	void *deep, *other;
	void *(*allocate)(void);

	/* Bound to libc's own malloc: not seen, and nothing breaks. */
	deep = dlopen("libplug_one.so", RTLD_NOW | RTLD_DEEPBIND);
	NEED(deep);
	*(void **)(void *)&allocate = dlsym(deep, "plug_allocate");
	for (int i = 0; i < 100; i++)
		free(allocate());
	dlclose(deep);

	/* With a libc of its own. */
	other = dlmopen(LM_ID_NEWLM, "libplug_two.so", RTLD_NOW);
	printf("dlmopen: %s\n", other ? "loaded" : dlerror());
	if (other) {
		*(void **)(void *)&allocate = dlsym(other, "plug_allocate");
		for (int i = 0; i < 100; i++)
			NEED(allocate());
		dlclose(other);
	}
	memset(&truth, 0, sizeof(truth));
	RCPROF_MARK("namespaces");
	NEED(open_plug(&one, "libplug_one.so", RTLD_NOW, PLUG_ONE));
	free(got(one.allocate(), PLUG_ONE));
	gone(PLUG_ONE);
	close_plug(&one);
	printf("after\t%lld\t%lld\n", truth.malloc.allocs, truth.malloc.bytes);
}

/* --- a signal handler that maps, while libraries come and go ------------------- */

static void
mapping_handler(int sig)
{
	(void)sig;
	munmap(mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	       8192);
}

static void
test_signals(void)
{
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { 0 };
	struct sigaction action = { .sa_handler = mapping_handler,
				    .sa_flags = SA_RESTART };
	void *handle;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 1000; i++) {
		handle = dlopen(i % 2 ? "libplug_one.so" : "libplug_two.so",
				RTLD_NOW);
		NEED(handle);
		NEED(dlclose(handle) == 0);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	NEED(!dlopen("libplug_one.so", RTLD_NOW | RTLD_NOLOAD));
	NEED(!dlopen("libplug_two.so", RTLD_NOW | RTLD_NOLOAD));
	memset(&truth, 0, sizeof(truth));
	RCPROF_MARK("signals");
}

/* --- threads that allocate while libraries come and go ----------------------- */

static volatile int stop;

static void *
busy(void *arg)
{
	long *n = arg;

	while (!stop) {
		free(malloc(9001));
		++*n;
	}
	return NULL;
}

static void
test_threads(void)
{
	pthread_t threads[3];
	long counts[3] = { 0 };
	struct plug p;

	for (int i = 0; i < 3; i++)
		NEED(pthread_create(&threads[i], NULL, busy, &counts[i]) == 0);
	for (int i = 0; i < 200; i++) {
		NEED(open_plug(&p,
			       i % 2 ? "libplug_one.so" : "libplug_two.so",
			       RTLD_NOW, 0));
		free(p.allocate());
		if (i % 20 == 0)
			RCPROF_SNAPSHOT();
		dlclose(p.handle);
	}
	stop = 1;
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		note("busy %ld\n", counts[i]);
	}
	RCPROF_MARK("threads");
}

int
main(void)
{
	start();
	test_reload();
	test_search();
	test_namespaces();
	test_signals();
	test_threads();
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * prog_unwinds.c - two threads that allocate through a library's frames as
 * well as their own, while a third one loads and unloads another, which they
 * never call, and the first one forks.  Arguments: the library to call
 * through, the one that comes and goes, blocks of each thread.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))
#define STAY __asm__ volatile("" ::: "memory")
#define THREADS 2

static void (*call_back)(void (*)(size_t), size_t);
static atomic_int working;
static long blocks;

NOINLINE static void
leaf(size_t size)
{
	void *p = malloc(size);

	__asm__ volatile("" : : "r"(p) : "memory");
	free(p);
}

NOINLINE static void
down(unsigned depth, size_t size)
{
	if (depth > 0)
		down(depth - 1, size);
	else if (size % 2)
		call_back(leaf, size);
	else
		leaf(size);
	STAY;
}

static void *
work(void *arg)
{
	unsigned random = *(unsigned *)arg;

	for (long i = 0; i < blocks; i++) {
		random = random * 1664525 + 1013904223;
		down(random >> 8 & 15, 16 + (random >> 12 & 255));
	}
	atomic_fetch_sub(&working, 1);
	return NULL;
}

static void *
load(void *name)
{
	void (*other)(void (*)(size_t), size_t);

	while (atomic_load(&working) > 0) {
		void *library = dlopen(name, RTLD_NOW);

		if (!library)
			abort();
		*(void **)&other = dlsym(library, "call_back");
		other(leaf, 4000);
		dlclose(library);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	unsigned seeds[THREADS];
	pthread_t threads[THREADS], loader;
	int forks = 0;

	if (argc != 4)
		return 2;
	*(void **)&call_back = dlsym(dlopen(argv[1], RTLD_NOW), "call_back");
	blocks = strtol(argv[3], NULL, 10);
	atomic_store(&working, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		seeds[i] = i + 1;
		pthread_create(&threads[i], NULL, work, &seeds[i]);
	}
	pthread_create(&loader, NULL, load, argv[2]);
	while (atomic_load(&working) > 0) {
		pid_t pid = fork();
		int status = -1;

		if (pid == 0) {
			down(5, 77);
			_exit(3);
		}
		if (waitpid(pid, &status, 0) != pid ||
		    WEXITSTATUS(status) != 3)
			abort();
		forks++;
		usleep(1000);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(loader, NULL);
	printf("%s\n", forks ? "done" : "no fork");
	return 0;
}

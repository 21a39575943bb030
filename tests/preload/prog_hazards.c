/* SPDX-License-Identifier: MIT
 *
 * prog_hazards.c - what has broken other preloads, each by its name:
 *
 *	prog_hazards WHAT [ARG]
 *
 * It prints what it found, the same with a profiler as without.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "preload/prog.h"

#define THREADS 8
#define SIZE 1231

/* Allocates and frees N times, and keeps what N / 10 make. */
NOINLINE static void
work(long n)
{
	for (long i = 0; i < n; i++) {
		void *p = malloc(SIZE);

		NEED(p);
		if (i % 10)
			free(p);
	}
}

static void
in_threads(void *(*body)(void *), size_t stack)
{
	pthread_t threads[THREADS];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	if (stack)
		NEED(pthread_attr_setstacksize(&attr, stack) == 0);
	for (int i = 0; i < THREADS; i++)
		NEED(pthread_create(&threads[i], &attr, body, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		NEED(pthread_join(threads[i], NULL) == 0);
	pthread_attr_destroy(&attr);
}

/* --- a profiling timer ---------------------------------------------------- */

static _Atomic long ticks;

static void
on_prof(int sig)
{
	(void)sig;
	ticks++;
	/* What a profiler does there: it looks and takes notes. */
	if (ticks % 8 == 0)
		munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0), 4096);
}

static void *
busy(void *unused)
{
	(void)unused;
	work(50000);
	return NULL;
}

static void
sigprof(void)
{
	struct itimerval timer = { { 0, 1000 }, { 0, 1000 } }, off = { 0 };
	struct sigaction action = { .sa_handler = on_prof,
				    .sa_flags = SA_RESTART };

	NEED(sigaction(SIGPROF, &action, NULL) == 0);
	NEED(setitimer(ITIMER_PROF, &timer, NULL) == 0);
	for (int i = 0; i < 50 && ticks < 100; i++)
		in_threads(busy, 0);
	NEED(setitimer(ITIMER_PROF, &off, NULL) == 0);
	printf("a hundred ticks: %d\n", ticks >= 100);
}

/* --- forks ---------------------------------------------------------------- */

#define FORKS 12

static void *
fork_storm(void *unused)
{
	(void)unused;
	for (int i = 0; i < FORKS; i++) {
		int status = -1;
		pid_t pid;

		work(100);
		pid = fork();
		if (pid == 0) {
			alarm(60);
			work(100);
			exit(i);
		}
		NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
		NEED(WIFEXITED(status) && WEXITSTATUS(status) == i);
	}
	return NULL;
}

static void
forks(void)
{
	alarm(100);
	in_threads(fork_storm, 0);
	printf("%d forks\n", THREADS * FORKS);
}

/* --- little room ---------------------------------------------------------- */

/* Goes down until 6 KiB of the stack are left, and allocates there. */
NOINLINE static void
deep(char *low, long n)
{
	volatile char room[512];

	room[0] = (char)n;
	if ((uintptr_t)&room[0] - (uintptr_t)low > 6 * 1024)
		deep(low, n);
	else
		work(n);
	room[1] = room[0];
}

static void *
on_small_stack(void *unused)
{
	pthread_attr_t attr;
	size_t size;
	void *low;

	(void)unused;
	NEED(pthread_getattr_np(pthread_self(), &attr) == 0);
	NEED(pthread_attr_getstack(&attr, &low, &size) == 0);
	pthread_attr_destroy(&attr);
	deep(low, 3000);
	return NULL;
}

static void
small_stacks(void)
{
	in_threads(on_small_stack, 64 << 10);
	in_threads(on_small_stack, 32 << 10);
	printf("%d threads\n", 2 * THREADS);
}

/* Started under a limit, or one it sets itself: malloc says no, and goes on. */
static void
limited(__rlimit_resource_t what, const char *arg)
{
	struct rlimit limit;
	void **first = NULL;
	long n = 0;

	if (arg) {
		limit.rlim_cur = limit.rlim_max = (rlim_t)atol(arg) << 20;
		NEED(setrlimit(what, &limit) == 0);
	}
	for (;;) {
		void **p = malloc(1 << 20);

		if (!p)
			break;
		*p = first;
		first = p;
		n++;
	}
	printf("malloc: %s; some fitted: %d\n", strerror(errno), n > 10);
	RCPROF_MARK("full");
	NEED(mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	while (first) {
		void **next = *first;

		free(first);
		first = next;
	}
	work(1000);
	in_threads(on_small_stack, 64 << 10);
	printf("and on\n");
}

/* More blocks than there can be records of under the limit that the program was
 * started with.  In the end all are freed. */
static void
many(long n)
{
	void **first = NULL;

	for (long i = 0; i < n; i++) {
		void **p = malloc(24);

		NEED(p);
		*p = first;
		first = p;
	}
	RCPROF_MARK("many");
	while (first) {
		void **next = *first;

		free(first);
		first = next;
	}
	printf("%ld\n", n);
}

/* As where huge pages are for all: what has not said no gets them.  What is
 * left without them, which is the profiler's, is for the test alone. */
static long
advise(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long from = 0, to = 0, a, b;
	long refusing = 0;
	char line[512];

	NEED(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &a, &b) == 2) {
			from = a;
			to = b;
		}
		if (strncmp(line, "VmFlags:", 8) != 0)
			continue;
		if (strstr(line, " nh"))
			refusing += (long)(to - from);
		else
			madvise((void *)from, to - from, MADV_HUGEPAGE);
	}
	fclose(f);
	return refusing;
}

static void
huge_pages(void)
{
	long refusing = 0;

	for (int i = 0; i < 3; i++) {
		work(1000);
		refusing = advise();
		for (int n = 0; n < 4; n++)
			NEED(malloc(3 << 20));
		in_threads(on_small_stack, 64 << 10);
	}
	note("refusing %ld\n", refusing);
	printf("huge\n");
}

/* All memory is to be resident from now on.  How much that is is for the test
 * alone. */
static void
locked(void)
{
	long pages = 0;
	FILE *f;

	NEED(mlockall(MCL_FUTURE) == 0);
	in_threads(busy, 64 << 10);
	f = fopen("/proc/self/statm", "r");
	NEED(f && fscanf(f, "%*d %ld", &pages) == 1);
	fclose(f);
	note("resident %ld\n", pages * 4096);
	printf("locked\n");
}

static void
no_descriptors(void)
{
	int n = 0, fd;

	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	printf("open: %s after %d\n", strerror(errno), n);
	work(2000);
	RCPROF_MARK("none left");
	usleep(50000);
	work(2000);
	printf("still: %s\n", open("/dev/null", O_RDONLY) < 0
				      ? strerror(errno) : "opened");
}

/* --- a descriptor that was ours ------------------------------------------- */

/* As a daemon that has dropped root where it cannot come back: whatever the
 * profiler keeps, its number is the program's when it says so. */
static void
reused(void)
{
	struct rlimit limit;
	off_t size = 0;

	work(1000);
	RCPROF_MARK("before");
	if (geteuid() == 0)
		NEED(setresgid(65534, 65534, 65534) == 0 &&
		     setresuid(65534, 65534, 65534) == 0);
	work(1000);
	NEED(syscall(SYS_close_range, 3, ~0u, 0) == 0);
	getrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 3; i < 1100 && (rlim_t)i < limit.rlim_cur; i++)
		NEED(open("/tmp", O_TMPFILE | O_RDWR, 0600) == i);
	for (int i = 0; i < 20; i++) {
		work(1000);
		usleep(15000);
	}
	RCPROF_MARK("after");
	for (int i = 3; i < 1100 && (rlim_t)i < limit.rlim_cur; i++)
		size += lseek(i, 0, SEEK_END);
	printf("in the program's own files: %lld bytes\n", (long long)size);
}

/* --- sandboxes ------------------------------------------------------------ */

/* From now on no file can be opened. */
static void
landlock(void)
{
	struct {
		uint64_t handled;
	} attr = { (1u << 13) - 1 };
	long fd = syscall(444, &attr, sizeof(attr), 0);

	work(1000);
	RCPROF_MARK("free");
	if (fd < 0) {
		printf("no landlock: %s\n", strerror(errno));
		return;
	}
	NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	NEED(syscall(446, fd, 0) == 0);
	close((int)fd);
	work(1000);
	usleep(50000);
	work(1000);
	RCPROF_MARK("locked in");
	printf("open: %s\n", open("/etc/passwd", O_RDONLY) < 0
				     ? strerror(errno) : "opened");
	fflush(stdout);
	if (fork() == 0) {
		work(1000);
		exit(0);
	}
	wait(NULL);
}

/* --- libraries ------------------------------------------------------------ */

/* A module that brings a library which others have as well. */
static void
module(const char *path, int flags)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | flags);
	int (*version)(void);

	if (!handle)
		printf("%s\n", dlerror());
	NEED(handle);
	*(void **)&version = dlsym(handle, "plug_version");
	NEED(version);
	work(1000);
	printf("its own library's version: %d\n", version());
}

/* --- waiting -------------------------------------------------------------- */

/* Until a debugger has come and gone, or a second has. */
static void
attached(void)
{
	for (int i = 0; i < 150; i++) {
		work(100);
		usleep(20000);
	}
	printf("done\n");
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *arg = argc > 2 ? argv[2] : NULL;

	start();
	if (strcmp(what, "sigprof") == 0)
		sigprof();
	else if (strcmp(what, "forks") == 0)
		forks();
	else if (strcmp(what, "small-stacks") == 0)
		small_stacks();
	else if (strcmp(what, "address-space") == 0)
		limited(RLIMIT_AS, arg);
	else if (strcmp(what, "data") == 0)
		limited(RLIMIT_DATA, arg);
	else if (strcmp(what, "many") == 0)
		many(atol(arg));
	else if (strcmp(what, "huge") == 0)
		huge_pages();
	else if (strcmp(what, "locked") == 0)
		locked();
	else if (strcmp(what, "no-descriptors") == 0)
		no_descriptors();
	else if (strcmp(what, "reused") == 0)
		reused();
	else if (strcmp(what, "landlock") == 0)
		landlock();
	else if (strcmp(what, "module") == 0)
		module(arg, argc > 3 ? RTLD_DEEPBIND : 0);
	else if (strcmp(what, "attached") == 0)
		attached();
	else
		return 9;
	return 6;
}

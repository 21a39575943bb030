/* SPDX-License-Identifier: MIT
 *
 * prog_fork.c - processes that make processes.  Each allocates a number of
 * blocks of its own size and notes its pid and what it did: `note` lines
 * "WHO PID ALLOCS BYTES FREES FREED" of what that process itself counted.
 *
 *	prog_fork HOW
 */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "preload/prog.h"

extern char **environ;

static const char *self;

/* exec's prototypes lack a const. */
#define ARG(text) ((char *)(uintptr_t)(text))

static void
say(const char *who)
{
	note("%s %d %lld %lld %lld %lld\n", who, getpid(),
	     truth.malloc.allocs, truth.malloc.bytes, truth.malloc.frees,
	     truth.malloc.freed);
}

/* N blocks, of which every fourth is freed. */
static void
allocate(int n, size_t size)
{
	for (int i = 0; i < n; i++) {
		void *p = got(malloc(size), size);

		NEED(p);
		if (i % 4 == 0) {
			free(p);
			gone(size);
		}
	}
}

static void
wait_for(pid_t pid, int want)
{
	int status;

	NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (status != want)
		broken("child's status %x, not %x", status, want);
}

/* --- fork ---------------------------------------------------------------------- */

static void *inherited[100];

static void
child_of_fork(void)
{
	memset(&truth, 0, sizeof(truth));
	allocate(40, 3301);
	/* The parent's: neither below zero nor counted here. */
	for (int i = 0; i < 50; i++)
		free(inherited[i]);
	inherited[50] = got(realloc(inherited[50], 8807), 8807);
	RCPROF_MARK("in the child");
	say("child");
}

static void
do_fork(void)
{
	pid_t pid;

	for (int i = 0; i < 100; i++)
		inherited[i] = got(malloc(2203), 2203);
	for (int i = 0; i < 3; i++) {
		pid = fork();
		if (pid == 0) {
			child_of_fork();
			if (i == 1)
				_exit(7);
			exit(7);
		}
		wait_for(pid, 7 << 8);
		allocate(20, 2207);
	}
	RCPROF_MARK("in the parent");
	say("parent");
}

/* A child that has a child. */
static void
do_generations(void)
{
	for (int depth = 0; depth < 5; depth++) {
		pid_t pid;

		memset(&truth, 0, sizeof(truth));
		allocate(10 + depth, 1000 + (size_t)depth);
		RCPROF_MARK("grown");
		say(depth ? "descendant" : "root");
		fflush(stdout);
		pid = fork();
		if (pid != 0) {
			wait_for(pid, 0);
			exit(0);
		}
	}
	_exit(0);
}

/* --- fork in a threaded program --------------------------------------------------- */

static volatile int stop;

static void *
storm(void *arg)
{
	void *p[8] = { NULL };
	long n = 0;

	while (!stop) {
		free(p[n % 8]);
		p[n % 8] = malloc(600 + (size_t)(n % 9000));
		n++;
	}
	for (int i = 0; i < 8; i++)
		free(p[i]);
	return arg;
}

static void
do_threads(void)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		NEED(pthread_create(&threads[i], NULL, storm, NULL) == 0);
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t one;

			alarm(20);
			memset(&truth, 0, sizeof(truth));
			allocate(40, 3301);
			/* Threads of its own. */
			stop = 1;
			NEED(pthread_create(&one, NULL, storm, NULL) == 0);
			pthread_join(one, NULL);
			if (i % 10 == 0) {
				RCPROF_MARK("in the child");
				say("child");
				exit(0);
			}
			_exit(0);
		}
		wait_for(pid, 0);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	RCPROF_MARK("joined");
	say("parent");
}

/* --- vfork, spawn, exec --------------------------------------------------------------- */

static void
exit_at_once(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(5);
	wait_for(pid, 5 << 8);
}

static void
become(const char *path, int status)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl(path, path, "leaf", NULL);
		_exit(9);
	}
	wait_for(pid, status);
}

static void
do_vfork(void)
{
	for (int i = 0; i < 10; i++) {
		exit_at_once();
		allocate(5, 2207);
		become(self, 0);
		become("/nowhere/at/all", 9 << 8);
		allocate(5, 2207);
	}
	RCPROF_MARK("in the parent");
	say("parent");
}

static void
do_spawn(void)
{
	char *argv[] = { ARG(self), ARG("leaf"), NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;

	allocate(20, 2207);
	for (int i = 0; i < 5; i++) {
		NEED(posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0);
		wait_for(pid, 0);
	}
	NEED(posix_spawn(&pid, "/nowhere/at/all", NULL, NULL, argv, environ) ==
	     ENOENT);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclose(&actions, 0);
	NEED(posix_spawnp(&pid, self, &actions, NULL, argv, environ) == 0);
	wait_for(pid, 0);
	posix_spawn_file_actions_destroy(&actions);
	NEED(system("exit 3") == 3 << 8);
	memset(&truth, 0, sizeof(truth));
	RCPROF_MARK("spawned");
	allocate(20, 2207);
	RCPROF_MARK("in the parent");
	say("parent");
}

/* exec to itself N times, each time allocating first. */
static void
do_exec(const char *left)
{
	int n = atoi(left);
	char less[20];

	allocate(11 + n, 4409);
	say("exec");
	RCPROF_MARK("before exec");
	printf("%d left\n", n);
	fflush(stdout);
	if (n == 0)
		return;
	snprintf(less, sizeof(less), "%d", n - 1);
	execlp(self, self, "exec", less, NULL);
	broken("exec: %s", strerror(errno));
}

static void
do_failing_exec(void)
{
	char *argv[] = { ARG("x"), NULL };

	allocate(30, 4409);
	for (int i = 0; i < 3; i++) {
		errno = 0;
		NEED(execv("/nowhere/at/all", argv) == -1 && errno == ENOENT);
		NEED(execve("/etc/passwd", argv, environ) == -1 &&
		     errno == EACCES);
		NEED(execl("/", "x", "y", NULL) == -1 && errno == EACCES);
		NEED(execvp("no-such-command-anywhere", argv) == -1 &&
		     errno == ENOENT);
		NEED(fexecve(-1, argv, environ) == -1 && errno == EINVAL);
	}
	allocate(30, 4409);
	RCPROF_MARK("still here");
	say("failing");
}

/* Every form of exec hands over its arguments and environment. */
static void
do_forms(const char *step)
{
	char *argv[] = { ARG(self), ARG("forms"), NULL, ARG("c'\"\\ d"), NULL };
	char *envp[64], next[] = { (char)(step[0] + 1), 0 };
	int n = 0;

	printf("step %s X=%s\n", step, getenv("X") ? getenv("X") : "-");
	fflush(stdout);
	for (char **e = environ; *e && n < 60; e++)
		if (strncmp(*e, "X=", 2) != 0)
			envp[n++] = *e;
	envp[n++] = ARG("X=given");
	envp[n] = NULL;
	argv[2] = next;
	switch (step[0]) {
	case '0':
		execl(self, self, "forms", next, "more", NULL);
		break;
	case '1':
		execlp(self, self, "forms", next, NULL);
		break;
	case '2':
		execle(self, self, "forms", next, NULL, envp);
		break;
	case '3':
		execv(self, argv);
		break;
	case '4':
		execve(self, argv, envp);
		break;
	case '5':
		execvp(self, argv);
		break;
	case '6':
		execvpe(self, argv, envp);
		break;
	case '7':
		fexecve(open(self, O_RDONLY | O_CLOEXEC), argv, envp);
		break;
	case '8':
		/* More arguments than anyone keeps on a stack. */
		execl(self, self, "forms", next, "3", "4", "5", "6", "7", "8",
		      "9", "10", "11", "12", "13", "14", "15", "16", "17",
		      "18", "19", "20", "21", "22", "23", "24", "25", "26",
		      "27", "28", "29", "30", "31", "32", "33", "34", "35",
		      "36", "37", "38", "39", "40", "41", "42", "43", "44",
		      "45", "46", "47", "48", "49", "50", "51", "52", "53",
		      "54", "55", "56", "57", "58", "59", "60", "61", "62",
		      "63", "64", "65", "66", "67", "68", "69", "70", NULL);
		break;
	default:
		return;
	}
	broken("exec: %s", strerror(errno));
}

/* --- forks that no handler of libc's sees --------------------------------------- */

static pid_t
raw_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void
do_raw(pid_t (*make)(void))
{
	allocate(40, 2207);
	RCPROF_MARK("before");
	for (int i = 0; i < 10; i++) {
		pid_t pid = make();

		if (pid == 0) {
			/* Long enough for whatever comes now and then. */
			for (int n = 0; n < 5; n++) {
				allocate(400, 3301);
				usleep(2000);
			}
			_exit(3);
		}
		wait_for(pid, 3 << 8);
		allocate(40, 2207);
	}
	RCPROF_MARK("in the parent");
	say("parent");
}

/* --- a daemon ---------------------------------------------------------------------------- */

static void
do_daemon(void)
{
	pid_t pid;
	int fd;

	allocate(10, 2207);
	RCPROF_MARK("before");
	say("root");
	fflush(stdout);
	if ((pid = fork()) != 0) {
		wait_for(pid, 0);
		return;
	}
	setsid();
	if (fork() != 0)
		_exit(0);
	NEED(chdir("/") == 0);
	umask(0);
	for (fd = sysconf(_SC_OPEN_MAX) > 65536 ? 65536 : 65536; fd >= 0; fd--)
		close(fd);
	/* What the program opens next gets the numbers that it expects. */
	fd = open("/dev/null", O_RDWR);
	NEED(fd == 0 && dup(0) == 1 && dup(0) == 2);
	memset(&truth, 0, sizeof(truth));
	allocate(500, 6607);
	RCPROF_MARK("in the daemon");
	allocate(500, 6608);
	fd = open("/dev/null", O_RDWR);
	NEED(fd == 3);
	RCPROF_MARK("all closed");
	say("daemon");
	exit(0);
}

int
main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	/* Found again after exec by whatever name. */
	self = realpath("/proc/self/exe", NULL);
	NEED(self);
	if (strcmp(how, "leaf") == 0) {
		allocate(17, 5501);
		say("leaf");
		return 0;
	}
	start();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(how, "fork") == 0)
		do_fork();
	else if (strcmp(how, "generations") == 0)
		do_generations();
	else if (strcmp(how, "threads") == 0)
		do_threads();
	else if (strcmp(how, "vfork") == 0)
		do_vfork();
	else if (strcmp(how, "spawn") == 0)
		do_spawn();
	else if (strcmp(how, "exec") == 0)
		do_exec(argc > 2 ? argv[2] : "3");
	else if (strcmp(how, "failing") == 0)
		do_failing_exec();
	else if (strcmp(how, "forms") == 0)
		do_forms(argc > 2 ? argv[2] : "0");
	else if (strcmp(how, "raw") == 0)
		do_raw(raw_fork);
	else if (strcmp(how, "_Fork") == 0)
		do_raw(_Fork);
	else if (strcmp(how, "daemon") == 0)
		do_daemon();
	else
		broken("%s: no such way", how);
	return 0;
}

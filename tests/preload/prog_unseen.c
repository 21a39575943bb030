/* SPDX-License-Identifier: MIT
 *
 * prog_unseen.c - what a program can see of its own process, printed: a
 * profiler must not show in it.
 *
 *	prog_unseen WHAT [again]	again: five times more, in children
 */
#include <dirent.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "preload/prog.h"

#define SIZE 5003

/* Enough of everything that whatever wants to run beside us does. */
static void
warm_up(void)
{
	for (int i = 0; i < 3000; i++) {
		void *p = malloc(SIZE);

		NEED(p);
		if (i % 50)
			free(p);
	}
	usleep(30000);
}

/* A line of /proc/self/FILE that begins with KEY. */
static const char *
proc_line(const char *path, const char *key)
{
	static char line[4096];
	FILE *f = fopen(path, "re");
	const char *out = "none";

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) == 0) {
			line[strcspn(line, "\n")] = '\0';
			out = line;
			break;
		}
	}
	if (f)
		fclose(f);
	return out;
}

static void
in_child(void (*body)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		body();
		fflush(NULL);
		exit(0);
	}
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		printf("the child died of signal %d\n", WTERMSIG(status));
	else
		printf("the child's status: %d\n", WEXITSTATUS(status));
}

/* --- threads and children --------------------------------------------------------- */

static void
look_at_fork(void)
{
	printf("single threaded for libc: %d\n", __libc_single_threaded);
	for (int i = 0; i < 20; i++) {
		int status;
		pid_t pid = fork();

		/* What Python 3.12 looks at to warn of threads. */
		if (pid == 0) {
			printf("child: %s\n",
			       proc_line("/proc/self/status", "Threads:"));
			fflush(stdout);
			_exit(0);
		}
		printf("parent: %s\n",
		       proc_line("/proc/self/status", "Threads:"));
		waitpid(pid, &status, 0);
		warm_up();
	}
}

static void
look_at_children(void)
{
	int status;

	for (int i = 0; i < 5; i++) {
		NEED(wait(&status) == -1);
		printf("wait: %s\n", strerror(errno));
		NEED(waitpid(-1, &status, WNOHANG | __WALL) == -1);
		printf("with __WALL: %s\n", strerror(errno));
		warm_up();
	}
	printf("children: %s\n",
	       proc_line("/proc/thread-self/children", ""));
}

/* --- files ------------------------------------------------------------------------- */

static void
list_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	int n = 0;

	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	printf("descriptors: %d\n", n);
}

static void
look_at_files(void)
{
	int fd;

	list_fds();
	printf("next: %d\n", fd = dup(0));
	close(fd);
	for (int i = 3; i < 1024; i++)
		NEED(close(i) == -1 && errno == EBADF);
	list_fds();
	warm_up();
	RCPROF_MARK("closed one by one");
	list_fds();
	NEED(syscall(SYS_close_range, 3, ~0u, 0) == 0);
	warm_up();
	RCPROF_MARK("closed at once");
	list_fds();
	printf("next: %d\n", dup(0));
}

/* Started without any: what it opens gets the numbers it expects. */
static void
look_at_no_files(void)
{
	int a, b, c;

	warm_up();
	a = open("/dev/null", O_RDWR);
	b = open("/dev/null", O_RDWR);
	c = open("/dev/null", O_RDWR);
	warm_up();
	note("opened %d %d %d\n", a, b, c);
}

static void
look_at_limits(void)
{
	struct rlimit none = { 3, 3 };

	NEED(setrlimit(RLIMIT_NOFILE, &none) == 0);
	none.rlim_cur = none.rlim_max = 0;
	NEED(setrlimit(RLIMIT_NPROC, &none) == 0);
	warm_up();
	RCPROF_MARK("limited");
	printf("open: %s\n", open("/dev/null", O_RDWR) < 0 ? strerror(errno)
							     : "opened");
}

/* --- signals --------------------------------------------------------------------------- */

static void
look_at_signals(void)
{
	struct sigaction action;
	sigset_t set;

	for (int sig = 1; sig <= 64; sig++) {
		if (sigaction(sig, NULL, &action) != 0)
			continue;
		if (action.sa_handler != SIG_DFL)
			printf("signal %d is handled\n", sig);
	}
	sigprocmask(SIG_SETMASK, NULL, &set);
	for (int sig = 1; sig <= 64; sig++)
		if (sigismember(&set, sig) == 1)
			printf("signal %d is blocked\n", sig);
	warm_up();
	sigpending(&set);
	for (int sig = 1; sig <= 64; sig++)
		if (sigismember(&set, sig) == 1)
			printf("signal %d is pending\n", sig);
	printf("%s\n", proc_line("/proc/self/status", "SigBlk:"));
	printf("%s\n", proc_line("/proc/self/status", "SigCgt:"));
	printf("%s\n", proc_line("/proc/self/status", "SigIgn:"));
}

static volatile int handler_thread;

static void
handler(int sig)
{
	(void)sig;
	handler_thread = (int)syscall(SYS_gettid);
}

static void
look_at_sigwait(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	alarm(20);
	for (int i = 0; i < 50; i++) {
		if (i % 10 == 0)
			warm_up();
		/* To the process: nobody else may take it. */
		kill(getpid(), i % 2 ? SIGUSR1 : SIGTERM);
		free(malloc(SIZE));
		NEED(sigwait(&set, &sig) == 0);
		NEED(sig == (i % 2 ? SIGUSR1 : SIGTERM));
	}
	printf("50 signals waited for\n");
	signal(SIGINT, handler);
	for (int i = 0; i < 20; i++) {
		handler_thread = 0;
		kill(getpid(), SIGINT);
		while (!handler_thread)
			usleep(1000);
		NEED(handler_thread == getpid());
	}
	printf("20 interrupts in the main thread\n");
}

/* --- identity ---------------------------------------------------------------------------- */

static void
unshare_user(void)
{
	warm_up();
	if (unshare(CLONE_NEWUSER) != 0) {
		printf("unshare: %s\n", strerror(errno));
		return;
	}
	printf("in a user namespace of its own: %d\n", (int)getuid());
	warm_up();
	RCPROF_MARK("unshared");
}

/* All threads of the process have the same identity. */
static void
print_ids(void)
{
	DIR *dir = opendir("/proc/self/task");
	char path[300];
	struct dirent *e;
	int strangers = 0;

	while ((e = readdir(dir))) {
		const char *line;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status",
			 e->d_name);
		line = proc_line(path, "Uid:");
		strangers += strcmp(line, "none") != 0 &&
			     strcmp(line, "Uid:\t65534\t65534\t65534\t65534");
		line = proc_line(path, "Gid:");
		strangers += strcmp(line, "none") != 0 &&
			     strcmp(line, "Gid:\t65534\t65534\t65534\t65534");
	}
	closedir(dir);
	printf("threads with another identity: %d\n", strangers);
}

static void
drop_root(void)
{
	uint64_t all = ~0ull;
	gid_t none = 65534;

	/* What setuid() in glibc tells its threads by, masked. */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	warm_up();
	NEED(setgroups(1, &none) == 0);
	NEED(setresgid(65534, 65534, 65534) == 0);
	warm_up();
	NEED(setuid(65534) == 0);
	all = 0;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	print_ids();
	for (int i = 0; i < 8; i++) {
		warm_up();
		print_ids();
	}
	RCPROF_MARK("dropped");
	printf("setuid(0): %d\n", setuid(0));
}

static void
go_to_jail(void)
{
	NEED(chroot(".") == 0);
	warm_up();
	for (int i = 0; i < 77; i++)
		free(malloc(4243));
	RCPROF_MARK("in jail");
	printf("no files here: %d\n", open("/etc/passwd", O_RDONLY));
	fflush(stdout);
}

/* --- libc's paths for one thread ----------------------------------------- */

static void *
sleep_on(void *unused)
{
	pause();
	return unused;
}

/* putc, and malloc past the thread's own cache, take a lock as soon as libc
 * believes in a second thread.  For stepper.c: each part between traps. */
static void
storms(void)
{
	FILE *f = fopen("/dev/null", "w");
	void *p[4];

	putc('x', f);
	raise(SIGTRAP);
	for (int n = 0; n < 3000; n++)
		putc('x', f);
	raise(SIGTRAP);
	warm_up();
	raise(SIGTRAP);
	for (int n = 0; n < 300; n++) {
		for (int i = 0; i < 4; i++)
			p[i] = malloc(2000 + 16 * (size_t)i);
		for (int i = 0; i < 4; i++)
			free(p[i]);
	}
	raise(SIGTRAP);
	fclose(f);
	printf("single threaded for libc: %d\n", __libc_single_threaded);
}

static void
storms_of_two(void)
{
	pthread_t thread;

	NEED(pthread_create(&thread, NULL, sleep_on, NULL) == 0);
	storms();
}

static const struct {
	const char *name;
	void (*look)(void);
} looks[] = {
	{ "fork", look_at_fork },
	{ "children", look_at_children },
	{ "files", look_at_files },
	{ "no-files", look_at_no_files },
	{ "limits", look_at_limits },
	{ "signals", look_at_signals },
	{ "sigwait", look_at_sigwait },
	{ "unshare", unshare_user },
	{ "drop-root", drop_root },
	{ "jail", go_to_jail },
	{ "storms", storms },
	{ "storms-of-two", storms_of_two },
};

int
main(int argc, char **argv)
{
	start();
	warm_up();
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		if (argc < 2 || strcmp(argv[1], looks[i].name) != 0)
			continue;
		looks[i].look();
		fflush(stdout);
		if (argc > 2)
			for (int n = 0; n < 5; n++)
				in_child(looks[i].look);
		RCPROF_MARK("end");
		return 0;
	}
	return 2;
}

/* SPDX-License-Identifier: MIT
 *
 * failer.c - runs a program in which the system calls of one library fail.
 *
 *	failer LIBRARY OUT CALL N ERRNO PROGRAM [ARG...]
 *
 * CALL is a number, or -1: count all of them.  N is which of the library's
 * calls fails: 3 the third, -3 the third and all after it, 0 none.  OUT gets
 * one line for each kind of call that the library made: number, times.  The
 * calls of the program and of libc pass, so the library is tested as it is
 * shipped.  A filter in the program stops it at CALL; where the instruction
 * stands says whose it is.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS 512
#define NEED(x) \
	do { \
		if (!(x)) \
			fail(#x); \
	} while (0)

static const char *library;
static long counts[CALLS];
static long call, which, total;
static int error;

__attribute__((noreturn)) static void
fail(const char *what)
{
	fprintf(stderr, "failer: %s: %s\n", what, strerror(errno));
	exit(99);
}

#ifdef __x86_64__

/* Whether the library's code holds this address in this process. */
static int
is_ours(pid_t pid, unsigned long long address)
{
	char path[64], line[4352];
	int found = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	while (!found && fgets(line, sizeof line, f)) {
		unsigned long long from, to;

		if (sscanf(line, "%llx-%llx", &from, &to) == 2 &&
		    from <= address && address < to)
			found = strstr(line, library) ? 1 : -1;
	}
	fclose(f);
	return found > 0;
}

static int
is_chosen(void)
{
	total++;
	return (which > 0 && total == which) ||
	       (which < 0 && total >= -which);
}

static void
stopped_at_call(pid_t pid)
{
	struct user_regs_struct regs;

	/* It may have been killed meanwhile. */
	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) != 0 ||
	    !is_ours(pid, regs.rip - 2))
		return;
	if (regs.orig_rax < CALLS)
		counts[regs.orig_rax]++;
	if (call >= 0 && is_chosen()) {
		regs.orig_rax = (unsigned long long)-1;
		regs.rax = (unsigned long long)-error;
		ptrace(PTRACE_SETREGS, pid, NULL, &regs);
	}
}

static void
install_filter(void)
{
	struct sock_filter some[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter all[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	struct sock_fprog program = { 4, some };

	if (call < 0)
		program = (struct sock_fprog){ 1, all };
	NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	NEED(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static pid_t
start(char **argv)
{
	int gate[2];
	char c;
	pid_t pid;

	NEED(pipe(gate) == 0);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		close(gate[1]);
		NEED(read(gate[0], &c, 1) == 1);
		close(gate[0]);
		install_filter();
		setenv("LD_PRELOAD", library, 1);
		execv(argv[0], argv);
		_exit(127);
	}
	NEED(ptrace(PTRACE_SEIZE, pid, NULL,
		    PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK |
			    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			    PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) == 0);
	NEED(write(gate[1], "", 1) == 1);
	close(gate[0]);
	close(gate[1]);
	return pid;
}

static int
stops_the_group(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
	       sig == SIGTTOU;
}

static void
go_on(pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_SECCOMP)
		stopped_at_call(pid);
	if (event == PTRACE_EVENT_STOP && stops_the_group(sig))
		ptrace(PTRACE_LISTEN, pid, NULL, NULL);
	else
		ptrace(PTRACE_CONT, pid, NULL, (long)(event ? 0 : sig));
}

/* Until all are gone; the status of the first. */
static int
follow(pid_t root)
{
	int status, result = 0;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return result;
		if (WIFSTOPPED(status))
			go_on(pid, status);
		else if (pid == root)
			result = status;
	}
}

static void
report(const char *path)
{
	FILE *f = fopen(path, "w");

	NEED(f);
	for (int i = 0; i < CALLS; i++) {
		if (counts[i])
			fprintf(f, "%d %ld\n", i, counts[i]);
	}
	NEED(fclose(f) == 0);
}

int
main(int argc, char **argv)
{
	int status;

	if (argc < 7)
		return 98;
	library = argv[1];
	call = atol(argv[3]);
	which = atol(argv[4]);
	error = atoi(argv[5]);
	status = follow(start(argv + 6));
	report(argv[2]);
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}

#else

int
main(void)
{
	return 97; /* which the test takes for "not here" */
}

#endif

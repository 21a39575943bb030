/* SPDX-License-Identifier: MIT
 *
 * stepper.c - counts what a program's first thread executes in libc.
 *
 *	stepper LIBRARY OUT PROGRAM [ARG...]
 *
 * LIBRARY is preloaded ("" for none).  The program raises SIGTRAP where a part
 * begins and where it ends; such a part is executed step by step.  OUT gets a
 * line for each: instructions in libc, and those of them that lock the bus,
 * which libc takes only when it believes in a second thread.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEED(x) \
	do { \
		if (!(x)) \
			fail(#x); \
	} while (0)

__attribute__((noreturn)) static void
fail(const char *what)
{
	fprintf(stderr, "stepper: %s: %s\n", what, strerror(errno));
	exit(99);
}

#ifdef __x86_64__

struct part {
	unsigned long from, to; /* libc's code */
	long steps, locks;
};

static void
find_libc(pid_t pid, struct part *part)
{
	char path[64], line[4352], mode[8];
	unsigned long from, to;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	f = fopen(path, "r");
	NEED(f);
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 &&
		    mode[2] == 'x' && strstr(line, "/libc.so.6")) {
			part->from = from;
			part->to = to;
		}
	}
	fclose(f);
	NEED(part->from);
}

static void
look(pid_t pid, struct part *part)
{
	struct user_regs_struct regs;
	long word;

	NEED(ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0);
	if (regs.rip < part->from || regs.rip >= part->to)
		return;
	part->steps++;
	word = ptrace(PTRACE_PEEKTEXT, pid, (void *)regs.rip, NULL);
	part->locks += (word & 0xff) == 0xf0;
}

/* Whether the program itself has raised it. */
static int
is_raised(pid_t pid)
{
	siginfo_t info;

	NEED(ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) == 0);
	return info.si_code == SI_TKILL || info.si_code == SI_USER;
}

/* Until the next of its own traps; false when it has ended. */
static int
go_on(pid_t pid, int *status, struct part *part)
{
	int sig = 0;

	for (;;) {
		NEED(ptrace(part ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, NULL,
			    (long)sig) == 0);
		NEED(waitpid(pid, status, 0) == pid);
		if (!WIFSTOPPED(*status))
			return 0;
		sig = WSTOPSIG(*status);
		if (sig != SIGTRAP)
			continue;
		sig = 0;
		if (is_raised(pid))
			return 1;
		if (part)
			look(pid, part);
	}
}

static void
start(char **argv)
{
	if (argv[1][0])
		setenv("LD_PRELOAD", argv[1], 1);
	NEED(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	execv(argv[3], argv + 3);
	_exit(127);
}

int
main(int argc, char **argv)
{
	int status;
	pid_t pid;
	FILE *out;

	if (argc < 4)
		return 98;
	out = fopen(argv[2], "w");
	NEED(out);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0)
		start(argv);
	NEED(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	while (go_on(pid, &status, NULL)) {
		struct part part = { 0 };

		find_libc(pid, &part);
		NEED(go_on(pid, &status, &part));
		fprintf(out, "%ld %ld\n", part.steps, part.locks);
	}
	NEED(fclose(out) == 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 96;
}

#else

int
main(void)
{
	return 97; /* which the test takes for "not here" */
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * tap.c - the test library itself: its output is read back through a pipe.
 */
#include "tap/tap.h"

static void
reports_twice(void)
{
	ok(true, "first");
	ok(false, "second");
}

static void
crashes(void)
{
	raise(SIGKILL);
}

/* What a whole test program prints that runs BODY in a fork. */
static const char *
output_of(void (*body)(void), int *status)
{
	static char buf[1024];
	int fds[2];
	ssize_t n;
	size_t len = 0;
	pid_t pid;

	if (pipe(fds) != 0 || (pid = fork()) < 0)
		return NULL;
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		tap_shared = NULL; /* counters of its own */
		in_fork("body", body);
		_exit(done_testing());
	}
	close(fds[1]);
	while ((n = read(fds[0], buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	close(fds[0]);
	waitpid(pid, status, 0);
	return buf;
}

int
main(void)
{
	int status = 0;

	is_str(output_of(reports_twice, &status),
	       "ok 1 - first\nnot ok 2 - second\nok 3 - body\n1..3\n"
	       "# 1 of 3 tests failed\n",
	       "what a child reports counts in its parent");
	is_int(status, 1 << 8, "a failed test is the exit status");
	is_str(output_of(crashes, &status),
	       "not ok 1 - body\n# killed by signal 9\n1..1\n"
	       "# 1 of 1 tests failed\n",
	       "a crash is one failed test");
	return done_testing();
}

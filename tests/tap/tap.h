/* SPDX-License-Identifier: MIT
 *
 * tap.h - the Test Anything Protocol for tests in C.
 *
 * One test program is one .c file that includes this header once.  Lines go
 * out by write(2), one call each, and the counters stand in shared memory: a
 * forked child may call ok() as its parent does, and the numbers stay in
 * order as long as the parent waits for it.  Nothing here allocates.
 *
 *	int
 *	main(void)
 *	{
 *		ok(1 + 1 == 2, "one and one are %d", 2);
 *		is_int(strlen("ab"), 2, "strlen");
 *		in_fork("a crash is one failed test", crashing_function);
 *		return done_testing();
 *	}
 */
#ifndef RCP_TAP_H
#define RCP_TAP_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAP_API static __attribute__((unused))
#define TAP_PRINTF(n) __attribute__((unused, format(printf, n, n + 1)))

struct tap_state {
	int run, failed, planned; /* planned: 0 = the plan comes last */
};
static struct tap_state *tap_shared;

TAP_API struct tap_state *
tap_state(void)
{
	if (tap_shared == NULL) {
		void *p = mmap(NULL, sizeof(*tap_shared), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(99);
		tap_shared = p;
	}
	return tap_shared;
}

/* Writes BEFORE, then the formatted text with newlines made into spaces (a
 * description is one line), then a newline. */
TAP_API void
tap_line(const char *before, const char *format, va_list ap)
{
	char buf[2048];
	size_t len = (size_t)snprintf(buf, 512, "%s", before), at = 0;
	ssize_t n;

	if (len >= 512)
		len = 511;
	vsnprintf(buf + len, sizeof(buf) - len - 1, format, ap);
	for (char *c = buf; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	len = strlen(buf);
	buf[len++] = '\n';
	for (; at < len; at += (size_t)n) {
		n = write(STDOUT_FILENO, buf + at, len - at);
		if (n <= 0)
			_exit(98);
	}
}

TAP_PRINTF(1) static void
tap_print(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	tap_line("", format, ap);
	va_end(ap);
}

/* A comment in the output: what was seen when a test fails. */
TAP_PRINTF(1) static void
diag(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	tap_line("# ", format, ap);
	va_end(ap);
}

TAP_API void
plan(int tests)
{
	tap_state()->planned = tests;
	tap_print("1..%d", tests);
}

TAP_API bool
tap_result(bool good, const char *format, va_list ap)
{
	char before[32];
	int n = __atomic_add_fetch(&tap_state()->run, 1, __ATOMIC_RELAXED);

	if (!good)
		__atomic_add_fetch(&tap_state()->failed, 1, __ATOMIC_RELAXED);
	snprintf(before, sizeof(before), "%sok %d - ", good ? "" : "not ", n);
	tap_line(before, format, ap);
	return good;
}

/* One test; returns GOOD. */
TAP_PRINTF(2) static bool
ok(bool good, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	tap_result(good, format, ap);
	va_end(ap);
	return good;
}

/* Equal numbers (unsigned ones above 2^63 are shown as negative). */
TAP_PRINTF(3) static bool
is_int(long long got, long long want, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	tap_result(got == want, format, ap);
	va_end(ap);
	if (got != want)
		diag("got %lld (0x%llx), want %lld (0x%llx)", got,
		     (unsigned long long)got, want, (unsigned long long)want);
	return got == want;
}

/* Equal strings; NULL equals NULL only. */
TAP_PRINTF(3) static bool
is_str(const char *got, const char *want, const char *format, ...)
{
	bool good = got == want ||
		    (got != NULL && want != NULL && strcmp(got, want) == 0);
	va_list ap;

	va_start(ap, format);
	tap_result(good, format, ap);
	va_end(ap);
	if (!good) {
		diag(" got: %s", got != NULL ? got : "(null)");
		diag("want: %s", want != NULL ? want : "(null)");
	}
	return good;
}

/* One test that cannot be run here, and why. */
TAP_PRINTF(1) static void
skip(const char *format, ...)
{
	char before[32];
	va_list ap;

	snprintf(before, sizeof(before), "ok %d # SKIP ",
		 __atomic_add_fetch(&tap_state()->run, 1, __ATOMIC_RELAXED));
	va_start(ap, format);
	tap_line(before, format, ap);
	va_end(ap);
}

/* The whole program cannot be run here; call it before any test. */
TAP_PRINTF(1) static void
skip_all(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	tap_line("1..0 # SKIP ", format, ap);
	va_end(ap);
	exit(0);
}

/* Runs FUNCTION in a child.  One test, NAME: the child came back by itself.
 * What the child reported counts as well. */
TAP_API bool
in_fork(const char *name, void (*function)(void))
{
	int status = -1;
	pid_t pid;

	tap_state(); /* shared from here on */
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		function();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return ok(false, "%s: cannot fork", name);
	if (!ok(status == 0, "%s", name)) {
		if (WIFSIGNALED(status))
			diag("killed by signal %d", WTERMSIG(status));
		else
			diag("exit status %d", WEXITSTATUS(status));
	}
	return status == 0;
}

/* Prints the plan if none was, and returns the exit status of main. */
TAP_API int
done_testing(void)
{
	struct tap_state *t = tap_state();

	if (t->planned == 0)
		tap_print("1..%d", t->run);
	else if (t->planned != t->run)
		diag("planned %d tests but ran %d", t->planned, t->run);
	if (t->failed != 0)
		diag("%d of %d tests failed", t->failed, t->run);
	return t->failed != 0 || t->run == 0 ||
	       (t->planned != 0 && t->planned != t->run);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * process.c - exec and _exit: the last chance to write.  May run in a vfork
 * child: whether to act is the events' decision, by pid.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "interpose/interpose.h"

/* The real call, between begin and, since it returned, its failure. */
#define EXEC(path, call) \
	do { \
		int result_, error_; \
		rcp_next_resolve(); \
		rcp_interpose_events.exec_begin(path); \
		result_ = (call); \
		error_ = errno; \
		rcp_interpose_events.exec_failed(error_); \
		errno = error_; \
		return result_; \
	} while (0)

RCP_EXPORT int
execve(const char *path, char *const argv[], char *const envp[])
{
	EXEC(path, rcp_next.execve(path, argv, envp));
}

RCP_EXPORT int
execv(const char *path, char *const argv[])
{
	EXEC(path, rcp_next.execv(path, argv));
}

RCP_EXPORT int
execvp(const char *file, char *const argv[])
{
	EXEC(file, rcp_next.execvp(file, argv));
}

RCP_EXPORT int
execvpe(const char *file, char *const argv[], char *const envp[])
{
	EXEC(file, rcp_next.execvpe(file, argv, envp));
}

RCP_EXPORT int
fexecve(int fd, char *const argv[], char *const envp[])
{
	EXEC("(descriptor)", rcp_next.fexecve(fd, argv, envp));
}

RCP_EXPORT int
execveat(int dir, const char *path, char *const argv[], char *const envp[],
	 int flags)
{
	EXEC(path, rcp_next.execveat(dir, path, argv, envp, flags));
}

/* The variable arguments of execl and its kin as an array.  They can not be
 * passed on as they are, and a copy on the stack has no bound. */
#define ARGS_ON_STACK 62

struct arguments {
	char *few[ARGS_ON_STACK + 2];
	char **all;
	size_t pages; /* > 0: `all` is mapped */
};

static size_t
count_arguments(va_list *args)
{
	size_t n = 0;

	while (va_arg(*args, char *))
		n++;
	return n;
}

static bool
gather(struct arguments *out, const char *first, size_t n, va_list *args)
{
	size_t i = 0;

	out->all = out->few;
	out->pages = 0;
	if (n > ARGS_ON_STACK) {
		out->pages = (n + 2) * sizeof(char *);
		out->all = rcp_pages_new(out->pages);
		if (!out->all) {
			errno = ENOMEM;
			return false;
		}
	}
	/* exec's prototype lacks a const for history's sake. */
	out->all[i++] = (char *)(uintptr_t)first;
	while (i <= n)
		out->all[i++] = va_arg(*args, char *);
	out->all[i] = NULL;
	return true;
}

static void
drop(struct arguments *a)
{
	int saved = errno;

	if (a->pages)
		rcp_pages_free(a->all, a->pages);
	errno = saved;
}

#define EXEC_LIST(first, call) \
	do { \
		struct arguments a; \
		va_list args; \
		size_t n; \
		int result_; \
		va_start(args, first); \
		n = count_arguments(&args); \
		va_end(args); \
		va_start(args, first); \
		if (!gather(&a, first, n, &args)) { \
			va_end(args); \
			return -1; \
		} \
		va_end(args); \
		result_ = (call); \
		drop(&a); \
		return result_; \
	} while (0)

RCP_EXPORT int
execl(const char *path, const char *arg, ...)
{
	EXEC_LIST(arg, execv(path, a.all));
}

RCP_EXPORT int
execlp(const char *file, const char *arg, ...)
{
	EXEC_LIST(arg, execvp(file, a.all));
}

/* The environment follows the NULL that ends the arguments. */
RCP_EXPORT int
execle(const char *path, const char *arg, ...)
{
	struct arguments a;
	char *const *envp;
	va_list args;
	size_t n;
	int result;

	va_start(args, arg);
	n = count_arguments(&args);
	envp = va_arg(args, char *const *);
	va_end(args);
	va_start(args, arg);
	if (!gather(&a, arg, n, &args)) {
		va_end(args);
		return -1;
	}
	va_end(args);
	result = execve(path, a.all, envp);
	drop(&a);
	return result;
}

RCP_EXPORT void
_exit(int status)
{
	rcp_next_resolve();
	rcp_interpose_events.exiting(status);
	rcp_next._exit(status);
	__builtin_unreachable();
}

RCP_EXPORT void
_Exit(int status)
{
	rcp_next_resolve();
	rcp_interpose_events.exiting(status);
	rcp_next._Exit(status);
	__builtin_unreachable();
}

/* SPDX-License-Identifier: MIT
 *
 * prog.h - what the test programs share: they count what they do themselves
 * and print it, one line a case, between marks that the profile has too.
 *
 *	start();
 *	void *p = got(malloc(77), 77);
 *	gone(77);
 *	free(p);
 *	done("1", "malloc and free");	rows of the conformance list, a name
 *
 * lib.py's check_cases() compares.  Included once by each program; compiled
 * with -fno-builtin, so that no call is folded away.
 */
#ifndef PROG_H
#define PROG_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rcprof/rcprof.h"

#define PROG_API static __attribute__((unused))
#define NOINLINE __attribute__((noinline))

struct counts {
	long long allocs, bytes, frees, freed;
};

static struct {
	struct counts malloc, mmap;
	long long unmatched;
	/* mmaps happen that nobody counts (in a signal handler). */
	int mmap_unknown;
} truth;

/* Where the case's calls come from: this program. */
PROG_API const char *prog_module;

/* N, but the compiler does not know it, nor that it makes no sense. */
PROG_API size_t
hide(size_t n)
{
	__asm__ volatile("" : "+r"(n));
	return n;
}

PROG_API void *
got(void *p, size_t size)
{
	if (p) {
		truth.malloc.allocs++;
		truth.malloc.bytes += (long long)size;
	}
	return p;
}

PROG_API void
gone(size_t size)
{
	truth.malloc.frees++;
	truth.malloc.freed += (long long)size;
}

PROG_API void *
mapped(void *p, size_t size)
{
	truth.mmap.allocs++;
	truth.mmap.bytes += (long long)size;
	return p;
}

/* BLOCKS is 1 when the last piece of a mapping goes. */
PROG_API void
unmapped(int blocks, size_t size)
{
	truth.mmap.frees += blocks;
	truth.mmap.freed += (long long)size;
}

PROG_API void
print_counts(const struct counts *c)
{
	printf("\t%lld\t%lld\t%lld\t%lld", c->allocs, c->bytes, c->frees,
	       c->freed);
}

/* The end of a case: prints and marks it.  MODULE "*": all there are. */
PROG_API void
done_in(const char *rows, const char *name, const char *module)
{
	RCPROF_MARK(name);
	printf("case\t%s\t%s\t%s", rows, name, module);
	print_counts(&truth.malloc);
	if (truth.mmap_unknown)
		printf("\t-\t-\t-\t-");
	else
		print_counts(&truth.mmap);
	printf("\t%lld\n", truth.unmatched);
	memset(&truth, 0, sizeof(truth));
}

PROG_API void
done(const char *rows, const char *name)
{
	done_in(rows, name, prog_module);
}

/* Before the first case.  stdout gets its buffer here, so that no case pays
 * for it. */
PROG_API void
start(void)
{
	static char buffer[1 << 16];

	prog_module = program_invocation_short_name;
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	RCPROF_MARK("start");
}

/* Says what went wrong with the program itself. */
PROG_API __attribute__((noreturn, format(printf, 1, 2))) void
broken(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	exit(99);
}

#define NEED(condition) \
	do { \
		if (!(condition)) \
			broken("line %d: %s", __LINE__, #condition); \
	} while (0)

/* Addresses at which the kernel puts nothing by itself: holes made there stay
 * holes, whoever else maps memory in this process. */
PROG_API char *
far_room(size_t size)
{
	static uintptr_t next = (uintptr_t)1 << 40;
	char *p = (char *)next;

	next += (size + ((size_t)1 << 30)) & ~(((size_t)1 << 30) - 1);
	return p;
}

/* A line for the test alone: what differs from run to run.  No allocation. */
PROG_API __attribute__((format(printf, 1, 2))) void
note(const char *format, ...)
{
	const char *path = getenv("PROG_TRUTH");
	char line[512];
	va_list ap;
	int fd, n;

	if (!path)
		return;
	va_start(ap, format);
	n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		_exit(98);
	close(fd);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * libcounter.c - a second book: another preload, which counts every call of
 * the malloc family that passes it.  Behind rcprof it sees what reaches the
 * program's allocator, before rcprof what the program asks for.
 *
 * counter.h is what a program sees of it.
 */
#include "preload/counter.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void *(*reallocarray)(void *, size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void *(*memalign)(size_t, size_t);
	void (*free)(void *);
} next;

static struct counter total;

#define ADD(what, n) __atomic_fetch_add(&total.what, n, __ATOMIC_RELAXED)

/* --- the sizes of what is live: a table with open addresses ----------------- */

#define ROOM (1u << 20)

static struct {
	_Atomic uintptr_t address;
	size_t size;
} table[ROOM];

#define GONE 1 /* a place that was used */

static uint32_t
place_of(uintptr_t p)
{
	return (uint32_t)((p >> 4) * 0x9e3779b1u) % ROOM;
}

static void
remember(void *p, size_t size)
{
	uint32_t at = place_of((uintptr_t)p);
	uintptr_t empty;

	for (;; at = (at + 1) % ROOM) {
		empty = table[at].address;
		if (empty > GONE)
			continue;
		if (atomic_compare_exchange_strong(&table[at].address, &empty,
						   (uintptr_t)p))
			break;
	}
	table[at].size = size;
	ADD(allocs, 1);
	ADD(bytes, (long long)size);
}

/* Before P is given back: afterwards another thread may have it. */
static bool
forget(void *p, size_t *size)
{
	uint32_t at = place_of((uintptr_t)p);

	for (; table[at].address != 0; at = (at + 1) % ROOM) {
		if (table[at].address != (uintptr_t)p)
			continue;
		*size = table[at].size;
		table[at].address = GONE;
		return true;
	}
	return false;
}

static void
freed(bool known, size_t size)
{
	if (!known) {
		ADD(unknown, 1);
		return;
	}
	ADD(frees, 1);
	ADD(freed, (long long)size);
}

/* --- the calls ----------------------------------------------------------------- */

/* For what dlsym allocates while it looks for the rest. */
static char early[4096];
static size_t early_used;

static void
resolve(void)
{
	static const struct {
		const char *name;
		void **into;
	} rows[] = {
		{ "calloc", (void **)(void *)&next.calloc },
		{ "malloc", (void **)(void *)&next.malloc },
		{ "realloc", (void **)(void *)&next.realloc },
		{ "reallocarray", (void **)(void *)&next.reallocarray },
		{ "posix_memalign", (void **)(void *)&next.posix_memalign },
		{ "aligned_alloc", (void **)(void *)&next.aligned_alloc },
		{ "memalign", (void **)(void *)&next.memalign },
		{ "free", (void **)(void *)&next.free },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		*rows[i].into = dlsym(RTLD_NEXT, rows[i].name);
}

#define NEXT(name) (next.name ? next.name : (resolve(), next.name))

void *
malloc(size_t size)
{
	void *p = NEXT(malloc)(size);

	ADD(calls, 1);
	if (p)
		remember(p, size);
	return p;
}

void *
calloc(size_t n, size_t size)
{
	static _Thread_local bool resolving;
	void *p;

	if (!next.calloc && resolving) {
		p = early + early_used;
		early_used += (n * size + 15) & ~(size_t)15;
		return p;
	}
	resolving = true;
	p = NEXT(calloc)(n, size);
	resolving = false;
	ADD(calls, 1);
	if (p)
		remember(p, n * size);
	return p;
}

void *
realloc(void *p, size_t size)
{
	size_t old = 0;
	bool known = p && forget(p, &old);
	void *q = NEXT(realloc)(p, size);

	ADD(calls, 1);
	if (q || (p && size == 0)) {
		if (p)
			freed(known, old);
		if (q)
			remember(q, size);
	} else if (known) {
		remember(p, old);
		ADD(allocs, -1);
		ADD(bytes, -(long long)old);
	}
	return q;
}

void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t old = 0;
	bool known = p && forget(p, &old);
	void *q = NEXT(reallocarray)(p, n, size);

	ADD(calls, 1);
	if (q || (p && n * size == 0)) {
		if (p)
			freed(known, old);
		if (q)
			remember(q, n * size);
	} else if (known) {
		remember(p, old);
		ADD(allocs, -1);
		ADD(bytes, -(long long)old);
	}
	return q;
}

int
posix_memalign(void **out, size_t align, size_t size)
{
	int error = NEXT(posix_memalign)(out, align, size);

	ADD(calls, 1);
	if (!error)
		remember(*out, size);
	return error;
}

void *
aligned_alloc(size_t align, size_t size)
{
	void *p = NEXT(aligned_alloc)(align, size);

	ADD(calls, 1);
	if (p)
		remember(p, size);
	return p;
}

void *
memalign(size_t align, size_t size)
{
	void *p = NEXT(memalign)(align, size);

	ADD(calls, 1);
	if (p)
		remember(p, size);
	return p;
}

void
free(void *p)
{
	size_t old = 0;
	bool known;

	if (!p || ((char *)p >= early && (char *)p < early + sizeof(early)))
		return;
	ADD(calls, 1);
	known = forget(p, &old);
	NEXT(free)(p);
	freed(known, old);
}

void
counter_read(struct counter *out)
{
	memcpy(out, &total, sizeof(*out));
}

/* The sums of the process, for a test that compares two runs: allocations,
 * frees, bytes. */
static const char *path;

__attribute__((constructor)) static void
where(void)
{
	path = getenv("COUNTER_OUT");
}

__attribute__((destructor)) static void
tell(void)
{
	char line[200];
	int n, fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;

	if (fd < 0)
		return;
	n = snprintf(line, sizeof(line), "%lld %lld %lld\n", total.allocs,
		     total.frees, total.bytes);
	if (write(fd, line, (size_t)n) != n)
		_exit(97);
	close(fd);
}

/* SPDX-License-Identifier: MIT
 *
 * prog_malloc.c - malloc, calloc, the aligned family, free and its sized
 * forms, malloc_usable_size; blocks nobody saw; sizes that make no sense.
 */
#include <dlfcn.h>
#include <malloc.h>

#include "preload/prog.h"

#define MANY 1000
#define ODD 12347

static void *held[MANY];

/* --- rows 1 and 2 --------------------------------------------------------- */

static void
test_malloc(void)
{
	for (size_t i = 0; i < MANY; i++)
		NEED(held[i] = got(malloc(i * 2), i * 2));
	for (size_t i = 0; i < MANY; i += 2) {
		free(held[i]);
		gone(i * 2);
	}
	done("1", "malloc from 0 to 1998 bytes, half of them freed");

	for (size_t i = MANY - 1; i < MANY; i -= 2) {
		free(held[i]);
		gone(i * 2);
	}
	done("1", "the other half freed, last one first");

	for (size_t i = 0; i < MANY; i++)
		NEED(held[i] = got(malloc(ODD), ODD));
	done("1", "1,000 blocks held");
	for (size_t i = 0; i < MANY; i++) {
		free(held[i]);
		gone(ODD);
	}
	done("1", "and all of them freed");

	/* Beyond M_MMAP_THRESHOLD: one malloc each, whatever libc maps. */
	for (size_t i = 0; i < 20; i++) {
		size_t size = ((size_t)1 << 20) + i * 333333;

		NEED(held[i] = got(malloc(size), size));
		memset(held[i], 1, 4096);
		if (i % 2) {
			free(held[i]);
			gone(size);
		}
	}
	done("1", "large blocks are mallocs, not the mmaps of libc");
	for (size_t i = 0; i < 20; i += 2) {
		free(held[i]);
		gone(((size_t)1 << 20) + i * 333333);
	}
	done("1", "large blocks freed");
}

static int
is_zero(const char *p, size_t size)
{
	while (size > 0 && p[size - 1] == 0)
		size--;
	return size == 0;
}

static void
test_calloc(void)
{
	for (size_t i = 0; i < MANY; i++) {
		NEED(held[i] = got(calloc(i, 7), i * 7));
		NEED(is_zero(held[i], i * 7));
		memset(held[i], 0xff, i * 7);
	}
	for (size_t i = 0; i < MANY; i += 3) {
		free(held[i]);
		gone(i * 7);
	}
	/* Used memory comes back: it has to be cleared. */
	for (size_t i = 0; i < MANY; i += 3) {
		NEED(held[i] = got(calloc(7, i), i * 7));
		NEED(is_zero(held[i], i * 7));
	}
	done("2", "calloc, n times size, always zero");
	for (size_t i = 0; i < MANY; i++) {
		free(held[i]);
		gone(i * 7);
	}
	done("2", "calloc's blocks freed");

	held[0] = got(calloc(0, 0), 0);
	held[1] = got(calloc(0, 1000), 0);
	held[2] = got(calloc(1000, 0), 0);
	held[3] = got(calloc(3, 1 << 20), 3 << 20);
	NEED(is_zero(held[3], 3 << 20));
	for (size_t i = 0; i < 4; i++) {
		free(held[i]);
		gone(i == 3 ? 3 << 20 : 0);
	}
	done("2", "calloc of nothing and of much");
}

/* --- rows 5 to 9 ------------------------------------------------------------ */

static void
test_posix_memalign(void)
{
	void *untouched = held, *p = untouched;
	size_t n = 0;
	int error;

	for (size_t align = sizeof(void *); align <= 1 << 16; align *= 2) {
		errno = EXDEV;
		error = posix_memalign(&held[n], align, 100 + align);
		NEED(error == 0 && errno == EXDEV);
		NEED((uintptr_t)held[n] % align == 0);
		got(held[n++], 100 + align);
	}
	for (size_t align = sizeof(void *), i = 0; i < n; i++, align *= 2) {
		if (i % 2)
			continue;
		free(held[i]);
		gone(100 + align);
	}
	done("5", "posix_memalign of 8 to 65,536");
	for (size_t align = sizeof(void *), i = 0; i < n; i++, align *= 2) {
		if (i % 2 == 0)
			continue;
		free(held[i]);
		gone(100 + align);
	}
	for (size_t i = 0; i < 4; i++) {
		static const size_t wrong[] = { 0, 3, 4, 24 };

		errno = EXDEV;
		error = posix_memalign(&p, wrong[i], 100);
		NEED(error == EINVAL && errno == EXDEV && p == untouched);
	}
	error = posix_memalign(&p, 64, hide(SIZE_MAX - 4096));
	NEED(error == ENOMEM && p == untouched);
	done("5", "posix_memalign with alignments and sizes that cannot be");
}

static void *
page_aligned(void *p)
{
	NEED((uintptr_t)p % 4096 == 0);
	return p;
}

static void
test_aligned(void)
{
	void *p[8];

	for (size_t i = 0; i < 8; i++) {
		p[i] = got(aligned_alloc(16u << i, 1000 + i), 1000 + i);
		NEED(p[i] && (uintptr_t)p[i] % (16u << i) == 0);
	}
	for (size_t i = 0; i < 8; i++) {
		free(p[i]);
		gone(1000 + i);
	}
	done("6", "aligned_alloc");
	/* What libc makes of these differs by its version. */
	for (size_t i = 0; i < 4; i++) {
		static const size_t odd[] = { 0, 3, 24, 100 };

		errno = 0;
		p[i] = got(aligned_alloc(odd[i], 555), 555);
		printf("aligned_alloc(%zu) %s %d\n", odd[i],
		       p[i] ? "block" : "NULL", errno);
		if (p[i])
			gone(555);
		free(p[i]);
	}
	p[0] = aligned_alloc(64, hide(SIZE_MAX - 1000));
	NEED(!p[0] && errno == ENOMEM);
	done("6", "aligned_alloc with odd alignments");

	for (size_t i = 0; i < 8; i++) {
		p[i] = got(memalign(8u << i, 2000 + i), 2000 + i);
		NEED(p[i] && (uintptr_t)p[i] % (8u << i) == 0);
	}
	for (size_t i = 0; i < 8; i += 2) {
		free(p[i]);
		gone(2000 + i);
	}
	done("7", "memalign");
	for (size_t i = 1; i < 8; i += 2) {
		free(p[i]);
		gone(2000 + i);
	}
	NEED(!memalign(4096, hide(SIZE_MAX - 4096)) && errno == ENOMEM);
	done("7", "memalign freed, and one that fails");

	for (size_t i = 0; i < 8; i++)
		p[i] = page_aligned(got(valloc(5001 + i), 5001 + i));
	for (size_t i = 1; i < 8; i++) {
		free(p[i]);
		gone(5001 + i);
	}
	done("8", "valloc");
	free(p[0]);
	gone(5001);
	for (size_t i = 0; i < 8; i++)
		p[i] = page_aligned(got(pvalloc(5001 + i), 5001 + i));
	for (size_t i = 1; i < 8; i++) {
		free(p[i]);
		gone(5001 + i);
	}
	done("9", "pvalloc: requested bytes, not whole pages");
	free(p[0]);
	gone(5001);
	done("9", "pvalloc's last");
}

/* --- rows 10 and 11 --------------------------------------------------------- */

static void
plain_free_sized(void *p, size_t size)
{
	(void)size;
	free(p);
}

static void
plain_free_aligned_sized(void *p, size_t align, size_t size)
{
	(void)align;
	(void)size;
	free(p);
}

static void
test_sized_free(void)
{
	void (*sized)(void *, size_t) = plain_free_sized;
	void (*aligned)(void *, size_t, size_t) = plain_free_aligned_sized;
	void *f;

	if ((f = dlsym(RTLD_DEFAULT, "free_sized")))
		*(void **)(void *)&sized = f;
	if ((f = dlsym(RTLD_DEFAULT, "free_aligned_sized")))
		*(void **)(void *)&aligned = f;
	for (size_t i = 1; i < 100; i++) {
		sized(got(malloc(i * 11), i * 11), i * 11);
		gone(i * 11);
		aligned(got(aligned_alloc(64, i * 64), i * 64), 64, i * 64);
		gone(i * 64);
	}
	sized(NULL, 0);
	aligned(NULL, 16, 0);
	done("10", "free_sized and free_aligned_sized");
}

static void
test_usable_size(void)
{
	size_t sum = 0;

	NEED(malloc_usable_size(NULL) == 0);
	for (size_t i = 0; i < 500; i++) {
		size_t size = i * 37, usable;

		NEED(held[i] = got(malloc(size), size));
		usable = malloc_usable_size(held[i]);
		NEED(usable >= size);
		memset(held[i], 0x5a, usable);
		sum = sum * 31 + usable;
	}
	/* The heap is laid out as without us. */
	printf("usable sizes: %zx\n", sum);
	for (size_t i = 0; i < 500; i++) {
		free(held[i]);
		gone(i * 37);
	}
	done("11", "malloc_usable_size is libc's; requested bytes count");
}

int
main(void)
{
	start();
	test_malloc();
	test_calloc();
	test_posix_memalign();
	test_aligned();
	test_sized_free();
	test_usable_size();
	return 0;
}

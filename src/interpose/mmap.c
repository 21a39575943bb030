/* SPDX-License-Identifier: MIT
 *
 * mmap.c - the program's own mappings.  libc's (malloc's, the loader's, thread
 * stacks) do not come through here, nor do ours.
 */
#include <stdarg.h>
#include <sys/mman.h>

#include "interpose/interpose.h"
#include "record/mappings.h"

#define CALLER __builtin_return_address(0)

typedef void *mmap_function(void *addr, size_t size, int prot, int flags,
			    int fd, off_t offset);

static void
mapped(struct rcp_tls *t, void *p, size_t size, int prot, int flags,
       const void *caller)
{
	struct rcp_taken stale;

	/* What we still have there was unmapped behind our back. */
	rcp_record_unmapping(p, size, &stale);
	if (stale.count)
		rcp_record_unmapped(t, &stale);
	if (flags & MAP_ANONYMOUS)
		rcp_record_mapped(t, p, size,
				  prot == PROT_NONE || (flags & MAP_NORESERVE),
				  caller);
}

static void *
map(mmap_function *next, void *addr, size_t size, int prot, int flags, int fd,
    off_t offset, const void *caller)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_taken taken = { .count = 0 };
	bool over = (flags & MAP_FIXED) != 0;
	void *p;

	if (!rcp_enter(t))
		return next(addr, size, prot, flags, fd, offset);
	if (over)
		rcp_record_unmapping(addr, size, &taken);
	p = next(addr, size, prot, flags, fd, offset);
	if (over && p == MAP_FAILED)
		rcp_record_unmap_failed(&taken);
	else if (over)
		rcp_record_unmapped(t, &taken);
	if (p != MAP_FAILED)
		mapped(t, p, size, prot, flags, caller);
	rcp_leave(t);
	return p;
}

RCP_EXPORT void *
mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	rcp_next_resolve();
	rcp_loader_attend();
	return map(rcp_next.mmap, addr, size, prot, flags, fd, offset, CALLER);
}

RCP_EXPORT void *
mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	rcp_next_resolve();
	rcp_loader_attend();
	return map(rcp_next.mmap64, addr, size, prot, flags, fd, offset,
		   CALLER);
}

RCP_EXPORT int
munmap(void *addr, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_taken taken;
	int result;

	rcp_next_resolve();
	if (!rcp_enter(t))
		return rcp_next.munmap(addr, size);
	rcp_record_unmapping(addr, size, &taken);
	result = rcp_next.munmap(addr, size);
	if (result == 0)
		rcp_record_unmapped(t, &taken);
	else
		rcp_record_unmap_failed(&taken);
	rcp_leave(t);
	return result;
}

/* What a moved mapping was: reserved only if all of it was. */
static bool
was_reserved(const struct rcp_taken *taken)
{
	for (unsigned i = 0; i < taken->count; i++)
		if (!taken->pieces[i].reserved)
			return false;
	return true;
}

static void *
remap(struct rcp_tls *t, void *addr, size_t old, size_t size, int flags,
      void *to, const void *caller)
{
	struct rcp_taken from, over = { .count = 0 };
	bool fixed = (flags & MREMAP_FIXED) != 0;
	void *p;

	/* DONTUNMAP and an old size of 0 leave the old mapping in place. */
	if (old == 0 || (flags & 4 /* MREMAP_DONTUNMAP */))
		return rcp_next.mremap(addr, old, size, flags, to);
	rcp_record_unmapping(addr, old, &from);
	if (fixed)
		rcp_record_unmapping(to, size, &over);
	p = rcp_next.mremap(addr, old, size, flags, to);
	if (p == MAP_FAILED) {
		rcp_record_unmap_failed(&from);
		rcp_record_unmap_failed(&over);
		return p;
	}
	rcp_record_unmapped(t, &from);
	if (fixed)
		rcp_record_unmapped(t, &over);
	if (from.count)
		rcp_record_mapped(t, p, size, was_reserved(&from), caller);
	return p;
}

RCP_EXPORT void *
mremap(void *addr, size_t old, size_t size, int flags, ...)
{
	struct rcp_tls *t = &rcp_tls;
	va_list args;
	void *to, *p;

	/* As glibc does: the argument is read always, used when FIXED. */
	va_start(args, flags);
	to = va_arg(args, void *);
	va_end(args);
	rcp_next_resolve();
	if (!rcp_enter(t))
		return rcp_next.mremap(addr, old, size, flags, to);
	p = remap(t, addr, old, size, flags, to, CALLER);
	rcp_leave(t);
	return p;
}

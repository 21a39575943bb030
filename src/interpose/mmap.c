/* SPDX-License-Identifier: MIT
 *
 * mmap.c - the program's own mappings.  libc's (malloc's, the loader's, thread
 * stacks) do not come through here, nor do ours.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "interpose/interpose.h"
#include "record/mappings.h"

#define CALLER __builtin_return_address(0)

typedef void *mmap_function(void *addr, size_t size, int prot, int flags,
			    int fd, off_t offset);

static void
mapped(struct rcp_tls *t, void *p, size_t size, int prot, int flags,
       const void *caller)
{
	rcp_record_mapped_over(t, p, size);
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
		rcp_record_unmapping(t, addr, size, &taken);
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

/* Nothing has been looked up yet.  An allocator that stands before us maps its
 * memory inside its first malloc, with its locks held; a look-up would enter
 * that malloc again.  So it passes on to the kernel, and nobody starts. */
static inline bool
is_early(void)
{
	return __builtin_expect(rcp_next.mremap == NULL, 0);
}

static void *
mapping(long result)
{
	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return MAP_FAILED;
	}
	return (void *)result;
}

RCP_EXPORT void *
mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	if (is_early())
		return mapping(rcp_sys_mmap(addr, size, prot, flags, fd,
					    offset));
	rcp_loader_attend_by(CALLER);
	return map(rcp_next.mmap, addr, size, prot, flags, fd, offset, CALLER);
}

RCP_EXPORT void *
mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	if (is_early())
		return mapping(rcp_sys_mmap(addr, size, prot, flags, fd,
					    offset));
	rcp_loader_attend_by(CALLER);
	return map(rcp_next.mmap64, addr, size, prot, flags, fd, offset,
		   CALLER);
}

RCP_EXPORT int
munmap(void *addr, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_taken taken;
	int result;

	if (is_early())
		return mapping(RCP_SYS2(SYS_munmap, addr, size)) ? -1 : 0;
	if (!rcp_enter(t))
		return rcp_next.munmap(addr, size);
	rcp_record_unmapping(t, addr, size, &taken);
	result = rcp_next.munmap(addr, size);
	if (result == 0)
		rcp_record_unmapped(t, &taken);
	else
		rcp_record_unmap_failed(&taken);
	rcp_leave(t);
	return result;
}

/* What was at ADDR is at P now: each piece stays what it was, up to SIZE.  The
 * kernel moves and shrinks several mappings in one call; only one can grow. */
static void
remapped(struct rcp_tls *t, const struct rcp_taken *from, size_t old, char *p,
	 size_t size, const void *caller)
{
	for (unsigned i = 0; i < from->count; i++) {
		const struct rcp_region_piece *piece = &from->pieces[i];
		size_t at = piece->start - from->start;
		size_t bytes = piece->part.size;

		if (at >= size)
			break;
		if (size > old || bytes > size - at)
			bytes = size - at;
		rcp_record_mapped(t, p + at, bytes, piece->reserved, caller);
		if (size > old)
			break;
	}
}

static void *
remap(struct rcp_tls *t, void *addr, size_t old, size_t size, int flags,
      void *to, const void *caller)
{
	struct rcp_taken from, over = { .count = 0 };
	bool fixed = (flags & MREMAP_FIXED) != 0;
	void *p;

	/* A second view of shared memory is none of the program's own. */
	if (old == 0)
		return rcp_next.mremap(addr, old, size, flags, to);
	/* The old mapping stays, empty; the new one has what was in it. */
	if (flags & 4 /* MREMAP_DONTUNMAP */) {
		p = rcp_next.mremap(addr, old, size, flags, to);
		if (p != MAP_FAILED)
			rcp_record_mapped(t, p, size, false, caller);
		return p;
	}
	rcp_record_unmapping(t, addr, old, &from);
	if (fixed)
		rcp_record_unmapping(t, to, size, &over);
	p = rcp_next.mremap(addr, old, size, flags, to);
	if (p == MAP_FAILED) {
		rcp_record_unmap_failed(&from);
		rcp_record_unmap_failed(&over);
		return p;
	}
	rcp_record_unmapped(t, &from);
	if (fixed)
		rcp_record_unmapped(t, &over);
	remapped(t, &from, old, p, size, caller);
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
	if (is_early())
		return mapping(RCP_SYS6(SYS_mremap, addr, old, size, flags,
					to, 0));
	if (!rcp_enter(t))
		return rcp_next.mremap(addr, old, size, flags, to);
	p = remap(t, addr, old, size, flags, to, CALLER);
	rcp_leave(t);
	return p;
}

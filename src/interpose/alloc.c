/* SPDX-License-Identifier: MIT
 *
 * alloc.c - malloc and its family.  The first step of every event; no lock,
 * no allocation, errno as the real function left it.
 *
 * Each hook has two ways: record (the guard was free and recording is on),
 * or pass on.  Passing on also covers the time before the start, our own
 * calls, and what they left behind in the boot arena.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "interpose/interpose.h"
#include "record/hot.h"
#include "record/record.h"

#define CALLER __builtin_return_address(0)

/* C23; this libc's headers may lack them. */
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t align, size_t size);

/* Before the first event: find the next definitions, and start. */
static void
first_call(struct rcp_tls *t)
{
	rcp_next_resolve();
	if (!t->guard && atomic_load(&rcp_state) == RCP_STATE_NEW)
		rcp_interpose_events.start();
}

static inline bool
is_early(void)
{
	return __builtin_expect(
		atomic_load_explicit(&rcp_state, memory_order_relaxed) ==
			RCP_STATE_NEW,
		0);
}

/* Opens a section, starting up on the way. */
static inline bool
enter(struct rcp_tls *t)
{
	if (rcp_enter(t))
		return true;
	/* What dlsym allocates while it looks for us stays in the arena. */
	if (is_early() && !t->boot) {
		first_call(t);
		return rcp_enter(t);
	}
	return false;
}

static inline void
allocated(struct rcp_tls *t, void *p, size_t size, const void *caller)
{
	if (p && rcp_record_wants(t, size))
		rcp_record_allocated(t, p, size, RCP_KIND_MALLOC, caller);
	rcp_leave(t);
}

/* Sample mode's short way: true if nothing is to be recorded, and the call may
 * pass on at once.  The countdown is only above 0 once this thread has been here
 * before, with everything set up. */
static inline bool
passes(struct rcp_tls *t, size_t size)
{
	/* Exact mode's is 0. */
	if (size >= t->countdown || t->guard)
		return false;
	t->countdown -= size + 1;
	return true;
}

static __attribute__((noinline)) void *
rare_malloc(size_t size, const void *caller)
{
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (!enter(t))
		return t->boot ? rcp_boot_alloc(0, size) :
				 rcp_next.malloc(size);
	p = rcp_next.malloc(size);
	allocated(t, p, size, caller);
	return p;
}

/* Exact mode's short way: the calling thread's, if rcp_enter() would say yes and
 * nothing is rare about it. */
static inline struct rcp_thread *
plain_thread(const struct rcp_tls *t)
{
	if (RCP_UNLIKELY(t->guard || !RCP_LOAD(rcp_record_settings.plain)))
		return NULL;
	return t->thread;
}

static __attribute__((noinline)) void *
full_malloc(size_t size, const void *caller)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_thread *th = plain_thread(t);
	void *p;

	if (RCP_UNLIKELY(!th || size >= RCP_TICK_BYTES)) {
		/* Inside of another domain's allocation, most often. */
		if (t->guard && !t->boot && !is_early())
			return rcp_next.malloc(size);
		return rare_malloc(size, caller);
	}
	t->guard = 1;
	p = rcp_next.malloc(size);
	t->guard = 2;
	atomic_signal_fence(memory_order_seq_cst);
	if (RCP_UNLIKELY(!p || !rcp_record_allocated_by(t, th, p, size,
							RCP_KIND_MALLOC,
							caller))) {
		t->guard = 1;
		allocated(t, p, size, caller);
		return p;
	}
	rcp_leave(t);
	return p;
}

RCP_EXPORT void *
malloc(size_t size)
{
	if (passes(&rcp_tls, size))
		return rcp_next.malloc(size);
	return full_malloc(size, CALLER);
}

RCP_EXPORT void *
calloc(size_t n, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (!enter(t)) {
		/* The arena's memory is fresh, and its sizes are small. */
		return t->boot ? rcp_boot_alloc(0, n * size) :
				 rcp_next.calloc(n, size);
	}
	p = rcp_next.calloc(n, size);
	allocated(t, p, n * size, CALLER);
	return p;
}

/* A block of the boot arena that is made larger. */
static void *
leave_boot(void *p, size_t size)
{
	size_t old = rcp_boot_size(p);
	void *q = malloc(size);

	if (q)
		memcpy(q, p, old < size ? old : size);
	return q;
}

/* The common end of realloc and reallocarray, recording: Q came of the real
 * call on P, which was OLD. */
static inline void
reallocated(struct rcp_tls *t, void *p, const struct rcp_block *old, void *q,
	    size_t size, const void *caller)
{
	bool wanted = q && rcp_record_wants(t, size);

	if (wanted && !p)
		rcp_record_allocated(t, q, size, RCP_KIND_MALLOC, caller);
	else if (wanted)
		rcp_record_moved(t, p, old, q, size, RCP_KIND_MALLOC, caller);
	else if (q && p && old->known)
		rcp_record_freed(t, p, old);
	else if (q)
		; /* neither is a sample */
	else if (p && size == 0)
		rcp_record_freed(t, p, old); /* glibc: realloc(p, 0) frees */
	else if (p)
		rcp_record_restore(t, p, old);
	rcp_leave(t);
}

RCP_EXPORT void *
realloc(void *p, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_block old;
	void *q;

	if (__builtin_expect(rcp_boot_owns(p), 0))
		return leave_boot(p, size);
	if (!enter(t))
		return t->boot && !p ? rcp_boot_alloc(0, size) :
				       rcp_next.realloc(p, size);
	old.known = false;
	if (p && rcp_record_may_know(p))
		rcp_record_remove(t, p, &old);
	q = rcp_next.realloc(p, size);
	reallocated(t, p, &old, q, size, CALLER);
	return q;
}

RCP_EXPORT void *
reallocarray(void *p, size_t n, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_block old;
	size_t total;
	void *q;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	if (__builtin_expect(rcp_boot_owns(p), 0))
		return leave_boot(p, total);
	if (!enter(t))
		return rcp_next.reallocarray(p, n, size);
	if (p)
		rcp_record_remove(t, p, &old);
	q = rcp_next.reallocarray(p, n, size);
	reallocated(t, p, &old, q, total, CALLER);
	return q;
}

RCP_EXPORT int
posix_memalign(void **out, size_t align, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	int error;

	if (!enter(t))
		return rcp_next.posix_memalign(out, align, size);
	error = rcp_next.posix_memalign(out, align, size);
	allocated(t, error ? NULL : *out, size, CALLER);
	return error;
}

RCP_EXPORT void *
aligned_alloc(size_t align, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (!enter(t))
		return t->boot ? rcp_boot_alloc(align, size) :
				 rcp_next.aligned_alloc(align, size);
	p = rcp_next.aligned_alloc(align, size);
	allocated(t, p, size, CALLER);
	return p;
}

RCP_EXPORT void *
memalign(size_t align, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (!enter(t))
		return t->boot ? rcp_boot_alloc(align, size) :
				 rcp_next.memalign(align, size);
	p = rcp_next.memalign(align, size);
	allocated(t, p, size, CALLER);
	return p;
}

RCP_EXPORT void *
valloc(size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (!enter(t))
		return rcp_next.valloc(size);
	p = rcp_next.valloc(size);
	allocated(t, p, size, CALLER);
	return p;
}

RCP_EXPORT void *
pvalloc(size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (!enter(t))
		return rcp_next.pvalloc(size);
	p = rcp_next.pvalloc(size);
	allocated(t, p, size, CALLER);
	return p;
}

/* Opens a section for a free of P.  False: pass on, or drop it (the boot
 * arena's blocks are not given back). */
static inline bool
enter_free(struct rcp_tls *t, void *p)
{
	return p && rcp_record_may_know(p) && enter(t);
}

/* P may be known, or is the boot arena's, in no table; not NULL. */
static __attribute__((noinline)) void
rare_free(void *p)
{
	struct rcp_tls *t = &rcp_tls;

	if (!enter(t)) {
		if (!rcp_boot_owns(p))
			rcp_next.free(p);
		return;
	}
	if (!rcp_boot_owns(p)) {
		rcp_record_free(t, p);
		rcp_next.free(p);
	}
	rcp_leave(t);
}

static __attribute__((noinline)) void
full_free(void *p)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_thread *th;
	bool done;

	/* Where allocators look first; it comes while the block's record is
	 * waited for, which is as likely to be far away. */
	__builtin_prefetch((const char *)p - sizeof(size_t), 1);
	th = plain_thread(t);
	if (RCP_UNLIKELY(!th)) {
		rare_free(p);
		return;
	}
	t->guard = 2;
	atomic_signal_fence(memory_order_seq_cst);
	done = rcp_record_freed_hot(th, p);
	atomic_signal_fence(memory_order_seq_cst);
	if (RCP_UNLIKELY(!done)) {
		t->guard = 0;
		rare_free(p);
		return;
	}
	t->guard = 1;
	rcp_next.free(p);
	rcp_leave(t);
}

RCP_EXPORT void
free(void *p)
{
	if (RCP_UNLIKELY(!p))
		return;
	if (rcp_record_may_know(p) || rcp_boot_owns(p))
		full_free(p);
	else
		rcp_next.free(p);
}

RCP_EXPORT void
free_sized(void *p, size_t size)
{
	struct rcp_tls *t = &rcp_tls;

	if (!rcp_next.free_sized || !enter_free(t, p)) {
		free(p);
		return;
	}
	rcp_record_free(t, p);
	rcp_next.free_sized(p, size);
	rcp_leave(t);
}

RCP_EXPORT void
free_aligned_sized(void *p, size_t align, size_t size)
{
	struct rcp_tls *t = &rcp_tls;

	if (!rcp_next.free_aligned_sized || !enter_free(t, p)) {
		free(p);
		return;
	}
	rcp_record_free(t, p);
	rcp_next.free_aligned_sized(p, align, size);
	rcp_leave(t);
}

RCP_EXPORT size_t
malloc_usable_size(void *p)
{
	if (__builtin_expect(rcp_boot_owns(p), 0))
		return rcp_boot_size(p);
	rcp_next_resolve();
	return rcp_next.malloc_usable_size(p);
}

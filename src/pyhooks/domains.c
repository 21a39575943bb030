/* SPDX-License-Identifier: MIT
 *
 * domains.c - the raw, mem and obj domains of CPython, hooked through
 * PyMem_SetAllocator.  The first station of a Python allocation: guard, the
 * real call, the record.  No header of ours in blocks, so that hooks may be
 * placed at any time, and blocks from before them be freed.
 *
 * Domains nest (obj -> raw -> libc for large blocks); the guard makes the
 * outermost call the one that counts.  The raw domain is called without the
 * GIL, and any domain by several threads at once.
 */
#include <stdint.h>

#include "pyhooks/objects.h"
#include "record/object_hot.h"
#include "record/record.h"

#define INLINE static inline __attribute__((always_inline))

_Atomic(struct rcp_tls *) rcp_domains_hidden;
atomic_bool rcp_pyhooks_attention;

/* What stood there before us. */
struct rcp_py_allocator rcp_domains_real[RCP_DOMAINS];
#define real rcp_domains_real

/* The thread that asks which domains come by here, and the answer. */
static _Atomic(struct rcp_tls *) prober;
static unsigned probed;

static bool
is_hidden(const struct rcp_tls *t)
{
	return atomic_load_explicit(&rcp_domains_hidden,
				    memory_order_relaxed) == t;
}

void *
rcp_domains_pass_malloc(enum rcp_domain d, size_t size)
{
	if (atomic_load_explicit(&prober, memory_order_relaxed) == &rcp_tls)
		probed |= 1u << d;
	return real[d].malloc(real[d].ctx, size);
}

void *
rcp_domains_pass_realloc(enum rcp_domain d, void *p, size_t size,
			 const void *caller)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_block old;
	void *q;

	if (!p || !is_hidden(t))
		return real[d].realloc(real[d].ctx, p, size);
	rcp_record_remove(t, p, &old);
	q = real[d].realloc(real[d].ctx, p, size);
	if (!old.known)
		return q;
	if (q)
		rcp_record_moved(t, p, &old, q, size, RCP_KIND_PYTHON, caller);
	else
		rcp_record_restore(t, p, &old);
	return q;
}

void
rcp_domains_pass_free(enum rcp_domain d, void *p)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_block old;

	if (!p || !is_hidden(t)) {
		real[d].free(real[d].ctx, p);
		return;
	}
	rcp_record_remove(t, p, &old);
	real[d].free(real[d].ctx, p);
	if (old.known)
		rcp_record_freed(t, p, &old);
}

INLINE void *
domain_malloc(enum rcp_domain d, size_t size, const void *caller)
{
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (RCP_UNLIKELY(!rcp_enter(t)))
		return rcp_domains_pass_malloc(d, size);
	p = real[d].malloc(real[d].ctx, size);
	/* Sample mode has another one for objects. */
	if (p && (d == RCP_DOMAIN_OBJ ?
			  RCP_UNLIKELY(!rcp_record_allocated_hot(
				  t, p, size, RCP_KIND_PYTHON, caller)) :
			  rcp_record_wants(t, size)))
		rcp_record_allocated(t, p, size, RCP_KIND_PYTHON, caller);
	if (d == RCP_DOMAIN_OBJ &&
	    RCP_UNLIKELY(atomic_load_explicit(&rcp_pyhooks_attention,
					  memory_order_relaxed)))
		rcp_pyhooks_attend();
	rcp_leave(t);
	return p;
}

INLINE void *
domain_calloc(enum rcp_domain d, size_t n, size_t size, const void *caller)
{
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (RCP_UNLIKELY(!rcp_enter(t)))
		return real[d].calloc(real[d].ctx, n, size);
	p = real[d].calloc(real[d].ctx, n, size);
	/* What was allocated did not overflow. */
	if (p && rcp_record_wants(t, n * size))
		rcp_record_allocated(t, p, n * size, RCP_KIND_PYTHON, caller);
	rcp_leave(t);
	return p;
}

/* realloc(NULL, SIZE). */
INLINE void *
domain_renew(enum rcp_domain d, size_t size, const void *caller)
{
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (RCP_UNLIKELY(!rcp_enter(t)))
		return real[d].realloc(real[d].ctx, NULL, size);
	p = real[d].realloc(real[d].ctx, NULL, size);
	if (p && rcp_record_wants(t, size))
		rcp_record_allocated(t, p, size, RCP_KIND_PYTHON, caller);
	rcp_leave(t);
	return p;
}

INLINE void *
domain_realloc(enum rcp_domain d, void *p, size_t size, const void *caller)
{
	struct rcp_tls *t = &rcp_tls;
	struct rcp_block old;
	void *q;

	if (!p)
		return domain_renew(d, size, caller);
	if (RCP_UNLIKELY(!rcp_enter(t)))
		return rcp_domains_pass_realloc(d, p, size, caller);
	old.known = false;
	if (rcp_record_may_know(p))
		rcp_record_remove(t, p, &old);
	/* NULL means failure, for a size of 0 too. */
	q = real[d].realloc(real[d].ctx, p, size);
	if (!q)
		rcp_record_restore(t, p, &old);
	else if (rcp_record_wants(t, size))
		rcp_record_moved(t, p, &old, q, size, RCP_KIND_PYTHON, caller);
	else if (old.known)
		rcp_record_freed(t, p, &old);
	rcp_leave(t);
	return q;
}

/* An object may die with its block, and by no more than that (deaths.c). */
static __attribute__((noinline)) void
free_object_slow(struct rcp_tls *t, void *p, const void *const *entry)
{
	const enum rcp_domain d = RCP_DOMAIN_OBJ;

	if (!rcp_enter(t)) {
		if (p == rcp_deaths_probe.op)
			rcp_deaths_probe.freed = entry;
		rcp_domains_pass_free(d, p);
		return;
	}
	rcp_deaths_freed(t, p, entry);
	rcp_record_free(t, p);
	real[d].free(real[d].ctx, p);
	rcp_leave(t);
}

/* Exact mode's alone. */
INLINE void
free_object(void *p)
{
	const void *const *entry =
		(const void *const *)__builtin_frame_address(0) + 1;
	const enum rcp_domain d = RCP_DOMAIN_OBJ;
	struct rcp_tls *t = &rcp_tls;

	if (!p)
		return;
	if (RCP_UNLIKELY(!rcp_record_free_object(t, p, entry))) {
		free_object_slow(t, p, entry);
		return;
	}
	real[d].free(real[d].ctx, p);
	rcp_leave(t);
}

INLINE void
domain_free(enum rcp_domain d, void *p)
{
	struct rcp_tls *t = &rcp_tls;

	if (d == RCP_DOMAIN_OBJ) {
		free_object(p);
		return;
	}
	if (!p)
		return;
	if (!rcp_record_may_know(p)) {
		real[d].free(real[d].ctx, p);
		return;
	}
	if (RCP_UNLIKELY(!rcp_enter(t))) {
		rcp_domains_pass_free(d, p);
		return;
	}
	rcp_record_free(t, p);
	real[d].free(real[d].ctx, p);
	rcp_leave(t);
}

RCP_DOMAIN_HOOKS(raw, RCP_DOMAIN_RAW, domain)
RCP_DOMAIN_HOOKS(mem, RCP_DOMAIN_MEM, domain)
RCP_DOMAIN_HOOKS(obj, RCP_DOMAIN_OBJ, domain)

#define HOOKS(name) \
	{ NULL, name##_malloc, name##_calloc, name##_realloc, name##_free }

/* PyMem_SetAllocator's argument is not const. */
static struct rcp_py_allocator hooks[RCP_DOMAINS] = {
	[RCP_DOMAIN_RAW] = HOOKS(raw),
	[RCP_DOMAIN_MEM] = HOOKS(mem),
	[RCP_DOMAIN_OBJ] = HOOKS(obj),
};

static struct rcp_py_allocator *
hooks_of(int d)
{
	return rcp_record_settings.sampling && d != RCP_DOMAIN_RAW ?
		       rcp_sampled_hooks(d) :
		       &hooks[d];
}

static bool
in_front(int d, struct rcp_py_allocator *now)
{
	rcp_pyhooks_api.get_allocator(d, now);
	return now->malloc == hooks[d].malloc || rcp_sampled_is(d, now);
}

void
rcp_domains_place(unsigned skip)
{
	struct rcp_py_allocator now;

	for (int d = 0; d < RCP_DOMAINS; d++) {
		if (skip & 1u << d || in_front(d, &now))
			continue;
		real[d] = now;
		rcp_pyhooks_api.set_allocator(d, hooks_of(d));
	}
}

unsigned
rcp_domains_reached(void)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;

	uint64_t countdown = rcp_tls.countdown;

	probed = 0;
	atomic_store(&prober, &rcp_tls);
	rcp_tls.countdown = 0; /* sampled.c's short ways stand aside */
	py->raw_free(py->raw_malloc(1));
	py->mem_free(py->mem_malloc(1));
	py->obj_free(py->obj_malloc(1));
	rcp_tls.countdown = countdown;
	atomic_store(&prober, NULL);
	return probed;
}

/* SPDX-License-Identifier: MIT
 *
 * sampled.c - the mem and obj domains in sample mode: what is no sample goes
 * its way almost as without us.
 *
 * A small block that is a sample is set apart: it comes from where pymalloc
 * gets its large blocks, the raw domain.  pymalloc gives such a block back
 * there, and the raw domain's hook sees it go; so the frees of all other
 * blocks need no hook at all.
 *
 * The short functions take no guard.  pymalloc serves a small block from its
 * arenas alone, and arenas.c covers those: no hook is called inside whose block
 * would count a second time.
 */
#include <stdint.h>
#include <string.h>

#include "pyhooks/internal.h"
#include "pyhooks/objects.h"
#include "record/record.h"

/* pymalloc's SMALL_REQUEST_THRESHOLD since 3.3. */
#define SMALL 512u

#define BEGINNING 48u /* bytes of a block by which objects are told */

/* A block of SIZE bytes that is not in an arena.  Asked for as one too large
 * for them, so that the interpreter's own counts stay right. */
static void *
set_apart(enum rcp_domain d, size_t size)
{
	const struct rcp_py_allocator *real = &rcp_domains_real[d];
	void *p, *q;

	if (size > SMALL)
		return real->malloc(real->ctx, size);
	p = real->malloc(real->ctx, SMALL + 1);
	q = p ? real->realloc(real->ctx, p, size) : NULL;
	return q ? q : p;
}

static void
sampled(struct rcp_tls *t, enum rcp_domain d, void *p, size_t size,
	const void *caller)
{
	rcp_record_allocated(t, p, size, RCP_KIND_PYTHON, caller);
	if (d == RCP_DOMAIN_OBJ)
		rcp_alive_sampled(t, p);
}

static void *
full_malloc(enum rcp_domain d, size_t size, const void *caller)
{
	const struct rcp_py_allocator *real = &rcp_domains_real[d];
	struct rcp_tls *t = &rcp_tls;
	void *p;

	if (!rcp_enter(t))
		return rcp_domains_pass_malloc(d, size);
	if (!rcp_record_wants(t, size))
		p = real->malloc(real->ctx, size);
	else if ((p = set_apart(d, size))) {
		/* No object that stood there before is taken for one. */
		memset(p, 0, size < BEGINNING ? size : BEGINNING);
		sampled(t, d, p, size, caller);
	}
	if (d == RCP_DOMAIN_OBJ &&
	    RCP_UNLIKELY(atomic_load_explicit(&rcp_pyhooks_attention,
					  memory_order_relaxed)))
		rcp_pyhooks_attend();
	rcp_leave(t);
	return p;
}

static void *
full_calloc(enum rcp_domain d, size_t n, size_t size, const void *caller)
{
	const struct rcp_py_allocator *real = &rcp_domains_real[d];
	struct rcp_tls *t = &rcp_tls;
	size_t all;
	bool wanted;
	void *p;

	if (!rcp_enter(t))
		return real->calloc(real->ctx, n, size);
	all = n * size; /* the interpreter has seen that it is no overflow */
	wanted = rcp_record_wants(t, all);
	if (!wanted || all > SMALL)
		p = real->calloc(real->ctx, n, size);
	else if ((p = set_apart(d, all)))
		memset(p, 0, all);
	if (wanted && p)
		sampled(t, d, p, all, caller);
	rcp_leave(t);
	return p;
}

/* P, of SIZE bytes, moves out of the arenas; P itself if there is no memory. */
static void *
move_apart(enum rcp_domain d, void *p, size_t size)
{
	void *q = set_apart(d, size);

	if (!q)
		return p;
	memcpy(q, p, size);
	rcp_domains_real[d].free(rcp_domains_real[d].ctx, p);
	return q;
}

static void *
full_realloc(enum rcp_domain d, void *p, size_t size, const void *caller)
{
	const struct rcp_py_allocator *real = &rcp_domains_real[d];
	struct rcp_tls *t = &rcp_tls;
	struct rcp_block old;
	bool wanted;
	void *q;

	if (!p)
		return full_malloc(d, size, caller);
	if (RCP_UNLIKELY(!rcp_enter(t)))
		return rcp_domains_pass_realloc(d, p, size, caller);
	old.known = false;
	if (rcp_record_may_know(p))
		rcp_record_remove(t, p, &old);
	q = real->realloc(real->ctx, p, size);
	wanted = q && rcp_record_wants(t, size);
	if (wanted && size <= SMALL) {
		void *apart = move_apart(d, q, size);

		wanted = apart != q;
		q = apart;
	}
	if (wanted) {
		rcp_record_moved(t, p, &old, q, size, RCP_KIND_PYTHON, caller);
		if (d == RCP_DOMAIN_OBJ)
			rcp_alive_sampled(t, q);
	} else if (!q)
		rcp_record_restore(t, p, &old);
	else if (old.known)
		rcp_record_freed(t, p, &old);
	rcp_leave(t);
	return q;
}

static void
full_free(enum rcp_domain d, void *p)
{
	const struct rcp_py_allocator *real = &rcp_domains_real[d];
	struct rcp_tls *t = &rcp_tls;
	struct rcp_block old;

	if (!rcp_record_may_know(p)) {
		real->free(real->ctx, p);
		return;
	}
	if (!p || !rcp_enter(t)) {
		rcp_domains_pass_free(d, p);
		return;
	}
	rcp_record_remove(t, p, &old);
	real->free(real->ctx, p);
	rcp_record_freed(t, p, &old);
	rcp_leave(t);
}

#define DEFINE_SHORT(name, domain) \
	static void *name##_short_malloc(void *ctx, size_t size) \
	{ \
		if (RCP_UNLIKELY(size > SMALL) || \
		    RCP_UNLIKELY(rcp_record_wants(&rcp_tls, size))) \
			return full_malloc(domain, size, RCP_CALLER); \
		return rcp_domains_real[domain].malloc(ctx, size); \
	}

RCP_DOMAIN_HOOKS(mem, RCP_DOMAIN_MEM, full)
DEFINE_SHORT(mem, RCP_DOMAIN_MEM)
RCP_DOMAIN_HOOKS(obj, RCP_DOMAIN_OBJ, full)
DEFINE_SHORT(obj, RCP_DOMAIN_OBJ)

static struct rcp_py_allocator hooks[RCP_DOMAINS] = {
	[RCP_DOMAIN_MEM] = { NULL, mem_malloc, mem_calloc, mem_realloc,
			     mem_free },
	[RCP_DOMAIN_OBJ] = { NULL, obj_malloc, obj_calloc, obj_realloc,
			     obj_free },
};

/* Context and free are pymalloc's own. */
static struct rcp_py_allocator short_hooks[RCP_DOMAINS] = {
	[RCP_DOMAIN_MEM] = { NULL, mem_short_malloc, mem_calloc, mem_realloc,
			     NULL },
	[RCP_DOMAIN_OBJ] = { NULL, obj_short_malloc, obj_calloc, obj_realloc,
			     NULL },
};

struct rcp_py_allocator *
rcp_sampled_hooks(int d)
{
	return &hooks[d];
}

bool
rcp_sampled_is(int d, const struct rcp_py_allocator *now)
{
	return hooks[d].malloc && (now->malloc == hooks[d].malloc ||
				   now->malloc == short_hooks[d].malloc);
}

/* Does D serve small blocks without asking another allocator, and large ones
 * not?  A new arena is such a question too, but not each time. */
static bool
is_pymalloc(enum rcp_domain d)
{
	const struct rcp_py_allocator *real = &rcp_domains_real[d];
	struct rcp_tls *t = &rcp_tls;
	uint32_t outer = t->guard;
	bool asked[2] = { true, true };

	for (int tries = 0; tries < 6; tries++) {
		bool large = tries % 2;
		uint64_t before;
		void *p;

		t->guard = 2; /* a nested call counts as one passed on */
		before = t->guarded;
		p = real->malloc(real->ctx, SMALL + large);
		asked[large] = asked[large] && t->guarded != before;
		real->free(real->ctx, p);
		t->guarded = before;
	}
	t->guard = outer;
	return asked[1] && !asked[0];
}

void
rcp_sampled_shorten(void)
{
	for (int d = RCP_DOMAIN_MEM; d <= RCP_DOMAIN_OBJ; d++) {
		struct rcp_py_allocator now;

		rcp_pyhooks_api.get_allocator(d, &now);
		/* Behind another's hooks ours stay as they are. */
		if (now.malloc != hooks[d].malloc ||
		    !is_pymalloc((enum rcp_domain)d))
			continue;
		short_hooks[d].ctx = rcp_domains_real[d].ctx;
		short_hooks[d].free = rcp_domains_real[d].free;
		rcp_pyhooks_api.set_allocator(d, &short_hooks[d]);
	}
}

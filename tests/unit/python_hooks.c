/* SPDX-License-Identifier: MIT
 *
 * python_hooks.c - the domain hooks call what was there before them, and
 * record.h in its order, for every way that a call can go.  The interpreter
 * and the recorder are doubles.
 */
#include <stdlib.h>
#include <string.h>

#include "pyhooks/internal.h"
#include "tap/tap.h"
#include "unit/python_recorder.h"

/* --- the interpreter ------------------------------------------------------ */

static struct rcp_py_allocator slots[RCP_DOMAINS];
static struct rcp_py_arena_allocator arena_slot;
static char contexts[RCP_DOMAINS];
static bool fail;

/* Small letters: the real calls. */
static void *
real_malloc(void *ctx, size_t size)
{
	note(ctx == &contexts[RCP_DOMAIN_RAW] ? 'r' :
	     ctx == &contexts[RCP_DOMAIN_MEM] ? 'm' :
						'o');
	guard_seen = rcp_tls.guard;
	return fail ? NULL : malloc(size ? size : 1);
}

static void *
real_calloc(void *ctx, size_t n, size_t size)
{
	(void)ctx;
	note('c');
	guard_seen = rcp_tls.guard;
	return fail ? NULL : calloc(n ? n : 1, size ? size : 1);
}

static void *
real_realloc(void *ctx, void *p, size_t size)
{
	(void)ctx;
	note('l');
	guard_seen = rcp_tls.guard;
	return fail ? NULL : realloc(p, size ? size : 1);
}

static void
real_free(void *ctx, void *p)
{
	(void)ctx;
	note('f');
	guard_seen = rcp_tls.guard;
	free(p);
}

/* As pymalloc's large blocks: the obj domain asks the raw one. */
static void *
nested_malloc(void *ctx, size_t size)
{
	(void)ctx;
	note('o');
	return slots[RCP_DOMAIN_RAW].malloc(slots[RCP_DOMAIN_RAW].ctx, size);
}

static void
get_allocator(int d, struct rcp_py_allocator *out)
{
	*out = slots[d];
}

static void
set_allocator(int d, struct rcp_py_allocator *in)
{
	slots[d] = *in;
}

static void *
real_arena(void *ctx, size_t size)
{
	(void)ctx;
	note('a');
	guard_seen = rcp_tls.guard;
	return fail ? NULL : malloc(size);
}

static void
real_arena_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	note('z');
	guard_seen = rcp_tls.guard;
	free(p);
}

static void
get_arena(struct rcp_py_arena_allocator *out)
{
	*out = arena_slot;
}

static void
set_arena(struct rcp_py_arena_allocator *in)
{
	arena_slot = *in;
}

#define ALLOCATE(name, d) \
	static void *name##_malloc(size_t size) \
	{ \
		return slots[d].malloc(slots[d].ctx, size); \
	} \
	static void name##_free(void *p) \
	{ \
		slots[d].free(slots[d].ctx, p); \
	}
ALLOCATE(raw, RCP_DOMAIN_RAW)
ALLOCATE(mem, RCP_DOMAIN_MEM)
ALLOCATE(obj, RCP_DOMAIN_OBJ)

static void
reset(int d)
{
	slots[d] = (struct rcp_py_allocator){ &contexts[d], real_malloc,
					      real_calloc, real_realloc,
					      real_free };
}

static void
set_up(void)
{
	struct rcp_pyhooks_api *py = &rcp_pyhooks_api;

	for (int d = 0; d < RCP_DOMAINS; d++)
		reset(d);
	arena_slot = (struct rcp_py_arena_allocator){ NULL, real_arena,
						      real_arena_free };
	py->get_allocator = get_allocator;
	py->set_allocator = set_allocator;
	py->get_arena = get_arena;
	py->set_arena = set_arena;
	py->raw_malloc = raw_malloc;
	py->raw_free = raw_free;
	py->mem_malloc = mem_malloc;
	py->mem_free = mem_free;
	py->obj_malloc = obj_malloc;
	py->obj_free = obj_free;
	atomic_store(&rcp_state, RCP_STATE_ON);
	rcp_domains_place(0);
	rcp_arenas_place();
}

/* --- the tests -------------------------------------------------------------- */

static bool
happened(const char *what)
{
	bool same = strcmp(history, what) == 0;

	if (!same)
		diag("got %s, want %s", history, what);
	memset(history, 0, sizeof(history));
	return same && rcp_tls.guard == 0;
}

static void
test_domain(int d, const char *name, const char *letter)
{
	const struct rcp_py_allocator *a = &slots[d];
	char want[8] = "?A";
	void *p, *q;

	want[0] = *letter;
	p = a->malloc(a->ctx, 40);
	ok(happened(want) && last.p == p && last.size == 40 &&
		   last.kind == RCP_KIND_PYTHON && guard_seen == 1,
	   "%s: malloc", name);
	ok(last.caller != NULL, "%s: with its caller", name);
	q = a->realloc(a->ctx, p, 4000);
	ok(happened("RlM") && last.p == p && last.q == q && last.size == 4000,
	   "%s: realloc", name);
	fail = true;
	ok(!a->realloc(a->ctx, q, 9000) && happened("RlS") && last.p == q,
	   "%s: a failing realloc leaves the block", name);
	ok(!a->malloc(a->ctx, 8) && !a->calloc(a->ctx, 2, 8) &&
		   !a->realloc(a->ctx, NULL, 8) && strlen(history) == 3 &&
		   !strchr(history, 'A'),
	   "%s: what fails is not recorded", name);
	memset(history, 0, sizeof(history));
	fail = false;
	a->free(a->ctx, q);
	ok(happened("Ff") && last.p == q && guard_seen == 1,
	   "%s: free, the record first", name);
	p = a->calloc(a->ctx, 3, 50);
	ok(happened("cA") && last.p == p && last.size == 150 &&
		   ((char *)p)[149] == 0,
	   "%s: calloc", name);
	a->free(a->ctx, p);
	memset(history, 0, sizeof(history));
	p = a->realloc(a->ctx, NULL, 70);
	ok(happened("lA") && last.p == p && last.size == 70,
	   "%s: realloc(NULL)", name);
	q = a->realloc(a->ctx, p, 0);
	ok(happened("RlM") && q && last.size == 0,
	   "%s: realloc to 0 keeps a block", name);
	a->free(a->ctx, q);
	memset(history, 0, sizeof(history));
	a->free(a->ctx, NULL);
	ok(happened(""), "%s: free(NULL)", name);
}

static void
test_nesting(void)
{
	const struct rcp_py_allocator *a = &slots[RCP_DOMAIN_OBJ];
	void *p;

	reset(RCP_DOMAIN_OBJ);
	slots[RCP_DOMAIN_OBJ].malloc = nested_malloc;
	rcp_domains_place(0);
	p = a->malloc(a->ctx, 600);
	ok(happened("orA"), "a nested call counts once");
	a->free(a->ctx, p);
	memset(history, 0, sizeof(history));
	reset(RCP_DOMAIN_OBJ);
	rcp_domains_place(0);
	rcp_domains_place(0);
	p = a->malloc(a->ctx, 6);
	ok(happened("oA"), "placing twice is placing once");
	a->free(a->ctx, p);
	memset(history, 0, sizeof(history));
}

/* Sample mode: a small block that is a sample is asked for as one that is too
 * large for the arenas, then shrunk; others only take from the countdown. */
static void
test_sampled(void)
{
	const struct rcp_py_allocator *a = &slots[RCP_DOMAIN_OBJ];
	void *p, *q;

	rcp_record_settings.sampling = true;
	reset(RCP_DOMAIN_OBJ);
	rcp_domains_place(0);
	rcp_tls.countdown = 40;
	p = a->malloc(a->ctx, 40);
	ok(happened("olA") && last.p == p && last.size == 40,
	   "a sample is set apart");
	rcp_tls.countdown = 1000;
	q = a->malloc(a->ctx, 40);
	ok(happened("o") && rcp_tls.countdown == 959,
	   "what is none takes its bytes and one more");
	q = a->realloc(a->ctx, q, 58);
	ok(happened("l") && rcp_tls.countdown == 900, "so does realloc");
	rcp_tls.countdown = 0;
	q = a->realloc(a->ctx, q, 60);
	ok(happened("lolfM") && last.q == q && last.size == 60,
	   "a block that becomes a sample moves away");
	a->free(a->ctx, q);
	a->free(a->ctx, p);
	ok(happened("ff"), "the filter knows that neither was put in");
	p = a->calloc(a->ctx, 3, 10);
	ok(happened("olA") && last.size == 30 && ((char *)p)[29] == 0,
	   "calloc, set apart and empty");
	a->free(a->ctx, p);
	memset(history, 0, sizeof(history));
	rcp_record_settings.sampling = false;
	reset(RCP_DOMAIN_OBJ);
	rcp_domains_place(0);
}

static void
test_off(void)
{
	const struct rcp_py_allocator *a = &slots[RCP_DOMAIN_MEM];
	void *p;

	atomic_store(&rcp_state, RCP_STATE_OFF);
	p = a->malloc(a->ctx, 6);
	p = a->realloc(a->ctx, p, 60);
	a->free(a->ctx, p);
	a->free(a->ctx, a->calloc(a->ctx, 1, 1));
	ok(happened("mlfcf"), "switched off: passed on, nothing recorded");
	atomic_store(&rcp_state, RCP_STATE_ON);
}

/* What the bootstrap allocates is ours; what it frees may be the program's. */
static void
test_hidden(void)
{
	const struct rcp_py_allocator *a = &slots[RCP_DOMAIN_MEM];
	void *p, *q;

	p = a->malloc(a->ctx, 6);
	memset(history, 0, sizeof(history));
	rcp_tls.guard = 1;
	atomic_store(&rcp_domains_hidden, &rcp_tls);
	q = a->malloc(a->ctx, 6);
	p = a->realloc(a->ctx, p, 60);
	a->free(a->ctx, p);
	known = false;
	q = a->realloc(a->ctx, q, 60);
	a->free(a->ctx, q);
	known = true;
	atomic_store(&rcp_domains_hidden, NULL);
	rcp_tls.guard = 0;
	ok(happened("mRlMRfFRlRf"), "hidden: only the program's are recorded");
}

static void
test_reached(void)
{
	rcp_tls.guard = 1;
	ok(rcp_domains_reached() == 7, "all domains come by");
	reset(RCP_DOMAIN_MEM);
	ok(rcp_domains_reached() == 5, "a lost one is noticed");
	/* Someone in front of ours who passes on to ours. */
	slots[RCP_DOMAIN_MEM].malloc = nested_malloc;
	rcp_domains_place(rcp_domains_reached() | 1u << RCP_DOMAIN_MEM);
	ok(slots[RCP_DOMAIN_MEM].malloc == nested_malloc,
	   "one that is still reached is left alone");
	rcp_domains_place(0);
	ok(slots[RCP_DOMAIN_MEM].malloc != nested_malloc &&
		   rcp_domains_reached() == 7,
	   "and a lost one placed again");
	rcp_tls.guard = 0;
	memset(history, 0, sizeof(history));
}

static void
test_arenas(void)
{
	struct rcp_py_arena_allocator *a = &arena_slot;
	void *p = a->alloc(a->ctx, 4096);

	ok(happened("aB") && arena_bytes == 4096 && guard_seen == 1,
	   "an arena, under our guard");
	a->free(a->ctx, p, 4096);
	ok(happened("GBz") && arena_bytes == 0 && guard_seen == 1,
	   "its end: the range first");
	fail = true;
	ok(!a->alloc(a->ctx, 4096) && happened("a"), "one that fails");
	fail = false;
	rcp_tls.guard = 1;
	p = a->alloc(a->ctx, 10);
	a->free(a->ctx, p, 10);
	ok(rcp_tls.guard == 1, "inside a hook the guard stays");
	rcp_tls.guard = 0;
	ok(happened("aBGBz"), "and it counts as well");
}

int
main(void)
{
	set_up();
	test_domain(RCP_DOMAIN_RAW, "raw", "r");
	test_domain(RCP_DOMAIN_MEM, "mem", "m");
	test_domain(RCP_DOMAIN_OBJ, "obj", "o");
	test_nesting();
	test_sampled();
	test_off();
	test_hidden();
	test_reached();
	test_arenas();
	return done_testing();
}

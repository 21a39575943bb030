/* SPDX-License-Identifier: MIT
 *
 * arenas.c - pymalloc's arenas, and from 3.11 on the chunks of the stack of
 * Python frames, which come the same way.  Their blocks are counted by the
 * domains, so the mapping itself must not count as the program's mmap: our
 * guard is held around it.  Runs inside domain hooks, and outside them.
 */
#include "pyhooks/internal.h"
#include "record/record.h"

static struct rcp_py_arena_allocator real;

/* Takes the guard; returns what it was.  Unlike rcp_enter() this is no call
 * that goes uncounted. */
static uint32_t
cover(struct rcp_tls *t)
{
	uint32_t outer = t->guard;

	t->guard = 1;
	return outer;
}

static void
uncover(struct rcp_tls *t, uint32_t outer)
{
	atomic_signal_fence(memory_order_seq_cst);
	t->guard = outer;
}

static bool
recording(void)
{
	return atomic_load_explicit(&rcp_state, memory_order_relaxed) ==
	       RCP_STATE_ON;
}

static void *
arena_alloc(void *ctx, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	uint32_t outer = cover(t);
	void *p;

	(void)ctx;
	p = real.alloc(real.ctx, size);
	if (p && recording())
		rcp_record_arena(p, (int64_t)size);
	uncover(t, outer);
	return p;
}

static void
arena_free(void *ctx, void *p, size_t size)
{
	struct rcp_tls *t = &rcp_tls;
	uint32_t outer = cover(t);

	(void)ctx;
	/* Before another thread can be handed the range. */
	if (recording()) {
		rcp_record_range_gone(t, p, size);
		rcp_record_arena(p, -(int64_t)size);
	}
	real.free(real.ctx, p, size);
	uncover(t, outer);
}

void
rcp_arenas_place(void)
{
	static struct rcp_py_arena_allocator ours = { NULL, arena_alloc,
						      arena_free };
	struct rcp_py_arena_allocator now;

	rcp_pyhooks_api.get_arena(&now);
	if (now.alloc == ours.alloc)
		return;
	real = now;
	rcp_pyhooks_api.set_arena(&ours);
}

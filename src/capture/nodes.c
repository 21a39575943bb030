/* SPDX-License-Identifier: MIT
 *
 * nodes.c - see nodes.h; the slow half: a frame, or an address, that this
 * thread has not met there before.  Runs inside malloc.
 */
#include "capture/nodes.h"

#include <string.h>

#include "capture/modules.h"
#include "capture/names.h"
#include "capture/tree.h"
#include "unwind/unwind.h"

static uint64_t bad_frames;

/* False: there is none, or no memory. */
static bool
look_up_code(struct rcp_capture_code *last, const void *address)
{
	const struct rcp_code *code;

	if (last->address == address)
		return true;
	code = rcp_code_intern(address);
	if (!code)
		return false;
	last->address = address;
	last->id = code->id;
	return true;
}

static uint32_t
intern_python(uint32_t parent, uintptr_t key, const char *frame,
	      struct rcp_capture_code *last)
{
	const struct rcp_py_frame f = { key, frame };
	const void *address;
	int32_t lasti;

	if (!rcp_py_frame_code(&f, &address, &lasti)) {
		__atomic_fetch_add(&bad_frames, 1, __ATOMIC_RELAXED);
		return rcp_tree_intern(parent, RCP_FRAME_MARKER,
				       RCP_MARKER_UNKNOWN, 0);
	}
	if (!address)
		return parent; /* not for Python's eyes: no level of its own */
	if (!look_up_code(last, address))
		return RCP_TREE_TRUNCATED;
	return rcp_tree_intern(parent, RCP_FRAME_PYTHON, last->id,
			       (uint32_t)(lasti + 1));
}

struct rcp_range rcp_greenlets;

static uint32_t
intern_native(uint32_t parent, const void *address)
{
	uint32_t epoch = __atomic_load_n(&rcp_py_epoch, __ATOMIC_ACQUIRE);
	const struct rcp_module *m = rcp_module_at(address, epoch);
	uintptr_t p = (uintptr_t)address;

	if (m && m->is_greenlets)
		rcp_greenlets = (struct rcp_range){ m->low, m->high };
	if (m && p - m->base <= UINT32_MAX)
		return rcp_tree_intern(parent, RCP_FRAME_NATIVE, m->id,
				       (uint32_t)(p - m->base));
	return rcp_tree_intern(parent, RCP_FRAME_ADDRESS, (uint32_t)(p >> 32),
			       (uint32_t)p);
}

static void
fill(struct rcp_capture_memo *m, uint32_t parent, uintptr_t key, uint32_t node)
{
	m->key = key;
	m->parent = parent;
	m->node = node;
}

/* Code objects die by the dozen; in between few entries are filled. */
void
rcp_memo_forget(struct rcp_capture *c)
{
	if (c->filled_count > RCP_CAPTURE_FEW)
		memset(c->memo, 0, sizeof(c->memo));
	else
		for (uint32_t i = 0; i < c->filled_count; i++)
			c->memo[c->filled[i]] =
				(struct rcp_capture_memo){ .key = 0 };
	c->filled_count = 0;
	c->code.address = NULL;
}

void
rcp_memo_python(struct rcp_capture_memo *m, uint32_t parent, uintptr_t key,
		const char *frame, struct rcp_capture_code *last)
{
	uint32_t node = parent;

	/* What is past the limit stays there. */
	if (parent != RCP_TREE_TRUNCATED)
		node = intern_python(parent, key, frame, last);
	fill(m, parent, key, node);
}

void
rcp_memo_folded(struct rcp_capture_memo *m, uintptr_t key, const char *frame,
		struct rcp_capture_code *last)
{
	fill(m, RCP_MEMO_FOLDED, key,
	     intern_python(RCP_TREE_TRUNCATED, key, frame, last));
}

void
rcp_memo_native(struct rcp_capture_memo *m, uintptr_t key)
{
	const void *address = (const void *)key;
	uint32_t node = intern_native(0, address);

	if (node == RCP_TREE_TRUNCATED)
		node = intern_native(RCP_TREE_TRUNCATED, address);
	fill(m, RCP_MEMO_NATIVE, key, node);
}

void
rcp_memo_frame(struct rcp_capture_memo *m, uint32_t parent, uintptr_t key)
{
	uint32_t node = parent;

	if (parent != RCP_TREE_TRUNCATED && key != 0)
		node = intern_native(parent,
				     (const void *)rcp_unwind_address(key));
	fill(m, parent | RCP_MEMO_FRAME, key, node);
}

void
rcp_memo_native_folded(struct rcp_capture_memo *m, uintptr_t key)
{
	fill(m, RCP_MEMO_FOLDED, key,
	     intern_native(RCP_TREE_TRUNCATED, (const void *)key));
}

uint64_t
rcp_capture_bad_frames(void)
{
	return __atomic_load_n(&bad_frames, __ATOMIC_RELAXED);
}

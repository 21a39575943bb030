/* SPDX-License-Identifier: MIT
 *
 * leaf.c - the line at which the thread is, as the node of a stack that is kept
 * no farther than that.  At births and deaths; runs inside malloc.
 */
#include "capture/leaf.h"

#include "capture/capture.h"
#include "capture/nodes.h"
#include "capture/tree.h"

uint32_t
rcp_capture_leaf_again(struct rcp_capture *c, uintptr_t key)
{
	struct rcp_capture_memo *m = rcp_memo_slot(c, RCP_MEMO_FOLDED, key);

	return c->epoch == rcp_capture_now() &&
			       rcp_is_memo(m, RCP_MEMO_FOLDED, key) ?
		       m->node :
		       RCP_NODE_NONE;
}

uint32_t
rcp_capture_leaf(struct rcp_capture *c, const void *caller)
{
	enum rcp_py_way way = rcp_capture_way();
	const char *tstate, *frame = NULL;
	struct rcp_capture_memo *m;
	uint32_t now = rcp_capture_now();
	uintptr_t key;

	if (RCP_UNLIKELY(c->epoch != now))
		rcp_capture_epoch(c, now);
	tstate = way == RCP_PY_WAY_NONE ? NULL : rcp_py_own(way);
	if (RCP_UNLIKELY(!tstate) && way != RCP_PY_WAY_NONE)
		tstate = rcp_py_tstate();
	if (tstate)
		frame = rcp_py_top(way, tstate);
	while (frame && rcp_py_is_shim(way, frame))
		frame = rcp_py_back(way, frame);
	if (!frame)
		return rcp_native_node(c, caller);
	key = rcp_py_key(way, frame);
	m = rcp_memo_slot(c, RCP_MEMO_FOLDED, key);
	if (!rcp_is_memo(m, RCP_MEMO_FOLDED, key))
		rcp_memo_folded(rcp_memo_take(c, m), key, frame, &c->code);
	return m->node;
}

/* SPDX-License-Identifier: MIT
 *
 * remerge.c - librcprof.so that merges each stack of native and Python frames
 * a second time, with nothing kept of earlier ones.  Both have to be the same
 * node.  For remerge.t alone: the linker puts this around rcp_mixed_node().
 *
 * The second time is of another struct rcp_native, so that the first goes on
 * as if it had been alone.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "capture/native.h"

static __thread struct rcp_native *second;
static __thread uint32_t kept[RCP_CAPTURE_MAX + 1];
static __thread int busy;
static unsigned long compared, merged, different;

uint32_t __real_rcp_mixed_node(struct rcp_capture *c, enum rcp_py_way way,
			       uintptr_t caller, uint32_t python);
uint32_t __wrap_rcp_mixed_node(struct rcp_capture *c, enum rcp_py_way way,
			       uintptr_t caller, uint32_t python);

static uint32_t
from_scratch(struct rcp_capture *c, enum rcp_py_way way, uintptr_t caller,
	     uint32_t python)
{
	rcp_native_epoch(c);
	rcp_trace_forget(&c->native->trace);
	return __real_rcp_mixed_node(c, way, caller, python);
}

uint32_t
__wrap_rcp_mixed_node(struct rcp_capture *c, enum rcp_py_way way,
		      uintptr_t caller, uint32_t python)
{
	uint32_t node = __real_rcp_mixed_node(c, way, caller, python), again;
	struct rcp_capture_frame *f, *changed = c->changed;
	struct rcp_native *first = c->native;

	if (!first || busy)
		return node;
	busy = 1; /* a thread's first use of `kept` may allocate */
	for (f = c->leaf; f < rcp_capture_end(c); f++)
		kept[f - c->frames] = f->mixed;
	c->native = second;
	second = rcp_native_get(c);
	again = second ? from_scratch(c, way, caller, python) : node;
	c->native = first;
	c->changed = changed;
	for (f = c->leaf; f < rcp_capture_end(c); f++)
		f->mixed = kept[f - c->frames];
	busy = 0;
	__atomic_fetch_add(&compared, 1, __ATOMIC_RELAXED);
	if (node != python)
		__atomic_fetch_add(&merged, 1, __ATOMIC_RELAXED);
	if (node != again)
		__atomic_fetch_add(&different, 1, __ATOMIC_RELAXED);
	return node;
}

__attribute__((destructor)) static void
tell(void)
{
	char line[128];
	int n = snprintf(line, sizeof(line),
			 "remerge: %lu compared, %lu merged, %lu different\n",
			 compared, merged, different);

	if (write(2, line, (size_t)n) != n)
		_exit(99);
}

/* SPDX-License-Identifier: MIT
 *
 * watch.c - hears of the death of code objects, whose addresses are reused.
 *
 * One pointer is stored into a type object, code's tp_dealloc.  The type can
 * not be subclassed and is not deallocated in nests, so nothing compares the
 * slot.  The wrapper runs with the GIL held, wherever a reference is dropped.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "base/tls.h"
#include "python/python.h"
#include "python/runtime.h"

typedef void dealloc_fn(void *object);

uint32_t rcp_py_epoch = 1;

static dealloc_fn *original;
static bool watching;
static void (*died_hook)(const void *code);
static _Atomic(void (*)(void)) safe_point;

static void
code_dealloc(void *code)
{
	struct rcp_tls *t = &rcp_tls;
	void (*fn)(void);
	uint32_t outer;

	__atomic_add_fetch(&rcp_py_epoch, 1, __ATOMIC_RELAXED);
	if (died_hook) {
		/* It may take locks of ours: no hook on top of it. */
		outer = t->guard;
		t->guard = 1;
		died_hook(code);
		atomic_signal_fence(memory_order_seq_cst);
		t->guard = outer;
	}
	original(code);
	fn = atomic_load_explicit(&safe_point, memory_order_relaxed);
	if (fn && !t->guard)
		fn();
}

void
rcp_py_watch_place(void)
{
	char *slot;
	dealloc_fn *now;

	if (!watching || !rcp_py_rt.found || rcp_py_rt.no_walk)
		return;
	memcpy(&slot, &rcp_py_rt.code_type, sizeof(slot));
	slot += rcp_py_rt.layout.type_dealloc;
	memcpy(&now, slot, sizeof(now));
	if (now == code_dealloc || !now)
		return;
	original = now;
	now = code_dealloc;
	memcpy(slot, &now, sizeof(now));
}

void
rcp_py_watch_code(void (*died)(const void *code))
{
	died_hook = died;
	watching = true;
	rcp_py_watch_place();
}

void
rcp_py_set_safe_point(void (*fn)(void))
{
	atomic_store_explicit(&safe_point, fn, memory_order_relaxed);
}

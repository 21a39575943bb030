/* SPDX-License-Identifier: MIT
 *
 * control.c - what the program does to its collector: gc.disable() and the
 * like.  Their definitions get functions of ours, which call theirs: the
 * program sees the same objects, with the same results.
 */
#include <string.h>

#include "base/str.h"
#include "pyhooks/garbage.h"
#include "pyhooks/objects.h"
#include "python/types.h"
#include "record/object.h"

#define METH_VARARGS 1
#define METH_NOARGS 4
#define MOST 1000u /* events; some programs switch it at each request */

typedef void *function_fn(void *module, void *args);

enum { DISABLE, ENABLE, FREEZE, UNFREEZE, THRESHOLD, METHODS };

static function_fn disable, enable, freeze, unfreeze, set_threshold;

static struct {
	const char *name;
	int flags;
	function_fn *ours, *own;
} methods[METHODS] = {
	[DISABLE] = { "disable", METH_NOARGS, disable, NULL },
	[ENABLE] = { "enable", METH_NOARGS, enable, NULL },
	[FREEZE] = { "freeze", METH_NOARGS, freeze, NULL },
	[UNFREEZE] = { "unfreeze", METH_NOARGS, unfreeze, NULL },
	[THRESHOLD] = { "set_threshold", METH_VARARGS, set_threshold, NULL },
};
static unsigned told;

/* The numbers that it was called with, which it has taken. */
static void
add_numbers(struct rcp_str *out, void *args)
{
	ssize_t n = rcp_objects_api.tuple_size(args);

	for (ssize_t i = 0; i < n && i < 3; i++) {
		void *item = rcp_objects_api.tuple_item(args, i);
		ssize_t value = rcp_objects_api.long_value(item);

		rcp_str_add(out, " ");
		rcp_str_u64(out, value < 0 ? 0 : (uint64_t)value);
	}
}

static void
tell(int which, void *args)
{
	char text[100];
	struct rcp_str s = RCP_STR(text);

	if (which == UNFREEZE)
		rcp_garbage_unfrozen();
	if (told++ >= MOST)
		return;
	rcp_str_add(&s, methods[which].name);
	if (which == THRESHOLD)
		add_numbers(&s, args);
	rcp_record_gc_control(text);
}

static void *
call(int which, void *module, void *args)
{
	void *result = methods[which].own(module, args);
	struct rcp_tls *t = &rcp_tls;

	if (result && rcp_enter(t)) {
		tell(which, args);
		rcp_leave(t);
	}
	return result;
}

static void *
disable(void *module, void *args)
{
	return call(DISABLE, module, args);
}

static void *
enable(void *module, void *args)
{
	return call(ENABLE, module, args);
}

static void *
freeze(void *module, void *args)
{
	return call(FREEZE, module, args);
}

static void *
unfreeze(void *module, void *args)
{
	return call(UNFREEZE, module, args);
}

static void *
set_threshold(void *module, void *args)
{
	return call(THRESHOLD, module, args);
}

/* What is not as we know it stays as it is. */
static void
wrap(int which, void *module)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *function = py->getattr(module, methods[which].name);
	struct rcp_py_method *m = function ? rcp_py_method_of(function) : NULL;
	void *ours;

	memcpy(&ours, &methods[which].ours, sizeof(ours));
	if (m && m->flags == methods[which].flags && m->call != ours) {
		memcpy(&methods[which].own, &m->call, sizeof(ours));
		m->call = ours;
	}
	if (function)
		py->decref(function);
	py->err_clear();
}

void
rcp_control_begin(void *module)
{
	for (int i = 0; i < METHODS; i++)
		wrap(i, module);
}

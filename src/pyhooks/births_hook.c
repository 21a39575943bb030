/* SPDX-License-Identifier: MIT
 *
 * births_hook.c - births up to 3.12, where the interpreter tells only
 * tracemalloc of each new object: wherever one is created, inlined or not, it
 * calls _PyTraceMalloc_NewReference() if tracemalloc is tracing.
 *
 * So tracemalloc is started, its allocator hooks are taken out again at once
 * so that it records nothing, and that function is patched to lead to ours.
 * To the program tracemalloc looks as if it were off.  When the program wants
 * it, it gets it back as it was, and births are no longer heard of.
 */
#include <dlfcn.h>
#include <string.h>

#include "pyhooks/objects.h"
#include "python/python.h"
#include "python/types.h"

#define AREA 4096u
#define CALL_WITHIN 0x60u /* bytes of _Py_NewReference until its call */

#define METH_FASTCALL 0x80
#define METH_NOARGS 4

/* A function of the interpreter with its beginning written over. */
struct patched {
	uintptr_t at;
	uint8_t was[RCP_PATCH_JUMP];
	size_t size; /* 0: not patched */
};

/* A method of the module with our function in place of its own. */
struct wrapped {
	const char *name;
	int flags;
	void *ours;
	struct rcp_py_method *method;
	void *own;
};

static void *wrapped_start(void *module, void *const *args, ssize_t count);
static void *wrapped_stop(void *module, void *unused);
static void *wrapped_is_tracing(void *module, void *unused);

enum { START, STOP, IS_TRACING, METHODS };
static struct wrapped methods[METHODS] = {
	[START] = { "start", METH_FASTCALL, NULL, NULL, NULL },
	[STOP] = { "stop", METH_NOARGS, NULL, NULL, NULL },
	[IS_TRACING] = { "is_tracing", METH_NOARGS, NULL, NULL, NULL },
};

enum { NEW_REFERENCE, TRACK, UNTRACK, PATCHES };
static struct patched patches[PATCHES];

static bool ours; /* tracing is on, and for us */
static const void *heard; /* before we are sure of the function */

static int
new_reference(void *op)
{
	if (ours)
		rcp_births_created(op);
	else
		heard = op;
	return 0;
}

/* The whole of _Py_NewReference(), where it has the hook in itself. */
static void
new_object(void *op)
{
	new_reference(op);
	*(intptr_t *)op = 1; /* the count of references */
}

/* --- the module ------------------------------------------------------------------ */

/* The interpreter's own function of a method, called as it is declared. */
static void *
call_own(int which, void *module)
{
	void *(*function)(void *module, void *unused);

	memcpy(&function, &methods[which].own, sizeof(function));
	return function(module, NULL);
}

static bool
wrap(struct wrapped *w, void *module)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *function = py->getattr(module, w->name);

	w->method = function ? rcp_py_method_of(function) : NULL;
	if (function)
		py->decref(function);
	if (!w->method || w->method->flags != w->flags ||
	    strcmp(w->method->name, w->name) != 0)
		return false;
	w->own = w->method->call;
	return true;
}

static bool
wrap_all(void *module)
{
	void *(*fast)(void *, void *const *, ssize_t) = wrapped_start;
	void *(*plain)(void *, void *) = wrapped_stop;

	memcpy(&methods[START].ours, &fast, sizeof(void *));
	memcpy(&methods[STOP].ours, &plain, sizeof(void *));
	plain = wrapped_is_tracing;
	memcpy(&methods[IS_TRACING].ours, &plain, sizeof(void *));
	for (int i = 0; i < METHODS; i++)
		if (!wrap(&methods[i], module))
			return false;
	return true;
}

static void
show_wrapped(bool on)
{
	for (int i = 0; i < METHODS; i++)
		methods[i].method->call = on ? methods[i].ours :
					       methods[i].own;
}

/* Runs FN; the allocators are afterwards what they were before. */
static void
with_allocators(void (*fn)(void *module), void *module)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	struct rcp_py_allocator saved[RCP_DOMAINS];

	for (int d = 0; d < RCP_DOMAINS; d++)
		py->get_allocator(d, &saved[d]);
	fn(module);
	for (int d = 0; d < RCP_DOMAINS; d++)
		py->set_allocator(d, &saved[d]);
}

static void
start(void *module)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *function = py->getattr(module, "start");
	void *result = function ? py->call(function, NULL) : NULL;

	if (result)
		py->decref(result);
	if (function)
		py->decref(function);
	py->err_clear();
}

static void
stop(void *module)
{
	void *result = call_own(STOP, module);

	if (result)
		rcp_pyhooks_api.decref(result);
}

static bool
is_tracing(void *module)
{
	void *result = call_own(IS_TRACING, module);
	bool yes = result && result != rcp_objects_api.false_object;

	if (result)
		rcp_pyhooks_api.decref(result);
	return yes;
}

/* --- patches ---------------------------------------------------------------------- */

static bool
patch(struct patched *p, uintptr_t at, const uint8_t *bytes, size_t size,
      const struct rcp_maps *maps)
{
	const struct rcp_map *map = rcp_maps_find(maps, at);

	if (!map || !map->execute || !rcp_text_is_original(map, at, 16))
		return false;
	p->at = at;
	memcpy(p->was, (const void *)at, size);
	if (!rcp_text_write(at, bytes, size))
		return false;
	p->size = size;
	return true;
}

static void
unpatch(void)
{
	for (int i = 0; i < PATCHES; i++) {
		if (patches[i].size)
			rcp_text_write(patches[i].at, patches[i].was,
				       patches[i].size);
		patches[i].size = 0;
	}
	rcp_text_sync();
}

static bool
has_name(const void *p)
{
	Dl_info info;

	return dladdr(p, &info) && info.dli_saddr == p;
}

/* Exported up to 3.9; then the one function that _Py_NewReference calls.  Where
 * it was inlined, what is called first is a function with a name, never to be
 * patched: *WHOLE, _Py_NewReference itself.  In debug builds that does more. */
static uintptr_t
find_hook(bool *whole)
{
	const uint8_t *all, *p;

	*whole = false;
	p = rcp_py_symbol("_PyTraceMalloc_NewReference");
	if (p)
		return (uintptr_t)p;
	all = rcp_py_symbol("_Py_NewReference");
	p = all ? rcp_arch_first_call(all, CALL_WITHIN) : NULL;
	if (p && !has_name(p))
		return (uintptr_t)p;
	*whole = all && !rcp_py_symbol("_Py_NegativeRefcount");
	return *whole ? (uintptr_t)all : 0;
}

/* Extension modules announce memory of their own, as long as it traces. */
static bool
patch_track(struct patched *p, const char *name, const struct rcp_maps *maps)
{
	uint8_t code[RCP_PATCH_JUMP];
	uintptr_t at = (uintptr_t)rcp_py_symbol(name);

	/* -2: tracemalloc is off. */
	return at && patch(p, at, code, rcp_arch_return(code, -2), maps);
}

static uintptr_t area; /* of the jump to us */
static bool is_whole;

static bool
write_jump(void *address)
{
	uint8_t code[RCP_PATCH_STUB];
	size_t n = rcp_arch_far_jump(code, address);
	bool done = n && rcp_text_write(area, code, n);

	/* Also closes what was opened for a write that failed. */
	rcp_text_sync();
	return done;
}

static uintptr_t
far_jump(const struct rcp_maps *maps, uintptr_t near, bool whole)
{
	int (*hook)(void *op) = new_reference;
	void (*object)(void *op) = new_object;
	void *address;

	if (area)
		return area;
	memcpy(&address, &hook, sizeof(address));
	if (whole)
		memcpy(&address, &object, sizeof(address));
	is_whole = whole;
	area = rcp_text_area(maps, near, AREA);
	return area && write_jump(address) ? area : 0;
}

/* Nobody looks at what the hook returns: it may be entered at once. */
static void
shorten(void)
{
	void (*created)(void *op) = rcp_births_created;
	void *address;

	memcpy(&address, &created, sizeof(address));
	if (!is_whole)
		(void)write_jump(address);
}

static bool
patch_all(const struct rcp_maps *maps)
{
	uint8_t jump[RCP_PATCH_JUMP];
	uintptr_t hook, to;
	size_t n;
	bool done, whole;

	rcp_tls.boot++;
	hook = find_hook(&whole);
	to = hook ? far_jump(maps, hook, whole) : 0;
	n = to ? rcp_arch_jump(jump, hook, to) : 0;
	done = n && patch(&patches[NEW_REFERENCE], hook, jump, n, maps) &&
	       patch_track(&patches[TRACK], "PyTraceMalloc_Track", maps) &&
	       patch_track(&patches[UNTRACK], "PyTraceMalloc_Untrack", maps);
	rcp_tls.boot--;
	rcp_text_sync();
	return done;
}

/* Is a new object heard of, and as what it is? */
static bool
works(void)
{
	void *str = rcp_pyhooks_api.str_new("one more");
	bool yes = str && heard == str;

	if (str)
		rcp_pyhooks_api.decref(str);
	return yes;
}

/* --- on and off -------------------------------------------------------------------- */

static bool
begin(void *module, const struct rcp_maps *maps, const char **why)
{
	if (!wrap_all(module)) {
		*why = "tracemalloc is not as expected: births are not known";
		return false;
	}
	if (is_tracing(module)) {
		*why = "the program uses tracemalloc: births are not known";
		return false;
	}
	*why = "tracemalloc's hook could not be patched: births are not known";
	if (!patch_all(maps)) {
		unpatch();
		return false;
	}
	with_allocators(start, module);
	ours = is_tracing(module) && works();
	if (!ours) {
		with_allocators(stop, module);
		unpatch();
		return false;
	}
	show_wrapped(true);
	shorten();
	return true;
}

bool
rcp_births_hook_begin(const char **why)
{
	struct rcp_maps maps;
	void *module;
	bool done;

	if (!rcp_arch_begin(why))
		return false;
	module = rcp_builtin_get("_tracemalloc");
	*why = "there is no tracemalloc: births are not known";
	if (!module || !rcp_maps_read(&maps)) {
		rcp_pyhooks_api.err_clear();
		return false;
	}
	done = begin(module, &maps, why);
	rcp_maps_free(&maps);
	rcp_pyhooks_api.decref(module);
	rcp_pyhooks_api.err_clear();
	return done;
}

static void
give_back(void)
{
	if (!ours)
		return;
	ours = false;
	show_wrapped(false);
	unpatch();
	/* The module is nothing that its function looks at. */
	with_allocators(stop, NULL);
}

void
rcp_births_hook_end(void)
{
	give_back();
}

/* --- what the program calls ---------------------------------------------------------- */

static void *
wrapped_start(void *module, void *const *args, ssize_t count)
{
	void *(*own)(void *, void *const *, ssize_t);

	memcpy(&own, &methods[START].own, sizeof(own));
	if (ours) {
		struct rcp_tls *t = &rcp_tls;
		uint32_t outer = t->guard;

		t->guard = 1;
		give_back();
		rcp_births_given_up("births given up, since the program uses "
				    "tracemalloc");
		atomic_signal_fence(memory_order_seq_cst);
		t->guard = outer;
	}
	return own(module, args, count);
}

static void *
wrapped_stop(void *module, void *unused)
{
	(void)unused;
	if (!ours)
		return call_own(STOP, module);
	rcp_pyhooks_api.incref(rcp_pyhooks_api.none);
	return rcp_pyhooks_api.none;
}

static void *
wrapped_is_tracing(void *module, void *unused)
{
	(void)unused;
	if (!ours)
		return call_own(IS_TRACING, module);
	rcp_pyhooks_api.incref(rcp_objects_api.false_object);
	return rcp_objects_api.false_object;
}

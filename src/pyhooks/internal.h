/* SPDX-License-Identifier: MIT
 *
 * internal.h - what the files of src/pyhooks share.
 */
#ifndef RCP_PYHOOKS_INTERNAL_H
#define RCP_PYHOOKS_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/tls.h"
#include "pyhooks/pyhooks.h"

/* CPython's PyMemAllocatorDomain and PyMemAllocatorEx. */
enum rcp_domain { RCP_DOMAIN_RAW, RCP_DOMAIN_MEM, RCP_DOMAIN_OBJ, RCP_DOMAINS };

struct rcp_py_allocator {
	void *ctx;
	void *(*malloc)(void *ctx, size_t size);
	void *(*calloc)(void *ctx, size_t n, size_t size);
	void *(*realloc)(void *ctx, void *p, size_t size);
	void (*free)(void *ctx, void *p);
};

/* CPython's PyObjectArenaAllocator. */
struct rcp_py_arena_allocator {
	void *ctx;
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *p, size_t size);
};

/* Functions of the interpreter, by field; looked up at install. */
#define RCP_PYHOOKS_FUNCTIONS(X) \
	X(get_allocator, "PyMem_GetAllocator", void, \
	  (int, struct rcp_py_allocator *)) \
	X(set_allocator, "PyMem_SetAllocator", void, \
	  (int, struct rcp_py_allocator *)) \
	X(get_arena, "PyObject_GetArenaAllocator", void, \
	  (struct rcp_py_arena_allocator *)) \
	X(set_arena, "PyObject_SetArenaAllocator", void, \
	  (struct rcp_py_arena_allocator *)) \
	X(raw_malloc, "PyMem_RawMalloc", void *, (size_t)) \
	X(raw_free, "PyMem_RawFree", void, (void *)) \
	X(mem_malloc, "PyMem_Malloc", void *, (size_t)) \
	X(mem_free, "PyMem_Free", void, (void *)) \
	X(obj_malloc, "PyObject_Malloc", void *, (size_t)) \
	X(obj_free, "PyObject_Free", void, (void *)) \
	X(add_pending_call, "Py_AddPendingCall", int, \
	  (int (*)(void *), void *)) \
	X(modules, "PyImport_GetModuleDict", void *, (void)) \
	X(import, "PyImport_ImportModuleLevel", void *, \
	  (const char *, void *, void *, void *, int)) \
	X(dict_get, "PyDict_GetItemString", void *, (void *, const char *)) \
	X(module_new, "PyModule_New", void *, (const char *)) \
	X(str_new, "PyUnicode_FromString", void *, (const char *)) \
	X(getattr, "PyObject_GetAttrString", void *, (void *, const char *)) \
	X(setattr, "PyObject_SetAttrString", int, \
	  (void *, const char *, void *)) \
	X(call, "PyObject_CallFunctionObjArgs", void *, (void *, ...)) \
	X(function_new, "PyCFunction_NewEx", void *, (void *, void *, void *)) \
	X(incref, "Py_IncRef", void, (void *)) \
	X(decref, "Py_DecRef", void, (void *)) \
	X(err_fetch, "PyErr_Fetch", void, (void **, void **, void **)) \
	X(err_restore, "PyErr_Restore", void, (void *, void *, void *)) \
	X(err_occurred, "PyErr_Occurred", void *, (void)) \
	X(err_matches, "PyErr_ExceptionMatches", int, (void *)) \
	X(err_clear, "PyErr_Clear", void, (void)) \
	X(save_thread, "PyEval_SaveThread", void *, (void)) \
	X(restore_thread, "PyEval_RestoreThread", void, (void *))

struct rcp_pyhooks_api {
#define RCP_PYHOOKS_MEMBER(field, name, ret, args) ret(*field) args;
	RCP_PYHOOKS_FUNCTIONS(RCP_PYHOOKS_MEMBER)
#undef RCP_PYHOOKS_MEMBER
	void *none;          /* Py_None */
	void **import_error; /* &PyExc_ImportError */
	/* atexit's callbacks belong to the module object, not to the
	 * interpreter (3.8, 3.9). */
	bool atexit_in_module;
};
extern struct rcp_pyhooks_api rcp_pyhooks_api;

/* domains.c: puts our functions in front of the domains' current ones, where
 * SKIP's bits (1 << domain) do not forbid it and ours are not in front. */
void rcp_domains_place(unsigned skip);

/* What stood there before us. */
extern struct rcp_py_allocator rcp_domains_real[RCP_DOMAINS];

/* Calls that are passed on uncounted: a hook is active in the thread, or
 * nothing is recorded. */
void *rcp_domains_pass_malloc(enum rcp_domain d, size_t size);
void *rcp_domains_pass_realloc(enum rcp_domain d, void *p, size_t size,
			       const void *caller);
void rcp_domains_pass_free(enum rcp_domain d, void *p);

/* The functions of a domain as the interpreter calls them: NAME_malloc and so
 * on, by way of WAY_malloc and so on. */
#define RCP_CALLER __builtin_return_address(0)
#define RCP_DOMAIN_HOOKS(name, domain, way) \
	static void *name##_malloc(void *ctx, size_t size) \
	{ \
		(void)ctx; \
		return way##_malloc(domain, size, RCP_CALLER); \
	} \
	static void *name##_calloc(void *ctx, size_t n, size_t size) \
	{ \
		(void)ctx; \
		return way##_calloc(domain, n, size, RCP_CALLER); \
	} \
	static void *name##_realloc(void *ctx, void *p, size_t size) \
	{ \
		(void)ctx; \
		return way##_realloc(domain, p, size, RCP_CALLER); \
	} \
	static void name##_free(void *ctx, void *p) \
	{ \
		(void)ctx; \
		way##_free(domain, p); \
	}

/* sampled.c: the hooks of D in sample mode (not those of the raw domain), and
 * whether NOW are such. */
struct rcp_py_allocator *rcp_sampled_hooks(int d);
bool rcp_sampled_is(int d, const struct rcp_py_allocator *now);

/* Puts shorter ones in their place where they may stand.  The interpreter is
 * up, its GIL held, the guard taken. */
void rcp_sampled_shorten(void);

/* Which domains come by our functions, as bits, be it behind others' hooks.
 * GIL held, guard taken. */
unsigned rcp_domains_reached(void);

/* The thread whose allocations are ours and are not to be seen, while it runs
 * Python for us; what it frees of the program's is. */
extern _Atomic(struct rcp_tls *) rcp_domains_hidden RCP_HIDDEN;

/* arenas.c */
void rcp_arenas_place(void);

/* Set while object-domain hooks are to call rcp_pyhooks_attend(). */
extern atomic_bool rcp_pyhooks_attention RCP_HIDDEN;
void rcp_pyhooks_attend(void);

/* builtin.c: a new module object of a builtin's definition, or NULL. */
void *rcp_builtin_make(const char *called);

/* atexit.c: registers END to run before the interpreter tears down, as the
 * last of atexit's functions registered so far.  MAY_RUN: Python code may be
 * run for it.  False: not registered; an exception may be set. */
bool rcp_atexit_register(void (*end)(void), bool may_run);

#endif

/* SPDX-License-Identifier: MIT
 *
 * atexit.c - registers a function of ours with the interpreter's atexit.
 * Runs at the bootstrap, with the GIL held and our guard taken.
 *
 * What Python code can see of it: one more in atexit._ncallbacks(); on 3.8
 * and 3.9 also the builtin module `atexit` in sys.modules, since there the
 * callbacks live in the module object.  From 3.10 on they live in the
 * interpreter, any module object serves, and one is made of the builtin's
 * definition that sys.modules never sees and for which no Python code runs.
 */
#include "pyhooks/internal.h"

#define METH_NOARGS 4

/* CPython's PyMethodDef. */
struct method {
	const char *name;
	void *(*call)(void *self, void *args);
	int flags;
	const char *doc;
};

static void (*end_hook)(void);

/* Up to 3.9 a daemon thread that has asked for the GIL and ends, because the
 * interpreter does, takes its request along unanswered, and the main thread waits
 * for it for ever (CPython's issue 96387).  Who asks has waited for 5 ms, as long
 * as writing a profile takes: it gets the GIL while it still can. */
static void
grant_requests(void)
{
	rcp_pyhooks_api.restore_thread(rcp_pyhooks_api.save_thread());
}

static void *
at_exit(void *self, void *args)
{
	(void)self;
	(void)args;
	end_hook();
	if (rcp_pyhooks_api.atexit_in_module)
		grant_requests();
	rcp_pyhooks_api.incref(rcp_pyhooks_api.none);
	return rcp_pyhooks_api.none;
}

/* A new reference to a module `atexit`, or NULL. */
static void *
get_module(bool may_run)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *module = py->dict_get(py->modules(), "atexit");

	if (module) {
		py->incref(module);
		return module;
	}
	if (!py->atexit_in_module)
		return rcp_builtin_make("atexit");
	return may_run ? py->import("atexit", NULL, NULL, NULL, 0) : NULL;
}

bool
rcp_atexit_register(void (*end)(void), bool may_run)
{
	static struct method method = { "rcprof_end", at_exit, METH_NOARGS,
					NULL };
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *module, *reg, *function, *result = NULL;

	end_hook = end;
	module = get_module(may_run);
	reg = module ? py->getattr(module, "register") : NULL;
	function = reg ? py->function_new(&method, NULL, NULL) : NULL;
	if (function)
		result = py->call(reg, function, NULL);
	if (result)
		py->decref(result);
	if (function)
		py->decref(function);
	if (reg)
		py->decref(reg);
	if (module)
		py->decref(module);
	return result != NULL;
}

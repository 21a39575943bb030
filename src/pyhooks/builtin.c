/* SPDX-License-Identifier: MIT
 *
 * builtin.c - builtin modules of the interpreter, without the import system:
 * no Python code runs, and sys.modules is afterwards as it was.  At the
 * bootstrap, GIL held, guard taken.
 */
#include "pyhooks/objects.h"

/* What importlib does for a builtin module. */
void *
rcp_builtin_make(const char *called)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *imp = py->dict_get(py->modules(), "_imp");
	void *create = imp ? py->getattr(imp, "create_builtin") : NULL;
	void *spec = py->module_new(called);
	void *name = py->str_new(called);
	void *module = NULL;

	/* Any object with a name serves as a spec. */
	if (create && spec && name && py->setattr(spec, "name", name) == 0)
		module = py->call(create, spec, NULL);
	if (name)
		py->decref(name);
	if (spec)
		py->decref(spec);
	if (create)
		py->decref(create);
	return module;
}

/* Fills a module whose definition has several phases; nothing for others. */
static void
execute(void *module)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *imp = py->dict_get(py->modules(), "_imp");
	void *exec = imp ? py->getattr(imp, "exec_builtin") : NULL;
	void *result = exec ? py->call(exec, module, NULL) : NULL;

	if (result)
		py->decref(result);
	if (exec)
		py->decref(exec);
}

void *
rcp_builtin_get(const char *name)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *module = py->dict_get(py->modules(), name);

	if (module) {
		py->incref(module);
		return module;
	}
	module = rcp_builtin_make(name);
	if (module)
		execute(module);
	/* Those with one phase enter themselves. */
	if (py->dict_get(py->modules(), name))
		rcp_objects_api.item_delete(py->modules(), name);
	py->err_clear();
	return module;
}

/* SPDX-License-Identifier: MIT
 *
 * collector.c - the cyclic collector's runs, by a function of ours at the end
 * of gc.callbacks.  It is called with the GIL held, where any code may run.
 *
 * The interpreter makes a dict for those functions, two a collection, only if
 * there are some: that much is seen of us, in gc.callbacks and in the counts
 * of the line that sets off a collection.
 */
#include <errno.h>
#include <link.h>

#include "base/clock.h"
#include "pyhooks/garbage.h"
#include "pyhooks/objects.h"
#include "python/types.h"
#include "record/object.h"

#define METH_VARARGS 1

#define SECOND 1000000000u

static uint64_t begun, looked;
static unsigned long long loaded;

static int
first_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(unsigned long long *)arg = info->dlpi_adds;
	return 1;
}

/* Modules that were loaded bring types with deallocators of their own. */
static void
look_again(void)
{
	unsigned long long now = loaded;

	dl_iterate_phdr(first_object, &now);
	if (now == loaded)
		return;
	loaded = now;
	rcp_deaths_look();
	rcp_objects_cover();
}

static uint64_t
number(void *info, const char *key)
{
	void *value = rcp_pyhooks_api.dict_get(info, key);
	ssize_t n = value ? rcp_objects_api.long_value(value) : -1;

	return n < 0 ? 0 : (uint64_t)n;
}

/* Before a collection rather than behind it: what we make and drop is then not
 * in the interpreter's counts of what is new since. */
static void
begins(void)
{
	rcp_births_check();
	rcp_deaths_catch_up();
	look_again();
	begun = rcp_clock_now();
	rcp_garbage_start(begun);
}

static void
ends(void *info)
{
	uint64_t now = rcp_clock_now();

	rcp_garbage_stop();
	if (begun)
		rcp_record_collected(&rcp_tls, begun, now - begun,
				     (uint8_t)number(info, "generation"),
				     number(info, "collected"),
				     number(info, "uncollectable"));
	begun = 0;
	/* Of the few that are not known from when they were sampled. */
	if (now - looked >= SECOND) {
		looked = now;
		rcp_alive_look(&rcp_tls, false);
	}
}

static void
phase(void *args)
{
	const struct rcp_objects_api *api = &rcp_objects_api;
	void *word = api->tuple_item(args, 0);
	void *info = api->tuple_item(args, 1);

	if (!word || !info)
		return;
	if (api->str_compare(word, "start") == 0)
		begins();
	else
		ends(info);
}

static void *
called(void *self, void *args)
{
	struct rcp_tls *t = &rcp_tls;
	int saved = errno;

	(void)self;
	if (rcp_enter(t)) {
		atomic_store(&rcp_domains_hidden, t);
		phase(args);
		rcp_pyhooks_api.err_clear();
		atomic_store(&rcp_domains_hidden, NULL);
		rcp_leave(t);
	}
	errno = saved;
	rcp_pyhooks_api.incref(rcp_pyhooks_api.none);
	return rcp_pyhooks_api.none;
}

static struct rcp_py_method method = { "rcprof_collected", NULL, METH_VARARGS,
				       NULL };

/* From an earlier bootstrap in the same interpreter. */
static bool
is_there(void *list)
{
	for (ssize_t i = 0; i < rcp_objects_api.list_size(list); i++)
		if (rcp_py_method_of(rcp_objects_api.list_item(list, i)) ==
		    &method)
			return true;
	return false;
}

bool
rcp_collector_begin(void)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *(*call)(void *, void *) = called;
	void *module = rcp_builtin_get("gc");
	void *list = module ? py->getattr(module, "callbacks") : NULL;
	void *function = NULL;
	bool done = list && is_there(list);

	__builtin_memcpy(&method.call, &call, sizeof(call));
	if (list && !done)
		function = py->function_new(&method, NULL, NULL);
	if (function)
		done = rcp_objects_api.list_append(list, function) == 0;
	if (function)
		py->decref(function);
	if (list)
		py->decref(list);
	if (module) {
		rcp_control_begin(module);
		py->decref(module);
	}
	py->err_clear();
	dl_iterate_phdr(first_object, &loaded);
	return done;
}

/* SPDX-License-Identifier: MIT
 *
 * objects.c - puts together what --objects needs: births, deaths, the
 * collector.  Slow paths only: start, bootstrap, end.
 */
#include "pyhooks/objects.h"

#include "pyhooks/garbage.h"

#include <string.h>

#include "python/python.h"
#include "python/types.h"
#include "record/object.h"
#include "rcprof/format.h"

struct rcp_objects_api rcp_objects_api;

bool rcp_objects_running;

static bool possible;
static void (*tell)(const char *key, const char *text);

static bool
find_all(void)
{
	struct rcp_objects_api *api = &rcp_objects_api;
	void *p;

#define LOOK(field, name, ret, args) \
	p = rcp_py_symbol(name); \
	if (!p) \
		return false; \
	memcpy(&api->field, &p, sizeof(p));
	RCP_OBJECTS_FUNCTIONS(LOOK)
#undef LOOK
	api->object_type = rcp_py_symbol("PyBaseObject_Type");
	api->type_type = rcp_py_symbol("PyType_Type");
	api->false_object = rcp_py_symbol("_Py_FalseStruct");
	return api->object_type && api->type_type && api->false_object;
}

void
rcp_objects_install(void)
{
	const char *why;

	if (!rcp_record_follows_objects())
		return;
	rcp_tls.boot++;
	possible = find_all();
	rcp_tls.boot--;
	/* Here, not at the bootstrap: no lock of the loader's is waited for
	 * with the GIL held. */
	if (possible)
		(void)rcp_arch_begin(&why);
}

void
rcp_objects_cover(void)
{
	char text[400], cycles[300];
	struct rcp_str s = RCP_STR(text), c = RCP_STR(cycles);

	rcp_deaths_tested(&s);
	rcp_str_add(&s, ": ");
	rcp_deaths_cover(&s);
	rcp_str_add(&s, "; ");
	rcp_str_add(&s, rcp_record_samples_objects() ?
				"objects of sampled blocks; their later lives "
				"on free lists are not followed" :
				rcp_births_state());
	tell(RCP_COVER_DEATHS, text);
	if (rcp_garbage_cover(&c))
		tell(RCP_COVER_NOTE "cycles", cycles);
}

void
rcp_objects_begin(void (*coverage)(const char *key, const char *text))
{
	struct rcp_pytype type;
	const char *why;

	tell = coverage;
	if (!possible || !rcp_py_types_setup() ||
	    !rcp_pytype_get(rcp_objects_api.type_type, &type))
		return;
	rcp_garbage_setup();
	rcp_deaths_look();
	rcp_pytype_watch();
	rcp_objects_running = true;
	if (!rcp_record_samples_objects())
		(void)rcp_births_begin(&why);
	else if (!rcp_deaths_patched())
		rcp_births_begin_deaths();
	rcp_deaths_test();
	rcp_alive_begin();
	if (!rcp_collector_begin())
		tell(RCP_COVER_NOTE "collector",
		     "gc.callbacks could not be used: the collector's pauses "
		     "are not seen");
	rcp_objects_cover();
	rcp_pyhooks_api.err_clear();
}

void
rcp_objects_settle(void)
{
	if (!rcp_objects_running)
		return;
	rcp_deaths_settle(&rcp_tls, NULL);
	rcp_alive_look(&rcp_tls, true);
	rcp_record_objects_rest(&rcp_tls);
	rcp_objects_cover();
}

void
rcp_objects_end(void)
{
	rcp_objects_running = false;
	if (possible)
		rcp_births_end();
}

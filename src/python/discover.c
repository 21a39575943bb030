/* SPDX-License-Identifier: MIT
 *
 * discover.c - looks for an interpreter in the process.  Slow path: once at
 * start and after each dlopen, under t->boot, since dlsym allocates.
 */
#include <dlfcn.h>
#include <link.h>
#include <sys/types.h>

#include "base/str.h"
#include "python/python.h"
#include "python/runtime.h"

struct rcp_py_runtime rcp_py_rt;

const char *
rcp_py_source(void)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;

	if (!rcp_py_rt.found || rcp_py_rt.no_walk)
		return "unknown layout";
	if (l->family != RCP_PY_CURRENT)
		return "table";
	return l->free_threaded ? "debug offsets, free-threaded" :
				  "debug offsets";
}

void *
rcp_py_symbol(const char *name)
{
	return dlsym(rcp_py_rt.handle ? rcp_py_rt.handle : RTLD_DEFAULT, name);
}

bool
rcp_py_found(void)
{
	return rcp_py_rt.found;
}

const char *
rcp_py_version(void)
{
	return rcp_py_rt.version;
}

bool
rcp_py_initialized(void)
{
	return rcp_py_rt.found && rcp_py_rt.is_initialized();
}

/* "3.12.1 (main, ...) [GCC ...]": remembers the first word, returns 12; 0
 * when this is not CPython 3. */
static unsigned
read_version(const char *text)
{
	struct rcp_str s = { rcp_py_rt.version, sizeof(rcp_py_rt.version), 0,
			     false };
	uint64_t major, minor;
	const char *p;

	p = rcp_parse_u64(text, &major);
	if (!p || major != 3 || *p != '.' || !rcp_parse_u64(p + 1, &minor) ||
	    minor > 99)
		return 0;
	for (p = text; *p > ' '; p++)
		rcp_str_char(&s, *p);
	return (unsigned)minor;
}

/* dlsym's void * as a function pointer, without a cast that warns. */
#define SYMBOL(field, name) \
	do { \
		void *p_ = rcp_py_symbol(name); \
		memcpy(&rcp_py_rt.field, &p_, sizeof(p_)); \
	} while (0)

static bool
find_functions(void)
{
#define LOOK(field, name, ret, args) \
	SYMBOL(field, name); \
	if (!rcp_py_rt.field) \
		return false;
	RCP_PY_FUNCTIONS(LOOK)
#undef LOOK
	SYMBOL(current, "PyThreadState_GetUnchecked");
	if (!rcp_py_rt.current)
		SYMBOL(current, "_PyThreadState_UncheckedGet");
	SYMBOL(frame_code, "PyFrame_GetCode");
	SYMBOL(frame_back, "PyFrame_GetBack");
	return rcp_py_rt.current != NULL;
}

/* A compiler may have moved rare parts of it elsewhere: calls from there are
 * not known as its.  musl, where we are loaded too, has no dladdr1. */
static void
find_evaluator(void)
{
	void *p = rcp_py_symbol("_PyEval_EvalFrameDefault"), *extra = NULL;
	void *function = dlsym(RTLD_DEFAULT, "dladdr1");
	int (*address)(const void *, Dl_info *, void **, int);
	const ElfW(Sym) *symbol;
	Dl_info info;

	if (!p || !function)
		return;
	memcpy(&address, &function, sizeof(address));
	if (!address(p, &info, &extra, RTLD_DL_SYMENT) || !extra ||
	    info.dli_saddr != p)
		return;
	symbol = extra;
	rcp_py_rt.evaluator = (uintptr_t)p;
	rcp_py_rt.evaluator_size = symbol->st_size;
}

static bool
discover(void *handle)
{
	struct rcp_py_runtime *rt = &rcp_py_rt;
	const char *(*get_version)(void);
	unsigned minor;
	void *p;

	if (rt->found)
		return true;
	rt->handle = handle;
	p = rcp_py_symbol("Py_GetVersion");
	if (!p)
		return false;
	memcpy(&get_version, &p, sizeof(p));
	minor = read_version(get_version());
	if (minor < 8 || !find_functions()) {
		rt->version[0] = '\0';
		return false;
	}
	rt->state = rcp_py_symbol("_PyRuntime");
	rt->code_type = rcp_py_symbol("PyCode_Type");
	rt->bytes_type = rcp_py_symbol("PyBytes_Type");
	if (!rt->code_type || !rt->bytes_type)
		rt->no_walk = "the interpreter does not export its types";
	else
		rcp_py_layout_choose(&rt->layout, minor, rt->state,
				     &rt->no_walk);
	if (minor < 10)
		find_evaluator();
	rcp_py_tstate_look(handle == NULL);
	rt->found = true;
	rcp_py_walk_enable(rt->no_walk == NULL);
	rcp_py_watch_place();
	return true;
}

bool
rcp_py_discover(void *handle)
{
	bool found = discover(handle);

	/* What dlsym did not find is nothing that the program's next
	 * dlerror() should tell. */
	dlerror();
	return found;
}

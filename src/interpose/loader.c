/* SPDX-License-Identifier: MIT
 *
 * loader.c - dlopen and dlclose: an interpreter may appear, code may go.
 *
 * The loader searches a bare name by the RUNPATH of the caller's file, and
 * expands $ORIGIN by it; the caller is who the return address says.  Such
 * calls go on by a jump, as if we were not there, and nobody looks at what
 * was loaded.  All others are called and looked at.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "interpose/interpose.h"

int _dl_find_object(void *address, struct dl_find_object *out)
	__attribute__((weak));

static bool
has_search_path(const void *caller)
{
	struct dl_find_object found;
	const ElfW(Dyn) *d;

	if (!_dl_find_object ||
	    _dl_find_object((void *)(uintptr_t)caller, &found) != 0)
		return true;
	for (d = found.dlfo_link_map->l_ld; d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_RUNPATH || d->d_tag == DT_RPATH)
			return true;
	return false;
}

static bool
depends_on_caller(const char *name, const void *caller)
{
	if (!name)
		return false;
	if (strchr(name, '$'))
		return true;
	return !strchr(name, '/') && has_search_path(caller);
}

RCP_EXPORT void *
dlopen(const char *name, int flags)
{
	void *handle;

	rcp_next_resolve();
	if (depends_on_caller(name, __builtin_return_address(0)))
		return rcp_next.dlopen(name, flags); /* a jump: see above */
	handle = rcp_next.dlopen(name, flags);
	if (handle)
		rcp_interpose_events.loaded(handle);
	return handle;
}

RCP_EXPORT int
dlclose(void *handle)
{
	int result;

	rcp_next_resolve();
	result = rcp_next.dlclose(handle);
	rcp_interpose_events.unloaded();
	return result;
}

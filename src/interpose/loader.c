/* SPDX-License-Identifier: MIT
 *
 * loader.c - dlopen and dlclose: an interpreter may appear, code may go.
 *
 * The loader searches a bare name by the RUNPATH of the caller's file, and
 * expands $ORIGIN by it; the caller is who the return address says.  Such
 * calls go on by a jump, as if we were not there; what was loaded is looked
 * at when the same thread next calls dlopen, dlclose or mmap (an interpreter
 * that starts maps its first arena).  All others are called and looked at.
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

/* The name that a thread has gone on with by a jump.  One at a time: another
 * thread's is not looked at. */
_Atomic(struct rcp_tls *) rcp_loader_went;
static char went_name[256];

static void
remember(const char *name)
{
	struct rcp_tls *free_slot = NULL, *t = &rcp_tls;
	size_t size = strlen(name) + 1;

	if (t->guard || size > sizeof(went_name) ||
	    !atomic_compare_exchange_strong(&rcp_loader_went, &free_slot, t))
		return;
	memcpy(went_name, name, size);
}

/* Whatever is there is there already: nothing is loaded by us, and the
 * reference is given back. */
void
rcp_loader_look(void)
{
	void *handle;

	if (rcp_tls.guard)
		return;
	rcp_next_resolve();
	rcp_boot_enter();
	handle = rcp_next.dlopen(went_name, RTLD_LAZY | RTLD_NOLOAD);
	dlerror();
	rcp_boot_leave();
	atomic_store(&rcp_loader_went, NULL);
	if (!handle)
		return;
	rcp_interpose_events.loaded(handle);
	rcp_boot_enter();
	rcp_next.dlclose(handle);
	rcp_boot_leave();
}

/* A link map is the handle that dlopen would give. */
void
rcp_loader_look_at(const void *caller)
{
	struct dl_find_object found;

	if (rcp_tls.guard || !_dl_find_object ||
	    _dl_find_object((void *)(uintptr_t)caller, &found) != 0 ||
	    !strstr(found.dlfo_link_map->l_name, "libpython"))
		return;
	atomic_store(&rcp_loader_went, NULL);
	rcp_interpose_events.loaded(found.dlfo_link_map);
}

RCP_EXPORT void *
dlopen(const char *name, int flags)
{
	void *handle;

	rcp_next_resolve();
	rcp_loader_attend();
	if (depends_on_caller(name, __builtin_return_address(0))) {
		remember(name);
		if (flags & RTLD_DEEPBIND)
			rcp_interpose_events.deep_bound(name);
		return rcp_next.dlopen(name, flags); /* a jump: see above */
	}
	handle = rcp_next.dlopen(name, flags);
	if (handle)
		rcp_interpose_events.loaded(handle);
	if (handle && name && (flags & RTLD_DEEPBIND))
		rcp_interpose_events.deep_bound(name);
	return handle;
}

RCP_EXPORT int
dlclose(void *handle)
{
	int result;

	rcp_next_resolve();
	rcp_loader_attend();
	rcp_interpose_events.unloading();
	result = rcp_next.dlclose(handle);
	rcp_interpose_events.unloaded();
	return result;
}

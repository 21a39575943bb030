/* SPDX-License-Identifier: MIT
 *
 * deaths_find.c - finds which functions deaths.c is to hear of: what types have
 * for their tp_dealloc, and which of those do nothing but free.  Off the path of
 * objects; the GIL is held.
 */
#include "base/clock.h"
#include "pyhooks/garbage.h"
#include "pyhooks/objects.h"
#include "python/python.h"
#include "python/types.h"
#include "record/object.h"

#define DEPTH 60u /* of subclasses */

static uint32_t visits;

/* Deallocators that do nothing but free their object, up to 3.12; what they free
 * it by.  Other types may have them, too. */
static const char *const only_freed[] = {
	"PyLong_Type", "PyUnicode_Type", "PyBytes_Type",
};
#define ONLY_FREED (sizeof(only_freed) / sizeof(only_freed[0]))

static const void *only_free[ONLY_FREED], *free_by;
/* Deaths are told by the free; they must not be: births are not known, or not all
 * such types free by FREE_BY. */
static bool is_by_free, by_entry;

static void
note(enum rcp_patched kind, const void *type)
{
	if (rcp_patches_note(kind,
			     rcp_py_type_slot(type, RCP_PY_SLOT_DEALLOC)))
		rcp_due_wait();
}

static void
find_only_free(void)
{
	if (rcp_record_samples_objects() ||
	    rcp_py_births() != RCP_PY_BIRTHS_HOOK)
		return;
	for (size_t i = 0; i < ONLY_FREED && !only_free[i]; i++) {
		const void *type = rcp_py_symbol(only_freed[i]);

		if (!type)
			continue;
		only_free[i] = rcp_py_type_slot(type, RCP_PY_SLOT_DEALLOC);
		free_by = rcp_py_type_slot(type, RCP_PY_SLOT_FREE);
		note(RCP_PATCHED_FREE, type);
	}
}

bool
rcp_deaths_only_free(const void *type)
{
	const void *dealloc = rcp_py_type_slot(type, RCP_PY_SLOT_DEALLOC);

	for (size_t i = 0; i < ONLY_FREED; i++)
		if (dealloc && dealloc == only_free[i])
			return true;
	return false;
}

void
rcp_deaths_by_entry(void)
{
	by_entry = true;
	is_by_free = false;
	rcp_patches_switch(RCP_PATCHED_FREE, true);
}

void
rcp_deaths_by_free(void)
{
	is_by_free = free_by && !by_entry && rcp_births_by_hook();
	if (is_by_free)
		rcp_patches_switch(RCP_PATCHED_FREE, false);
}

void
rcp_deaths_note(const void *type)
{
	const void *free_of = rcp_py_type_slot(type, RCP_PY_SLOT_FREE);

	rcp_patches_allocator(free_of);
	note(RCP_PATCHED_DEALLOC, type);
	/* Its free may keep the block. */
	if (free_of != free_by && rcp_deaths_only_free(type))
		rcp_deaths_by_entry();
	rcp_garbage_note(type);
}

static bool
is_alone(void)
{
	void *head = rcp_objects_api.interp_head();

	return head && !rcp_objects_api.interp_next(head);
}

static void
place(void)
{
	uint64_t begin = rcp_clock_now();
	const char *why;

	if (rcp_arch_begin(&why) && is_alone())
		rcp_patches_place();
	rcp_due_took(begin, rcp_clock_now());
}

void
rcp_deaths_catch_up(void)
{
	if (rcp_due_now())
		place();
}

/* TYPE and what derives from it.  The call runs no Python code. */
static void
walk(void *subclasses, void *type, unsigned depth)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *list;

	if (!rcp_pytype_visit(type, visits) ||
	    !rcp_py_type_has_subclasses(type))
		return;
	list = depth < DEPTH ? py->call(subclasses, type, NULL) : NULL;
	if (!list) {
		py->err_clear();
		return;
	}
	for (ssize_t i = 0; i < rcp_objects_api.list_size(list); i++)
		walk(subclasses, rcp_objects_api.list_item(list, i),
		     depth + 1);
	py->decref(list);
}

static void
find_functions(void)
{
	static const char *const known[] = {
		"PyObject_Free", "PyMem_Free", "PyMem_RawFree",
		"PyObject_GC_Del", "_PyObject_Free", "_PyMem_RawFree",
	};
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *subclasses;

	rcp_tls.boot++;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		rcp_patches_allocator(rcp_py_symbol(known[i]));
	find_only_free();
	rcp_tls.boot--;
	subclasses = py->getattr(rcp_objects_api.type_type, "__subclasses__");
	visits++;
	if (subclasses) {
		walk(subclasses, rcp_objects_api.object_type, 0);
		py->decref(subclasses);
	}
	py->err_clear();
}

void
rcp_deaths_look(void)
{
	const char *why;

	if (!rcp_arch_begin(&why) || !is_alone() || !rcp_patches_begin())
		return;
	if (rcp_record_samples_objects())
		rcp_patches_filter(RCP_PATCHED_DEALLOC);
	find_functions();
	rcp_deaths_catch_up();
}

bool
rcp_deaths_patched(void)
{
	const char *why;

	return rcp_arch_begin(&why) && !rcp_patches_refused();
}

void
rcp_deaths_cover(struct rcp_str *out)
{
	const char *why = "the program's text can not be written to";

	if (!rcp_arch_begin(&why) || rcp_patches_refused()) {
		rcp_str_add(out, rcp_births_by_tracer() ?
					 "by PyRefTracer and when memory is "
					 "freed, since " :
					 "when memory is freed only, since ");
		rcp_str_add(out, why);
		return;
	}
	rcp_patches_cover(RCP_PATCHED_DEALLOC, out);
	rcp_str_add(out, " deallocators watched");
	if (is_by_free)
		rcp_str_add(out, ", int and str and bytes as they are freed");
	if (rcp_patches_full())
		rcp_str_add(out, ", further ones not");
}

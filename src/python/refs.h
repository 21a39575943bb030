/* SPDX-License-Identifier: MIT
 *
 * refs.h - which objects an object refers to, and by which attribute.
 *
 * All calls are made with the GIL held, for objects that are whole; nothing
 * here allocates, runs Python code or counts references.
 */
#ifndef RCP_PYTHON_REFS_H
#define RCP_PYTHON_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At the bootstrap, where any code may run.  False: nothing below is to be
 * called. */
bool rcp_py_refs_setup(void);

/* Of an object with a collector's head: is it marked as what the collection
 * under way takes for garbage?  From the search for garbage on until it is gone
 * or found alive after all; but 3.8 takes the marks away before it clears. */
static inline bool
rcp_py_is_garbage(const void *object)
{
	/* _PyGC_PREV_MASK_COLLECTING in _gc_prev, the word before the object */
	return ((const uintptr_t *)object)[-1] & 2;
}
bool rcp_py_garbage_is_marked(void);

/* Is it in a list of the collector's? */
static inline bool
rcp_py_gc_is_tracked(const void *object)
{
	return ((const uintptr_t *)object)[-2] != 0;
}

/* The neighbours in the collector's list that the object is in, as objects
 * again.  One of them may be the list's own head, which is no object. */
static inline const void *
rcp_py_gc_next(const void *object)
{
	return (const char *)(((const uintptr_t *)object)[-2] &
			      ~(uintptr_t)3) + 16;
}

static inline const void *
rcp_py_gc_previous(const void *object)
{
	return (const char *)(((const uintptr_t *)object)[-1] &
			      ~(uintptr_t)3) + 16;
}

/* Calls VISIT for each object that OBJECT refers to, as the collector does. */
typedef int rcp_py_visit_fn(void *object, void *arg);
void rcp_py_traverse(void *object, rcp_py_visit_fn *visit, void *arg);

/* The collector never breaks cycles at such objects. */
bool rcp_py_type_is_never_cleared(const void *type);

/* A class made by Python code, or the like. */
bool rcp_py_type_is_heap(const void *type);

/* The dict of an instance; NULL: it has none, or its attributes are kept
 * without. */
const void *rcp_py_instance_dict(const void *object);

/* The name of the attribute of FROM that is TO, as UTF-8 of at most CAP bytes
 * which are not terminated.  Returns how many; 0: there is none that can be
 * read. */
size_t rcp_py_attribute(void *from, const void *to, char *out, size_t cap);

#endif

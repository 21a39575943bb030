/* SPDX-License-Identifier: MIT
 *
 * types.h - what a type object says of itself and of its instances.
 *
 * All functions read memory only, but for the name, whose module is looked up
 * in the type's dictionary: a look-up by an interned key, which allocates
 * nothing and leaves the thread's exception as it is.  The GIL is held.
 */
#ifndef RCP_PYTHON_TYPES_H
#define RCP_PYTHON_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "python/runtime.h"

/* At the bootstrap, where any code may run.  False: types can not be read. */
bool rcp_py_types_setup(void);

/* The type of an object, where L is the interpreter's layout. */
static inline const void *
rcp_py_type_by(const struct rcp_py_layout *l, const void *object)
{
	return rcp_py_pointer(object, l->object_type);
}

static inline const void *
rcp_py_type_of(const void *object)
{
	return rcp_py_type_by(&rcp_py_rt.layout, object);
}

/* Words of a type object, from tp_dealloc on; unchanged since 3.4. */
#define RCP_PY_WEAKLIST_WORD 20
#define RCP_PY_SUBCLASSES_WORD 39
#define RCP_PY_DEL_WORD 41
#define RCP_PY_FINALIZE_WORD 43

static inline const char *
rcp_py_type_word_by(const struct rcp_py_layout *l, const void *type, int word)
{
	return rcp_py_pointer((const char *)type + l->type_dealloc + 8 * word,
			      0);
}

static inline const char *
rcp_py_type_word(const void *type, int word)
{
	return rcp_py_type_word_by(&rcp_py_rt.layout, type, word);
}

/* Py_TPFLAGS_* */
#define RCP_PY_FLAG_HEAP (1ul << 9)

static inline unsigned long
rcp_py_type_raw_flags_by(const struct rcp_py_layout *l, const void *type)
{
	return (unsigned long)(uintptr_t)rcp_py_pointer(type, l->type_flags);
}

static inline unsigned long
rcp_py_type_raw_flags(const void *type)
{
	return rcp_py_type_raw_flags_by(&rcp_py_rt.layout, type);
}

/* May there be types that derive from it?  From 3.12 on the word of a type of the
 * interpreter's own is another: those are asked. */
static inline bool
rcp_py_type_has_subclasses(const void *type)
{
	return !(rcp_py_type_raw_flags(type) & RCP_PY_FLAG_HEAP) ||
	       rcp_py_type_word(type, RCP_PY_SUBCLASSES_WORD);
}

/* RCP_TYPE_*: what its instances have before them in their blocks. */
unsigned rcp_py_type_flags(const void *type);

/* Bytes between the beginning of an object's block and the object. */
unsigned rcp_py_type_before(const void *type);

/* Are its instances types themselves? */
bool rcp_py_type_is_meta(const void *type);

/* May its instances come back to life, by __del__?  Classes made by Python
 * code and the like: never one whose objects go to a free list. */
static inline bool
rcp_py_type_finalizes_by(const struct rcp_py_layout *l, const void *type)
{
	return (rcp_py_type_raw_flags_by(l, type) & RCP_PY_FLAG_HEAP) &&
	       (rcp_py_type_word_by(l, type, RCP_PY_FINALIZE_WORD) ||
		rcp_py_type_word_by(l, type, RCP_PY_DEL_WORD));
}

static inline bool
rcp_py_type_finalizes(const void *type)
{
	return rcp_py_type_finalizes_by(&rcp_py_rt.layout, type);
}

/* Do weakrefs refer to it? */
bool rcp_py_has_weakrefs(const void *object);

/* Has the object references? */
bool rcp_py_is_referenced(const void *object);

/* "module.qualname" as UTF-8, without "builtins."; at most CAP bytes, which
 * are not terminated.  Returns how many. */
size_t rcp_py_type_name(const void *type, char *out, size_t cap);

enum rcp_py_slot {
	RCP_PY_SLOT_DEALLOC,
	RCP_PY_SLOT_CLEAR,
	RCP_PY_SLOT_FREE,
	RCP_PY_SLOTS,
};
/* The function in a slot, or NULL. */
const void *rcp_py_type_slot(const void *type, enum rcp_py_slot slot);

/* Stores FUNCTION into TYPE's tp_dealloc; returns what stood there. */
void *rcp_py_type_set_dealloc(void *type, void *function);

/* Where an object's type stands in it. */
unsigned rcp_py_type_offset(void);
const void *rcp_py_tuple_type(void);
/* Where a type's tuple of base classes stands in it, itself the first. */
unsigned rcp_py_mro_offset(void);

/* CPython's PyMethodDef. */
struct rcp_py_method {
	const char *name;
	void *call;
	int flags;
	const char *doc;
};
/* The definition behind a builtin function, or NULL. */
struct rcp_py_method *rcp_py_method_of(void *function);

/* Bytes of a block with an object of TYPE, without items. */
size_t rcp_py_type_size(const void *type);

/* Where objects get their births from: */
enum rcp_py_births {
	RCP_PY_BIRTHS_NONE,   /* nowhere: free-threaded builds for now */
	RCP_PY_BIRTHS_TRACER, /* PyRefTracer */
	RCP_PY_BIRTHS_HOOK,   /* tracemalloc's hook in _Py_NewReference */
};
enum rcp_py_births rcp_py_births(void);

#endif

/* SPDX-License-Identifier: MIT
 *
 * types.c - see types.h.  Called from the hooks at births and deaths.
 */
#include "python/types.h"

#include <string.h>

#include "python/runtime.h"
#include "rcprof/format.h"

/* Py_TPFLAGS_* */
#define FLAG_GC (1ul << 14)
#define FLAG_TYPE (1ul << 31)

/* Slots of a type object, from tp_dealloc on in words; unchanged since 3.4. */
static const uint16_t slot_word[RCP_PY_SLOTS] = {
	[RCP_PY_SLOT_DEALLOC] = 0,
	[RCP_PY_SLOT_CLEAR] = 18,
	[RCP_PY_SLOT_FREE] = 34,
};
#define DICT_WORD 27
#define MRO_WORD 37
#define NAME_WORD (-3)
#define SIZE_WORD (-2)

static void *(*dict_get)(void *dict, void *key);
static void *module_key; /* the str "__module__" */
static const void *tuple_type;

bool
rcp_py_types_setup(void)
{
	void *(*intern)(const char *text);
	void *p;

	if (rcp_py_rt.no_walk || !rcp_py_rt.layout.type_qualname)
		return false;
	if (module_key)
		return true;
	p = rcp_py_symbol("PyDict_GetItem");
	memcpy(&dict_get, &p, sizeof(p));
	p = rcp_py_symbol("PyUnicode_InternFromString");
	memcpy(&intern, &p, sizeof(p));
	tuple_type = rcp_py_symbol("PyTuple_Type");
	if (dict_get && intern && tuple_type)
		module_key = intern("__module__");
	return module_key != NULL;
}

unsigned
rcp_py_type_flags(const void *type)
{
	unsigned long flags = rcp_py_type_raw_flags(type);

	return ((flags & FLAG_GC) ? RCP_TYPE_COLLECTED : 0u) |
	       ((flags & rcp_py_rt.layout.type_before) ? RCP_TYPE_MANAGED :
							 0u);
}

unsigned
rcp_py_type_before(const void *type)
{
	return 16u *
	       (unsigned)__builtin_popcount(rcp_py_type_flags(type));
}

bool
rcp_py_type_is_meta(const void *type)
{
	return rcp_py_type_raw_flags(type) & FLAG_TYPE;
}

bool
rcp_py_has_weakrefs(const void *object)
{
	const char *type = rcp_py_type_of(object);
	intptr_t offset = (intptr_t)rcp_py_type_word(type, RCP_PY_WEAKLIST_WORD);

	return offset && rcp_py_pointer((const char *)object + offset, 0);
}

/* The count is the object's first word, or the lower half of it. */
bool
rcp_py_is_referenced(const void *object)
{
	return rcp_py_int(object, 0) > 0;
}

const void *
rcp_py_type_slot(const void *type, enum rcp_py_slot slot)
{
	return rcp_py_type_word(type, slot_word[slot]);
}

void *
rcp_py_type_set_dealloc(void *type, void *function)
{
	char *slot = (char *)type + rcp_py_rt.layout.type_dealloc;
	void *was;

	memcpy(&was, slot, sizeof(was));
	if (was != function)
		memcpy(slot, &function, sizeof(function));
	return was;
}

unsigned
rcp_py_type_offset(void)
{
	return rcp_py_rt.layout.object_type;
}

const void *
rcp_py_tuple_type(void)
{
	return tuple_type;
}

unsigned
rcp_py_mro_offset(void)
{
	return rcp_py_rt.layout.type_dealloc + 8u * MRO_WORD;
}

static size_t
put_text(const char *str, char *out, size_t cap)
{
	struct rcp_py_text text;

	if (!rcp_py_text_read(str, &text))
		return 0;
	return rcp_py_text_utf8(&text, out, cap);
}

static size_t
heap_name(const char *type, char *out, size_t cap)
{
	const char *name, *dict = rcp_py_type_word(type, DICT_WORD);
	const char *module = NULL;
	size_t n = 0;

	name = rcp_py_pointer(type, rcp_py_rt.layout.type_qualname);
	if (dict)
		module = dict_get((void *)(uintptr_t)dict, module_key);
	if (module)
		n = put_text(module, out, cap / 2);
	if (n == 8 && memcmp(out, "builtins", 8) == 0)
		n = 0;
	if (n)
		out[n++] = '.';
	return n + put_text(name, out + n, cap - n);
}

size_t
rcp_py_type_name(const void *type, char *out, size_t cap)
{
	const char *name;
	size_t n;

	if (rcp_py_type_raw_flags(type) & RCP_PY_FLAG_HEAP)
		return heap_name(type, out, cap);
	name = rcp_py_type_word(type, NAME_WORD);
	if (strncmp(name, "builtins.", 9) == 0)
		name += 9;
	n = strnlen(name, cap);
	memcpy(out, name, n);
	return n;
}

size_t
rcp_py_type_size(const void *type)
{
	return rcp_py_type_before(type) +
	       (size_t)(uintptr_t)rcp_py_type_word(type, SIZE_WORD);
}

struct rcp_py_method *
rcp_py_method_of(void *function)
{
	static const char *kind;

	if (!kind)
		kind = rcp_py_symbol("PyCFunction_Type");
	if (!kind || !rcp_py_is(function, kind))
		return NULL;
	/* behind the object's head */
	return *(struct rcp_py_method **)((char *)function +
					  rcp_py_rt.layout.object_type + 8);
}

enum rcp_py_births
rcp_py_births(void)
{
	if (rcp_py_rt.layout.free_threaded)
		return RCP_PY_BIRTHS_NONE;
	return rcp_py_rt.layout.minor >= 13 ? RCP_PY_BIRTHS_TRACER :
					      RCP_PY_BIRTHS_HOOK;
}

/* SPDX-License-Identifier: MIT
 *
 * refs.c - see refs.h.  Called inside the collector, before an object is
 * cleared or freed.
 */
#include "python/refs.h"

#include <string.h>

#include "python/runtime.h"
#include "python/types.h"

/* Py_TPFLAGS_* */
#define FLAG_INLINE_VALUES (1ul << 2) /* from 3.13 on */
#define FLAG_MANAGED_DICT (1ul << 4)  /* from 3.11 on */
#define FLAG_HEAP (1ul << 9)

/* Words of a type object, from tp_dealloc on; unchanged since 3.4. */
#define SIZE_WORD (-2)
#define ITEM_WORD (-1)
#define TRAVERSE_WORD 17
#define CLEAR_WORD 18
#define MEMBERS_WORD 24
#define BASE_WORD 26
#define DICTOFFSET_WORD 30

/* CPython's PyMemberDef, and the kinds that are objects. */
struct member {
	const char *name;
	int type;
	ssize_t offset;
	int flags;
	const char *doc;
};
#define T_OBJECT 6
#define T_OBJECT_EX 16
#define RELATIVE_OFFSET 8 /* a flag, from 3.12 on */

#define NAMES_MOST 1000 /* entries of a dict that are looked at */
#define BASES_MOST 64

static int (*dict_next)(void *dict, ssize_t *at, void **key, void **value);

bool
rcp_py_refs_setup(void)
{
	void *p = rcp_py_symbol("PyDict_Next");

	/* Objects are not linked into lists without the GIL. */
	if (rcp_py_rt.no_walk || rcp_py_rt.layout.free_threaded ||
	    !rcp_py_rt.layout.type_qualname)
		return false;
	memcpy(&dict_next, &p, sizeof(p));
	return dict_next != NULL;
}

bool
rcp_py_garbage_is_marked(void)
{
	return rcp_py_rt.layout.minor > 8;
}

static unsigned long
flags_of(const char *type)
{
	unsigned long flags;

	memcpy(&flags, type + rcp_py_rt.layout.type_flags, sizeof(flags));
	return flags;
}

static const char *
word_of(const char *type, int word)
{
	return rcp_py_pointer(type + rcp_py_rt.layout.type_dealloc + 8 * word,
			      0);
}

static ssize_t
number_of(const char *type, int word)
{
	return (ssize_t)(intptr_t)word_of(type, word);
}

void
rcp_py_traverse(void *object, rcp_py_visit_fn *visit, void *arg)
{
	int (*traverse)(void *, rcp_py_visit_fn *, void *);
	const char *p = word_of(rcp_py_type_of(object), TRAVERSE_WORD);

	memcpy(&traverse, &p, sizeof(p));
	if (traverse)
		(void)traverse(object, visit, arg);
}

bool
rcp_py_type_is_never_cleared(const void *type)
{
	return !word_of(type, CLEAR_WORD);
}

bool
rcp_py_type_is_heap(const void *type)
{
	return flags_of(type) & FLAG_HEAP;
}

/* --- attributes ------------------------------------------------------------- */

/* Three words before the object; up to 3.12 it may hold values instead, which
 * 3.11 has another word for. */
static const char *
managed_dict(const char *object)
{
	const char *dict = rcp_py_pointer(object - 24, 0);

	return (uintptr_t)dict & 1 ? NULL : dict;
}

const void *
rcp_py_instance_dict(const void *object)
{
	const char *type = rcp_py_type_of(object);
	ssize_t offset = number_of(type, DICTOFFSET_WORD);
	ssize_t items;

	if (rcp_py_rt.layout.type_before &&
	    flags_of(type) & FLAG_MANAGED_DICT)
		return managed_dict(object);
	if (offset < 0) {
		/* from the end of an object with items */
		memcpy(&items, (const char *)object +
				       rcp_py_rt.layout.var_size,
		       sizeof(items));
		items = items < 0 ? -items : items;
		offset += (number_of(type, SIZE_WORD) +
			   items * number_of(type, ITEM_WORD) + 7) & ~7;
	}
	return offset > 0 ? rcp_py_pointer((const char *)object + offset, 0) :
			    NULL;
}

static size_t
put_name(const char *name, char *out, size_t cap)
{
	struct rcp_py_text text;

	if (!name || !rcp_py_text_read(name, &text))
		return 0;
	return rcp_py_text_utf8(&text, out, cap);
}

static size_t
name_in_dict(const void *dict, const void *to, char *out, size_t cap)
{
	void *key, *value;
	ssize_t at = 0;

	for (int i = 0; i < NAMES_MOST &&
			dict_next((void *)(uintptr_t)dict, &at, &key, &value);
	     i++)
		if (value == to)
			return put_name(key, out, cap);
	return 0;
}

/* The values of an instance that has no dict, from 3.11 on. */
static const char *
values_of(const char *object, const char *type)
{
	const char *values;

	switch (rcp_py_rt.layout.minor) {
	case 11:
		return rcp_py_pointer(object - 32, 0);
	case 12:
		values = rcp_py_pointer(object - 24, 0);
		return (uintptr_t)values & 1 ? values + 1 : NULL;
	default:
		if (!(flags_of(type) & FLAG_INLINE_VALUES))
			return NULL;
		/* capacity, size, embedded, valid: a byte each */
		values = object + number_of(type, SIZE_WORD);
		return values[3] ? values + 8 : NULL;
	}
}

/* CPython's PyDictKeysObject, as far as instances share it. */
struct keys {
	ssize_t references;
	uint8_t log2_size, log2_index_bytes, kind;
	uint32_t version;
	ssize_t usable, entries;
	char indices[];
};
#define KEYS_SPLIT 2

static size_t
name_in_values(const char *object, const char *type, const void *to,
	       char *out, size_t cap)
{
	const char *values = values_of(object, type);
	/* behind the qualified name */
	const struct keys *keys = (const void *)rcp_py_pointer(
		type, rcp_py_rt.layout.type_qualname + 8);
	const char *entries;

	if (!values || !keys || keys->kind != KEYS_SPLIT)
		return 0;
	entries = keys->indices + ((size_t)1 << keys->log2_index_bytes);
	for (ssize_t i = 0; i < keys->entries && i < NAMES_MOST; i++)
		if (rcp_py_pointer(values + 8 * i, 0) == to)
			return put_name(rcp_py_pointer(entries + 16 * i, 0),
					out, cap);
	return 0;
}

/* __slots__, and what builtin types declare in the same way. */
static size_t
name_in_members(const char *object, const char *type, const void *to,
		char *out, size_t cap)
{
	for (int i = 0; type && i < BASES_MOST;
	     type = word_of(type, BASE_WORD), i++) {
		const struct member *m =
			(const void *)word_of(type, MEMBERS_WORD);

		for (; m && m->name; m++) {
			if ((m->type != T_OBJECT && m->type != T_OBJECT_EX) ||
			    m->flags & RELATIVE_OFFSET ||
			    rcp_py_pointer(object + m->offset, 0) != to)
				continue;
			cap = strnlen(m->name, cap);
			memcpy(out, m->name, cap);
			return cap;
		}
	}
	return 0;
}

size_t
rcp_py_attribute(void *from, const void *to, char *out, size_t cap)
{
	const char *type = rcp_py_type_of(from);
	const void *dict = rcp_py_instance_dict(from);
	size_t n = name_in_members(from, type, to, out, cap);

	if (!n && dict)
		n = name_in_dict(dict, to, out, cap);
	else if (!n && rcp_py_rt.layout.type_before &&
		 flags_of(type) & FLAG_MANAGED_DICT)
		n = name_in_values(from, type, to, out, cap);
	return n;
}

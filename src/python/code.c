/* SPDX-License-Identifier: MIT
 *
 * code.c - what a code object says of itself: names and line table.  Called
 * from the hooks at a code object's first sight.  Reads memory only.
 */
#include <string.h>

#include "python/python.h"
#include "python/runtime.h"

/* Py_TPFLAGS_*_SUBCLASS: set in the builtin type and what derives from it. */
#define FLAG_BYTES (1ul << 27)
#define FLAG_STR (1ul << 28)

/* Bits of a str's state, counted from the kind: kind:3, compact:1, ascii:1 */
#define KIND_MASK 7u
#define COMPACT (1u << 3)
#define ASCII (1u << 4)

static bool
has_flag(const char *object, unsigned long flag)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;
	const char *type;
	unsigned long flags;

	if (!object)
		return false;
	type = rcp_py_pointer(object, l->object_type);
	memcpy(&flags, type + l->type_flags, sizeof(flags));
	return flags & flag;
}

static size_t
read_size(const char *base, unsigned offset)
{
	ssize_t n;

	memcpy(&n, base + offset, sizeof(n));
	return n < 0 ? 0 : (size_t)n;
}

bool
rcp_py_text_read(const char *str, struct rcp_py_text *out)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;
	uint32_t state;

	if (!has_flag(str, FLAG_STR))
		return false;
	memcpy(&state, str + l->str_state, sizeof(state));
	state >>= l->str_kind_shift;
	out->width = state & KIND_MASK;
	out->ascii = state & ASCII;
	out->chars = read_size(str, l->str_length);
	if (!(state & COMPACT)) /* an instance of a subclass */
		out->data = rcp_py_pointer(str, l->str_compact);
	else
		out->data = str + (out->ascii ? l->str_ascii : l->str_compact);
	return out->data &&
	       (out->width == 1 || out->width == 2 || out->width == 4);
}

bool
rcp_py_code_read(const void *code, struct rcp_py_code *out)
{
	const struct rcp_py_layout *l = &rcp_py_rt.layout;
	const char *c = code, *table;

	if (!rcp_py_is(c, rcp_py_rt.code_type))
		return false;
	if (!rcp_py_text_read(rcp_py_pointer(c, l->code_filename),
			      &out->filename) ||
	    !rcp_py_text_read(rcp_py_pointer(c, l->code_name), &out->name))
		return false;
	out->first_line = (uint32_t)rcp_py_int(c, l->code_first_line);
	table = rcp_py_pointer(c, l->code_table);
	if (has_flag(table, FLAG_BYTES)) {
		out->table_kind = l->table_kind;
		out->table = (const uint8_t *)table + l->bytes_data;
		out->table_size = read_size(table, l->var_size);
	} else {
		out->table_kind = RCP_LINETABLE_NONE;
		out->table = NULL;
		out->table_size = 0;
	}
	return true;
}

static uint32_t
character(const struct rcp_py_text *text, size_t i)
{
	uint16_t two;
	uint32_t c;

	switch (text->width) {
	case 1:
		return ((const uint8_t *)text->data)[i];
	case 2:
		memcpy(&two, (const char *)text->data + 2 * i, 2);
		c = two;
		break;
	default:
		memcpy(&c, (const char *)text->data + 4 * i, 4);
		break;
	}
	if ((c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return 0xfffd;
	return c;
}

static size_t
utf8_length(uint32_t c)
{
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static void
utf8_put(uint32_t c, size_t len, char *out)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t i;

	for (i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)(lead[len] | c);
}

size_t
rcp_py_text_utf8(const struct rcp_py_text *text, char *out, size_t cap)
{
	size_t i, len, n = 0;
	uint32_t c;

	if (text->ascii) {
		n = text->chars < cap ? text->chars : cap;
		memcpy(out, text->data, n);
		return n;
	}
	for (i = 0; i < text->chars; i++) {
		c = character(text, i);
		len = utf8_length(c);
		if (len > cap - n)
			break;
		if (len == 1)
			out[n] = (char)c;
		else
			utf8_put(c, len, out + n);
		n += len;
	}
	return n;
}

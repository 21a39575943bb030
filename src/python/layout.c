/* SPDX-License-Identifier: MIT
 *
 * layout.c - chooses the offsets for the interpreter that was found: a row of
 * the generated table up to 3.12, from 3.13 on what the interpreter itself
 * says in _Py_DebugOffsets.  Pure, slow path.
 */
#include "python/layout.h"

#include <stddef.h>

#include "python/layout_rows.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* _Py_DebugOffsets begins with these three words. */
#define COOKIE "xdebugpy"
#define WORD_VERSION 1
#define WORD_FREE_THREADED 2

/* How much longer an object's head is where there is no GIL. */
#define FREE_THREADED_HEAD 16

/* No struct of theirs that we look into is larger. */
#define OFFSET_MAX 65535u

static void
common(struct rcp_py_layout *l)
{
	if (l->minor <= 10)
		l->family = RCP_PY_FRAMES;
	else if (l->minor <= 12)
		l->family = RCP_PY_CFRAMES;
	else
		l->family = RCP_PY_CURRENT;
	if (l->minor <= 9)
		l->table_kind = RCP_LINETABLE_LNOTAB;
	else if (l->minor == 10)
		l->table_kind = RCP_LINETABLE_310;
	else
		l->table_kind = RCP_LINETABLE_LOCATION;
	l->current_is_shared = l->minor <= 11;
	l->lasti_unit = l->minor == 10 ? 2 : 1;
	l->str_kind_shift = 2;
	/* Py_TPFLAGS_MANAGED_DICT, and _WEAKREF where it is in front as well */
	if (l->minor >= 12)
		l->type_before = 1ul << 3 | 1ul << 4;
	else if (l->minor == 11)
		l->type_before = 1ul << 4;
}

/* Takes WORDS[INDEX] as an offset; clears *OK when it can not be one. */
static uint16_t
offset(const uint64_t *words, unsigned index, bool *ok)
{
	if (words[index] > OFFSET_MAX) {
		*ok = false;
		return 0;
	}
	return (uint16_t)words[index];
}

static bool
from_debug_offsets(struct rcp_py_layout *l, const struct rcp_py_debug_row *row,
		   const uint64_t *words)
{
	bool ok = true;

#define TAKE(field) l->field = offset(words, row->field, &ok)
	TAKE(tstate_frame);
	TAKE(tstate_interp);
	TAKE(tstate_thread);
	TAKE(frame_code);
	TAKE(frame_back);
	TAKE(frame_instr);
	TAKE(frame_owner);
	TAKE(code_first_line);
	TAKE(code_filename);
	TAKE(code_name);
	TAKE(code_table);
	TAKE(code_bytecode);
	TAKE(object_type);
	TAKE(type_flags);
	TAKE(bytes_data);
	TAKE(str_length);
	TAKE(str_state);
	TAKE(str_ascii);
#undef TAKE
	l->var_size = offset(words, row->bytes_size, &ok);
	/* tp_name, tp_basicsize, tp_itemsize, tp_dealloc; unchanged since 1.5 */
	l->type_dealloc = (uint16_t)(offset(words, row->type_name, &ok) + 24);
	/* the cached UTF-8 and its length follow the common part */
	l->str_compact = (uint16_t)(l->str_ascii + 16);
	l->interp_collecting = offset(words, row->interp_gc, &ok) +
			       offset(words, row->gc_collecting, &ok);
	l->code_begin = row->code_begin;
	l->type_qualname = row->type_qualname;
	l->free_threaded = words[WORD_FREE_THREADED] != 0;
	if (l->free_threaded) {
		l->code_begin = (uint16_t)(l->code_begin + FREE_THREADED_HEAD);
		l->type_qualname =
			(uint16_t)(l->type_qualname + FREE_THREADED_HEAD);
		if (row->code_tlbc) {
			l->code_tlbc = offset(words, row->code_tlbc, &ok);
			l->frame_tlbc = offset(words, row->frame_tlbc, &ok);
		}
		/* an interned byte of its own comes first */
		if (l->minor >= 14)
			l->str_kind_shift = 8;
	}
	return ok;
}

bool
rcp_py_layout_choose(struct rcp_py_layout *out, unsigned minor,
		     const void *runtime, const char **why)
{
	const uint64_t *words = runtime;
	size_t i;

	for (i = 0; i < ROWS(layout_rows); i++) {
		if (layout_rows[i].minor != minor)
			continue;
		*out = layout_rows[i];
		common(out);
		return true;
	}
	for (i = 0; i < ROWS(debug_rows); i++) {
		if (debug_rows[i].minor != minor)
			continue;
		memset(out, 0, sizeof(*out));
		out->minor = (uint8_t)minor;
		common(out);
		if (!words || memcmp(words, COOKIE, 8) != 0 ||
		    words[WORD_VERSION] >> 16 != (0x300u | minor)) {
			*why = "the interpreter's debug offsets are missing";
			return false;
		}
		if (!from_debug_offsets(out, &debug_rows[i], words)) {
			*why = "the interpreter's debug offsets make no sense";
			return false;
		}
		return true;
	}
	*why = "this version of CPython is not known";
	return false;
}

/* SPDX-License-Identifier: MIT
 *
 * layout.h - where CPython keeps what we read: offsets in bytes, one row per
 * version.  Private to src/python.
 */
#ifndef RCP_PYTHON_LAYOUT_H
#define RCP_PYTHON_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "rcprof/format.h"

/* How a thread's frames hang together. */
enum rcp_py_family {
	RCP_PY_FRAMES,  /* <= 3.10: frame objects */
	RCP_PY_CFRAMES, /* 3.11, 3.12: interpreter frames behind a cframe */
	RCP_PY_CURRENT, /* >= 3.13: interpreter frames */
};

struct rcp_py_layout {
	uint8_t minor;
	uint8_t family;     /* enum rcp_py_family */
	uint8_t table_kind; /* enum rcp_linetable */
	/* <= 3.11: the "current" thread state is whoever holds the GIL, and
	 * may be another thread's. */
	bool current_is_shared;
	bool free_threaded;
	uint8_t lasti_unit;     /* bytes; for frame objects */
	uint8_t str_kind_shift; /* bit of the kind in the state word */

	uint16_t tstate_frame; /* frame, or cframe */
	uint16_t tstate_interp, tstate_thread;
	uint16_t cframe_frame;
	/* What stands in each evaluator's C frame: 3.10 and 3.11; else 0. */
	uint16_t tstate_cframe, cframe_back;
	/* frame_instr: an int, or a pointer to the instruction.  tlbc: 0 where
	 * there is none. */
	uint16_t frame_code, frame_back, frame_instr, frame_owner, frame_tlbc;
	uint16_t frame_stacktop; /* 3.11 and 3.12; else 0 */
	uint16_t code_first_line, code_filename, code_name, code_table;
	/* code_begin: an int, index of the first instruction (in units of two
	 * bytes) at which a frame exists for Python code; before it, cells
	 * and generators are made.  0 up to 3.10: there is no such phase. */
	uint16_t code_bytecode, code_tlbc, code_begin;
	uint16_t object_type, var_size;
	uint16_t type_dealloc, type_flags, type_qualname;
	unsigned long type_before; /* flags of types whose objects have two
				      words more before them */
	uint16_t bytes_data;
	uint16_t str_length, str_state;
	uint16_t str_ascii;   /* characters of a compact ASCII str */
	uint16_t str_compact; /* characters of other compact ones */
	/* An int, true inside the collector: in the interpreter's state, or in
	 * _PyRuntime (3.8).  The other one is 0. */
	uint32_t interp_collecting, runtime_collecting;
};

/* The same from 3.13 on: indices into _Py_DebugOffsets, counted in 64-bit
 * words.  0: not there. */
struct rcp_py_debug_row {
	uint8_t minor;
	uint16_t tstate_frame, tstate_interp, tstate_thread;
	uint16_t frame_code, frame_back, frame_instr, frame_owner, frame_tlbc;
	uint16_t code_first_line, code_filename, code_name, code_table;
	uint16_t code_bytecode, code_tlbc;
	uint16_t object_type, type_name, type_flags;
	uint16_t bytes_size, bytes_data;
	uint16_t str_length, str_state, str_ascii;
	uint16_t interp_gc, gc_collecting;
	/* An offset like the ones above, of builds with the GIL. */
	uint16_t code_begin, type_qualname;
};

/* Fills OUT for CPython 3.MINOR, whose _PyRuntime is at RUNTIME.  False: not
 * known; WHY then says so in static text. */
bool rcp_py_layout_choose(struct rcp_py_layout *out, unsigned minor,
			  const void *runtime, const char **why);

static inline const char *
rcp_py_pointer(const char *base, unsigned offset)
{
	const char *p;

	memcpy(&p, base + offset, sizeof(p));
	return p;
}

static inline int32_t
rcp_py_int(const char *base, unsigned offset)
{
	int32_t n;

	memcpy(&n, base + offset, sizeof(n));
	return n;
}

/* Where in layout_rows.h, which begins with 3.8, 3.MINOR is, up to 3.12. */
#define RCP_PY_ROW(minor) ((minor) - 8)

#endif

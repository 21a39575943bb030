/* SPDX-License-Identifier: MIT
 *
 * python.h - the leaf that knows CPython: which interpreter is in the
 * process, where its frames are, what a code object is called.
 *
 * Nothing else in the tree knows a version, an offset or a struct of
 * CPython's.  Facts and their measurement: doc/HOWTO-new-cpython.md.
 */
#ifndef RCP_PYTHON_PYTHON_H
#define RCP_PYTHON_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hot.h"
#include "rcprof/format.h"

/* Looks for an interpreter (through dlsym; HANDLE NULL: the global scope, else
 * a dlopened libpython), and chooses the layout.  Slow path, once at start
 * and after each dlopen; the caller has set t->boot.  True when Python was
 * found, whether or not its frames can be walked.  Idempotent. */
bool rcp_py_discover(void *handle);

bool rcp_py_found(void);

/* "3.12.1", static; "" when none was found. */
const char *rcp_py_version(void);

/* Where its layout is from, for the coverage: "table", "debug offsets", ... */
const char *rcp_py_source(void);

/* A symbol of the interpreter that was found, or NULL.  Slow path. */
void *rcp_py_symbol(const char *name);

/* Py_IsInitialized(), callable from anywhere, false when not found. */
bool rcp_py_initialized(void);

/* One frame of the walk.  KEY is equal for two frames exactly when code and
 * last instruction are (as long as no code object has died in between, see
 * rcp_py_epoch); FRAME is valid during the hook only. */
struct rcp_py_frame {
	uintptr_t key;
	const void *frame;
};

/* The calling thread's Python stack, leaf first, into OUT (room for MAX).
 * Returns the number of frames, 0 when the thread has none or frames can not
 * be walked here; *DEEPER is set when there are more than MAX.  The hooks take
 * the same steps themselves: walk.h.
 * Reads memory only; no GIL needed.  Call it from allocation hooks and object
 * domain frees only: greenlet frees raw memory in the middle of a switch, with
 * another greenlet's C stack in place. */
unsigned rcp_py_walk(struct rcp_py_frame *out, unsigned max, bool *deeper);

/* The code object and the last instruction's offset in bytes (-1: not
 * started) of a frame from the walk that this hook just made.  *CODE is NULL
 * for a frame that Python code can not see either, as it is not complete yet
 * or a helper: the stack goes on as if it were not there.  That depends on
 * the frame's key alone.  False: this is no frame, to be refused. */
bool rcp_py_frame_code(const struct rcp_py_frame *f, const void **code,
		       int32_t *lasti);

/* Text inside a str object: CHARS characters of WIDTH bytes each, or UTF-8
 * when WIDTH is 1 and ASCII is set. */
struct rcp_py_text {
	const void *data;
	size_t chars;
	uint8_t width; /* 1 (Latin-1), 2, 4 */
	bool ascii;
};

/* What a code object says of itself; pointers into the interpreter's memory,
 * valid while the code object lives. */
struct rcp_py_code {
	struct rcp_py_text filename, name;
	uint32_t first_line;
	enum rcp_linetable table_kind;
	const uint8_t *table;
	size_t table_size;
};
bool rcp_py_code_read(const void *code, struct rcp_py_code *out);

/* Bytes that TEXT takes as UTF-8, and the conversion (at most CAP bytes,
 * whole characters); surrogates become U+FFFD.  Returns bytes written. */
size_t rcp_py_text_utf8(const struct rcp_py_text *text, char *out, size_t cap);

/* Grows whenever a code object has died, and when somebody else says that keys
 * and addresses from before may mean something else now.  Installed by rcp_py_watch_code(); DIED is called
 * with the GIL held, before the memory is freed (may be NULL). */
extern uint32_t rcp_py_epoch RCP_HIDDEN;
void rcp_py_watch_code(void (*died)(const void *code));

/* A second hook on the death of code objects: called with the GIL held when
 * the object is gone, without our guard, where the interpreter itself may run
 * any code.  NULL: none. */
void rcp_py_set_safe_point(void (*fn)(void));

/* True when the calling thread holds the GIL while its interpreter is inside
 * the cyclic collector.  There is one flag for all threads: it is true in
 * another thread too that runs while a finaliser gave up the GIL. */
bool rcp_py_collecting(void);
/* The same for a caller that holds the GIL. */
bool rcp_py_collecting_here(void);

/* Self-test, with the GIL held: does the walk agree with the interpreter's
 * own idea of the current frame?  Switches walking off and returns false when
 * it does not.  WHY (static text) is for the coverage. */
bool rcp_py_self_test(const char **why);

/* From `end` on only the calling thread's stack is walked: daemon threads
 * outlive their thread states.  The self-test after a new initialisation of
 * the interpreter ends this.  Nothing needs doing at fork. */
void rcp_py_finalizing(void);

/* True when the calling thread runs, or last ran, Python code of the main
 * interpreter. */
bool rcp_py_in_main(void);

#endif

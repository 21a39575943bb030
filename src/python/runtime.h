/* SPDX-License-Identifier: MIT
 *
 * runtime.h - the interpreter that was found, as the files of src/python
 * share it.  Written once by discover.c, before any walk.
 */
#ifndef RCP_PYTHON_RUNTIME_H
#define RCP_PYTHON_RUNTIME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "python/layout.h"

/* Functions of the interpreter: required ones, by field.  All exist, under
 * these names, in every version from 3.8 on. */
#define RCP_PY_FUNCTIONS(X) \
	X(is_initialized, "Py_IsInitialized", int, (void)) \
	X(gilstate, "PyGILState_GetThisThreadState", const char *, (void)) \
	X(interp_head, "PyInterpreterState_Head", const char *, (void)) \
	X(interp_main, "PyInterpreterState_Main", const char *, (void)) \
	X(eval_frame, "PyEval_GetFrame", void *, (void)) \
	X(frame_line, "PyFrame_GetLineNumber", int, (void *)) \
	X(code_line, "PyCode_Addr2Line", int, (void *, int)) \
	X(getattr, "PyObject_GetAttrString", void *, (void *, const char *)) \
	X(str_utf8, "PyUnicode_AsUTF8AndSize", const char *, \
	  (void *, ssize_t *)) \
	X(incref, "Py_IncRef", void, (void *)) \
	X(decref, "Py_DecRef", void, (void *)) \
	X(err_clear, "PyErr_Clear", void, (void))

struct rcp_py_runtime {
	bool found;
	void *handle; /* for dlsym */
	char version[32];
	struct rcp_py_layout layout;
	const char *no_walk; /* why frames can not be walked; NULL: they can */

	const char *state; /* &_PyRuntime */
	const char *code_type, *bytes_type;

	/* The thread state of whoever has the GIL (<= 3.11), or of the calling
	 * thread while it has it. */
	const char *(*current)(void);
#define RCP_PY_MEMBER(field, name, ret, args) ret(*field) args;
	RCP_PY_FUNCTIONS(RCP_PY_MEMBER)
#undef RCP_PY_MEMBER
	/* 3.9 on; NULL before: the attributes do. */
	void *(*frame_code)(void *);
	void *(*frame_back)(void *);
};

extern struct rcp_py_runtime rcp_py_rt;

/* walk.c: the calling thread's state, or NULL. */
const char *rcp_py_tstate(void);

/* walk.c: walking begins, or ends for good. */
void rcp_py_walk_enable(bool on);

/* watch.c: puts the wrapper in place, when code is to be watched. */
void rcp_py_watch_place(void);

/* walk.c: finalisation is over, or never came. */
void rcp_py_running(void);

static inline bool
rcp_py_is(const char *object, const char *type)
{
	return object &&
	       rcp_py_pointer(object, rcp_py_rt.layout.object_type) == type;
}

#endif

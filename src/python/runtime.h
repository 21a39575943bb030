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

#include "base/hot.h"
#include "python/layout.h"
#include "python/python.h"

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

/* How frames are reached: the family, and where the thread state is. */
enum rcp_py_way {
	RCP_PY_WAY_NONE,           /* there is no walking */
	RCP_PY_WAY_FRAMES,         /* up to 3.10 */
	RCP_PY_WAY_CFRAMES_SHARED, /* 3.11 */
	RCP_PY_WAY_CFRAMES,        /* 3.12 */
	RCP_PY_WAY_CURRENT,        /* from 3.13 on */
	RCP_PY_WAYS,
};

struct rcp_py_runtime {
	/* What each walk reads. */
	struct rcp_py_layout layout;
	_Atomic(enum rcp_py_way) way;
	/* Where in each thread the pointer to its state is, from the thread
	 * pointer; not known: where there is always NULL. */
	intptr_t own;
	/* Up to 3.11 only: of pthread's value, and where the interpreter keeps
	 * the state that holds the GIL. */
	uintptr_t own_stamp;
	const char *const *shared;

	bool found;
	void *handle; /* for dlsym */
	char version[32];
	const char *no_walk; /* why frames can not be walked; NULL: they can */

	const char *state; /* &_PyRuntime */
	const char *code_type, *bytes_type;
	/* 3.8 and 3.9: the code of _PyEval_EvalFrameDefault; 0: not known. */
	uintptr_t evaluator;
	size_t evaluator_size;

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

extern struct rcp_py_runtime rcp_py_rt RCP_HIDDEN;

/* accessor.c: what a function that only reads one pointer reads. */
struct rcp_py_accessor {
	bool thread;
	const char *address; /* of the pointer */
	intptr_t offset;     /* THREAD: instead, from the thread pointer */
};

/* False: FUNCTION is none, or none that we know.  IS_STATIC: its file was
 * loaded with the program, before it began. */
bool rcp_py_accessor(const void *function, bool is_static,
		     struct rcp_py_accessor *out);

/* tstate.c: the calling thread's state, or NULL; NULL too where the thread's
 * stack is not to be looked at. */
const char *rcp_py_tstate(void);

/* tstate.c: learns where a thread keeps its state: from the interpreter's
 * code, which then is in place, and, with the GIL held, from where it is. */
void rcp_py_tstate_look(bool is_static);
void rcp_py_tstate_learn(void);

/* walk.c: walking begins, or ends for good. */
void rcp_py_walk_enable(bool on);

/* watch.c: puts the wrapper in place, when code is to be watched. */
void rcp_py_watch_place(void);

/* tstate.c: finalisation is over, or never came. */
void rcp_py_running(void);

/* code.c: the text inside STR.  False: STR is no str object. */
bool rcp_py_text_read(const char *str, struct rcp_py_text *out);

static inline bool
rcp_py_is(const char *object, const char *type)
{
	return object &&
	       rcp_py_pointer(object, rcp_py_rt.layout.object_type) == type;
}

#endif

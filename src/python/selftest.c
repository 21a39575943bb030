/* SPDX-License-Identifier: MIT
 *
 * selftest.c - asks the interpreter for its current frames and compares them
 * with ours.  Runs once per initialisation, with the GIL held, at a point
 * where any code may run; exceptions are the caller's to save.
 */
#include <string.h>
#include <sys/types.h>

#include "python/python.h"
#include "python/runtime.h"

#define FRAMES 16
#define NAME_BYTES 256

/* The frame's code object, a new reference, or NULL. */
static void *
code_of(void *frame)
{
	if (rcp_py_rt.frame_code)
		return rcp_py_rt.frame_code(frame);
	return rcp_py_rt.getattr(frame, "f_code");
}

/* The next outer frame, a new reference; NULL or None at the end. */
static void *
back_of(void *frame)
{
	if (rcp_py_rt.frame_back)
		return rcp_py_rt.frame_back(frame);
	return rcp_py_rt.getattr(frame, "f_back");
}

/* Does CODE's attribute NAME equal TEXT? */
static bool
same_text(void *code, const char *name, const struct rcp_py_text *text)
{
	char ours[NAME_BYTES];
	size_t len = rcp_py_text_utf8(text, ours, sizeof(ours));
	void *str = rcp_py_rt.getattr(code, name);
	const char *theirs;
	ssize_t size = 0;
	bool same;

	theirs = str ? rcp_py_rt.str_utf8(str, &size) : NULL;
	/* Surrogates have no UTF-8; a long name is compared in part. */
	same = !theirs || (len <= (size_t)size && !memcmp(ours, theirs, len) &&
			   (len == (size_t)size || len > sizeof(ours) - 4));
	if (str)
		rcp_py_rt.decref(str);
	else
		rcp_py_rt.err_clear();
	return same && str;
}

static const char *
compare_code(void *code)
{
	struct rcp_py_code c;

	if (!rcp_py_code_read(code, &c))
		return "a code object could not be read";
	if (!same_text(code, "co_filename", &c.filename) ||
	    !same_text(code, rcp_py_rt.layout.minor >= 11 ? "co_qualname" :
							      "co_name",
		       &c.name))
		return "a code object has another name than was read";
	if (c.table_kind == RCP_LINETABLE_NONE)
		return "a code object's line table could not be read";
	return NULL;
}

/* One frame of theirs against one of ours.  NULL: they agree. */
static const char *
compare(void *theirs, const struct rcp_py_frame *ours)
{
	void *code = code_of(theirs);
	const void *own_code;
	const char *why = NULL;
	int32_t lasti;

	if (!code)
		return "the interpreter's frame has no code object";
	if (!rcp_py_frame_code(ours, &own_code, &lasti))
		why = "a frame's code object was not found";
	else if (own_code != code)
		why = "a frame has another code object than was read";
	else if (rcp_py_rt.code_line(code, lasti) !=
		 rcp_py_rt.frame_line(theirs))
		why = "a frame is at another line than was read";
	else
		why = compare_code(code);
	rcp_py_rt.decref(code);
	return why;
}

/* Leaves out what Python code does not see.  Returns how many remain. */
static unsigned
only_visible(struct rcp_py_frame *frames, unsigned count)
{
	unsigned i, n = 0;
	const void *code;
	int32_t lasti;

	for (i = 0; i < count; i++)
		if (!rcp_py_frame_code(&frames[i], &code, &lasti) || code)
			frames[n++] = frames[i];
	return n;
}

/* The whole chain, from THEIRS (borrowed) outwards. */
static const char *
compare_chain(char *theirs, const struct rcp_py_frame *ours, unsigned count,
	      bool deeper)
{
	const char *type = rcp_py_pointer(theirs,
					  rcp_py_rt.layout.object_type);
	unsigned i = 0;
	const char *why = NULL;
	char *outer;

	rcp_py_rt.incref(theirs);
	/* 3.8's attribute is None behind the last frame. */
	while (!why && theirs && rcp_py_is(theirs, type)) {
		if (i == count) {
			why = deeper ? NULL : "the stack is deeper than read";
			goto out;
		}
		why = compare(theirs, &ours[i++]);
		outer = back_of(theirs);
		rcp_py_rt.decref(theirs);
		theirs = outer;
	}
	if (!why && i < count)
		why = "the stack is less deep than was read";
out:
	if (theirs)
		rcp_py_rt.decref(theirs);
	return why;
}

bool
rcp_py_self_test(const char **why)
{
	struct rcp_py_frame ours[FRAMES];
	unsigned count;
	bool deeper;
	void *theirs;

	rcp_py_running();
	rcp_py_tstate_learn();
	*why = rcp_py_rt.no_walk;
	if (*why)
		return false;
	theirs = rcp_py_rt.eval_frame();
	count = only_visible(ours, rcp_py_walk(ours, FRAMES, &deeper));
	if (theirs)
		*why = compare_chain(theirs, ours, count, deeper);
	else if (count)
		*why = "there is no frame where one was read";
	if (!*why)
		return true;
	rcp_py_rt.no_walk = *why;
	rcp_py_walk_enable(false);
	return false;
}

/* SPDX-License-Identifier: MIT
 *
 * deaths_test.c - the self-test of deaths: objects of some kinds are made and
 * dropped, once, to see which of their deaths are heard of.  Where the
 * interpreter's compiler put a copy of a deallocator elsewhere, deaths that go
 * by there are seen by the free of memory only; those are counted, not tested.
 */
#include <string.h>

#include "pyhooks/objects.h"
#include "python/python.h"
#include "record/object.h"

struct rcp_deaths_probe rcp_deaths_probe;

enum how { EMPTY, WITH_ONE, NUMBER, REAL, BYTES, TEXT, CALLED, RAISED };

static const struct {
	const char *name, *symbol;
	enum how how;
} kinds[] = {
	{ "list", "PyList_New", WITH_ONE },
	{ "dict", "PyDict_New", EMPTY },
	{ "tuple", "PyTuple_New", WITH_ONE },
	{ "set", "PySet_Type", CALLED },
	{ "int", "PyLong_FromSsize_t", NUMBER },
	{ "float", "PyFloat_FromDouble", REAL },
	{ "bytes", "PyBytes_FromStringAndSize", BYTES },
	{ "str", "PyUnicode_FromString", TEXT },
	{ "object", "PyBaseObject_Type", CALLED },
	{ "exception", "PyExc_ValueError", RAISED },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool made[KINDS], seen[KINDS];

/* A new object by the function, or of the type, at P. */
static void *
make(void *p, enum how how)
{
	union {
		// cppcheck-suppress unusedStructMember ; initialised
		void *p;
		void *(*empty)(void);
		void *(*size)(ssize_t size);
		void *(*real)(double value);
		void *(*bytes)(const char *text, ssize_t size);
		void *(*text)(const char *text);
	} u = { p };

	switch (how) {
	case EMPTY:
		return u.empty();
	case WITH_ONE:
		return u.size(1);
	case NUMBER:
		return u.size((ssize_t)1 << 40);
	case REAL:
		return u.real(0.37);
	case BYTES:
		return u.bytes("one more", 8);
	case TEXT:
		return u.text("one more");
	case CALLED:
		return rcp_pyhooks_api.call(p, NULL);
	case RAISED:
		return rcp_pyhooks_api.call(*(void **)p, NULL);
	}
	return NULL;
}

/* Drops OP.  Its death is seen if there is a place of it. */
static void
drop(void *op)
{
	rcp_record_let_by((uintptr_t)op, true);
	rcp_deaths_probe = (struct rcp_deaths_probe){ op, NULL, NULL };
	rcp_pyhooks_api.decref(op);
	rcp_deaths_probe.op = NULL;
	rcp_record_let_by((uintptr_t)op, false);
}

/* Kinds whose deallocators do nothing but free, up to 3.12. */
static bool
is_only_freed(enum how how)
{
	return how == NUMBER || how == BYTES || how == TEXT;
}

void
rcp_deaths_test(void)
{
	bool same = true;

	for (unsigned i = 0; i < KINDS; i++) {
		void *p, *op;

		rcp_tls.boot++;
		p = rcp_py_symbol(kinds[i].symbol);
		rcp_tls.boot--;
		op = p ? make(p, kinds[i].how) : NULL;
		made[i] = op != NULL;
		if (op)
			drop(op);
		seen[i] = op && rcp_deaths_probe.entered;
		if (is_only_freed(kinds[i].how))
			same = same && seen[i] &&
			       rcp_deaths_probe.entered ==
				       rcp_deaths_probe.freed;
	}
	rcp_pyhooks_api.err_clear();
	if (same)
		rcp_deaths_by_free();
}

void
rcp_deaths_tested(struct rcp_str *out)
{
	unsigned all = 0, missing = 0;

	for (unsigned i = 0; i < KINDS; i++) {
		all += made[i];
		missing += made[i] && !seen[i];
	}
	rcp_str_add(out, !missing ? "all " : missing == all ? "none of " : "");
	if (missing && missing < all) {
		rcp_str_u64(out, all - missing);
		rcp_str_add(out, " of ");
	}
	rcp_str_u64(out, all);
	rcp_str_add(out, " kinds tested");
	for (unsigned i = 0, n = 0; i < KINDS && missing < all; i++) {
		if (!made[i] || seen[i])
			continue;
		rcp_str_add(out, n++ ? " and " : " and not ");
		rcp_str_add(out, kinds[i].name);
	}
}

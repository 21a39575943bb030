/* SPDX-License-Identifier: MIT
 *
 * accessor.c - what a function of the interpreter that does nothing but read
 * one pointer reads: `return _PyRuntime.gilstate.tstate_current;` or `return
 * _Py_tss_tstate;` as compilers write it.  The walk then reads it without the
 * call.  Slow path, once; anything unknown is left to the call.
 */
#include <link.h>
#include <string.h>

#include "python/runtime.h"

#if defined(__x86_64__)

/* Takes the bytes of PATTERN (in hexadecimal) off CODE, if they are there. */
static bool
eat(const uint8_t **code, const char *pattern)
{
	const uint8_t *c = *code;

	for (; *pattern; pattern += 2, c++) {
		unsigned high = (unsigned)(pattern[0] <= '9' ?
					   pattern[0] - '0' :
					   pattern[0] - 'a' + 10);
		unsigned low = (unsigned)(pattern[1] <= '9' ?
					  pattern[1] - '0' :
					  pattern[1] - 'a' + 10);

		if (*c != (high << 4 | low))
			return false;
	}
	*code = c;
	return true;
}

static int32_t
take_int(const uint8_t **code)
{
	int32_t n;

	memcpy(&n, *code, sizeof(n));
	*code += sizeof(n);
	return n;
}

/* The address that the next four bytes mean, relative to what follows. */
static const char *
take_relative(const uint8_t **code)
{
	int32_t n = take_int(code);

	return (const char *)*code + n;
}

struct module {
	size_t id;
	const char *block; /* the calling thread's */
};

static int
is_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct module *m = arg;

	(void)size;
	if (info->dlpi_tls_modid != m->id)
		return 0;
	m->block = info->dlpi_tls_data;
	return 1;
}

/* What __tls_get_addr(INDEX) is, as an offset from the thread pointer.  True
 * for one thread is true for all: the module was there before the program
 * began, so that its block is a part of every thread's static one. */
static bool
static_offset(const char *index, intptr_t *out)
{
	struct module m = { 0, NULL };
	size_t offset;

	memcpy(&m.id, index, sizeof(m.id));
	memcpy(&offset, index + sizeof(m.id), sizeof(offset));
	if (!m.id || dl_iterate_phdr(is_module, &m) != 1 || !m.block)
		return false;
	*out = m.block + offset - (const char *)__builtin_thread_pointer();
	return true;
}

/* The pointer at *(*GOT + OFFSET), or at *GOT_ITSELF. */
static bool
global(const uint8_t **code, struct rcp_py_accessor *out)
{
	const char *at = take_relative(code);
	int8_t near;

	out->thread = false;
	if (eat(code, "64488b00")) { /* mov %fs:(%rax),%rax */
		out->thread = true;
		memcpy(&out->offset, at, sizeof(out->offset));
	} else if (eat(code, "488b80")) { /* mov 32 bits(%rax),%rax */
		out->address = rcp_py_pointer(at, 0) + take_int(code);
	} else if (eat(code, "488b40")) { /* mov 8 bits(%rax),%rax */
		memcpy(&near, (*code)++, 1);
		out->address = rcp_py_pointer(at, 0) + near;
	} else {
		out->address = at;
	}
	return true;
}

static bool
body(const uint8_t **code, bool is_static, struct rcp_py_accessor *out)
{
	bool pushed;
	const char *index;

	if (eat(code, "488b05")) /* mov relative(%rip),%rax */
		return global(code, out);
	out->thread = true;
	if (eat(code, "64488b0425")) { /* mov %fs:number,%rax */
		out->offset = take_int(code);
		return true;
	}
	if (eat(code, "48c7c0")) { /* mov $number,%rax */
		out->offset = take_int(code);
		return eat(code, "64488b00");
	}
	pushed = eat(code, "4883ec08");
	if (!eat(code, "66488d3d")) /* lea relative(%rip),%rdi */
		return false;
	index = take_relative(code);
	/* call __tls_get_addr */
	if (!eat(code, "666648e8") && !eat(code, "6648ff15"))
		return false;
	take_int(code);
	if (!eat(code, "488b00") || (pushed && !eat(code, "4883c408")))
		return false;
	return is_static && static_offset(index, &out->offset);
}

bool
rcp_py_accessor(const void *function, bool is_static,
		struct rcp_py_accessor *out)
{
	const uint8_t *code = function;
	bool framed;

	eat(&code, "f30f1efa"); /* endbr64 */
	framed = eat(&code, "554889e5"); /* push %rbp; mov %rsp,%rbp */
	return body(&code, is_static, out) &&
	       eat(&code, framed ? "5dc3" : "c3");
}

#else

bool
rcp_py_accessor(const void *function, bool is_static,
		struct rcp_py_accessor *out)
{
	(void)function, (void)is_static, (void)out;
	return false;
}

#endif

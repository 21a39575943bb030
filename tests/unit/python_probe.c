/* SPDX-License-Identifier: MIT
 *
 * python_probe.c - src/python alone, as a library for ctypes: the test asks
 * from inside an interpreter what the leaf sees of it.  No hooks, no preload.
 */
#include <string.h>

#include "base/tls.h"
#include "python/python.h"

#define EXPORT __attribute__((visibility("default")))
#define FRAMES 2048

__thread struct rcp_tls rcp_tls;

/* As in python_cases.py. */
struct probe_frame {
	uintptr_t key;
	const void *code;
	const void *table;
	int64_t table_size;
	int32_t lasti, first_line, table_kind, name_size, file_size;
	char name[1024], file[1024];
};

EXPORT int probe_start(void);
EXPORT int probe_stack(struct probe_frame *out, int max, int *deeper);
EXPORT int probe_walk(int max, int *deeper);
EXPORT void *probe_thread(void *arg);
EXPORT int probe_collecting(void);
EXPORT int probe_in_main(void);
EXPORT unsigned probe_epoch(void);
EXPORT const void *probe_died(void);
EXPORT const char *probe_self_test(void);
EXPORT const char *probe_source(void);
EXPORT const char *probe_version(void);
EXPORT void probe_finalizing(void);
EXPORT int probe_cut(const char *data, int chars, int width, char *out,
		     int cap);

static const void *last_died;

static void
died(const void *code)
{
	last_died = code;
}

int
probe_start(void)
{
	rcp_py_watch_code(died);
	return rcp_py_discover(NULL);
}

static int
fill(struct probe_frame *out, const void *code, int32_t lasti, uintptr_t key)
{
	struct rcp_py_code c;

	if (!rcp_py_code_read(code, &c))
		return 0;
	out->key = key;
	out->code = code;
	out->table = c.table;
	out->table_size = (int64_t)c.table_size;
	out->table_kind = (int32_t)c.table_kind;
	out->lasti = lasti;
	out->first_line = (int32_t)c.first_line;
	out->name_size = (int32_t)rcp_py_text_utf8(&c.name, out->name,
						   sizeof(out->name));
	out->file_size = (int32_t)rcp_py_text_utf8(&c.filename, out->file,
						   sizeof(out->file));
	return 1;
}

/* The number of frames that Python code sees; -1: one was refused. */
int
probe_stack(struct probe_frame *out, int max, int *deeper)
{
	struct rcp_py_frame frames[FRAMES];
	const void *code;
	int32_t lasti;
	bool more;
	int n = 0, count;

	count = (int)rcp_py_walk(frames, max < FRAMES ? (unsigned)max : FRAMES,
				 &more);
	*deeper = more;
	for (int i = 0; i < count; i++) {
		if (!rcp_py_frame_code(&frames[i], &code, &lasti))
			return -1;
		if (!code)
			continue;
		if (!fill(&out[n++], code, lasti, frames[i].key))
			return -1;
	}
	return n;
}

int
probe_walk(int max, int *deeper)
{
	struct rcp_py_frame frames[FRAMES];
	bool more;
	int n = (int)rcp_py_walk(frames, (unsigned)max, &more);

	*deeper = more;
	return n;
}

/* The body of a thread that has never seen Python. */
void *
probe_thread(void *arg)
{
	int more;

	(void)arg;
	return (void *)(intptr_t)probe_walk(FRAMES, &more);
}

int
probe_collecting(void)
{
	return rcp_py_collecting();
}

int
probe_in_main(void)
{
	return rcp_py_in_main();
}

unsigned
probe_epoch(void)
{
	return rcp_py_epoch;
}

const void *
probe_died(void)
{
	return last_died;
}

const char *
probe_self_test(void)
{
	const char *why = NULL;

	return rcp_py_self_test(&why) ? "passed" : why;
}

const char *
probe_source(void)
{
	return rcp_py_source();
}

const char *
probe_version(void)
{
	return rcp_py_version();
}

void
probe_finalizing(void)
{
	rcp_py_finalizing();
}

int
probe_cut(const char *data, int chars, int width, char *out, int cap)
{
	struct rcp_py_text text = { data, (size_t)chars, (uint8_t)width,
				    false };

	return (int)rcp_py_text_utf8(&text, out, (size_t)cap);
}

/* SPDX-License-Identifier: MIT
 *
 * names.h - strings and code objects, interned for ever: what a frame was
 * called must survive the code object, and the profile writes each once.
 */
#ifndef RCP_CAPTURE_NAMES_H
#define RCP_CAPTURE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "python/python.h"

struct rcp_string {
	uint32_t id, stamp;
	uint32_t size;
	char text[]; /* not terminated */
};

struct rcp_code {
	uint32_t id, stamp;
	const struct rcp_string *filename, *name;
	uint32_t first_line;
	enum rcp_linetable table_kind;
	const uint8_t *table;
	uint32_t table_size;
};

void rcp_names_setup(uint64_t memory_limit);

/* Few stacks will be taken: line tables keep their columns, as so few are not
 * worth the time that it takes to make them shorter. */
void rcp_names_are_few(void);

/* The string's entry; made when new.  NULL: no memory.  Under the lock of
 * rcp_code_intern; others take rcp_names_lock() themselves. */
struct rcp_string *rcp_string_intern(const char *text, size_t size);

void rcp_names_lock(void);
void rcp_names_unlock(void);

/* The code object at an address; made when new.  Two code objects that agree
 * in all we keep are one.  NULL: it is none, or memory is at its limit.  The caller's own
 * frame is running the code, so that it can not die meanwhile. */
struct rcp_code *rcp_code_intern(const void *code);
struct rcp_code *rcp_code_by_id(uint32_t id);

/* The code object at this address has died. */
void rcp_code_died(const void *code);

void rcp_names_fork_prepare(void);
void rcp_names_fork_done(bool child);

#endif

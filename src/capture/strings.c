/* SPDX-License-Identifier: MIT
 *
 * strings.c - interned strings.  The names lock (codes.c) is held.
 */
#include <string.h>

#include "base/hash.h"
#include "capture/names.h"

struct entry {
	UT_hash_handle hh;
	struct rcp_string string; /* last: it has a tail */
};

static struct entry *table;
static uint32_t next_id = 1;

#undef uthash_nonfatal_oom
#define uthash_nonfatal_oom(e) ((void)(e), failed = true)

struct rcp_string *
rcp_string_intern(const char *text, size_t size)
{
	struct entry *e;
	bool failed = false;

	HASH_FIND(hh, table, text, size, e);
	if (e)
		return &e->string;
	e = rcp_arena_new(sizeof(*e) + size);
	if (!e)
		return NULL;
	memcpy(e->string.text, text, size);
	e->string.size = (uint32_t)size;
	e->string.id = next_id;
	HASH_ADD_KEYPTR(hh, table, e->string.text, size, e);
	if (failed)
		return NULL;
	next_id++;
	return &e->string;
}

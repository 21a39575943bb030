/* SPDX-License-Identifier: MIT
 *
 * info.c - see info.h.  A list on the arena, walked: there are a few dozen
 * pairs.  Its lock is a leaf; who takes it has signals blocked or its guard.
 */
#include "emit/info.h"

#include <string.h>

#include "base/lock.h"
#include "base/mem.h"
#include "emit/emit.h"
#include "emit/os.h"

struct pair {
	struct pair *next;
	enum rcp_chunk type;
	uint32_t stamp; /* generation of the file that has it; 0: none */
	size_t key_len, value_len, cap;
	char *value;
	char key[];
};

static struct rcp_lock lock;
static struct pair *first, **last = &first;

static struct pair *
find(enum rcp_chunk type, const char *key)
{
	for (struct pair *p = first; p; p = p->next)
		if (p->type == type && strcmp(p->key, key) == 0)
			return p;
	return NULL;
}

static struct pair *
add(enum rcp_chunk type, const char *key)
{
	size_t len = strlen(key);
	struct pair *p = rcp_arena_new(sizeof(*p) + len + 1);

	if (!p)
		return NULL;
	p->type = type;
	p->key_len = len;
	memcpy(p->key, key, len + 1);
	*last = p;
	last = &p->next;
	return p;
}

static void
set(enum rcp_chunk type, const char *key, const char *value, size_t len)
{
	struct pair *p = find(type, key);

	if (!p && !(p = add(type, key)))
		return;
	if (p->value && p->value_len == len &&
	    memcmp(p->value, value, len) == 0)
		return;
	if (!p->value || p->cap < len) {
		/* The arena takes nothing back: room for some growth. */
		size_t cap = len + len / 2 + 16;
		char *room = rcp_arena_new(cap);

		if (!room)
			return;
		p->value = room;
		p->cap = cap;
	}
	memcpy(p->value, value, len);
	p->value_len = len;
	p->stamp = 0;
}

void
rcp_info_set(enum rcp_chunk type, const char *key, const char *value,
	     size_t len)
{
	uint64_t mask;

	rcp_os_signals_block(RCP_OS_ALL_SIGNALS & ~RCP_OS_FAULTS, &mask);
	rcp_lock_take(&lock);
	set(type, key, value, len);
	rcp_lock_drop(&lock);
	rcp_os_signals_restore(&mask);
}

void
rcp_info_drain(struct rcp_sink *sink, uint32_t generation)
{
	rcp_lock_take(&lock);
	for (struct pair *p = first; p; p = p->next) {
		struct rcp_buf *b;

		if (!p->value || p->stamp == generation)
			continue;
		p->stamp = generation;
		b = rcp_sink_record(sink, p->type);
		rcp_buf_str(b, p->key, p->key_len);
		rcp_buf_str(b, p->value, p->value_len);
	}
	rcp_lock_drop(&lock);
}

void
rcp_info_fork_child(void)
{
	rcp_lock_reset(&lock);
}

void
rcp_emit_info(const char *key, const char *value)
{
	rcp_info_set(RCP_CHUNK_INFO, key, value, strlen(value));
}

void
rcp_emit_coverage(const char *key, const char *value)
{
	rcp_info_set(RCP_CHUNK_COVERAGE, key, value, strlen(value));
}

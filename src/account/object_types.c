/* SPDX-License-Identifier: MIT
 *
 * object_types.c - types of Python objects by name.  A name is kept for ever:
 * the profile may need it long after the type is gone.
 */
#include <string.h>

#include "account/internal.h"
#include "account/objects_internal.h"
#include "base/lock.h"
#include "base/mem.h"
#include "emit/emit.h"
#include "emit/sink.h"

#define TYPES 65536u
#define FIRST_SLOTS 2048u
#define CHUNK 256u
#define FIRST_STRING (1ull << 39) /* ids of our STRING records: see format.h */

struct type {
	const char *name;
	uint32_t size;
	uint32_t flags;
	uint32_t stamp; /* file generation in which it was written */
	bool freed;
};

static struct rcp_lock lock = RCP_LOCK_INIT;
static struct type *types[TYPES / CHUNK];
static uint32_t *slots; /* by hash of the name; a power of two */
static uint32_t slot_count;
static uint32_t next_type = 1;

static struct type *
type_at(uint32_t id)
{
	struct type *chunk =
		__atomic_load_n(&types[id / CHUNK], __ATOMIC_ACQUIRE);

	return &chunk[id % CHUNK];
}

static uint32_t
hash_of(const char *name, size_t size)
{
	uint64_t h = size;

	for (size_t i = 0; i < size; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3u;
	return (uint32_t)(h >> 20);
}

static bool
is(uint32_t id, const char *name, size_t size, uint32_t flags)
{
	const struct type *t = type_at(id);

	return t->size == size && t->flags == flags &&
	       memcmp(t->name, name, size) == 0;
}

/* Room for one more: of two slots one is free, as long as there is memory.
 * False: there is none. */
static bool
have_room(void)
{
	uint32_t count = slot_count ? slot_count * 2 : FIRST_SLOTS, *more;

	if (next_type < slot_count / 2)
		return true;
	more = rcp_pages_new(count * sizeof(*more));
	if (!more)
		return next_type + 1 < slot_count;
	rcp_objects_charge((count - slot_count) * sizeof(*more));
	for (uint32_t id = 1; id < next_type; id++) {
		const struct type *t = type_at(id);
		uint32_t i = hash_of(t->name, t->size);

		while (more[i % count])
			i++;
		more[i % count] = id;
	}
	if (slots)
		rcp_pages_free(slots, slot_count * sizeof(*slots));
	slots = more;
	slot_count = count;
	return true;
}

/* The lock is held. */
static uint32_t
add_type(const char *name, size_t size, uint32_t flags)
{
	uint32_t i = hash_of(name, size), id = next_type;
	struct type **chunk = &types[id / CHUNK];
	char *copy;

	for (; slots[i % slot_count]; i++)
		if (is(slots[i % slot_count], name, size, flags))
			return slots[i % slot_count];
	if (id == TYPES || !rcp_objects_last_fit())
		return 0;
	copy = rcp_objects_arena_new(size + 1);
	if (!*chunk)
		__atomic_store_n(chunk, rcp_objects_arena_new(CHUNK * sizeof(**chunk)),
				 __ATOMIC_RELEASE);
	if (!*chunk || !copy)
		return 0;
	memcpy(copy, name, size);
	type_at(id)->name = copy;
	type_at(id)->size = (uint32_t)size;
	type_at(id)->flags = flags;
	slots[i % slot_count] = id;
	next_type++;
	return id;
}

uint32_t
rcp_object_type(const char *name, size_t size, uint32_t flags)
{
	uint32_t id = 0;

	rcp_lock_take(&lock);
	/* The number TYPES - 1 is the last: a slot is always free. */
	if (next_type < TYPES - 1 && have_room())
		id = add_type(name, size, flags);
	rcp_lock_drop(&lock);
	return id;
}

void
rcp_object_type_set_freed(uint32_t type)
{
	if (type)
		type_at(type)->freed = true;
}

bool
rcp_object_type_is_freed(uint32_t type)
{
	return type_at(type)->freed;
}

static __attribute__((noinline)) void
define(struct rcp_sink *sink, const struct type *t, uint32_t type)
{
	struct rcp_buf *b = rcp_sink_record(sink, RCP_CHUNK_STRING);

	rcp_buf_uv(b, FIRST_STRING + type);
	rcp_buf_str(b, t->name, t->size);
	b = rcp_sink_record(sink, RCP_CHUNK_TYPE);
	rcp_buf_uv(b, type);
	rcp_buf_uv(b, FIRST_STRING + type);
	rcp_buf_uv(b, t->flags);
}

void
rcp_object_type_define(struct rcp_sink *sink, const struct rcp_snap *snap,
		       uint32_t type)
{
	struct type *t = type_at(type);

	if (t->stamp == snap->file_generation)
		return;
	t->stamp = snap->file_generation;
	define(sink, t, type);
}

void
rcp_object_types_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_object_types_fork_done(bool child)
{
	if (child)
		rcp_lock_reset(&lock);
	else
		rcp_lock_drop(&lock);
}

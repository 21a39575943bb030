/* SPDX-License-Identifier: MIT
 *
 * codes.c - from a code object's address to an entry that outlives it.
 *
 * Two tables: by address (open addressing, read without a lock, entries taken
 * out when the code object dies) and by content (uthash), so that code which
 * is compiled again and again - exec in a loop, reloads - stays one entry.
 */
#include <string.h>

#include "base/hash.h"
#include "base/lock.h"
#include "capture/names.h"
#include "format/crc32.h"
#include "format/linetable.h"

#define NAME_MAX_BYTES 16384u
#define TABLE_MAX_BYTES (4u << 20)
#define FIRST_SLOTS 4096u
#define CHUNK 1024u
#define CHUNKS 16384u
#define GONE ((uintptr_t)1)

struct content {
	uint32_t filename, name, first_line, table_crc, table_size, kind;
};

struct entry {
	struct rcp_code code;
	struct content content;
	UT_hash_handle hh;
};

struct slot {
	uintptr_t address; /* 0: free, GONE: was used */
	struct rcp_code *code;
};

struct addresses {
	uint32_t mask, used; /* GONE ones included */
	struct slot slots[];
};

static struct rcp_lock lock = RCP_LOCK_INIT;
static bool keeps_columns;
static struct entry *contents;
static struct addresses *addresses;
static struct rcp_code **by_id[CHUNKS];
static uint32_t next_id = 1;
static struct addresses *spare;
static uint64_t limit;
static char scratch[NAME_MAX_BYTES]; /* the lock's */

static uint32_t
home(const struct addresses *t, uintptr_t address)
{
	return (uint32_t)((address * 0x9e3779b97f4a7c15u) >> 32) & t->mask;
}

static struct rcp_code *
find(const struct addresses *t, uintptr_t address)
{
	uint32_t i;

	if (!t)
		return NULL;
	for (i = home(t, address);; i = (i + 1) & t->mask) {
		uintptr_t seen = __atomic_load_n(&t->slots[i].address,
						 __ATOMIC_ACQUIRE);

		if (seen == address)
			return t->slots[i].code;
		if (!seen)
			return NULL;
	}
}

/* Takes a free slot; the table has room.  A GONE one is not used again: a
 * reader without the lock might be on its way past it.  They go when the
 * table is rebuilt. */
static void
put(struct addresses *t, uintptr_t address, struct rcp_code *code)
{
	uint32_t i = home(t, address);

	while (t->slots[i].address)
		i = (i + 1) & t->mask;
	t->used++;
	t->slots[i].code = code;
	__atomic_store_n(&t->slots[i].address, address, __ATOMIC_RELEASE);
}

/* Makes room for one more address.  The table that was replaced stays mapped,
 * since a reader may be inside it, and serves again the next time: a reader
 * that late finds its own address or nothing, and then asks under the lock. */
static bool
make_room(void)
{
	struct addresses *old = addresses, *t;
	uint32_t live = 0, slots = FIRST_SLOTS;

	if (old && old->used < (old->mask + 1) / 4 * 3)
		return true;
	for (uint32_t i = 0; old && i <= old->mask; i++)
		live += old->slots[i].address > GONE;
	while (slots < live * 4)
		slots *= 2;
	t = spare;
	if (t && t->mask == slots - 1) {
		spare = NULL;
		t->used = 0;
		for (uint32_t i = 0; i < slots; i++)
			__atomic_store_n(&t->slots[i].address, 0,
					 __ATOMIC_RELAXED);
	} else {
		t = rcp_pages_new(sizeof(*t) + slots * sizeof(struct slot));
	}
	if (!t)
		return false;
	t->mask = slots - 1;
	for (uint32_t i = 0; old && i <= old->mask; i++)
		if (old->slots[i].address > GONE)
			put(t, old->slots[i].address, old->slots[i].code);
	__atomic_store_n(&addresses, t, __ATOMIC_RELEASE);
	spare = old;
	return true;
}

static struct rcp_string *
intern_text(const struct rcp_py_text *text)
{
	size_t size = rcp_py_text_utf8(text, scratch, sizeof(scratch));

	return rcp_string_intern(scratch, size);
}

static bool
number(struct rcp_code *code)
{
	uint32_t id = next_id;

	if (id >= CHUNK * CHUNKS)
		return false;
	if (!by_id[id / CHUNK]) {
		void *chunk = rcp_arena_new(CHUNK * sizeof(struct rcp_code *));

		if (!chunk)
			return false;
		__atomic_store_n(&by_id[id / CHUNK], chunk, __ATOMIC_RELEASE);
	}
	code->id = id;
	by_id[id / CHUNK][id % CHUNK] = code;
	next_id = id + 1;
	return true;
}

#undef uthash_nonfatal_oom
#define uthash_nonfatal_oom(e) ((void)(e), failed = true)

/* The table without columns; *size is what that takes, at most twice what it
 * took: an entry may lack its bytes. */
static const uint8_t *
copy_lines(const struct rcp_py_code *py, size_t *size)
{
	uint8_t *first = (uint8_t *)scratch, *table;
	bool fits = py->table_size <= sizeof(scratch) / 2;

	*size = rcp_lines_only(py->table, py->table_size,
			       fits ? first : NULL);
	table = rcp_arena_new(*size);
	if (table && fits)
		memcpy(table, first, *size);
	else if (table)
		rcp_lines_only(py->table, py->table_size, table);
	return table;
}

/* The table as it is kept. */
static const uint8_t *
copy_table(const struct rcp_py_code *py, size_t *size)
{
	uint8_t *table;

	if (py->table_kind == RCP_LINETABLE_LOCATION && !keeps_columns)
		return copy_lines(py, size);
	*size = py->table_size;
	table = rcp_arena_new(*size);
	if (table)
		memcpy(table, py->table, *size);
	return table;
}

static struct rcp_code *
new_code(const struct rcp_py_code *py, const struct content *content,
	 const struct rcp_string *filename, const struct rcp_string *name)
{
	struct entry *e = rcp_arena_new(sizeof(*e));
	size_t size;
	const uint8_t *table = copy_table(py, &size);
	bool failed = false;

	if (!e || !table)
		return NULL;
	e->content = *content;
	e->code.filename = filename;
	e->code.name = name;
	e->code.first_line = py->first_line;
	e->code.table_kind = py->table_kind;
	e->code.table = table;
	e->code.table_size = (uint32_t)size;
	if (!number(&e->code))
		return NULL;
	HASH_ADD(hh, contents, content, sizeof(e->content), e);
	return failed ? NULL : &e->code;
}

/* The lock is held. */
static struct rcp_code *
intern(const void *address)
{
	struct rcp_py_code py;
	struct rcp_string *filename, *name;
	struct content content;
	struct entry *e;

	if (rcp_arena_used() >= limit || !rcp_py_code_read(address, &py))
		return NULL;
	filename = intern_text(&py.filename);
	name = intern_text(&py.name);
	if (!filename || !name)
		return NULL;
	if (py.table_size > TABLE_MAX_BYTES)
		py.table_size = 0;
	memset(&content, 0, sizeof(content));
	content.filename = filename->id;
	content.name = name->id;
	content.first_line = py.first_line;
	content.kind = py.table_kind;
	content.table_size = (uint32_t)py.table_size;
	content.table_crc = rcp_crc32(0, py.table, py.table_size);
	HASH_FIND(hh, contents, &content, sizeof(content), e);
	return e ? &e->code : new_code(&py, &content, filename, name);
}

struct rcp_code *
rcp_code_intern(const void *code)
{
	uintptr_t address = (uintptr_t)code;
	struct rcp_code *found;

	found = find(__atomic_load_n(&addresses, __ATOMIC_ACQUIRE), address);
	if (found)
		return found;
	rcp_lock_take(&lock);
	found = find(addresses, address);
	if (!found && make_room()) {
		found = intern(code);
		if (found)
			put(addresses, address, found);
	}
	rcp_lock_drop(&lock);
	return found;
}

struct rcp_code *
rcp_code_by_id(uint32_t id)
{
	struct rcp_code **chunk =
		__atomic_load_n(&by_id[id / CHUNK], __ATOMIC_ACQUIRE);

	return chunk[id % CHUNK];
}

void
rcp_code_died(const void *code)
{
	uintptr_t address = (uintptr_t)code;
	uint32_t i;

	rcp_lock_take(&lock);
	if (addresses && find(addresses, address)) {
		i = home(addresses, address);
		while (addresses->slots[i].address != address)
			i = (i + 1) & addresses->mask;
		__atomic_store_n(&addresses->slots[i].address, GONE,
				 __ATOMIC_RELEASE);
	}
	rcp_lock_drop(&lock);
}

void
rcp_names_lock(void)
{
	rcp_lock_take(&lock);
}

void
rcp_names_unlock(void)
{
	rcp_lock_drop(&lock);
}

void
rcp_names_setup(uint64_t memory_limit)
{
	limit = memory_limit;
}

void
rcp_names_are_few(void)
{
	keeps_columns = true;
}

void
rcp_names_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_names_fork_done(bool child)
{
	if (child)
		rcp_lock_reset(&lock);
	else
		rcp_lock_drop(&lock);
}

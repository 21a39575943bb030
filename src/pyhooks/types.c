/* SPDX-License-Identifier: MIT
 *
 * types.c - types by their address, as the hooks at births and deaths meet
 * them.  An address is forgotten when a type is created or dies there.
 *
 * Look-ups take no lock: a table only fills, and a fuller one takes its place;
 * the old ones stay.
 */
#include <errno.h>
#include <string.h>

#include "base/lock.h"
#include "base/mem.h"
#include "pyhooks/objects.h"
#include "pyhooks/types.h"
#include "python/types.h"
#include "record/object.h"

#define FIRST_SLOTS 1024u
#define NAME_MAX_BYTES 400
#define GONE ((const void *)1)

struct rcp_pytypes *_Atomic rcp_pytypes;
static struct rcp_lock lock = RCP_LOCK_INIT;

static struct rcp_pytype_entry *
find(struct rcp_pytypes *t, const void *type)
{
	for (uint32_t i = rcp_pytype_slot(type);; i++) {
		struct rcp_pytype_entry *e = &t->entries[i & t->mask];
		const void *there = atomic_load_explicit(&e->type,
							 memory_order_acquire);

		if (!there || there == type)
			return e;
	}
}

bool
rcp_pytype_find(const void *type, struct rcp_pytype *out)
{
	const struct rcp_pytype *is = rcp_pytype_look(type);

	if (is)
		*out = *is;
	return is != NULL;
}

static void
put(struct rcp_pytypes *t, const void *type, const struct rcp_pytype *is)
{
	struct rcp_pytype_entry *e = find(t, type);

	e->is = *is;
	if (!e->type)
		t->used++;
	atomic_store_explicit(&e->type, type, memory_order_release);
}

/* The lock is held. */
static struct rcp_pytypes *
with_room(void)
{
	struct rcp_pytypes *t = atomic_load(&rcp_pytypes), *more;
	uint32_t old = t ? t->mask + 1 : 0, slots = t ? old * 2 : FIRST_SLOTS;

	if (t && t->used * 2 < old)
		return t;
	more = rcp_pages_new(sizeof(*more) + slots * sizeof(more->entries[0]));
	if (!more)
		return NULL;
	more->mask = slots - 1;
	for (uint32_t i = 0; i < old; i++) {
		struct rcp_pytype_entry *e = &t->entries[i];

		if (!e->type || e->type == GONE)
			continue;
		put(more, e->type, &e->is);
		find(more, e->type)->visit = e->visit;
	}
	atomic_store_explicit(&rcp_pytypes, more, memory_order_release);
	return more;
}

static void
learn(const void *type, struct rcp_pytype *out)
{
	char name[NAME_MAX_BYTES];
	size_t size = rcp_py_type_name(type, name, sizeof(name));

	out->id = rcp_record_type(name, size, rcp_py_type_flags(type));
	out->before = rcp_py_type_before(type);
	out->size = (uint32_t)rcp_py_type_size(type);
	out->meta = rcp_py_type_is_meta(type);
	out->plain = out->id && !out->meta;
	rcp_deaths_note(type);
	if (rcp_deaths_only_free(type))
		rcp_record_type_is_freed(out->id);
}

bool
rcp_pytype_get(const void *type, struct rcp_pytype *out)
{
	struct rcp_pytypes *t;
	int saved = errno;

	if (__builtin_expect(rcp_pytype_find(type, out), 1))
		return out->id != 0;
	learn(type, out);
	rcp_lock_take(&lock);
	t = with_room();
	if (t)
		put(t, type, out);
	rcp_lock_drop(&lock);
	errno = saved;
	return out->id != 0;
}

void
rcp_pytype_forget(const void *type)
{
	struct rcp_pytypes *t = atomic_load_explicit(&rcp_pytypes, memory_order_acquire);
	struct rcp_pytype_entry *e = t ? find(t, type) : NULL;

	if (!e || !e->type)
		return;
	rcp_record_type_forgotten();
	atomic_store_explicit(&e->type, GONE, memory_order_release);
}

/* --- the death of types -------------------------------------------------------

 * One pointer is stored into type itself, as python/watch.c does for code:
 * nothing compares that slot, and classes of metaclasses come by there. */

static void (*type_dealloc)(void *type);

static void
died(void *type)
{
	rcp_pytype_forget(type);
	rcp_deaths_entered(type, (const void *const *)
					 __builtin_frame_address(0) + 1);
	type_dealloc(type);
}

void
rcp_pytype_watch(void)
{
	void (*now)(void *) = died;
	void *ours, *was;

	memcpy(&ours, &now, sizeof(ours));
	was = rcp_py_type_set_dealloc(rcp_objects_api.type_type, ours);
	if (was != ours)
		memcpy(&type_dealloc, &was, sizeof(was));
}

bool
rcp_pytype_visit(const void *type, uint32_t visit)
{
	struct rcp_pytype is;
	struct rcp_pytype_entry *e;

	(void)rcp_pytype_get(type, &is);
	e = find(atomic_load(&rcp_pytypes), type);
	if (!e->type || e->visit == visit)
		return false;
	e->visit = visit;
	return true;
}

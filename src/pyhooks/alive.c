/* SPDX-License-Identifier: MIT
 *
 * alive.c - sample mode: what stands in a sampled block of the object domain
 * that is still alive.  With the GIL held, a few blocks at a time: each newly
 * sampled block has those looked at that were sampled before it.
 *
 * A block is an object where its words look like one at one place only: a
 * count of references, then a type whose objects begin at that place.
 */
#include <fcntl.h>

#include "base/lock.h"
#include "base/sys.h"
#include "pyhooks/objects.h"
#include "pyhooks/types.h"
#include "python/types.h"
#include "record/object.h"
#include "record/record.h"

#define WAITING 16u
#define TRIES 3u
#define BATCH 64u

static struct {
	uintptr_t block;
	unsigned tries;
} waiting[WAITING];
static unsigned next;
/* Interpreters with a GIL of their own may come at the same time. */
static struct rcp_lock lock = RCP_LOCK_INIT;

/* What is at an address that may not be one. */
static bool
read_at(uintptr_t p, void *out, size_t size)
{
	long fd = rcp_sys_open("/proc/self/mem", O_RDONLY | O_CLOEXEC, 0);
	long n;

	if (fd < 0)
		return false;
	n = rcp_sys_pread((int)fd, out, size, (long)p);
	rcp_sys_close((int)fd);
	return n == (long)size;
}

static bool
is_of_meta(uintptr_t type)
{
	struct rcp_pytype meta;
	uint64_t of_type = 0;

	return type > 4096 && (type & 7) == 0 && type >> 47 == 0 &&
	       read_at(type + rcp_py_type_offset(), &of_type,
		       sizeof(of_type)) &&
	       rcp_pytype_find((const void *)of_type, &meta) && meta.meta;
}

/* An array of objects may have a metatype where a type has its own, and be what
 * a list near it has its items in; but only a type is in its own method
 * resolution order, a tuple.  It begins it, behind the tuple's size, from 3.14
 * on behind its hash. */
static bool
is_in_its_mro(uintptr_t type)
{
	uint64_t mro = 0, words[4] = { 0 };

	return read_at(type + rcp_py_mro_offset(), &mro, sizeof(mro)) &&
	       read_at((uintptr_t)mro + rcp_py_type_offset(), words,
		       sizeof(words)) &&
	       words[0] == (uintptr_t)rcp_py_tuple_type() &&
	       (words[2] == type || words[3] == type);
}

bool
rcp_alive_type_of(const void *op, struct rcp_pytype *out)
{
	const void *type = rcp_py_type_of(op);

	return (rcp_pytype_look(type) || is_of_meta((uintptr_t)type)) &&
	       rcp_pytype_get(type, out);
}

/* TYPE is a word of a block, of whatever meaning. */
static bool
type_at(uintptr_t type, struct rcp_pytype *out)
{
	return (rcp_pytype_look((const void *)type) ||
		(is_of_meta(type) && is_in_its_mro(type))) &&
	       rcp_pytype_get((const void *)type, out);
}

/* The upper half of the count is no count from 3.12 on; of an address it is
 * not zero. */
static bool
is_count(uint64_t refs)
{
	return (uint32_t)refs != 0 && (refs >> 32 & 0xffff) == 0;
}

static bool
fits(const struct rcp_pytype *type, unsigned before, uint64_t bytes)
{
	return type->id && type->before == before && type->size <= bytes;
}

/* Where a block is freed by whoever: of what was an object nothing but the
 * count has changed. */
static uint32_t
tell(const uint64_t words[6], uint64_t bytes, unsigned *before)
{
	struct rcp_pytype type;
	uint32_t found = 0;
	unsigned all = 0;

	for (unsigned at = 0; at <= 32 && at + 16 <= bytes; at += 16) {
		const uint64_t *w = words + at / 8;

		if ((w[0] && !is_count(w[0])) ||
		    !rcp_pytype_find((const void *)w[1], &type) ||
		    !fits(&type, at, bytes))
			continue;
		found = type.id;
		*before = at;
		all++;
	}
	return all == 1 ? found : 0;
}

/* False: it can not be told (yet). */
static bool
look_at(struct rcp_tls *t, uintptr_t block)
{
	struct rcp_pytype type, found = { 0 };
	uint64_t words[6] = { 0 }, bytes;
	unsigned all = 0;

	if (!rcp_record_peek(block, words, &bytes))
		return true;
	for (unsigned at = 0; at <= 32 && at + 16 <= bytes; at += 16) {
		const uint64_t *w = words + at / 8;

		if (!is_count(w[0]) || !type_at(w[1], &type) ||
		    !fits(&type, at, bytes))
			continue;
		found = type;
		all++;
	}
	if (all != 1)
		return false;
	rcp_record_is_object(t, block, found.before, found.id);
	return true;
}

static void
wait(uintptr_t block)
{
	waiting[next % WAITING].block = block;
	waiting[next++ % WAITING].tries = TRIES;
}

void
rcp_alive_sampled(struct rcp_tls *t, void *p)
{
	if (!rcp_record_maybe_object(p) || !rcp_objects_running ||
	    !rcp_lock_try(&lock))
		return;
	for (unsigned i = 0; i < WAITING; i++) {
		if (!waiting[i].block)
			continue;
		/* An older one that was at the same place. */
		if (waiting[i].block == (uintptr_t)p ||
		    look_at(t, waiting[i].block) || !--waiting[i].tries)
			waiting[i].block = 0;
	}
	rcp_deaths_catch_up();
	/* It is no object yet. */
	wait((uintptr_t)p);
	rcp_lock_drop(&lock);
}

void
rcp_alive_begin(void)
{
	if (rcp_record_samples_objects())
		rcp_record_tell_by(tell);
	rcp_alive_look(&rcp_tls, false);
}

void
rcp_alive_look(struct rcp_tls *t, bool last)
{
	uintptr_t blocks[BATCH];
	uint32_t at = 0, n;

	if (!rcp_record_samples_objects())
		return;
	while ((n = rcp_record_maybe_objects(&at, blocks, BATCH)))
		for (uint32_t i = 0; i < n; i++)
			if (!look_at(t, blocks[i]) && last)
				rcp_record_untold();
}

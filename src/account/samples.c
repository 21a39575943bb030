/* SPDX-License-Identifier: MIT
 *
 * samples.c - see samples.h.  Reached once for each sample and once for its
 * free; one lock, which those few contend for seldom.
 *
 * A hash table by address with linear probing; a removal shifts later entries
 * back.
 */
#include "account/samples.h"

#include <string.h>

#include "base/lock.h"
#include "base/mem.h"

#define FIRST_ENTRIES 256u

struct entry {
	uintptr_t p; /* 0: free */
	struct rcp_sample sample;
};

uint8_t rcp_filter_room[RCP_FILTER_BEFORE + RCP_FILTER_SLOTS];

static struct rcp_lock lock = RCP_LOCK_INIT;
static struct entry *table;
static uint32_t entries, used;

static uint64_t
hash(uintptr_t p)
{
	return (uint64_t)p * 0x9e3779b97f4a7c15u;
}

/* A counter that is full stays full: it can not tell how often it was. */
static void
filter_count(uintptr_t p, int n)
{
	uint32_t i = (p >> 4) % RCP_FILTER_SLOTS;
	uint8_t *slot = &RCP_FILTER[i];

	if (*slot == UINT8_MAX)
		return;
	__atomic_store_n(slot, (uint8_t)(*slot + n), __ATOMIC_RELAXED);
	if (i >= RCP_FILTER_SLOTS - RCP_FILTER_BEFORE)
		__atomic_store_n(slot - RCP_FILTER_SLOTS, *slot,
				 __ATOMIC_RELAXED);
}

static uint32_t
home(uintptr_t p)
{
	return (uint32_t)(hash(p) >> 20) & (entries - 1);
}

/* P's entry, or the free one where it would go. */
static struct entry *
find(uintptr_t p)
{
	uint32_t i = home(p);

	while (table[i].p && table[i].p != p)
		i = (i + 1) & (entries - 1);
	return &table[i];
}

static bool
grow(void)
{
	struct entry *old = table;
	uint32_t had = entries, more = had ? had * 2 : FIRST_ENTRIES;
	struct entry *fresh = rcp_pages_more(more * sizeof(*fresh));

	if (!fresh)
		return false;
	table = fresh;
	entries = more;
	for (uint32_t i = 0; i < had; i++)
		if (old[i].p)
			*find(old[i].p) = old[i];
	if (old)
		rcp_pages_free(old, had * sizeof(*old));
	return true;
}

/* Empties entry I and closes the gap. */
static void
erase(uint32_t i)
{
	uint32_t mask = entries - 1, j = i;

	for (;;) {
		uint32_t k;

		table[i].p = 0;
		do {
			j = (j + 1) & mask;
			if (!table[j].p) {
				used--;
				return;
			}
			k = home(table[j].p);
			/* Entries whose home lies cyclically in (i, j] stay. */
		} while (i <= j ? (i < k && k <= j) : (i < k || k <= j));
		table[i] = table[j];
		i = j;
	}
}

static void
take(struct entry *e, struct rcp_sample *out)
{
	*out = e->sample;
	filter_count(e->p, -1);
	erase((uint32_t)(e - table));
}

bool
rcp_samples_put(uintptr_t p, const struct rcp_sample *sample,
		struct rcp_sample *replaced, bool *dropped)
{
	struct entry *e;
	bool was = false;

	rcp_lock_take(&lock);
	/* What cannot grow is not filled to the last: see side.c. */
	*dropped = used >= entries / 4 * 3 && !grow() &&
		   used >= entries / 8 * 7;
	if (!*dropped) {
		e = find(p);
		was = e->p != 0;
		if (was) {
			*replaced = e->sample;
		} else {
			used++;
			filter_count(p, 1);
		}
		e->p = p;
		e->sample = *sample;
	}
	rcp_lock_drop(&lock);
	return was;
}

bool
rcp_samples_take(uintptr_t p, struct rcp_sample *out)
{
	bool was = false;

	rcp_lock_take(&lock);
	if (used) {
		struct entry *e = find(p);

		if (e->p) {
			take(e, out);
			was = true;
		}
	}
	rcp_lock_drop(&lock);
	return was;
}

bool
rcp_samples_look(uintptr_t p, struct rcp_sample *out)
{
	bool was = false;

	rcp_lock_take(&lock);
	if (used) {
		const struct entry *e = find(p);

		was = e->p != 0;
		if (was)
			*out = e->sample;
	}
	rcp_lock_drop(&lock);
	return was;
}

void
rcp_samples_change(uintptr_t p, const struct rcp_sample *sample)
{
	rcp_lock_take(&lock);
	if (used) {
		struct entry *e = find(p);

		if (e->p)
			e->sample = *sample;
	}
	rcp_lock_drop(&lock);
}

bool
rcp_samples_peek(uintptr_t p, uint64_t words[RCP_PEEK_WORDS],
		 uint64_t *bytes)
{
	bool was = false;

	rcp_lock_take(&lock);
	if (used) {
		const struct entry *e = find(p);

		was = e->p && e->sample.object == RCP_SAMPLE_MAYBE;
		if (was) {
			*bytes = e->sample.size;
			memcpy(words, (const void *)p,
			       *bytes < 8 * RCP_PEEK_WORDS ?
				       *bytes :
				       8 * RCP_PEEK_WORDS);
		}
	}
	rcp_lock_drop(&lock);
	return was;
}

uint32_t
rcp_samples_maybe(uint32_t *at, uintptr_t *out, uint32_t room)
{
	uint32_t n = 0;

	rcp_lock_take(&lock);
	for (; *at < entries && n < room; ++*at)
		if (table[*at].p &&
		    table[*at].sample.object == RCP_SAMPLE_MAYBE)
			out[n++] = table[*at].p;
	rcp_lock_drop(&lock);
	return n;
}

static bool
take_one(uintptr_t p, size_t size, struct rcp_sample *out)
{
	bool was = false;

	rcp_lock_take(&lock);
	for (uint32_t i = 0; i < entries && used && !was; i++) {
		if (table[i].p && table[i].p - p < size) {
			take(&table[i], out);
			was = true;
		}
	}
	rcp_lock_drop(&lock);
	return was;
}

void
rcp_samples_take_range(uintptr_t p, size_t size,
		       void (*each)(void *ctx, const struct rcp_sample *sample),
		       void *ctx)
{
	struct rcp_sample sample;

	while (take_one(p, size, &sample))
		each(ctx, &sample);
}

void
rcp_samples_let_by(uintptr_t p, bool on)
{
	rcp_lock_take(&lock);
	filter_count(p, on ? 1 : -1);
	rcp_lock_drop(&lock);
}

uint32_t
rcp_samples_count(void)
{
	return __atomic_load_n(&used, __ATOMIC_RELAXED);
}

void
rcp_samples_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_samples_fork_done(bool child)
{
	if (child)
		rcp_lock_reset(&lock);
	else
		rcp_lock_drop(&lock);
}

/* SPDX-License-Identifier: MIT
 *
 * object_collector.c - is it the collector's doing that an object dies?  On the
 * path of each birth and death, with the GIL held.  And each collection.
 */
#include <string.h>

#include "account/collections.h"
#include "base/mem.h"
#include "emit/emit.h"
#include "record/garbage.h"
#include "record/object_internal.h"
#include "record/settings.h"

union rcp_object_special rcp_object_special = { .is = { .off = true } };
uint64_t rcp_object_due_at = UINT64_MAX;
static bool (*collecting_now)(void);

void
rcp_record_objects(bool (*collecting)(void))
{
	collecting_now = collecting;
	rcp_object_special.is.settings = rcp_record_settings.special;
}

bool
rcp_record_follows_objects(void)
{
	return collecting_now != NULL;
}

/* --- born inside the collection that is under way ---------------------------- */

/* What finalisers and callbacks make and drop is not the collector's doing. */
#define INSIDE_SLOTS 16384u
#define INSIDE_FEW 256u /* are taken out one by one */

static uintptr_t *inside; /* by hash; 0: free */
static uint16_t inside_first[INSIDE_FEW]; /* slots of the first ones */
static uint32_t inside_count;

static uint32_t
inside_slot(uintptr_t block)
{
	uint32_t i = (uint32_t)((block >> 4) * 0x9e3779b1u) >> 18;

	while (inside[i] && inside[i] != block)
		i = (i + 1) % INSIDE_SLOTS;
	return i;
}

void
rcp_object_born_inside(uintptr_t block)
{
	uint32_t slot;

	if (!inside)
		inside = rcp_pages_new(INSIDE_SLOTS * sizeof(*inside));
	/* Past this many the rest counts as the collector's. */
	if (!inside || inside_count >= INSIDE_SLOTS / 2)
		return;
	slot = inside_slot(block);
	if (inside_count < INSIDE_FEW)
		inside_first[inside_count] = (uint16_t)slot;
	inside[slot] = block;
	inside_count++;
	rcp_object_special.is.inside = true;
}

static bool
was_born_inside(uintptr_t block)
{
	return inside_count && inside[inside_slot(block)] == block;
}

static void
forget_inside(void)
{
	if (inside_count > INSIDE_FEW)
		memset(inside, 0, INSIDE_SLOTS * sizeof(*inside));
	else
		for (uint32_t i = 0; i < inside_count; i++)
			inside[inside_first[i]] = 0;
	inside_count = 0;
	rcp_object_special.is.inside = false;
}

bool
rcp_object_collecting(void)
{
	bool now = collecting_now();

	if (!now && inside_count)
		forget_inside();
	return now;
}

enum rcp_death
rcp_object_cause(uintptr_t block)
{
	return rcp_object_collecting() && !was_born_inside(block) ?
		       RCP_DEATH_COLLECTOR :
		       RCP_DEATH_REFCOUNT;
}

/* --- collections -------------------------------------------------------------- */

void
rcp_record_collected(struct rcp_tls *t, uint64_t time, uint64_t pause,
		     uint8_t generation, uint64_t collected,
		     uint64_t uncollectable)
{
	struct rcp_thread *th;

	rcp_busy(t);
	th = rcp_thread_get(t);
	if (th) {
		struct rcp_collection c = {
			.time = time,
			.pause = pause,
			.collected = collected,
			.uncollectable = uncollectable,
			.thread = th->id,
			.site = rcp_object_site(th, NULL),
			.generation = generation,
		};

		rcp_garbage_end(&c);
		rcp_collection_add(&c);
	}
	rcp_idle(t);
}

void
rcp_record_gc_control(const char *text)
{
	rcp_emit_event(RCP_EVENT_GC_CONTROL, text);
}

/* SPDX-License-Identifier: MIT
 *
 * garbage.c - see garbage.h.  Runs inside the collector: no allocation, no
 * Python.
 */
#include "record/garbage.h"

#include "account/collections.h"
#include "account/objects.h"
#include "record/object.h"
#include "record/tick.h"

#define RUNS 512u /* collections that are remembered */

struct run {
	uint32_t tick; /* age units at its beginning */
	uint32_t old;  /* the next run from here on that is no youngest one's */
	uint64_t time;
	uint8_t generation;
};

static struct run runs[RUNS]; /* oldest first */
static unsigned run_count;
static bool forgot; /* there were others before runs[0] */
static struct run full; /* the last one that examined all objects */
static bool linked;

static struct run current;
static struct rcp_collection sum; /* of the collection under way */

struct rcp_garbage_now rcp_garbage_now;

/* --- since when ------------------------------------------------------------- */

/* Fills `old` of all runs, once a collection and only if it is asked for. */
static void
link_runs(void)
{
	uint32_t old = run_count;

	for (unsigned i = run_count; i > 0; i--) {
		if (runs[i - 1].generation > 0)
			old = i - 1;
		runs[i - 1].old = old;
	}
	linked = true;
}

/* The first run that is sure to have come after BIRTH. */
static unsigned
first_after(uint32_t birth)
{
	unsigned low = 0, high = run_count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (runs[middle].tick > birth)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* An object is young when it is born; the next collection examines it and
 * makes it older, then the next one of the older objects, and from then on
 * only full ones examine it. */
static uint64_t
last_examined(uint32_t birth)
{
	unsigned i = first_after(birth), old;

	if (i == run_count || (i == 0 && forgot))
		return 0;
	if (!linked)
		link_runs();
	old = i + 1 < run_count ? runs[i + 1].old : run_count;
	return runs[old < run_count ? old : i].time;
}

static uint64_t
since(uint32_t birth)
{
	uint64_t born, examined;

	if (birth == RCP_LIVE_NO_BIRTH)
		return full.time;
	born = birth * RCP_AGE_UNIT_NS;
	examined = last_examined(birth);
	if (full.tick > birth && full.time > examined)
		examined = full.time;
	return examined > born ? examined : born;
}

bool
rcp_garbage_look(uintptr_t op, struct rcp_garbage_object *out)
{
	const struct rcp_origin *origin;
	const uint32_t *w = rcp_record_alive(op, &out->before);

	if (!w)
		return false;
	origin = rcp_origin_at(w[0] & RCP_HEAD_SITE);
	out->type = origin->type;
	out->site = origin->site;
	out->since = since(rcp_head_birth(w));
	return true;
}

/* --- a collection ------------------------------------------------------------- */

void
rcp_garbage_begin(uint64_t now)
{
	current = (struct run){ .tick = (uint32_t)(now / RCP_AGE_UNIT_NS),
				.time = now };
	sum = (struct rcp_collection){ 0 };
	rcp_garbage_now = (struct rcp_garbage_now){ rcp_cycle_other(),
						    full.time };
}

uint64_t
rcp_garbage_time(void)
{
	return current.time;
}

void
rcp_garbage_unfrozen(void)
{
	run_count = 0;
	forgot = true;
	full = (struct run){ 0 };
}

void
rcp_garbage_died(uint64_t bytes)
{
	uint64_t waited = 0, byte_ms;

	if (current.time > rcp_garbage_now.since)
		waited = current.time - rcp_garbage_now.since;
	byte_ms = bytes * (waited / 1000) / 1000;
	sum.objects++;
	sum.bytes += bytes;
	sum.byte_ms += byte_ms;
	if (waited > sum.waited_max)
		sum.waited_max = waited;
	rcp_cycle_died(rcp_garbage_now.kind, bytes, byte_ms);
}

static void
remember(const struct run *r)
{
	if (run_count == RUNS) {
		run_count /= 2;
		__builtin_memcpy(runs, runs + run_count,
				 run_count * sizeof(runs[0]));
		forgot = true;
	}
	runs[run_count++] = *r;
	linked = false;
	if (r->generation >= 2)
		full = *r;
}

void
rcp_garbage_end(struct rcp_collection *c)
{
	c->objects = sum.objects;
	c->bytes = sum.bytes;
	c->waited_max = sum.waited_max;
	c->byte_ms = sum.byte_ms;
	sum = (struct rcp_collection){ 0 };
	rcp_garbage_now = (struct rcp_garbage_now){ rcp_cycle_other(), 0 };
	if (!current.time)
		return;
	current.generation = c->generation;
	remember(&current);
	current.time = 0;
}

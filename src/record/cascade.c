/* SPDX-License-Identifier: MIT
 *
 * cascade.c - see cascade.h.  Runs at births and deaths of objects.
 */
#include "record/cascade.h"

#include <time.h>

#include "account/cascades.h"
#include "base/clock.h"
#include "record/thread.h"

static uint64_t
cpu_now(void)
{
	return rcp_clock_source(CLOCK_THREAD_CPUTIME_ID);
}

/* One that takes its time is none, but things that die now and then.  A thread
 * on a busy machine may well stand still for half a second. */
#define SLOW (1000u * 1000 * 1000)

static __attribute__((noinline)) void
look(struct rcp_cascade_level *l)
{
	uint64_t now = rcp_clock_now();

	if (l->objects == RCP_CASCADE_LEAST)
		l->begun = now;
	else if (now - l->seen > SLOW)
		l->objects = l->bytes = 0;
	l->seen = now;
	l->seen_cpu = cpu_now();
	l->more = l->objects ? l->objects + RCP_CASCADE_STEP - RCP_CASCADE_LEAST :
			       0;
}

/* It was over before now, and after the last look, since when the thread may
 * have slept: what it has worked since then is a bound as well. */
static __attribute__((noinline)) void
report(struct rcp_thread *th, const struct rcp_cascade_level *l)
{
	uint64_t rest = rcp_clock_now() - l->seen;
	uint64_t worked = cpu_now() - l->seen_cpu;
	struct rcp_cascade c = {
		.objects = l->objects + 1,
		.bytes = l->bytes,
		.thread = th->id,
		.site = l->site,
	};

	if (worked < rest)
		rest = worked;
	c.time = l->seen + rest;
	c.pause = c.time - l->begun;
	rcp_cascade_add(&c);
}

static void
pop(struct rcp_thread *th)
{
	struct rcp_cascading *c = &th->cascading;
	struct rcp_cascade_level *l = &c->level[--c->levels];

	if (RCP_UNLIKELY(l->objects >= RCP_CASCADE_LEAST))
		report(th, l);
	l->more = 0;
	l->opener = NULL;
}

/* Is the stack farther in than at L, by code that its last object runs? */
static bool
is_within(const struct rcp_thread *th, const struct rcp_cascade_level *l)
{
	return l->opener && l->leaf &&
	       rcp_capture_goes_on(&th->capture, l->leaf, l->node);
}

static void
push(struct rcp_thread *th, uint32_t site, const void *entry, uint64_t bytes)
{
	struct rcp_cascading *c = &th->cascading;
	struct rcp_cascade_level *l;

	if (c->levels == RCP_CASCADE_LEVELS)
		pop(th);
	l = &c->level[c->levels++];
	rcp_cascade_begin(l, site, entry, bytes);
}

static void
count(struct rcp_cascade_level *l, const void *entry, uint64_t bytes)
{
	l->bytes += bytes;
	l->last = entry;
	if (entry >= l->opener)
		l->opener = NULL;
	if (RCP_UNLIKELY(++l->objects == RCP_CASCADE_LEAST + l->more))
		look(l);
}

void
rcp_cascade_died(struct rcp_thread *th, uint32_t site, const void *entry,
		 uint64_t bytes)
{
	struct rcp_cascading *c = &th->cascading;

	while (c->levels) {
		struct rcp_cascade_level *l = &c->level[c->levels - 1];

		if (entry < l->top && site == l->site) {
			count(l, entry, bytes);
			return;
		}
		if (entry < l->top && is_within(th, l))
			break;
		pop(th);
	}
	push(th, site, entry, bytes);
}

void
rcp_cascade_ended(struct rcp_thread *th, uint32_t site)
{
	struct rcp_cascading *c = &th->cascading;

	while (c->levels) {
		const struct rcp_cascade_level *l = &c->level[c->levels - 1];

		if (site && is_within(th, l))
			return;
		pop(th);
	}
}

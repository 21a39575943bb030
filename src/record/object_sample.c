/* SPDX-License-Identifier: MIT
 *
 * object_sample.c - objects in sample mode: those that stand in sampled
 * blocks, each with its sample's weight.  Reached once or twice a sample, with
 * the GIL held.
 *
 * Nothing tells of births.  A sampled block of the object domain may hold an
 * object; at its first death, or when it is looked at while it lives, it turns
 * out which, and counts from then on as born where the block was allocated.
 * Later lives of the block, on a free list, are not followed.
 */
#include <string.h>

#include "base/clock.h"
#include "record/object_internal.h"
#include "record/record.h"
#include "record/sample.h"
#include "record/settings.h"
#include "record/tick.h"

bool
rcp_record_samples_objects(void)
{
	return rcp_record_settings.sampling && rcp_record_follows_objects();
}

bool
rcp_record_maybe_object(void *p)
{
	uintptr_t block = (uintptr_t)p;
	struct rcp_sample s;

	if (!rcp_record_samples_objects() || !rcp_samples_look(block, &s))
		return false;
	s.object = RCP_SAMPLE_MAYBE;
	rcp_samples_change(block, &s);
	if (rcp_object_collecting())
		rcp_object_born_inside(block);
	return true;
}

bool
rcp_record_peek(uintptr_t p, uint64_t words[RCP_PEEK_WORDS], uint64_t *bytes)
{
	return rcp_samples_peek(p, words, bytes);
}

uint32_t
rcp_record_maybe_objects(uint32_t *at, uintptr_t *out, uint32_t room)
{
	return rcp_samples_maybe(at, out, room);
}

void
rcp_record_untold(void)
{
	rcp_objects_count(RCP_OBJECTS_UNTOLD);
}

void
rcp_record_let_by(uintptr_t op, bool on)
{
	rcp_samples_let_by(op, on);
}

static uint32_t (*tell)(const uint64_t words[6], uint64_t bytes,
			unsigned *before);

void
rcp_record_tell_by(uint32_t (*fn)(const uint64_t words[6], uint64_t bytes,
				  unsigned *before))
{
	tell = fn;
}

void
rcp_sample_tell(uintptr_t p, struct rcp_block *old)
{
	uint64_t words[RCP_PEEK_WORDS] = { 0 }, bytes = old->sample.size;

	if (!tell)
		return;
	memcpy(words, (const void *)p,
	       bytes < sizeof(words) ? bytes : sizeof(words));
	old->object = tell(words, bytes, &old->before);
}

/* S turns out to be an object.  False: there is no room, or it is not ours. */
static bool
enter(struct rcp_objects *o, struct rcp_sample *s, unsigned before,
      uint32_t type)
{
	struct rcp_origin origin = {
		.allocation = s->site,
		.site = s->site,
		.type = (uint16_t)type,
		.before = (uint8_t)before,
		.folded = true,
	};

	s->object = RCP_SAMPLE_BLOCK;
	if (rcp_site_inherited(s->site))
		return false;
	s->origin = rcp_origin_get(&origin);
	if (!s->origin) {
		rcp_objects_count(RCP_OBJECTS_NO_ROOM);
		return false;
	}
	s->object = RCP_SAMPLE_ALIVE;
	rcp_objects_count(RCP_OBJECTS_BORN);
	rcp_objects_sample_born(o, s);
	return true;
}

void
rcp_record_is_object(struct rcp_tls *t, uintptr_t block, unsigned before,
		     uint32_t type)
{
	struct rcp_sample s;
	struct rcp_thread *th;
	struct rcp_objects *o;

	rcp_busy(t);
	th = rcp_thread_get(t);
	o = th ? rcp_object_books(th) : NULL;
	if (o && rcp_samples_look(block, &s) &&
	    s.object == RCP_SAMPLE_MAYBE) {
		enter(o, &s, before, type);
		rcp_samples_change(block, &s);
	}
	rcp_idle(t);
}

/* --- deaths ----------------------------------------------------------------- */

/* The sample that an object at OP would stand in. */
static bool
sample_of(uintptr_t op, unsigned *before, struct rcp_sample *out)
{
	for (*before = 0; *before <= 32; *before += 16) {
		uintptr_t p = op - *before;

		if (rcp_filter_may_have(p) && rcp_samples_look(p, out) &&
		    out->size >= *before + 16)
			return true;
	}
	return false;
}

static bool
is_at(const struct rcp_sample *s, unsigned before)
{
	return (s->object == RCP_SAMPLE_ALIVE ||
		s->object == RCP_SAMPLE_DEAD) &&
	       rcp_origin_at(s->origin)->before == before;
}

static void
died(struct rcp_thread *th, struct rcp_objects *o, struct rcp_sample *s,
     uintptr_t block, const void *caller)
{
	s->object = RCP_SAMPLE_DEAD;
	rcp_samples_change(block, s);
	rcp_objects_sample_died(o, s, rcp_object_site(th, caller),
				rcp_object_cause(block),
				rcp_tick_age(s->birth));
}

enum rcp_dying
rcp_sample_dying(struct rcp_tls *t, uintptr_t op, const void *caller,
		 unsigned *before)
{
	struct rcp_sample s;
	struct rcp_thread *th;
	struct rcp_objects *o;
	uint64_t begin;

	if (!sample_of(op, before, &s) || s.object == RCP_SAMPLE_BLOCK)
		return RCP_DYING_NOTHING;
	if (s.object == RCP_SAMPLE_MAYBE)
		return RCP_DYING_UNBORN;
	if (!is_at(&s, *before))
		return RCP_DYING_NOTHING;
	if (s.object == RCP_SAMPLE_DEAD)
		return RCP_DYING_AGAIN;
	rcp_busy(t);
	begin = rcp_clock_now();
	th = rcp_thread_get(t);
	o = th ? rcp_object_books(th) : NULL;
	if (o) {
		died(th, o, &s, op - *before, caller);
		rcp_rate_spent(&th->rate, begin, rcp_clock_now());
	}
	rcp_idle(t);
	return RCP_DYING_NOW;
}

void
rcp_sample_died_unborn(struct rcp_tls *t, uintptr_t block, unsigned before,
		       uint32_t type, const void *caller)
{
	struct rcp_sample s;
	struct rcp_thread *th;
	struct rcp_objects *o;
	uint64_t begin;

	rcp_busy(t);
	begin = rcp_clock_now();
	th = rcp_thread_get(t);
	o = th ? rcp_object_books(th) : NULL;
	if (o && rcp_samples_look(block, &s) &&
	    s.object == RCP_SAMPLE_MAYBE) {
		if (enter(o, &s, before, type))
			died(th, o, &s, block, caller);
		else
			rcp_samples_change(block, &s);
		rcp_rate_spent(&th->rate, begin, rcp_clock_now());
	}
	rcp_idle(t);
}

bool
rcp_sample_is_dead(uintptr_t op)
{
	struct rcp_sample s;
	unsigned before;

	return sample_of(op, &before, &s) && s.object == RCP_SAMPLE_DEAD &&
	       is_at(&s, before);
}

void
rcp_sample_resurrected(struct rcp_tls *t, uintptr_t op)
{
	struct rcp_sample s;
	struct rcp_thread *th;
	struct rcp_objects *o;
	unsigned before;

	rcp_busy(t);
	th = rcp_thread_get(t);
	o = th ? rcp_object_books(th) : NULL;
	if (o && sample_of(op, &before, &s) && s.object == RCP_SAMPLE_DEAD) {
		s.object = RCP_SAMPLE_ALIVE;
		rcp_samples_change(op - before, &s);
		rcp_objects_sample_born(o, &s);
	}
	rcp_idle(t);
}

/* No stack is walked here: see the greenlet trap in domains.c. */
void
rcp_sample_object_gone(struct rcp_thread *th, struct rcp_block *old,
		       uintptr_t block)
{
	struct rcp_sample *s = &old->sample;
	struct rcp_objects *o = rcp_object_books(th);

	if (!o)
		return;
	if (s->object == RCP_SAMPLE_MAYBE) {
		if (old->object)
			enter(o, s, old->before, old->object);
		else
			rcp_objects_count(RCP_OBJECTS_UNTOLD);
	}
	if (s->object != RCP_SAMPLE_ALIVE)
		return;
	rcp_objects_count(RCP_OBJECTS_FREED);
	rcp_objects_sample_died(o, s, 0, rcp_object_cause(block),
				rcp_tick_age(s->birth));
}

void
rcp_sample_object_unseen(struct rcp_thread *th, const struct rcp_sample *s)
{
	struct rcp_objects *o = rcp_object_books(th);

	if (!o || s->object != RCP_SAMPLE_ALIVE)
		return;
	rcp_objects_count(RCP_OBJECTS_UNSEEN);
	rcp_objects_sample_died(o, s, 0, RCP_DEATH_UNSEEN,
				rcp_tick_age(s->birth));
}

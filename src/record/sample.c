/* SPDX-License-Identifier: MIT
 *
 * sample.c - see sample.h.  Reached when a thread's countdown has run out, and
 * when the filter takes a block that is freed for a sample.
 *
 * The tables of mappings are exact in sample mode too: a mapping is a system
 * call, beside which its record is cheap.
 */
#include "record/sample.h"

#include "account/variance.h"
#include "base/clock.h"
#include "record/settings.h"
#include "record/thread.h"
#include "record/tick.h"

static void
unseen(void *thread, const struct rcp_sample *sample)
{
	struct rcp_thread *th = thread;

	rcp_count(RCP_COUNT_UNSEEN, (int64_t)sample->blocks);
	if (RCP_UNLIKELY(sample->object))
		rcp_sample_object_unseen(th, sample);
	rcp_account_sample_freed(&th->account, sample,
				 rcp_tick_age(sample->birth), false);
}

/* False: there is no memory for it, and it is not counted. */
static bool
remember(struct rcp_thread *th, void *p, const struct rcp_sample *sample)
{
	struct rcp_sample replaced;
	bool dropped;

	if (rcp_samples_put((uintptr_t)p, sample, &replaced, &dropped))
		unseen(th, &replaced);
	if (dropped)
		rcp_count(RCP_COUNT_DROPPED, 1);
	return !dropped;
}

static void
take(struct rcp_tls *t, struct rcp_thread *th, void *p, size_t size,
     const struct rcp_weight *w, enum rcp_kind kind, const void *caller)
{
	struct rcp_sample sample = {
		.size = size,
		.bytes = w->bytes,
		.blocks = w->blocks,
		.var_bytes = w->var_bytes,
		.var_blocks = w->var_blocks,
		.site = rcp_site_get(rcp_capture_node(&th->capture, caller),
				     kind),
		.birth = rcp_tick_now(),
	};

	if (!remember(th, p, &sample))
		return;
	if (!rcp_account_sampled(&th->account, &sample)) {
		rcp_samples_take((uintptr_t)p, &sample);
		return;
	}
	th->ring[0] = p;
	th->last_countdown = t->countdown;
}

void
rcp_sample_allocated(struct rcp_tls *t, void *p, size_t size,
		     enum rcp_kind kind, const void *caller)
{
	struct rcp_thread *th = rcp_thread_get(t);
	uint64_t limit = rcp_record_settings.watch, begin;
	struct rcp_weight weight;
	bool taken;

	if (!th) {
		t->countdown = UINT64_MAX / 2;
		return;
	}
	begin = rcp_clock_now();
	taken = rcp_sampler_take(&th->sampler, &t->countdown, size,
				 rcp_rate_mean(), limit ? limit : INT64_MAX,
				 &weight);
	rcp_tick_slow(t, th);
	if (!taken)
		return;
	take(t, th, p, size, &weight, kind, caller);
	rcp_rate_spent(&th->rate, begin, rcp_clock_now());
}

void
rcp_sample_remove(void *p, struct rcp_block *old)
{
	old->known = rcp_filter_may_have((uintptr_t)p) &&
		     rcp_samples_take((uintptr_t)p, &old->sample);
	if (RCP_UNLIKELY(old->known &&
			 old->sample.object == RCP_SAMPLE_MAYBE))
		rcp_sample_tell((uintptr_t)p, old);
}

/* The countdown stands where the newest sample left it: this thread has
 * allocated nothing since. */
static bool
is_temporary(const struct rcp_tls *t, struct rcp_thread *th, const void *p)
{
	if (!rcp_record_settings.temporary || th->ring[0] != p)
		return false;
	th->ring[0] = NULL;
	return t->countdown == th->last_countdown;
}

void
rcp_sample_freed(struct rcp_tls *t, void *p, const struct rcp_block *old)
{
	struct rcp_thread *th;
	uint64_t begin;

	if (!old->known || !(th = rcp_thread_get(t)))
		return;
	begin = rcp_clock_now();
	if (RCP_UNLIKELY(old->sample.object)) {
		struct rcp_block object = *old;

		rcp_sample_object_gone(th, &object, (uintptr_t)p);
	}
	rcp_account_sample_freed(&th->account, &old->sample,
				 rcp_tick_age(old->sample.birth),
				 is_temporary(t, th, p));
	rcp_rate_spent(&th->rate, begin, rcp_clock_now());
}

void
rcp_sample_restore(struct rcp_tls *t, void *p, const struct rcp_block *old)
{
	struct rcp_thread *th;

	if (old->known && (th = rcp_thread_get(t)) &&
	    !remember(th, p, &old->sample))
		unseen(th, &old->sample);
}

void
rcp_sample_moved(struct rcp_tls *t, void *p, const struct rcp_block *old,
		 void *q, size_t size, enum rcp_kind kind, const void *caller)
{
	rcp_sample_freed(t, p, old);
	rcp_sample_allocated(t, q, size, kind, caller);
}

void
rcp_sample_range_gone(struct rcp_tls *t, void *p, size_t size)
{
	struct rcp_thread *th = rcp_thread_get(t);

	if (th && rcp_samples_count())
		rcp_samples_take_range((uintptr_t)p, size, unseen, th);
}

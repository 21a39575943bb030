/* SPDX-License-Identifier: MIT
 *
 * samples.c - sample mode's live table against an array that knows the truth,
 * and how often its filter takes another block for a sample.
 */
#include "account/samples.h"

#include <stdlib.h>

#include "tap/random.h"
#include "tap/tap.h"

#define SLOTS 20000
#define BASE 0x7f1234000000ul

static struct {
	bool there;
	uint64_t size;
} truth[SLOTS];

static uint64_t state = 88172645463325252u;

static uint64_t
random_u64(void)
{
	return tap_random(&state);
}

/* Spread over 200 MiB, so that the filter's 16 come round many times. */
static uintptr_t
address(unsigned slot)
{
	return BASE + ((slot * 2654435761ul) % (200ul << 16)) * 16;
}

static bool
put(unsigned slot)
{
	struct rcp_sample sample = { .size = random_u64() % 100000 }, replaced;
	bool dropped, was;

	sample.site = slot;
	was = rcp_samples_put(address(slot), &sample, &replaced, &dropped);
	if (dropped || was != truth[slot].there ||
	    (was && replaced.size != truth[slot].size))
		return false;
	truth[slot].there = true;
	truth[slot].size = sample.size;
	return rcp_filter_may_have(address(slot));
}

static bool
take(unsigned slot)
{
	struct rcp_sample out;
	bool was;

	if (truth[slot].there && !rcp_filter_may_have(address(slot)))
		return false;
	was = rcp_samples_take(address(slot), &out);
	if (was != truth[slot].there)
		return false;
	truth[slot].there = false;
	return !was || (out.size == truth[slot].size && out.site == slot);
}

static void
test_truth(void)
{
	bool right = true;
	unsigned alive = 0;

	for (int i = 0; i < 400000 && right; i++) {
		unsigned slot = (unsigned)(random_u64() % SLOTS);

		right = random_u64() % 2 ? put(slot) : take(slot);
	}
	ok(right, "puts and takes agree with the truth");
	for (unsigned i = 0; i < SLOTS; i++)
		alive += truth[i].there;
	is_int(rcp_samples_count(), alive, "and so does their number");
}

static void
forget(void *sum, const struct rcp_sample *sample)
{
	*(uint64_t *)sum += sample->size;
}

static void
test_range(void)
{
	uint64_t gone = 0, want = 0, left = 0;
	uintptr_t from = BASE + (50ul << 20), size = 70ul << 20;

	for (unsigned i = 0; i < SLOTS; i++) {
		if (!truth[i].there)
			continue;
		if (address(i) - from < size) {
			want += truth[i].size;
			truth[i].there = false;
		} else {
			left++;
		}
	}
	rcp_samples_take_range(from, size, forget, &gone);
	is_int(gone, want, "a range takes what starts in it");
	is_int(rcp_samples_count(), left, "and nothing else");
}

/* With samples at random addresses, and with those of this program's own
 * malloc, where some neighbourhoods are crowded. */
static void
false_positives(const char *what, uintptr_t *p, int samples, int others)
{
	struct rcp_sample sample = { .size = 1 }, out;
	bool dropped;
	int wrong = 0;
	double rate, stated = samples / (double)RCP_FILTER_SLOTS;

	for (int i = 0; i < samples; i++)
		rcp_samples_put(p[i], &sample, &out, &dropped);
	for (int i = samples; i < samples + others; i++)
		wrong += rcp_filter_may_have(p[i]);
	rate = wrong / (double)others;
	if (!ok(rate <= 1.5 * stated + 0.0005, "%s: few are taken for samples",
		what))
		diag("%.4f of them; stated: %.4f", rate, stated);
	for (int i = 0; i < samples; i++)
		rcp_samples_take(p[i], &out);
	for (int i = 0; i < samples + others; i++)
		wrong += rcp_filter_may_have(p[i]);
	is_int(rcp_samples_count(), 0, "%s: the table is empty again", what);
}

static void
test_filter(void)
{
	enum { ALL = 105000, SAMPLES = 5000 };
	uintptr_t *p = calloc(ALL, sizeof(*p));
	bool empty = true;

	for (int i = 0; p && i < ALL; i++)
		p[i] = BASE + (random_u64() % (1ul << 30)) * 16;
	false_positives("random addresses", p, SAMPLES, ALL - SAMPLES);
#ifndef __SANITIZE_ADDRESS__ /* its malloc is another one */
	for (int i = 0; p && i < ALL; i++)
		p[i] = (uintptr_t)malloc(random_u64() % 600);
	/* Every 21st of them is a sample: they come first. */
	for (int i = 0; p && i < SAMPLES; i++) {
		uintptr_t other = p[i];

		p[i] = p[i * 21];
		p[i * 21] = other;
	}
	false_positives("blocks of malloc", p, SAMPLES, ALL - SAMPLES);
	for (int i = 0; p && i < ALL; i++) {
		empty = empty && !rcp_filter_may_have(p[i]);
		free((void *)p[i]);
	}
#endif
	ok(empty, "an empty filter has nothing");
	free(p);
}

int
main(void)
{
	uint64_t gone = 0;

	test_truth();
	test_range();
	rcp_samples_take_range(0, SIZE_MAX, forget, &gone);
	test_filter();
	done_testing();
}

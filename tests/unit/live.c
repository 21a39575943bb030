/* SPDX-License-Identifier: MIT
 *
 * live.c - the live table against a plain array that knows the truth: random
 * puts and takes of every size and alignment, with and without a shadow.
 */
#include "account/live.h"

#include "tap/random.h"
#include "tap/tap.h"

#define SLOTS 4096
#define BASE 0x7f0000000000ul

static struct {
	bool there;
	struct rcp_live block;
} truth[SLOTS];

static uint64_t seed = 88172645463325252u;

static uint64_t
random_u64(void)
{
	return tap_random(&seed);
}

static uint64_t
random_size(void)
{
	static const uint64_t edges[] = { 0,  1,  15,	  16,	      17,
					  32, 33, 48,	  49,	      512,
					  1u << 20, 0x7ffffffeu, 0x7fffffffu,
					  5ull << 30 };

	if (random_u64() % 4 == 0)
		return edges[random_u64() % (sizeof(edges) / sizeof(edges[0]))];
	return random_u64() % 600;
}

/* Every slot has 64 bytes of its own; some are not 16-aligned, some lie at
 * the end of a leaf. */
static uintptr_t
address(unsigned slot)
{
	uintptr_t p = BASE + (1ul << 26) - 64 * SLOTS / 2 + slot * 64ul;

	return slot % 7 == 0 ? p + 8 : slot % 5 == 0 ? p + 16 : p;
}

static bool
same(const struct rcp_live *a, const struct rcp_live *b)
{
	bool aged = b->size > 32 && b->birth != RCP_LIVE_NO_BIRTH;

	if (a->size != b->size || a->site != b->site)
		return false;
	return a->birth == RCP_LIVE_NO_BIRTH || (aged && a->birth == b->birth) ||
	       a->birth == b->birth;
}

static int wrong;

static void
step(void)
{
	unsigned slot = random_u64() % SLOTS;
	struct rcp_live block, out;
	bool was;

	if (random_u64() % 2) {
		block.size = random_size();
		block.site = 1 + random_u64() % 0xfffffe;
		block.birth = random_u64() & 0x7fffffff;
		was = rcp_live_put(address(slot), block, &out) == RCP_PUT_OVER;
		wrong += was != truth[slot].there;
		wrong += was && !same(&out, &truth[slot].block);
		truth[slot].there = true;
		truth[slot].block = block;
	} else {
		was = rcp_live_take(address(slot), &out);
		wrong += was != truth[slot].there;
		wrong += was && !same(&out, &truth[slot].block);
		truth[slot].there = false;
	}
}

static void
count_one(void *ctx, const struct rcp_live *block)
{
	(void)block;
	(*(int *)ctx)++;
}

static void
run(const char *what)
{
	int left = 0, expected = 0;
	struct rcp_live out;

	wrong = 0;
	for (int i = 0; i < 1000000; i++)
		step();
	is_int(wrong, 0, "%s: a million random steps agree with the truth",
	       what);
	ok(!rcp_live_take(0x10, &out), "%s: an address never seen", what);
	for (unsigned i = 0; i < SLOTS; i++) {
		/* Half of them, to see that the other half stays. */
		bool in = address(i) >= address(0) - 8 &&
			  address(i) < address(0) - 8 + 64 * SLOTS / 2;

		expected += truth[i].there && in;
		truth[i].there = truth[i].there && !in;
	}
	rcp_live_take_range(address(0) - 8, 64 * SLOTS / 2, count_one, &left);
	is_int(left, expected, "%s: a range gives up what starts in it", what);
	wrong = 0;
	for (unsigned i = 0; i < SLOTS; i++) {
		wrong += rcp_live_take(address(i), &out) != truth[i].there;
		truth[i].there = false;
	}
	is_int(wrong, 0, "%s: and leaves the rest", what);
}

/* One look is at 64 leaves, the next at the others. */
static uint64_t
resident(void)
{
	rcp_live_resident();
	return rcp_live_resident();
}

/* A gigabyte of addresses away from the rest: a leaf for each block. */
static void
residency(void)
{
	struct rcp_live block = { .size = 64, .site = 1 }, out;
	uint64_t before = rcp_live_resident();

	for (unsigned i = 0; i < 100; i++)
		rcp_live_put(0x100000000000ul + ((uintptr_t)i << 30), block, &out);
	is_int((long)((resident() - before) / 4096), 100,
	       "a block in a leaf of its own: one page of shadow");
	rcp_live_put(0x100000000000ul + 4096 * 4, block, &out);
	is_int((long)((resident() - before) / 4096), 101, "one page further");
}

/* Kernels before 5.14 have nothing that makes pages present. */
static bool
can_populate(void)
{
	static char page[8192];

	return madvise(page + (-(uintptr_t)page & 4095), 4096, 23) == 0;
}

/* An arena's words come at once, no farther than its leaf, and what stands there
 * stays. */
static void
expectation(void)
{
	const uintptr_t leaf = 1ul << RCP_SHADOW_LEAF_BITS;
	const uintptr_t p = 0x7e0000000000ul + leaf - (1 << 20);
	struct rcp_live block = { .site = 7, .size = 64 }, replaced, out;
	uint64_t before;

	rcp_live_expect(p, 1 << 20);
	ok(!rcp_shadow_at(p), "without a leaf nothing is expected");
	rcp_live_put(p, block, &replaced);
	before = resident();
	rcp_live_expect(p, 4 << 20);
	is_int((long)(resident() - before),
	       can_populate() ? (256 << 10) - 4096 : 0,
	       "1 MiB takes 256 KiB, one page of which was there");
	ok(rcp_live_take(p, &out) && out.site == 7 && out.size == 64,
	   "and what stood there is as it was");
}

int
main(void)
{
	rcp_live_setup(false);
	run("side table");
	rcp_live_setup(true);
	ok(rcp_shadow_root != NULL, "the shadow is reserved");
	run("shadow");
	residency();
	expectation();
	return done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * chunks.c - the live table of glibc's blocks against a heap that lays them out
 * as glibc does, without a gap, and knows the truth.
 */
#include "account/chunks.h"

#include "tap/random.h"
#include "tap/tap.h"

#define GRANULES 4096u /* of 16 bytes */
/* Half of the heap is under one leaf, half under the next. */
#define BASE (0x7f0000000000ul + (1ul << 26) - GRANULES * 16 / 2)

static struct {
	bool head, used;
	struct rcp_live block;
} truth[GRANULES];

static uint64_t seed = 88172645463325252u;

static uint64_t
random_u64(void)
{
	return tap_random(&seed);
}

static uint64_t
random_size(void)
{
	static const uint64_t edges[] = { 0,  1,  15, 16, 24, 25, 40,
					  41, 56, 57, 72, 73, 88, 89 };

	if (random_u64() % 2 == 0)
		return edges[random_u64() % (sizeof(edges) / sizeof(edges[0]))];
	return random_u64() % 400;
}

static uintptr_t
address(unsigned at)
{
	return BASE + at * 16ul;
}

/* Granules that a chunk has. */
static unsigned
extent(uint64_t size)
{
	return size <= 24 ? 2 : (unsigned)((size + 8 + 15) / 16);
}

static bool
same(const struct rcp_live *got, const struct rcp_live *want)
{
	return got->size == want->size && got->site == want->site &&
	       got->birth == (want->size > 40 ? want->birth :
						RCP_LIVE_NO_BIRTH);
}

static int wrong;

static void
occupy(unsigned at, unsigned n, bool used)
{
	truth[at].head = used;
	for (unsigned i = at; i < at + n; i++)
		truth[i].used = used;
}

static void
allocate(unsigned at)
{
	struct rcp_live block = { .size = random_size(),
				  .site = 1 + random_u64() % RCP_CHUNKS_SITE,
				  .birth = random_u64() & 0x7fffffff };
	unsigned n = extent(block.size);

	for (unsigned i = at; i < at + n; i++)
		if (i == GRANULES || truth[i].used)
			return;
	wrong += !rcp_chunk_put_at(rcp_chunk_at(address(at)), address(at),
				   block) &&
		 !rcp_chunk_put(address(at), &block);
	truth[at].block = block;
	occupy(at, n, true);
}

static void
release(unsigned at)
{
	struct rcp_live out;
	uint32_t *w = rcp_chunk_look(address(at), &out);

	wrong += !w || !same(&out, &truth[at].block);
	if (w)
		rcp_chunk_clear(w);
	occupy(at, extent(truth[at].block.size), false);
}

static void
heap(void)
{
	struct rcp_live out;
	unsigned long blocks = 0;

	wrong = 0;
	for (int i = 0; i < 2000000; i++) {
		unsigned at = random_u64() % GRANULES;

		if (truth[at].head)
			release(at);
		else if (!truth[at].used)
			allocate(at);
		else
			wrong += rcp_chunk_look(address(at), &out) != NULL;
		blocks += truth[at].head;
	}
	is_int(wrong, 0, "two million random steps agree with the truth");
	ok(blocks > 100000, "among them %lu blocks", blocks);
}

static void
count_right(void *ctx, const struct rcp_live *block)
{
	(void)block;
	(*(int *)ctx)++;
}

/* From and to the middle of a word's 32 bytes, over the end of a leaf. */
static void
ranges(void)
{
	static const unsigned at[][2] = { { 1, 6 },
					  { 101, 102 },
					  { 501, GRANULES - 501 } };

	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		int expected = 0, found = 0;

		for (unsigned k = at[i][0]; k < at[i][1]; k++) {
			expected += truth[k].head;
			truth[k].head = false;
		}
		rcp_live_take_range(address(at[i][0]),
				    (at[i][1] - at[i][0]) * 16ul, count_right,
				    &found);
		is_int(found, expected, "a range of %u gives up what starts in it",
		       at[i][1] - at[i][0]);
	}
	wrong = 0;
	for (unsigned k = 0; k < GRANULES; k++)
		if (truth[k].head)
			release(k);
	is_int(wrong, 0, "and leaves the rest");
}

static void
refused(void)
{
	uintptr_t p = BASE + 64;
	struct rcp_live block = { .size = 72, .site = 7 }, out;

	block.site = RCP_CHUNKS_SITE + 1;
	ok(!rcp_chunk_put(p, &block), "a site that does not fit");
	block.site = RCP_CHUNKS_SITE;
	ok(rcp_chunk_put(p, &block), "the last that does");
	ok(!rcp_chunk_put(p, &block), "a place that is taken");
	ok(!rcp_chunk_put(p + 16, &block), "or that overlaps");
	ok(!rcp_chunk_look(p + 16, &out), "is not the other's");
	ok(rcp_chunk_take(p + 16, &out) && out.size == 72,
	   "who is there has ended");
	ok(!rcp_chunk_take(p, &out), "and is not there any more");
	block.size = RCP_LIVE_SIZE_SIDE;
	ok(!rcp_chunk_put(p, &block), "a size that does not fit");
	ok(!rcp_chunk_put(p + 8, &block) && !rcp_chunk_look(p + 8, &out),
	   "an address that malloc does not give");
}

static void
moves(void)
{
	uintptr_t p = BASE + 64;
	struct rcp_live block = { .size = 100, .site = 7, .birth = 9 }, out;

	ok(!rcp_chunk_move(p), "nothing is there to be moved");
	rcp_chunk_put(p, &block);
	ok(rcp_chunk_move(p), "a block that may hold an object is");
	ok(!rcp_chunk_look(p, &out), "from here");
	ok(rcp_live_take(p, &out) && same(&out, &block), "to there");
}

int
main(void)
{
	rcp_live_setup(true);
	rcp_chunks_setup();
	ok(rcp_chunk_leaves != 0, "there is room");
	heap();
	ranges();
	refused();
	moves();
	return done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * cells.c - pages of cells that are opened, drained and packed while their
 * threads count in them, against plain arrays that know the truth.
 */
#include <pthread.h>

#include "account/internal.h"
#include "account/packed.h"
#include "emit/emit.h"
#include "emit/flush.h"

#include "tap/random.h"
#include "tap/tap.h"

#define SITES 2000
#define THREADS 3
#define STEPS 200000
#define PAGES (SITES / RCP_CELLS_PER_PAGE + 2)

static uint32_t sites[SITES];

/* One thread: its books, and what they should say. */
static struct worker {
	struct rcp_account account;
	uint64_t seed;
	uint64_t allocs[SITES], alloc_bytes[SITES];
	uint64_t frees[SITES], freed_bytes[SITES];
	uint64_t temporaries[SITES], lifetime[SITES], unaged[SITES];
} workers[THREADS];

static uint64_t
random_below(uint64_t *seed, uint64_t n)
{
	return tap_random(seed) % n;
}

/* --- packed and unpacked -------------------------------------------------- */

/* Small, large, and what an overflow would look like. */
static uint64_t
any_number(uint64_t *seed)
{
	uint64_t bits = random_below(seed, 65);

	return bits ? random_below(seed, UINT64_MAX) >> (64 - bits) : 0;
}

static void
random_state(uint64_t *seed, struct rcp_page_state *page)
{
	memset(page, 0, sizeof(*page));
	for (unsigned i = 0; i < RCP_CELLS_PER_PAGE; i++) {
		struct rcp_cell_state *s = &page->cells[i];

		if (random_below(seed, 3) == 0)
			continue;
		s->allocs = random_below(seed, 2) ? 1 : any_number(seed);
		s->alloc_bytes = 1 + any_number(seed) / 2;
		s->frees = any_number(seed);
		s->freed_bytes = any_number(seed);
		s->temporaries = any_number(seed);
		s->lifetime = any_number(seed);
		s->unaged = any_number(seed);
		if (random_below(seed, 2))
			continue;
		s->epoch = (uint32_t)any_number(seed);
		if (s->epoch) {
			s->peak_bytes = (int64_t)any_number(seed);
			s->peak_blocks = -(int64_t)any_number(seed);
		}
	}
}

static void
test_packed(void)
{
	static struct rcp_account books;
	struct rcp_page_state in, out;
	uint64_t seed = 2463534242u;
	int wrong = 0;

	rcp_cells_init(&books);
	for (uint32_t i = 0; i < 50; i++)
		wrong += !rcp_cells_open(&books, i * RCP_CELLS_PER_PAGE);
	for (int i = 0; i < 20000; i++) {
		uint32_t index = (uint32_t)random_below(&seed, 50);

		random_state(&seed, &in);
		wrong += !rcp_packed_write(&books, index, &in);
		rcp_packed_read(&books, index, &out);
		wrong += memcmp(&in, &out, sizeof(in)) != 0;
	}
	is_int(wrong, 0, "20,000 pages come back as they were packed");
	rcp_packed_read(&books, 60, &out);
	memset(&in, 0, sizeof(in));
	ok(memcmp(&in, &out, sizeof(in)) == 0, "none is zeros");
}

/* --- while they are written ------------------------------------------------ */

static void
step(struct worker *w)
{
	unsigned i = (unsigned)random_below(&w->seed, 64);
	uint64_t size = random_below(&w->seed, 5000), age;

	/* A neighbourhood that moves on, so that pages become quiet. */
	i = (unsigned)(i + w->allocs[0] / 16) % SITES;
	w->allocs[0]++;
	rcp_account_alloc(&w->account, sites[0], 0, 1);
	rcp_account_alloc(&w->account, sites[i], size, 1);
	w->allocs[i]++;
	w->alloc_bytes[i] += size;
	if (random_below(&w->seed, 4) == 0)
		return;
	age = random_below(&w->seed, 3);
	rcp_account_free(&w->account, sites[i], size, 1, (int64_t)age - 1,
			 age == 2);
	w->frees[i]++;
	w->freed_bytes[i] += size;
	w->temporaries[i] += age == 2;
	w->lifetime[i] += age == 2;
	w->unaged[i] += age == 0;
}

static _Atomic int running = THREADS;

static void *
work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < STEPS; i++) {
		step(w);
		if (i % 500 == 0)
			rcp_account_rest(&w->account);
	}
	running--;
	return NULL;
}

static int64_t bytes, blocks; /* as snapshots have written */

static void
drain(bool keyframe)
{
	static struct rcp_snap snap = { .file_generation = 1 };

	snap.keyframe = keyframe;
	snap.seq++;
	rcp_rows_drain(rcp_sink_begin(&snap), &snap, &bytes, &blocks);
}

static int
compare(const struct worker *w)
{
	int wrong = 0;

	for (unsigned i = 0; i < SITES; i++) {
		const struct rcp_cell_state *s;
		struct rcp_page_state page;

		memset(&page, 0, sizeof(page));
		rcp_page_look(&w->account, sites[i] / RCP_CELLS_PER_PAGE,
			      &page);
		s = &page.cells[sites[i] % RCP_CELLS_PER_PAGE];
		wrong += s->allocs != w->allocs[i] ||
			 s->alloc_bytes != w->alloc_bytes[i] ||
			 s->frees != w->frees[i] ||
			 s->freed_bytes != w->freed_bytes[i] ||
			 s->temporaries != w->temporaries[i] ||
			 s->lifetime != w->lifetime[i] ||
			 s->unaged != w->unaged[i];
	}
	return wrong;
}

static void
compare_all(const char *when)
{
	int64_t want_bytes = 0, want_blocks = 0;
	int wrong = 0;

	for (struct worker *w = workers; w < workers + THREADS; w++) {
		wrong += compare(w);
		for (unsigned i = 0; i < SITES; i++) {
			want_bytes += (int64_t)(w->alloc_bytes[i] -
						w->freed_bytes[i]);
			want_blocks += (int64_t)(w->allocs[i] - w->frees[i]);
		}
	}
	is_int(wrong, 0, "%s: every cell is right", when);
	is_int(bytes, want_bytes, "%s: bytes as written add up", when);
	is_int(blocks, want_blocks, "%s: and blocks", when);
}

static unsigned
open_pages(void)
{
	unsigned n = 0;

	for (struct worker *w = workers; w < workers + THREADS; w++)
		for (const struct rcp_cell_page *p = w->account.open; p;
		     p = p->next)
			n++;
	return n;
}

static void
define_nothing(struct rcp_sink *sink, const struct rcp_snap *snap,
	       uint32_t node)
{
	(void)sink;
	(void)snap;
	(void)node;
}

static void
test_drained(void)
{
	pthread_t threads[THREADS];
	int negative = 0, drains = 0;
	unsigned most = 0;

	for (int i = 0; i < THREADS; i++) {
		workers[i].seed = 88172645463325252u + (unsigned)i;
		rcp_account_init(&workers[i].account, (uint32_t)i + 1);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, &workers[i]);
	while (running) {
		drain(drains % 8 == 0);
		negative += bytes < 0 || blocks < 0;
		drains++;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	is_int(negative, 0, "in %d snapshots live was never negative", drains);
	drain(false);
	most = open_pages();
	compare_all("at rest");
	for (int i = 0; i < THREADS; i++)
		rcp_account_rest(&workers[i].account);
	ok(most > 0 && open_pages() == 0,
	   "what has been seen is packed: %u pages, then none", most);
	compare_all("packed");
	for (int i = 0; i < THREADS; i++)
		for (int k = 0; k < 1000; k++)
			step(&workers[i]);
	drain(false);
	compare_all("opened again");
	drain(true);
	compare_all("after a keyframe");
}

int
main(void)
{
	rcp_account_setup(64u << 20);
	rcp_account_register(define_nothing);
	for (uint32_t i = 0; i < SITES; i++)
		sites[i] = rcp_site_get(10 + i, RCP_KIND_MALLOC);
	test_packed();
	test_drained();
	return done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * peak.c - cells and the peak against a brute-force replay that keeps every
 * site's live bytes at the highest moment.
 */
#include <pthread.h>

#include "account/internal.h"
#include "account/packed.h"

#include "tap/random.h"
#include "tap/tap.h"

#define SITES 300
#define STEPS 300000

static uint64_t seed = 1181783497276652981u;

static uint64_t
random_below(uint64_t n)
{
	return tap_random(&seed) % n;
}

static struct rcp_account books, other;
static uint32_t sites[SITES];
static int64_t live[SITES], at_peak[SITES], total, highest;

static int64_t
cell_peak(struct rcp_account *a, uint32_t site)
{
	struct rcp_peak_now now;
	struct rcp_page_state page;

	rcp_peak_now(&now, rcp_live_sum());
	if (!rcp_page_look(a, site / RCP_CELLS_PER_PAGE, &page))
		return 0;
	return rcp_cell_peak(&page.cells[site % RCP_CELLS_PER_PAGE], now.epoch);
}

static int
compare(void)
{
	int wrong = 0;

	for (int i = 0; i < SITES; i++)
		wrong += cell_peak(&books, sites[i]) != at_peak[i];
	return wrong;
}

/* One allocation, free or growth at a random site, here and in the truth. */
static void
step(bool climb)
{
	unsigned i = (unsigned)random_below(SITES);
	int64_t size = (int64_t)random_below(1000);

	switch (random_below(climb ? 3 : 4)) {
	case 0:
	case 1:
		rcp_account_alloc(&books, sites[i], (uint64_t)size, 1);
		live[i] += size;
		total += size;
		break;
	case 2: /* realloc to twice the size */
		if (live[i] < size)
			return;
		rcp_account_grown(&books, sites[i], (uint64_t)size, 0, false,
				  sites[i], (uint64_t)size * 2);
		live[i] += size;
		total += size;
		break;
	default:
		if (live[i] > 3 * size)
			size *= 3;
		if (live[i] < size)
			return;
		rcp_account_free(&books, sites[i], (uint64_t)size, 1, 0,
				 false);
		live[i] -= size;
		total -= size;
		break;
	}
	if (total > highest) {
		highest = total;
		memcpy(at_peak, live, sizeof(live));
	}
}

static void
one_thread(void)
{
	struct rcp_peak_view view;
	int wrong = 0;

	for (int i = 0; i < STEPS; i++) {
		step(i % 5000 < 500);
		if (i % 1000 == 0)
			wrong += compare();
	}
	is_int(wrong + compare(), 0,
	       "every site's live at the peak, looked at 300 times");
	rcp_peak_view(&view);
	is_int(view.bytes, highest, "their sum is the highest total");
	is_int(rcp_live_sum(), total, "live");
}

static void *
second_thread(void *arg)
{
	(void)arg;
	rcp_account_init(&other, 2);
	for (int i = 0; i < STEPS; i++) {
		rcp_account_alloc(&other, sites[0], 100, 1);
		rcp_account_free(&other, sites[0], 100, 1, 0, true);
	}
	return NULL;
}

static void
two_threads(void)
{
	struct rcp_peak_view view;
	int64_t before = highest, off;
	pthread_t t;

	pthread_create(&t, NULL, second_thread, NULL);
	for (int i = 0; i < STEPS; i++)
		step(false);
	/* Well above all before, then down: a peak that must be found. */
	rcp_account_alloc(&books, sites[1], 50u << 20, 1);
	total += 50 << 20;
	if (total > highest)
		highest = total;
	rcp_account_free(&books, sites[1], 50u << 20, 1, 0, false);
	pthread_join(t, NULL);
	rcp_peak_view(&view);
	off = view.bytes - highest;
	ok(highest > before && off > -200000 && off < 200000,
	   "two threads: the peak within their unpublished bytes (off by %ld)",
	   (long)off);
}

int
main(void)
{
	rcp_account_setup(64u << 20);
	for (uint32_t i = 0; i < SITES; i++)
		sites[i] = rcp_site_get(10 + i, RCP_KIND_MALLOC);
	is_int(rcp_site_get(10, RCP_KIND_MALLOC), sites[0],
	       "a site is the same again");
	ok(rcp_site_get(10, RCP_KIND_PYTHON) != sites[0],
	   "and another for another kind");
	is_int(rcp_site_node(sites[5]), 15, "its node");
	rcp_account_init(&books, 1);
	one_thread();
	two_threads();
	return done_testing();
}

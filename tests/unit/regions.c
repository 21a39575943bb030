/* SPDX-License-Identifier: MIT
 *
 * regions.c - mappings cut at random, against an array with one entry a page.
 */
#include "account/regions.h"

#include "tap/random.h"
#include "tap/tap.h"

#define PAGES 512
#define PAGE 4096ul
#define BASE 0x600000000000ul

static uint32_t owner[PAGES]; /* site of each page; 0: none */
static uint64_t seed = 2463534242u;

static unsigned
random_below(unsigned n)
{
	return (unsigned)(tap_random(&seed) % n);
}

/* Pages of SITE that are still mapped. */
static unsigned
left_of(uint32_t site)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PAGES; i++)
		n += owner[i] == site;
	return n;
}

static int wrong;

static void
check_pieces(unsigned from, unsigned count)
{
	struct rcp_region_piece pieces[RCP_REGIONS_AT_ONCE];
	unsigned n;

	do {
		n = rcp_regions_take(BASE + from * PAGE, count * PAGE, pieces);
		for (unsigned i = 0; i < n; i++) {
			unsigned first = (unsigned)((pieces[i].start - BASE) /
						    PAGE);
			unsigned pages =
				(unsigned)(pieces[i].part.size / PAGE);

			for (unsigned k = first; k < first + pages; k++) {
				wrong += owner[k] != pieces[i].part.site;
				wrong += k < from || k >= from + count;
				owner[k] = 0;
			}
			wrong += pieces[i].last !=
				 (left_of(pieces[i].part.site) == 0);
			rcp_regions_release(&pieces[i]);
		}
	} while (n == RCP_REGIONS_AT_ONCE);
	for (unsigned k = from; k < from + count; k++)
		wrong += owner[k] != 0;
}

static void
failing_unmap(unsigned from, unsigned count)
{
	struct rcp_region_piece pieces[RCP_REGIONS_AT_ONCE];
	unsigned n = rcp_regions_take(BASE + from * PAGE, count * PAGE, pieces);

	for (unsigned i = 0; i < n; i++)
		rcp_regions_restore(&pieces[i]);
}

int
main(void)
{
	struct rcp_live block = { .birth = 7 };

	for (uint32_t site = 1; site <= 20000; site++) {
		unsigned from = random_below(PAGES);
		unsigned count = 1 + random_below(PAGES - from);

		if (count > 40)
			count = 40;
		if (random_below(3) == 0)
			failing_unmap(from, count);
		check_pieces(from, count);
		if (random_below(3) == 0)
			continue;
		block.size = count * PAGE;
		block.site = site;
		if (!rcp_regions_add(BASE + from * PAGE, &block, false))
			wrong++;
		for (unsigned k = from; k < from + count; k++)
			owner[k] = site;
	}
	is_int(wrong, 0, "20,000 mappings, cuts and failed cuts");
	check_pieces(0, PAGES);
	is_int(rcp_regions_count(), 0, "nothing is left");
	is_int(wrong, 0, "and all of it was accounted for");
	return done_testing();
}

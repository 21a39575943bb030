/* SPDX-License-Identifier: MIT
 *
 * ladder.c - see ladder.h.  Pure.
 */
#include "emit/ladder.h"

#define SECOND 1000000000ull
#define NONE 255

/* How much of the newest part, in sixteenths of the cap, is finer than a
 * second, a minute, an hour, a day.  NONE: nothing is that coarse.  The finer
 * parts of a file lie behind the coarser ones, so their shares nest. */
static const struct {
	uint8_t second, minute, hour, day;
} rungs[] = {
	{ 4, NONE, NONE, NONE },
	{ 4, 6, NONE, NONE },
	{ 2, 4, 6, NONE },
	{ 1, 2, 4, 6 },
	{ 0, 1, 2, 3 },
	{ 0, 0, 1, 2 },
	{ 0, 0, 0, 1 },
	{ 0, 0, 0, 0 },
};
#define RUNGS (sizeof(rungs) / sizeof(rungs[0]))

_Static_assert(RCP_LADDER_RUNGS == 2 * RUNGS + 2, "with pins and without");

static uint64_t
before(const struct rcp_thin *job, uint8_t share, uint64_t cap)
{
	uint64_t newest = cap / 16 * share;

	return share == NONE || newest > job->size ? 0 : job->size - newest;
}

void
rcp_ladder_set(struct rcp_thin *job, unsigned rung, uint64_t cap)
{
	unsigned i = rung % (RUNGS + 1);

	job->pins = rung <= RUNGS ? RCP_THIN_PIN_ALL : RCP_THIN_PIN_NONE;
	if (i == RUNGS) {
		for (int z = 0; z < RCP_THIN_ZONES; z++)
			job->zones[z] = (struct rcp_thin_zone){ 0, 0 };
		job->zones[0].before = job->size;
		job->zones[0].gap = UINT64_MAX;
		return;
	}
	job->zones[0].before = before(job, rungs[i].day, cap);
	job->zones[0].gap = 86400 * SECOND;
	job->zones[1].before = before(job, rungs[i].hour, cap);
	job->zones[1].gap = 3600 * SECOND;
	job->zones[2].before = before(job, rungs[i].minute, cap);
	job->zones[2].gap = 60 * SECOND;
	job->zones[3].before = before(job, rungs[i].second, cap);
	job->zones[3].gap = SECOND;
}

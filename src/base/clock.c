/* SPDX-License-Identifier: MIT
 *
 * clock.c - see clock.h.  Runs inside malloc and in the helper.
 */
#include "base/clock.h"

#include <time.h>

static uint64_t
read_clock(int clock_id)
{
	struct timespec ts;

	/* With valid arguments it can not fail, and so does not set errno. */
	clock_gettime(clock_id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t (*rcp_clock_source)(int clock_id) = read_clock;

static uint64_t start_mono, start_wall;

void
rcp_clock_init(void)
{
	start_mono = rcp_clock_source(CLOCK_MONOTONIC);
	start_wall = rcp_clock_source(CLOCK_REALTIME);
}

uint64_t
rcp_clock_start_mono(void)
{
	return start_mono;
}

uint64_t
rcp_clock_start_wall(void)
{
	return start_wall;
}

static uint64_t
since_start(int clock_id)
{
	uint64_t now = rcp_clock_source(clock_id);

	/* The coarse clock may lag behind the exact one. */
	return now > start_mono ? now - start_mono : 0;
}

uint64_t
rcp_clock_now(void)
{
	return since_start(CLOCK_MONOTONIC);
}

uint64_t
rcp_clock_coarse(void)
{
	return since_start(CLOCK_MONOTONIC_COARSE);
}

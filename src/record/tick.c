/* SPDX-License-Identifier: MIT
 *
 * tick.c - see tick.h.  Runs inside malloc, every few dozen events.
 */
#include "record/tick.h"

#include <errno.h>

#include "base/clock.h"
#include "record/object.h"
#include "record/settings.h"

#define AGE_MAX 0x7fffffffu /* 31 bits of the live table */

uint32_t rcp_tick_shared;

static uint32_t
age_units(uint64_t now)
{
	uint64_t units = now / RCP_AGE_UNIT_NS;

	return units < AGE_MAX ? (uint32_t)units : AGE_MAX;
}

static void
share(uint32_t units)
{
	if (units > __atomic_load_n(&rcp_tick_shared, __ATOMIC_RELAXED))
		__atomic_store_n(&rcp_tick_shared, units, __ATOMIC_RELAXED);
}

void
rcp_tick_slow(struct rcp_tls *t, struct rcp_thread *th)
{
	uint64_t now = rcp_clock_coarse();
	int saved = errno;

	t->tick = RCP_TICK_EVENTS;
	share(age_units(now));
	if (t->guarded) {
		rcp_count(RCP_COUNT_GUARDED, (int64_t)t->guarded);
		t->guarded = 0;
	}
	rcp_account_rest(&th->account);
	if (RCP_UNLIKELY(now >= RCP_LOAD(rcp_object_due_at)))
		rcp_object_special.is.due = true;
	if (rcp_record_settings.on_tick)
		rcp_record_settings.on_tick(now);
	errno = saved;
}

void
rcp_tick_heartbeat(void)
{
	share(age_units(rcp_clock_coarse()));
}

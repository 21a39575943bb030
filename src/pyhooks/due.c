/* SPDX-License-Identifier: MIT
 *
 * due.c - when functions that wait to be patched are: soon, but in a twentieth
 * of the time at most, since new types come in flocks, when a module is
 * imported.  Births and deaths go the short way as long as it is not time.
 * The GIL is held.
 */
#include "base/clock.h"
#include "pyhooks/objects.h"
#include "record/object.h"

#define SHARE 20u /* of the time, placing takes one part */

static uint64_t next_time;
static bool waiting;

void
rcp_due_wait(void)
{
	waiting = true;
	rcp_object_special.is.due = rcp_clock_now() >= next_time;
	/* Nobody asks for the time but those that do so anyway. */
	__atomic_store_n(&rcp_object_due_at, next_time, __ATOMIC_RELAXED);
}

bool
rcp_due_now(void)
{
	rcp_object_special.is.due = false;
	if (!waiting || rcp_clock_now() < next_time)
		return false;
	waiting = false;
	__atomic_store_n(&rcp_object_due_at, UINT64_MAX, __ATOMIC_RELAXED);
	return true;
}

void
rcp_due_took(uint64_t begin, uint64_t end)
{
	next_time = end + (end - begin) * SHARE;
}

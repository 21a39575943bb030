/* SPDX-License-Identifier: MIT
 *
 * tick.h - the little that is done only now and then: the clock, snapshots
 * that are due, the interpreter's start.  See doc/INTERNALS.md section 5.
 */
#ifndef RCP_RECORD_TICK_H
#define RCP_RECORD_TICK_H

#include "account/live.h"
#include "record/thread.h"

#define RCP_TICK_EVENTS 64
#define RCP_TICK_BYTES (256u << 10) /* a block this large is worth a look */

/* Age units as of the last look at the clock, of the helper or a thread.
 * Written when the unit has changed only. */
extern uint32_t rcp_tick_shared RCP_HIDDEN;

void rcp_tick_slow(struct rcp_tls *t, struct rcp_thread *th);

/* From the helper: refreshes rcp_tick_shared. */
void rcp_tick_heartbeat(void);

static inline void
rcp_tick(struct rcp_tls *t, struct rcp_thread *th, uint64_t size)
{
	t->tick--;
	if (RCP_UNLIKELY(t->tick < 0))
		rcp_tick_slow(t, th);
	else if (RCP_UNLIKELY(size >= RCP_TICK_BYTES))
		rcp_tick_slow(t, th);
}

/* Age units since start. */
static inline uint32_t
rcp_tick_now(void)
{
	return __atomic_load_n(&rcp_tick_shared, __ATOMIC_RELAXED);
}

/* Age units since BIRTH; negative: it is not known. */
static inline int64_t
rcp_tick_age(uint32_t birth)
{
	uint32_t now;

	if (birth == RCP_LIVE_NO_BIRTH)
		return -1;
	now = rcp_tick_now();
	return now > birth ? now - birth : 0;
}

#endif

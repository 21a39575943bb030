/* SPDX-License-Identifier: MIT
 *
 * object_freed.c - objects whose death only the end of their memory tells of:
 * it is freed, it moves, it is given to another.  Runs in the hooks of frees and
 * reallocations, with the GIL held.
 */
#include "record/garbage.h"
#include "record/object_hot.h"
#include "record/object_internal.h"
#include "record/tick.h"

bool
rcp_record_object_freed(struct rcp_tls *t, uintptr_t p)
{
	uint32_t *w = rcp_head_at(p);
	struct rcp_mutator m;
	bool done;

	if (!w || (w[0] & RCP_HEAD_STATE) != RCP_HEAD_ALIVE ||
	    rcp_head_size(w) == RCP_LIVE_SIZE_SIDE ||
	    !rcp_mutator_get(t->thread, &m))
		return false;
	rcp_busy(t);
	done = rcp_object_goes(&m, w[0] & RCP_HEAD_SITE, rcp_head_size(w),
			       rcp_tick_age(rcp_head_birth(w)));
	if (RCP_LIKELY(done)) {
		rcp_objects_count(RCP_OBJECTS_FREED);
		rcp_head_die(w);
	}
	rcp_idle(t);
	return done;
}

/* Its block is gone with BLOCK. */
static void
gone(struct rcp_thread *th, struct rcp_objects *o, uintptr_t block,
     uint32_t origin, uint64_t size, int64_t age)
{
	enum rcp_death how;
	struct rcp_mutator m;

	rcp_objects_count(RCP_OBJECTS_FREED);
	if (RCP_LIKELY(rcp_mutator_get(th, &m)) &&
	    RCP_LIKELY(rcp_object_goes(&m, origin, size, age)))
		return;
	how = rcp_object_cause(block);
	rcp_objects_died(o, origin, rcp_object_death_site(th, NULL), how, size,
			 age);
	if (how == RCP_DEATH_COLLECTOR)
		rcp_garbage_died(size);
}

void
rcp_record_object_gone(struct rcp_thread *th, uintptr_t block, uint32_t object,
		       uint64_t size, uint32_t birth)
{
	struct rcp_objects *o;
	int64_t age = -1;

	if ((object & RCP_HEAD_STATE) != (RCP_HEAD_ALIVE ^ RCP_HEAD_BLOCK))
		return;
	o = rcp_object_books(th);
	if (!o)
		return;
	if (!(object & RCP_LIVE_REBORN))
		age = rcp_tick_age(birth);
	if (block) {
		gone(th, o, block, object & RCP_HEAD_SITE, size, age);
		return;
	}
	rcp_objects_count(RCP_OBJECTS_UNSEEN);
	rcp_objects_died(o, object & RCP_HEAD_SITE, 0, RCP_DEATH_UNSEEN, size,
			 age);
}

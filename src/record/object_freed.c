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

/* --- by the domain of objects ------------------------------------------------------ */

bool
rcp_record_dies_freed(struct rcp_thread *th, uint32_t *w,
		      const void *const *entry)
{
	struct rcp_dying_object d = { .w = w, .head = w[0] };
	struct rcp_mutator m;

	if (RCP_UNLIKELY(!rcp_mutator_get(th, &m)))
		return false;
	d.l = rcp_life_look(m.o, d.head & RCP_HEAD_SITE);
	/* None has died, if none was born. */
	if (RCP_UNLIKELY(!d.l) || RCP_UNLIKELY(!d.l->begins) ||
	    RCP_UNLIKELY(!rcp_record_dies(&m, &d, entry)))
		return false;
	rcp_objects_count_freed(d.l);
	return true;
}

bool
rcp_record_frees_alive(uintptr_t block, uintptr_t *op)
{
	const uint32_t *w = rcp_head_at(block);
	const struct rcp_origin *origin;

	if (!w || (w[0] & RCP_HEAD_STATE) != RCP_HEAD_ALIVE)
		return false;
	origin = rcp_origin_at(w[0] & RCP_HEAD_SITE);
	*op = block + origin->before;
	if (!rcp_object_type_is_freed(origin->type))
		rcp_objects_count(RCP_OBJECTS_FREED);
	return true;
}

/* --- however ------------------------------------------------------------------------ */

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

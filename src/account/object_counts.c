/* SPDX-License-Identifier: MIT
 *
 * object_counts.c - counting births and deaths that are rare in some way, and
 * those of samples: see object_books.h.
 */
#include "account/internal.h"
#include "account/object_books.h"
#include "account/objects_internal.h"
#include "account/samples.h"
#include "base/mem.h"

/* What is counted in: a cell, or a life. */
struct place {
	struct rcp_object_tally *tally; /* NULL: no memory */
	/* The fields that it has room for. */
	uint32_t count, bytes;
	struct rcp_object_cell *cell;
	struct rcp_lives *lives;
	uint32_t origin;
};

static struct place
place_of_births(struct rcp_objects *o, uint32_t origin)
{
	struct rcp_lives *lives = rcp_lives_of(o, origin);

	return (struct place){
		.tally = lives ? &rcp_life_of(lives, origin)->births : NULL,
		.count = RCP_OBJECT_BORN,
		.bytes = RCP_OBJECT_BORN_BYTES,
		.lives = lives,
		.origin = origin,
	};
}

static struct place
place_in(struct rcp_object_cell *c)
{
	bool unseen = rcp_object_key_death(c->key) == RCP_OBJECT_UNSEEN;

	return (struct place){
		.tally = &c->is,
		.count = unseen ? RCP_OBJECT_DIED_UNSEEN :
				  RCP_OBJECT_DIED_REFCOUNT,
		.bytes = RCP_OBJECT_DIED_BYTES,
		.cell = c,
	};
}

/* Without room for its site a death is counted beside the births. */
static struct place
place_of_deaths(struct rcp_objects *o, uint32_t origin, uint32_t site)
{
	struct rcp_object_cell *c = rcp_object_cell(o, origin, site);

	return c ? place_in(c) : place_of_births(o, origin);
}

static void
changed(const struct place *p)
{
	if (p->cell)
		rcp_object_cell_changed(p->cell);
	else
		rcp_life_changed(p->lives, p->origin);
}

/* False: there is no memory for it; or it is new, and not to be MADE. */
static bool
add_rare(const struct place *p, uint32_t field, uint64_t n, bool make)
{
	struct rcp_object_rare *r = p->tally->rare;

	while (r && r->field != field)
		r = r->next;
	if (!r) {
		r = make ? rcp_objects_arena_new(sizeof(*r)) : NULL;
		if (!r)
			return false;
		r->field = field;
		r->next = p->tally->rare;
		__atomic_store_n(&p->tally->rare, r, __ATOMIC_RELEASE);
	}
	RCP_ADD(r->now, n);
	return true;
}

static bool
add_if(const struct place *p, uint32_t field, uint64_t n, bool make)
{
	if (field == p->count)
		RCP_ADD(p->tally->count, n);
	else if (field == p->bytes)
		RCP_ADD(p->tally->bytes, n);
	else if (field == RCP_OBJECT_AGE_0 && p->cell)
		RCP_ADD(p->cell->age_0, n);
	else
		return add_rare(p, field, n, make);
	return true;
}

static void
add(const struct place *p, uint32_t field, uint64_t n)
{
	add_if(p, field, n, true);
}

/* An age that there is no room for counts as not known.  How many are known is
 * the sum of the bins. */
static void
add_age(const struct place *p, uint64_t age, uint64_t n)
{
	unsigned bin = age ? 64u - (unsigned)__builtin_clzll(age) : 0;
	bool make = rcp_objects_fit();

	if (bin >= RCP_OBJECT_AGES)
		bin = RCP_OBJECT_AGES - 1;
	if (add_if(p, RCP_OBJECT_AGE_0 + bin, n, make) && age)
		add(p, RCP_OBJECT_AGE_SUM, age * n);
}

void
rcp_objects_died(struct rcp_objects *o, uint32_t origin, uint32_t site,
		 enum rcp_death how, uint64_t bytes, int64_t age)
{
	struct place p;

	if (origin < rcp_origin_first)
		return; /* born in the process that forked us */
	if (how == RCP_DEATH_UNSEEN)
		site = RCP_OBJECT_UNSEEN;
	p = place_of_deaths(o, origin, site);
	if (!p.tally)
		return;
	add(&p, RCP_OBJECT_DIED_BYTES, bytes);
	add(&p, (uint32_t)how, 1);
	if (age >= 0)
		add_age(&p, (uint64_t)age, 1);
	changed(&p);
}

void
rcp_object_dies_old(struct rcp_object_cell *c, uint64_t bytes, int64_t age)
{
	struct place p = place_in(c);

	add(&p, p.bytes, bytes);
	add(&p, p.count, 1);
	add_age(&p, (uint64_t)age, 1);
	changed(&p);
}

/* --- sample mode ---------------------------------------------------------------- */

/* Variances first: an estimate without its error would look exact. */
void
rcp_objects_sample_born(struct rcp_objects *o, const struct rcp_sample *s)
{
	struct place p;

	if (s->origin < rcp_origin_first)
		return;
	p = place_of_births(o, s->origin);
	if (!p.tally ||
	    !add_rare(&p, RCP_OBJECT_VAR_BORN, s->var_blocks, true) ||
	    !add_rare(&p, RCP_OBJECT_VAR_BORN_BYTES, s->var_bytes, true) ||
	    !add_rare(&p, RCP_OBJECT_SAMPLES, 1, true))
		return;
	add(&p, RCP_OBJECT_BORN_BYTES, s->bytes);
	add(&p, RCP_OBJECT_BORN, s->blocks);
	changed(&p);
}

void
rcp_objects_sample_died(struct rcp_objects *o, const struct rcp_sample *s,
			uint32_t site, enum rcp_death how, int64_t age)
{
	static const uint8_t variance[] = {
		[RCP_DEATH_REFCOUNT] = RCP_OBJECT_VAR_REFCOUNT,
		[RCP_DEATH_COLLECTOR] = RCP_OBJECT_VAR_COLLECTOR,
		[RCP_DEATH_UNSEEN] = RCP_OBJECT_VAR_UNSEEN,
	};
	struct place p;

	if (s->origin < rcp_origin_first)
		return;
	p = place_of_deaths(o, s->origin, site);
	if (!p.tally || !add_rare(&p, variance[how], s->var_blocks, true) ||
	    !add_rare(&p, RCP_OBJECT_VAR_DIED_BYTES, s->var_bytes, true) ||
	    !add_rare(&p, RCP_OBJECT_DIED_SAMPLES, 1, true))
		return;
	add(&p, RCP_OBJECT_DIED_BYTES, s->bytes);
	add(&p, (uint32_t)how, s->blocks);
	if (age >= 0)
		add_age(&p, (uint64_t)age, s->blocks);
	changed(&p);
}

/* SPDX-License-Identifier: MIT
 *
 * lives.c - rows of objects: their sums, and the age at which half had died.
 * Offline only.
 */
#include "model/lives.h"

#include <math.h>

#include "rcprof/format.h"

/* What a profile says may be anything: sums wrap. */
static void
add(int64_t *sum, uint64_t n)
{
	*sum = (int64_t)((uint64_t)*sum + n);
}

/* Variances are differences, too, but of a process's own alone. */
static double
variance(uint64_t n, double unit)
{
	return (double)(int64_t)n * unit;
}

void
rcp_lives_take(struct rcp_object_row *row,
	       const uint64_t values[RCP_OBJECT_FIELDS], uint64_t age_unit,
	       bool negative)
{
	uint64_t v[RCP_OBJECT_FIELDS];

	for (unsigned i = 0; i < RCP_OBJECT_FIELDS; i++)
		v[i] = negative ? -values[i] : values[i];
	add(&row->born, v[RCP_OBJECT_BORN]);
	add(&row->born_bytes, v[RCP_OBJECT_BORN_BYTES]);
	add(&row->died_refcount, v[RCP_OBJECT_DIED_REFCOUNT]);
	add(&row->died_collector, v[RCP_OBJECT_DIED_COLLECTOR]);
	add(&row->died_unseen, v[RCP_OBJECT_DIED_UNSEEN]);
	add(&row->died_bytes, v[RCP_OBJECT_DIED_BYTES]);
	add(&row->aged, v[RCP_OBJECT_AGED]);
	row->age_unit = age_unit;
	row->age += (negative ? -1.0 : 1.0) *
		    (double)values[RCP_OBJECT_AGE_SUM] * (double)age_unit;
	for (unsigned i = 0; i < RCP_OBJECT_AGES; i++)
		add(&row->ages[i], v[RCP_OBJECT_AGE_0 + i]);
	add(&row->samples, v[RCP_OBJECT_SAMPLES]);
	add(&row->died_samples, v[RCP_OBJECT_DIED_SAMPLES]);
	row->var_born += variance(v[RCP_OBJECT_VAR_BORN], 1);
	row->var_born_bytes +=
		variance(v[RCP_OBJECT_VAR_BORN_BYTES], RCP_VAR_UNIT);
	row->var_refcount += variance(v[RCP_OBJECT_VAR_REFCOUNT], 1);
	row->var_collector += variance(v[RCP_OBJECT_VAR_COLLECTOR], 1);
	row->var_unseen += variance(v[RCP_OBJECT_VAR_UNSEEN], 1);
	row->var_died_bytes +=
		variance(v[RCP_OBJECT_VAR_DIED_BYTES], RCP_VAR_UNIT);
}

void
rcp_object_row_add(struct rcp_object_row *to,
		   const struct rcp_object_row *from)
{
	add(&to->born, (uint64_t)from->born);
	add(&to->born_bytes, (uint64_t)from->born_bytes);
	add(&to->died_refcount, (uint64_t)from->died_refcount);
	add(&to->died_collector, (uint64_t)from->died_collector);
	add(&to->died_unseen, (uint64_t)from->died_unseen);
	add(&to->died_bytes, (uint64_t)from->died_bytes);
	add(&to->aged, (uint64_t)from->aged);
	/* Of all files so far the same. */
	if (from->age_unit)
		to->age_unit = from->age_unit;
	to->age += from->age;
	for (unsigned i = 0; i < RCP_OBJECT_AGES; i++)
		add(&to->ages[i], (uint64_t)from->ages[i]);
	add(&to->samples, (uint64_t)from->samples);
	add(&to->died_samples, (uint64_t)from->died_samples);
	to->var_born += from->var_born;
	to->var_born_bytes += from->var_born_bytes;
	to->var_refcount += from->var_refcount;
	to->var_collector += from->var_collector;
	to->var_unseen += from->var_unseen;
	to->var_died_bytes += from->var_died_bytes;
}

bool
rcp_age_median(const struct rcp_object_row *row, struct rcp_age *out)
{
	double unit = (double)row->age_unit / 1e9, all = 0, below = 0;
	unsigned last = RCP_OBJECT_AGES - 1;

	for (unsigned i = 0; i <= last; i++)
		all += row->ages[i] > 0 ? (double)row->ages[i] : 0;
	if (all == 0)
		return false;
	for (unsigned i = 0; i <= last; i++) {
		double here = row->ages[i] > 0 ? (double)row->ages[i] : 0;

		if (here == 0 || below + here < all / 2) {
			below += here;
			continue;
		}
		out->low = i ? ldexp(unit, (int)i - 1) : 0;
		out->high = i < last ? ldexp(unit, (int)i) : INFINITY;
		out->likely = out->low;
		if (i < last)
			out->likely += (out->high - out->low) *
				       (all / 2 - below) / here;
		break;
	}
	return true;
}

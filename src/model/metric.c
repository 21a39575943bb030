/* SPDX-License-Identifier: MIT
 *
 * metric.c - the numbers of a site: which one a metric means, sums, names of
 * metrics and groupings.  Offline only.
 */
#include <math.h>
#include <string.h>

#include "model/view.h"

static const char *const metric_names[RCP_METRICS] = {
	[RCP_METRIC_LIVE] = "live",
	[RCP_METRIC_PEAK] = "peak",
	[RCP_METRIC_ALLOCATED] = "allocated",
	[RCP_METRIC_FREED] = "freed",
	[RCP_METRIC_TEMPORARY] = "temporary",
	[RCP_METRIC_COUNT] = "count",
};

static const char *const by_names[RCP_BYS] = {
	[RCP_BY_OWN] = "own",	      [RCP_BY_FUNCTION] = "function",
	[RCP_BY_LINE] = "line",	      [RCP_BY_FILE] = "file",
	[RCP_BY_MODULE] = "module",   [RCP_BY_THREAD] = "thread",
	[RCP_BY_KIND] = "kind",	      [RCP_BY_STACK] = "stack",
	[RCP_BY_PROCESS] = "process",
};

static bool
find_name(const char *const *names, unsigned count, const char *name,
	  unsigned *out)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0) {
			*out = i;
			return true;
		}
	return false;
}

bool
rcp_metric_parse(const char *name, enum rcp_metric *out)
{
	unsigned index;

	if (!find_name(metric_names, RCP_METRICS, name, &index))
		return false;
	*out = (enum rcp_metric)index;
	return true;
}

bool
rcp_by_parse(const char *name, enum rcp_by *out)
{
	unsigned index;

	if (!find_name(by_names, RCP_BYS, name, &index))
		return false;
	*out = (enum rcp_by)index;
	return true;
}

const char *
rcp_metric_name(enum rcp_metric metric)
{
	return metric_names[metric];
}

const char *
rcp_by_name(enum rcp_by by)
{
	return by_names[by];
}

bool
rcp_metric_is_bytes(enum rcp_metric metric)
{
	return metric != RCP_METRIC_TEMPORARY && metric != RCP_METRIC_COUNT;
}

int64_t
rcp_values_metric(const struct rcp_values *values, enum rcp_metric metric)
{
	switch (metric) {
	case RCP_METRIC_LIVE:
		return values->live_bytes;
	case RCP_METRIC_PEAK:
		return values->peak_bytes;
	case RCP_METRIC_ALLOCATED:
		return values->allocated_bytes;
	case RCP_METRIC_FREED:
		return values->freed_bytes;
	case RCP_METRIC_TEMPORARY:
		return values->temporary_blocks;
	case RCP_METRIC_COUNT:
		return values->allocations;
	case RCP_METRICS:
		break;
	}
	return 0;
}

/* One thread may free what another has allocated: what is "live" in it then
 * has all that happened in it as a bound. */
static double
live_variance(const struct rcp_values *v)
{
	return v->var_live >= 0 ? v->var_live :
				  v->var_allocated + v->var_freed;
}

double
rcp_values_error(const struct rcp_values *values, enum rcp_metric metric)
{
	double variance = 0;

	switch (metric) {
	case RCP_METRIC_LIVE:
		variance = live_variance(values);
		break;
	case RCP_METRIC_PEAK:
		variance = values->var_peak;
		break;
	case RCP_METRIC_ALLOCATED:
		variance = values->var_allocated;
		break;
	case RCP_METRIC_FREED:
		variance = values->var_freed;
		break;
	case RCP_METRIC_TEMPORARY:
		if (values->temporary_blocks)
			variance = values->var_allocations;
		break;
	case RCP_METRIC_COUNT:
		variance = values->var_allocations;
		break;
	case RCP_METRICS:
		break;
	}
	return sqrt(fmax(variance, 0));
}

double
rcp_values_blocks_error(const struct rcp_values *values,
			enum rcp_metric metric)
{
	double variance = values->var_live_blocks;

	if (metric == RCP_METRIC_PEAK)
		variance = values->var_peak_blocks;
	else if (metric == RCP_METRIC_FREED)
		variance = values->var_frees;
	else if (metric != RCP_METRIC_LIVE)
		variance = values->var_allocations;
	return sqrt(fmax(variance, 0));
}

double
rcp_values_grown_error(const struct rcp_values *values)
{
	double ends = values->var_live + values->var_before;
	double events = values->var_allocated + values->var_freed;

	return sqrt(fmax(fmin(ends, events), 0));
}

/* Numbers of a file may be anything: they wrap, they do not trap. */
static void
add(int64_t *sum, int64_t more, bool negative)
{
	uint64_t amount = (uint64_t)more;

	*sum = (int64_t)((uint64_t)*sum + (negative ? -amount : amount));
}

static void
combine(struct rcp_values *sum, const struct rcp_values *more, bool negative)
{
	double sign = negative ? -1 : 1;

	add(&sum->allocations, more->allocations, negative);
	add(&sum->allocated_bytes, more->allocated_bytes, negative);
	add(&sum->frees, more->frees, negative);
	add(&sum->freed_bytes, more->freed_bytes, negative);
	add(&sum->live_bytes, more->live_bytes, negative);
	add(&sum->live_blocks, more->live_blocks, negative);
	add(&sum->grown_bytes, more->grown_bytes, negative);
	add(&sum->grown_blocks, more->grown_blocks, negative);
	add(&sum->peak_bytes, more->peak_bytes, negative);
	add(&sum->peak_blocks, more->peak_blocks, negative);
	add(&sum->temporary_blocks, more->temporary_blocks, negative);
	add(&sum->aged, more->aged, negative);
	add(&sum->samples, more->samples, negative);
	sum->lifetime += sign * more->lifetime;
	sum->var_live += sign * more->var_live;
	sum->var_before += sign * more->var_before;
	sum->var_allocated += sign * more->var_allocated;
	sum->var_freed += sign * more->var_freed;
	sum->var_peak += sign * more->var_peak;
	sum->var_allocations += sign * more->var_allocations;
	sum->var_live_blocks += sign * more->var_live_blocks;
	sum->var_peak_blocks += sign * more->var_peak_blocks;
	sum->var_frees += sign * more->var_frees;
}

void
rcp_values_add(struct rcp_values *sum, const struct rcp_values *more)
{
	combine(sum, more, false);
}

void
rcp_values_subtract(struct rcp_values *sum, const struct rcp_values *less)
{
	combine(sum, less, true);
}

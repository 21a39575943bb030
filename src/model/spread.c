/* SPDX-License-Identifier: MIT
 *
 * spread.c - the slope is b = sum of c[i] y[i]; a sampled block of variance v
 * that lives from point p up to point d adds v (C[d] - C[p])^2 to the slope's
 * variance, where C are the sums of c.  Which blocks live how long is not
 * known, only the variances of what was born, died and lives at each point.
 * So there are two upper bounds, and the smaller one holds (doc/SAMPLING.md):
 *
 *   by events   C is of one sign, so (C[d] - C[p])^2 <= C[p]^2 + C[d]^2; exact
 *               for what is never freed, which is what growth is made of.  What
 *               was certainly born and freed between two points does not count
 *   by levels   the covariance of y[i] and y[k] is between 0 and the product
 *               of their errors s: (sum c s)^2 where c > 0, plus the same
 *               where c < 0; good where blocks come and go
 *
 * Offline only.
 */
#include "model/spread.h"

#include <math.h>
#include <stdlib.h>

#include "model/memory.h"

static double
seconds(const uint64_t *times, size_t i)
{
	return (double)(times[i] - times[0]) / 1e9;
}

void
rcp_spread_grid_init(struct rcp_spread_grid *grid, const uint64_t *times,
		     size_t count)
{
	double mean = 0, squares = 0;

	grid->count = count;
	grid->sums = rcp_alloc((count + 1) * sizeof(*grid->sums));
	grid->rise = rcp_alloc((count + 1) * sizeof(*grid->rise));
	grid->fall = rcp_alloc((count + 1) * sizeof(*grid->fall));
	for (size_t i = 0; i < count; i++)
		mean += seconds(times, i) / (double)count;
	for (size_t i = 0; i < count; i++)
		squares += pow(seconds(times, i) - mean, 2);
	for (size_t i = 0; i < count; i++) {
		double c = squares > 0 ? (seconds(times, i) - mean) / squares
				       : 0;

		grid->sums[i + 1] = grid->sums[i] + c;
		grid->rise[i + 1] = grid->rise[i] + fmax(c, 0);
		grid->fall[i + 1] = grid->fall[i] + fmax(-c, 0);
	}
}

void
rcp_spread_grid_free(struct rcp_spread_grid *grid)
{
	free(grid->sums);
	free(grid->rise);
	free(grid->fall);
}

void
rcp_spread_add(struct rcp_spread *spread, double var_live,
	       double var_allocated)
{
	spread->variance += var_live;
	spread->born += var_allocated;
}

/* The error so far held from `since` up to point `at`. */
static void
hold(struct rcp_spread *spread, const struct rcp_spread_grid *grid, size_t at)
{
	spread->rise += spread->error *
			(grid->rise[at] - grid->rise[spread->since]);
	spread->fall += spread->error *
			(grid->fall[at] - grid->fall[spread->since]);
	spread->since = at;
}

void
rcp_spread_point(struct rcp_spread *spread,
		 const struct rcp_spread_grid *grid, size_t at)
{
	double before = spread->error * spread->error, died, churn, c;

	if (at > grid->count)
		return;
	hold(spread, grid, at);
	died = before + spread->born - spread->variance;
	/* Of what died, no more than what lived can be older. */
	churn = fmax(died - before, 0);
	c = grid->sums[at];
	spread->events += c * c *
			  fmax(died + spread->born - 2 * churn, 0);
	spread->born = 0;
	spread->error = sqrt(fmax(spread->variance, 0));
}

double
rcp_spread_error(struct rcp_spread *spread, const struct rcp_spread_grid *grid)
{
	double levels;

	hold(spread, grid, grid->count);
	levels = spread->rise * spread->rise + spread->fall * spread->fall;
	return sqrt(fmin(spread->events, levels));
}

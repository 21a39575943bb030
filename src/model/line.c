/* SPDX-License-Identifier: MIT
 *
 * line.c - least squares over points in time at which the curve is known:
 * slope b = Sty / Stt with its standard error
 *
 *     sqrt(SSE / (n - 2) / Stt) * sqrt((1 + r) / (1 - r))
 *
 * where r is the lag-1 autocorrelation of the residuals: a heap that moves in
 * steps has far fewer independent points than snapshots, and the plain error
 * would promise too much.  All sums are kept per run of equal values, so that
 * a curve costs what it changes.  Offline only.
 */
#include "model/line.h"

#include <math.h>

#include "model/memory.h"

#define R_MAX 0.999L

static long double
seconds(const struct rcp_grid *grid, uint64_t time)
{
	return grid->count ? (long double)(time - grid->first) / 1e9L : 0;
}

void
rcp_grid_point(struct rcp_grid *grid, uint64_t time)
{
	long double t, prev;

	if (grid->count == 0)
		grid->first = grid->last = time;
	if (time < grid->last)
		time = grid->last;
	t = seconds(grid, time);
	prev = seconds(grid, grid->last);
	grid->t += t;
	grid->tt += t * t;
	if (grid->count) {
		grid->t_prev += prev;
		grid->t_t_prev += t * prev;
	}
	grid->last = time;
	grid->count++;
}

/* Takes the points since the last change into the sums.  `next` is the sum of
 * the times that follow each point so far. */
static void
flush(struct rcp_line *line, const struct rcp_grid *grid, long double next)
{
	long double v = line->value;
	uint64_t n = grid->count - line->count;

	if (n) {
		line->y += v * (long double)n;
		line->yy += v * v * (long double)n;
		line->ty += v * (grid->t - line->at_t);
		line->y_y_prev += v * v * (long double)(n - 1);
		line->t_prev_y += v * (grid->t_prev - line->at_t_prev);
		line->t_y_prev += v * (next - line->at_t_next);
	}
	line->count = grid->count;
	line->at_t = grid->t;
	line->at_t_prev = grid->t_prev;
	line->at_t_next = next;
}

void
rcp_line_change(struct rcp_line *line, const struct rcp_grid *grid,
		uint64_t time, double value)
{
	flush(line, grid, grid->t + seconds(grid, time));
	if (grid->count == 0)
		line->first = value;
	else
		line->y_y_prev += line->value * value;
	if (line->changes++ == 0)
		line->first_change = time;
	line->last_change = time;
	line->value = value;
	if (value > line->max)
		line->max = value;
}

/* Sum of the products of each residual with the one before it. */
static long double
lagged(const struct rcp_line *line, const struct rcp_grid *grid,
       long double a, long double b)
{
	long double pairs = (long double)(grid->count - 1);

	return line->y_y_prev - a * (2 * line->y - line->first - line->value) -
	       b * (line->t_prev_y + line->t_y_prev) + a * a * pairs +
	       a * b * (grid->t + grid->t_prev) + b * b * grid->t_t_prev;
}

struct rcp_growth
rcp_line_growth(struct rcp_line *line, const struct rcp_grid *grid)
{
	long double n = (long double)grid->count, a, b, stt, sty, syy, sse, r;
	struct rcp_growth growth = {
		.error = INFINITY,
		.points = grid->count,
		.changes = line->changes,
		.first = line->first_change,
		.last = line->last_change,
		.begin_bytes = (int64_t)line->first,
		.end_bytes = (int64_t)line->value,
		.max_bytes = (int64_t)line->max,
	};

	flush(line, grid, grid->t);
	if (grid->count < 2)
		return growth;
	stt = grid->tt - grid->t * grid->t / n;
	sty = line->ty - grid->t * line->y / n;
	syy = line->yy - line->y * line->y / n;
	if (!(stt > 0))
		return growth;
	b = sty / stt;
	a = (line->y - b * grid->t) / n;
	growth.slope = (double)b;
	if (grid->count < 3)
		return growth;
	sse = syy - b * sty;
	/* What rounding leaves of a perfect fit is no error. */
	if (sse <= 1e-15L * line->yy)
		sse = 0;
	r = sse > 0 ? lagged(line, grid, a, b) / sse : 0;
	r = r < 0 ? 0 : r > R_MAX ? R_MAX : r;
	growth.error = (double)sqrtl(sse / (n - 2) / stt * (1 + r) / (1 - r));
	return growth;
}

struct rcp_growth
rcp_growth_of(const uint64_t *times, const double *values, size_t count)
{
	struct rcp_grid grid = { 0 };
	struct rcp_line line = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (i == 0 || values[i] != values[i - 1])
			rcp_line_change(&line, &grid, times[i], values[i]);
		rcp_grid_point(&grid, times[i]);
	}
	return rcp_line_growth(&line, &grid);
}

/* SPDX-License-Identifier: MIT
 *
 * estimate.c - see estimate.h.  The error has one significant digit, two if
 * the first is a 1; the number ends at the same place, or after three digits.
 */
#include "tools/estimate.h"

#include <math.h>

/* A number in its unit, and where it ends. */
struct scaled {
	double value, error;
	const char *unit;
	int decimals; /* of the value; negative: tens, hundreds */
	int places;   /* the same of the error */
};

/* Decimals that three digits leave. */
static int
most_decimals(double value)
{
	value = fabs(value);
	return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

#define MOST_PLACES 3

/* `most`: decimals that the value can have; `whole`: there are no parts. */
static void
find_places(struct scaled *s, int most, bool whole)
{
	int place = (int)floor(log10(s->error));
	double first = s->error / pow(10, place);
	int limit = whole ? 0 : MOST_PLACES;

	if (-place <= most)
		place -= first < 1.95;
	s->places = -place < limit ? -place : limit;
	s->decimals = -place < most ? -place : most;
}

static double
rounded(double value, int decimals)
{
	double step = pow(10, -decimals);

	return round(value / step) * step;
}

static void
add_number(struct rcp_text *t, double value, int decimals)
{
	rcp_text_format(t, "%.*f", decimals > 0 ? decimals : 0,
			rounded(value, decimals));
}

/* An error that would be written as 0 is the least that is more. */
static double
shown_error(const struct scaled *s)
{
	return fmax(rounded(s->error, s->places), pow(10, -s->places));
}

/* --- bytes ---------------------------------------------------------------- */

static struct scaled
scale_size(int64_t bytes, double error)
{
	static const char *const units[] = { "B",   "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB" };
	struct scaled s = { (double)bytes, error, units[0], 0, 0 };
	double size = fmax(fabs(s.value), error);
	size_t i = 0;

	for (;; i++) {
		s.unit = units[i];
		find_places(&s, i ? most_decimals(size) : 0, i == 0);
		/* "1.0 MiB" rather than "1000 KiB" */
		if (i == 6 || fmax(size, rounded(size, s.decimals)) < 1000)
			return s;
		s.value /= 1024;
		s.error /= 1024;
		size /= 1024;
	}
}

void
rcp_estimate_size(struct rcp_text *t, int64_t bytes, double error)
{
	struct scaled s;

	if (!(error > 0)) {
		rcp_text_size(t, bytes);
		return;
	}
	s = scale_size(bytes, error);
	add_number(t, s.value, s.decimals);
	rcp_text_format(t, " %s", s.unit);
}

void
rcp_estimate_size_error(struct rcp_text *t, int64_t bytes, double error)
{
	struct scaled s;

	if (!(error > 0))
		return;
	s = scale_size(bytes, error);
	rcp_text_add(t, "(\xc2\xb1");
	add_number(t, shown_error(&s), s.places);
	rcp_text_char(t, ')');
}

void
rcp_estimate_size_both(struct rcp_text *t, int64_t bytes, double error)
{
	rcp_estimate_size(t, bytes, error);
	if (error > 0) {
		rcp_text_char(t, ' ');
		rcp_estimate_size_error(t, bytes, error);
	}
}

/* --- counts --------------------------------------------------------------- */

static struct scaled
scale_count(int64_t n, double error)
{
	static const struct {
		double size;
		const char *name;
	} units[] = { { 1e12, " T" }, { 1e9, " G" }, { 1e6, " M" } };
	struct scaled s = { (double)n, error, "", 0, 0 };
	double size = fmax(fabs(s.value), error);

	for (size_t i = 0; i < 3; i++) {
		if (size < 0.9995 * units[i].size)
			continue;
		s.value /= units[i].size;
		s.error /= units[i].size;
		s.unit = units[i].name;
		find_places(&s, most_decimals(size / units[i].size), false);
		return s;
	}
	find_places(&s, 0, true);
	return s;
}

static void
add_count(struct rcp_text *t, double value, int decimals,
	  const struct scaled *s)
{
	if (*s->unit)
		add_number(t, value, decimals);
	else
		rcp_text_count(t, (int64_t)rounded(value, decimals));
	rcp_text_add(t, s->unit);
}

void
rcp_estimate_count(struct rcp_text *t, int64_t n, double error)
{
	struct scaled s;

	if (!(error > 0)) {
		rcp_text_count(t, n);
		return;
	}
	s = scale_count(n, error);
	add_count(t, s.value, s.decimals, &s);
}

void
rcp_estimate_count_error(struct rcp_text *t, int64_t n, double error)
{
	struct scaled s;

	if (!(error > 0))
		return;
	s = scale_count(n, error);
	rcp_text_add(t, "(\xc2\xb1");
	add_count(t, shown_error(&s), s.places, &s);
	rcp_text_char(t, ')');
}

void
rcp_estimate_count_both(struct rcp_text *t, int64_t n, double error)
{
	rcp_estimate_count(t, n, error);
	if (error > 0) {
		rcp_text_char(t, ' ');
		rcp_estimate_count_error(t, n, error);
	}
}

/* --- by metric ------------------------------------------------------------ */

void
rcp_estimate(struct rcp_text *t, enum rcp_metric metric, int64_t value,
	     double error)
{
	if (rcp_estimate_is_guess(value, error))
		rcp_text_char(t, '~');
	if (rcp_metric_is_bytes(metric))
		rcp_estimate_size(t, value, error);
	else
		rcp_estimate_count(t, value, error);
}

void
rcp_estimate_error(struct rcp_text *t, enum rcp_metric metric, int64_t value,
		   double error)
{
	if (rcp_metric_is_bytes(metric))
		rcp_estimate_size_error(t, value, error);
	else
		rcp_estimate_count_error(t, value, error);
}

void
rcp_estimate_both(struct rcp_text *t, enum rcp_metric metric, int64_t value,
		  double error)
{
	rcp_estimate(t, metric, value, error);
	if (error > 0) {
		rcp_text_char(t, ' ');
		rcp_estimate_error(t, metric, value, error);
	}
}

void
rcp_estimate_percent(struct rcp_text *t, double part, double whole,
		     double error)
{
	double share = whole != 0 ? 100 * part / whole : 0;

	if (!(error > 0))
		rcp_text_percent(t, part, whole);
	else if (share > 0 && share < 0.5)
		rcp_text_add(t, "<1 %");
	else
		rcp_text_format(t, "%.0f %%", share);
}

bool
rcp_estimate_is_guess(int64_t value, double error)
{
	return error > 0 && fabs((double)value) < 2 * error;
}

void
rcp_estimate_blocks(struct rcp_text *t, int64_t blocks,
		    const struct rcp_values *values, enum rcp_metric metric)
{
	double error = rcp_values_blocks_error(values, metric);

	if (error > 0)
		rcp_text_char(t, '~');
	rcp_estimate_count(t, blocks, error);
}

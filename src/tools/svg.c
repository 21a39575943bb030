/* SPDX-License-Identifier: MIT
 *
 * svg.c - see svg.h.
 */
#include "tools/svg.h"

#include <math.h>
#include <stdbool.h>

double
rcp_plot_x(const struct rcp_plot *plot, uint64_t time)
{
	double span = (double)(plot->to - plot->from);
	double share = span > 0 ? (double)(time - plot->from) / span : 0;

	return plot->left + plot->width * share;
}

double
rcp_plot_y(const struct rcp_plot *plot, double bytes)
{
	double share = plot->high > 0 ? bytes / plot->high : 0;

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return plot->top + plot->height * (1 - share);
}

void
rcp_svg_text_and(FILE *file, double x, double y, const char *class,
		 const char *text, const char *more)
{
	struct rcp_text t = { 0 };

	rcp_text_xml(&t, text);
	if (*more) {
		rcp_text_add(&t, "<tspan dx=\"8\" class=\"sub\">");
		rcp_text_xml(&t, more);
		rcp_text_add(&t, "</tspan>");
	}
	fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n",
		x, y, class, rcp_text_string(&t));
	rcp_text_free(&t);
}

void
rcp_svg_text(FILE *file, double x, double y, const char *class,
	     const char *text)
{
	rcp_svg_text_and(file, x, y, class, text, "");
}

/* --- axes ----------------------------------------------------------------- */

#define MOST_TICKS 6

/* Steps that are round in bytes: 1, 2, 5, 10 ... 500 of a unit. */
static double
size_step(double high)
{
	static const double parts[] = { 1,  2,	5,   10,  20,
					50, 100, 200, 500 };
	double unit = 1;

	for (;; unit *= 1024) {
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
			if (high / (parts[i] * unit) <= MOST_TICKS)
				return parts[i] * unit;
		}
	}
}

static double
time_step(double seconds)
{
	static const double steps[] = {
		0.001, 0.002, 0.005, 0.01, 0.02, 0.05,	0.1,  0.2,
		0.5,   1,     2,     5,	   10,	 15,	30,   60,
		120,   300,   600,   900,  1800, 3600,	7200, 10800,
		21600, 43200, 86400, 172800, 604800,
	};
	size_t count = sizeof(steps) / sizeof(*steps);

	for (size_t i = 0; i < count; i++) {
		if (seconds / steps[i] <= MOST_TICKS + 2)
			return steps[i];
	}
	return steps[count - 1] * ceil(seconds / steps[count - 1] / 8);
}

/* "50 MiB": ticks are whole. */
static void
add_size_label(struct rcp_text *t, double bytes)
{
	static const char *const units[] = { "B",   "KiB", "MiB",
					     "GiB", "TiB", "PiB" };
	size_t i = 0;

	while (bytes >= 1000 && i + 1 < sizeof(units) / sizeof(*units)) {
		bytes /= 1024;
		i++;
	}
	rcp_text_format(t, "%.3g %s", bytes, bytes > 0 ? units[i] : "");
	if (bytes <= 0) {
		rcp_text_clear(t);
		rcp_text_char(t, '0');
	}
}

static void
add_time_label(const struct rcp_plot *plot, struct rcp_text *t,
	       double seconds, double step)
{
	if (plot->clock_start > 0)
		rcp_text_clock(t,
			       plot->clock_start +
				       (uint64_t)(seconds * 1e9),
			       step < 60);
	else if (step >= 60)
		rcp_text_format(t, "%.0f min", seconds / 60);
	else
		rcp_text_format(t, "%g s", seconds);
}

/* The first tick: clock times are round on the clock. */
static double
first_tick(const struct rcp_plot *plot, double from, double step)
{
	double shift = 0;

	if (plot->clock_start > 0)
		shift = fmod((double)plot->clock_start / 1e9, step);
	return ceil((from + shift) / step) * step - shift;
}

void
rcp_plot_axes(const struct rcp_plot *plot)
{
	double from = (double)plot->from / 1e9, to = (double)plot->to / 1e9;
	double bottom = plot->top + plot->height;
	double step = size_step(plot->high);
	struct rcp_text t = { 0 };

	for (double v = 0; v <= plot->high * 1.0001; v += step) {
		double y = rcp_plot_y(plot, v);

		fprintf(plot->file,
			"<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/>\n",
			plot->left, y, plot->width);
		rcp_text_clear(&t);
		add_size_label(&t, v);
		rcp_svg_text(plot->file, plot->left - 8, y + 4, "axis end",
			     t.s);
	}
	step = time_step(to - from);
	for (double s = first_tick(plot, from, step); s <= to; s += step) {
		double x = rcp_plot_x(plot, (uint64_t)(s * 1e9));

		if (s < from)
			continue;
		fprintf(plot->file,
			"<path class=\"tick\" d=\"M%.1f %.1fv5\"/>\n", x,
			bottom);
		rcp_text_clear(&t);
		add_time_label(plot, &t, s < step / 2 ? 0 : s, step);
		rcp_svg_text(plot->file, x, bottom + 19, "axis middle", t.s);
	}
	rcp_text_free(&t);
}

/* --- curves --------------------------------------------------------------- */

/* Values stand for spans of time, so a curve is made of steps. */
static void
put_points(const struct rcp_plot *plot, const double *values, size_t first,
	   size_t count, bool backwards)
{
	double step = plot->width / (double)count;

	for (size_t n = first; n < count; n++) {
		size_t i = backwards ? count - 1 - n : n;
		double x = plot->left + step * (double)(i + backwards);
		double y = rcp_plot_y(plot, values ? values[i] : 0);

		/* A level stretch is one move. */
		if (n > first && n + 1 < count &&
		    (!values || (values[i] == values[i - 1] &&
				 values[i] == values[i + 1])))
			continue;
		fprintf(plot->file, "%s%.1f %.1f", n > first ? "L" : "", x, y);
		fprintf(plot->file, "H%.1f",
			plot->left + step * (double)(i + !backwards));
	}
}

void
rcp_plot_area(const struct rcp_plot *plot, const double *low,
	      const double *high, size_t count, const char *fill,
	      const char *title)
{
	fprintf(plot->file, "<path fill=\"%s\" d=\"M", fill);
	put_points(plot, high, 0, count, false);
	fputc('L', plot->file);
	put_points(plot, low, 0, count, true);
	fprintf(plot->file, "Z\"><title>%s</title></path>\n", title);
}

void
rcp_plot_line(const struct rcp_plot *plot, const double *values, size_t count,
	      const char *stroke)
{
	size_t first = 0;

	while (first + 1 < count && values[first] <= 0)
		first++;
	fprintf(plot->file, "<path class=\"line\" stroke=\"%s\" d=\"M",
		stroke);
	put_points(plot, values, first, count, false);
	fprintf(plot->file, "\"/>\n");
}

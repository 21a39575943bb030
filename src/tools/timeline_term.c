/* SPDX-License-Identifier: MIT
 *
 * timeline_term.c - the timeline in a terminal: filled for live memory, shaded
 * up to what is resident; with bands one mark or colour each.
 */
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "tools/estimate.h"
#include "tools/report.h"
#include "tools/timeline.h"

#define ROWS 14
#define LABEL 9 /* columns of an axis' label: "1023 KiB" */
#define LEAST_WIDTH 10
#define MOST_WIDTH 160
#define MOST_MARKS 8

static const char full[] = "\xe2\x96\x88";
static const char shade[] = "\xe2\x96\x91";

size_t
rcp_timeline_width(const struct rcp_look *look)
{
	size_t columns = look->out.columns;
	size_t width = columns > LABEL + 2 ? columns - LABEL - 2 : 0;

	return width < LEAST_WIDTH ? LEAST_WIDTH
	       : width > MOST_WIDTH ? MOST_WIDTH
				    : width;
}

struct chart {
	const struct rcp_timeline *timeline;
	size_t width;
	double *rss, *live;
	double high;
	const char *paint; /* colour in use, "" none */
};

/* What each band is drawn with: a digit, or a colour. */
static const char marks[] = "123456789abcdefghijklmnopqrstuvwxyz";

static const char *
band_color(size_t i)
{
	static const char *const colors[] = {
		"\x1b[34m", "\x1b[33m", "\x1b[32m", "\x1b[31m",
		"\x1b[35m", "\x1b[36m", "\x1b[94m", "\x1b[93m",
	};

	return colors[i % (sizeof(colors) / sizeof(*colors))];
}

static void
paint(struct chart *chart, struct rcp_text *t, const char *color)
{
	if (!chart->timeline->look->out.color ||
	    strcmp(chart->paint, color) == 0)
		return;
	if (*chart->paint)
		rcp_text_add(t, "\x1b[0m");
	rcp_text_add(t, color);
	chart->paint = color;
}

static void
add_mark(struct chart *chart, struct rcp_text *t, size_t band)
{
	paint(chart, t, band_color(band));
	if (chart->timeline->look->out.color)
		rcp_text_add(t, full);
	else
		rcp_text_char(t, marks[band % (sizeof(marks) - 1)]);
}

/* One cell of the chart, by the value in its middle. */
static void
add_cell(struct chart *chart, struct rcp_text *t, size_t column, double middle)
{
	const struct rcp_bands *bands = chart->timeline->bands;
	double sum = 0;

	for (size_t i = 0; bands && i < bands->count; i++) {
		sum += (double)bands->bands[i].bytes[column];
		if (middle < sum) {
			add_mark(chart, t, i);
			return;
		}
	}
	if (bands && middle < (double)bands->totals[column]) {
		paint(chart, t, "\x1b[2m");
		rcp_text_add(t, "\xc2\xb7"); /* the rest */
	} else if (!bands && middle < chart->live[column]) {
		paint(chart, t, "\x1b[36m");
		rcp_text_add(t, full);
	} else if (middle < chart->rss[column]) {
		paint(chart, t, "\x1b[2m");
		rcp_text_add(t, shade);
	} else {
		paint(chart, t, "");
		rcp_text_char(t, ' ');
	}
}

static void
print_rows(struct chart *chart)
{
	struct rcp_text t = { 0 }, label = { 0 };

	for (size_t row = ROWS; row-- > 0;) {
		double middle = chart->high * ((double)row + 0.5) / ROWS;
		bool labelled = row == ROWS - 1 || row == ROWS / 2;

		rcp_text_clear(&t);
		rcp_text_clear(&label);
		if (labelled)
			rcp_text_size(&label,
				      (int64_t)(chart->high *
						((double)row + 1) / ROWS));
		rcp_text_format(&t, "%*s ", LABEL, rcp_text_string(&label));
		rcp_text_add(&t, labelled ? "\xe2\x94\xa4" : "\xe2\x94\x82");
		for (size_t i = 0; i < chart->width; i++)
			add_cell(chart, &t, i, middle);
		paint(chart, &t, "");
		fprintf(chart->timeline->look->out.file, "%s\n", t.s);
	}
	rcp_text_free(&t);
	rcp_text_free(&label);
}

static size_t
column_of(const struct chart *chart, uint64_t time)
{
	const struct rcp_curve *curve = chart->timeline->curve;
	double span = (double)(curve->to - curve->from);
	double share = span > 0 ? (double)(time - curve->from) / span : 0;
	size_t column = (size_t)(share * (double)chart->width);

	return column < chart->width ? column : chart->width - 1;
}

/* The line under the chart, with a tooth where there are marks, and times
 * under both ends and the middle. */
static void
print_axis(const struct chart *chart)
{
	const struct rcp_timeline *timeline = chart->timeline;
	const struct rcp_curve *curve = timeline->curve;
	FILE *file = timeline->look->out.file;
	bool *marked = rcp_alloc(chart->width * sizeof(*marked));
	struct rcp_text t = { 0 }, middle = { 0 }, end = { 0 };
	size_t at = LABEL + 2, half;

	for (size_t i = 0; i < timeline->mark_count; i++)
		marked[column_of(chart, timeline->marks[i].time)] = true;
	fprintf(file, "%*s \xe2\x94\x94", LABEL, "0");
	for (size_t i = 0; i < chart->width; i++)
		fputs(marked[i] ? "\xe2\x96\xb2" : "\xe2\x94\x80", file);
	putc('\n', file);
	free(marked);

	rcp_text_fill(&t, " ", at);
	rcp_look_time(timeline->look, &t, curve->from);
	rcp_look_time(timeline->look, &middle,
		      curve->from + (curve->to - curve->from) / 2);
	rcp_look_time(timeline->look, &end, curve->to);
	half = at + chart->width / 2;
	if (half > t.len + 2 &&
	    half + middle.len + 2 + end.len < at + chart->width) {
		rcp_text_fill(&t, " ", half - t.len);
		rcp_text_add(&t, middle.s);
	}
	if (at + chart->width > t.len + end.len)
		rcp_text_fill(&t, " ", at + chart->width - t.len - end.len);
	else
		rcp_text_char(&t, ' ');
	rcp_text_add(&t, end.s);
	rcp_out_line(&timeline->look->out, RCP_PLAIN, t.s);
	rcp_text_free(&t);
	rcp_text_free(&middle);
	rcp_text_free(&end);
}

static void
print_legend(struct chart *chart)
{
	static const char *const colors[] = { "\x1b[36m", "\x1b[2m" };
	const struct rcp_out *out = &chart->timeline->look->out;
	struct rcp_text t = { 0 };

	rcp_text_fill(&t, " ", LABEL + 2);
	if (chart->timeline->bands) {
		rcp_text_add(&t, "\xc2\xb7 other live   ");
	} else {
		paint(chart, &t, colors[0]);
		rcp_text_add(&t, full);
		paint(chart, &t, "");
		rcp_text_add(&t, " live   ");
	}
	paint(chart, &t, colors[1]);
	rcp_text_add(&t, shade);
	paint(chart, &t, "");
	rcp_text_add(&t, " RSS");
	fprintf(out->file, "%s\n", t.s);
	rcp_text_free(&t);
}

/* "1 app.py:41 load   max 70 MiB  ▁▂▃█" */
static void
print_bands(struct chart *chart)
{
	const struct rcp_timeline *timeline = chart->timeline;
	const struct rcp_bands *bands = timeline->bands;
	const struct rcp_out *out = &timeline->look->out;
	bool sampled = timeline->look->sampling.sampled;
	size_t names = out->columns / 2, spark, step;
	size_t room = sampled ? 18 : 9, used;
	double *values = rcp_alloc(chart->width * sizeof(*values));

	spark = out->columns > names + room + 7
			? out->columns - names - room - 7
			: 0;
	spark = spark > chart->width ? chart->width : spark;
	step = spark ? (chart->width + spark - 1) / spark : 1;
	for (size_t i = 0; i < bands->count; i++) {
		const struct rcp_band *band = &bands->bands[i];
		struct rcp_text t = { 0 }, name = { 0 }, size = { 0 };
		size_t count = 0;

		add_mark(chart, &t, i);
		paint(chart, &t, "");
		rcp_text_clip(&name, timeline->names[i], names, false);
		rcp_text_format(&t, " %s", rcp_text_string(&name));
		rcp_text_fill(&t, " ",
			      names - rcp_text_width(
					      rcp_text_string(&name)));
		rcp_estimate_size_both(&size, band->max, band->max_error);
		used = rcp_text_width(size.s);
		rcp_text_fill(&t, " ", used < room ? room - used + 1 : 1);
		rcp_text_format(&t, "%s  ", size.s);
		for (size_t k = 0; k < chart->width; k += step) {
			double highest = 0;

			for (size_t m = k; m < k + step && m < chart->width;
			     m++) {
				if ((double)band->bytes[m] > highest)
					highest = (double)band->bytes[m];
			}
			values[count++] = highest;
		}
		if (spark >= LEAST_WIDTH)
			rcp_spark(&t, values, count, 0, (double)band->max);
		fprintf(out->file, "%s\n", t.s);
		rcp_text_free(&t);
		rcp_text_free(&name);
		rcp_text_free(&size);
	}
	free(values);
}

static void
print_marks(const struct chart *chart)
{
	const struct rcp_timeline *timeline = chart->timeline;

	for (size_t i = 0; i < timeline->mark_count && i < MOST_MARKS; i++) {
		struct rcp_text t = { 0 };

		rcp_text_add(&t, "  \xe2\x96\xb2 ");
		rcp_look_time(timeline->look, &t, timeline->marks[i].time);
		rcp_text_add(&t, "  ");
		rcp_text_name(&t, timeline->marks[i].text);
		rcp_out_line(&timeline->look->out, RCP_PLAIN, t.s);
		rcp_text_free(&t);
	}
	if (timeline->mark_count > MOST_MARKS)
		fprintf(timeline->look->out.file, "  and %zu more marks\n",
			timeline->mark_count - MOST_MARKS);
}

static void
print_title(const struct chart *chart)
{
	const struct rcp_timeline *timeline = chart->timeline;
	const struct rcp_look *look = timeline->look;
	const struct rcp_process *root = rcp_root_process(look->set);
	const char *program = rcp_process_info(root, RCP_INFO_PROGRAM);
	struct rcp_text t = { 0 };

	rcp_text_name(&t, program ? program : root->path);
	rcp_text_format(&t, "   pid %u   peak: live ", root->header.pid);
	rcp_estimate_size_both(&t, timeline->peak.live, timeline->peak.error);
	rcp_text_add(&t, " at ");
	rcp_look_time(look, &t, timeline->peak.time);
	if (timeline->curve->rss_peak > 0) {
		rcp_text_add(&t, ", RSS ");
		rcp_text_size(&t, (int64_t)timeline->curve->rss_peak);
		rcp_text_add(&t, " at ");
		rcp_look_time(look, &t, timeline->curve->rss_peak_time);
	}
	rcp_out_wrap(&look->out, RCP_BOLD, t.s, 2);
	rcp_text_free(&t);
}

void
rcp_timeline_terminal(const struct rcp_timeline *timeline)
{
	struct chart chart = { .timeline = timeline, .paint = "" };

	chart.width = rcp_timeline_width(timeline->look);
	chart.rss = rcp_alloc(chart.width * sizeof(double));
	chart.live = rcp_alloc(chart.width * sizeof(double));
	rcp_curve_columns(timeline->curve, RCP_CURVE_RSS, chart.rss,
			  chart.width);
	rcp_curve_columns(timeline->curve, RCP_CURVE_LIVE, chart.live,
			  chart.width);
	for (size_t i = 0; i < chart.width; i++) {
		if (chart.rss[i] > chart.high)
			chart.high = chart.rss[i];
		if (chart.live[i] > chart.high)
			chart.high = chart.live[i];
	}
	print_title(&chart);
	print_rows(&chart);
	print_axis(&chart);
	print_legend(&chart);
	if (timeline->bands)
		print_bands(&chart);
	print_marks(&chart);
	free(chart.rss);
	free(chart.live);
}

/* SPDX-License-Identifier: MIT
 *
 * timeline_svg.c - the timeline as a picture: resident memory as a line over
 * live memory, which is filled, or stacked in bands.
 */
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "tools/estimate.h"
#include "tools/report.h"
#include "tools/svg.h"
#include "tools/timeline.h"

#define WIDTH 960
#define LEFT 76
#define RIGHT 24
#define TOP 74
#define HEIGHT 320 /* of the plot */
#define COLUMNS 400
#define MOST_MARKS 16
#define ROW 22 /* of the legend */

static const char *const palette[] = {
	"#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2",
	"#edc948", "#9c755f", "#86bcb6", "#d37295", "#8cd17d", "#b6992d",
};
#define PALETTE (sizeof(palette) / sizeof(*palette))
#define OTHER "#cfcbc7"
#define LIVE "#7ba3c9"
#define ALL "#8a8f98"
#define RSS "#3b3f45"

static const char style[] =
	"text{font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif;"
	"font-size:12px;fill:#444}"
	".title{font-size:16px;font-weight:600;fill:#222}"
	".sub{fill:#666}.axis{fill:#777}.end{text-anchor:end}"
	".middle{text-anchor:middle}.mark{font-size:11px;fill:#555}"
	".grid{stroke:#e8e8e8;fill:none}.tick{stroke:#aaa;fill:none}"
	".line{fill:none;stroke-width:1.6;stroke-linejoin:round}"
	".dash{stroke:#999;stroke-dasharray:3 3;fill:none}";

struct drawing {
	const struct rcp_timeline *timeline;
	struct rcp_plot plot;
	double *rss;  /* [COLUMNS] */
	double *live; /* [COLUMNS] */
	size_t legend_rows;
};

static void
put_head(const struct drawing *d)
{
	const struct rcp_timeline *timeline = d->timeline;
	const struct rcp_look *look = timeline->look;
	const struct rcp_process *root = rcp_root_process(look->set);
	const char *program = rcp_process_info(root, RCP_INFO_PROGRAM);
	size_t height = TOP + HEIGHT + 48 + d->legend_rows * ROW;
	FILE *file = d->plot.file;
	struct rcp_text t = { 0 };

	program = program ? program : root->path;
	rcp_text_xml(&t, program);
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		"height=\"%zu\" viewBox=\"0 0 %d %zu\" role=\"img\" "
		"aria-label=\"Memory of %s over time\">\n"
		"<style>%s</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		WIDTH, height, WIDTH, height, rcp_text_string(&t), style);
	rcp_text_clear(&t);
	rcp_text_name(&t, program);
	rcp_svg_text(file, LEFT, 30, "title", t.s);
	rcp_text_clear(&t);
	if (look->set->process_count > 1)
		rcp_text_format(&t, "%zu processes", look->set->process_count);
	else
		rcp_text_format(&t, "pid %u", root->header.pid);
	rcp_text_add(&t, "  \xc2\xb7  ");
	rcp_text_date(&t, rcp_wall(look->set, timeline->curve->from));
	rcp_text_add(&t, ", ");
	rcp_text_duration(&t, timeline->curve->to - timeline->curve->from);
	rcp_text_add(&t, "  \xc2\xb7  live peak ");
	rcp_estimate_size_both(&t, timeline->peak.live, timeline->peak.error);
	rcp_text_add(&t, " at ");
	rcp_look_time(look, &t, timeline->peak.time);
	if (timeline->curve->rss_peak > 0) {
		rcp_text_add(&t, ", RSS peak ");
		rcp_text_size(&t, (int64_t)timeline->curve->rss_peak);
	}
	rcp_svg_text(file, LEFT, 50, "sub", t.s);
	rcp_text_free(&t);
}

/* --- what is drawn -------------------------------------------------------- */

static void
put_area(const struct drawing *d, const double *low, const double *high,
	 size_t count, const char *fill, const char *name, int64_t max,
	 double error)
{
	struct rcp_text title = { 0 }, plain = { 0 };

	rcp_text_xml(&title, name);
	rcp_estimate_size_both(&plain, max, error);
	rcp_text_format(&title, ", at most %s", plain.s);
	rcp_plot_area(&d->plot, low, high, count, fill, title.s);
	rcp_text_free(&title);
	rcp_text_free(&plain);
}

/* Bottom up: the biggest first, the rest on top. */
static void
put_bands(const struct drawing *d)
{
	const struct rcp_bands *bands = d->timeline->bands;
	size_t n = bands->columns;
	double *low = rcp_alloc(n * sizeof(*low));
	double *high = rcp_alloc(n * sizeof(*high));
	int64_t most = 0;
	double error = 0;

	for (size_t i = 0; i < bands->count; i++) {
		for (size_t k = 0; k < n; k++)
			high[k] = low[k] + (double)bands->bands[i].bytes[k];
		put_area(d, low, high, n, palette[i % PALETTE],
			 d->timeline->names[i], bands->bands[i].max,
			 bands->bands[i].max_error);
		memcpy(low, high, n * sizeof(*low));
	}
	for (size_t k = 0; k < n; k++) {
		high[k] = (double)bands->totals[k];
		if (rcp_bands_other(bands, k) > most) {
			most = rcp_bands_other(bands, k);
			error = rcp_bands_other_error(bands, k);
		}
	}
	put_area(d, low, high, n, OTHER, "other", most, error);
	/* Bands stand at snapshots; their sum is known more often. */
	rcp_plot_line(&d->plot, d->live, COLUMNS, ALL);
	free(low);
	free(high);
}

static void
put_marks(const struct drawing *d)
{
	const struct rcp_timeline *timeline = d->timeline;
	double last = 0;

	for (size_t i = 0; i < timeline->mark_count && i < MOST_MARKS; i++) {
		double x = rcp_plot_x(&d->plot, timeline->marks[i].time);
		struct rcp_text name = { 0 }, t = { 0 };

		fprintf(d->plot.file,
			"<path class=\"dash\" d=\"M%.1f %dv%d\"/>\n", x, TOP,
			HEIGHT);
		rcp_text_name(&name, timeline->marks[i].text);
		rcp_text_clip(&t, rcp_text_string(&name), 18, false);
		/* Labels that would lie on each other are left out. */
		if (x - last > 7.0 * (double)rcp_text_width(
						     rcp_text_string(&t))) {
			rcp_svg_text(d->plot.file, x, TOP - 5, "mark middle",
				     rcp_text_string(&t));
			last = x;
		}
		rcp_text_free(&name);
		rcp_text_free(&t);
	}
}

static void
put_peak(const struct drawing *d)
{
	const struct rcp_point *peak = &d->timeline->peak;
	double x = rcp_plot_x(&d->plot, peak->time);
	double y = rcp_plot_y(&d->plot, (double)peak->live);
	bool right = x > LEFT + d->plot.width - 110;
	struct rcp_text t = { 0 };

	fprintf(d->plot.file,
		"<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"#fff\" "
		"stroke=\"#222\" stroke-width=\"1.5\"/>\n",
		x, y);
	rcp_text_add(&t, "peak ");
	rcp_estimate_size_both(&t, peak->live, peak->error);
	rcp_svg_text(d->plot.file, right ? x - 8 : x + 8,
		     y > TOP + 16 ? y - 6 : y + 16, right ? "mark end" : "mark",
		     t.s);
	rcp_text_free(&t);
}

/* --- the legend ----------------------------------------------------------- */

static void
put_entry(const struct drawing *d, size_t row, size_t column,
	  const char *color, const char *text, const char *size)
{
	double x = LEFT + (double)column * (WIDTH - LEFT - RIGHT) / 2;
	double y = TOP + HEIGHT + 52 + (double)row * ROW;
	struct rcp_text t = { 0 };

	fprintf(d->plot.file,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" "
		"rx=\"2\" fill=\"%s\"/>\n",
		x, y - 10, color);
	rcp_text_clip(&t, text, 48, false);
	rcp_svg_text_and(d->plot.file, x + 18, y, "key", rcp_text_string(&t),
			 size);
	rcp_text_free(&t);
}

static void
put_legend(const struct drawing *d)
{
	const struct rcp_bands *bands = d->timeline->bands;
	bool rss = d->timeline->curve->rss_peak > 0;
	size_t rows = d->legend_rows, n = 0;

	for (; bands && n < bands->count; n++) {
		struct rcp_text t = { 0 };

		rcp_estimate_size_both(&t, bands->bands[n].max,
				       bands->bands[n].max_error);
		put_entry(d, n % rows, n / rows, palette[n % PALETTE],
			  d->timeline->names[n], t.s);
		rcp_text_free(&t);
	}
	put_entry(d, n % rows, n / rows, bands ? OTHER : LIVE,
		  bands ? "other live memory" : "live memory", "");
	n++;
	if (bands) {
		put_entry(d, n % rows, n / rows, ALL, "all live memory",
			  "");
		n++;
	}
	if (rss)
		put_entry(d, n % rows, n / rows, RSS, "resident (RSS)",
			  "");
}

static void
measure(struct drawing *d)
{
	const struct rcp_timeline *timeline = d->timeline;
	const struct rcp_bands *bands = timeline->bands;
	size_t entries = 2 + (bands ? bands->count + 1 : 0);

	d->legend_rows = (entries + 1) / 2;
	for (size_t i = 0; i < COLUMNS; i++) {
		if (d->rss[i] > d->plot.high)
			d->plot.high = d->rss[i];
		if (d->live[i] > d->plot.high)
			d->plot.high = d->live[i];
	}
	d->plot.high = d->plot.high > 0 ? d->plot.high * 1.04 : 1;
}

bool
rcp_timeline_svg(const struct rcp_timeline *timeline, FILE *file,
		 struct rcp_error *error)
{
	const struct rcp_curve *curve = timeline->curve;
	struct drawing d = {
		.timeline = timeline,
		.plot = { file, LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT,
			  curve->from, curve->to, 0,
			  timeline->look->clock_times
				  ? rcp_wall(timeline->look->set, 0)
				  : 0 },
	};

	(void)error;
	d.rss = rcp_alloc(COLUMNS * sizeof(*d.rss));
	d.live = rcp_alloc(COLUMNS * sizeof(*d.live));
	rcp_curve_columns(curve, RCP_CURVE_RSS, d.rss, COLUMNS);
	rcp_curve_columns(curve, RCP_CURVE_LIVE, d.live, COLUMNS);
	measure(&d);
	put_head(&d);
	rcp_plot_axes(&d.plot);
	if (timeline->bands)
		put_bands(&d);
	else
		put_area(&d, NULL, d.live, COLUMNS, LIVE, "live memory",
			 timeline->peak.live, timeline->peak.error);
	if (curve->rss_peak > 0)
		rcp_plot_line(&d.plot, d.rss, COLUMNS, RSS);
	put_marks(&d);
	put_peak(&d);
	put_legend(&d);
	fprintf(file, "</svg>\n");
	free(d.rss);
	free(d.live);
	return true;
}

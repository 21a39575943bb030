/* SPDX-License-Identifier: MIT
 *
 * timeline.c - `rcprof timeline`: memory over time, and with --by who holds
 * it.
 */
#include "tools/timeline.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "tools/sites.h"

#define BANDS 8 /* without --top */
#define JSON_COLUMNS 400

static const struct rcp_timeline_format formats[] = {
	{ ".svg", 400, rcp_timeline_svg },
	{ ".csv", 1000, rcp_timeline_csv },
	{ ".dat", 1000, rcp_timeline_dat },
};
#define FORMATS (sizeof(formats) / sizeof(*formats))

struct timeline_args {
	const char *output;
	const struct rcp_timeline_format *format; /* NULL: to stdout */
};

static bool
set_output(void *into, const struct rcp_flag *flag, const char *value)
{
	struct timeline_args *args = into;
	size_t len = strlen(value);

	(void)flag;
	args->output = value;
	for (size_t i = 0; i < FORMATS; i++) {
		size_t n = strlen(formats[i].suffix);

		if (len > n &&
		    strcmp(value + len - n, formats[i].suffix) == 0)
			args->format = &formats[i];
	}
	return args->format != NULL;
}

static const struct rcp_flag flags[] = {
	{ "output", 'o', "FILE",
	  "write a file: a picture (.svg), a table (.csv) or mprof's format "
	  "(.dat)",
	  "a name that ends in .svg, .csv or .dat", set_output, 0, 0 },
	{ .name = NULL },
};

int64_t
rcp_bands_other(const struct rcp_bands *bands, size_t column)
{
	int64_t rest = bands->totals[column];

	for (size_t i = 0; i < bands->count; i++)
		rest -= bands->bands[i].bytes[column];
	return rest;
}

double
rcp_bands_other_error(const struct rcp_bands *bands, size_t column)
{
	double rest = pow(bands->errors[column], 2);

	for (size_t i = 0; i < bands->count; i++)
		rest -= pow(bands->bands[i].errors[column], 2);
	return sqrt(fmax(rest, 0));
}

struct rcp_point
rcp_curve_at(const struct rcp_curve *curve, uint64_t time)
{
	size_t low = 0, high = curve->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (curve->points[middle].time <= time)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return (struct rcp_point){ .time = time };
	return curve->points[low - 1];
}

static int
by_time(const void *a, const void *b)
{
	const struct rcp_mark *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

static void
find_marks(struct rcp_timeline *timeline)
{
	const struct rcp_set *set = timeline->look->set;
	size_t room = 0;

	for (size_t i = 0; i < set->process_count; i++) {
		const struct rcp_process *process = set->processes[i];

		for (size_t k = 0; k < process->event_count; k++) {
			const struct rcp_event_info *e = &process->events[k];

			if (e->kind != RCP_EVENT_MARK || !e->text ||
			    e->time < timeline->curve->from ||
			    e->time > timeline->curve->to)
				continue;
			timeline->marks = rcp_room(timeline->marks,
						   timeline->mark_count,
						   &room,
						   sizeof(*timeline->marks));
			timeline->marks[timeline->mark_count++] =
				(struct rcp_mark){ e->time, e->text };
		}
	}
	if (timeline->mark_count > 0)
		qsort(timeline->marks, timeline->mark_count,
		      sizeof(*timeline->marks), by_time);
}

/* Bands stand at snapshots, but who held the peak is known for the moment
 * itself: it takes the place of its column. */
static bool
show_peak(struct rcp_timeline *timeline, struct rcp_error *error)
{
	const struct rcp_look *look = timeline->look;
	struct rcp_bands *bands = timeline->bands;
	struct rcp_query query = look->query;
	struct rcp_groups *groups;
	struct rcp_view *view;
	uint64_t span = bands->to - bands->from;
	size_t column;

	query.metric = RCP_METRIC_PEAK;
	view = rcp_view_new(look->set, &query, error);
	if (!view)
		return false;
	column = span ? (size_t)((double)(view->peak.time - bands->from) /
				 (double)span * (double)bands->columns)
		      : 0;
	if (view->peak.time < bands->from || column >= bands->columns ||
	    view->total.peak_bytes < bands->totals[column]) {
		rcp_view_free(view);
		return true;
	}
	groups = rcp_groups_new(look->set, view, look->args.by,
				RCP_METRIC_PEAK);
	bands->times[column] = view->peak.time;
	bands->totals[column] = view->total.peak_bytes;
	bands->errors[column] =
		rcp_values_error(&view->total, RCP_METRIC_PEAK);
	for (size_t i = 0; i < bands->count; i++) {
		struct rcp_band *band = &bands->bands[i];

		band->bytes[column] = 0;
		band->errors[column] = 0;
		for (size_t k = 0; k < groups->count; k++) {
			const struct rcp_group *group = &groups->groups[k];

			if (group->frame != band->frame ||
			    strcmp(group->name, band->name) != 0)
				continue;
			band->bytes[column] = group->values.peak_bytes;
			band->errors[column] = rcp_values_error(
				&group->values, RCP_METRIC_PEAK);
			if (band->max < band->bytes[column]) {
				band->max = band->bytes[column];
				band->max_error = band->errors[column];
			}
			break;
		}
	}
	rcp_groups_free(groups);
	rcp_view_free(view);
	return true;
}

static bool
find_bands(struct rcp_timeline *timeline, size_t columns,
	   struct rcp_error *error)
{
	const struct rcp_look *look = timeline->look;
	size_t top = look->args.top ? look->args.top : BANDS;

	if (!look->args.by_set)
		return true;
	timeline->bands = rcp_bands_new(look->set, &look->query,
					look->args.by, top, columns, error);
	if (!timeline->bands)
		return false;
	timeline->names = rcp_alloc((timeline->bands->count + 1) *
				    sizeof(*timeline->names));
	for (size_t i = 0; i < timeline->bands->count; i++) {
		const struct rcp_band *band = &timeline->bands->bands[i];
		struct rcp_group group = { .name = band->name,
					   .frame = band->frame };
		struct rcp_text t = { 0 };

		rcp_group_place(look, &t, &group, look->args.by);
		rcp_text_add(&t, "");
		timeline->names[i] = t.s;
	}
	return show_peak(timeline, error);
}

static bool
look_up(struct rcp_timeline *timeline, size_t columns,
	struct rcp_error *error)
{
	const struct rcp_look *look = timeline->look;

	timeline->curve = rcp_curve_new(look->set, &look->query);
	if (timeline->curve->count == 0) {
		rcp_error_set(error, "%s: nothing was recorded in that time",
			      look->set->processes[0]->path);
		return false;
	}
	for (size_t i = 0; i < timeline->curve->count; i++) {
		const struct rcp_point *p = &timeline->curve->points[i];

		if (i == 0 || p->live > timeline->peak.live)
			timeline->peak = *p;
	}
	find_marks(timeline);
	return find_bands(timeline, columns, error);
}

static void
release(struct rcp_timeline *timeline)
{
	for (size_t i = 0; timeline->names && i < timeline->bands->count; i++)
		free(timeline->names[i]);
	free(timeline->names);
	free(timeline->marks);
	rcp_bands_free(timeline->bands);
	rcp_curve_free(timeline->curve);
}

/* Writes the file that -o names. */
static bool
write_file(const struct rcp_timeline *timeline,
	   const struct timeline_args *args, struct rcp_error *error)
{
	FILE *file = fopen(args->output, "we");
	bool good = file != NULL;

	if (good) {
		good = args->format->write(timeline, file, error);
		errno = 0;
		if (fclose(file) == 0 || !good)
			return good;
	}
	rcp_error_set(error, "%s: %s", args->output,
		      strerror(errno ? errno : EIO));
	return false;
}

static size_t
columns_for(const struct rcp_look *look, const struct timeline_args *args)
{
	if (args->format)
		return args->format->columns;
	return look->args.json ? JSON_COLUMNS : rcp_timeline_width(look);
}

static bool
show(struct rcp_timeline *timeline, const struct timeline_args *args,
     struct rcp_error *error)
{
	if (!look_up(timeline, columns_for(timeline->look, args), error))
		return false;
	if (args->format)
		return write_file(timeline, args, error);
	if (timeline->look->args.json)
		rcp_timeline_json(timeline);
	else
		rcp_timeline_terminal(timeline);
	return true;
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct timeline_args args = { 0 };
	struct rcp_look look;
	struct rcp_timeline timeline = { .look = &look };
	struct rcp_error error;
	int status = rcp_look_open(&look, command, &args, argc, argv);
	bool good;

	if (status < 0 && look.args.top && !look.args.by_set) {
		rcp_complain(command->name, "--top needs --by");
		status = RCP_BAD_USAGE;
	}
	if (status >= 0) {
		rcp_look_close(&look);
		return status;
	}
	good = show(&timeline, &args, &error);
	release(&timeline);
	return good ? rcp_look_finish(&look) : rcp_look_fail(&look, &error);
}

const struct rcp_command rcp_command_timeline = {
	.name = "timeline",
	.summary = "memory over time, and who held it",
	.usage = "[OPTION...] [FILE...]",
	.about = "Draws resident and live memory over time, in the terminal "
		 "or into a file. With --by, live memory is stacked in bands "
		 "of the biggest (8, or --top N).",
	.flags = flags,
	.takes = RCP_TAKES_BY | RCP_TAKES_WINDOW | RCP_TAKES_FILTER |
		 RCP_TAKES_TOP | RCP_TAKES_JSON | RCP_TAKES_COLOR |
		 RCP_TAKES_STACKS,
	.run = run,
};

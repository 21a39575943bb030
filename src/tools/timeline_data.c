/* SPDX-License-Identifier: MIT
 *
 * timeline_data.c - the timeline as data: CSV, mprof's .dat, JSON.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/json.h"
#include "tools/report.h"
#include "tools/timeline.h"

/* Columns without a snapshot of their own repeat the one before. */
static bool
is_repeated(const struct rcp_bands *bands, size_t column)
{
	return column > 0 && bands->times[column] == bands->times[column - 1];
}

/* --- CSV ------------------------------------------------------------------ */

/* Errors stand in columns of their own, after all others, and only where there
 * was sampling. */
static void
csv_titles(const struct rcp_timeline *timeline, FILE *file)
{
	const struct rcp_bands *bands = timeline->bands;
	bool sampled = timeline->look->sampling.sampled;
	struct rcp_text head = { 0 }, name = { 0 };

	rcp_text_add(&head, "time_s,time,rss_bytes,live_bytes");
	for (size_t i = 0; bands && i < bands->count; i++) {
		rcp_text_char(&head, ',');
		rcp_text_csv(&head, timeline->names[i]);
	}
	if (bands)
		rcp_text_add(&head, ",other");
	if (sampled)
		rcp_text_add(&head, ",live_std_error");
	for (size_t i = 0; sampled && bands && i < bands->count; i++) {
		rcp_text_clear(&name);
		rcp_text_format(&name, "%s std_error", timeline->names[i]);
		rcp_text_char(&head, ',');
		rcp_text_csv(&head, name.s);
	}
	if (sampled && bands)
		rcp_text_add(&head, ",other std_error");
	fprintf(file, "%s\n", head.s);
	rcp_text_free(&head);
	rcp_text_free(&name);
}

static void
csv_bands(const struct rcp_timeline *timeline, FILE *file, size_t column)
{
	const struct rcp_bands *bands = timeline->bands;

	for (size_t i = 0; i < bands->count; i++)
		fprintf(file, ",%" PRId64, bands->bands[i].bytes[column]);
	fprintf(file, ",%" PRId64, rcp_bands_other(bands, column));
	if (!timeline->look->sampling.sampled)
		return;
	fprintf(file, ",%.0f", bands->errors[column]);
	for (size_t i = 0; i < bands->count; i++)
		fprintf(file, ",%.0f", bands->bands[i].errors[column]);
	fprintf(file, ",%.0f", rcp_bands_other_error(bands, column));
}

static void
csv_line(const struct rcp_timeline *timeline, FILE *file, uint64_t time,
	 uint64_t rss, int64_t live)
{
	struct rcp_text wall = { 0 };

	rcp_text_iso(&wall, rcp_wall(timeline->look->set, time));
	fprintf(file, "%.6f,%s,", (double)time / 1e9, wall.s);
	/* 0 is not a size that a process can have: it is not known. */
	if (rss > 0)
		fprintf(file, "%" PRIu64, rss);
	fprintf(file, ",%" PRId64, live);
	rcp_text_free(&wall);
}

bool
rcp_timeline_csv(const struct rcp_timeline *timeline, FILE *file,
		 struct rcp_error *error)
{
	const struct rcp_bands *bands = timeline->bands;
	const struct rcp_curve *curve = timeline->curve;

	(void)error;
	csv_titles(timeline, file);
	for (size_t i = 0; !bands && i < curve->count; i++) {
		const struct rcp_point *p = &curve->points[i];

		csv_line(timeline, file, p->time, p->rss, p->live);
		if (timeline->look->sampling.sampled)
			fprintf(file, ",%.0f", p->error);
		putc('\n', file);
	}
	for (size_t k = 0; bands && k < bands->columns; k++) {
		uint64_t time = bands->times[k];

		if (is_repeated(bands, k))
			continue;
		csv_line(timeline, file, time, rcp_curve_at(curve, time).rss,
			 bands->totals[k]);
		csv_bands(timeline, file, k);
		putc('\n', file);
	}
	return true;
}

/* --- mprof's .dat --------------------------------------------------------- */

static double
mebibytes(double bytes)
{
	return bytes / (1 << 20);
}

static double
unix_time(const struct rcp_timeline *timeline, uint64_t time)
{
	return (double)rcp_wall(timeline->look->set, time) / 1e9;
}

/* mprof splits lines at blanks, and reads no line without one. */
static void
dat_name(struct rcp_text *t, const char *name)
{
	rcp_text_name(t, name);
	for (size_t i = 0; i < t->len; i++) {
		if (t->s[i] == ' ')
			t->s[i] = '_';
	}
}

static void
dat_command(const struct rcp_process *root, FILE *file)
{
	const char *program = rcp_process_info(root, RCP_INFO_PROGRAM);
	struct rcp_text t = { 0 };
	const char *arg;
	size_t at = 0, len;

	while (rcp_command_next(root, &at, &arg, &len)) {
		rcp_text_add(&t, t.len > 0 ? " " : "");
		rcp_text_name_bytes(&t, arg, len);
	}
	if (t.len == 0)
		rcp_text_name(&t, program ? program : root->path);
	fprintf(file, "CMDLINE %s\n", t.s);
	rcp_text_free(&t);
}

/* MEM of the root, CHLD of the others. */
static size_t
dat_process(const struct rcp_timeline *timeline, size_t index, bool root,
	    FILE *file)
{
	const struct rcp_look *look = timeline->look;
	struct rcp_curve *curve =
		rcp_curve_of_process(look->set, index, &look->query);
	size_t count = 0;

	for (size_t i = 0; i < curve->count; i++) {
		const struct rcp_point *p = &curve->points[i];

		if (p->rss == 0)
			continue;
		if (root)
			fputs("MEM ", file);
		else
			fprintf(file, "CHLD %u ",
				look->set->processes[index]->header.pid);
		fprintf(file, "%.6f %.4f\n", mebibytes((double)p->rss),
			unix_time(timeline, p->time));
		count++;
	}
	rcp_curve_free(curve);
	return count;
}

/* What mprof does not know it passes over: live bytes, bands and marks. */
static void
dat_more(const struct rcp_timeline *timeline, FILE *file)
{
	const struct rcp_bands *bands = timeline->bands;
	const struct rcp_curve *curve = timeline->curve;
	struct rcp_text name = { 0 };

	for (size_t i = 0; i < curve->count; i++)
		fprintf(file, "RCPROF live %.6f %.4f\n",
			mebibytes((double)curve->points[i].live),
			unix_time(timeline, curve->points[i].time));
	for (size_t i = 0; bands && i < bands->count; i++) {
		rcp_text_clear(&name);
		dat_name(&name, timeline->names[i]);
		for (size_t k = 0; k < bands->columns; k++) {
			if (is_repeated(bands, k))
				continue;
			fprintf(file, "RCPROF band %.6f %.4f %s\n",
				mebibytes((double)bands->bands[i].bytes[k]),
				unix_time(timeline, bands->times[k]),
				name.s);
		}
	}
	for (size_t i = 0; i < timeline->mark_count; i++) {
		rcp_text_clear(&name);
		dat_name(&name, timeline->marks[i].text);
		fprintf(file, "RCPROF mark %.4f %s\n",
			unix_time(timeline, timeline->marks[i].time),
			rcp_text_string(&name));
	}
	rcp_text_free(&name);
}

bool
rcp_timeline_dat(const struct rcp_timeline *timeline, FILE *file,
		 struct rcp_error *error)
{
	const struct rcp_set *set = timeline->look->set;
	const struct rcp_process *root = rcp_root_process(set);
	size_t count = 0;

	dat_command(root, file);
	for (size_t i = 0; i < set->process_count; i++) {
		bool is_root = set->processes[i] == root;
		size_t n = dat_process(timeline, i, is_root, file);

		count += is_root ? n : 0;
	}
	if (count == 0) {
		rcp_error_set(error,
			      "%s: it has no RSS, which mprof's format needs",
			      root->path);
		return false;
	}
	dat_more(timeline, file);
	return true;
}

/* --- JSON ----------------------------------------------------------------- */

static void
json_errors(struct rcp_json *j, const char *name, size_t count,
	    const double *errors)
{
	rcp_json_open_flat(j, name, '[');
	for (size_t k = 0; k < count; k++)
		rcp_json_double(j, NULL, errors[k]);
	rcp_json_close(j, ']');
}

static void
json_bands(struct rcp_json *j, const struct rcp_timeline *timeline)
{
	const struct rcp_bands *bands = timeline->bands;

	rcp_json_string(j, "by", rcp_by_name(timeline->look->args.by));
	rcp_json_open_flat(j, "band_times_s", '[');
	for (size_t k = 0; k < bands->columns; k++)
		rcp_json_seconds(j, NULL, bands->times[k]);
	rcp_json_close(j, ']');
	rcp_json_open(j, "bands", '[');
	for (size_t i = 0; i < bands->count; i++) {
		rcp_json_open(j, NULL, '{');
		rcp_json_string(j, "name", bands->bands[i].name);
		rcp_json_int(j, "max_bytes", bands->bands[i].max);
		rcp_json_open_flat(j, "bytes", '[');
		for (size_t k = 0; k < bands->columns; k++)
			rcp_json_int(j, NULL, bands->bands[i].bytes[k]);
		rcp_json_close(j, ']');
		if (timeline->look->sampling.sampled)
			json_errors(j, "std_error", bands->columns,
				    bands->bands[i].errors);
		rcp_json_close(j, '}');
	}
	rcp_json_close(j, ']');
	rcp_json_open_flat(j, "other", '[');
	for (size_t k = 0; k < bands->columns; k++)
		rcp_json_int(j, NULL, rcp_bands_other(bands, k));
	rcp_json_close(j, ']');
}

void
rcp_timeline_json(const struct rcp_timeline *timeline)
{
	const struct rcp_set *set = timeline->look->set;
	const struct rcp_process *root = rcp_root_process(set);
	struct rcp_json j = { .file = timeline->look->out.file };
	struct rcp_text start = { 0 };

	rcp_json_open(&j, NULL, '{');
	rcp_json_string(&j, "rcprof", PACKAGE_VERSION);
	rcp_json_int(&j, "schema", 1);
	rcp_json_string(&j, "file", root->path);
	rcp_text_iso(&start, rcp_wall(set, 0));
	rcp_json_string(&j, "start", start.s);
	rcp_text_free(&start);
	rcp_json_open(&j, "timeline", '[');
	for (size_t i = 0; i < timeline->curve->count; i++) {
		const struct rcp_point *p = &timeline->curve->points[i];

		rcp_json_open_flat(&j, NULL, '{');
		rcp_json_seconds(&j, "time_s", p->time);
		rcp_json_int(&j, "rss_bytes", (int64_t)p->rss);
		rcp_json_int(&j, "live_bytes", p->live);
		if (timeline->look->sampling.sampled)
			rcp_json_double(&j, "live_std_error", p->error);
		rcp_json_close(&j, '}');
	}
	rcp_json_close(&j, ']');
	if (timeline->bands)
		json_bands(&j, timeline);
	rcp_json_open(&j, "marks", '[');
	for (size_t i = 0; i < timeline->mark_count; i++) {
		rcp_json_open_flat(&j, NULL, '{');
		rcp_json_seconds(&j, "time_s", timeline->marks[i].time);
		rcp_json_string(&j, "text", timeline->marks[i].text);
		rcp_json_close(&j, '}');
	}
	rcp_json_close(&j, ']');
	rcp_json_close(&j, '}');
}

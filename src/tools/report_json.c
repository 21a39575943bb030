/* SPDX-License-Identifier: MIT
 *
 * report_json.c - `rcprof report --json`: a stable schema that tests and
 * other tools read.  Every site, so that sums equal the totals exactly.
 */
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "tools/json.h"
#include "tools/report.h"
#include "tools/report_json.h"

static void
put_end(struct rcp_json *j, const struct rcp_process *process)
{
	rcp_json_open_flat(j, "end", '{');
	rcp_json_string(j, "reason", rcp_end_name(process->end.reason));
	rcp_json_seconds(j, "time_s", process->end.time);
	rcp_json_seconds(j, "last_snapshot_s", process->end.last_snapshot);
	rcp_json_close(j, '}');
}

static uint64_t
duration(const struct rcp_process *process)
{
	return process->end.time > process->start
		       ? process->end.time - process->start
		       : 0;
}

static void
put_processes(struct rcp_json *j, const struct rcp_set *set)
{
	rcp_json_open(j, "processes", '[');
	for (size_t i = 0; i < set->process_count; i++) {
		const struct rcp_process *p = set->processes[i];

		rcp_json_open_flat(j, NULL, '{');
		rcp_json_string(j, "file", p->path);
		rcp_json_int(j, "pid", p->header.pid);
		rcp_json_int(j, "ppid", p->header.ppid);
		rcp_json_seconds(j, "start_s", p->start);
		rcp_json_seconds(j, "duration_s", duration(p));
		put_end(j, p);
		rcp_json_close(j, '}');
	}
	rcp_json_close(j, ']');
}

static void
put_list(struct rcp_json *j, const char *name, const char *list)
{
	rcp_json_open_flat(j, name, '[');
	while (list && *list) {
		size_t len = strcspn(list, ",");

		rcp_json_bytes(j, NULL, list, len);
		list += len + (list[len] == ',');
		list += strspn(list, " ");
	}
	rcp_json_close(j, ']');
}

static void
put_python(struct rcp_json *j, const struct rcp_process *process)
{
	const char *frames;

	if (!process) {
		rcp_json_null(j, "python");
		return;
	}
	frames = rcp_process_coverage(process, RCP_COVER_FRAMES);
	rcp_json_open(j, "python", '{');
	rcp_json_string(j, "version",
			rcp_process_info(process, RCP_INFO_PYTHON));
	rcp_json_open(j, "coverage", '{');
	rcp_json_string(j, "frames", frames ? frames : "");
	rcp_json_open_flat(j, "deaths", '{');
	put_list(j, "seen",
		 rcp_process_coverage(process, RCP_COVER_DEATHS));
	put_list(j, "unseen", NULL);
	rcp_json_close(j, '}');
	put_list(j, "allocators",
		 rcp_process_coverage(process, RCP_COVER_ALLOCATORS));
	rcp_json_open(j, "notes", '[');
	for (size_t i = 0; i < process->coverage_count; i++) {
		const struct rcp_pair *pair = &process->coverage[i];

		if (strncmp(pair->key, RCP_COVER_NOTE,
			    strlen(RCP_COVER_NOTE)) == 0)
			rcp_json_string(j, NULL, pair->value);
	}
	rcp_json_close(j, ']');
	rcp_json_close(j, '}');
	rcp_json_close(j, '}');
}

static void
put_header(struct rcp_json *j, const struct rcp_report *report)
{
	const struct rcp_set *set = report->look->set;
	const struct rcp_process *root = rcp_root_process(set);
	const char *interval = rcp_process_info(root, RCP_INFO_INTERVAL);
	const char *arg;
	struct rcp_text t = { 0 };
	size_t at = 0, len;

	rcp_json_string(j, "rcprof", PACKAGE_VERSION);
	rcp_json_int(j, "schema", 1);
	rcp_json_string(j, "file", root->path);
	rcp_json_open_flat(j, "command", '[');
	while (rcp_command_next(root, &at, &arg, &len))
		rcp_json_bytes(j, NULL, arg, len);
	rcp_json_close(j, ']');
	rcp_json_int(j, "pid", root->header.pid);
	rcp_json_int(j, "ppid", root->header.ppid);
	rcp_json_int(j, "root_pid", root->header.root_pid);
	if (set->process_count > 1)
		put_processes(j, set);
	rcp_text_iso(&t, rcp_wall(set, root->start));
	rcp_json_string(j, "start", t.s);
	rcp_text_free(&t);
	rcp_json_seconds(j, "duration_s",
			 set->end_time > root->start
				 ? set->end_time - root->start
				 : 0);
	rcp_json_seconds(j, "interval_s",
			 interval ? strtoull(interval, NULL, 10) : 0);
	put_end(j, root);
	put_python(j, rcp_python_process(set));
}

/* --- numbers -------------------------------------------------------------- */

static void
put_values(struct rcp_json *j, const struct rcp_values *v)
{
	rcp_json_int(j, "allocations", v->allocations);
	rcp_json_int(j, "allocated_bytes", v->allocated_bytes);
	rcp_json_int(j, "frees", v->frees);
	rcp_json_int(j, "freed_bytes", v->freed_bytes);
	rcp_json_int(j, "live_bytes", v->live_bytes);
	rcp_json_int(j, "live_blocks", v->live_blocks);
	rcp_json_int(j, "peak_bytes", v->peak_bytes);
	rcp_json_int(j, "peak_blocks", v->peak_blocks);
}

/* All 0 in exact mode. */
static void
put_error(struct rcp_json *j, const struct rcp_values *v)
{
	rcp_json_open_flat(j, "std_error", '{');
	rcp_json_double(j, "live", rcp_values_error(v, RCP_METRIC_LIVE));
	rcp_json_double(j, "peak", rcp_values_error(v, RCP_METRIC_PEAK));
	rcp_json_double(j, "allocated",
			rcp_values_error(v, RCP_METRIC_ALLOCATED));
	rcp_json_close(j, '}');
}

/* The kernel's own high-water mark may lie between two points. */
static uint64_t
rss_peak(const struct rcp_report *report)
{
	const struct rcp_look *look = report->look;
	uint64_t known = report->curve->rss_peak;
	uint64_t kernel = report->view->totals[RCP_TOTAL_RSS_PEAK];

	if (look->set->process_count == 1 && !look->query.window &&
	    look->query.at.kind == RCP_AT_END && kernel > known)
		return kernel;
	return known;
}

static void
put_totals(struct rcp_json *j, const struct rcp_report *report)
{
	const struct rcp_view *view = report->view;

	rcp_json_open(j, "totals", '{');
	put_values(j, &view->total);
	rcp_json_int(j, "temporary_blocks", view->total.temporary_blocks);
	rcp_json_int(j, "unmatched_frees",
		     (int64_t)report->view->totals[RCP_TOTAL_UNMATCHED_FREES]);
	rcp_json_int(j, "unseen_frees",
		     (int64_t)report->view->totals[RCP_TOTAL_UNSEEN_FREES]);
	rcp_json_int(j, "inherited_bytes",
		     (int64_t)report->view->totals[RCP_TOTAL_INHERITED_BYTES]);
	rcp_json_int(j, "inherited_blocks",
		     (int64_t)report->view->totals[RCP_TOTAL_INHERITED_BLOCKS]);
	rcp_json_seconds(j, "peak_time_s", view->peak.time);
	rcp_json_int(j, "rss_peak_bytes", (int64_t)rss_peak(report));
	rcp_json_int(j, "profiler_bytes",
		     (int64_t)report->view->totals[RCP_TOTAL_PROFILER]);
	put_error(j, &view->total);
	rcp_json_close(j, '}');

	rcp_json_open_flat(j, "lost", '{');
	rcp_json_int(j, "sites_truncated",
		     (int64_t)report->view->totals[RCP_TOTAL_SITES_TRUNCATED]);
	rcp_json_int(j, "samples_dropped",
		     (int64_t)report->view->totals[RCP_TOTAL_SAMPLES_DROPPED]);
	rcp_json_int(j, "snapshots_lost",
		     (int64_t)report->view->totals[RCP_TOTAL_SNAPSHOTS_LOST]);
	rcp_json_int(j, "snapshots_merged",
		     (int64_t)report->view
			     ->totals[RCP_TOTAL_SNAPSHOTS_MERGED]);
	rcp_json_close(j, '}');
}

/* --- sites ---------------------------------------------------------------- */

/* A frame stands in thousands of stacks: its text is made once. */
static const char *
frame_text(struct rcp_look *look, uint32_t index)
{
	static const char *const kinds[] = {
		[RCP_FRAME_PYTHON] = "python",
		[RCP_FRAME_NATIVE] = "native",
		[RCP_FRAME_ADDRESS] = "address",
		[RCP_FRAME_MARKER] = "marker",
	};
	const struct rcp_frame_info *frame = &look->set->frames[index];
	struct rcp_text t = { 0 };

	if (!look->frame_texts)
		look->frame_texts = rcp_alloc(look->set->frame_count *
					      sizeof(*look->frame_texts));
	if (look->frame_texts[index])
		return look->frame_texts[index];
	rcp_text_add(&t, "{\"function\": ");
	rcp_text_quoted(&t, frame->function);
	rcp_text_add(&t, ", \"file\": ");
	rcp_text_quoted(&t, frame->file);
	if (frame->line)
		rcp_text_format(&t, ", \"line\": %u", frame->line);
	else
		rcp_text_add(&t, ", \"line\": null");
	rcp_text_add(&t, ", \"module\": ");
	rcp_text_quoted(&t, frame->module);
	rcp_text_format(&t, ", \"kind\": \"%s\"}", kinds[frame->kind]);
	look->frame_texts[index] = t.s;
	return t.s;
}

void
rcp_json_frame(struct rcp_json *j, const char *name, struct rcp_look *look,
	       uint32_t frame)
{
	rcp_json_ready(j, name, frame_text(look, frame));
}

void
rcp_json_stack(struct rcp_json *j, const char *name, struct rcp_look *look,
	       uint32_t leaf)
{
	const struct rcp_set *set = look->set;

	rcp_json_open(j, name, '[');
	for (uint32_t node = leaf; node; node = set->nodes[node].parent)
		rcp_json_frame(j, NULL, look, set->nodes[node].frame);
	rcp_json_close(j, ']');
}

static void
put_threads(struct rcp_json *j, const struct rcp_report *report,
	    const struct rcp_row *row)
{
	const struct rcp_set *set = report->look->set;

	rcp_json_open_flat(j, "threads", '[');
	for (uint32_t i = 0; i < row->part_count; i++) {
		const struct rcp_part *part =
			&report->view->parts[row->part + i];
		const struct rcp_process *process =
			set->processes[part->process];

		rcp_json_open_flat(j, NULL, '{');
		rcp_json_string(j, "name",
				part->thread == RCP_NONE
					? NULL
					: process->threads[part->thread]
						  .name);
		if (set->process_count > 1)
			rcp_json_int(j, "pid", process->header.pid);
		rcp_json_int(j, "live_bytes", part->values.live_bytes);
		rcp_json_close(j, '}');
	}
	rcp_json_close(j, ']');
}

static void
put_site(struct rcp_json *j, const struct rcp_report *report,
	 const struct rcp_row *row)
{
	const struct rcp_site_info *site =
		&report->look->set->sites[row->site];

	rcp_json_open(j, NULL, '{');
	rcp_json_stack(j, "stack", report->look, site->node);
	if (site->own == RCP_NONE)
		rcp_json_null(j, "own");
	else
		rcp_json_int(j, "own", site->own);
	rcp_json_string(j, "kind", rcp_kind_name(site->kind));
	put_values(j, &row->values);
	rcp_json_int(j, "temporary_blocks", row->values.temporary_blocks);
	put_error(j, &row->values);
	put_threads(j, report, row);
	rcp_json_close(j, '}');
}

static void
put_sites(struct rcp_json *j, const struct rcp_report *report)
{
	size_t count = report->view->row_count;
	uint64_t top = report->look->args.top;

	if (top && top < count)
		count = top;
	rcp_json_open(j, "sites", '[');
	for (size_t i = 0; i < count; i++)
		put_site(j, report, &report->view->rows[i]);
	rcp_json_close(j, ']');
}

static void
put_sampling(struct rcp_json *j, const struct rcp_report *report)
{
	const struct rcp_sampling *s = &report->look->sampling;

	if (!s->sampled) {
		rcp_json_null(j, "sampling");
		return;
	}
	rcp_json_open_flat(j, "sampling", '{');
	rcp_json_int(j, "samples", report->view->total.samples);
	rcp_json_int(j, "mean_min", (int64_t)s->mean_min);
	rcp_json_int(j, "mean_max", (int64_t)s->mean_max);
	rcp_json_seconds(j, "cpu_s",
			 report->view->totals[RCP_TOTAL_SAMPLE_CPU]);
	rcp_json_close(j, '}');
}

void
rcp_report_json(const struct rcp_report *report)
{
	struct rcp_json j = { .file = report->look->out.file };
	const char *mode = rcp_process_info(
		rcp_root_process(report->look->set), RCP_INFO_MODE);

	rcp_json_open(&j, NULL, '{');
	put_header(&j, report);
	rcp_json_string(&j, "mode", mode ? mode : "exact");
	put_sampling(&j, report);
	put_totals(&j, report);
	put_sites(&j, report);
	rcp_json_types(&j, report);
	rcp_json_times(&j, report);
	rcp_json_close(&j, '}');
}

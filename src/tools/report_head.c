/* SPDX-License-Identifier: MIT
 *
 * report_head.c - the top of the report: which program and when, and the two
 * curves.  How it was measured is in report_quality.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "tools/estimate.h"
#include "tools/report.h"

static void
add_signal(struct rcp_text *t, int64_t number)
{
	const char *name = sigabbrev_np((int)number);

	if (name)
		rcp_text_format(t, "SIG%s", name);
	else
		rcp_text_format(t, "signal %" PRId64, number);
}

/* A process that did not come to its end says so first; false if it did. */
static bool
print_fate(const struct rcp_report *report, const struct rcp_process *p,
	   bool quiet)
{
	const struct rcp_look *look = report->look;
	struct rcp_text t = { 0 };
	uint64_t end = p->end.time;
	uint64_t last = p->end.last_snapshot;

	if (p->end.reason != RCP_ENDED_CUT &&
	    p->end.reason != RCP_ENDED_SIGNAL && !p->end.why)
		return false;
	if (look->set->process_count > 1)
		rcp_text_format(&t, "pid %u: ", p->header.pid);
	if (p->end.reason == RCP_ENDED_SIGNAL) {
		rcp_text_add(&t, "killed by ");
		add_signal(&t, p->end.status);
		rcp_text_add(&t, " at ");
	} else if (p->end.reason == RCP_ENDED_CUT) {
		rcp_text_add(&t, "killed or cut at ");
	} else {
		rcp_text_add(&t, "read up to ");
	}
	rcp_look_time(look, &t, end);
	if (last == 0) {
		rcp_text_add(&t, ", no snapshot before");
	} else {
		rcp_text_add(&t, ", last snapshot ");
		rcp_text_format(&t, "%.1f s before",
				end > last ? (double)(end - last) / 1e9 : 0);
	}
	if (p->end.why) {
		rcp_text_format(&t, "; the file ends at byte %" PRIu64 ": ",
				p->end.cut_offset);
		rcp_text_name(&t, p->end.why);
	}
	if (!quiet)
		rcp_out_wrap(&look->out, RCP_WARN, t.s, 2);
	rcp_text_free(&t);
	return true;
}

#define MOST_FATES 3

static void
print_fates(const struct rcp_report *report)
{
	const struct rcp_set *set = report->look->set;
	size_t count = 0;

	for (size_t i = 0; i < set->process_count; i++)
		count += print_fate(report, set->processes[i],
				    count >= MOST_FATES);
	if (count > MOST_FATES)
		fprintf(report->look->out.file,
			"%zu more were killed or cut\n", count - MOST_FATES);
}

static void
print_command(const struct rcp_report *report, const struct rcp_process *root)
{
	const char *program = rcp_process_info(root, RCP_INFO_PROGRAM);
	const char *arg;
	struct rcp_text t = { 0 };
	size_t at = 0, len;

	while (rcp_command_next(root, &at, &arg, &len)) {
		const char *slash = t.len == 0 ? memrchr(arg, '/', len)
					       : NULL;

		if (t.len > 0)
			rcp_text_char(&t, ' ');
		if (slash && slash + 1 < arg + len) {
			len -= (size_t)(slash + 1 - arg);
			arg = slash + 1;
		}
		rcp_text_name_bytes(&t, arg, len);
	}
	if (t.len == 0)
		rcp_text_name(&t, program ? program : root->path);
	rcp_out_line(&report->look->out, RCP_BOLD, t.s);
	rcp_text_free(&t);
}

/* "2026-11-22 08:00:04 -> 14:12:31 (6 h 12 min)" */
static void
add_span(const struct rcp_report *report, struct rcp_text *t)
{
	const struct rcp_set *set = report->look->set;
	uint64_t start = rcp_wall(set, 0), end = rcp_wall(set, set->end_time);
	struct rcp_text first = { 0 }, last = { 0 };

	rcp_text_date(&first, start);
	rcp_text_date(&last, end);
	rcp_text_add(t, first.s);
	rcp_text_add(t, " -> ");
	/* The day is said once. */
	rcp_text_add(t, last.len > 11 && first.len > 11 &&
					memcmp(first.s, last.s, 10) == 0
				? last.s + 11
				: last.s);
	rcp_text_add(t, " (");
	rcp_text_duration(t, set->end_time);
	rcp_text_char(t, ')');
	rcp_text_free(&first);
	rcp_text_free(&last);
}

static void
print_processes(const struct rcp_report *report,
		const struct rcp_process *root)
{
	const struct rcp_set *set = report->look->set;
	const struct rcp_process *python = rcp_python_process(set);
	size_t running = 0;
	struct rcp_text t = { 0 };

	for (size_t i = 0; i < set->process_count; i++)
		running += set->processes[i]->end.reason == RCP_ENDED_RUNNING;
	if (set->process_count > 1)
		rcp_text_format(&t, "%zu processes, the first is %u",
				set->process_count, root->header.pid);
	else
		rcp_text_format(&t, "pid %u", root->header.pid);
	if (python) {
		rcp_text_add(&t, "   Python ");
		rcp_text_name(&t,
			      rcp_process_info(python, RCP_INFO_PYTHON));
	}
	rcp_text_add(&t, "   ");
	add_span(report, &t);
	if (set->process_count > 1 && running > 0)
		rcp_text_format(&t, "   %zu running", running);
	else if (running > 0)
		rcp_text_add(&t, "   running");
	else if (set->process_count == 1 &&
		 root->end.reason == RCP_ENDED_EXIT)
		rcp_text_format(&t, "   exit %" PRId64, root->end.status);
	else if (set->process_count == 1 &&
		 root->end.reason == RCP_ENDED_EXEC)
		rcp_text_add(&t, "   ended by exec");
	rcp_out_wrap(&report->look->out, RCP_PLAIN, t.s, 2);
	rcp_text_free(&t);
}

/* --- the curves ----------------------------------------------------------- */

#define LEAST_SPARK 8
#define GOOD_SPARK 20
#define MOST_SPARK 60

struct sparkline {
	const char *title;
	enum rcp_curve_of what;
	double first, last;
	double high;
	uint64_t high_time;
	/* Standard errors, 0: exact */
	double first_error, last_error, high_error;
	const struct rcp_growth *growth;
};

static void
add_growth(struct rcp_text *t, const struct rcp_growth *growth)
{
	if (!growth || !rcp_growth_sure(growth))
		return;
	rcp_text_add(t, "   +");
	rcp_growth_rate(t, growth);
	rcp_text_char(t, ' ');
	rcp_growth_error(t, growth);
}

static void
print_spark(const struct rcp_report *report, const struct sparkline *s)
{
	const struct rcp_look *look = report->look;
	const struct rcp_curve *curve = report->curve;
	struct rcp_text line = { 0 }, end = { 0 }, tail = { 0 };
	struct rcp_text first = { 0 }, last = { 0 }, growth = { 0 };
	double values[MOST_SPARK];
	size_t used, width;

	rcp_estimate_size(&first, (int64_t)s->first, s->first_error);
	rcp_estimate_size(&last, (int64_t)s->last, s->last_error);
	rcp_text_format(&line, "%-5s", s->title);
	rcp_look_time(look, &line, curve->from);
	rcp_text_format(&line, " %8s ", first.s);
	rcp_text_format(&end, " %8s ", last.s);
	rcp_look_time(look, &end, curve->to);
	rcp_text_add(&tail, "   peak ");
	rcp_estimate_size_both(&tail, (int64_t)s->high, s->high_error);
	rcp_text_add(&tail, " at ");
	rcp_look_time(look, &tail, s->high_time);
	add_growth(&growth, s->growth);
	used = rcp_text_width(line.s) + rcp_text_width(end.s) +
	       rcp_text_width(rcp_text_string(&growth));
	/* The line is about the curve: the peak may go, then the slope. */
	if (used + rcp_text_width(tail.s) + GOOD_SPARK > look->out.columns)
		rcp_text_clear(&tail);
	rcp_text_add(&tail, rcp_text_string(&growth));
	used = rcp_text_width(line.s) + rcp_text_width(end.s);
	if (used + rcp_text_width(tail.s) + LEAST_SPARK > look->out.columns)
		rcp_text_clear(&tail);
	used += rcp_text_width(rcp_text_string(&tail));
	width = look->out.columns > used ? look->out.columns - used : 0;
	width = width > MOST_SPARK ? MOST_SPARK : width;
	if (width >= LEAST_SPARK) {
		rcp_curve_columns(curve, s->what, values, width);
		rcp_spark(&line, values, width, 0, s->high);
	}
	rcp_text_add(&line, end.s);
	rcp_text_add(&line, rcp_text_string(&tail));
	rcp_out_line(&look->out, RCP_PLAIN, line.s);
	rcp_text_free(&line);
	rcp_text_free(&end);
	rcp_text_free(&tail);
	rcp_text_free(&first);
	rcp_text_free(&last);
	rcp_text_free(&growth);
}

/* Slope of the resident memory after the start-up of the run. */
static struct rcp_growth
rss_growth(const struct rcp_report *report)
{
	const struct rcp_curve *curve = report->curve;
	uint64_t *times = rcp_alloc((curve->count + 1) * sizeof(*times));
	double *values = rcp_alloc((curve->count + 1) * sizeof(*values));
	struct rcp_growth growth = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < curve->count; i++) {
		if (!report->growing || curve->points[i].rss == 0 ||
		    curve->points[i].time < report->growing->query.from.time)
			continue;
		times[n] = curve->points[i].time;
		values[n++] = (double)curve->points[i].rss;
	}
	if (n > 0)
		growth = rcp_growth_of(times, values, n);
	free(times);
	free(values);
	return growth;
}

static void
print_curves(const struct rcp_report *report)
{
	const struct rcp_curve *curve = report->curve;
	struct rcp_growth growth = rss_growth(report);
	struct sparkline rss = { .title = "RSS",
				 .what = RCP_CURVE_RSS,
				 .growth = &growth };
	struct sparkline live = { .title = "live", .what = RCP_CURVE_LIVE };

	if (curve->count == 0)
		return;
	putc('\n', report->look->out.file);
	for (size_t i = 0; i < curve->count; i++) {
		const struct rcp_point *p = &curve->points[i];

		if (rss.first <= 0)
			rss.first = (double)p->rss;
		if (i == 0 || (double)p->live > live.high) {
			live.high = (double)p->live;
			live.high_time = p->time;
			live.high_error = p->error;
		}
	}
	live.first = (double)curve->points[0].live;
	live.first_error = curve->points[0].error;
	live.last = (double)curve->points[curve->count - 1].live;
	live.last_error = curve->points[curve->count - 1].error;
	rss.last = (double)curve->points[curve->count - 1].rss;
	rss.high = (double)curve->rss_peak;
	rss.high_time = curve->rss_peak_time;
	if (report->growing)
		live.growth = &report->growing->total;
	if (rss.high > 0)
		print_spark(report, &rss);
	print_spark(report, &live);
}

void
rcp_report_head(const struct rcp_report *report)
{
	const struct rcp_set *set = report->look->set;
	const struct rcp_process *root = rcp_root_process(set);

	print_fates(report);
	print_command(report, root);
	print_processes(report, root);
	rcp_report_quality(report);
	print_curves(report);
}

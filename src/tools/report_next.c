/* SPDX-License-Identifier: MIT
 *
 * report_next.c - the end of the report: where to look next.  A sentence is
 * printed only when the numbers carry it.
 */
#include <string.h>

#include "tools/cycles.h"
#include "tools/estimate.h"
#include "tools/report.h"
#include "tools/sites.h"

#define MOST_SENTENCES 3
#define FOLDED_SHARE 0.2
#define LARGE_SHARE 0.4
#define KEPT_SHARE 0.05
#define LEAST_ADVICE (8 << 20) /* bytes: below, there is nothing to save */
#define LEAST_WAITING (1 << 20) /* bytes in cycles */
#define LEAST_CYCLES 100
#define PAUSE_SHARE 0.05       /* of the time */
#define LONG_PAUSE 100000000   /* ns */

struct advice {
	const struct rcp_report *report;
	struct rcp_text text;     /* of the sentence that is being made */
	struct rcp_text commands; /* of all of them */
	size_t count;
	uint32_t grows; /* the line that was said to grow, or RCP_NONE */
};

static void
add_command(struct advice *a, const char *command)
{
	if (strstr(rcp_text_string(&a->commands), command))
		return;
	rcp_text_format(&a->commands, "%s%s", a->commands.len ? "   " : "",
			command);
}

static void
add_own_line(const struct advice *a, struct rcp_text *t, uint32_t frame)
{
	struct rcp_group group = { .name = "", .frame = frame };

	rcp_group_place(a->report->look, t, &group, RCP_BY_OWN);
}

/* --- what grows ----------------------------------------------------------- */

static void
add_freed(struct rcp_text *t, const struct rcp_values *v)
{
	double error = rcp_values_error(v, RCP_METRIC_COUNT);

	rcp_estimate_count(t, v->frees, v->frees ? error : 0);
	rcp_text_add(t, " of ");
	rcp_estimate_count_both(t, v->allocations, error);
	rcp_text_add(t, rcp_plural(v->allocations, " block", " blocks"));
}

/* No line: [truncated] and the like. */
static bool
is_marker(const struct rcp_set *set, uint32_t frame)
{
	return frame == RCP_NONE ||
	       set->frames[frame].kind == RCP_FRAME_MARKER;
}

/* The steepest line, but for [truncated]; RCP_NONE if nothing grows. */
static uint32_t
steepest(const struct rcp_report *report)
{
	const struct rcp_growing *g = report->growing;
	const struct rcp_set *set = report->look->set;

	for (size_t i = 0; g && i < g->growing_count; i++) {
		uint32_t frame = g->groups->groups[g->growing[i]].frame;

		if (!is_marker(set, frame))
			return g->growing[i];
	}
	return RCP_NONE;
}

/* The steepest line: does it keep what it is given?  If not, and objects that
 * are kept were named, those are what it is about. */
static bool
advise_growing(struct advice *a, bool named)
{
	const struct rcp_report *report = a->report;
	const struct rcp_growing *g = report->growing;
	const struct rcp_group *group;
	uint32_t index = steepest(report);
	struct rcp_text command = { 0 };
	bool keeps;

	if (index == RCP_NONE)
		return false;
	group = &g->groups->groups[index];
	keeps = (double)group->values.frees <
		KEPT_SHARE * (double)group->values.allocations;
	if (named && !keeps)
		return false;
	a->grows = group->frame;
	rcp_group_place(report->look, &a->text, group, RCP_BY_OWN);
	rcp_text_add(&a->text, keeps ? " keeps what it is given: "
				     : " frees less than it allocates: ");
	if (!keeps ||
	    !rcp_report_died(report, &a->text, group->frame)) {
		add_freed(&a->text, &group->values);
		rcp_text_add(&a->text, " freed");
	}
	rcp_text_add(&a->text, " since ");
	rcp_look_time(report->look, &a->text, g->query.from.time);
	rcp_text_add(&a->text, keeps ? ". Bound it." : ".");
	rcp_text_format(&command, "rcprof tree --metric live --from %.0f",
			(double)g->query.from.time / 1e9);
	add_command(a, command.s);
	add_command(a, "rcprof timeline --by own --top 4");
	rcp_text_free(&command);
	return true;
}

static bool
advise_large(struct advice *a)
{
	const struct rcp_report *report = a->report;
	const struct rcp_group *group = report->groups->groups;
	int64_t peak = report->view->total.peak_bytes;
	double error = report->groups->count == 0
			       ? 0
			       : rcp_values_error(&group->values,
						  RCP_METRIC_PEAK);

	if (a->count >= MOST_SENTENCES ||
	    report->look->query.metric != RCP_METRIC_PEAK ||
	    report->look->args.by != RCP_BY_OWN ||
	    report->groups->count == 0 || peak < LEAST_ADVICE ||
	    is_marker(report->look->set, group->frame) ||
	    group->frame == a->grows ||
	    (double)group->values.peak_bytes < LARGE_SHARE * (double)peak ||
	    rcp_estimate_is_guess(group->values.peak_bytes, error))
		return false;
	rcp_group_place(report->look, &a->text, group, RCP_BY_OWN);
	rcp_text_add(&a->text, " holds ");
	rcp_estimate_percent(&a->text, (double)group->values.peak_bytes,
			     (double)peak, error);
	rcp_text_add(&a->text, " of the peak");
	if (group->values.live_bytes * 10 < group->values.peak_bytes)
		rcp_text_add(&a->text, ", and almost nothing of it in the "
				       "end");
	rcp_text_char(&a->text, '.');
	add_command(a, "rcprof tree");
	add_command(a, "rcprof timeline --by own --top 4");
	return true;
}

/* --- what was not seen ---------------------------------------------------- */

static bool
advise_limit(struct advice *a)
{
	double share = rcp_report_folded(a->report);

	if (share < FOLDED_SHARE)
		return false;
	rcp_text_add(&a->text, "the call tree was full: ");
	rcp_text_percent(&a->text, share, 1);
	rcp_text_add(&a->text, " of allocations have lost their callers. Run "
			       "again with --memory-limit 512M.");
	return true;
}

/* --- what waits, and what stops ------------------------------------------- */

static bool
advise_cycles(struct advice *a)
{
	const struct rcp_set *set = a->report->look->set;
	const struct rcp_cycle_groups *g = a->report->cycles;
	const struct rcp_cycle_group *first = g->groups;
	struct rcp_text sentence = { 0 };

	if (g->count == 0 || first->whose != RCP_CYCLE_OWN ||
	    (first->bytes < LEAST_WAITING &&
				  first->n < LEAST_CYCLES))
		return false;
	rcp_cycle_chain(set, &a->text, first);
	rcp_text_add(&a->text, " waits for the collector: ");
	rcp_text_count(&a->text, first->n);
	rcp_text_add(&a->text, rcp_plural(first->n, " cycle, ", " cycles, "));
	rcp_text_size(&a->text, first->bytes);
	rcp_text_add(&a->text, ", ");
	rcp_text_duration(&a->text, first->waited_max);
	rcp_text_add(&a->text, " at most, born at ");
	add_own_line(a, &a->text, rcp_cycle_birth(set, first));
	rcp_text_char(&a->text, '.');
	rcp_cycle_sentence(set, &sentence, first);
	if (sentence.len > 0)
		rcp_text_format(&a->text, " %s", sentence.s);
	rcp_text_free(&sentence);
	add_command(a, "rcprof cycles");
	return true;
}

static bool
advise_pauses(struct advice *a)
{
	const struct rcp_pauses *p = a->report->pauses;
	uint64_t span = rcp_report_span(a->report);

	if (p->release && p->release->pause >= LONG_PAUSE) {
		rcp_pause_place(a->report->look, &a->text, p->release, false);
		rcp_text_add(&a->text, " frees ");
		rcp_text_count(&a->text, (int64_t)p->release->objects);
		rcp_text_add(&a->text, " objects at once, up to ");
		rcp_text_duration(&a->text, p->release->pause);
		rcp_text_add(&a->text, ".");
	} else if (p->total >= LONG_PAUSE &&
		   (double)p->total >= PAUSE_SHARE * (double)span) {
		rcp_text_add(&a->text, "the collector takes ");
		rcp_text_percent(&a->text, (double)p->total, (double)span);
		rcp_text_add(&a->text, " of the time: gc.freeze() after "
				       "start-up, or higher thresholds.");
	} else {
		return false;
	}
	add_command(a, "rcprof cycles");
	return true;
}

/* --- all of it ------------------------------------------------------------ */

static void
print(struct advice *a, const char *command)
{
	const struct rcp_out *out = &a->report->look->out;
	struct rcp_text line = { 0 };

	if (a->count == 0)
		putc('\n', out->file);
	rcp_text_format(&line, "%s%s",
			a->count == 0 ? "Look next: " : "      and: ",
			rcp_text_string(&a->text));
	rcp_out_wrap(out, RCP_BOLD, line.s, 2);
	rcp_text_free(&line);
	rcp_text_clear(&a->text);
	if (command)
		add_command(a, command);
	a->count++;
}

void
rcp_report_next(const struct rcp_report *report)
{
	struct advice a = { .report = report, .grows = RCP_NONE };
	struct rcp_text line = { 0 };
	bool kept;

	if (advise_limit(&a))
		print(&a, NULL);
	kept = rcp_report_kept(report, &a.text);
	if (kept)
		print(&a, "rcprof objects");
	if (advise_growing(&a, kept))
		print(&a, NULL);
	if (rcp_report_exceptions(report, &a.text))
		print(&a, "rcprof objects");
	if (a.count < MOST_SENTENCES && advise_cycles(&a))
		print(&a, NULL);
	if (a.count < MOST_SENTENCES && advise_pauses(&a))
		print(&a, NULL);
	if (advise_large(&a))
		print(&a, NULL);
	if (a.commands.len > 0) {
		rcp_text_format(&line, "  %s", rcp_text_string(&a.commands));
		rcp_out_wrap(&report->look->out, RCP_PLAIN, line.s, 2);
	}
	rcp_text_free(&line);
	rcp_text_free(&a.text);
	rcp_text_free(&a.commands);
}

/* SPDX-License-Identifier: MIT
 *
 * report_next.c - the end of the report: where to look next.  A sentence is
 * printed only when the numbers carry it.
 */
#include <stdlib.h>
#include <string.h>

#include "model/keys.h"
#include "model/memory.h"
#include "tools/cycles.h"
#include "tools/deaths.h"
#include "tools/estimate.h"
#include "tools/report.h"
#include "tools/sites.h"

#define MOST_SENTENCES 3
#define LARGE_SHARE 0.4
#define KEPT_SHARE 0.05
#define LEAST_ADVICE (8 << 20) /* bytes: below, there is nothing to save */
#define LEAST_KEPT 100         /* objects that somebody may have forgotten */
#define KEPT_OF_LIVE 0.1	/* what was born with them, of all that lives */
#define LEAST_WAITING (1 << 20) /* bytes in cycles */
#define LEAST_CYCLES 100
#define PAUSE_SHARE 0.05       /* of the time */
#define LONG_PAUSE 100000000   /* ns */

struct advice {
	const struct rcp_report *report;
	struct rcp_text text;     /* of the sentence that is being made */
	struct rcp_text commands; /* of all of them */
	size_t count;
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

/* Hardly any of these objects died. */
static bool
is_kept(const struct rcp_object_row *lives)
{
	return lives->born >= LEAST_KEPT && rcp_objects_alive(lives) > 0 &&
	       (double)rcp_objects_died(lives) <
		       KEPT_SHARE * (double)lives->born &&
	       !rcp_estimate_is_guess(rcp_objects_alive(lives),
				      rcp_objects_alive_error(lives));
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

/* "0 of 1.2 M Session died", of the type that was born at the line with the
 * most bytes alive; false if nothing is known of objects there. */
static bool
add_died(struct rcp_text *t, const struct rcp_report *report, uint32_t frame)
{
	const struct rcp_set *set = report->look->set;
	const struct rcp_view *view = report->growing->view;
	uint32_t *rows = rcp_alloc((view->object_count + 1) * sizeof(*rows));
	struct rcp_lives_groups *types;
	bool good = false;
	size_t count = 0;

	for (uint32_t i = 0; i < view->object_count; i++) {
		uint32_t birth = view->objects[i].birth;

		if (birth != RCP_NONE &&
		    rcp_site_own_frame(set, birth) == frame)
			rows[count++] = i;
	}
	types = rcp_lives_groups_new(set, view, rows, count,
				     RCP_LIVES_BY_TYPE, NULL);
	if (types->count > 0 && is_kept(&types->groups[0].lives)) {
		const struct rcp_object_row *lives = &types->groups[0].lives;

		rcp_text_count(t, rcp_objects_died(lives));
		rcp_text_add(t, " of ");
		rcp_estimate_count_both(t, lives->born,
					rcp_objects_alive_error(lives));
		rcp_text_char(t, ' ');
		rcp_type_name(t, types->groups[0].name);
		rcp_text_add(t, " died");
		good = true;
	}
	rcp_lives_groups_free(types);
	free(rows);
	return good;
}

/* The steepest line: does it keep what it is given? */
static bool
advise_growing(struct advice *a)
{
	const struct rcp_report *report = a->report;
	const struct rcp_growing *g = report->growing;
	const struct rcp_group *group;
	struct rcp_text command = { 0 };
	bool keeps;

	if (!g || g->growing_count == 0)
		return false;
	group = &g->groups->groups[g->growing[0]];
	keeps = (double)group->values.frees <
		KEPT_SHARE * (double)group->values.allocations;
	rcp_group_place(report->look, &a->text, group, RCP_BY_OWN);
	rcp_text_add(&a->text, keeps ? " keeps what it is given: "
				     : " frees less than it allocates: ");
	if (!keeps || !add_died(&a->text, report, group->frame)) {
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

	if (a->count > 0 || report->look->query.metric != RCP_METRIC_PEAK ||
	    report->look->args.by != RCP_BY_OWN ||
	    report->groups->count == 0 || peak < LEAST_ADVICE ||
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

/* --- what is kept --------------------------------------------------------- */

/* The places of birth of one type in own lines, those with the most bytes
 * alive first; to be freed. */
static struct rcp_lives_groups *
births_of(const struct rcp_report *report, const struct rcp_lives_group *type)
{
	struct rcp_keys *places =
		rcp_keys_new(report->look->set, RCP_BY_OWN);
	struct rcp_lives_groups *births = rcp_lives_groups_new(
		report->look->set, report->view, type->rows, type->row_count,
		RCP_LIVES_BY_BIRTH, places);

	rcp_keys_free(places);
	return births;
}

static struct rcp_lives_groups *
own_types(const struct rcp_report *report)
{
	const struct rcp_view *view = report->view;
	uint32_t *rows = rcp_alloc((view->object_count + 1) * sizeof(*rows));
	size_t count = rcp_objects_own(report->look->set, view, rows);
	struct rcp_lives_groups *types =
		rcp_lives_groups_new(report->look->set, view, rows, count,
				     RCP_LIVES_BY_TYPE, NULL);

	free(rows);
	return types;
}

static size_t
depth_of(const struct rcp_report *report, const struct rcp_lives_group *birth)
{
	const struct rcp_set *set = report->look->set;
	uint32_t site = report->view->objects[birth->rows[0]].birth;

	return rcp_stack(set, set->sites[site].node, NULL, 0);
}

/* An exception that is kept keeps all that its frames worked on.  Each frame
 * that it came through has a traceback of its own, the deepest one that of the
 * `raise`. */
static bool
advise_exceptions(struct advice *a, const struct rcp_lives_groups *types)
{
	const struct rcp_lives_group *best = NULL;
	struct rcp_lives_groups *births = NULL;

	for (size_t i = 0; i < types->count && !births; i++)
		if (strcmp(types->groups[i].name, "traceback") == 0)
			births = births_of(a->report, &types->groups[i]);
	for (size_t i = 0; births && i < births->count; i++) {
		const struct rcp_lives_group *birth = &births->groups[i];

		if (rcp_objects_alive(&birth->lives) >= LEAST_KEPT &&
		    (!best ||
		     depth_of(a->report, birth) > depth_of(a->report, best)))
			best = birth;
	}
	if (best) {
		rcp_estimate_count_both(&a->text,
					rcp_objects_alive(&best->lives),
					rcp_objects_alive_error(&best->lives));
		rcp_text_add(&a->text, " exceptions raised at ");
		add_own_line(a, &a->text, best->frame);
		rcp_text_add(&a->text, " are alive, and with each the locals "
				       "of its frames. Keep their text.");
		add_command(a, "rcprof objects");
	}
	rcp_lives_groups_free(births);
	return best != NULL;
}

/* What objects of the user's keep beside their own bytes is not known: they are
 * worth a sentence where a good part of all that lives was born in own lines
 * and stays. */
static int64_t
kept_bytes(const struct rcp_report *report,
	   const struct rcp_lives_groups *types)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < types->count; i++) {
		struct rcp_lives_groups *births =
			births_of(report, &types->groups[i]);

		for (size_t k = 0; k < births->count; k++)
			if (is_kept(&births->groups[k].lives))
				bytes += rcp_objects_alive_bytes(
					&births->groups[k].lives);
		rcp_lives_groups_free(births);
	}
	return bytes;
}

static bool
advise_kept(struct advice *a, const struct rcp_lives_groups *types)
{
	const struct rcp_set *set = a->report->look->set;
	const struct rcp_lives_group *best = NULL;
	struct rcp_lives_groups *births = NULL;
	bool good = false;

	if (a->count > 0 || a->report->look->query.window ||
	    (double)kept_bytes(a->report, types) <
		    KEPT_OF_LIVE * (double)a->report->view->total.live_bytes)
		return false;
	for (size_t i = 0; i < types->count; i++)
		if (rcp_type_is_own(set, types->groups[i].name) &&
		    (!best || rcp_objects_alive(&types->groups[i].lives) >
				      rcp_objects_alive(&best->lives)))
			best = &types->groups[i];
	if (best)
		births = births_of(a->report, best);
	if (births && births->groups[0].frame != RCP_NONE &&
	    is_kept(&births->groups[0].lives)) {
		const struct rcp_object_row *lives = &births->groups[0].lives;

		add_own_line(a, &a->text, births->groups[0].frame);
		rcp_text_add(&a->text, ": ");
		rcp_text_count(&a->text, rcp_objects_died(lives));
		rcp_text_add(&a->text, " of ");
		rcp_estimate_count_both(&a->text, lives->born,
					rcp_objects_alive_error(lives));
		rcp_text_char(&a->text, ' ');
		rcp_type_name(&a->text, best->name);
		rcp_text_add(&a->text, " died. If they are of no more use, "
				       "something keeps them.");
		add_command(a, "rcprof objects");
		good = true;
	}
	rcp_lives_groups_free(births);
	return good;
}

/* --- what waits, and what stops ------------------------------------------- */

static bool
advise_cycles(struct advice *a)
{
	const struct rcp_set *set = a->report->look->set;
	const struct rcp_cycle_groups *g = a->report->cycles;
	const struct rcp_cycle_group *first = g->groups;
	struct rcp_text sentence = { 0 };

	if (g->own_count == 0 || (first->bytes < LEAST_WAITING &&
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
print(struct advice *a)
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
	a->count++;
}

void
rcp_report_next(const struct rcp_report *report)
{
	struct advice a = { .report = report };
	struct rcp_lives_groups *types = own_types(report);
	struct rcp_text line = { 0 };

	if (advise_growing(&a))
		print(&a);
	if (advise_exceptions(&a, types))
		print(&a);
	if (advise_cycles(&a))
		print(&a);
	if (a.count < MOST_SENTENCES && advise_pauses(&a))
		print(&a);
	if (advise_kept(&a, types))
		print(&a);
	if (advise_large(&a))
		print(&a);
	if (a.count > 0) {
		rcp_text_format(&line, "  %s", rcp_text_string(&a.commands));
		rcp_out_wrap(&report->look->out, RCP_PLAIN, line.s, 2);
	}
	rcp_lives_groups_free(types);
	rcp_text_free(&line);
	rcp_text_free(&a.text);
	rcp_text_free(&a.commands);
}

/* SPDX-License-Identifier: MIT
 *
 * report_kept.c - which objects of the user's nobody lets go: for the report's
 * "look next".  What keeps them is not known, where they were born is.
 */
#include <stdlib.h>
#include <string.h>

#include "model/keys.h"
#include "model/memory.h"
#include "tools/deaths.h"
#include "tools/estimate.h"
#include "tools/report.h"
#include "tools/sites.h"

#define MOST_KEPT 3
#define LEAST_KEPT 100   /* objects that somebody may have forgotten */
#define KEPT_SHARE 0.05  /* of them have died, at most */
#define KEPT_OF_LIVE 0.1 /* of all live bytes: below, it is no matter */

static void
add_own_line(const struct rcp_report *report, struct rcp_text *t,
	     uint32_t frame)
{
	struct rcp_group group = { .name = "", .frame = frame };

	rcp_group_place(report->look, t, &group, RCP_BY_OWN);
}

/* Hardly any of these objects died. */
static bool
is_kept(const struct rcp_object_row *lives)
{
	return lives->born >= LEAST_KEPT && rcp_objects_alive(lives) > 0 &&
	       (double)rcp_lives_died(lives) <
		       KEPT_SHARE * (double)lives->born &&
	       !rcp_estimate_is_guess(rcp_objects_alive(lives),
				      rcp_objects_alive_error(lives));
}

/* The places of birth of one type, those with the most bytes alive first; to
 * be freed. */
static struct rcp_lives_groups *
births_of(const struct rcp_report *report, const struct rcp_view *view,
	  const struct rcp_lives_group *type)
{
	struct rcp_keys *places =
		rcp_keys_new(report->look->set, RCP_BY_OWN);
	struct rcp_lives_groups *births = rcp_lives_groups_new(
		report->look->set, view, type->rows, type->row_count,
		RCP_LIVES_BY_BIRTH, places);

	rcp_keys_free(places);
	return births;
}

/* Types that were born in own lines. */
static struct rcp_lives_groups *
own_types(const struct rcp_report *report, const struct rcp_view *view)
{
	uint32_t *rows = rcp_alloc((view->object_count + 1) * sizeof(*rows));
	size_t count = rcp_objects_own(report->look->set, view, rows);
	struct rcp_lives_groups *types =
		rcp_lives_groups_new(report->look->set, view, rows, count,
				     RCP_LIVES_BY_TYPE, NULL);

	free(rows);
	return types;
}

static int
by_alive(const void *a, const void *b)
{
	const struct rcp_lives_group *x = a, *y = b;
	int64_t n = rcp_objects_alive(&x->lives);
	int64_t m = rcp_objects_alive(&y->lives);

	if (n != m)
		return n > m ? -1 : 1;
	return strcmp(x->name, y->name);
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
bool
rcp_report_exceptions(const struct rcp_report *report, struct rcp_text *t)
{
	struct rcp_lives_groups *types = own_types(report, report->view);
	const struct rcp_lives_group *best = NULL;
	struct rcp_lives_groups *births = NULL;

	for (size_t i = 0; i < types->count && !births; i++)
		if (strcmp(types->groups[i].name, "traceback") == 0)
			births = births_of(report, report->view,
					   &types->groups[i]);
	for (size_t i = 0; births && i < births->count; i++) {
		const struct rcp_lives_group *birth = &births->groups[i];

		if (rcp_objects_alive(&birth->lives) >= LEAST_KEPT &&
		    (!best ||
		     depth_of(report, birth) > depth_of(report, best)))
			best = birth;
	}
	if (best) {
		rcp_estimate_count_both(t,
					rcp_objects_alive(&best->lives),
					rcp_objects_alive_error(&best->lives));
		rcp_text_add(t, " exceptions raised at ");
		add_own_line(report, t, best->frame);
		rcp_text_add(t, " are alive, and with each the locals "
				       "of its frames. Keep their text.");
	}
	rcp_lives_groups_free(births);
	rcp_lives_groups_free(types);
	return best != NULL;
}

/* What objects of the user's keep beside their own bytes is not known: they are
 * worth a sentence where memory grows, or where a good part of all that lives
 * was born in own lines and stays. */
static bool
much_is_kept(const struct rcp_report *report)
{
	struct rcp_lives_groups *types;
	int64_t bytes = 0;

	if (report->growing)
		return report->growing->growing_count > 0;
	if (report->look->query.window)
		return false;
	types = own_types(report, report->view);
	for (size_t i = 0; i < types->count; i++) {
		struct rcp_lives_groups *births =
			births_of(report, report->view, &types->groups[i]);

		for (size_t k = 0; k < births->count; k++)
			if (is_kept(&births->groups[k].lives))
				bytes += rcp_objects_alive_bytes(
					&births->groups[k].lives);
		rcp_lives_groups_free(births);
	}
	rcp_lives_groups_free(types);
	return (double)bytes >=
	       KEPT_OF_LIVE * (double)report->view->total.live_bytes;
}

/* "prices.Price (0 of 2,250 died, born at app.py:19 price)" */
static bool
add_kept(const struct rcp_report *report, struct rcp_text *t,
	 const struct rcp_view *view, const struct rcp_lives_group *type)
{
	struct rcp_lives_groups *births = births_of(report, view, type);
	const struct rcp_lives_group *most = &births->groups[0];
	bool good = births->count > 0 && most->frame != RCP_NONE &&
		    is_kept(&most->lives);

	if (good) {
		rcp_text_add(t, t->len > 0 ? "; " : "");
		rcp_type_name(t, type->name);
		rcp_text_add(t, " (");
		rcp_text_count(t, rcp_lives_died(&most->lives));
		rcp_text_add(t, " of ");
		rcp_estimate_count_both(t, most->lives.born,
					rcp_objects_alive_error(&most->lives));
		rcp_text_add(t, " died, born at ");
		add_own_line(report, t, most->frame);
		rcp_text_char(t, ')');
	}
	rcp_lives_groups_free(births);
	return good;
}

/* The user's classes of which the most are kept. */
bool
rcp_report_kept(const struct rcp_report *report, struct rcp_text *t)
{
	const struct rcp_view *view = report->view;
	struct rcp_lives_groups *types;
	size_t said = 0;

	if (!much_is_kept(report))
		return false;
	if (report->growing)
		view = report->growing->view;
	types = own_types(report, view);
	qsort(types->groups, types->count, sizeof(*types->groups),
	      by_alive);
	for (size_t i = 0; i < types->count && said < MOST_KEPT; i++)
		if (rcp_type_is_own(report->look->set, types->groups[i].name))
			said += add_kept(report, t, view, &types->groups[i]);
	rcp_lives_groups_free(types);
	if (said == 0)
		return false;
	if (report->growing) {
		rcp_text_add(t, " since ");
		rcp_look_time(report->look, t,
			      report->growing->query.from.time);
		rcp_text_add(t, ": bound what keeps them.");
	} else {
		rcp_text_add(t, ": if they are of no more use, "
				       "something keeps them.");
	}
	return true;
}

bool
rcp_report_died(const struct rcp_report *report, struct rcp_text *t,
		uint32_t frame)
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

		rcp_text_count(t, rcp_lives_died(lives));
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

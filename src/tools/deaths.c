/* SPDX-License-Identifier: MIT
 *
 * deaths.c - see deaths.h.
 */
#include "tools/deaths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/keys.h"
#include "model/memory.h"
#include "tools/estimate.h"
#include "tools/place.h"
#include "tools/report.h"
#include "tools/sites.h"

#define SHARE 0.1 /* of the deaths: below, a place is not worth a line */
#define NARROW 70

void
rcp_type_name(struct rcp_text *t, const char *name)
{
	rcp_text_name(t, strncmp(name, "__main__.", 9) == 0 && name[9]
				 ? name + 9
				 : name);
}

void
rcp_deaths_head(const struct rcp_look *look, const char *what,
		const struct rcp_view *view)
{
	const struct rcp_process *python = rcp_python_process(look->set);
	const char *seen = python ? rcp_process_coverage(python,
							 RCP_COVER_DEATHS)
				  : NULL;
	struct rcp_text t = { 0 };

	rcp_text_add(&t, what);
	if (look->query.window) {
		rcp_text_add(&t, " from ");
		rcp_look_time(look, &t, view->from);
		rcp_text_add(&t, " to ");
	} else {
		rcp_text_add(&t, " at ");
	}
	rcp_look_time(look, &t, view->time);
	rcp_text_add(&t, look->sampling.sampled ? "   sampled" : "   exact");
	if (python) {
		rcp_text_add(&t, ", Python ");
		rcp_text_name(&t, rcp_process_info(python, RCP_INFO_PYTHON));
	}
	if (seen) {
		rcp_text_add(&t, ", deaths seen: ");
		rcp_text_name(&t, seen);
	}
	rcp_out_wrap(&look->out, RCP_BOLD, t.s, 2);
	rcp_text_free(&t);
}

struct rcp_deaths {
	const struct rcp_look *look;
	const struct rcp_view *view;
	struct rcp_keys *places;
	struct rcp_map triggers; /* node of a collection -> its generations,
				    a bit each */
	/* The row that is being described */
	struct rcp_table *table;
	size_t digits;
	bool titled;
};

struct rcp_deaths *
rcp_deaths_new(const struct rcp_look *look, const struct rcp_view *view)
{
	struct rcp_deaths *d = rcp_alloc(sizeof(*d));
	const struct rcp_set *set = look->set;

	d->look = look;
	d->view = view;
	d->places = rcp_keys_new(set, RCP_BY_OWN);
	d->triggers.words = 1;
	for (size_t p = 0; p < set->process_count; p++) {
		const struct rcp_process *process = set->processes[p];

		for (size_t i = 0; i < process->gc_count; i++) {
			const struct rcp_gc_info *gc = &process->gcs[i];
			uint32_t seen = rcp_map_get1(&d->triggers, gc->node);

			seen = seen == RCP_NONE ? 0 : seen;
			rcp_map_put1(&d->triggers, gc->node,
				     seen | 1u << (gc->generation & 7));
		}
	}
	return d;
}

void
rcp_deaths_free(struct rcp_deaths *d)
{
	if (!d)
		return;
	rcp_keys_free(d->places);
	rcp_map_free(&d->triggers);
	free(d);
}

static void
add_estimate(struct rcp_text *t, int64_t n, double variance)
{
	double error = variance > 0 ? sqrt(variance) : 0;

	if (rcp_estimate_is_guess(n, error))
		rcp_text_char(t, '~');
	rcp_estimate_count(t, n, error);
}

static void
begin_line(struct rcp_deaths *d, struct rcp_text *t, int64_t n,
	   double variance)
{
	const char *title = d->look->out.columns < NARROW
				    ? "went"
				    : "last reference went";
	struct rcp_text count = { 0 };

	rcp_text_add(t, "   ");
	if (d->titled)
		rcp_text_fill(t, " ", strlen(title));
	else
		rcp_text_add(t, title);
	d->titled = true;
	add_estimate(&count, n, variance);
	rcp_text_fill(t, " ",
		      d->digits > rcp_text_width(count.s)
			      ? d->digits - rcp_text_width(count.s) + 2
			      : 2);
	rcp_text_add(t, count.s);
	rcp_text_add(t, "  ");
	rcp_text_free(&count);
}

/* "tree.py:20 use  del a" */
static void
add_place(const struct rcp_deaths *d, struct rcp_text *t, const char *name,
	  uint32_t frame)
{
	struct rcp_group group = { .name = name, .frame = frame };
	struct rcp_text source = { 0 };

	rcp_group_place(d->look, t, &group, RCP_BY_OWN);
	if (rcp_group_source(d->look, &source, &group, RCP_BY_OWN))
		rcp_text_format(t, "  %s", source.s);
	rcp_text_free(&source);
}

/* --- when the last reference went ----------------------------------------- */

static void
print_refcount(struct rcp_deaths *d, const struct rcp_lives_groups *places,
	       size_t most, uint32_t birth)
{
	int64_t whole = 0, rest = 0;
	double variance = 0;
	size_t shown = 0, others = 0;
	struct rcp_text t = { 0 };

	for (size_t i = 0; i < places->count; i++)
		whole += places->groups[i].lives.died_refcount;
	for (size_t i = 0; i < places->count; i++) {
		const struct rcp_lives_group *place = &places->groups[i];
		int64_t n = place->lives.died_refcount;

		if (n == 0)
			continue;
		if (shown > 0 &&
		    (shown >= most || (double)n < SHARE * (double)whole)) {
			rest += n;
			variance += place->lives.var_refcount;
			others++;
			continue;
		}
		begin_line(d, &t, n, place->lives.var_refcount);
		if (place->frame != RCP_NONE && place->frame == birth)
			rcp_text_add(&t, "at the same line");
		else
			add_place(d, &t, place->name, place->frame);
		rcp_table_line(d->table, &t);
		shown++;
	}
	if (others > 0) {
		begin_line(d, &t, rest, variance);
		rcp_text_format(&t, "at %zu other %s", others,
				rcp_plural((int64_t)others, "place",
					   "places"));
		rcp_table_line(d->table, &t);
	}
	rcp_text_free(&t);
}

/* --- in a collection ------------------------------------------------------ */

/* The stack that triggered the collection in which something died at `site`;
 * 0: not known.  A finalizer that the collector called stands inward of
 * it. */
static uint32_t
trigger_of(const struct rcp_deaths *d, uint32_t site, uint32_t *seen)
{
	const struct rcp_set *set = d->look->set;
	uint32_t node = site == RCP_NONE ? 0 : set->sites[site].node;

	for (; node; node = set->nodes[node].parent) {
		uint32_t generations = rcp_map_get1(&d->triggers, node);

		if (generations == RCP_NONE)
			continue;
		*seen |= generations;
		return node;
	}
	return 0;
}

/* ", generations 0, 2" */
static void
add_generations(struct rcp_text *t, uint32_t seen)
{
	for (unsigned g = 0, said = 0; g < 8; g++) {
		if (!(seen >> g & 1))
			continue;
		rcp_text_format(t, "%s%u",
				said++		    ? ", "
				: seen & (seen - 1) ? ", generations "
						    : ", generation ",
				g);
	}
}

/* "6  collector, generation 2, started at tree.py:33" */
static void
print_collector(struct rcp_deaths *d, const uint32_t *rows, size_t count)
{
	struct rcp_map index = { .words = 1 };
	int64_t *died = rcp_alloc((count + 1) * sizeof(*died));
	uint32_t seen = 0, frames = 0, best = RCP_NONE;
	int64_t whole = 0, most = 0;
	double variance = 0;
	struct rcp_text t = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct rcp_object_row *row = &d->view->objects[rows[i]];
		uint32_t frame, at;

		if (row->died_collector == 0)
			continue;
		frame = rcp_node_own_frame(
			d->look->set, trigger_of(d, row->death, &seen));
		at = rcp_map_get1(&index, frame);
		if (at == RCP_NONE) {
			at = frames++;
			rcp_map_put1(&index, frame, at);
		}
		died[at] += row->died_collector;
		whole += row->died_collector;
		variance += row->var_collector;
		if (frame != RCP_NONE && died[at] > most) {
			most = died[at];
			best = frame;
		}
	}
	if (whole != 0) {
		begin_line(d, &t, whole, variance);
		rcp_text_add(&t, "collector");
		add_generations(&t, seen);
		if (best != RCP_NONE) {
			rcp_text_add(&t, ", ");
			if (most != whole)
				rcp_text_format(&t, "%.0f %% of them ",
						100 * (double)most /
							(double)whole);
			rcp_text_add(&t, "started at ");
			add_place(d, &t, "", best);
		}
		rcp_table_line(d->table, &t);
	}
	rcp_map_free(&index);
	rcp_text_free(&t);
	free(died);
}

void
rcp_deaths_print(struct rcp_deaths *d, struct rcp_table *table,
		 const uint32_t *rows, size_t count, size_t most,
		 uint32_t birth)
{
	struct rcp_lives_groups *places = rcp_lives_groups_new(
		d->look->set, d->view, rows, count, RCP_LIVES_BY_DEATH,
		d->places);
	struct rcp_text t = { 0 };
	int64_t whole = 0, refcount = 0, collector = 0;

	for (size_t i = 0; i < places->count; i++) {
		const struct rcp_object_row *l = &places->groups[i].lives;

		if (l->died_refcount > refcount)
			refcount = l->died_refcount;
		collector += l->died_collector;
		whole += l->died_refcount;
	}
	rcp_text_count(&t, refcount > collector ? refcount : collector);
	/* Nothing below: they died at the line that made them. */
	if (collector == 0 && places->count > 0 &&
	    refcount == whole && places->groups[0].frame == birth &&
	    birth != RCP_NONE)
		goto out;
	d->table = table;
	d->titled = false;
	d->digits = rcp_text_width(t.s);
	print_refcount(d, places, most, birth);
	print_collector(d, rows, count);
out:
	rcp_text_free(&t);
	rcp_lives_groups_free(places);
}

/* SPDX-License-Identifier: MIT
 *
 * lives.c - see lives.h.
 */
#include "tools/lives.h"

#include <string.h>

#include "model/keys.h"
#include "tools/place.h"
#include "tools/sites.h"

void
rcp_lives_type(struct rcp_text *t, const char *name)
{
	rcp_text_name(t, strncmp(name, "__main__.", 9) == 0 && name[9]
				 ? name + 9
				 : name);
}

/* --- which collections ---------------------------------------------------- */

/* Bit N: a collection of generation N was triggered by this stack. */
static unsigned
generations_of(const struct rcp_set *set, uint32_t node)
{
	unsigned seen = 0;

	for (size_t p = 0; p < set->process_count; p++) {
		const struct rcp_process *process = set->processes[p];

		for (size_t i = 0; i < process->gc_count; i++)
			if (process->gcs[i].node == node)
				seen |= 1u << (process->gcs[i].generation & 7);
	}
	return seen;
}

void
rcp_lives_collector(const struct rcp_look *look, struct rcp_text *t,
		    uint32_t site)
{
	const struct rcp_set *set = look->set;
	uint32_t node = site == RCP_NONE ? 0 : set->sites[site].node;
	struct rcp_group group = { .name = "", .frame = RCP_NONE };
	unsigned seen = 0;

	/* A finalizer that the collector called stands inward of it. */
	for (uint32_t n = node; n && !seen; n = set->nodes[n].parent) {
		seen = generations_of(set, n);
		node = seen ? n : node;
	}
	rcp_text_add(t, "collector");
	for (unsigned g = 0, said = 0; g < 8; g++) {
		if (!(seen >> g & 1))
			continue;
		rcp_text_format(t, "%s%u",
				said++		      ? ", "
				: seen & (seen - 1) ? ", generations "
						      : ", generation ",
				g);
	}
	if (!node)
		return;
	rcp_text_add(t, ", started at ");
	group.frame = rcp_node_own_frame(set, node);
	rcp_group_place(look, t, &group, RCP_BY_OWN);
	rcp_text_add(t, "  ");
	rcp_group_source(look, t, &group, RCP_BY_OWN);
}

/* --- where the last reference went ---------------------------------------- */

#define SHARE 0.1
#define NARROW 70

/* Lines under one row. */
struct lines {
	const struct rcp_look *look;
	struct rcp_table *table;
	size_t digits;
	bool titled;
};

static void
begin_line(struct lines *lines, struct rcp_text *t, int64_t n)
{
	const char *title = lines->look->out.columns < NARROW
				    ? "went"
				    : "last reference went";
	struct rcp_text count = { 0 };

	rcp_text_add(t, "   ");
	if (lines->titled)
		rcp_text_fill(t, " ", strlen(title));
	else
		rcp_text_add(t, title);
	lines->titled = true;
	rcp_text_count(&count, n);
	rcp_text_fill(t, " ",
		      lines->digits + 2 - rcp_text_width(count.s));
	rcp_text_add(t, count.s);
	rcp_text_add(t, "  ");
	rcp_text_free(&count);
}

static void
add_death(struct lines *lines, const struct rcp_lives_group *place,
	  bool collector)
{
	struct rcp_group group = { .name = place->name,
				   .frame = place->frame };
	struct rcp_text t = { 0 };

	begin_line(lines, &t,
		   collector ? place->lives.collector : place->lives.refcount);
	if (collector) {
		rcp_lives_collector(lines->look, &t, place->site);
	} else {
		rcp_group_place(lines->look, &t, &group, RCP_BY_OWN);
		rcp_text_add(&t, "  ");
		rcp_group_source(lines->look, &t, &group, RCP_BY_OWN);
	}
	rcp_table_line(lines->table, &t);
	rcp_text_free(&t);
}

static int64_t
died_of(const struct rcp_lives *lives, bool collector)
{
	return collector ? lives->collector : lives->refcount;
}

/* Of those that died in one of the two ways. */
static void
add_some(struct lines *lines, const struct rcp_lives_groups *places,
	 bool collector, size_t most)
{
	int64_t whole = 0, rest = 0;
	size_t shown = 0, others = 0;
	struct rcp_text t = { 0 };

	for (size_t i = 0; i < places->count; i++)
		whole += died_of(&places->groups[i].lives, collector);
	for (size_t i = 0; i < places->count; i++) {
		int64_t n = died_of(&places->groups[i].lives, collector);

		if (n == 0)
			continue;
		if (shown > 0 && (shown >= most ||
				  (double)n < SHARE * (double)whole)) {
			rest += n;
			others++;
			continue;
		}
		add_death(lines, &places->groups[i], collector);
		shown++;
	}
	if (others > 0) {
		begin_line(lines, &t, rest);
		rcp_text_format(&t, "at %zu other %s", others,
				rcp_plural((int64_t)others, "place",
					   "places"));
		rcp_table_line(lines->table, &t);
	}
	rcp_text_free(&t);
}

void
rcp_lives_deaths(const struct rcp_look *look, struct rcp_table *table,
		 const struct rcp_view *view, const uint32_t *rows,
		 size_t count, size_t most)
{
	struct rcp_keys *places = rcp_keys_new(look->set, RCP_BY_OWN);
	struct rcp_lives_groups *deaths = rcp_lives_groups_new(
		look->set, view, rows, count, RCP_LIVES_BY_DEATH, places);
	struct lines lines = { .look = look, .table = table };
	struct rcp_text t = { 0 };
	struct rcp_lives sum = { 0 };

	for (size_t i = 0; i < deaths->count; i++)
		rcp_lives_sum(&sum, &deaths->groups[i].lives);
	rcp_text_count(&t, sum.refcount > sum.collector ? sum.refcount
							: sum.collector);
	lines.digits = rcp_text_width(t.s);
	add_some(&lines, deaths, false, most);
	add_some(&lines, deaths, true, most);
	rcp_text_free(&t);
	rcp_lives_groups_free(deaths);
	rcp_keys_free(places);
}

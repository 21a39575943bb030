/* SPDX-License-Identifier: MIT
 *
 * cycles.c - `rcprof cycles`: what only the collector frees, and what that
 * costs.
 */
#include "tools/cycles.h"

#include <string.h>

#include "tools/deaths.h"

#define ARROW " -> "
#define LONGEST_CHAIN 6 /* members before the middle is left out */

/* Members that are told by name: all, or the first and the last ones. */
static bool
is_told(uint32_t count, uint32_t n)
{
	return count <= LONGEST_CHAIN || n < LONGEST_CHAIN - 2 ||
	       n == count - 1;
}

void
rcp_cycle_chain(const struct rcp_set *set, struct rcp_text *t,
		const struct rcp_cycle_group *group)
{
	const struct rcp_cycle_info *cycle = rcp_cycle_of(set, group);
	uint32_t count = cycle->count;

	if (count == 0) {
		rcp_text_add(t, "[cycles past the memory limit]");
		return;
	}
	if (cycle->knot)
		rcp_text_add(t, "a knot of ");
	for (uint32_t i = 0; i < count; i++) {
		if (!is_told(count, i)) {
			if (is_told(count, i - 1))
				rcp_text_format(t, "%s%u more",
						cycle->knot ? ", " : ARROW,
						count - LONGEST_CHAIN + 1);
			continue;
		}
		if (i > 0)
			rcp_text_add(t, cycle->knot ? ", " : ARROW);
		rcp_type_name(t, rcp_cycle_type(set, group, i));
	}
	if (!cycle->knot) {
		rcp_text_add(t, ARROW);
		rcp_type_name(t, rcp_cycle_type(set, group, 0));
	}
}

static void
add_attribute(struct rcp_text *t, const char *name)
{
	rcp_text_char(t, '`');
	rcp_text_name(t, name);
	rcp_text_char(t, '`');
}

void
rcp_cycle_sentence(const struct rcp_set *set, struct rcp_text *t,
		   const struct rcp_cycle_group *group)
{
	struct rcp_cycle_advice advice = rcp_cycle_advice(set, group);

	switch (advice.end) {
	case RCP_CYCLE_WEAKREF:
		rcp_text_add(t, "A weakref in ");
		add_attribute(t, advice.attributes[0]);
		if (advice.attributes[1]) {
			rcp_text_add(t, " or in ");
			add_attribute(t, advice.attributes[1]);
		}
		rcp_text_add(t, " ends it.");
		break;
	case RCP_CYCLE_EXCEPTION:
		rcp_text_add(t, "An exception is kept by a local of a "
				"function in its own traceback: ");
		if (advice.attributes[0]) {
			rcp_text_add(t, "`del ");
			rcp_text_name(t, advice.attributes[0]);
			rcp_text_add(t, "` when done ends it.");
		} else {
			rcp_text_add(t, "`del` it when done.");
		}
		break;
	case RCP_CYCLE_METHOD:
		rcp_text_add(t, "An object keeps a bound method of its own: "
				"a weakref.WeakMethod does not keep it.");
		break;
	case RCP_CYCLE_FUNCTION:
		rcp_text_add(t, "A nested function refers to itself: one of "
				"the module, or a method, does not.");
		break;
	case RCP_CYCLE_CLASS:
		rcp_text_add(t, "A class is always on a cycle: make it once.");
		break;
	case RCP_CYCLE_NO_ADVICE:
		break;
	}
}

static bool
look_up(struct rcp_cycles_page *page, struct rcp_error *error)
{
	const struct rcp_look *look = page->look;
	const struct rcp_query *query = &look->query;

	page->view = rcp_view_new(look->set, query, error);
	if (!page->view)
		return false;
	page->groups = rcp_cycle_groups_new(look->set, page->view);
	page->pauses = rcp_pauses_new(look->set, query);
	page->from = query->window ? query->from.time : 0;
	page->to = query->at.kind == RCP_AT_END ? look->set->end_time
						: query->at.time;
	return true;
}

static void
release(struct rcp_cycles_page *page)
{
	rcp_cycle_groups_free(page->groups);
	rcp_pauses_free(page->pauses);
	rcp_view_free(page->view);
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct rcp_look look;
	struct rcp_cycles_page page = { .look = &look };
	struct rcp_error error;
	int status = rcp_look_open(&look, command, NULL, argc, argv);

	if (status >= 0) {
		rcp_look_close(&look);
		return status;
	}
	look.query.without_peak = look.query.at.kind != RCP_AT_PEAK;
	if (!look_up(&page, &error)) {
		release(&page);
		return rcp_look_fail(&look, &error);
	}
	if (look.args.json)
		rcp_cycles_json(&page);
	else
		rcp_cycles_text(&page);
	release(&page);
	return rcp_look_finish(&look);
}

const struct rcp_command rcp_command_cycles = {
	.name = "cycles",
	.summary = "what only the collector frees, and its pauses",
	.usage = "[OPTION...] [FILE...]",
	.about = "Shows reference cycles that reference counts alone never "
		 "free: which types refer to each other, by which attribute "
		 "where it is known, where they were born, how many waited for "
		 "the collector and how long at most. Below: what waited over "
		 "time, and the longest pauses of collections and of single "
		 "releases of a thousand objects and more.\n"
		 "Cycles that were born in your own lines; those of imports "
		 "and of the start of the interpreter with --all.",
	.takes = RCP_TAKES_AT | RCP_TAKES_WINDOW | RCP_TAKES_TOP |
		 RCP_TAKES_ALL | RCP_TAKES_JSON | RCP_TAKES_COLOR |
		 RCP_TAKES_STACKS | RCP_TAKES_SOURCE,
	.run = run,
};

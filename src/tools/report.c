/* SPDX-License-Identifier: MIT
 *
 * report.c - `rcprof report`: the one page to read first.
 */
#include "tools/report.h"

#include <string.h>

const struct rcp_process *
rcp_root_process(const struct rcp_set *set)
{
	for (size_t i = 0; i < set->process_count; i++) {
		const struct rcp_file_header *h = &set->processes[i]->header;

		if (h->pid == h->root_pid && h->proc_start == h->root_start)
			return set->processes[i];
	}
	return set->processes[0];
}

const struct rcp_process *
rcp_python_process(const struct rcp_set *set)
{
	const struct rcp_process *root = rcp_root_process(set);

	if (rcp_process_info(root, RCP_INFO_PYTHON))
		return root;
	for (size_t i = 0; i < set->process_count; i++) {
		if (rcp_process_info(set->processes[i], RCP_INFO_PYTHON))
			return set->processes[i];
	}
	return NULL;
}

bool
rcp_command_next(const struct rcp_process *process, size_t *at,
		 const char **arg, size_t *len)
{
	for (size_t i = 0; i < process->info_count; i++) {
		const struct rcp_pair *pair = &process->infos[i];

		if (strcmp(pair->key, RCP_INFO_COMMAND) != 0)
			continue;
		if (*at >= pair->length)
			return false;
		*arg = pair->value + *at;
		*len = strnlen(*arg, pair->length - *at);
		*at += *len + 1;
		return true;
	}
	return false;
}

uint64_t
rcp_report_span(const struct rcp_report *report)
{
	const struct rcp_query *query = &report->look->query;
	uint64_t from = query->window ? query->from.time : 0;
	uint64_t to = query->at.kind == RCP_AT_END ? report->look->set->end_time
						   : query->at.time;

	return to > from ? to - from : 0;
}

static bool
look_up(struct rcp_report *report, struct rcp_error *error)
{
	struct rcp_look *look = report->look;

	report->view = rcp_view_new(look->set, &look->query, error);
	if (!report->view)
		return false;
	report->curve = rcp_curve_new(look->set, &look->query);
	report->cycles = rcp_cycle_groups_new(look->set, report->view);
	report->pauses = rcp_pauses_new(look->set, &look->query);
	if (look->args.json)
		return true;
	report->groups = rcp_groups_new(look->set, report->view,
					look->args.by, look->query.metric);
	return rcp_growing_new(look, RCP_BY_OWN, &report->growing, error);
}

static void
release(struct rcp_report *report)
{
	rcp_curve_free(report->curve);
	rcp_cycle_groups_free(report->cycles);
	rcp_pauses_free(report->pauses);
	rcp_growing_free(report->growing);
	rcp_groups_free(report->groups);
	rcp_view_free(report->view);
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct rcp_look look;
	struct rcp_report report = { .look = &look };
	struct rcp_error error;
	int status = rcp_look_open(&look, command, NULL, argc, argv);

	if (status >= 0) {
		rcp_look_close(&look);
		return status;
	}
	if (!look_up(&report, &error)) {
		release(&report);
		return rcp_look_fail(&look, &error);
	}
	if (look.args.json)
		rcp_report_json(&report);
	else
		rcp_report_text(&report);
	release(&report);
	return rcp_look_finish(&look);
}

const struct rcp_command rcp_command_report = {
	.name = "report",
	.summary = "the one page to read first",
	.usage = "[OPTION...] [FILE...]",
	.about = "Shows where the memory of a program went: its peak, what "
		 "keeps growing, what is allocated only to be freed at once. "
		 "A line of code is charged for what it allocates through "
		 "libraries: its own line is the deepest one outside the "
		 "standard library and site-packages.\n"
		 "Without FILE: the newest process tree in the current "
		 "directory. Several files add up.",
	.takes = RCP_TAKES_METRIC | RCP_TAKES_BY | RCP_TAKES_AT |
		 RCP_TAKES_WINDOW | RCP_TAKES_FILTER | RCP_TAKES_TOP |
		 RCP_TAKES_ALL | RCP_TAKES_JSON | RCP_TAKES_COLOR |
		 RCP_TAKES_STACKS | RCP_TAKES_SOURCE,
	.run = run,
};

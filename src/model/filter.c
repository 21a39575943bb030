/* SPDX-License-Identifier: MIT
 *
 * filter.c - include, exclude, thread and kind.  Offline only.
 */
#include "model/filter.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"

enum answer { UNKNOWN, NO, YES };

/* One pattern, and which frames of the set match it. */
struct pattern {
	bool used;
	regex_t regex;
	uint8_t *frames; /* enum answer */
};

struct rcp_filter {
	const struct rcp_set *set;
	struct pattern include, exclude;
	uint8_t *sites; /* enum answer */
	const char *thread;
	uint64_t tid;    /* 0: `thread` is no number */
	uint32_t kind;   /* RCP_KINDS: all */
};

static bool
compile(struct pattern *pattern, const char *text, const struct rcp_set *set,
	struct rcp_error *error)
{
	char reason[200];
	int code;

	if (!text)
		return true;
	code = regcomp(&pattern->regex, text, REG_EXTENDED | REG_NOSUB);
	if (code != 0) {
		regerror(code, &pattern->regex, reason, sizeof(reason));
		rcp_error_set(error, "pattern '%.200s': %s", text, reason);
		return false;
	}
	pattern->used = true;
	pattern->frames = rcp_alloc(set->frame_count);
	return true;
}

static bool
parse_kind(struct rcp_filter *filter, const char *name,
	   struct rcp_error *error)
{
	filter->kind = RCP_KINDS;
	if (!name)
		return true;
	for (uint32_t i = 0; i < RCP_KINDS; i++)
		if (strcmp(rcp_kind_name((enum rcp_kind)i), name) == 0)
			filter->kind = i;
	if (filter->kind == RCP_KINDS)
		rcp_error_set(error, "kind '%.100s' is none of python, malloc "
			      "and mmap", name);
	return filter->kind != RCP_KINDS;
}

static bool
parse_thread(struct rcp_filter *filter, const char *name,
	     struct rcp_error *error)
{
	const struct rcp_set *set = filter->set;
	char *end;

	filter->thread = name;
	if (!name)
		return true;
	filter->tid = strtoull(name, &end, 10);
	if (*end)
		filter->tid = 0;
	for (uint32_t i = 0; i < set->process_count; i++)
		for (uint32_t j = 0; j < set->processes[i]->thread_count; j++)
			if (rcp_filter_thread(filter, i, j))
				return true;
	rcp_error_set(error, "there is no thread '%.200s'", name);
	return false;
}

struct rcp_filter *
rcp_filter_new(const struct rcp_set *set, const struct rcp_query *query,
	       struct rcp_error *error)
{
	struct rcp_filter *filter = rcp_alloc(sizeof(*filter));

	filter->set = set;
	filter->sites = rcp_alloc(set->site_count);
	if (compile(&filter->include, query->include, set, error) &&
	    compile(&filter->exclude, query->exclude, set, error) &&
	    parse_kind(filter, query->kind, error) &&
	    parse_thread(filter, query->thread, error))
		return filter;
	rcp_filter_free(filter);
	return NULL;
}

static void
free_pattern(struct pattern *pattern)
{
	if (pattern->used)
		regfree(&pattern->regex);
	free(pattern->frames);
}

void
rcp_filter_free(struct rcp_filter *filter)
{
	free_pattern(&filter->include);
	free_pattern(&filter->exclude);
	free(filter->sites);
	free(filter);
}

static bool
matches(struct pattern *pattern, const char *text)
{
	return text && regexec(&pattern->regex, text, 0, NULL, 0) == 0;
}

/* Does a frame of the stack match? */
static bool
in_stack(struct rcp_filter *filter, struct pattern *pattern, uint32_t node)
{
	const struct rcp_set *set = filter->set;

	for (; node; node = set->nodes[node].parent) {
		uint32_t index = set->nodes[node].frame;
		const struct rcp_frame_info *frame = &set->frames[index];

		if (pattern->frames[index] == UNKNOWN)
			pattern->frames[index] =
				matches(pattern, frame->function) ||
						matches(pattern, frame->file) ||
						matches(pattern,
							frame->module) ?
					YES :
					NO;
		if (pattern->frames[index] == YES)
			return true;
	}
	return false;
}

bool
rcp_filter_site(struct rcp_filter *filter, uint32_t site)
{
	const struct rcp_site_info *info = &filter->set->sites[site];
	bool yes;

	if (filter->sites[site] != UNKNOWN)
		return filter->sites[site] == YES;
	yes = filter->kind == RCP_KINDS || filter->kind == info->kind;
	if (yes && filter->include.used)
		yes = in_stack(filter, &filter->include, info->node);
	if (yes && filter->exclude.used)
		yes = !in_stack(filter, &filter->exclude, info->node);
	filter->sites[site] = yes ? YES : NO;
	return yes;
}

bool
rcp_filter_thread(const struct rcp_filter *filter, uint32_t process,
		  uint32_t thread)
{
	const struct rcp_thread_info *info;

	if (!filter->thread)
		return true;
	if (thread == RCP_NONE)
		return false;
	info = &filter->set->processes[process]->threads[thread];
	return strcmp(info->name, filter->thread) == 0 ||
	       (filter->tid && info->tid == filter->tid);
}

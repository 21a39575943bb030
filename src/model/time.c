/* SPDX-License-Identifier: MIT
 *
 * time.c - the TIMEs of the command line.  Offline only.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/set.h"

#define NS 1000000000.0

bool
rcp_duration_parse(const char *text, uint64_t *out, struct rcp_error *error)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {
		{ "", 1 },	 { "s", 1 },	{ "ms", 1e-3 }, { "us", 1e-6 },
		{ "ns", 1e-9 },	 { "m", 60 },	{ "min", 60 },	{ "h", 3600 },
		{ "d", 86400 },
	};
	char *end = NULL;
	double value = -1;

	if (isdigit((unsigned char)text[0]) || text[0] == '.')
		value = strtod(text, &end);
	for (size_t i = 0; end && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].name) == 0) {
			value *= units[i].seconds * NS;
			if (!(value >= 0 && value < 9e18))
				break;
			*out = (uint64_t)llround(value);
			return true;
		}
	rcp_error_set(error, "'%s' is no time: a number and us, ms, s, m or h",
		      text);
	return false;
}

static bool
is_marked_between(const struct rcp_process *process, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < process->event_count; i++) {
		const struct rcp_event_info *e = &process->events[i];

		if (e->kind == RCP_EVENT_MARK && e->time > from &&
		    e->time <= to)
			return true;
	}
	return false;
}

/* The mark's own snapshot if it forced one, which comes after it: just after,
 * or after one that was due at that moment. */
static uint64_t
snapshot_of_mark(const struct rcp_process *process, uint64_t time)
{
	bool first = true;

	for (size_t i = 0; i < process->snap_count; i++) {
		const struct rcp_snap_info *snap = &process->snaps[i];

		if (snap->time < time)
			continue;
		if (snap->reason == RCP_SNAP_MARK)
			return first || !is_marked_between(process, time,
							   snap->time) ?
				       snap->time :
				       time;
		first = false;
	}
	return time;
}

static bool
find_mark(const struct rcp_set *set, const char *text, uint64_t *out,
	  struct rcp_error *error)
{
	for (size_t i = 0; i < set->process_count; i++) {
		const struct rcp_process *process = set->processes[i];

		for (size_t j = 0; j < process->event_count; j++) {
			const struct rcp_event_info *e = &process->events[j];

			if (e->kind != RCP_EVENT_MARK || !e->text ||
			    strcmp(e->text, text) != 0)
				continue;
			*out = snapshot_of_mark(process, e->time);
			return true;
		}
	}
	rcp_error_set(error, "there is no mark '%.200s'", text);
	return false;
}

/* "14:12[:31[.5]]" with or without "2026-11-22 " or "2026-11-22T" before it,
 * in local time.  Without a date it is the first such time at or after the
 * start. */
static bool
parse_clock(const struct rcp_set *set, const char *text, uint64_t *out)
{
	time_t start = (time_t)(set->start_wall / 1000000000u), when;
	double fraction = 0, ns;
	bool dated = strlen(text) > 10 && text[4] == '-';
	struct tm tm;
	char *rest;

	if (!localtime_r(&start, &tm))
		return false;
	tm.tm_sec = 0;
	if (dated) {
		rest = strptime(text, "%Y-%m-%d", &tm);
		if (!rest || (*rest != ' ' && *rest != 'T'))
			return false;
		text = rest + 1;
	}
	rest = strptime(text, "%H:%M", &tm);
	if (rest && *rest == ':')
		rest = strptime(rest, ":%S", &tm);
	if (rest && *rest == '.')
		fraction = strtod(rest, &rest);
	if (!rest || *rest)
		return false;
	tm.tm_isdst = -1;
	when = mktime(&tm);
	/* A run from evening to morning; the start's own second is kept. */
	if (!dated && when + 1 <= start) {
		tm.tm_mday++;
		tm.tm_isdst = -1;
		when = mktime(&tm);
	}
	ns = ((double)when + fraction) * NS - (double)set->start_wall;
	*out = ns > 0 ? (uint64_t)ns : 0;
	return true;
}

bool
rcp_moment_parse(const struct rcp_set *set, const char *text,
		 struct rcp_moment *out, struct rcp_error *error)
{
	uint64_t back;

	out->kind = RCP_AT_TIME;
	if (strcmp(text, "end") == 0) {
		out->kind = RCP_AT_END;
		out->time = set->end_time;
		return true;
	}
	if (strcmp(text, "peak") == 0) {
		out->kind = RCP_AT_PEAK;
		out->time = rcp_set_peak(set).time;
		return true;
	}
	if (strncmp(text, "mark:", 5) == 0)
		return find_mark(set, text + 5, &out->time, error);
	if (strchr(text, ':') && parse_clock(set, text, &out->time))
		return true;
	if (text[0] == '-' && rcp_duration_parse(text + 1, &back, error)) {
		out->time = back < set->end_time ? set->end_time - back : 0;
		return true;
	}
	if (rcp_duration_parse(text, &out->time, error))
		return true;
	rcp_error_set(error, "'%.200s' is no time: seconds from the start, "
		      "5m, a clock time like 14:12, -1h (before the end), "
		      "peak, end or mark:TEXT", text);
	return false;
}

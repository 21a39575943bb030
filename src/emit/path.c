/* SPDX-License-Identifier: MIT
 *
 * path.c - see path.h.  Pure: no system call, no allocation, no state.
 */
#include "emit/path.h"

#include <string.h>

static void
add_field(struct rcp_str *out, const char *text)
{
	for (; *text; text++)
		rcp_str_char(out, *text == '/' ? '_' : *text);
}

/* 20261122T080004Z.  The calendar from the day number: years begin in March
 * here, so that the leap day comes last (the proleptic Gregorian rule, in
 * eras of 400 years or 146,097 days). */
static void
add_time(struct rcp_str *out, uint64_t wall)
{
	uint64_t seconds = wall / 1000000000u;
	uint64_t days = seconds / 86400 + 719468;
	uint64_t era = days / 146097, day = days % 146097;
	uint64_t year, month;

	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= year * 365 + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	month = month < 10 ? month + 3 : month - 9;
	year += era * 400 + (month <= 2);
	seconds %= 86400;
	rcp_str_u64_pad(out, year, 4);
	rcp_str_u64_pad(out, month, 2);
	rcp_str_u64_pad(out, day + 1, 2);
	rcp_str_char(out, 'T');
	rcp_str_u64_pad(out, seconds / 3600, 2);
	rcp_str_u64_pad(out, seconds / 60 % 60, 2);
	rcp_str_u64_pad(out, seconds % 60, 2);
	rcp_str_char(out, 'Z');
}

void
rcp_path_expand(struct rcp_str *out, const char *template,
		const struct rcp_path_fields *fields)
{
	for (const char *p = template; *p; p++) {
		if (*p != '%' || p[1] == '\0') {
			rcp_str_char(out, *p);
			continue;
		}
		switch (*++p) {
		case 'n':
			add_field(out, fields->program);
			break;
		case 'p':
			rcp_str_u64(out, fields->pid);
			break;
		case 't':
			add_time(out, fields->start_wall);
			break;
		case 'h':
			add_field(out, fields->host);
			break;
		case '%':
			rcp_str_char(out, '%');
			break;
		default:
			rcp_str_char(out, '%');
			rcp_str_char(out, *p);
		}
	}
}

void
rcp_path_numbered(struct rcp_str *out, const char *path, unsigned n)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	if (n == 0) {
		rcp_str_add(out, path);
		return;
	}
	if (!dot || dot == name)
		dot = name + strlen(name);
	rcp_str_bytes(out, path, (size_t)(dot - path));
	rcp_str_char(out, '.');
	rcp_str_u64(out, n);
	rcp_str_add(out, dot);
}

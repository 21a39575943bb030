/* SPDX-License-Identifier: MIT
 *
 * emit_path.c - the name of the profile from the template.
 */
#include "emit/path.h"

#include <limits.h>
#include <time.h>

#include "tap/tap.h"

static const char *
expand(const char *template, const struct rcp_path_fields *fields)
{
	static char buf[PATH_MAX];
	struct rcp_str out = RCP_STR(buf);

	buf[0] = '\0';
	rcp_path_expand(&out, template, fields);
	return buf;
}

static const char *
numbered(const char *path, unsigned n)
{
	static char buf[PATH_MAX];
	struct rcp_str out = RCP_STR(buf);

	rcp_path_numbered(&out, path, n);
	return buf;
}

static void
test_times(struct rcp_path_fields *fields)
{
	static const uint64_t days[] = { 0,	 58,	59,    789,   10956,
					 11016,	 11017, 19781, 19782, 20779,
					 47540,	 47541, 92400 };
	char want[32];

	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		time_t t = (time_t)(days[i] * 86400 + 3661 * (i + 1));
		struct tm tm;

		strftime(want, sizeof(want), "%Y%m%dT%H%M%SZ",
			 gmtime_r(&t, &tm));
		fields->start_wall = (uint64_t)t * 1000000000u + 5;
		is_str(expand("%t", fields), want, "day %d",
		       (int)days[i]);
	}
}

int
main(void)
{
	struct rcp_path_fields fields = {
		.program = "app",
		.pid = 4711,
		.host = "box",
	};
	char long_name[PATH_MAX + 100];
	char buf[PATH_MAX];
	struct rcp_str out = RCP_STR(buf);

	is_str(expand("/d/%n.%p.rcprof", &fields), "/d/app.4711.rcprof",
	       "the default");
	is_str(expand("%h-%n%%%p", &fields), "box-app%4711", "all fields");
	is_str(expand("%x%", &fields), "%x%", "others stay");
	fields.program = "../etc/x";
	is_str(expand("%n", &fields), ".._etc_x", "a field is no path");
	test_times(&fields);

	is_str(numbered("/a.b/app.4711.rcprof", 0), "/a.b/app.4711.rcprof",
	       "no counter");
	is_str(numbered("/a.b/app.4711.rcprof", 1), "/a.b/app.4711.1.rcprof",
	       "the counter stands before the extension");
	is_str(numbered("/a.b/app", 12), "/a.b/app.12", "no extension");
	is_str(numbered("/a.b/.app", 2), "/a.b/.app.2", "a hidden name");

	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	rcp_path_expand(&out, long_name, &fields);
	ok(out.cut, "a name that is too long is seen to be cut");
	return done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * model_time.c - the TIMEs of the command line.
 */
#include <time.h>

#include "maker.h"
#include "model/model.h"
#include "tap/tap.h"

#define S UINT64_C(1000000000)

static struct rcp_set *set;
static struct rcp_error error;

static void
duration(const char *text, uint64_t want)
{
	uint64_t got = 0;

	ok(rcp_duration_parse(text, &got, &error) && got == want, "'%s'",
	   text);
}

static void
no_duration(const char *text)
{
	uint64_t got;

	ok(!rcp_duration_parse(text, &got, &error), "'%s' is none", text);
}

static void
moment(const char *text, uint64_t want)
{
	struct rcp_moment got;
	bool good = rcp_moment_parse(set, text, &got, &error);

	ok(good, "'%s' is understood%s%s", text, good ? "" : ": ",
	   good ? "" : error.text);
	if (good)
		is_int((long long)got.time, (long long)want, "'%s'", text);
}

static void
no_moment(const char *text)
{
	struct rcp_moment got;

	ok(!rcp_moment_parse(set, text, &got, &error), "'%s': %s", text,
	   error.text);
}

static void
make(const char *path)
{
	static const uint64_t peak[] = { RCP_TOTAL_PEAK_EPOCH, 3,
					 RCP_TOTAL_PEAK_TIME, 5 * S, 0 };
	struct rcp_file_header header = mk_plain_header();
	struct maker m;

	/* 2023-11-14 23:59:50 UTC: the run goes over midnight. */
	header.start_wall = 1700006390u * (uint64_t)S;
	mk_begin(&m, &header);
	mk_snap(&m, 10 * S, true, RCP_SNAP_INTERVAL);
	mk_snap_end(&m, NULL);
	mk_event(&m, 15 * S, RCP_EVENT_MARK, "loaded");
	mk_snap(&m, 15 * S + 5, false, RCP_SNAP_MARK);
	mk_snap_end(&m, NULL);
	/* One that was due stands between a mark and its snapshot. */
	mk_event(&m, 15 * S + 7, RCP_EVENT_MARK, "crossed");
	mk_snap(&m, 15 * S + 8, false, RCP_SNAP_INTERVAL);
	mk_snap_end(&m, NULL);
	mk_snap(&m, 15 * S + 9, false, RCP_SNAP_MARK);
	mk_snap_end(&m, NULL);
	/* And another mark's is not the snapshot of one that has none. */
	mk_event(&m, 15 * S + 10, RCP_EVENT_MARK, "lost");
	mk_snap(&m, 15 * S + 11, false, RCP_SNAP_INTERVAL);
	mk_snap_end(&m, NULL);
	mk_event(&m, 15 * S + 12, RCP_EVENT_MARK, "next");
	mk_snap(&m, 15 * S + 13, false, RCP_SNAP_MARK);
	mk_snap_end(&m, NULL);
	mk_event(&m, 16 * S, RCP_EVENT_MARK, "late: with colon");
	mk_snap(&m, 7200u * (uint64_t)S, false, RCP_SNAP_EXIT);
	mk_snap_end(&m, peak);
	mk_end(&m, 7200u * (uint64_t)S, RCP_END_EXIT, 0);
	mk_save(&m, path);
	mk_free(&m);
}

int
main(void)
{
	const char *path = "model_time.tmp";
	const uint64_t s = S;

	setenv("TZ", "UTC", 1);
	tzset();
	duration("0", 0);
	duration("12.5", 12500000000u);
	duration("250ms", 250000000u);
	duration("3us", 3000);
	duration("90s", 90 * s);
	duration("5m", 300 * s);
	duration("1.5h", 5400 * s);
	duration("2d", 172800 * s);
	no_duration("");
	no_duration("x");
	no_duration("5 apples");
	no_duration("-5");
	no_duration("nan");
	no_duration("1e300");

	make(path);
	set = rcp_set_open(&path, 1, NULL, &error);
	moment("42", 42 * s);
	moment("1h", 3600 * s);
	moment("-1h", 3600 * s);
	moment("-10", 7190 * s);
	moment("-1d", 0);
	moment("end", 7200 * s);
	moment("peak", 5 * s);
	moment("mark:loaded", 15 * s + 5);
	moment("mark:crossed", 15 * s + 9);
	moment("mark:lost", 15 * s + 10);
	moment("mark:next", 15 * s + 13);
	moment("mark:late: with colon", 16 * s);
	moment("23:59:55", 5 * s);
	moment("00:00", 10 * s);
	moment("00:30:00", 1810 * s);
	moment("2023-11-15 00:30", 1810 * s);
	moment("2023-11-15T00:30:00.5", 1810 * s + s / 2);
	moment("2023-11-01 00:00", 0);
	no_moment("mark:nothing");
	no_moment("25:00");
	no_moment("12:00x");
	no_moment("-");
	no_moment("soon");
	no_moment("");
	rcp_set_close(set);
	unlink(path);
	return done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * number.c - how the command writes sizes, counts, shares and times.
 */
#include "tools/text.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

#include "base/str.h"

#define SECOND UINT64_C(1000000000)

void
rcp_text_size(struct rcp_text *t, int64_t bytes)
{
	char buf[32];
	struct rcp_str s = RCP_STR(buf);

	if (bytes < 0)
		rcp_text_char(t, '-');
	rcp_str_size(&s, bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes);
	rcp_text_add(t, buf);
}

/* Digits in groups of three as long as one takes them in at a glance. */
void
rcp_text_count(struct rcp_text *t, int64_t n)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = { { 1e12, "T" }, { 1e9, "G" }, { 1e6, "M" } };
	uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	if (n < 0)
		rcp_text_char(t, '-');
	if (size < 1000) {
		rcp_text_format(t, "%" PRIu64, size);
		return;
	}
	if (size < 1000000) {
		rcp_text_format(t, "%" PRIu64 ",%03" PRIu64, size / 1000,
				size % 1000);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		double value = (double)size / units[i].unit;

		if (value >= 0.9995 || i == 2) {
			rcp_text_format(t, "%.*f %s",
					value < 9.995	? 2
					: value < 99.95 ? 1
							: 0,
					value, units[i].name);
			return;
		}
	}
}

void
rcp_text_duration(struct rcp_text *t, uint64_t ns)
{
	uint64_t seconds = (ns + SECOND / 2) / SECOND;
	uint64_t minutes = (seconds + 30) / 60, hours = (minutes + 30) / 60;

	if (ns == 0)
		rcp_text_add(t, "0 s");
	else if (ns < SECOND / 20000)
		rcp_text_format(t, "%.*f us", ns < 10000 ? 1 : 0,
				(double)ns / 1e3);
	else if (ns < SECOND / 10)
		rcp_text_format(t, "%.*f ms", ns < SECOND / 100 ? 1 : 0,
				(double)ns / 1e6);
	else if (ns < SECOND)
		rcp_text_format(t, "%.2f s", (double)ns / 1e9);
	else if (ns < 100 * SECOND)
		rcp_text_format(t, "%.1f s", (double)ns / 1e9);
	else if (minutes < 60)
		rcp_text_format(t, "%" PRIu64 " min %" PRIu64 " s",
				seconds / 60, seconds % 60);
	else if (hours < 48)
		rcp_text_format(t, "%" PRIu64 " h %" PRIu64 " min",
				minutes / 60, minutes % 60);
	else
		rcp_text_format(t, "%" PRIu64 " d %" PRIu64 " h", hours / 24,
				hours % 24);
}

void
rcp_text_percent(struct rcp_text *t, double part, double whole)
{
	double share = whole != 0 ? 100 * part / whole : 0;

	rcp_text_format(t, "%.*f %%", fabs(share) < 99.95 ? 1 : 0, share);
}

/* What strftime() makes of a wall-clock time; "" if it is out of range. */
#define ADD_TIME(t, wall, split, format)                             \
	do {                                                         \
		time_t seconds_ = (time_t)((wall) / SECOND);         \
		struct tm tm_;                                       \
		char buf_[64];                                       \
                                                                     \
		if (split(&seconds_, &tm_) &&                        \
		    strftime(buf_, sizeof(buf_), (format), &tm_) > 0) \
			rcp_text_add((t), buf_);                     \
	} while (0)

void
rcp_text_date(struct rcp_text *t, uint64_t wall)
{
	ADD_TIME(t, wall, localtime_r, "%Y-%m-%d %H:%M:%S");
}

void
rcp_text_clock(struct rcp_text *t, uint64_t wall, bool seconds)
{
	if (seconds)
		ADD_TIME(t, wall, localtime_r, "%H:%M:%S");
	else
		ADD_TIME(t, wall, localtime_r, "%H:%M");
}

void
rcp_text_iso(struct rcp_text *t, uint64_t wall)
{
	ADD_TIME(t, wall, gmtime_r, "%Y-%m-%dT%H:%M:%S");
	rcp_text_format(t, ".%06" PRIu64 "Z", wall % SECOND / 1000);
}

const char *
rcp_plural(int64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

/* SPDX-License-Identifier: MIT
 *
 * linetable.c - the three line tables by hand; tests/reader/lines.t holds
 * them against interpreters.
 */
#include "format/linetable.h"

#include "tap/tap.h"

static uint32_t
at(enum rcp_linetable kind, const char *table, size_t len, uint64_t lasti)
{
	return rcp_line_at(kind, (const uint8_t *)table, len, 10, lasti);
}

static void
lnotab(void)
{
	/* from 6 on line 12, from 8 on 11, from 308 on 12 */
	static const char t[] = "\x06\x02\x02\xff\xff\x00\x2d\x01";
	enum rcp_linetable k = RCP_LINETABLE_LNOTAB;

	is_int(at(k, t, 8, 0), 10, "lnotab: the first line");
	is_int(at(k, t, 8, 4), 10, "lnotab: before the first entry");
	is_int(at(k, t, 8, 6), 12, "lnotab: at an entry");
	is_int(at(k, t, 8, 306), 11, "lnotab: a line back, a long stretch");
	is_int(at(k, t, 8, 308), 12, "lnotab: the last");
	is_int(at(k, t, 7, 5000), 11, "lnotab: half an entry is none");
	is_int(at(k, "\x00\x80", 2, 0), 0, "lnotab: no line below 1");
}

static void
ranges(void)
{
	/* [0,4) 10, [4,6) none, [6,8) 13, then 300 lines on */
	static const char t[] =
		"\x04\x00\x02\x80\x02\x03\x00\x7f\x00\x7f\x02\x2e";
	enum rcp_linetable k = RCP_LINETABLE_310;

	is_int(at(k, t, 12, 0), 10, "3.10: the first line");
	is_int(at(k, t, 12, 4), 0, "3.10: no line");
	is_int(at(k, t, 12, 6), 13, "3.10: the count goes on");
	is_int(at(k, t, 12, 8), 313, "3.10: a long jump");
	is_int(at(k, t, 12, 10), 0, "3.10: past the end");
}

static void
location(void)
{
	/* short 1 unit; one line +2, 2 units; none 1 unit; no column, svarint
	 * -1, 1 unit; long, +64, 8 units */
	static const char t[] = "\x80\x00"
				"\xe1\x00\x00"
				"\xf8"
				"\xe8\x03"
				"\xf7\x40\x02\x01\x01\x01";
	enum rcp_linetable k = RCP_LINETABLE_LOCATION;
	size_t n = sizeof(t) - 1;

	is_int(at(k, t, n, 0), 10, "3.11: short form");
	is_int(at(k, t, n, 2), 12, "3.11: one line form");
	is_int(at(k, t, n, 4), 12, "3.11: its second unit");
	is_int(at(k, t, n, 6), 0, "3.11: no location");
	is_int(at(k, t, n, 8), 11, "3.11: no column, a line back");
	is_int(at(k, t, n, 10), 75, "3.11: long form, two-byte varint");
	is_int(at(k, t, n, 25), 75, "3.11: the end of it");
	is_int(at(k, t, n, 26), 0, "3.11: past the end");
	is_int(at(k, t, 0, 0), 0, "3.11: an empty table");
	is_int(at(k, "\xe8", 1, 0), 10, "3.11: a table cut off");
}

/* Any bytes: it ends, and reads nothing outside (under ASan). */
static void
noise(void)
{
	uint64_t state = 1;

	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)(i % 40);
		uint8_t *t = malloc(len ? len : 1);

		for (size_t j = 0; t && j < len; j++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			t[j] = (uint8_t)(state >> 56);
		}
		rcp_line_at((enum rcp_linetable)(i % 5), t, len,
			    i % 7 ? 1 : UINT32_MAX, state % 400);
		free(t);
	}
	ok(true, "noise does no harm");
}

/* Without columns a location table says the same lines, whatever it is. */
static void
no_columns(void)
{
	uint64_t state = 7, shorter = 0, wrong = 0;
	uint8_t whole[60], lines[2 * sizeof(whole)];

	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)(i % (int)sizeof(whole)), n;

		for (size_t j = 0; j < len; j++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			/* As long as real ones are: an entry in four bytes. */
			whole[j] = (uint8_t)(state >> 56) &
				   (j == 0 || state >> 40 & 3 ? 255 : 127);
		}
		n = rcp_lines_only(whole, len, NULL);
		if (n > sizeof(lines) ||
		    rcp_lines_only(whole, len, lines) != n) {
			wrong++;
			continue;
		}
		shorter += n < len;
		for (uint64_t lasti = 0; lasti < 500; lasti += 2)
			wrong += rcp_line_at(RCP_LINETABLE_LOCATION, whole,
					     len, 1000, lasti) !=
				 rcp_line_at(RCP_LINETABLE_LOCATION, lines, n,
					     1000, lasti);
	}
	is_int((long long)wrong, 0, "3.11: the same lines without columns");
	ok(shorter > 1000, "3.11: and fewer bytes (%llu of 20000 tables)",
	   (unsigned long long)shorter);
}

int
main(void)
{
	lnotab();
	ranges();
	location();
	noise();
	no_columns();
	is_int(at(RCP_LINETABLE_NONE, "", 0, 0), 0, "no table, no line");
	return done_testing();
}

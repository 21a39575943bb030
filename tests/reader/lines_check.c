/* SPDX-License-Identifier: MIT
 *
 * lines_check.c - not a test itself: reads what lines.py prints and looks each
 * line up in the line tables.  Prints the sums; exits 1 if one differs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/linetable.h"

static size_t
parse_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[n++] = (uint8_t)byte;
	return n;
}

int
main(void)
{
	static char line[1 << 22];
	static uint8_t table[1 << 21];
	size_t len = 0, codes = 0, looked = 0, wrong = 0;
	unsigned kind = 0, first = 0;

	while (fgets(line, sizeof(line), stdin)) {
		unsigned want, got;
		int from, to, at;

		if (sscanf(line, "code %u %u %n", &kind, &first, &at) == 2) {
			len = parse_hex(line + at, table);
			codes++;
			continue;
		}
		if (sscanf(line, "%d %d %u", &from, &to, &want) != 3)
			return 2;
		for (; from < to; from += 2, looked++) {
			got = rcp_line_at((enum rcp_linetable)kind, table, len,
					  first, (uint64_t)from);
			if (got != want && wrong++ < 5)
				printf("code %zu, first line %u, at %d: %u, "
				       "should be %u\n", codes, first, from,
				       got, want);
		}
	}
	printf("%zu code objects, %zu instructions, %zu wrong\n", codes,
	       looked, wrong);
	return wrong || codes < 1000;
}

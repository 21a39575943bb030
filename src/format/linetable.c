/* SPDX-License-Identifier: MIT
 *
 * linetable.c - CPython's three line tables.  Looking up runs offline, on
 * untrusted bytes: reads only inside the table and always comes to its end.
 * Making one shorter runs inside malloc.
 *
 * Sources: Objects/lnotab_notes.txt of CPython 3.8 to 3.10,
 * Objects/locations.md of 3.11 (InternalDocs/code_objects.md later).
 */
#include "format/linetable.h"

#include <stdbool.h>

/* Lines are counted in 64 bits so that no table can overflow them. */
static uint32_t
as_line(int64_t line)
{
	return line > 0 && line <= UINT32_MAX ? (uint32_t)line : 0;
}

/* Up to 3.9: (bytes u8, lines s8) pairs; each holds from the address on that
 * it leads to. */
static uint32_t
line_in_lnotab(const uint8_t *table, size_t len, int64_t line, uint64_t lasti)
{
	uint64_t address = 0;

	for (size_t i = 0; i + 1 < len; i += 2) {
		address += table[i];
		if (address > lasti)
			break;
		line += (int8_t)table[i + 1];
	}
	return as_line(line);
}

/* 3.10: (bytes u8, lines s8) pairs; each is a range.  -128: no line, and the
 * count stays as it is. */
static uint32_t
line_in_310(const uint8_t *table, size_t len, int64_t line, uint64_t lasti)
{
	uint64_t end = 0;

	for (size_t i = 0; i + 1 < len; i += 2) {
		int8_t delta = (int8_t)table[i + 1];

		end += table[i];
		if (delta != -128)
			line += delta;
		if (lasti < end)
			return delta == -128 ? 0 : as_line(line);
	}
	return 0;
}

/* Varint of the location table: 6 bits a byte, low group first, bit 6 = more
 * follow.  Bits past 36 are dropped: no sum of lines can overflow. */
static uint64_t
location_varint(const uint8_t *table, size_t len, size_t at)
{
	uint64_t value = 0;

	for (unsigned shift = 0; at < len && shift < 36; shift += 6) {
		uint8_t byte = table[at++];

		value |= (uint64_t)(byte & 63) << shift;
		if (!(byte & 64))
			break;
	}
	return value;
}

/* Adds to *line what the entry of `code`, whose bytes after the first start at
 * `at`, says; false if it has no line. */
static bool
location_line(unsigned code, const uint8_t *table, size_t len, size_t at,
	      int64_t *line)
{
	uint64_t raw;

	switch (code) {
	case 15: /* no location */
		return false;
	case 14: /* long form */
	case 13: /* no column */
		raw = location_varint(table, len, at);
		*line += raw & 1 ? -(int64_t)(raw >> 1) : (int64_t)(raw >> 1);
		return true;
	case 10: /* one line, 0 to 2 further on */
	case 11:
	case 12:
		*line += code - 10;
		return true;
	default: /* short form: the same line */
		return true;
	}
}

/* Of a location table: so many 2-byte units are of one line, or of none. */
struct range {
	uint64_t units;
	int64_t lines; /* further on than the range before it that has one */
	bool has_line;
};

/* From 3.11 on.  An entry starts at a byte with bit 7 set: bits 3 to 6 are its
 * code, bits 0 to 2 its length in units less one.  The bytes that follow, up to
 * the next such byte, are lines and columns.  Where the next one starts. */
static size_t
location_entry(const uint8_t *table, size_t len, size_t at, struct range *out)
{
	uint8_t first = table[at++];
	size_t next = at;

	while (next < len && !(table[next] & 128))
		next++;
	out->lines = 0;
	out->has_line = location_line(first >> 3 & 15, table, next, at,
				      &out->lines);
	out->units = (first & 7u) + 1;
	return next;
}

static uint32_t
line_in_location(const uint8_t *table, size_t len, int64_t line,
		 uint64_t lasti)
{
	uint64_t end = 0;
	struct range range;
	size_t at = 0;

	while (at < len) {
		at = location_entry(table, len, at, &range);
		line += range.lines;
		end += range.units * 2;
		if (lasti < end)
			return range.has_line ? as_line(line) : 0;
	}
	return 0;
}

/* The range as entries without columns, 8 units each; the bytes they take. */
static size_t
put_range(struct range range, uint8_t *out)
{
	size_t n = 0;

	while (range.units > 0) {
		uint64_t units = range.units < 8 ? range.units : 8;
		uint64_t raw = range.lines < 0 ?
				       (uint64_t)-range.lines << 1 | 1 :
				       (uint64_t)range.lines << 1;
		uint8_t code = range.has_line ? 13 : 15;
		uint8_t bytes[8] = { (uint8_t)(128 | code << 3 |
					       (units - 1)) };
		size_t k = 1;

		for (; range.has_line && raw >= 64; raw >>= 6)
			bytes[k++] = (uint8_t)(64 | (raw & 63));
		if (range.has_line)
			bytes[k++] = (uint8_t)raw;
		for (size_t i = 0; out && i < k; i++)
			out[n + i] = bytes[i];
		n += k;
		range.lines = 0;
		range.units -= units;
	}
	return n;
}

size_t
rcp_lines_only(const uint8_t *table, size_t len, uint8_t *out)
{
	struct range range, next;
	size_t at = 0, n = 0;

	if (len == 0)
		return 0;
	at = location_entry(table, len, at, &range);
	while (at < len) {
		at = location_entry(table, len, at, &next);
		if (next.has_line == range.has_line && next.lines == 0) {
			range.units += next.units;
			continue;
		}
		n += put_range(range, out ? out + n : NULL);
		range = next;
	}
	return n + put_range(range, out ? out + n : NULL);
}

uint32_t
rcp_line_at(enum rcp_linetable kind, const uint8_t *table, size_t len,
	    uint32_t first, uint64_t lasti)
{
	switch (kind) {
	case RCP_LINETABLE_LNOTAB:
		return line_in_lnotab(table, len, first, lasti);
	case RCP_LINETABLE_310:
		return line_in_310(table, len, first, lasti);
	case RCP_LINETABLE_LOCATION:
		return line_in_location(table, len, first, lasti);
	case RCP_LINETABLE_NONE:
		break;
	}
	return 0;
}

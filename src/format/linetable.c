/* SPDX-License-Identifier: MIT
 *
 * linetable.c - CPython's three line tables.  Runs offline, on untrusted
 * bytes: reads only inside the table and always comes to its end.
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

/* From 3.11 on.  An entry starts at a byte with bit 7 set: bits 3 to 6 are its
 * code, bits 0 to 2 its length in 2-byte units less one.  The bytes that
 * follow, up to the next such byte, are lines and columns. */
static uint32_t
line_in_location(const uint8_t *table, size_t len, int64_t line,
		 uint64_t lasti)
{
	uint64_t end = 0;
	size_t at = 0;

	while (at < len) {
		uint8_t first = table[at++];
		size_t next = at;
		bool has_line;

		while (next < len && !(table[next] & 128))
			next++;
		has_line = location_line(first >> 3 & 15, table, next, at,
					 &line);
		end += ((first & 7u) + 1) * 2;
		if (lasti < end)
			return has_line ? as_line(line) : 0;
		at = next;
	}
	return 0;
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

/* SPDX-License-Identifier: MIT
 *
 * crc32.c - CRC-32, eight bytes a step ("slicing by 8", Kounavis and Berry,
 * 2005), or more where the processor can.  Runs inside malloc (writer) and in
 * the reader: constant tables, nothing to initialise.
 */
#include "format/crc32.h"

#include "format/crc32_arch.h"
#include "format/crc32_table.h"

static uint32_t
load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static uint32_t
by_table(uint32_t crc, const uint8_t *p, size_t len)
{
	const uint32_t(*t)[256] = rcp_crc32_table;

	for (; len >= 8; p += 8, len -= 8) {
		uint32_t a = load32(p) ^ crc;
		uint32_t b = load32(p + 4);

		crc = t[7][a & 0xff] ^ t[6][a >> 8 & 0xff] ^
		      t[5][a >> 16 & 0xff] ^ t[4][a >> 24] ^
		      t[3][b & 0xff] ^ t[2][b >> 8 & 0xff] ^
		      t[1][b >> 16 & 0xff] ^ t[0][b >> 24];
	}
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ t[0][(crc ^ *p) & 0xff];
	return crc;
}

uint32_t
rcp_crc32(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t rest[16];
	size_t n = 0;

	crc = ~crc;
	if (len >= RCP_CRC32_LEAST)
		n = rcp_crc32_fold(crc, p, len, rest);
	if (n)
		crc = by_table(0, rest, sizeof(rest));
	return ~by_table(crc, p + n, len - n);
}

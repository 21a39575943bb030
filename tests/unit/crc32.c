/* SPDX-License-Identifier: MIT
 *
 * crc32.c - our CRC-32 is zlib's.
 */
#include "format/crc32.h"

#include <zlib.h>

#include "format/crc32_table.h"
#include "tap/random.h"
#include "tap/tap.h"

static uint64_t random_state = 88172645463325252u;

static uint64_t
next_random(void)
{
	return tap_random(&random_state);
}

static void
check_table(void)
{
	int wrong = 0;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
		for (int row = 0; row < 8; row++) {
			wrong += rcp_crc32_table[row][i] != crc;
			crc = crc >> 8 ^ rcp_crc32_table[0][crc & 0xff];
		}
	}
	is_int(wrong, 0, "the table is what the polynomial says");
}

static void
check_random(void)
{
	static uint8_t bytes[4096];
	int wrong = 0;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)next_random();
	for (int i = 0; i < 20000; i++) {
		size_t start = next_random() % 64;
		size_t len = next_random() % (i % 10 ? 100 : 4000);
		uint32_t seed = (uint32_t)next_random();

		wrong += rcp_crc32(seed, bytes + start, len) !=
			 crc32(seed, bytes + start, (uInt)len);
	}
	is_int(wrong, 0, "20000 random pieces agree with zlib");
	ok(rcp_crc32(rcp_crc32(0, bytes, 1000), bytes + 1000, 96) ==
		   rcp_crc32(0, bytes, 1096),
	   "two pieces make the whole");
}

int
main(void)
{
	is_int(rcp_crc32(0, "123456789", 9), 0xCBF43926, "the check value");
	is_int(rcp_crc32(0, "", 0), 0, "of nothing");
	check_table();
	check_random();
	return done_testing();
}

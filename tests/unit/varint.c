/* SPDX-License-Identifier: MIT
 *
 * varint.c - tests of the variable-length integers.
 */
#include "format/varint.h"
#include "tap/tap.h"

static void
round_trip(uint64_t value, size_t bytes)
{
	uint8_t buf[RCP_VARINT_MAX];
	uint64_t back = ~value;
	size_t n = rcp_varint_put(buf, value);

	is_int((long long)n, (long long)bytes, "%llu takes %zu bytes",
	       (unsigned long long)value, bytes);
	ok(rcp_varint_get(buf, n, &back) == n && back == value,
	   "%llu comes back", (unsigned long long)value);
	for (size_t i = 0; i < n; i++)
		if (rcp_varint_get(buf, i, &back) != 0) {
			ok(false, "cut at %zu", i);
			return;
		}
	ok(true, "%llu: cut anywhere it is nothing",
	   (unsigned long long)value);
}

static void
zigzag(int64_t value, uint64_t want)
{
	ok(rcp_zigzag(value) == want && rcp_unzigzag(want) == value,
	   "zigzag of %lld", (long long)value);
}

int
main(void)
{
	uint8_t all[12];
	uint64_t value;

	round_trip(0, 1);
	round_trip(127, 1);
	round_trip(128, 2);
	round_trip(16383, 2);
	round_trip(16384, 3);
	round_trip(UINT32_MAX, 5);
	round_trip((uint64_t)1 << 63, 10);
	round_trip(UINT64_MAX, 10);

	memset(all, 0xff, sizeof(all));
	is_int((long long)rcp_varint_get(all, sizeof(all), &value), 0,
	       "endless bytes are refused");
	all[9] = 2;
	is_int((long long)rcp_varint_get(all, sizeof(all), &value), 0,
	       "65 bits are refused");
	all[9] = 1;
	is_int((long long)rcp_varint_get(all, sizeof(all), &value), 10,
	       "64 bits are taken");
	memset(all, 0x80, sizeof(all));
	all[1] = 0;
	ok(rcp_varint_get(all, sizeof(all), &value) == 2 && value == 0,
	   "a long way to write 0 is 0");

	zigzag(0, 0);
	zigzag(-1, 1);
	zigzag(1, 2);
	zigzag(INT64_MAX, UINT64_MAX - 1);
	zigzag(INT64_MIN, UINT64_MAX);
	return done_testing();
}

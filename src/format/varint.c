/* SPDX-License-Identifier: MIT
 *
 * varint.c - variable-length integers: 7 bits a byte, low group first.  Runs
 * inside malloc (writer) and on untrusted bytes (reader): no allocation, no
 * libc, never reads past `len`.
 */
#include "format/varint.h"

size_t
rcp_varint_get(const uint8_t *data, size_t len, uint64_t *value)
{
	uint64_t result = 0;
	size_t limit = len < RCP_VARINT_MAX ? len : RCP_VARINT_MAX;

	for (size_t i = 0; i < limit; i++) {
		uint8_t byte = data[i];

		/* The tenth byte has room for one bit only. */
		if (i == RCP_VARINT_MAX - 1 && byte > 1)
			return 0;
		result |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*value = result;
			return i + 1;
		}
	}
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * varint.h - the variable-length integers of format.h, as pure functions.
 * Used by the writer inside malloc and by the reader: no allocation, no libc.
 */
#ifndef RCP_FORMAT_VARINT_H
#define RCP_FORMAT_VARINT_H

#include <stddef.h>
#include <stdint.h>

#define RCP_VARINT_MAX 10 /* bytes of the longest uv */

/* Writes `value` to `out` (RCP_VARINT_MAX bytes of room); returns how many
 * bytes it took. */
static inline size_t
rcp_varint_put(uint8_t *out, uint64_t value)
{
	size_t n = 0;

	if (value < 0x80) {
		out[0] = (uint8_t)value;
		return 1;
	}
	do {
		out[n++] = (uint8_t)(value | 0x80);
		value >>= 7;
	} while (value >= 0x80);
	out[n++] = (uint8_t)value;
	return n;
}

/* Reads one uv from `data`; returns the bytes it took and sets *value, or 0
 * when it is cut off, longer than RCP_VARINT_MAX or over 64 bits. */
size_t rcp_varint_get(const uint8_t *data, size_t len, uint64_t *value);

static inline uint64_t
rcp_zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t
rcp_unzigzag(uint64_t value)
{
	return (int64_t)((value >> 1) ^ (~(value & 1) + 1));
}

#endif

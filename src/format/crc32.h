/* SPDX-License-Identifier: MIT
 *
 * crc32.h - the CRC-32 of IEEE 802.3 (reflected), the same numbers as zlib's
 * crc32().  Pure; runs inside malloc.
 */
#ifndef RCP_FORMAT_CRC32_H
#define RCP_FORMAT_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc` (0 at the start) over `len` bytes; returns the new
 * value, so that crc(ab) == crc(crc(a), b). */
uint32_t rcp_crc32(uint32_t crc, const void *data, size_t len);

#endif

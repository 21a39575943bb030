/* SPDX-License-Identifier: MIT
 *
 * get.h - the primitives of format.h out of a chunk's bytes, for the decoders.
 * Each is false when the bytes that are left do not hold it.
 */
#ifndef RCP_FORMAT_GET_H
#define RCP_FORMAT_GET_H

#include "format/decode.h"
#include "format/varint.h"

/* A varint of any length. */
bool rcp_get_long_uv(struct rcp_records *r, uint64_t *value);

/* Most are short, and a profile has millions. */
static inline bool
get_uv(struct rcp_records *r, uint64_t *value)
{
	const uint8_t *p = r->next;

	if (r->limit - p < 4)
		return rcp_get_long_uv(r, value);
	if (p[0] < 128) {
		*value = p[0];
		r->next = p + 1;
	} else if (p[1] < 128) {
		*value = (p[0] & 127u) | (uint64_t)p[1] << 7;
		r->next = p + 2;
	} else if (p[2] < 128) {
		*value = (p[0] & 127u) | (p[1] & 127u) << 7 |
			 (uint64_t)p[2] << 14;
		r->next = p + 3;
	} else if (p[3] < 128) {
		*value = (p[0] & 127u) | (p[1] & 127u) << 7 |
			 (p[2] & 127u) << 14 | (uint64_t)p[3] << 21;
		r->next = p + 4;
	} else {
		return rcp_get_long_uv(r, value);
	}
	return true;
}

static inline bool
get_sv(struct rcp_records *r, int64_t *value)
{
	uint64_t raw;

	if (!get_uv(r, &raw))
		return false;
	*value = rcp_unzigzag(raw);
	return true;
}

static inline bool
get_u8(struct rcp_records *r, uint8_t *value)
{
	if (r->next == r->limit)
		return false;
	*value = *r->next++;
	return true;
}

/* Mask and values.  Fields that this version does not know, from COUNT on, are
 * one varint each and are passed over. */
bool rcp_get_fields(struct rcp_records *r, uint32_t is_signed, unsigned count,
		    uint64_t *known, uint64_t *values);

/* A record of COUNTS (counts.c). */
bool rcp_get_counts(struct rcp_records *r, struct rcp_record *out);

#endif

/* SPDX-License-Identifier: MIT
 *
 * arch_x86_64_jumps.c - which entries must not be written over since some jump
 * elsewhere in the text may lead into them.  Slow path.
 */
#include <emmintrin.h>
#include <string.h>

#include "pyhooks/objects.h"

#define FILTER_BITS (1u << 15)

static void
mark(uint64_t *filter, const uint8_t *p)
{
	uint32_t bit = (uint32_t)((uintptr_t)p >> 3) % FILTER_BITS;

	filter[bit / 64] |= 1ull << bit % 64;
}

static bool
is_marked(const uint64_t *filter, const uint8_t *p)
{
	uint32_t bit = (uint32_t)((uintptr_t)p >> 3) % FILTER_BITS;

	return filter[bit / 64] >> bit % 64 & 1;
}

static bool
is_inside(const struct rcp_patch *p, const uint8_t *target)
{
	return target > p->at && target < p->at + p->jump;
}

static void
refuse(struct rcp_patch *const *plans, size_t count, const uint8_t *target)
{
	for (size_t i = 0; i < count; i++)
		if (is_inside(plans[i], target))
			plans[i]->size = 0;
}

/* Bits of the 16 bytes from P on: which may be the last byte of the opcode of
 * a jump or a call with 32 bits: e8, e9, 0f 80 to 0f 8f. */
static unsigned
opcodes(const uint8_t *p)
{
	__m128i here = _mm_loadu_si128((const __m128i *)p);
	__m128i before = _mm_loadu_si128((const __m128i *)(p - 1));
	__m128i call = _mm_cmpeq_epi8(
		_mm_and_si128(here, _mm_set1_epi8((char)0xfe)),
		_mm_set1_epi8((char)0xe8));
	__m128i jcc = _mm_and_si128(
		_mm_cmpeq_epi8(_mm_and_si128(here, _mm_set1_epi8((char)0xf0)),
			       _mm_set1_epi8((char)0x80)),
		_mm_cmpeq_epi8(before, _mm_set1_epi8(0x0f)));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(call, jcc));
}

/* The target of what ends with the 32 bits behind P; what is no jump may point
 * anywhere. */
static const uint8_t *
target_at(const uint8_t *p)
{
	int32_t offset;

	memcpy(&offset, p + 1, 4);
	return (const uint8_t *)((uintptr_t)p + 5 +
				 (uintptr_t)(intptr_t)offset);
}

/* Every byte is looked at as if an instruction began there: too many are
 * refused rather than too few.  A jump of one byte does not come from another
 * function.  The text's first byte and its last 20 are in no function that
 * jumps: those are its padding. */
void
rcp_arch_check_jumps(struct rcp_patch *const *plans, size_t count,
		     const uint8_t *start, const uint8_t *end)
{
	static uint64_t filter[FILTER_BITS / 64]; /* the GIL is held */

	memset(filter, 0, sizeof(filter));
	for (size_t i = 0; i < count; i++) {
		mark(filter, plans[i]->at + 1);
		mark(filter, plans[i]->at + plans[i]->jump - 1);
	}
	for (const uint8_t *p = start + 1; end - p >= 20; p += 16) {
		for (unsigned bits = opcodes(p); bits; bits &= bits - 1) {
			const uint8_t *target =
				target_at(p + __builtin_ctz(bits));

			if (is_marked(filter, target))
				refuse(plans, count, target);
		}
	}
}

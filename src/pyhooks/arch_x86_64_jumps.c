/* SPDX-License-Identifier: MIT
 *
 * arch_x86_64_jumps.c - which entries must not be written over since some jump
 * elsewhere in the text may lead into them.  Slow path.
 */
#include <emmintrin.h>
#include <string.h>

#include "base/mem.h"
#include "pyhooks/objects.h"

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

/* Of a text that has been looked through: a bit for each byte, set where some
 * jump may lead.  Functions of a text come in several lots, and looking through
 * takes some milliseconds. */
#define TEXTS 16u
#define TEXT_MOST (16u << 20)

static struct text {
	const uint8_t *start, *end;
	uint8_t *targets;
} texts[TEXTS];
static unsigned text_count; /* the GIL is held */

static bool
is_target(const struct text *t, const uint8_t *p)
{
	size_t i = (size_t)(p - t->start);

	return t->targets[i / 8] >> i % 8 & 1;
}

/* Every byte is looked at as if an instruction began there: too many are
 * refused rather than too few.  A jump of one byte does not come from another
 * function.  The text's first byte and its last 20 are in no function that
 * jumps: those are its padding. */
static void
look_through(struct text *t, struct rcp_patch *const *plans, size_t count)
{
	for (const uint8_t *p = t->start + 1; t->end - p >= 20; p += 16) {
		for (unsigned bits = opcodes(p); bits; bits &= bits - 1) {
			const uint8_t *to = target_at(p + __builtin_ctz(bits));
			size_t i = (uintptr_t)to - (uintptr_t)t->start;

			if (i >= (size_t)(t->end - t->start))
				continue;
			if (t->targets)
				t->targets[i / 8] |= (uint8_t)(1u << i % 8);
			else
				refuse(plans, count, to);
		}
	}
}

static struct text *
text_of(const uint8_t *start, const uint8_t *end)
{
	struct text *t;

	for (unsigned i = 0; i < text_count; i++)
		if (texts[i].start == start && texts[i].end == end)
			return &texts[i];
	if (text_count == TEXTS || (size_t)(end - start) > TEXT_MOST)
		return NULL;
	t = &texts[text_count];
	t->targets = rcp_pages_new((size_t)(end - start) / 8 + 1);
	if (!t->targets)
		return NULL;
	t->start = start;
	t->end = end;
	look_through(t, NULL, 0);
	text_count++;
	return t;
}

void
rcp_arch_check_jumps(struct rcp_patch *const *plans, size_t count,
		     const uint8_t *start, const uint8_t *end)
{
	struct text once = { .start = start, .end = end };
	const struct text *t = text_of(start, end);

	if (!t) {
		look_through(&once, plans, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		for (unsigned k = 1; k < plans[i]->jump; k++)
			if (is_target(t, plans[i]->at + k))
				plans[i]->size = 0;
}

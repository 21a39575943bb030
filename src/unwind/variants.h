/* SPDX-License-Identifier: MIT
 *
 * variants.h - stacks that take turns at the same place.  As long as only
 * return addresses differ, whose rules are the same, a trace keeps its shape:
 * which words it reads, and what by.  What its innermost words have been under
 * that shape is kept, each time a variant, and found again by a sum of the
 * words.  doc/UNWINDING.md says why that is right.
 *
 * Until the sum is taken nobody knows which words plain unwinding would read.
 * So they all stand on the page of the frame at hand, which can be read.
 */
#ifndef RCP_UNWIND_VARIANTS_H
#define RCP_UNWIND_VARIANTS_H

#include <stddef.h>

#include "unwind/unwind.h"

static inline uintptr_t
rcp_word_at(const uintptr_t *slot)
{
	/* Found readable before.
	 * NOLINTNEXTLINE(clang-analyzer-core.NullDereference): no null */
	return *(const volatile uintptr_t *)slot;
}

static inline uint64_t
rcp_variant_mix(uint64_t sum, uintptr_t word)
{
	sum += word;
	return sum << 13 | sum >> 51;
}

/* Of the N words from E on, a multiple of 4. */
static inline uint64_t
rcp_variant_sum(const struct rcp_step *e, unsigned n)
{
	const struct rcp_step *end = e + n;
	uint64_t a = 0, b = 0;

	do {
		a = rcp_variant_mix(a, rcp_word_at(e[0].slot));
		b = rcp_variant_mix(b, rcp_word_at(e[1].slot));
		a = rcp_variant_mix(a, rcp_word_at(e[2].slot));
		b = rcp_variant_mix(b, rcp_word_at(e[3].slot));
		e += 4;
	} while (e < end);
	return (a ^ (b << 29 | b >> 35)) * 0x9e3779b97f4a7c15u;
}

/* The first of the two places of what has this sum. */
static inline unsigned
rcp_variant_place(uint64_t sum)
{
	return (unsigned)(sum >> 56) & (RCP_VARIANTS - 2);
}

/* What the innermost words are now; NULL: they have not been so before. */
static inline struct rcp_variant *
rcp_variant_now(struct rcp_trace *t)
{
	const struct rcp_step *e = t->leaf, *end = e + t->inner;
	uint64_t sum = rcp_variant_sum(e, t->inner);
	unsigned i = rcp_variant_place(sum);
	struct rcp_variant *v;
	const uintptr_t *value;
	uintptr_t differ;

	i += t->sums[i] != sum;
	v = &t->variants[i];
	if (RCP_UNLIKELY(t->sums[i] != sum || v->shape != t->shape))
		return NULL;
	value = v->value;
	differ = 0;
	do {
		differ |= rcp_word_at(e[0].slot) ^ value[0];
		differ |= rcp_word_at(e[1].slot) ^ value[1];
		differ |= rcp_word_at(e[2].slot) ^ value[2];
		differ |= rcp_word_at(e[3].slot) ^ value[3];
		e += 4;
		value += 4;
	} while (e < end);
	return RCP_LIKELY(!differ) ? v : NULL;
}

#endif

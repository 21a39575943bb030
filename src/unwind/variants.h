/* SPDX-License-Identifier: MIT
 *
 * variants.h - stacks that take turns at the same place.  As long as only
 * return addresses differ, whose rules are the same, a trace keeps its shape:
 * which words it reads, and what by.  What its innermost words have been under
 * that shape is kept, each time a variant, and found again by a sum of the
 * words.  doc/UNWINDING.md says why that is right.
 *
 * Until the sum is taken nobody knows which words plain unwinding would read.
 * So they all stand on the page of the frame at hand, which can be read, or on
 * one other, which is read when the words of the first have been recognised.
 */
#ifndef RCP_UNWIND_VARIANTS_H
#define RCP_UNWIND_VARIANTS_H

#include <stddef.h>

#include "unwind/unwind.h"

static inline uint64_t
rcp_variant_mix(uint64_t sum, uintptr_t word)
{
	sum += word;
	return sum << 13 | sum >> 51;
}

/* Of the N words from E on, a multiple of 4. */
RCP_READS_ANY static inline uint64_t
rcp_variant_sum(const struct rcp_step *e, unsigned n)
{
	const struct rcp_step *end = e + n;
	uint64_t a = 0, b = 0;

	do {
		a = rcp_variant_mix(a, *e[0].slot);
		b = rcp_variant_mix(b, *e[1].slot);
		a = rcp_variant_mix(a, *e[2].slot);
		b = rcp_variant_mix(b, *e[3].slot);
		e += 4;
	} while (e < end);
	return (a + 2 * b) * 0x9e3779b97f4a7c15u;
}

/* What has this sum is in one of two places: as they hang on nothing else in
 * common, two that meet in one part in the other. */
static inline struct rcp_variant *
rcp_variant_place(struct rcp_trace *t, uint64_t sum)
{
	return &t->variants[sum >> 48 & (RCP_VARIANTS - 1)];
}

static inline struct rcp_variant *
rcp_variant_other(struct rcp_trace *t, uint64_t sum)
{
	return &t->variants[sum >> 56 & (RCP_VARIANTS - 1)];
}

/* What the innermost words are now; NULL: they have not been so before. */
RCP_READS_ANY static inline struct rcp_variant *
rcp_variant_now(struct rcp_trace *t)
{
	const struct rcp_step *e = t->leaf, *end = e + t->inner;
	uint64_t sum = rcp_variant_sum(e, t->inner);
	struct rcp_variant *v = rcp_variant_place(t, sum);
	const uintptr_t *value;

	if (v->sum != sum)
		v = rcp_variant_other(t, sum);
	if (RCP_UNLIKELY(v->sum != sum || v->shape != t->shape))
		return NULL;
	value = v->value;
	do {
		if (RCP_UNLIKELY(*e[0].slot != value[0] ||
				 *e[1].slot != value[1] ||
				 *e[2].slot != value[2] ||
				 *e[3].slot != value[3]))
			return NULL;
		e += 4;
		value += 4;
	} while (e < end);
	return v;
}

/* Are the words on the first of two pages some that have been so before?  Then
 * the next one is a word that plain unwinding would read. */
bool rcp_variants_lead_on(struct rcp_trace *t);

/* The hot half of rcp_unwind(): if the stack is a variant, T becomes it. */
RCP_READS_ANY static inline struct rcp_variant *
rcp_variant_find(struct rcp_trace *t, const void *frame)
{
	const struct rcp_step *e;
	struct rcp_variant *v;

	if (RCP_UNLIKELY(t->turning != frame) &&
	    (t->turning != (const char *)frame + 1 ||
	     !rcp_variants_lead_on(t)))
		return NULL;
	v = rcp_variant_now(t);
	if (RCP_UNLIKELY(!v))
		return NULL;
	for (e = rcp_variant_base(t); *e->slot == e->value; e++) {
		e++;
		if (*e->slot != e->value)
			break;
	}
	if (RCP_UNLIKELY(e != rcp_trace_end(t)))
		return NULL;
	t->variant = v;
	t->known++;
	return v;
}

#endif

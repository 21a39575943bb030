/* SPDX-License-Identifier: MIT
 *
 * variants.c - see variants.h; the slow half.  Runs inside malloc.
 */
#include "unwind/variants.h"

#include "unwind/reach.h"

/* Stacks in turn by which a shape is worth it, and how many more than are
 * found again may be new. */
#define LASTING 8
#define MORE 256
#define REST (-4096) /* in which nothing is kept then */

/* May the innermost N words be read before it is known that plain unwinding
 * would?  A loose frame's word is no word of the stack, and on no such page. */
static bool
can_have(struct rcp_trace *t, size_t n)
{
	uintptr_t page = (uintptr_t)t->start / RCP_REACH_PAGE;

	if (n > RCP_VARIANT_WORDS ||
	    n > (size_t)(rcp_trace_end(t) - t->leaf))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((uintptr_t)t->leaf[i].slot / RCP_REACH_PAGE != page)
			return false;
	return true;
}

void
rcp_variants_forget(struct rcp_trace *t)
{
	if (t->inner)
		t->shape++;
	t->inner = 0;
	t->turning = NULL;
	t->variant = NULL;
	t->lasting = 0;
}

struct rcp_step *
rcp_variants_settle(struct rcp_trace *t)
{
	const struct rcp_variant *v = t->variant;

	t->variant = NULL;
	for (unsigned i = 0; i < t->inner; i++)
		t->leaf[i].value = v->value[i];
	return t->leaf + t->inner - 1;
}

/* False: none are to be kept. */
static bool
widen(struct rcp_trace *t, const struct rcp_step *outermost)
{
	size_t n = ((size_t)(outermost - t->leaf) / 4 + 1) * 4;

	if (n > t->inner && can_have(t, n)) {
		t->inner = (unsigned)n;
		t->shape++;
		t->known = t->kept = 0;
	}
	if (t->kept > t->known / 2 + MORE) {
		rcp_variants_forget(t);
		t->lasting = REST;
	}
	t->turning = t->inner ? t->start : NULL;
	return t->turning != NULL;
}

struct rcp_variant *
rcp_variant_keep(struct rcp_trace *t, const struct rcp_step *leaf,
		 const struct rcp_step *changed)
{
	struct rcp_variant *v, *other;
	uint64_t sum;

	if (t->lasting < LASTING ||
	    !widen(t, changed > leaf ? changed : leaf) ||
	    leaf >= rcp_variant_base(t))
		return NULL;
	sum = rcp_variant_sum(t->leaf, t->inner);
	v = rcp_variant_place(t, sum);
	other = rcp_variant_other(t, sum);
	if (v->sum != sum && v->shape == t->shape &&
	    (other->sum == sum || other->shape != t->shape || ++t->turn % 2))
		v = other;
	t->kept++;
	v->sum = sum;
	v->shape = t->shape;
	for (unsigned i = 0; i < t->inner; i++)
		v->value[i] = t->leaf[i].value;
	return v;
}

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

/* Beside the shape, of what is kept of the words on the first of two pages. */
#define NEAR (UINT64_C(1) << 63)

static bool
is_on(const struct rcp_step *e, uintptr_t page)
{
	return (uintptr_t)e->slot / RCP_REACH_PAGE == page;
}

/* May the innermost N words be read before it is known that plain unwinding
 * would?  If so, as many as *NEAR are on the page of the first. */
static bool
can_have(struct rcp_trace *t, size_t n, unsigned *near)
{
	uintptr_t page = (uintptr_t)t->start / RCP_REACH_PAGE;
	const struct rcp_step *e = t->leaf, *end = e + n;

	if (n > RCP_VARIANT_WORDS || n > (size_t)(rcp_trace_end(t) - e))
		return false;
	while (e < end && is_on(e, page))
		e++;
	*near = (unsigned)(e - t->leaf);
	if (e == end)
		return true;
	/* A loose frame's word is no word of the stack, and on no such page. */
	for (page++; e < end && is_on(e, page); e++)
		if (e->rule & RCP_STEP_LOOSE)
			return false;
	return e == end && *near > 0;
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
	unsigned near;

	if (n > t->inner && can_have(t, n, &near)) {
		t->inner = (unsigned)n;
		t->near = near;
		t->shape++;
		t->known = t->kept = 0;
	}
	if (t->kept > t->known / 2 + MORE) {
		rcp_variants_forget(t);
		t->lasting = REST;
	}
	if (!t->inner)
		return false;
	t->turning = (const char *)t->start + (t->near < t->inner);
	return true;
}

/* --- what is kept --------------------------------------------------------------- */

/* Where the N innermost words, with this SUM, are kept under SHAPE. */
static struct rcp_variant *
keep(struct rcp_trace *t, uint64_t sum, uint64_t shape, unsigned n)
{
	struct rcp_variant *v = rcp_variant_place(t, sum);
	struct rcp_variant *other = rcp_variant_other(t, sum);

	if (v->sum != sum && (v->shape & ~NEAR) == t->shape &&
	    (other->sum == sum || (other->shape & ~NEAR) != t->shape ||
	     ++t->turn % 2))
		v = other;
	v->sum = sum;
	v->shape = shape;
	for (unsigned i = 0; i < n; i++)
		v->value[i] = t->leaf[i].value;
	return v;
}

/* Of the words on the first of two pages: as many as there are. */
RCP_READS_ANY static uint64_t
near_sum(const struct rcp_trace *t)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < t->near; i++)
		sum = rcp_variant_mix(sum, *t->leaf[i].slot);
	return sum * 0x9e3779b97f4a7c15u;
}

RCP_READS_ANY bool
rcp_variants_lead_on(struct rcp_trace *t)
{
	uint64_t sum = near_sum(t);
	const struct rcp_variant *v = rcp_variant_place(t, sum);

	if (v->sum != sum)
		v = rcp_variant_other(t, sum);
	if (v->sum != sum || v->shape != (t->shape | NEAR))
		return false;
	for (unsigned i = 0; i < t->near; i++)
		if (*t->leaf[i].slot != v->value[i])
			return false;
	return true;
}

struct rcp_variant *
rcp_variant_keep(struct rcp_trace *t, const struct rcp_step *leaf,
		 const struct rcp_step *changed)
{
	if (t->lasting < LASTING ||
	    !widen(t, changed > leaf ? changed : leaf) ||
	    leaf >= rcp_variant_base(t))
		return NULL;
	t->kept++;
	if (t->near < t->inner)
		keep(t, near_sum(t), t->shape | NEAR, t->near);
	return keep(t, rcp_variant_sum(t->leaf, t->inner), t->shape, t->inner);
}

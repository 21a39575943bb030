/* SPDX-License-Identifier: MIT
 *
 * spans.c - see spans.h.  Sorted by their beginnings; `top` tells how far
 * back a longer span may lie that still holds the address.  Offline only.
 */
#include "model/spans.h"

#include <stdlib.h>

#include "model/memory.h"
#include "model/set.h"

void
rcp_spans_add(struct rcp_spans *spans, uint64_t low, uint64_t high,
	      uint32_t index)
{
	if (low >= high)
		return;
	spans->items = rcp_room(spans->items, spans->count, &spans->room,
				sizeof(*spans->items));
	spans->items[spans->count++] =
		(struct rcp_span){ low, high, 0, index };
}

/* What is to be found comes last. */
static int
by_low(const void *a, const void *b)
{
	const struct rcp_span *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	if (x->high != y->high)
		return x->high > y->high ? -1 : 1;
	return x->index > y->index ? -1 : x->index < y->index;
}

void
rcp_spans_sort(struct rcp_spans *spans)
{
	uint64_t top = 0;

	if (spans->count == 0)
		return;
	qsort(spans->items, spans->count, sizeof(*spans->items), by_low);
	for (size_t i = 0; i < spans->count; i++) {
		if (spans->items[i].high > top)
			top = spans->items[i].high;
		spans->items[i].top = top;
	}
}

uint32_t
rcp_spans_find(const struct rcp_spans *spans, uint64_t address)
{
	size_t low = 0, high = spans->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spans->items[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low > 0 && spans->items[low - 1].top > address; low--)
		if (spans->items[low - 1].high > address)
			return spans->items[low - 1].index;
	return RCP_NONE;
}

void
rcp_spans_free(struct rcp_spans *spans)
{
	free(spans->items);
	*spans = (struct rcp_spans){ 0 };
}

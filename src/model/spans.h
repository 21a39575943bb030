/* SPDX-License-Identifier: MIT
 *
 * spans.h - which of many address ranges holds an address.  Offline only.
 */
#ifndef RCP_MODEL_SPANS_H
#define RCP_MODEL_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rcp_span {
	uint64_t low, high; /* one past the last */
	uint64_t top;       /* the highest `high` up to here in the order */
	uint32_t index;
};

/* {0} is empty. */
struct rcp_spans {
	struct rcp_span *items;
	size_t count, room;
};

/* Adds [low, high), if it is not empty.  `index` is the caller's. */
void rcp_spans_add(struct rcp_spans *spans, uint64_t low, uint64_t high,
		   uint32_t index);

/* Once, after the last add and before the first find. */
void rcp_spans_sort(struct rcp_spans *spans);

/* The index of the span that begins last of those that hold the address (of
 * equal beginnings the shortest, then the one with the lowest index);
 * RCP_NONE if none does. */
uint32_t rcp_spans_find(const struct rcp_spans *spans, uint64_t address);

void rcp_spans_free(struct rcp_spans *spans);

#endif

/* SPDX-License-Identifier: MIT
 *
 * strings.h - strings of a set, each kept once.  Offline only.
 */
#ifndef RCP_MODEL_STRINGS_H
#define RCP_MODEL_STRINGS_H

#include <stddef.h>
#include <stdint.h>

struct rcp_block_list;

/* {0} is an empty pool. */
struct rcp_strings {
	const char **texts; /* by index; index 0 is "" */
	size_t count, room;
	uint32_t *slots; /* hash table of indexes, RCP_NONE: free */
	size_t cap;
	struct rcp_block_list *blocks;
};

/* The index of the string with these bytes; zero bytes become U+FFFD.  Equal
 * strings have equal indexes.  The text stays where it is until
 * rcp_strings_free. */
uint32_t rcp_strings_add(struct rcp_strings *strings, const char *bytes,
			 size_t len);

/* The same, but the text itself: of bytes, or of a terminated string. */
const char *rcp_strings_text(struct rcp_strings *strings, const char *bytes,
			     size_t len);
const char *rcp_strings_keep(struct rcp_strings *strings, const char *text);

/* Copies bytes (a terminator follows them) into the pool without interning
 * them: for line tables, build-ids and INFO values. */
const char *rcp_strings_bytes(struct rcp_strings *strings, const char *bytes,
			      size_t len);

void rcp_strings_free(struct rcp_strings *strings);

#endif

/* SPDX-License-Identifier: MIT
 *
 * packed.h - a page of cells as a few bytes a cell.
 *
 * Most sites are busy once and then quiet: one line of numbers each would be
 * most of what rcprof takes.  What the last snapshot saw of a page is kept
 * packed; it serves the next snapshot to write differences, and, once nothing
 * has changed since, it is all there is of the page.
 */
#ifndef RCP_ACCOUNT_PACKED_H
#define RCP_ACCOUNT_PACKED_H

#include "account/account.h"

/* A cell at one moment. */
struct rcp_cell_state {
	uint64_t allocs, alloc_bytes;
	uint64_t frees, freed_bytes;
	uint64_t temporaries;
	uint64_t lifetime;
	uint64_t unaged; /* all of it: cells have the low half */
	uint32_t epoch;  /* 0: at the peak it was what it is */
	int64_t peak_bytes, peak_blocks;
};

struct rcp_page_state {
	struct rcp_cell_state cells[RCP_CELLS_PER_PAGE];
};

/* Where it is; NULL there: none, and not to be written unless there is a page. */
static inline struct rcp_packed **
rcp_packed_at(const struct rcp_account *a, uint32_t index)
{
	struct rcp_cell_dir *dir = rcp_cell_dir(a, index * RCP_CELLS_PER_PAGE);

	return &dir->packed[index % RCP_DIR_PAGES];
}

/* What the page at INDEX of A was, from its packed form; zeros if there is
 * none. */
void rcp_packed_read(const struct rcp_account *a, uint32_t index,
		     struct rcp_page_state *out);

/* Replaces it.  False: no memory, the old one stands.  One caller at a time;
 * the page itself is there, so that nobody reads the old one. */
bool rcp_packed_write(struct rcp_account *a, uint32_t index,
		      const struct rcp_page_state *state);

/* Fills the page from its packed form. */
void rcp_packed_open(const struct rcp_account *a, uint32_t index,
		     struct rcp_cell_page *page);

void rcp_packed_fork_prepare(void);
void rcp_packed_fork_done(bool child);

#endif

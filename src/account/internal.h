/* SPDX-License-Identifier: MIT
 *
 * internal.h - what the files of account share with each other only.
 */
#ifndef RCP_ACCOUNT_INTERNAL_H
#define RCP_ACCOUNT_INTERNAL_H

#include "account/account.h"
#include "base/lock.h"

/* accounts.c: every thread's books; only grows. */
extern struct rcp_account *_Atomic rcp_accounts;

/* cells.c.  The lock of the books: held while cells are read, so that no page
 * is packed away meanwhile. */
extern struct rcp_lock rcp_books_lock;
extern uint32_t rcp_books_seen; /* by so many snapshots */
void rcp_cells_init(struct rcp_account *a);
void rcp_cells_fork_prepare(void);
void rcp_cells_fork_done(bool child);
void rcp_cells_forget(struct rcp_account *a); /* in the child: all of them */

/* The page at INDEX, open or packed; the lock of the books is held.  False:
 * nothing was ever counted there. */
struct rcp_cell_state;
struct rcp_page_state;
bool rcp_page_look(const struct rcp_account *a, uint32_t index,
		   struct rcp_page_state *out);

/* sites.c */
bool rcp_sites_setup(uint64_t memory_limit);
void rcp_sites_fork_prepare(void);
void rcp_sites_fork_done(bool child);
/* Has SITE been written to the file of GENERATION?  Marks it so. */
bool rcp_site_stamp(uint32_t site, uint32_t generation);
uint32_t rcp_site_next(void);

/* drain.c: writes what SITE is, unless the file has it. */
struct rcp_sink;
struct rcp_snap;
void rcp_site_define(struct rcp_sink *sink, const struct rcp_snap *snap,
		     uint32_t site);

/* peak.c */
void rcp_peak_join(struct rcp_account *a, struct rcp_account *others);
void rcp_peak_fork_child(struct rcp_account *self);
/* The epoch to read the cells by, which counts a climb that no free has ended
 * yet as the peak, and when that peak was. */
struct rcp_peak_now {
	uint32_t epoch;
	uint64_t time;
	uint32_t site;
};
void rcp_peak_now(struct rcp_peak_now *out, int64_t live);

/* A cell's live bytes at the peak EPOCH. */
int64_t rcp_cell_peak(const struct rcp_cell_state *c, uint32_t epoch);

/* rows.c: the cells that have changed, as records; adds what they bring to
 * the two sums, which a keyframe begins anew. */
void rcp_rows_drain(struct rcp_sink *sink, const struct rcp_snap *snap,
		    int64_t *live_bytes, int64_t *live_blocks);

/* counters.c */
void rcp_counters_fork_child(void);
extern int64_t rcp_inherited_bytes, rcp_inherited_blocks;

#endif

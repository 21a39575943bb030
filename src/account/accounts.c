/* SPDX-License-Identifier: MIT
 *
 * accounts.c - every thread's books: their list, sums over all of them, and
 * what fork does with them.  Runs inside malloc.
 */
#include "account/internal.h"
#include "account/packed.h"

struct rcp_account *_Atomic rcp_accounts;

static struct rcp_lock list_lock = RCP_LOCK_INIT;

bool
rcp_account_setup(uint64_t memory_limit)
{
	return rcp_sites_setup(memory_limit);
}

void
rcp_account_init(struct rcp_account *a, uint32_t thread)
{
	rcp_cells_init(a);
	a->thread = thread;
	rcp_lock_take(&list_lock);
	rcp_peak_join(a, atomic_load(&rcp_accounts));
	a->next = atomic_load(&rcp_accounts);
	atomic_store_explicit(&rcp_accounts, a, memory_order_release);
	rcp_lock_drop(&list_lock);
}

int64_t
rcp_live_sum(void)
{
	struct rcp_account *a;
	int64_t sum = 0;

	a = atomic_load_explicit(&rcp_accounts, memory_order_acquire);
	for (; a; a = a->next)
		sum += RCP_LOAD(a->live);
	return sum;
}

/* Live blocks of all cells, and their live bytes at the peak EPOCH. */
static void
add_cells(uint32_t epoch, int64_t *blocks, int64_t *peak_bytes)
{
	struct rcp_account *a = atomic_load(&rcp_accounts);
	uint32_t pages = rcp_site_next() / RCP_CELLS_PER_PAGE + 1;
	struct rcp_page_state now;

	*blocks = *peak_bytes = 0;
	for (; a; a = a->next) {
		for (uint32_t i = 0; i < pages; i++) {
			if (!rcp_page_look(a, i, &now))
				continue;
			for (unsigned k = 0; k < RCP_CELLS_PER_PAGE; k++) {
				*blocks += (int64_t)(now.cells[k].allocs -
						     now.cells[k].frees);
				*peak_bytes += rcp_cell_peak(&now.cells[k],
							     epoch);
			}
		}
	}
}

void
rcp_peak_view(struct rcp_peak_view *out)
{
	struct rcp_peak_now peak;
	int64_t blocks;

	rcp_peak_now(&peak, rcp_live_sum());
	out->time = peak.time;
	out->site = peak.site >= rcp_site_first ? peak.site : 0;
	rcp_lock_take(&rcp_books_lock);
	add_cells(peak.epoch, &blocks, &out->bytes);
	rcp_lock_drop(&rcp_books_lock);
}

void
rcp_account_fork_prepare(void)
{
	rcp_cells_fork_prepare();
	rcp_lock_take(&list_lock);
	rcp_sites_fork_prepare();
}

void
rcp_account_fork_parent(void)
{
	rcp_sites_fork_done(false);
	rcp_lock_drop(&list_lock);
	rcp_cells_fork_done(false);
}

void
rcp_account_fork_child(struct rcp_account *self)
{
	struct rcp_account *a = atomic_load(&rcp_accounts);
	int64_t blocks, peak;

	add_cells(0, &blocks, &peak);
	rcp_inherited_bytes += rcp_live_sum() -
			       rcp_counter(RCP_COUNT_INHERITED_FREED_BYTES);
	rcp_inherited_blocks += blocks - rcp_counter(RCP_COUNT_INHERITED_FREES);
	rcp_counters_fork_child();
	rcp_lock_reset(&list_lock);
	rcp_sites_fork_done(true);
	/* Books start empty, in the memory that the parent's had: it is shared
	 * with the parent until something is counted there. */
	for (; a; a = a->next) {
		rcp_cells_forget(a);
		a->live = 0;
		a->last_site = 0;
	}
	rcp_cells_fork_done(true);
	rcp_peak_fork_child(self);
}

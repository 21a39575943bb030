/* SPDX-License-Identifier: MIT
 *
 * accounts.c - every thread's books: their list, their pages of cells, and
 * what fork does with them.  Runs inside malloc.
 */
#include "account/internal.h"
#include "base/mem.h"

struct rcp_account *_Atomic rcp_accounts;

static struct rcp_lock list_lock = RCP_LOCK_INIT;

bool
rcp_account_setup(uint64_t memory_limit)
{
	return rcp_sites_setup(memory_limit);
}

static bool
new_directory(struct rcp_account *a)
{
	size_t entries = (RCP_SITE_MAX + 1) / RCP_CELLS_PER_PAGE;

	a->dir = rcp_pages_reserve(entries * sizeof(*a->dir));
	return a->dir != NULL;
}

bool
rcp_account_init(struct rcp_account *a, uint32_t thread)
{
	if (!new_directory(a))
		return false;
	a->thread = thread;
	rcp_lock_take(&list_lock);
	rcp_peak_join(a, atomic_load(&rcp_accounts));
	a->next = atomic_load(&rcp_accounts);
	atomic_store_explicit(&rcp_accounts, a, memory_order_release);
	rcp_lock_drop(&list_lock);
	return true;
}

struct rcp_cell_page *
rcp_cells_new_page(struct rcp_cell_dir *d)
{
	struct rcp_cell_page *page = rcp_arena_new(sizeof(*page));

	if (page)
		__atomic_store_n(&d->page, page, __ATOMIC_RELEASE);
	return page;
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

void
rcp_peak_view(struct rcp_peak_view *out)
{
	struct rcp_account *a = atomic_load(&rcp_accounts);
	uint32_t pages = rcp_site_next() / RCP_CELLS_PER_PAGE + 1;
	struct rcp_peak_now peak;
	int64_t bytes, blocks;

	rcp_peak_now(&peak, rcp_live_sum());
	out->time = peak.time;
	out->site = peak.site >= rcp_site_first ? peak.site : 0;
	out->bytes = 0;
	for (; a; a = a->next) {
		for (uint32_t i = 0; i < pages; i++) {
			const struct rcp_cell_page *page = a->dir[i].page;

			for (unsigned k = 0; page && k < RCP_CELLS_PER_PAGE;
			     k++) {
				rcp_cell_peak(&page->cells[k], peak.epoch,
					      &bytes, &blocks);
				out->bytes += bytes;
			}
		}
	}
}

void
rcp_account_fork_prepare(void)
{
	rcp_lock_take(&list_lock);
	rcp_sites_fork_prepare();
}

void
rcp_account_fork_parent(void)
{
	rcp_sites_fork_done(false);
	rcp_lock_drop(&list_lock);
}

static int64_t
live_blocks(void)
{
	struct rcp_account *a = atomic_load(&rcp_accounts);
	uint32_t pages = rcp_site_next() / RCP_CELLS_PER_PAGE + 1;
	int64_t blocks = 0;

	for (; a; a = a->next) {
		for (uint32_t i = 0; i < pages; i++) {
			const struct rcp_cell_page *page = a->dir[i].page;

			for (unsigned k = 0; page && k < RCP_CELLS_PER_PAGE; k++)
				blocks += (int64_t)(page->cells[k].allocs -
						    page->cells[k].frees);
		}
	}
	return blocks;
}

void
rcp_account_fork_child(struct rcp_account *self)
{
	struct rcp_account *a = atomic_load(&rcp_accounts);

	rcp_inherited_bytes += rcp_live_sum() -
			       rcp_counter(RCP_COUNT_INHERITED_FREED_BYTES);
	rcp_inherited_blocks += live_blocks() -
				rcp_counter(RCP_COUNT_INHERITED_FREES);
	rcp_counters_fork_child();
	rcp_lock_reset(&list_lock);
	rcp_sites_fork_done(true);
	/* Books start empty.  The old pages stay mapped and shared with the
	 * parent: giving them back would cost more than it saves. */
	for (; a; a = a->next) {
		struct rcp_cell_dir *old = a->dir;

		if (!new_directory(a))
			a->dir = old; /* counts go on from the parent's */
		a->live = 0;
		a->last_site = 0;
	}
	rcp_peak_fork_child(self);
}

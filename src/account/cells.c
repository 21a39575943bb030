/* SPDX-License-Identifier: MIT
 *
 * cells.c - pages of cells: opened when a thread counts in them, packed when
 * they have been quiet.  The slow half of account.h; runs inside malloc.
 *
 * Only the thread itself opens and closes its pages (or somebody who knows
 * that it is gone).  It closes them between two events, under the lock of the
 * books, and only what is packed already: what the last snapshot has seen and
 * nobody has touched since.
 */
#include "account/internal.h"
#include "account/packed.h"
#include "account/pool.h"
#include "base/mem.h"
#include "base/sys.h"

#include <sys/mman.h>

struct rcp_lock rcp_books_lock = RCP_LOCK_INIT;
uint32_t rcp_books_seen;

static struct rcp_pool pool;

/* Stands where a thread has no directory, so that the hot path need not ask.
 * Never written. */
static struct rcp_cell_dir no_pages;

void
rcp_cells_init(struct rcp_account *a)
{
	for (unsigned i = 0; i < RCP_DIRS; i++)
		a->dirs[i] = &no_pages;
	a->last_open = &a->open;
}

/* The directory of the page at INDEX, made if there is none.  False: no
 * memory. */
static bool
make_dir(struct rcp_account *a, uint32_t index)
{
	struct rcp_cell_dir **dir = &a->dirs[index / RCP_DIR_PAGES], *made;

	if (*dir != &no_pages)
		return true;
	made = rcp_pages_reserve(sizeof(*made));
	if (made)
		__atomic_store_n(dir, made, __ATOMIC_RELEASE);
	return made != NULL;
}

struct rcp_cell_page *
rcp_cells_open(struct rcp_account *a, uint32_t site)
{
	uint32_t index = site / RCP_CELLS_PER_PAGE;
	struct rcp_cell_page *page = NULL;

	if (make_dir(a, index))
		page = rcp_pool_new(&pool, sizeof(*page));
	if (!page) {
		rcp_count(RCP_COUNT_DROPPED, 1);
		return NULL;
	}
	rcp_packed_open(a, index, page);
	page->index = index;
	page->next = NULL;
	__atomic_store_n(&rcp_cell_entry(a, site)->page, page,
			 __ATOMIC_RELEASE);
	/* At the end: the file says most of sites in the order of their ids. */
	__atomic_store_n(a->last_open, page, __ATOMIC_RELEASE);
	a->last_open = &page->next;
	return page;
}

void
rcp_account_rest(struct rcp_account *a)
{
	struct rcp_cell_page **link = &a->open, *page;

	if (a->rested == RCP_LOAD(rcp_books_seen) ||
	    !rcp_lock_try(&rcp_books_lock))
		return;
	a->rested = rcp_books_seen;
	while ((page = *link)) {
		struct rcp_cell_entry *e = rcp_page_entry(a, page->index);

		if (page->settled && !RCP_LOAD(e->dirty)) {
			e->page = NULL;
			*link = page->next;
			rcp_pool_free(&pool, page, sizeof(*page));
		} else {
			link = &page->next;
		}
	}
	a->last_open = link;
	rcp_lock_drop(&rcp_books_lock);
}

static void
read_open(const struct rcp_cell_page *page, struct rcp_page_state *out)
{
	for (unsigned i = 0; i < RCP_CELLS_PER_PAGE; i++) {
		const struct rcp_cell *c = &page->cells[i];
		struct rcp_cell_state *s = &out->cells[i];

		/* The order of a snapshot: frees before allocations. */
		s->unaged = RCP_LOAD(c->unaged);
		s->frees = RCP_LOAD(c->frees);
		s->freed_bytes = RCP_LOAD(c->freed_bytes);
		s->temporaries = RCP_LOAD(c->temporaries);
		s->lifetime = RCP_LOAD(page->lifetime[i]);
		s->epoch = __atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE);
		s->peak_bytes = RCP_LOAD(c->peak_bytes);
		s->peak_blocks = RCP_LOAD(c->peak_blocks);
		s->allocs = RCP_LOAD(c->allocs);
		s->alloc_bytes = RCP_LOAD(c->alloc_bytes);
	}
}

bool
rcp_page_look(const struct rcp_account *a, uint32_t index,
	      struct rcp_page_state *out)
{
	const struct rcp_cell_page *page = __atomic_load_n(
		&rcp_page_entry(a, index)->page, __ATOMIC_ACQUIRE);
	bool packed = *rcp_packed_at(a, index) != NULL;

	if (page)
		read_open(page, out);
	else if (packed)
		rcp_packed_read(a, index, out);
	return page || packed;
}

void
rcp_cells_fork_prepare(void)
{
	rcp_lock_take(&rcp_books_lock);
	rcp_pool_fork_prepare(&pool);
	rcp_packed_fork_prepare();
}

void
rcp_cells_fork_done(bool child)
{
	rcp_packed_fork_done(child);
	rcp_pool_fork_done(&pool, child);
	if (child)
		rcp_lock_reset(&rcp_books_lock);
	else
		rcp_lock_drop(&rcp_books_lock);
}

void
rcp_cells_forget(struct rcp_account *a)
{
	for (unsigned i = 0; i < RCP_DIRS; i++)
		if (a->dirs[i] != &no_pages)
			rcp_sys_madvise(a->dirs[i], sizeof(*a->dirs[i]),
					MADV_DONTNEED);
	a->open = NULL;
	a->last_open = &a->open;
}

/* SPDX-License-Identifier: MIT
 *
 * account.h - who holds how much: cells per (thread, site), totals, the peak.
 *
 * The hot half is inline and writes only lines that belong to the calling
 * thread.  Other threads (the snapshot) read them with relaxed loads; see
 * doc/INTERNALS.md section 3 for why the sums are right all the same.
 */
#ifndef RCP_ACCOUNT_ACCOUNT_H
#define RCP_ACCOUNT_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hot.h"
#include "rcprof/format.h"

#define RCP_SITE_BITS 24
#define RCP_SITE_MAX ((1u << RCP_SITE_BITS) - 1)
#define RCP_CELLS_PER_PAGE 16u
#define RCP_DIR_PAGES 4096u /* under one directory */
#define RCP_DIR_SITES (RCP_DIR_PAGES * RCP_CELLS_PER_PAGE)
#define RCP_DIRS ((RCP_SITE_MAX + 1) / RCP_DIR_SITES)

/* Resolution of births and lifetimes: RCP_INFO_MODEL_AGE_NS. */
#define RCP_AGE_UNIT_NS 10000000ull

/* What one thread did at one site.  Written by its thread only. */
struct rcp_cell {
	uint64_t allocs, alloc_bytes;
	uint64_t frees, freed_bytes;
	uint64_t temporaries;
	int64_t peak_bytes, peak_blocks; /* live when `epoch` began */
	uint32_t epoch;  /* of the peak that the two belong to */
	uint32_t unaged; /* frees of blocks without a birth, modulo 2^32 */
};

_Static_assert(sizeof(struct rcp_cell) == 64, "a cell is one cache line");

struct rcp_cell_page {
	struct rcp_cell cells[RCP_CELLS_PER_PAGE];
	/* Sum of the lifetimes of freed blocks, in age units.  Apart from the
	 * cells, since most blocks die younger than one unit. */
	uint64_t lifetime[RCP_CELLS_PER_PAGE];
	struct rcp_cell_page *next; /* of the thread's that are open */
	uint32_t index;             /* in the directory */
	/* Under the lock of the books: the snapshot that has seen its frees,
	 * and whether all that it held then is packed. */
	uint32_t drained;
	bool settled;
} __attribute__((aligned(64)));

/* A page is open (cells that can be counted in) while it is in use; what it
 * held is packed when it has been quiet for a while.  See packed.h. */
struct rcp_cell_entry {
	struct rcp_cell_page *page; /* NULL: not open */
	/* Set after a cell has changed, taken back by a snapshot before it
	 * looks: a change is never overlooked, at worst seen twice. */
	uint32_t dirty;
};

_Static_assert(sizeof(struct rcp_cell_entry) == RCP_CELLS_PER_PAGE,
	       "found without a division");

/* The pages of a range of sites.  Reserved when the first of them is opened:
 * what a thread takes of a limited address space goes by what it does. */
struct rcp_cell_dir {
	struct rcp_cell_entry entries[RCP_DIR_PAGES];
	struct rcp_packed *packed[RCP_DIR_PAGES]; /* written by snapshots */
};

/* One thread's books.  Part of struct rcp_thread (record/thread.h); zeroed
 * memory, then rcp_account_init(). */
struct rcp_account {
	/* By site / RCP_DIR_SITES; one of no pages where there is none yet.
	 * Put there by the thread alone. */
	struct rcp_cell_dir *dirs[RCP_DIRS];
	struct rcp_cell_page *open;   /* added to by the thread alone */
	uint32_t rested;              /* after that many snapshots */
	int64_t live;             /* bytes: allocated minus freed by us */
	/* Where `live` leaves the hot path; see peak.c. */
	int64_t bar, high, low;
	int64_t published;
	uint32_t last_site;
	uint32_t thread; /* id in the profile */
	/* Sample mode: variance.c's. */
	struct rcp_variance *variances, *first_variance;
	struct rcp_account *next;
	struct rcp_cell_page **last_open; /* where the next one is linked */
};

/* Epoch of the peak: grows at the first free after a climb. */
extern _Atomic uint32_t rcp_peak_epoch RCP_HIDDEN;

/* Ids below are sites of the process that forked us. */
extern uint32_t rcp_site_first RCP_HIDDEN;

#define RCP_LOAD(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define RCP_STORE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)

/* --- life ------------------------------------------------------------- */

/* Before anything else; false: no memory. */
bool rcp_account_setup(uint64_t memory_limit);

/* Enters a thread's books into the list; from its own thread. */
void rcp_account_init(struct rcp_account *a, uint32_t thread);

/* Closes what has been quiet since the last snapshot.  By the thread itself
 * between two events, or by who knows that it is gone.  Does nothing when the
 * books are being looked at, or there was no snapshot since. */
void rcp_account_rest(struct rcp_account *a);

/* Registers the source of cells, sites and totals.  DEFINE_NODE is called for
 * the node of each site that is written, during a drain. */
struct rcp_sink;
struct rcp_snap;
void rcp_account_register(void (*define_node)(struct rcp_sink *sink,
					      const struct rcp_snap *snap,
					      uint32_t node));

void rcp_account_fork_prepare(void);
void rcp_account_fork_parent(void);
/* SELF: the books of the forking thread. */
void rcp_account_fork_child(struct rcp_account *self);

/* --- sites ------------------------------------------------------------ */

/* The node under which everything is folded past the memory limit; capture
 * uses the same number. */
#define RCP_NODE_TRUNCATED 1u

/* Sites by node, in chunks: the hot half of rcp_site_get(). */
#define RCP_SITE_CHUNK 4096u
#define RCP_SITE_NODES (8192u * RCP_SITE_CHUNK) /* 33 million nodes */
extern uint32_t *rcp_sites_by_node[RCP_KINDS]
				  [RCP_SITE_NODES / RCP_SITE_CHUNK] RCP_HIDDEN;
uint32_t rcp_site_new(uint32_t node, enum rcp_kind kind);

/* The site of (node, kind); made when new.  Never fails: past the limits it
 * is the truncated site of the kind. */
static inline uint32_t
rcp_site_get(uint32_t node, enum rcp_kind kind)
{
	uint32_t *chunk = NULL, id;

	if (__builtin_expect(node < RCP_SITE_NODES, 1))
		chunk = __atomic_load_n(
			&rcp_sites_by_node[kind][node / RCP_SITE_CHUNK],
			__ATOMIC_ACQUIRE);
	if (__builtin_expect(chunk != NULL, 1)) {
		id = __atomic_load_n(&chunk[node % RCP_SITE_CHUNK],
				     __ATOMIC_ACQUIRE);
		/* Ids of the process that forked us count as not there. */
		if (__builtin_expect(id >= rcp_site_first, 1))
			return id;
	}
	return rcp_site_new(node, kind);
}

/* Its parts.  SITE must be one that rcp_site_get returned. */
uint32_t rcp_site_node(uint32_t site);
enum rcp_kind rcp_site_kind(uint32_t site);

/* --- peak, called by the inline half ----------------------------------- */
void rcp_peak_before_free(struct rcp_account *a);
void rcp_peak_crossed(struct rcp_account *a);

/* Live bytes of the process: cheap (within the unpublished differences), and
 * summed over all threads. */
int64_t rcp_live_estimate(void);
int64_t rcp_live_sum(void);

/* The peak as the profile will show it: the sum of all cells at the peak. */
struct rcp_peak_view {
	int64_t bytes;
	uint64_t time; /* ns since start */
	uint32_t site; /* of the last allocation before it; 0: none */
};
void rcp_peak_view(struct rcp_peak_view *out);

/* --- counters that need no cell --------------------------------------- */
enum rcp_counter {
	RCP_COUNT_UNMATCHED,
	RCP_COUNT_UNSEEN,
	RCP_COUNT_INHERITED_FREES,
	RCP_COUNT_INHERITED_FREED_BYTES,
	RCP_COUNT_RESERVED, /* bytes, may shrink */
	RCP_COUNT_ARENA,    /* bytes, may shrink */
	RCP_COUNT_GUARDED,
	RCP_COUNT_TRUNCATED,
	RCP_COUNT_DROPPED, /* samples and events that found no memory */
	RCP_COUNTERS,
};
void rcp_count(enum rcp_counter which, int64_t n);
int64_t rcp_counter(enum rcp_counter which);

/* --- the hot half ----------------------------------------------------- */

/* Opens the page of SITE.  NULL: no memory. */
struct rcp_cell_page *rcp_cells_open(struct rcp_account *a, uint32_t site);

/* The cell of SITE in its page, before it changes. */
static inline struct rcp_cell *
rcp_cell_of(struct rcp_cell_page *page, uint32_t site)
{
	struct rcp_cell *c = &page->cells[site % RCP_CELLS_PER_PAGE];
	uint32_t epoch = atomic_load_explicit(&rcp_peak_epoch,
					      memory_order_relaxed);

	if (RCP_UNLIKELY(c->epoch != epoch)) {
		RCP_STORE(c->peak_bytes,
			  (int64_t)(c->alloc_bytes - c->freed_bytes));
		RCP_STORE(c->peak_blocks, (int64_t)(c->allocs - c->frees));
		/* A reader that sees the epoch sees what belongs to it. */
		__atomic_store_n(&c->epoch, epoch, __ATOMIC_RELEASE);
	}
	return c;
}

/* The directory of SITE, read by any thread. */
static inline struct rcp_cell_dir *
rcp_cell_dir(const struct rcp_account *a, uint32_t site)
{
	return __atomic_load_n(&a->dirs[site / RCP_DIR_SITES],
			       __ATOMIC_ACQUIRE);
}

/* The entry of SITE's page; written only where there is a page, or was. */
static inline struct rcp_cell_entry *
rcp_cell_entry(const struct rcp_account *a, uint32_t site)
{
	uint32_t first = site & (RCP_DIR_SITES - RCP_CELLS_PER_PAGE);
	struct rcp_cell_entry *e;

	/* As large as sites in it: what would be a shift down and up is none. */
	e = (void *)((char *)rcp_cell_dir(a, site)->entries +
		     first * (sizeof(*e) / RCP_CELLS_PER_PAGE));
	/* One register, not the three that it is made of at each use. */
	__asm__("" : "+r"(e));
	return e;
}

/* The same by the page's number. */
static inline struct rcp_cell_entry *
rcp_page_entry(const struct rcp_account *a, uint32_t index)
{
	return rcp_cell_entry(a, index * RCP_CELLS_PER_PAGE);
}

/* The page of SITE, opened if need be, and its entry.  NULL: no memory. */
static inline struct rcp_cell_page *
rcp_cells_page(struct rcp_account *a, uint32_t site, struct rcp_cell_entry **e)
{
	struct rcp_cell_page *page;

	*e = rcp_cell_entry(a, site);
	page = (*e)->page;
	if (RCP_UNLIKELY(!page)) {
		page = rcp_cells_open(a, site);
		*e = rcp_cell_entry(a, site);
	}
	return page;
}

/* The last that is done to a cell. */
static inline void
rcp_cell_changed(struct rcp_cell_entry *e)
{
	__atomic_store_n(&e->dirty, 1, __ATOMIC_RELEASE);
}

/* The cell's part of an allocation; of a sample, BLOCKS of SIZE bytes in all.
 * False: as rcp_account_alloc(). */
static inline bool
rcp_cell_allocated(struct rcp_account *a, uint32_t site, uint64_t size,
		   uint64_t blocks)
{
	struct rcp_cell_entry *e;
	struct rcp_cell_page *page = rcp_cells_page(a, site, &e);
	struct rcp_cell *c;

	if (RCP_UNLIKELY(!page))
		return false;
	c = rcp_cell_of(page, site);
	RCP_ADD(c->allocs, blocks);
	RCP_ADD(c->alloc_bytes, size);
	rcp_cell_changed(e);
	a->last_site = site;
	return true;
}

/* The cell's part of a free: SIZE bytes and BLOCKS (1; of a part of a mapping
 * 0 or 1; of a sample its weight) go.  AGE in age units, or negative when
 * unknown.  False: no memory for the cell, it is counted as dropped. */
static inline bool
rcp_cell_freed(struct rcp_account *a, uint32_t site, uint64_t size,
	       uint64_t blocks, int64_t age, bool temporary)
{
	struct rcp_cell_entry *e;
	struct rcp_cell_page *page = rcp_cells_page(a, site, &e);
	struct rcp_cell *c;

	if (RCP_UNLIKELY(!page))
		return false;
	c = rcp_cell_of(page, site);
	if (age > 0)
		RCP_ADD(page->lifetime[site % RCP_CELLS_PER_PAGE],
			(uint64_t)age * blocks);
	else if (age < 0)
		RCP_ADD(c->unaged, blocks);
	RCP_ADD(c->frees, blocks);
	RCP_ADD(c->freed_bytes, size);
	if (temporary)
		RCP_ADD(c->temporaries, blocks);
	rcp_cell_changed(e);
	return true;
}

/* False: no memory for its cell.  It is counted as dropped and in nothing else,
 * and must not be remembered: its free would have nothing to be taken from. */
static inline bool
rcp_account_alloc(struct rcp_account *a, uint32_t site, uint64_t size,
		  uint64_t blocks)
{
	if (RCP_UNLIKELY(!rcp_cell_allocated(a, site, size, blocks)))
		return false;
	RCP_ADD(a->live, size);
	if (__builtin_expect(a->live > RCP_LOAD(a->high), 0))
		rcp_peak_crossed(a);
	return true;
}

static inline bool
rcp_site_inherited(uint32_t site)
{
	return __builtin_expect(site < rcp_site_first, 0);
}

/* Does a free of SIZE bytes end a climb, or leave the bounds? */
static inline bool
rcp_peak_ends(const struct rcp_account *a, uint64_t size)
{
	return RCP_UNLIKELY(a->live > RCP_LOAD(a->bar)) ||
	       RCP_UNLIKELY(a->live - (int64_t)size < RCP_LOAD(a->low));
}

/* Of a site of ours, or of one inherited over a fork. */
static inline void
rcp_account_free(struct rcp_account *a, uint32_t site, uint64_t size,
		 uint64_t blocks, int64_t age, bool temporary)
{
	if (rcp_site_inherited(site)) {
		if (!site) { /* an object from before the hooks */
			rcp_count(RCP_COUNT_UNMATCHED, (int64_t)blocks);
			return;
		}
		rcp_count(RCP_COUNT_INHERITED_FREES, (int64_t)blocks);
		rcp_count(RCP_COUNT_INHERITED_FREED_BYTES, (int64_t)size);
		return;
	}
	/* The end of a climb is seen before the books change. */
	if (__builtin_expect(rcp_peak_ends(a, size), 0))
		rcp_peak_before_free(a);
	if (RCP_UNLIKELY(!rcp_cell_freed(a, site, size, blocks, age,
					 temporary)))
		return;
	RCP_ADD(a->live, -size);
	if (__builtin_expect(a->live < RCP_LOAD(a->low), 0))
		rcp_peak_crossed(a);
}

/* The same for one block, in two halves, when nothing rare is due: the first
 * returns the cell, for what is known of the block's life, or NULL, and has
 * counted nothing then. */
static inline struct rcp_cell *
rcp_account_freeing(struct rcp_account *a, uint32_t site, uint64_t size,
		    struct rcp_cell_entry **entry, struct rcp_cell_page **page)
{
	*entry = rcp_cell_entry(a, site);
	*page = (*entry)->page;
	if (rcp_site_inherited(site) || RCP_UNLIKELY(!*page) ||
	    RCP_UNLIKELY(rcp_peak_ends(a, size)))
		return NULL;
	return rcp_cell_of(*page, site);
}

static inline void
rcp_account_freed(struct rcp_account *a, struct rcp_cell_entry *entry,
		  struct rcp_cell *c, uint64_t size)
{
	RCP_ADD(c->frees, 1);
	RCP_ADD(c->freed_bytes, size);
	rcp_cell_changed(entry);
	RCP_ADD(a->live, -size);
}

/* A block of ours became larger: a free and an allocation that do not end a
 * climb, since live grows in one step.  False: as rcp_account_alloc(), of the
 * larger one. */
static inline bool
rcp_account_grown(struct rcp_account *a, uint32_t old_site, uint64_t old_size,
		  int64_t age, bool temporary, uint32_t site, uint64_t size)
{
	bool freed = rcp_cell_freed(a, old_site, old_size, 1, age, temporary);
	bool counted = rcp_cell_allocated(a, site, size, 1);

	RCP_ADD(a->live, (counted ? size : 0) - (freed ? old_size : 0));
	if (__builtin_expect(a->live > RCP_LOAD(a->high), 0))
		rcp_peak_crossed(a);
	return counted;
}

#endif

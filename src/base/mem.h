/* SPDX-License-Identifier: MIT
 *
 * mem.h - memory of our own, straight from the kernel: never the program's
 * malloc.
 *
 * Everything here is counted in rcp_mem_used().  All functions may run inside
 * malloc, in any thread and in the helper; none touches errno or TLS.  What
 * fails returns NULL; the caller does without.
 */
#ifndef RCP_BASE_MEM_H
#define RCP_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of address space that we hold now, reservations not counted. */
uint64_t rcp_mem_used(void);

/* Zeroed pages; SIZE is rounded up to pages.  Kept out of core dumps, never
 * merged into huge pages. */
void *rcp_pages_new(size_t size);

/* The same for tables that grow with what is recorded.  Under a limit of memory
 * they have a share of it and no more: a quarter, but at least 8 MiB, beside
 * what was held when the limit was first seen.  The rest is the program's. */
void *rcp_pages_more(size_t size);

/* Zeroed pages as of rcp_pages_new(), at most some hundred KB, which are filled
 * one after another and never given back. */
void *rcp_slab_new(size_t size);

/* There will be many slabs: past the first 2 MiB they come from huge pages, if
 * the kernel has some, whose faults take a sixth of the time.  At most one of
 * 2 MiB and the rest of another stay unused. */
void rcp_slabs_are_many(void);

/* Only reserved: pages cost nothing until touched, are in the share but not in
 * rcp_mem_used(), and the kernel may refuse them under strict overcommit. */
void *rcp_pages_reserve(size_t size);
void rcp_pages_unreserve(void *p, size_t size);

/* The program has a limit that reservations count against: RLIMIT_AS or
 * RLIMIT_DATA.  Two system calls. */
bool rcp_mem_is_limited(void);

/* Grow (or move) a block of rcp_pages_new; the old one is intact on NULL. */
void *rcp_pages_grow(void *p, size_t old, size_t size);

void rcp_pages_free(void *p, size_t size);

/* Whole pages from P on are to be written soon: makes them resident at once, as
 * one that is read first faults twice.  A hint: the kernel may not know it. */
void rcp_pages_touch(void *p, size_t size);

/* Gives the memory back and keeps the addresses: whoever still reads there
 * finds zeros. */
void rcp_pages_forget(void *p, size_t size);

/* Small, zeroed, 16-aligned blocks that live as long as the process. */
void *rcp_arena_new(size_t size);

/* Bytes handed out by the arena: what the memory limit of the tables caps,
 * together with what rcp_arena_charge() adds for tables kept elsewhere. */
uint64_t rcp_arena_used(void);
void rcp_arena_charge(size_t size);
void rcp_arena_credit(size_t size); /* such a table was given back */

/* Fork: the child's copy of the arena's lock becomes free. */
void rcp_mem_fork_prepare(void);
void rcp_mem_fork_done(bool child);

#endif

/* SPDX-License-Identifier: MIT
 *
 * thread.h - a thread's slot: its books, its previous stack, its last
 * allocations.  Mapped at the thread's first event; adopted by a later thread
 * when its own is gone; never freed.
 */
#ifndef RCP_RECORD_THREAD_H
#define RCP_RECORD_THREAD_H

#include "account/account.h"
#include "base/tls.h"
#include "capture/capture.h"
#include "record/cascade.h"
#include "record/rate.h"
#include "record/sampler.h"

#define RCP_TEMPORARY_MAX 1000

struct rcp_thread {
	struct rcp_account account;
	uint32_t id;      /* in the profile, from 1 */
	_Atomic int tid;  /* of the thread that uses the slot; 0: nobody */
	uint32_t served;  /* threads so far */
	uint64_t start;   /* of the first; ns since start */
	uint32_t written; /* `served` as of the last THREAD record + stamp */
	uint32_t stamp;
	struct rcp_thread *next;
	struct rcp_objects *objects; /* NULL: none born or dead here */
	/* The same of the process that forked us, to be begun anew. */
	struct rcp_objects *old_objects;
	struct rcp_cascading cascading;
	/* The last blocks that this thread allocated, newest at `ring_at`. */
	uint32_t ring_at;
	void *ring[RCP_TEMPORARY_MAX];
	/* Where in the shadow the newest one stands, if that is known. */
	uint32_t *last_word;
	/* Sample mode. */
	struct rcp_sampler sampler;
	struct rcp_rate_thread rate;
	uint64_t last_countdown; /* after the newest sample of the ring */
	struct rcp_capture capture;
};

/* The calling thread's slot, made or adopted at its first event.  NULL: no
 * memory; the event goes unrecorded and is counted as dropped. */
struct rcp_thread *rcp_thread_new(struct rcp_tls *t);

/* Sample mode: T's thread draws its next gap at its next event. */
void rcp_thread_redraw(struct rcp_tls *t);

/* Number of threads seen so far. */
uint32_t rcp_thread_count(void);

/* Registers the source of THREAD records.  MAIN_NAME: of the main thread, or
 * NULL for its own. */
void rcp_thread_register(void);
void rcp_thread_main_name(const char *name);

void rcp_thread_fork_prepare(void);
void rcp_thread_fork_parent(void);
void rcp_thread_fork_child(struct rcp_tls *t);

static inline struct rcp_thread *
rcp_thread_get(struct rcp_tls *t)
{
	return t->thread ? t->thread : rcp_thread_new(t);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * mailbox.c - see mailbox.h.  One word holds both whether the helper serves
 * and what has become of the job, so that none is lost when the helper stops
 * at the same moment.  Raw system calls, no TLS.
 */
#include "emit/mailbox.h"

#include <stdatomic.h>
#include <stdint.h>

#include "base/lock.h"
#include "emit/os.h"
#include "emit/state.h"

#define OPEN 4u
#define PHASE 3u
#define ASKED 1u
#define DONE 2u
#define BACK 3u

static struct {
	struct rcp_lock lock; /* of who asks; outside all other locks */
	_Atomic uint32_t owner;
	_Atomic uint32_t word;
	struct rcp_job *job;
} box;

static void
set_phase(uint32_t phase)
{
	uint32_t word = atomic_load(&box.word);

	while (!atomic_compare_exchange_weak(&box.word, &word,
					     (word & ~PHASE) | phase))
		;
}

static bool
post(struct rcp_job *job)
{
	uint32_t word = atomic_load(&box.word);

	box.job = job;
	while (word & OPEN)
		if (atomic_compare_exchange_weak(&box.word, &word,
						 word | ASKED))
			return true;
	return false;
}

static bool
ask(struct rcp_job *job, void (*wake)(void))
{
	uint32_t word;

	if (!post(job))
		return false;
	wake();
	while (((word = atomic_load(&box.word)) & PHASE) == ASKED)
		rcp_sys_futex_wait(&box.word, word, NULL);
	set_phase(0);
	return (word & PHASE) == DONE;
}

enum rcp_answer
rcp_mailbox_ask(struct rcp_job *job, void (*wake)(void))
{
	uint32_t tid = (uint32_t)rcp_sys_gettid();
	uint64_t mask;
	bool done;

	if (atomic_load_explicit(&box.owner, memory_order_relaxed) == tid)
		return RCP_ANSWER_INSIDE;
	if (!(atomic_load(&box.word) & OPEN))
		return RCP_ANSWER_NOBODY;
	rcp_os_signals_block(RCP_OS_ALL_SIGNALS & ~RCP_OS_FAULTS, &mask);
	rcp_lock_take(&box.lock);
	atomic_store_explicit(&box.owner, tid, memory_order_relaxed);
	done = ask(job, wake);
	atomic_store_explicit(&box.owner, 0, memory_order_relaxed);
	rcp_lock_drop(&box.lock);
	rcp_os_signals_restore(&mask);
	return done ? RCP_ANSWER_DONE : RCP_ANSWER_NOBODY;
}

static void
answer(uint32_t phase)
{
	set_phase(phase);
	rcp_sys_futex_wake(&box.word, 1);
}

void
rcp_mailbox_open(void)
{
	atomic_fetch_or(&box.word, OPEN);
}

void
rcp_mailbox_serve(void)
{
	uint64_t mask;

	if ((atomic_load(&box.word) & PHASE) != ASKED)
		return;
	if (!rcp_emit_hold(&mask, true)) {
		answer(BACK);
		return;
	}
	box.job->run(box.job);
	rcp_emit_release(&mask);
	answer(DONE);
}

void
rcp_mailbox_close(void)
{
	if ((atomic_fetch_and(&box.word, ~OPEN) & PHASE) == ASKED)
		answer(BACK);
}

void
rcp_mailbox_fork_child(void)
{
	rcp_lock_reset(&box.lock);
	atomic_store(&box.owner, 0);
	atomic_store(&box.word, 0);
}

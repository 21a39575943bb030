/* SPDX-License-Identifier: MIT
 *
 * helper.c - a thread of the program that the program does not notice: see
 * doc/INTERNALS.md section 4 for why, doc/MEASUREMENTS.md for what was tried.
 *
 * It is made by raw clone() inside the thread group, so the kernel and the
 * debugger see a thread while glibc does not.  It runs on the TLS of the
 * thread that started it (no errno, no __thread, no libc call that may touch
 * them) and has all signals blocked.  It takes the emit lock and what lies
 * below it, nothing else.  Its table of descriptors is its own (table.h).
 */
#include "emit/helper.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/mem.h"
#include "emit/helper_arch.h"
#include "emit/mailbox.h"
#include "emit/os.h"
#include "emit/process.h"
#include "emit/rss.h"
#include "emit/state.h"
#include "emit/table.h"

#define STACK (64ul << 10)
#define GUARD 4096ul
#define REST 100000000u /* ns from a thaw to the next start */
#define REFUSALS 3      /* of clone(): then do without */

#define WAKE_GROWN 1u
#define WAKE_STOP 2u
#define WAKE_ASKED 4u

#define SETTLING 10000000u /* ns that its start is waited for at most */

static struct {
	/* Starting and stopping: one at a time.  Outside the emit lock. */
	struct rcp_lock lock;
	uint64_t mask; /* signals of the thread that holds it, while frozen */
	char *stack;
	_Atomic unsigned refusals;
	_Atomic uint64_t not_before;
	/* The thread's id; the kernel clears it and wakes us at its end. */
	_Atomic uint32_t tid;
	_Atomic uint32_t word; /* WAKE_* bits; what the helper sleeps on */
	_Atomic uint32_t settled; /* it has left the program's table, or not */
	bool copies; /* start it with a copy: close_range() was refused */
} helper;

bool
rcp_helper_is_running(void)
{
	return atomic_load_explicit(&helper.tid, memory_order_acquire) != 0;
}

bool
rcp_helper_is(uint32_t tid)
{
	return atomic_load_explicit(&helper.tid, memory_order_acquire) == tid;
}

static void
nap(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000u),
			       (long)(ns % 1000000000u) };

	if (atomic_load_explicit(&helper.word, memory_order_acquire) == 0)
		rcp_sys_futex_wait(&helper.word, 0, &ts);
}

/* The program's last thread has left by a raw exit(2): the process ends when
 * we do.  (glibc's own ways out end all threads.) */
static bool
is_alone(void)
{
	/* The first thread is counted until its parent has waited for it. */
	return rcp_rss_main_is_gone() && rcp_process_threads() == 2;
}

/* Out of the program's table, before all else.  The thread that has started
 * us waits for it: until then we hold copies of what the program may be about
 * to close. */
static bool
settle(void)
{
	bool done = rcp_fd_leave(helper.copies);

	if (!done && helper.copies)
		atomic_store(&helper.refusals, REFUSALS);
	else if (!done)
		helper.copies = true;
	atomic_store(&helper.settled, 1);
	rcp_sys_futex_wake(&helper.settled, 1);
	return done;
}

/* Its result counts where it is the last to go, and then has to be that of
 * the thread that meant to be the last. */
static int
serve(void)
{
	while (rcp_emit_is_on()) {
		uint32_t word = atomic_exchange(&helper.word, 0);
		uint64_t now, due;

		if (word & WAKE_STOP)
			break;
		if (rcp_emit.beat)
			rcp_emit.beat();
		rcp_mailbox_serve();
		due = rcp_emit_work(rcp_clock_now(), word & WAKE_GROWN,
				    true);
		if (is_alone())
			return rcp_process_exit_status();
		now = rcp_clock_now();
		if (due > now)
			nap(due - now);
	}
	return 0;
}

static int
run(void)
{
	int result = 0;

	RCP_SYS6(SYS_prctl, PR_SET_NAME, "rcprof", 0, 0, 0, 0);
	if (settle())
		result = serve();
	rcp_mailbox_close();
	return result;
}

static bool
make_stack(void)
{
	if (helper.stack)
		return true;
	helper.stack = rcp_pages_new(STACK + GUARD);
	if (helper.stack)
		RCP_SYS3(SYS_mprotect, helper.stack, GUARD, PROT_NONE);
	return helper.stack != NULL;
}

static void
wait_until_settled(void)
{
	uint64_t now = rcp_clock_now(), end = now + SETTLING;

	for (; now < end && !atomic_load(&helper.settled);
	     now = rcp_clock_now()) {
		struct timespec ts = { 0, (long)(end - now) };

		rcp_sys_futex_wait(&helper.settled, 0, &ts);
	}
}

/* With the lock and no helper. */
static void
start(void)
{
	unsigned long flags = CLONE_VM | CLONE_FS | CLONE_SIGHAND |
			      CLONE_THREAD | CLONE_SYSVSEM |
			      CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	uint64_t mask;

	if (!make_stack()) {
		atomic_store(&helper.refusals, REFUSALS);
		return;
	}
	if (!helper.copies)
		flags |= CLONE_FILES;
	atomic_store(&helper.word, 0);
	atomic_store(&helper.settled, 0);
	rcp_mailbox_open();
	rcp_os_signals_block(RCP_OS_ALL_SIGNALS, &mask);
	if (rcp_helper_clone(flags, helper.stack + STACK + GUARD,
			     &helper.tid, run) < 0) {
		rcp_mailbox_close();
		atomic_fetch_add(&helper.refusals, 1);
	} else {
		wait_until_settled();
	}
	rcp_os_signals_restore(&mask);
}

static bool
may_start(uint64_t now)
{
	return !rcp_helper_is_running() && rcp_emit_is_on() &&
	       rcp_emit.options.mode != RCP_MODE_IDLE &&
	       atomic_load(&helper.refusals) < REFUSALS &&
	       now >= atomic_load_explicit(&helper.not_before,
					   memory_order_relaxed);
}

void
rcp_helper_try_start(uint64_t now)
{
	uint64_t mask;

	/* In a vfork child, and in a process that was forked behind our back,
	 * the helper is not ours to start. */
	if (!may_start(now) || rcp_sys_getpid() != (long)rcp_emit.pid)
		return;
	rcp_os_signals_block(RCP_OS_ALL_SIGNALS & ~RCP_OS_FAULTS, &mask);
	if (rcp_lock_try(&helper.lock)) {
		if (may_start(now))
			start();
		rcp_lock_drop(&helper.lock);
	}
	rcp_os_signals_restore(&mask);
}

void
rcp_emit_helper_start(void)
{
	rcp_helper_try_start(rcp_clock_now());
}

static void
wake(uint32_t why)
{
	if (!(atomic_fetch_or(&helper.word, why) & why))
		rcp_sys_futex_wake(&helper.word, 1);
}

bool
rcp_helper_is_wanted(void)
{
	return rcp_emit.by_helper &&
	       atomic_load_explicit(&helper.word, memory_order_relaxed) &
		       (WAKE_STOP | WAKE_ASKED);
}

void
rcp_helper_wake(void)
{
	wake(WAKE_GROWN);
}

void
rcp_helper_wake_asked(void)
{
	wake(WAKE_ASKED);
}

/* The kernel says that the thread is over a little before it has taken it out
 * of the group, which is what unshare() and readers of /proc look at. */
static void
wait_until_reaped(uint32_t tid)
{
	struct timespec ts = { 0, 50000 };

	for (int i = 0; i < 1000; i++) {
		if (RCP_SYS3(SYS_tgkill, rcp_emit.pid, tid, 0) == -ESRCH)
			return;
		if (i < 20)
			RCP_SYS0(SYS_sched_yield);
		else
			RCP_SYS2(SYS_nanosleep, &ts, NULL);
	}
}

static void
stop(void)
{
	uint32_t tid = atomic_load(&helper.tid), left;

	if (tid == 0)
		return;
	wake(WAKE_STOP);
	/* The kernel's wake-up is not a private one, so neither is the wait. */
	while ((left = atomic_load(&helper.tid)) != 0)
		RCP_SYS4(SYS_futex, &helper.tid, 0 /* WAIT */, left, NULL);
	wait_until_reaped(tid);
}

void
rcp_helper_freeze(void)
{
	uint64_t mask;

	rcp_os_signals_block(RCP_OS_ALL_SIGNALS & ~RCP_OS_FAULTS, &mask);
	rcp_lock_take(&helper.lock);
	helper.mask = mask;
	stop();
}

void
rcp_helper_thaw(void)
{
	uint64_t mask = helper.mask;

	atomic_store_explicit(&helper.not_before, rcp_clock_now() + REST,
			      memory_order_relaxed);
	rcp_lock_drop(&helper.lock);
	rcp_os_signals_restore(&mask);
}

void
rcp_emit_helper_stop(void)
{
	if (rcp_sys_getpid() != (long)rcp_emit.pid)
		return;
	rcp_helper_freeze();
	rcp_helper_thaw();
}

void
rcp_helper_fork_child(bool frozen)
{
	uint64_t mask = helper.mask;

	rcp_lock_reset(&helper.lock);
	rcp_mailbox_fork_child();
	atomic_store(&helper.tid, 0);
	atomic_store(&helper.word, 0);
	atomic_store(&helper.refusals, 0);
	atomic_store(&helper.not_before, rcp_clock_now() + REST);
	if (frozen)
		rcp_os_signals_restore(&mask);
}

/* SPDX-License-Identifier: MIT
 *
 * fork.c - fork seen from all stages at once.  Lock order: section 6 of
 * doc/INTERNALS.md.
 *
 * Our handlers are registered first, so prepare runs last and the others
 * first: what other handlers allocate is recorded as ever, and between ours
 * there is only the fork.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "account/account.h"
#include "account/live.h"
#include "account/objects.h"
#include "account/regions.h"
#include "account/samples.h"
#include "base/mem.h"
#include "base/sys.h"
#include "capture/capture.h"
#include "emit/emit.h"
#include "interpose/interpose.h"
#include "preload/life.h"
#include "record/rate.h"
#include "record/thread.h"

/* A page that the kernel wipes in a child: tells one that no handler saw. */
static volatile uint32_t *not_forked;

static void
prepare(void)
{
	rcp_tls.guard++;
	rcp_emit_fork_prepare();
	rcp_thread_fork_prepare();
	rcp_account_fork_prepare();
	rcp_objects_fork_prepare();
	rcp_capture_fork_prepare();
	rcp_live_fork_prepare();
	rcp_samples_fork_prepare();
	rcp_regions_fork_prepare();
	rcp_mem_fork_prepare();
}

static void
parent(void)
{
	rcp_mem_fork_done(false);
	rcp_regions_fork_done(false);
	rcp_samples_fork_done(false);
	rcp_live_fork_done(false);
	rcp_sampler_fork_parent();
	rcp_capture_fork_done(false);
	rcp_objects_fork_done(false);
	rcp_account_fork_parent();
	rcp_thread_fork_parent();
	rcp_emit_fork_parent();
	rcp_tls.guard--;
}

static void
become_child(void)
{
	rcp_life.pid = rcp_sys_getpid();
	rcp_life.is_root = false;
	rcp_mem_fork_done(true);
	rcp_regions_fork_done(true);
	rcp_samples_fork_done(true);
	rcp_live_fork_done(true);
	rcp_sampler_fork_child();
	rcp_capture_fork_done(true);
	rcp_objects_fork_done(true);
	rcp_thread_fork_child(&rcp_tls);
	rcp_emit_fork_child();
	rcp_rate_fork_child();
	if (rcp_life.options.follow == RCP_FOLLOW_NONE) {
		rcp_life.followed = false;
		rcp_life_off();
	}
	if (not_forked)
		*not_forked = 1;
}

static void
child(void)
{
	become_child();
	rcp_tls.guard--;
}

void
rcp_fork_check(void)
{
	if (not_forked && !*not_forked && rcp_sys_getpid() != rcp_life.pid)
		become_child();
}

/* See life.c. */
int __register_atfork(void (*prepare)(void), void (*parent)(void),
		      void (*child)(void), void *dso) __attribute__((weak));
extern void *__dso_handle;

bool
rcp_fork_possible(void)
{
	return __register_atfork != NULL;
}

void
rcp_fork_setup(void)
{
	long p = rcp_sys_mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p > 0 || p < -4095) {
		not_forked = (volatile uint32_t *)p;
		*not_forked = 1;
		if (rcp_sys_madvise((void *)p, 4096, MADV_WIPEONFORK) < 0)
			not_forked = NULL;
	}
	rcp_boot_enter();
	__register_atfork(prepare, parent, child, &__dso_handle);
	rcp_boot_leave();
}

/* SPDX-License-Identifier: MIT
 *
 * life.c - start and end of the preload in a process, and the functions that
 * a program may call.
 */
#include "preload/life.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sys.h"
#include "capture/capture.h"
#include "emit/emit.h"
#include "interpose/interpose.h"
#include "python/python.h"
#include "rcprof/rcprof.h"
#include "record/object.h"
#include "record/settings.h"

struct rcp_life rcp_life;

bool
rcp_life_is_me(void)
{
	return rcp_sys_getpid() == rcp_life.pid;
}

bool
rcp_life_guarded(void (*body)(void *arg), void *arg)
{
	struct rcp_tls *t = &rcp_tls;
	int saved = errno;

	if (t->guard || !rcp_life.followed || rcp_life.ended)
		return false;
	t->guard = 1;
	body(arg);
	rcp_leave(t);
	errno = saved;
	return true;
}

void
rcp_life_off(void)
{
	__atomic_store_n(&rcp_record_settings.plain, false, __ATOMIC_RELAXED);
	__atomic_store_n(&rcp_object_special.is.off, true, __ATOMIC_RELAXED);
	atomic_store(&rcp_state, RCP_STATE_OFF);
}

/* --- start --------------------------------------------------------------- */

static bool
is_followed(bool python)
{
	if (rcp_life.is_root)
		return true;
	return rcp_life.options.follow == RCP_FOLLOW_ALL ||
	       (rcp_life.options.follow == RCP_FOLLOW_PYTHON && python);
}

static void
on_signal(int number)
{
	(void)number;
	rcp_emit_ask();
}

/* --signal: only where the program leaves the signal alone. */
static void
watch_signal(int number)
{
	struct sigaction old, ours = { .sa_handler = on_signal,
				       .sa_flags = SA_RESTART };

	if (number && sigaction(number, NULL, &old) == 0 &&
	    old.sa_handler == SIG_DFL && !(old.sa_flags & SA_SIGINFO))
		sigaction(number, &ours, NULL);
}

/* Recording begins, if this process is one of those to follow. */
static void
begin(void)
{
	rcp_life.followed = is_followed(rcp_py_found());
	if (!rcp_life.followed || rcp_life.options.mode == RCP_MODE_IDLE) {
		rcp_life_off();
		return;
	}
	rcp_allocators_start();
	rcp_record_settings.plain = !rcp_record_settings.special;
	rcp_object_special.is.off = false;
	atomic_store(&rcp_state, RCP_STATE_ON);
	watch_signal(rcp_life.options.signal);
	rcp_emit_helper_start();
}

static void
at_quick_end(void *unused)
{
	(void)unused;
	rcp_life_end(RCP_END_EXIT, 0);
}

/* The symbols behind pthread_atfork() and at_quick_exit(): weak, so that we
 * load, and do nothing, where libc is another (a program of musl). */
int __cxa_at_quick_exit(void (*function)(void *), void *dso)
	__attribute__((weak));
extern void *__dso_handle;

static void
set_up(void)
{
	struct rcp_str program = RCP_STR(rcp_life.program);

	rcp_life.pid = rcp_sys_getpid();
	if (!rcp_fork_possible() || !__cxa_at_quick_exit) {
		rcp_life_off();
		return;
	}
	rcp_settings_read(&rcp_life.options);
	rcp_settings_root(&rcp_life);
	rcp_program_name(&program, &rcp_life.is_python);
	if (!rcp_wiring_setup()) {
		if (rcp_life.is_root)
			rcp_settings_complain("no memory for its tables",
					      "recording is off");
		rcp_life_off();
		return;
	}
	rcp_wiring_python(NULL);
	rcp_fork_setup();
	rcp_boot_enter();
	(void)__cxa_at_quick_exit(at_quick_end, &__dso_handle);
	rcp_boot_leave();
	begin();
}

void
rcp_life_start(void)
{
	struct rcp_tls *t = &rcp_tls;
	int fresh = RCP_STATE_NEW, saved = errno;

	/* Before libc has its environment there is nothing to start with. */
	if (!environ ||
	    !atomic_compare_exchange_strong(&rcp_state, &fresh,
					    RCP_STATE_SETUP))
		return;
	rcp_next_resolve();
	t->guard++;
	set_up();
	t->guard--;
	errno = saved;
}

__attribute__((constructor)) static void
constructor(void)
{
	rcp_life_start();
}

/* --- end ----------------------------------------------------------------- */

struct ending {
	int reason, status;
};

static void
write_end(void *arg)
{
	const struct ending *e = arg;

	rcp_life_off();
	rcp_emit_end((enum rcp_end)e->reason, e->status);
	rcp_life.ended = true;
}

void
rcp_life_end(int reason, int status)
{
	struct ending e = { reason, status };

	if (rcp_life_is_me())
		rcp_life_guarded(write_end, &e);
}

__attribute__((destructor)) static void
destructor(void)
{
	rcp_life_end(RCP_END_EXIT, 0);
}

/* --- events of interpose -------------------------------------------------- */

static void
exiting(int status)
{
	rcp_fork_check();
	rcp_life_end(RCP_END_EXIT, status);
}

static void
write_exec(void *path)
{
	rcp_emit_exec(path);
}

static void
exec_begin(const char *path)
{
	if (rcp_life_is_me() && rcp_emit_is_open())
		rcp_life_guarded(write_exec, (void *)(uintptr_t)path);
}

static void
write_exec_failed(void *error)
{
	rcp_emit_exec_failed(*(int *)error);
}

static void
exec_failed(int error)
{
	if (rcp_life_is_me() && rcp_emit_is_open())
		rcp_life_guarded(write_exec_failed, &error);
}

static void
look_at_library(void *handle)
{
	bool found = rcp_py_found();

	rcp_wiring_python(handle);
	/* A process that was not followed has turned out to be Python. */
	if (!found && rcp_py_found() && !rcp_life.followed)
		begin();
}

static void
loaded(void *handle)
{
	struct rcp_tls *t = &rcp_tls;
	int saved = errno;

	if (t->guard || atomic_load(&rcp_state) < RCP_STATE_OFF)
		return;
	t->guard = 1;
	if (!rcp_py_found())
		look_at_library(handle);
	if (rcp_life.followed)
		rcp_allocators_loaded(handle);
	rcp_leave(t);
	errno = saved;
}

static void
note_deep(void *path)
{
	rcp_allocators_deep(path);
}

static void
deep_bound(const char *path)
{
	rcp_life_guarded(note_deep, (void *)(uintptr_t)path);
}

static void
change_begin(void *arg)
{
	(void)arg;
	rcp_emit_identity_begin();
}

static void
identity_begin(void)
{
	if (rcp_life_is_me())
		rcp_life_guarded(change_begin, NULL);
}

static void
change_end(void *arg)
{
	(void)arg;
	rcp_emit_identity_end();
}

/* A later tick starts the helper again, with the new identity. */
static void
identity_end(void)
{
	if (rcp_life_is_me())
		rcp_life_guarded(change_end, NULL);
}

const struct rcp_interpose_events rcp_interpose_events = {
	.start = rcp_life_start,
	.exiting = exiting,
	.exec_begin = exec_begin,
	.exec_failed = exec_failed,
	.loaded = loaded,
	.deep_bound = deep_bound,
	.unloading = rcp_capture_unloading,
	.unloaded = rcp_capture_unloaded,
	.identity_begin = identity_begin,
	.identity_end = identity_end,
};

/* --- what the program may call --------------------------------------------- */

static void
do_mark(void *text)
{
	rcp_emit_event(RCP_EVENT_MARK, text);
	rcp_emit_snapshot(RCP_SNAP_MARK);
}

RCP_EXPORT void
rcprof_mark(const char *text)
{
	rcp_life_guarded(do_mark, (void *)(uintptr_t)(text ? text : ""));
}

static void
do_snapshot(void *unused)
{
	(void)unused;
	rcp_emit_snapshot(RCP_SNAP_REQUEST);
}

RCP_EXPORT void
rcprof_snapshot(void)
{
	rcp_life_guarded(do_snapshot, NULL);
}

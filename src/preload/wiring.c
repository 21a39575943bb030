/* SPDX-License-Identifier: MIT
 *
 * wiring.c - connects the stages: drain sources, callbacks, settings.
 */
#include "account/account.h"
#include "account/chunks.h"
#include "account/live.h"
#include "account/objects.h"
#include "account/variance.h"
#include "base/mem.h"
#include "base/clock.h"
#include "base/sys.h"
#include "capture/capture.h"
#include "emit/emit.h"
#include "emit/sink.h"
#include "interpose/interpose.h"
#include "preload/life.h"
#include "pyhooks/pyhooks.h"
#include "python/python.h"
#include "record/rate.h"
#include "record/object.h"
#include "record/record.h"
#include "record/settings.h"
#include "record/thread.h"
#include "record/tick.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Reservations of address space are refused or counted: no shadow then. */
static bool
address_space_is_free(void)
{
	char text[4] = "";
	long fd;

	if (rcp_mem_is_limited())
		return false;
	fd = rcp_sys_open("/proc/sys/vm/overcommit_memory",
			  O_RDONLY | O_CLOEXEC, 0);
	if (fd >= 0) {
		rcp_sys_read((int)fd, text, 1);
		rcp_sys_close((int)fd);
	}
	return text[0] != '2';
}

/* Is a block of malloc's what chunks.h takes it for?  Not to be tried: the
 * program's allocator gets the program's calls only. */
static bool
malloc_is_glibcs(void)
{
	static const char libc[] = "libc.so.6";
	const char *name;
	Dl_info info;
	bool is = false;

	rcp_boot_enter();
	if (dladdr((const void *)(uintptr_t)rcp_next.malloc, &info) &&
	    info.dli_fname) {
		name = strrchr(info.dli_fname, '/');
		is = strcmp(name ? name + 1 : info.dli_fname, libc) == 0;
	}
	rcp_boot_leave();
	return is;
}

/* From the helper, ten times a second or so. */
static int64_t
live_bytes(void)
{
	rcp_tick_heartbeat();
	return rcp_live_sum();
}

static void
on_tick(uint64_t now)
{
	rcp_fork_check();
	rcp_emit_tick(now);
	rcp_pyhooks_poll();
}

/* From the helper at each wake-up: no TLS. */
static void
beat(void)
{
	rcp_rate_beat(rcp_clock_now());
}

/* ns of the whole process; 0 where the kernel refuses. */
static uint64_t
cpu_time(void)
{
	struct timespec ts = { 0, 0 };

	RCP_SYS2(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void
drain_rate(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	(void)snap;
	rcp_sink_total(sink, RCP_TOTAL_SAMPLE_CPU, rcp_rate_cpu());
	rcp_sink_total(sink, RCP_TOTAL_CPU, cpu_time());
}

static struct rcp_source rate_source = { .name = "rate",
					 .drain = drain_rate };

/* Sample mode.  Until an interpreter that is there has been seen to be up, the
 * hooks must come by often enough to see it. */
#define WATCH (8u << 10)

static void
set_up_sampling(const struct rcp_options *o)
{
	struct rcp_rate_setup setup = {
		.mean = o->rate,
		.budget = o->budget,
		.memory_limit = o->memory_limit,
		.cpu_time = cpu_time,
		.memory_used = rcp_mem_used,
		.changed = rcp_emit_event_rate,
	};
	uint64_t seed = o->seed;

	if (!o->has_seed &&
	    RCP_SYS3(SYS_getrandom, &seed, sizeof(seed), 0) < 0)
		seed = rcp_clock_start_wall() ^ (uint64_t)rcp_life.pid;
	rcp_sampler_seed(seed);
	rcp_rate_setup(&setup);
	rcp_variance_register();
	rcp_emit_register(&rate_source);
	rcp_capture_few();
	rcp_record_settings.sampling = true;
	rcp_record_settings.special = true;
}

static void
tell_age_unit(void)
{
	char text[24];
	struct rcp_str s = RCP_STR(text);

	rcp_str_u64(&s, RCP_AGE_UNIT_NS);
	rcp_emit_info(RCP_INFO_MODEL_AGE_NS, text);
}

static void
python_ready(void)
{
	rcp_emit_info(RCP_INFO_PYTHON, rcp_py_version());
	rcp_thread_main_name("MainThread");
	rcp_record_settings.watch = 0;
	rcp_emit_event(RCP_EVENT_PYTHON_READY, NULL);
	rcp_emit_open();
}

/* The interpreter is about to tear itself down.  Where it is the program, this
 * is the end of the profile: what the teardown frees says nothing. */
static void
python_end(void)
{
	rcp_emit_event(RCP_EVENT_PYTHON_END, NULL);
	rcp_emit_snapshot(RCP_SNAP_END_PYTHON);
	rcp_py_finalizing();
}

static void
python_down(void)
{
	if (rcp_life.is_python)
		rcp_life_off();
}

static const struct rcp_pyhooks_events pyhooks_events = {
	.ready = python_ready,
	.end = python_end,
	.down = python_down,
	.coverage = rcp_emit_coverage,
};

void
rcp_wiring_python(void *handle)
{
	bool found;

	rcp_boot_enter();
	found = rcp_py_discover(handle);
	rcp_boot_leave();
	if (!found)
		return;
	rcp_record_settings.watch = WATCH;
	rcp_thread_redraw(&rcp_tls);
	rcp_pyhooks_install(&pyhooks_events);
}

/* Totals that capture keeps. */
static void
drain_capture(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	(void)snap;
	rcp_sink_total(sink, RCP_TOTAL_SITES_TRUNCATED,
		       rcp_capture_truncated());
	rcp_sink_total(sink, RCP_TOTAL_BAD_FRAMES, rcp_capture_bad_frames());
}

static struct rcp_source capture_source = { .name = "capture",
					    .drain = drain_capture };

static void
fault(const char *why)
{
	(void)why;
	rcp_life_off();
}

/* The word for the profile. */
static const char *
set_up_native(enum rcp_when when, bool sampling)
{
	if (when == RCP_WHEN_AUTO)
		when = rcp_life.is_python && !sampling ? RCP_WHEN_OFF :
							 RCP_WHEN_ON;
	return when == RCP_WHEN_ON && rcp_capture_native_setup() ? "on" :
								     "one";
}

/* In exact mode births and deaths cost as much again as allocations, and have
 * as many sites: only when they are asked for. */
static bool
watches_objects(const struct rcp_options *o)
{
	return o->objects == RCP_WHEN_ON || (o->objects == RCP_WHEN_AUTO &&
					     o->mode == RCP_MODE_SAMPLE);
}

bool
rcp_wiring_setup(void)
{
	const struct rcp_options *o = &rcp_life.options;
	uint64_t limit = o->memory_limit;
	bool is_free = address_space_is_free();
	struct rcp_emit_setup setup = {
		.options = o,
		.output = rcp_life.output,
		.program = rcp_life.program,
		.is_root = rcp_life.is_root,
		.root_pid = rcp_life.root_pid,
		.root_start = rcp_life.root_start,
		.live_bytes = live_bytes,
		.beat = o->mode == RCP_MODE_SAMPLE ? beat : NULL,
		/* `rcprof run` sets it to 0 unless told otherwise. */
		.say_end = !o->quiet && rcp_settings_env("RCPROF_QUIET"),
		.is_python = rcp_life.is_python,
	};

	/* What is known of objects takes nothing from what is known of memory;
	 * without the shadow nothing is. */
	if (watches_objects(o) && o->mode != RCP_MODE_SAMPLE && is_free)
		limit += rcp_objects_most(limit);
	rcp_clock_init();
	rcp_record_settings.temporary = (uint32_t)o->temporary;
	if (o->temporary != 1)
		rcp_record_settings.special = true;
	rcp_record_settings.on_tick = on_tick;
	if (!rcp_live_setup(is_free) ||
	    !rcp_capture_setup(limit) || !rcp_account_setup(limit))
		return false;
	/* An interpreter's objects are to be found in one table. */
	if (o->mode != RCP_MODE_SAMPLE && !rcp_life.is_python &&
	    malloc_is_glibcs())
		rcp_chunks_setup();
	rcp_emit_init(&setup);
	rcp_emit_on_fault(fault);
	rcp_emit_on_summary(rcp_summary);
	rcp_thread_register();
	if (watches_objects(o)) {
		if (o->mode != RCP_MODE_SAMPLE)
			rcp_slabs_are_many();
		rcp_objects_setup(o->memory_limit,
				  o->mode == RCP_MODE_SAMPLE);
		rcp_record_objects(rcp_py_collecting_here);
	}
	if (o->mode == RCP_MODE_SAMPLE)
		set_up_sampling(o);
	rcp_account_register(rcp_capture_define);
	rcp_emit_register(&capture_source);
	rcp_emit_info(RCP_INFO_NATIVE,
		      set_up_native(o->native, o->mode == RCP_MODE_SAMPLE));
	tell_age_unit();
	return true;
}

/* SPDX-License-Identifier: MIT
 *
 * thread.c - the registry of slots.  Reached once for each thread; runs
 * inside malloc.
 *
 * There is no destructor: frees come after a thread's destructors have run,
 * and a TSD key would be seen by the program.  A slot is free when the kernel
 * no longer knows its tid.  Each registration asks for a few slots only, so
 * its cost does not grow with the number of threads; since it asks for more
 * than the one slot it takes, dead slots do not pile up.
 */
#include "record/thread.h"

#include "base/clock.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/sys.h"
#include "emit/emit.h"
#include "emit/sink.h"

#define ASK_AT_ONCE 4

static struct rcp_lock lock = RCP_LOCK_INIT;
static struct rcp_thread *_Atomic threads;
static struct rcp_thread *hand; /* of the clock that looks for dead slots */
static uint32_t slots, served;
static const char *main_name;
static uint64_t names; /* written so far; the emit lock's */

static bool
is_dead(struct rcp_thread *th)
{
	int tid = atomic_load(&th->tid);

	return tid == 0 ||
	       RCP_SYS3(SYS_tgkill, rcp_sys_getpid(), tid, 0) == -3 /* ESRCH */;
}

/* A slot whose thread is gone, or NULL.  The lock is held. */
static struct rcp_thread *
find_dead(void)
{
	for (int i = 0; i < ASK_AT_ONCE; i++) {
		struct rcp_thread *th = hand ? hand : atomic_load(&threads);

		if (!th)
			return NULL;
		hand = th->next;
		if (is_dead(th))
			return th;
	}
	return NULL;
}

static struct rcp_thread *
new_slot(void)
{
	struct rcp_thread *th = rcp_pages_new(sizeof(*th));

	if (!th)
		return NULL;
	th->id = ++slots;
	rcp_account_init(&th->account, th->id);
	th->start = rcp_clock_coarse();
	th->next = atomic_load(&threads);
	atomic_store_explicit(&threads, th, memory_order_release);
	return th;
}

struct rcp_thread *
rcp_thread_new(struct rcp_tls *t)
{
	struct rcp_thread *th;

	rcp_lock_take(&lock);
	th = find_dead();
	if (!th)
		th = new_slot();
	if (th) {
		atomic_store(&th->tid, (int)rcp_sys_gettid());
		th->served++;
		served++;
		th->ring_at = 0;
		for (int i = 0; i < RCP_TEMPORARY_MAX && th->ring[i]; i++)
			th->ring[i] = NULL;
		rcp_capture_begin(&th->capture);
		t->thread = th;
		t->tick = 0;
		rcp_sampler_start(&th->sampler);
	} else {
		rcp_count(RCP_COUNT_DROPPED, 1);
	}
	rcp_lock_drop(&lock);
	return th;
}

void
rcp_thread_redraw(struct rcp_tls *t)
{
	t->countdown = 0;
	if (t->thread)
		t->thread->sampler.mean = 0;
}

uint32_t
rcp_thread_count(void)
{
	return __atomic_load_n(&served, __ATOMIC_RELAXED);
}

void
rcp_thread_main_name(const char *name)
{
	struct rcp_thread *th = atomic_load(&threads);

	main_name = name;
	/* What was written under another name is written again. */
	for (; th; th = th->next)
		th->stamp = 0;
}

/* The kernel's name of a thread (PR_SET_NAME), without the newline. */
static size_t
read_comm(int tid, char *out, size_t cap)
{
	char path[64];
	struct rcp_str s = RCP_STR(path);
	long fd, n;

	rcp_str_add(&s, "/proc/self/task/");
	rcp_str_u64(&s, (uint64_t)tid);
	rcp_str_add(&s, "/comm");
	fd = rcp_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	n = rcp_sys_read((int)fd, out, cap);
	rcp_sys_close((int)fd);
	return n > 0 ? (size_t)n - (out[n - 1] == '\n') : 0;
}

static void
name_of(const struct rcp_thread *th, int tid, struct rcp_str *name)
{
	char comm[32];
	size_t n;

	if (tid == rcp_sys_getpid() && main_name) {
		rcp_str_add(name, main_name);
		return;
	}
	n = tid ? read_comm(tid, comm, sizeof(comm)) : 0;
	rcp_str_bytes(name, comm, n);
	if (th->served > 1) {
		rcp_str_add(name, " and ");
		rcp_str_u64(name, th->served - 1);
		rcp_str_add(name, " before it");
	}
}

/* The books of a thread that is gone: nobody else packs them.  The lock keeps
 * a new thread from adopting the slot meanwhile. */
static void
rest(struct rcp_thread *th)
{
	if (!RCP_LOAD(th->account.open) || !is_dead(th))
		return;
	rcp_lock_take(&lock);
	if (is_dead(th))
		rcp_account_rest(&th->account);
	rcp_lock_drop(&lock);
}

static void
drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	struct rcp_thread *th = atomic_load(&threads);
	char text[64];

	for (; th; th = th->next) {
		struct rcp_str name = RCP_STR(text);
		int tid = atomic_load(&th->tid);
		struct rcp_buf *b;

		rest(th);
		if (th->stamp == snap->file_generation &&
		    th->written == th->served)
			continue;
		th->stamp = snap->file_generation;
		th->written = th->served;
		name_of(th, tid, &name);
		/* Names are strings of their own, numbered far above the
		 * interned ones; a new name is a new string. */
		b = rcp_sink_record(sink, RCP_CHUNK_STRING);
		rcp_buf_uv(b, RCP_STRING_THREADS + ++names);
		rcp_buf_str(b, name.buf, name.len);
		b = rcp_sink_record(sink, RCP_CHUNK_THREAD);
		rcp_buf_uv(b, th->id);
		rcp_buf_uv(b, (uint64_t)tid);
		rcp_buf_uv(b, RCP_STRING_THREADS + names);
		rcp_buf_uv(b, th->start);
		rcp_buf_uv(b, th->served);
	}
	rcp_sink_total(sink, RCP_TOTAL_THREADS, rcp_thread_count());
}

static struct rcp_source source = { .name = "threads", .drain = drain };

void
rcp_thread_register(void)
{
	rcp_emit_register(&source);
}

void
rcp_thread_fork_prepare(void)
{
	rcp_lock_take(&lock);
}

void
rcp_thread_fork_parent(void)
{
	rcp_lock_drop(&lock);
}

void
rcp_thread_fork_child(struct rcp_tls *t)
{
	struct rcp_thread *th = atomic_load(&threads);

	rcp_lock_reset(&lock);
	for (; th; th = th->next) {
		atomic_store(&th->tid, 0);
		th->served = 0;
		th->start = 0;
		if (th->objects)
			th->old_objects = th->objects;
		th->objects = NULL;
	}
	served = 0;
	if (t->thread) {
		atomic_store(&t->thread->tid, (int)rcp_sys_gettid());
		rcp_sampler_start(&t->thread->sampler);
		rcp_thread_redraw(t);
		t->thread->served = 1;
		served = 1;
	}
	rcp_account_fork_child(t->thread ? &t->thread->account : NULL);
}

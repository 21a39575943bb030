/* SPDX-License-Identifier: MIT
 *
 * emit.h - snapshots: when they are taken, what they are made of, where they
 * go.  Each stage registers a source to drain; emit knows none of them.
 *
 * A snapshot is taken by the helper; where there is none, by the thread that
 * asks (a mark, the end, a slow path).  One at a time under the emit lock.  Everything on the way
 * uses raw system calls and no TLS, since the helper borrows another
 * thread's; at most 4 KiB of stack.  A thread of the program that calls in
 * has its guard taken.
 */
#ifndef RCP_EMIT_EMIT_H
#define RCP_EMIT_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"
#include "rcprof/format.h"

struct rcp_sink; /* emit/sink.h: rcp_sink_record(sink, chunk type) -> buffer */

/* The snapshot that is being written. */
struct rcp_snap {
	uint64_t seq;
	uint64_t time; /* ns since start */
	bool keyframe; /* write absolute values of all cells */
	enum rcp_snap_reason reason;
	/* Grows when definitions must be written anew: in a forked child's own
	 * file, and after a snapshot was lost.  A source compares it with the
	 * stamp of each definition. */
	uint32_t file_generation;
};

/* One stage's part in a snapshot.  Sources are drained in the order of
 * registration.  All calls are made under the emit lock. */
struct rcp_source {
	const char *name;
	/* Append records (cells, definitions, totals) to the sink; a
	 * definition before the first record that names it. */
	void (*drain)(struct rcp_sink *sink, const struct rcp_snap *snap);
	/* The snapshot is in the file (true), or was dropped (false): then the
	 * next one is a keyframe with a new file generation.  May be NULL. */
	void (*settled)(bool written);
	struct rcp_source *next; /* emit's */
};
void rcp_emit_register(struct rcp_source *source);

/* --- life ------------------------------------------------------------- */

/* What emit has to know of the process.  Strings are copied. */
struct rcp_emit_setup {
	const struct rcp_options *options;
	const char *output;  /* absolute template, %-fields not yet replaced */
	const char *program; /* %n */
	bool is_root;
	uint32_t root_pid;   /* own pid in the root */
	uint64_t root_start; /* proc start of the root, clock ticks */
	/* Live bytes now, for the growth trigger and the RSS curve.  Called
	 * from the helper: no TLS. */
	int64_t (*live_bytes)(void);
	/* Called at each wake-up of the helper, for what keeps time by it; no
	 * TLS.  May be NULL. */
	void (*beat)(void);
	/* Say the exit line though stderr is no terminal: RCPROF_QUIET stands
	 * in the environment and is 0, which is how `rcprof run` asks. */
	bool say_end;
	/* The program is Python: a snapshot END_PYTHON is the last one.  In a
	 * program that embeds Python others may follow. */
	bool is_python;
};
void rcp_emit_init(const struct rcp_emit_setup *setup);

/* Open the file now (a Python process: its interpreter is up).  Otherwise the
 * first snapshot that holds cells opens it.  0 or -errno; a failure is said
 * once on stderr and recording goes off through rcp_emit_on_fault(). */
int rcp_emit_open(void);
bool rcp_emit_is_open(void);

/* Told once when profiling has no more sense (no file can be written).  Called
 * under the emit lock, perhaps in the helper: set a flag, call nothing of
 * emit's. */
void rcp_emit_on_fault(void (*fault)(const char *why));

/* Start the helper if it should run and does not; cheap when it does.  Called
 * from slow paths (rcp_emit_tick does) and from the constructor. */
void rcp_emit_helper_start(void);

/* Stop it and wait until the kernel has reaped it. */
void rcp_emit_helper_stop(void);

/* Around unshare, setns, chroot and the setuid family: the helper stands
 * aside, and a file that has been begun stays within reach. */
void rcp_emit_identity_begin(void);
void rcp_emit_identity_end(void);

/* Called every few hundred events by recording threads, guard taken: restarts
 * a stopped helper when its time has come, takes a due snapshot itself when
 * no helper runs, wakes it on growth (a set flag and one futex wake).  Never
 * waits for a snapshot.  NOW is rcp_clock_coarse(). */
void rcp_emit_tick(uint64_t now);

/* --- what happens ----------------------------------------------------- */

/* Take a snapshot now and wait for it.  False: it could not be written, or
 * this thread is inside one already. */
bool rcp_emit_snapshot(enum rcp_snap_reason reason);

/* Ask for a snapshot and do not wait: for signal handlers.  Without a helper
 * the program's next tick takes it. */
void rcp_emit_ask(void);

/* Append an event; buffered, reaches the file with the next snapshot. */
void rcp_emit_event(enum rcp_event kind, const char *text);
void rcp_emit_event_num(enum rcp_event kind, uint64_t number);
void rcp_emit_event_rate(uint64_t mean, uint64_t before, const char *reason);
void rcp_emit_info(const char *key, const char *value);
void rcp_emit_coverage(const char *key, const char *value);

/* The last snapshot and the END chunk, and, if this is the root and nothing
 * forbids it, the one line on stderr.  Where END_PYTHON was the last snapshot
 * only the END chunk and the line.  Emit is off then. */
void rcp_emit_end(enum rcp_end reason, int status);

/* exec: snapshot (only if the file is open), EXEC event, END; and after a
 * failed exec: EXEC_FAILED, go on. */
void rcp_emit_exec(const char *path);
void rcp_emit_exec_failed(int error);

/* Text of the exit line's middle ("peak 1.21 GiB at app.py:41 load"), from a
 * stage that knows.  Called at the end, outside the helper. */
struct rcp_str;
void rcp_emit_on_summary(void (*summary)(struct rcp_str *out));

/* --- fork ------------------------------------------------------------- */

void rcp_emit_fork_prepare(void); /* stops the helper, takes the emit lock */
void rcp_emit_fork_parent(void);
/* The child: no file, no helper, own pid; starts both at its first interval.
 * One that ends before leaves a file if it has recorded something and either
 * Python runs in it or --follow is all. */
void rcp_emit_fork_child(void);

#endif

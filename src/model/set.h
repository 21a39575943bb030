/* SPDX-License-Identifier: MIT
 *
 * set.h - part of model.h: what a set of profiles is made of, opening it, and
 * the times of the command line.
 */
#ifndef RCP_MODEL_SET_H
#define RCP_MODEL_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/error.h"
#include "rcprof/format.h"

#define RCP_NONE UINT32_MAX /* no index */

/* --- what a set is made of -------------------------------------------- */

/* Where a frame's code comes from; decides who "owns" an allocation. */
enum rcp_origin {
	RCP_ORIGIN_OWN,     /* the user's: scripts, "<string>", packages that
			       are not installed */
	RCP_ORIGIN_PROGRAM, /* native, in the program's executable */
	RCP_ORIGIN_SITE,    /* site-packages, dist-packages */
	RCP_ORIGIN_STDLIB,  /* lib/python3.X, <frozen ...> */
	RCP_ORIGIN_NATIVE,  /* native, in a library */
	RCP_ORIGIN_HEADER,  /* native, of the standard library's or another's
			       header, wherever it was compiled into */
	RCP_ORIGIN_MARKER,  /* [truncated] and the like */
};

/* One resolved place in the code.  Equal places are one frame, across files
 * and processes. */
struct rcp_frame_info {
	const char *function; /* never NULL; "[truncated]" for markers, "0x1234"
				 for native code without a symbol */
	const char *file;     /* NULL: unknown */
	const char *module;   /* native: path of the ELF file; else NULL */
	uint32_t line;        /* 0: unknown */
	enum rcp_frame kind;
	enum rcp_origin origin;
	uint64_t address; /* native without a symbol: offset in the module */
};

/* A node of the call tree of all processes.  Node 0 is "no stack". */
struct rcp_node_info {
	uint32_t parent; /* towards the root; 0 at the outermost frame */
	uint32_t frame;
};

/* An allocation site: a stack and a kind of memory.  Stacks that run through
 * the same lines are one site. */
struct rcp_site_info {
	uint32_t node;
	enum rcp_kind kind;
	uint32_t own; /* index into the stack (leaf first), or RCP_NONE */
};

struct rcp_pair { /* INFO and COVERAGE */
	const char *key;
	const char *value; /* zero bytes kept: see `length` */
	size_t length;
};

struct rcp_thread_info {
	uint64_t tid;
	const char *name; /* never NULL; unnamed: "thread 4711" */
	uint64_t start;
	uint64_t served; /* threads that shared this slot one after another */
};

struct rcp_type_info {
	const char *name; /* several may have one */
	uint64_t flags;   /* RCP_TYPE_* */
};

/* One complete snapshot. */
struct rcp_snap_info {
	uint64_t seq;
	uint64_t time;
	uint64_t offset; /* of its SNAP_BEGIN in the file */
	int64_t live_bytes; /* sums over all cells */
	int64_t live_blocks;
	double live_variance; /* of the bytes; 0 in exact mode */
	uint64_t rss; /* RCP_TOTAL_RSS; 0: not known */
	uint32_t reason; /* enum rcp_snap_reason */
	bool keyframe;
};

struct rcp_rss_point {
	uint64_t time;
	uint64_t rss;
	int64_t live;
};

struct rcp_event_info {
	uint64_t time;
	enum rcp_event kind;
	uint32_t thread;  /* index into threads, or RCP_NONE */
	uint64_t number;  /* pid, errno; 0 where the kind has none */
	const char *text; /* NULL where the kind has none */
};

struct rcp_gc_info {
	uint64_t time;
	uint64_t pause; /* ns */
	uint64_t collected;
	uint64_t uncollectable;
	uint32_t thread; /* index, or RCP_NONE */
	uint32_t node;   /* of the set's tree: the trigger */
	uint8_t generation;
};

/* A cycle of Python objects, or a knot of many (format.h): no order is known
 * then, nor how they refer to each other. */
struct rcp_cycle_info {
	uint32_t member; /* the first of `count` in cycle_members */
	uint32_t count;  /* 0: all cycles that found no room of their own */
	bool knot;
};
struct rcp_member_info {
	uint32_t type;         /* index into types, or RCP_NONE */
	const char *attribute; /* of the next member; NULL: not known */
	uint32_t site;         /* of the set: of its birth, or RCP_NONE */
};

struct rcp_cascade_info {
	uint64_t time;
	uint64_t pause; /* ns, at most, from the thousandth death on */
	uint64_t objects;
	uint64_t bytes;
	uint32_t thread; /* index, or RCP_NONE */
	uint32_t node;   /* of the set's tree: where the reference went */
};

struct rcp_garbage_info {
	uint64_t time; /* of its collection */
	uint64_t objects;
	uint64_t bytes;
	uint64_t waited_max; /* ns, at most */
	uint64_t byte_ms;
};

/* "exit", "exec", "signal", "cut", "running". */
enum rcp_end_reason {
	RCP_ENDED_EXIT,
	RCP_ENDED_EXEC,
	RCP_ENDED_SIGNAL,
	RCP_ENDED_CUT, /* killed, or the file is not whole */
	RCP_ENDED_RUNNING,
};
const char *rcp_end_name(enum rcp_end_reason reason);

struct rcp_end_info {
	enum rcp_end_reason reason;
	int64_t status;         /* exit status or signal number */
	uint64_t time;          /* of the END, else the last time in the file */
	uint64_t last_snapshot; /* time of the last complete one; 0: none */
	/* Where the readable part ends when the file is damaged or cut within
	 * a chunk; `why` is NULL when it is whole. */
	uint64_t cut_offset;
	const char *why;
};

/* One process: one file.  Read only. */
struct rcp_process {
	const char *path; /* of the file */
	uint64_t file_size;
	struct rcp_file_header header;
	uint64_t start; /* of the process on the set's clock (a child: its own
			   first time) */
	struct rcp_pair *infos;
	size_t info_count;
	struct rcp_pair *coverage;
	size_t coverage_count;
	struct rcp_thread_info *threads;
	size_t thread_count;
	struct rcp_type_info *types;
	size_t type_count;
	struct rcp_snap_info *snaps; /* ascending in time */
	size_t snap_count;
	struct rcp_rss_point *rss; /* ascending; thinned past 262,144 points:
				      of two neighbours the higher stays */
	size_t rss_count;
	struct rcp_event_info *events;
	size_t event_count;
	struct rcp_gc_info *gcs;
	size_t gc_count;
	struct rcp_cycle_info *cycles;
	size_t cycle_count;
	struct rcp_member_info *cycle_members;
	size_t cycle_member_count;
	struct rcp_cascade_info *cascades;
	size_t cascade_count;
	struct rcp_garbage_info *garbage; /* of collections that freed some */
	size_t garbage_count;
	struct rcp_end_info end;
	uint64_t totals[32]; /* by enum rcp_total, of the last snapshot */
	uint64_t samples; /* by the last snapshot; 0 in exact mode */
	uint64_t bad_records; /* malformed though the CRC is right */
	uint64_t bad_sums;    /* snapshots whose live totals differ from the
				 sums of their cells */
	struct rcp_load *load; /* the model's own */
};

/* Which native frames are shown of a stack that has Python frames.  Others
 * keep theirs. */
enum rcp_native {
	RCP_NATIVE_ALL,  /* as recorded */
	RCP_NATIVE_FOLD, /* those that serve a Python frame (the interpreter's)
			    go, and in all stacks those before main and the
			    inside of operator new */
	RCP_NATIVE_NONE,
};

struct rcp_set {
	struct rcp_process **processes; /* by start time */
	size_t process_count;
	struct rcp_frame_info *frames;
	size_t frame_count;
	struct rcp_node_info *nodes;
	size_t node_count;
	struct rcp_site_info *sites;
	size_t site_count;
	uint64_t start_wall; /* CLOCK_REALTIME at time 0, ns since 1970 */
	uint64_t end_time;   /* the last time of any process */
	enum rcp_native native; /* as it was opened */
	struct rcp_tables *tables; /* the model's own */
};

#define RCP_OPEN_NO_SYMBOLS 1u /* native frames stay module + address */
#define RCP_OPEN_NO_CACHE 2u   /* of symbols: neither read nor written */

/* Called now and then while something slow runs; 0 <= done <= 1. */
typedef void rcp_progress_fn(void *context, double done);

struct rcp_open_options {
	unsigned flags; /* RCP_OPEN_* */
	enum rcp_native native;
	const char *sysroot, *debug_dir; /* NULL, or as in symbolize.h: they
					    live as long as the set */
	rcp_progress_fn *progress; /* or NULL */
	void *progress_context;
};

/* Opens files (at least one) and reads them through once.  NULL and the
 * reason ("FILE: reason") if one of them is no profile; a cut file opens. */
struct rcp_set *rcp_set_open(const char *const *paths, size_t count,
			     const struct rcp_open_options *options,
			     struct rcp_error *error);
void rcp_set_close(struct rcp_set *set);

/* The value of an INFO or COVERAGE key, NULL if it is not there. */
const char *rcp_process_info(const struct rcp_process *process,
			     const char *key);
const char *rcp_process_coverage(const struct rcp_process *process,
				 const char *key);

/* The cheap look for `rcprof list` and for finding the newest tree: header,
 * INFO, end, last snapshot's time, peak total.  Same rules as rcp_set_open. */
struct rcp_glance {
	struct rcp_file_header header;
	char program[128];
	uint64_t start;      /* ns since the header's start_mono */
	struct rcp_end_info end;
	uint64_t snapshots;
	uint64_t peak_bytes; /* highest live bytes known */
	double peak_variance;
	uint64_t rss_peak;
};
bool rcp_glance(const char *path, struct rcp_glance *out,
		struct rcp_error *error);

/* The stack of a node, leaf first: fills up to `room` frame indexes and
 * returns the whole depth. */
size_t rcp_stack(const struct rcp_set *set, uint32_t node, uint32_t *frames,
		 size_t room);

/* The frame index that owns the site, RCP_NONE if the site has no stack. */
uint32_t rcp_site_own_frame(const struct rcp_set *set, uint32_t site);

/* The deepest Python frame of a site, else the leaf: who writes Python asks for
 * lines of Python.  RCP_NONE as above. */
uint32_t rcp_site_leaf(const struct rcp_set *set, uint32_t site);

/* As rcp_site_own_frame, of any stack, by its innermost node. */
uint32_t rcp_node_own_frame(const struct rcp_set *set, uint32_t node);

const char *rcp_kind_name(enum rcp_kind kind); /* "python", "malloc", "mmap" */

/* --- times -------------------------------------------------------------- */

/* A TIME of the command line.  PEAK and END are resolved for each process
 * (END) or for the set (PEAK). */
struct rcp_moment {
	enum rcp_moment_kind {
		RCP_AT_END, /* {0} is the end */
		RCP_AT_PEAK,
		RCP_AT_TIME,
	} kind;
	uint64_t time; /* RCP_AT_TIME; for others the set's idea of it */
};

/* Parses seconds ("12.5", "90s", "5m", "1h"), "-1h" before the end, a clock
 * time ("14:12", "14:12:31", with or without "2026-11-22 " before it), "peak",
 * "end", "mark:TEXT". */
bool rcp_moment_parse(const struct rcp_set *set, const char *text,
		      struct rcp_moment *out, struct rcp_error *error);

/* Nanoseconds of "250ms", "1.5h"; plain numbers are seconds. */
bool rcp_duration_parse(const char *text, uint64_t *out,
			struct rcp_error *error);

/* The snapshot that stands for the moment in this process: the last one at or
 * before it (END: the one before the interpreter was torn down, else the last
 * one); RCP_NONE if there is none yet. */
uint32_t rcp_snap_at(const struct rcp_set *set, size_t process,
		     const struct rcp_moment *moment);

/* Is the process over by then, while others go on?  It holds nothing then. */
bool rcp_gone_at(const struct rcp_set *set, size_t process,
		 const struct rcp_moment *moment);

/* Highest sum of live bytes over all processes on one clock, and when.  A
 * process's own peak counts exactly; the others by their last snapshot.
 * `process` is the one whose own peak it is, or RCP_NONE. */
struct rcp_peak {
	uint64_t time;
	int64_t bytes;
	double variance; /* of the bytes; 0 in exact mode */
	uint32_t process;
};
struct rcp_peak rcp_set_peak(const struct rcp_set *set);

/* Wall-clock time (ns since 1970) of a time of the set. */
uint64_t rcp_wall(const struct rcp_set *set, uint64_t time);

/* --- raw records, for dump ------------------------------------------------ */

/* Every chunk of one file in order: see format/decode.h for taking records
 * out of it.  Stops when fn returns false.  After the last chunk *end tells
 * where and why the file is cut (reason and times are not filled). */
struct rcp_raw_chunk;
typedef bool rcp_chunk_fn(void *context, const struct rcp_raw_chunk *chunk);
bool rcp_chunks_each(const char *path, struct rcp_file_header *header,
		     rcp_chunk_fn *fn, void *context,
		     struct rcp_end_info *end, struct rcp_error *error);

#endif

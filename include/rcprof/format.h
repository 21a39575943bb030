/* SPDX-License-Identifier: MIT
 *
 * format.h - THE profile format, version 2.  The writer (src/emit through
 * src/format), the reader (src/model) and any second reader obey this page
 * and packed.h; they are complete: a reader can be written from them alone.
 *
 * CONVENTIONS
 *   Integers in the file header and the chunk headers are little-endian and
 *   of fixed size.  Payloads are made of
 *     uv   unsigned varint: 7 bits a byte, low group first, bit 7 = more
 *          follow; at most 10 bytes, 64 bits
 *     sv   signed varint: zigzag, (n << 1) ^ (n >> 63), then uv
 *     str  uv length in bytes, then the bytes (UTF-8, not terminated; invalid
 *          sequences are possible, since names come from the program)
 *     u8   one byte
 *   Times are nanoseconds since `start` (header) on CLOCK_MONOTONIC, if no
 *   other unit is given.  Sizes are bytes.  Ids are chosen by the writer,
 *   unique within their kind and file, never reused, defined before (in file
 *   order) the first record that names them; 0 always means "none".  They
 *   need not be dense or ascending.
 *
 * THE FILE
 *   struct rcp_file_header, then chunks to the end.  Every chunk is
 *
 *     offset size
 *     0      2    type (enum rcp_chunk)
 *     2      2    flags; 0
 *     4      4    length of the payload in bytes, at most RCP_CHUNK_MAX
 *     8      4    CRC-32 (IEEE 802.3, reflected, as zlib's crc32()) of the
 *                 eight bytes before and of the payload
 *     12     ...  payload
 *
 *   A reader skips a chunk of unknown type by its length, and ignores bytes
 *   that follow the fields it knows, both in chunks and (by their length
 *   prefix or field mask) in records.  A mask is a uv; each set bit has one
 *   varint, also those that the reader does not know.  A new field that an
 *   old reader must not overlook raises `min_reader` or sets a feature bit.
 *
 * A CUT OR DAMAGED FILE
 *   A chunk that is incomplete, whose CRC is wrong, or whose length is over
 *   the limit ends the file: what stands before it is good.  Cell records
 *   (CELLS, COUNTS, OBJECTS, CYCLES) take effect together, at the SNAP_END of
 *   their snapshot; those of a snapshot that has no SNAP_END are dropped.
 *   All other chunks take effect at once.
 *
 * A SNAPSHOT
 *   SNAP_BEGIN, then definitions and cell records in any order, then
 *   SNAP_END.  Definitions (STRING, CODE, MODULE, NODE, SITE, PATHS, THREAD,
 *   TYPE, CYCLE) may stand outside a snapshot too, and may be repeated with the
 *   same content (after a snapshot that was lost, for one).  Values in cell
 *   records are differences to the same cell's last record, unless the snapshot
 *   is a keyframe: then they are absolute, and what it leaves out is zero.
 *   The first snapshot is a keyframe.  Snapshots may have been merged into
 *   later ones (doc/LIMITS.md): their sequence numbers are missing.
 *
 * EXAMPLE
 *   A STRING chunk that defines string 1 as "app.py":
 *     02 00 00 00 | 08 00 00 00 | crc32 | 01 06 61 70 70 2e 70 79
 */
#ifndef RCPROF_FORMAT_H
#define RCPROF_FORMAT_H

#include <stdint.h>

#define RCP_MAGIC "\x89RCPROF\n" /* 8 bytes without the terminator */
#define RCP_FORMAT_VERSION 2
#define RCP_FORMAT_MIN_READER 2
#define RCP_CHUNK_MAX (1u << 24) /* payload bytes */
#define RCP_CHUNK_HEADER 12

/* 80 bytes.  `crc` is the CRC-32 of the 76 bytes before it. */
struct rcp_file_header {
	char magic[8];
	uint16_t version;    /* RCP_FORMAT_VERSION of the writer */
	uint16_t min_reader; /* lowest version that reads this file right */
	uint32_t features;   /* enum rcp_feature bits; unknown ones: refuse */
	uint32_t pid;
	uint32_t ppid;
	uint32_t root_pid;     /* first process of the tree; own pid in the root */
	uint32_t pointer_size; /* 8 */
	uint64_t start_wall;   /* CLOCK_REALTIME at `start`, ns since 1970 */
	uint64_t start_mono;   /* CLOCK_MONOTONIC at `start`, ns: the zero of
				  all times in the file, common to a tree */
	uint64_t proc_start;   /* field 22 of /proc/PID/stat, clock ticks since
				  boot: with pid it names one process */
	uint64_t root_start;   /* the same of root_pid */
	uint32_t page_size;
	uint32_t clock_ticks;  /* per second (for proc_start) */
	uint32_t reserved;     /* 0 */
	uint32_t crc;
};

/* Feature bits that a reader has to know.  None so far. */
enum rcp_feature {
	RCP_FEATURE_NONE = 0,
};

enum rcp_chunk {
	/* Key-value pairs to the end of the payload: str key, str value.  A key
	 * may be written again; the last one holds.  Keys: see RCP_INFO_* */
	RCP_CHUNK_INFO = 1,

	/* Records to the end of the payload: uv id, str bytes.  Ids from
	 * RCP_STRING_THREADS on are names that only THREAD records have */
	RCP_CHUNK_STRING = 2,

	/* One code object a record, to the end of the payload:
	 *   uv id, uv filename (string), uv name (string; co_qualname from 3.11
	 *   on, co_name before), uv first line, u8 enum rcp_linetable,
	 *   str line table */
	RCP_CHUNK_CODE = 3,

	/* Loaded files: uv id, uv path (string), uv build-id (string holding
	 * the raw bytes; 0 if there is none), uv base: the difference between
	 * addresses in memory and in the file's ELF headers, uv low, uv high:
	 * first and one-past-last mapped address */
	RCP_CHUNK_MODULE = 4,

	/* Call-tree nodes: uv id, uv parent (0: a root), u8 enum rcp_frame,
	 * uv ref, uv offset.  A node is the frame at the end of the path from
	 * its root.  See enum rcp_frame for ref and offset */
	RCP_CHUNK_NODE = 5,

	/* Allocation sites: uv id, uv node (0: no stack), u8 enum rcp_kind */
	RCP_CHUNK_SITE = 6,

	/* Threads, or slots that short-lived threads shared one after another:
	 *   uv id, uv tid (of the latest), uv name (string, 0: none),
	 *   uv start time of the first, uv how many threads it has served.
	 * May be written again for the same id; the last one holds */
	RCP_CHUNK_THREAD = 7,

	/* Python types: uv id, uv name (string "module.qualname"), uv flags
	 * (RCP_TYPE_*).  Several may have one name */
	RCP_CHUNK_TYPE = 8,

	/* uv sequence number (1, 2, ...), uv time, u8 flags (RCP_SNAP_*),
	 * u8 enum rcp_snap_reason */
	RCP_CHUNK_SNAP_BEGIN = 9,

	/* Cells of one thread: uv thread, then records to the end of the
	 * payload: uv site, uv mask, then for each set bit of the mask, lowest
	 * first, its value (enum rcp_cell_field).  A snapshot may hold several
	 * records of one cell; they add up (a writer that reads all frees before
	 * all allocations writes two) */
	RCP_CHUNK_CELLS = 10,

	/* Objects of one thread: uv thread, then records: uv site (of birth; 0:
	 * unknown), uv type, uv death site (0 for records of births and of
	 * what is alive), uv mask, values (enum rcp_object_field).  Written
	 * when deaths are watched */
	RCP_CHUNK_OBJECTS = 11,

	/* The end of a snapshot and what holds for the whole process then:
	 * pairs to the end of the payload: uv enum rcp_total, uv value.  All
	 * values are absolute */
	RCP_CHUNK_SNAP_END = 12,

	/* Points of the RSS curve: records to the end of the payload: uv time
	 * since the previous point of this chunk (the first: since start),
	 * uv resident bytes, sv live bytes */
	RCP_CHUNK_RSS = 13,

	/* One event: uv time, u8 enum rcp_event, uv thread (0: none), then
	 * what enum rcp_event says */
	RCP_CHUNK_EVENT = 14,

	/* Coverage: str key, str value pairs, as INFO.  Keys: RCP_COVER_* */
	RCP_CHUNK_COVERAGE = 15,

	/* Optional, for seeking: records uv sequence number, uv time, uv file
	 * offset of that keyframe's SNAP_BEGIN.  Rebuilt when missing */
	RCP_CHUNK_INDEX = 16,

	/* Collections: records to the end of the payload: uv time, u8
	 * generation, uv pause ns, uv collected, uv uncollectable, uv thread,
	 * uv node of the trigger */
	RCP_CHUNK_GC = 17,

	/* The process ended in an orderly way: uv time, u8 enum rcp_end,
	 * sv status or signal (0 when unknown), and, unless it is 0,
	 * uv snapshots lost so far, with those lost since the last SNAP_END
	 * (RCP_TOTAL_SNAPSHOTS_LOST there).  May be followed by more chunks
	 * (a failed exec goes on): the last END holds only if no SNAP_END
	 * follows it */
	RCP_CHUNK_END = 18,

	/* Kinds of reference cycles that only the collector frees: records to
	 * the end of the payload: uv id, uv number of members n, then for each
	 * member uv type, uv attribute (string; 0: not known) by which it
	 * refers to the next one (the last one to the first), uv site of its
	 * birth (0: unknown).  Equal cycles have one id, whichever member they
	 * were found by.  n = 0: all cycles that found no room of their own.
	 * See also RCP_CYCLE_KNOT */
	RCP_CHUNK_CYCLE = 19,

	/* Cells of a snapshot: records to the end of the payload: uv cycle,
	 * uv mask, values (enum rcp_cycle_field) */
	RCP_CHUNK_CYCLES = 20,

	/* One dropped reference that took a thousand other objects or more
	 * with it, the biggest of each stretch of time: records to the end of
	 * the payload: uv time of its end, uv ns from the thousandth death on
	 * until it was over, uv objects, uv bytes, uv thread, uv node: the
	 * stack of the outermost death */
	RCP_CHUNK_CASCADE = 21,

	/* What was garbage and waited for the collector: a record for each
	 * collection that freed something, to the end of the payload: uv time
	 * (that of its GC record), uv objects, uv bytes, uv ns that one of them
	 * has waited at most, uv sum over them of bytes times the ms that each
	 * has waited at most */
	RCP_CHUNK_GARBAGE = 22,

	/* From version 2 on, see packed.h: NODE and SITE; CELLS */
	RCP_CHUNK_PATHS = 23,
	RCP_CHUNK_COUNTS = 24,
};

/* A member of this type (and no other) in a CYCLE of more than one: the members
 * before it are the types of a knot of many objects which all reach each
 * other, in the order of their ids, without attributes; no order is known. */
#define RCP_CYCLE_KNOT 0

#define RCP_STRING_THREADS (1ull << 40)

/* INFO keys */
#define RCP_INFO_VERSION "version"   /* of the writer: "rcprof 0.1" */
#define RCP_INFO_COMMAND "command"   /* argv, each argument followed by NUL */
#define RCP_INFO_PROGRAM "program"   /* %n of the output template */
#define RCP_INFO_EXE "exe"           /* /proc/self/exe */
#define RCP_INFO_CWD "cwd"
#define RCP_INFO_HOST "host"
#define RCP_INFO_MODE "mode"         /* exact, sample, idle */
#define RCP_INFO_RATE "rate"     /* sample mode: "auto", or the mean bytes
				    between samples, decimal */
#define RCP_INFO_BUDGET "budget" /* of "auto": percent of the CPU, "1" */
#define RCP_INFO_INTERVAL "interval_ns"     /* decimal */
#define RCP_INFO_RSS_INTERVAL "rss_interval_ns"
#define RCP_INFO_TEMPORARY "temporary"      /* threshold, decimal */
#define RCP_INFO_PYTHON "python"     /* "3.12.1"; absent: no Python */
#define RCP_INFO_PYTHON_PREFIX "python_prefix" /* sys.base_prefix, if known */
#define RCP_INFO_NATIVE "native"     /* on, off, one (one frame) */
#define RCP_INFO_MODEL_AGE_NS "age_unit_ns" /* resolution of lifetimes */

/* COVERAGE keys: what the hooks could see.  Values are sentences or numbers
 * that are printed as they are */
#define RCP_COVER_FRAMES "frames"         /* "3.12 table, self-test passed" */
#define RCP_COVER_DEATHS "deaths"
#define RCP_COVER_ALLOCATORS "allocators" /* hooked domains, comma separated */
#define RCP_COVER_NOTE "note."            /* prefix: note.WHAT = sentence */

enum rcp_linetable {
	RCP_LINETABLE_NONE = 0,
	RCP_LINETABLE_LNOTAB = 1,   /* <= 3.9: (u8 byte delta, s8 line delta) */
	RCP_LINETABLE_310 = 2,      /* 3.10: ranges, -128 = no line */
	RCP_LINETABLE_LOCATION = 3, /* >= 3.11: location table (PEP 626/657) */
};

enum rcp_kind {
	RCP_KIND_PYTHON = 0, /* CPython's raw, mem and obj domains */
	RCP_KIND_MALLOC = 1,
	RCP_KIND_MMAP = 2,
	RCP_KINDS = 3,
};

enum rcp_frame {
	/* ref: code id; offset: last instruction in bytes from the start of
	 * the code, plus 1; 0 = not started (the first line) */
	RCP_FRAME_PYTHON = 1,
	/* ref: module id; offset: address - base (see MODULE), that is, an
	 * address as the ELF file knows it.  Return addresses are written as
	 * they are: look up offset - 1 */
	RCP_FRAME_NATIVE = 2,
	/* code outside every known module; offset: the absolute address */
	RCP_FRAME_ADDRESS = 3,
	/* ref: enum rcp_marker */
	RCP_FRAME_MARKER = 4,
};

enum rcp_marker {
	RCP_MARKER_TRUNCATED = 1, /* sites past the memory limit, folded */
	RCP_MARKER_DEEPER = 2,    /* outer frames that were not walked */
	RCP_MARKER_UNKNOWN = 3,   /* no frame could be read */
};

#define RCP_SNAP_KEYFRAME 1u

enum rcp_snap_reason {
	RCP_SNAP_INTERVAL = 1,
	RCP_SNAP_GROWTH = 2,
	RCP_SNAP_MARK = 3,    /* rcprof_mark(): the EVENT precedes SNAP_BEGIN */
	RCP_SNAP_REQUEST = 4, /* rcprof_snapshot(), signal, ctl */
	RCP_SNAP_END_PYTHON = 5, /* before the interpreter tears down */
	RCP_SNAP_EXIT = 6,
	RCP_SNAP_EXEC = 7,
	RCP_SNAP_FORK = 8,
};

/* Fields of a cell (thread, site).  uv differences unless said otherwise.
 * In sample mode ALLOCS to FREED_BYTES hold estimates (sums of weights), so
 * that sums cancel exactly. */
enum rcp_cell_field {
	RCP_CELL_ALLOCS = 0,
	RCP_CELL_ALLOC_BYTES = 1,
	/* of blocks that were allocated at this site, freed by this thread */
	RCP_CELL_FREES = 2,
	RCP_CELL_FREED_BYTES = 3,
	RCP_CELL_TEMPORARIES = 4, /* of the frees */
	RCP_CELL_LIFETIME = 5,    /* sum over the frees of their age, in units
				     of INFO age_unit_ns */
	RCP_CELL_AGED = 6,        /* frees whose age was known */
	/* sv, absolute always: live bytes and live blocks of this cell when the
	 * peak numbered RCP_CELL_PEAK_EPOCH (of the same record) was reached.
	 * The three come together, when the cell has changed since that peak;
	 * they stay until a later record brings them anew (a keyframe forgets
	 * them).  A cell whose PEAK_EPOCH is not the RCP_TOTAL_PEAK_EPOCH of
	 * the snapshot that is looked at, or that has none, has at the peak
	 * exactly what it has now: its live */
	RCP_CELL_PEAK_BYTES = 7,
	RCP_CELL_PEAK_BLOCKS = 8,
	/* sample mode: estimated variances of the estimates above, which add
	 * up over cells since samples are independent (doc/SAMPLING.md), in
	 * units of RCP_VAR_UNIT bytes^2, and the number of samples.  The
	 * variance of the freed bytes is ALLOC less LIVE */
	RCP_CELL_VAR_LIVE_BYTES = 9,   /* sv difference */
	RCP_CELL_VAR_ALLOC_BYTES = 10,
	RCP_CELL_SAMPLES = 11,
	RCP_CELL_PEAK_EPOCH = 12, /* uv, absolute always */
	/* sv, absolute always; belongs to the PEAK_EPOCH that the cell has
	 * after this snapshot, whichever record brought it */
	RCP_CELL_VAR_PEAK_BYTES = 13,
	RCP_CELL_VAR_ALLOCS = 14,     /* blocks^2 */
	RCP_CELL_FIELDS = 15,
};

/* A weight is rarely less than a few hundred bytes; its square in this unit
 * leaves room for 2^28 samples of 16 MiB each. */
#define RCP_VAR_UNIT 4096.0

/* Flags of a TYPE: what an instance has before it in its block. */
#define RCP_TYPE_COLLECTED 1u /* the collector's links, 16 bytes */
#define RCP_TYPE_MANAGED 2u   /* its dict and weak references, 16 bytes */

#define RCP_OBJECT_AGES 24

/* Fields of OBJECTS records; uv differences.  Several records of one snapshot
 * may have parts of one (site, type, death site): they add up. */
enum rcp_object_field {
	RCP_OBJECT_BORN = 0,
	RCP_OBJECT_BORN_BYTES = 1,
	RCP_OBJECT_DIED_REFCOUNT = 2,
	RCP_OBJECT_DIED_COLLECTOR = 3,
	RCP_OBJECT_DIED_UNSEEN = 4,
	RCP_OBJECT_DIED_BYTES = 5,
	RCP_OBJECT_AGE_SUM = 6,     /* age units, of deaths with known age */
	RCP_OBJECT_AGED = 7,
	/* Of those deaths, + 0: the ages of 0 age units; + n: those from
	 * 2^(n-1) to below 2^n; + 23: from 2^22 on */
	RCP_OBJECT_AGE_0 = 8,
	/* Sample mode.  Births and deaths are estimates then, sums of weights
	 * that cancel; here is of how many samples, and the variances that the
	 * estimates have, which add up as those of cells do.  What is alive has
	 * the variance of the births less that of the deaths.  Objects^2 */
	RCP_OBJECT_SAMPLES = 32,      /* of the births */
	RCP_OBJECT_DIED_SAMPLES = 33, /* of the deaths */
	RCP_OBJECT_VAR_BORN = 34,
	RCP_OBJECT_VAR_BORN_BYTES = 35, /* RCP_VAR_UNIT bytes^2 */
	RCP_OBJECT_VAR_REFCOUNT = 36,
	RCP_OBJECT_VAR_COLLECTOR = 37,
	RCP_OBJECT_VAR_UNSEEN = 38,
	RCP_OBJECT_VAR_DIED_BYTES = 39,
	RCP_OBJECT_FIELDS = 40,
};

/* Fields of CYCLES records; uv differences unless said otherwise. */
enum rcp_cycle_field {
	RCP_CYCLE_COUNT = 0,
	RCP_CYCLE_OBJECTS = 1, /* that were on them or hung on them */
	RCP_CYCLE_BYTES = 2,
	/* ns between the last collection that had examined and kept a cycle (or
	 * its birth) and the one that freed it: it was garbage for that long at
	 * most.  Sum over the cycles */
	RCP_CYCLE_WAITED = 3,
	RCP_CYCLE_WAITED_MAX = 4, /* absolute always */
	RCP_CYCLE_BYTE_MS = 5, /* sum of bytes times the ms of that bound */
	RCP_CYCLE_FIELDS = 6,
};

/* SNAP_END pairs.  A total that is not written is 0. */
enum rcp_total {
	RCP_TOTAL_PEAK_EPOCH = 1, /* 0 or not written: no peak is known */
	RCP_TOTAL_PEAK_TIME = 2,       /* ns since start */
	RCP_TOTAL_PEAK_SITE = 3,       /* last allocation before the peak */
	RCP_TOTAL_RSS = 4,
	RCP_TOTAL_RSS_PEAK = 5,
	RCP_TOTAL_PROFILER = 6,        /* bytes of rcprof's own memory */
	RCP_TOTAL_UNMATCHED_FREES = 7, /* frees of blocks never seen */
	RCP_TOTAL_UNSEEN_FREES = 8,    /* blocks found replaced by others */
	RCP_TOTAL_INHERITED_BYTES = 9, /* forked child: live at the fork */
	RCP_TOTAL_INHERITED_BLOCKS = 10,
	RCP_TOTAL_INHERITED_FREED_BYTES = 11,
	RCP_TOTAL_INHERITED_FREED_BLOCKS = 12,
	RCP_TOTAL_SITES_TRUNCATED = 13,  /* stacks folded into [truncated] */
	RCP_TOTAL_SAMPLES_DROPPED = 14,  /* or blocks and frees in exact mode:
					    no memory for their records */
	RCP_TOTAL_SNAPSHOTS_LOST = 15,   /* dropped: disk full and the like */
	RCP_TOTAL_RESERVED_BYTES = 16,   /* PROT_NONE and NORESERVE mappings */
	RCP_TOTAL_ARENA_BYTES = 17,      /* pymalloc's arenas, mapped */
	RCP_TOTAL_GUARDED = 18,          /* calls passed on uncounted because
					    a hook was active in the thread */
	RCP_TOTAL_THREADS = 19,          /* threads seen so far */
	RCP_TOTAL_LIVE_BYTES = 20,       /* check sums: equal the cells' sums */
	RCP_TOTAL_LIVE_BLOCKS = 21,
	RCP_TOTAL_BAD_FRAMES = 22,       /* Python frames that were refused */
	RCP_TOTAL_SAMPLE_CPU = 23, /* sample mode: ns spent taking samples */
	RCP_TOTAL_CPU = 24,        /* ns of CPU time of the process */
	RCP_TOTAL_SNAPSHOTS_MERGED = 25, /* into later ones, to keep the file
					    small: the sequence numbers that
					    are missing */
};

/* EVENT kinds and what follows the common fields */
enum rcp_event {
	RCP_EVENT_MARK = 1,       /* str text */
	RCP_EVENT_FORK = 2,       /* in the child, first event: uv parent pid; in
				     the parent, if the writer knows it (this
				     one does not): uv child pid */
	RCP_EVENT_EXEC = 3,       /* str path */
	RCP_EVENT_EXEC_FAILED = 4,/* uv errno */
	RCP_EVENT_PAUSE = 5,
	RCP_EVENT_RESUME = 6,
	RCP_EVENT_LIMIT = 7,      /* str sentence */
	RCP_EVENT_FAULT = 8,      /* str sentence: what was switched off */
	RCP_EVENT_PYTHON_READY = 9,
	RCP_EVENT_PYTHON_END = 10,
	RCP_EVENT_GC_CONTROL = 11,/* str: "freeze", "disable", ... */
	RCP_EVENT_RATE = 12,      /* uv mean bytes between samples from now on,
				     uv mean before (0: this is the start),
				     str reason */
};

enum rcp_end {
	RCP_END_EXIT = 1, /* status */
	RCP_END_EXEC = 2,
	RCP_END_SIGNAL = 3,
};

#endif

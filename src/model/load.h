/* SPDX-License-Identifier: MIT
 *
 * load.h - what the model keeps of a process beside struct rcp_process: which
 * id of the file is which index.  Offline only.
 */
#ifndef RCP_MODEL_LOAD_H
#define RCP_MODEL_LOAD_H

#include "format/decode.h"
#include "model/file.h"
#include "model/map.h"
#include "model/set.h"
#include "model/tree.h"

/* Kept as it stands in the file; interned when something names it, since a
 * build-id is no text. */
struct rcp_load_string {
	const char *bytes;
	size_t len;
	const char *text; /* NULL: not interned yet */
};

struct rcp_code {
	const char *file, *name;
	uint32_t first_line;
	enum rcp_linetable kind;
	const uint8_t *table;
	size_t table_len;
	enum rcp_origin origin;
};

struct rcp_module {
	const char *path; /* never NULL */
	const char *build_id;
	size_t build_id_len;
	uint64_t base, low, high;
	bool program; /* the executable of the process */
	bool python;  /* the interpreter */
	bool system;  /* libc and its like, the C++ runtime */
	bool preload; /* ours: its wrappers of dlopen and the like */
};

/* A node as the file has it; stack.c makes nodes of the set of those that
 * something refers to. */
struct rcp_load_node {
	uint32_t parent; /* 0: none */
	uint32_t frame;  /* of the set; RCP_NONE: native code */
	uint32_t place;  /* native code: index into places */
	bool python;     /* there is a Python frame from here to the root */
	uint32_t made[2]; /* node of the set, for stacks without and with
			     Python frames; RCP_NONE: not made yet */
};

/* An address in a module. */
struct rcp_load_place {
	uint32_t module; /* index */
	uint64_t address;
	uint32_t first, count; /* frames in place_frames, outermost first; no
				  count: not looked up yet */
};

struct rcp_load {
	struct rcp_set *set;
	struct rcp_process *process;
	struct rcp_file file; /* open as long as the set is */
	uint64_t shift;    /* from the file's clock to the set's */
	uint64_t age_unit; /* ns */
	uint64_t last_time;
	uint64_t first_time; /* UINT64_MAX: none seen */
	/* The process's own peak, by its last snapshot; false: it tells
	 * none. */
	bool peak_known;
	uint64_t peak_time;
	int64_t peak_bytes;
	double peak_variance;
	bool ended; /* an END, and no snapshot after it */
	uint64_t lost; /* snapshots, by that END */
	/* The state at the last snapshot, or, when swapped, at the one before
	 * the interpreter's tear-down.  NULL: it is not kept */
	struct rcp_state *kept;
	uint32_t marked_snap; /* RCP_NONE: none */
	bool swapped;
	uint64_t rss_stride, rss_skipped; /* thinning of the RSS curve */

	/* From ids of the file to indexes */
	struct rcp_map string_ids, code_ids, module_ids, node_ids, site_ids;
	struct rcp_map thread_ids, type_ids, cycle_ids;
	struct rcp_map frames; /* kind, ref, offset -> frame of the set, or
				  place */
	struct rcp_load_node *nodes; /* 0 is no node */
	struct rcp_load_place *places;
	uint32_t *place_frames;
	size_t node_count, node_room, place_count, place_room;
	size_t place_frame_count, place_frame_room;
	struct rcp_load_string *strings;
	struct rcp_code *codes;
	struct rcp_module *modules;
	uint32_t *sites; /* site of the file -> site of the set */
	size_t string_count, code_count, module_count, site_count;
	size_t string_room, code_room, module_room, site_room;
	size_t thread_room, type_room, snap_room, rss_room, event_room;
	size_t gc_room, info_room, coverage_room;
	size_t cycle_room, member_room, cascade_room, garbage_room;
};

/* define.c: STRING, CODE, MODULE, NODE, SITE, THREAD, TYPE. */
void rcp_load_definition(struct rcp_load *load,
			 const struct rcp_record *record);

/* The text of a string id; NULL for 0, for an empty string and (counted as bad)
 * for unknown ids. */
const char *rcp_load_text(struct rcp_load *load, uint64_t id);

/* Indexes of sites and threads; an id that is not defined gets an empty
 * definition if `make`, else RCP_NONE. */
uint32_t rcp_load_site(struct rcp_load *load, uint64_t id, bool make);
uint32_t rcp_load_thread(struct rcp_load *load, uint64_t id, bool make);

/* stack.c: a NODE, and the node of the set that stands for it: 0 for one whose
 * stack is empty, RCP_NONE for an id that is not defined. */
void rcp_load_define_node(struct rcp_load *load,
			  const struct rcp_record *record);
uint32_t rcp_load_node(struct rcp_load *load, uint64_t id);

/* note.c: INFO, COVERAGE, RSS, EVENT, GC, END. */
void rcp_load_note(struct rcp_load *load, const struct rcp_record *record);

/* collected.c: CYCLE, CASCADE, GARBAGE. */
void rcp_load_collected(struct rcp_load *load,
			const struct rcp_record *record);

/* A time of the file on the set's clock. */
uint64_t rcp_load_clock(const struct rcp_load *load, uint64_t time);

/* The same, remembered if it is the first or the last one. */
uint64_t rcp_load_time(struct rcp_load *load, uint64_t time);

/* load.c: opens a file; then, when the clock is settled, reads it to the
 * end. */
struct rcp_load *rcp_load_new(struct rcp_set *set, const char *path,
			      struct rcp_error *error);
void rcp_load_run(struct rcp_load *load,
		  const struct rcp_open_options *options);
void rcp_load_free(struct rcp_load *load);

#endif

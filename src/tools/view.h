/* SPDX-License-Identifier: MIT
 *
 * view.h - what all commands that look at profiles share: their flags, the
 * files they open, and the query that the flags make.
 */
#ifndef RCP_TOOLS_VIEW_H
#define RCP_TOOLS_VIEW_H

#include "model/model.h"
#include "tools/args.h"
#include "tools/command.h"
#include "tools/out.h"
#include "tools/text.h"

/* Which of the shared flags a command takes. */
enum rcp_takes {
	RCP_TAKES_METRIC = 1 << 0,
	RCP_TAKES_BY = 1 << 1,
	RCP_TAKES_AT = 1 << 2,
	RCP_TAKES_WINDOW = 1 << 3,
	RCP_TAKES_FILTER = 1 << 4, /* --thread, --include, --exclude */
	RCP_TAKES_TOP = 1 << 5,
	RCP_TAKES_ALL = 1 << 6,
	RCP_TAKES_JSON = 1 << 7,
	RCP_TAKES_COLOR = 1 << 8,
	/* --native, --no-native, --sysroot, --debug-dir */
	RCP_TAKES_STACKS = 1 << 9,
	RCP_TAKES_SOURCE = 1 << 10,
};

struct rcp_view_args {
	enum rcp_metric metric;
	enum rcp_by by;
	bool metric_set, by_set;
	const char *at, *from, *to;
	const char *thread, *include, *exclude;
	uint64_t top; /* 0: not given */
	const char *sysroot, *debug_dir;
	enum rcp_native native;
	bool all, json, no_color, no_source;
};

/* The table of the shared flags; ends with a row without a name. */
extern const struct rcp_flag rcp_view_flags[];

/* A command at work. */
struct rcp_look {
	const struct rcp_command *command;
	struct rcp_view_args args;
	struct rcp_set *set;
	struct rcp_query query; /* what the flags ask for */
	struct rcp_sampling sampling; /* in the query's time */
	struct rcp_out out;
	bool clock_times; /* times as 14:12:31; else seconds from the start */
	struct rcp_sources *sources; /* see place.h */
	char **frame_texts; /* of report_json.c, or NULL */
};

/* Parses the command line (own flags into *own), opens the files or the newest
 * tree of the current directory, and makes the query.  Returns -1 to go on, or
 * the exit status after what was to be said is said.  `look` is closed with
 * rcp_look_close in either case. */
int rcp_look_open(struct rcp_look *look, const struct rcp_command *command,
		  void *own, int argc, char **argv);
void rcp_look_close(struct rcp_look *look);

/* The end of a command that printed: closes, and gives the exit status. */
int rcp_look_finish(struct rcp_look *look);

/* "rcprof COMMAND: TEXT"; closes; returns the status for bad data. */
int rcp_look_fail(struct rcp_look *look, const struct rcp_error *error);

/* A time of the set as this look shows times: "0.4 ms", "38.2 s" or
 * "14:12:31", by how long it all took. */
void rcp_look_time(const struct rcp_look *look, struct rcp_text *t,
		   uint64_t time);

/* --- files (open.c) ------------------------------------------------------- */

/* Opens the paths, or with none the newest process tree in the current
 * directory; shows progress (not that of `options`).  NULL after a
 * complaint. */
struct rcp_set *rcp_open(const char *command, char **paths, size_t count,
			 const struct rcp_open_options *options);

/* The profiles of a directory, by tree, newest tree first, and by start in a
 * tree.  Files that are no profiles are complained about.  False after a
 * complaint about the directory itself. */
struct rcp_found {
	char *path;
	struct rcp_glance glance;
	size_t tree; /* 0, 1, ... in this order */
	uint64_t tree_start; /* wall clock */
};
bool rcp_find(const char *command, const char *directory,
	      struct rcp_found **found, size_t *count);
bool rcp_find_files(const char *command, char **paths, size_t path_count,
		    struct rcp_found **found, size_t *count);
void rcp_found_free(struct rcp_found *found, size_t count);

#endif

/* SPDX-License-Identifier: MIT
 *
 * options.h - the options of include/rcprof/options.def as values.
 *
 * Pure: no allocation, no stdio; the preload and `rcprof run` share it.
 */
#ifndef RCP_BASE_OPTIONS_H
#define RCP_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum rcp_mode { RCP_MODE_EXACT, RCP_MODE_SAMPLE, RCP_MODE_IDLE };
enum rcp_when { RCP_WHEN_AUTO, RCP_WHEN_ON, RCP_WHEN_OFF };
enum rcp_follow { RCP_FOLLOW_PYTHON, RCP_FOLLOW_ALL, RCP_FOLLOW_NONE };

enum rcp_option_id {
#define RCP_OPTION(id, type, var, flag, letter, arg, def, allowed, help) \
	RCP_OPTION_##id,
#include "rcprof/options.def"
	RCP_OPTIONS
};

struct rcp_options {
	const char *output; /* points to the value that was set */
	enum rcp_mode mode;
	uint64_t interval;     /* ns */
	uint64_t rss_interval; /* ns; 0: off */
	uint64_t temporary;
	enum rcp_follow follow;
	uint64_t rate;         /* mean bytes between samples; 0: auto */
	uint64_t budget;       /* millionths of CPU time */
	uint64_t memory_limit; /* bytes */
	uint64_t file_limit;   /* bytes */
	uint64_t tree_limit;   /* bytes */
	uint64_t seed;
	bool has_seed;         /* false: a random one */
	int signal;            /* 0: none */
	enum rcp_when native, objects;
	bool force, quiet, verbose;
};

/* One row of the table. */
struct rcp_option {
	const char *id, *variable, *flag, *argument, *initial, *allowed, *help;
	char letter;  /* 0: none */
	bool is_flag; /* takes no argument on the command line */
};
extern const struct rcp_option rcp_option_table[RCP_OPTIONS];

/* All defaults. */
void rcp_options_init(struct rcp_options *o);

/* Sets one option from text.  False: VALUE makes no sense; O is unchanged and
 * ERROR (if not NULL) says "VALUE is not valid; allowed: ...". */
bool rcp_options_set(struct rcp_options *o, enum rcp_option_id id,
		     const char *value, struct rcp_str *error);

#endif

/* SPDX-License-Identifier: MIT
 *
 * view.h - part of model.h: the state at a time or over a window, by site and
 * by group.
 */
#ifndef RCP_MODEL_VIEW_H
#define RCP_MODEL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/set.h"

/* --- the state at a time, or over a window ------------------------------ */

enum rcp_metric {
	RCP_METRIC_LIVE,
	RCP_METRIC_PEAK,
	RCP_METRIC_ALLOCATED,
	RCP_METRIC_FREED,
	RCP_METRIC_TEMPORARY, /* blocks */
	RCP_METRIC_COUNT,     /* allocations */
	RCP_METRICS,
};

struct rcp_values {
	int64_t allocations;
	int64_t allocated_bytes;
	int64_t frees;
	int64_t freed_bytes;
	int64_t live_bytes; /* at the time, or at the end of the window */
	int64_t live_blocks;
	int64_t grown_bytes; /* live at the end of the window less live at its
				begin; without a window the same as live */
	int64_t grown_blocks;
	int64_t peak_bytes; /* this site's part of the set's peak */
	int64_t peak_blocks;
	int64_t temporary_blocks;
	int64_t aged;        /* frees whose age was known */
	double lifetime;     /* sum of their ages, ns */
	int64_t samples;     /* sample mode, 0 in exact mode */
	/* Sample mode: variances of the estimates above, bytes^2 (but see
	 * var_allocations); they add up as the estimates do.  Over a window,
	 * those of what was allocated and freed in it. */
	double var_live;
	double var_before; /* of what lived at the window's begin */
	double var_allocated;
	double var_freed;
	double var_peak;
	double var_allocations; /* blocks^2 */
	/* The same of blocks, for want of better as if a site's blocks were
	 * all of one size: good enough to round by */
	double var_live_blocks, var_peak_blocks, var_frees;
};

/* Standard error of the metric, 0 where there is none.  Temporary blocks have
 * that of all allocations, which is an upper bound. */
double rcp_values_error(const struct rcp_values *values,
			enum rcp_metric metric);

/* About that of the blocks that go with a metric of bytes. */
double rcp_values_blocks_error(const struct rcp_values *values,
			       enum rcp_metric metric);

/* The same of grown_bytes.  Blocks that live at both ends of the window cancel
 * out; how many of the freed ones are older than it is not known, so this is
 * an upper bound: the smaller of two, each of which is exact at one extreme
 * (nothing was freed; nothing has stayed). */
double rcp_values_grown_error(const struct rcp_values *values);

int64_t rcp_values_metric(const struct rcp_values *values,
			  enum rcp_metric metric);
void rcp_values_add(struct rcp_values *sum, const struct rcp_values *more);
void rcp_values_subtract(struct rcp_values *sum,
			 const struct rcp_values *less);
bool rcp_metric_parse(const char *name, enum rcp_metric *out);
const char *rcp_metric_name(enum rcp_metric metric);
bool rcp_metric_is_bytes(enum rcp_metric metric);

/* What to look at.  {0} is everything at the end. */
struct rcp_query {
	struct rcp_moment at; /* the moment, or the end of the window */
	bool window;          /* from `from` to `at` */
	struct rcp_moment from;
	/* A site stays if a frame of its stack matches `include` (function,
	 * file or module; POSIX extended) and none matches `exclude`. */
	const char *include; /* or NULL */
	const char *exclude;
	const char *thread; /* name, or tid as a number; NULL: all */
	const char *kind;   /* "python", "malloc", "mmap"; NULL: all */
	enum rcp_metric metric; /* sorts the rows, highest first */
	bool without_peak; /* nobody asks for the peak: it stays 0 */
};

/* One thread's part of a site. */
struct rcp_part {
	uint32_t process;
	uint32_t thread; /* index into its threads, or RCP_NONE */
	struct rcp_values values;
};

struct rcp_row {
	uint32_t site;
	struct rcp_values values;
	uint32_t part; /* first of part_count in view->parts */
	uint32_t part_count;
};

/* Born, died and alive Python objects of one (birth site, type, death site);
 * sites are RCP_NONE where unknown.  Alive is what was born and has not died,
 * summed over the death sites. */
struct rcp_object_row {
	uint32_t process;
	uint32_t type; /* index into the process's types, or RCP_NONE */
	uint32_t birth;
	uint32_t death;
	int64_t born, born_bytes;
	int64_t died_refcount, died_collector, died_unseen, died_bytes;
	int64_t aged; /* deaths whose age is known */
	double age;   /* sum, ns */
	int64_t ages[RCP_OBJECT_AGES]; /* see RCP_OBJECT_AGE_0 */
	uint64_t age_unit;             /* ns */
	/* Sample mode: how many samples, and variances of the estimates. */
	int64_t samples, died_samples;
	double var_born, var_born_bytes;
	double var_refcount, var_collector, var_unseen, var_died_bytes;
};

/* The median age of those that died, in seconds: the bounds that it is sure to
 * lie in (HIGH is infinite for the oldest), and where between them if ages are
 * spread evenly.  False: the age of none is known. */
struct rcp_age {
	double low, high, likely;
};
bool rcp_age_median(const struct rcp_object_row *row, struct rcp_age *out);

/* TO += FROM, numbers only. */
void rcp_object_row_add(struct rcp_object_row *to,
			const struct rcp_object_row *from);

/* Cycles that were collected, by kind.  Equal ones of several processes are
 * several rows. */
struct rcp_cycle_row {
	uint32_t process;
	uint32_t cycle; /* index into the process's cycles */
	int64_t n;
	int64_t objects, bytes; /* that went with them */
	int64_t waited;      /* sum over them of what each waited at most, ns */
	uint64_t waited_max; /* since the start, whatever the window */
	int64_t byte_ms;     /* sum of bytes x ms waited at most */
};

struct rcp_view {
	uint64_t time; /* of the snapshot that is shown (the latest of several
			  processes) */
	uint64_t from; /* the same of the window's begin */
	struct rcp_row *rows; /* sites that hold a number, sorted */
	size_t row_count;
	struct rcp_part *parts;
	size_t part_count;
	struct rcp_object_row *objects;
	size_t object_count;
	struct rcp_cycle_row *cycles;
	size_t cycle_count;
	struct rcp_values total; /* of the rows */
	struct rcp_peak peak;    /* of the set, in the window if there is one */
	uint64_t totals[32]; /* SNAP_END's at that time, by enum rcp_total, over
				the processes; of one that is gone, its last */
};

struct rcp_view *rcp_view_new(struct rcp_set *set,
			      const struct rcp_query *query,
			      struct rcp_error *error);
void rcp_view_free(struct rcp_view *view);

/* --- how it was sampled --------------------------------------------------- */

struct rcp_sampling {
	bool sampled; /* by a process at least */
	/* Of the means in force in the query's time; 0: not known */
	uint64_t mean_min, mean_max;
	double budget; /* percent of the CPU; 0: none was set */
};

/* `query` NULL: everything. */
struct rcp_sampling rcp_sampling_of(const struct rcp_set *set,
				    const struct rcp_query *query);

/* --- groups -------------------------------------------------------------- */

enum rcp_by {
	RCP_BY_OWN, /* function, file and line of the own frame */
	RCP_BY_FUNCTION, /* leaf frame's function and file */
	RCP_BY_LINE,     /* leaf frame's function, file and line */
	RCP_BY_FILE,
	RCP_BY_MODULE, /* native: ELF file; Python: package or top directory */
	RCP_BY_THREAD,
	RCP_BY_KIND,
	RCP_BY_STACK, /* every site by itself */
	RCP_BY_PROCESS,
	RCP_BYS,
};
bool rcp_by_parse(const char *name, enum rcp_by *out);
const char *rcp_by_name(enum rcp_by by);

struct rcp_group {
	const char *name; /* "load (app.py:41)", a path, a thread's name: plain
			     text for people; never NULL */
	uint32_t frame;   /* own, function, line, stack: a frame of the set
			     that stands for it; else RCP_NONE */
	struct rcp_values values;
	uint32_t *rows; /* indexes into view->rows; none when by thread or
			   process, since a row has parts in several */
	size_t row_count;
};

struct rcp_groups {
	struct rcp_group *groups; /* sorted by the metric, highest first */
	size_t count;
};
struct rcp_groups *rcp_groups_new(const struct rcp_set *set,
				  const struct rcp_view *view, enum rcp_by by,
				  enum rcp_metric metric);
void rcp_groups_free(struct rcp_groups *groups);

#endif

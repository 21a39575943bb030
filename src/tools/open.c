/* SPDX-License-Identifier: MIT
 *
 * open.c - which files a command looks at, and opening them with progress on
 * a terminal.
 */
#include "tools/view.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "model/memory.h"

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

struct progress {
	const char *command;
	uint64_t start, shown;
	bool visible;
};

#define PATIENCE UINT64_C(1000000000) /* ns before anything is shown */
#define REFRESH UINT64_C(100000000)

static void
show_progress(void *context, double done)
{
	struct progress *p = context;
	uint64_t time = now();

	if (time - p->start < PATIENCE || time - p->shown < REFRESH)
		return;
	p->shown = time;
	p->visible = true;
	fprintf(stderr, "\rrcprof %s: reading, %3.0f %%", p->command,
		done * 100);
	fflush(stderr);
}

static void
hide_progress(const struct progress *p)
{
	if (p->visible)
		fprintf(stderr, "\r\x1b[K");
}

static struct rcp_set *
open_paths(const char *command, const char *const *paths, size_t count,
	   const struct rcp_open_options *wanted)
{
	struct progress progress = { .command = command, .start = now() };
	struct rcp_open_options options = *wanted;
	struct rcp_error error;
	struct rcp_set *set;

	if (isatty(STDERR_FILENO)) {
		options.progress = show_progress;
		options.progress_context = &progress;
	}
	set = rcp_set_open(paths, count, &options, &error);
	hide_progress(&progress);
	if (!set)
		rcp_complain(command, "%s", error.text);
	return set;
}

struct rcp_set *
rcp_open(const char *command, char **paths, size_t count,
	 const struct rcp_open_options *options)
{
	struct rcp_found *found;
	const char **newest;
	struct rcp_set *set = NULL;
	size_t found_count, n = 0;

	if (count > 0)
		return open_paths(command, (const char *const *)paths, count,
				  options);
	if (!rcp_find(command, ".", &found, &found_count))
		return NULL;
	newest = rcp_alloc((found_count + 1) * sizeof(*newest));
	while (n < found_count && found[n].tree == 0) {
		newest[n] = found[n].path;
		n++;
	}
	if (n > 0)
		set = open_paths(command, newest, n, options);
	else
		rcp_complain(command,
			     "no profile (*.rcprof) in the current "
			     "directory; to make one: rcprof run COMMAND");
	free(newest);
	rcp_found_free(found, found_count);
	return set;
}

/* --- looking around ------------------------------------------------------- */

static int
compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* A root's pid and when it started (since boot) name its tree. */
static int
by_tree(const void *x, const void *y)
{
	const struct rcp_found *a = x, *b = y;
	int c = compare(a->glance.header.root_pid, b->glance.header.root_pid);

	return c ? c
		 : compare(a->glance.header.root_start,
			   b->glance.header.root_start);
}

static uint64_t
start_of(const struct rcp_found *found)
{
	return found->glance.header.start_wall + found->glance.start;
}

/* Newest tree first; within a tree by start, then pid, then name. */
static int
by_age(const void *x, const void *y)
{
	const struct rcp_found *a = x, *b = y;
	int c = compare(b->tree_start, a->tree_start);

	if (c == 0)
		c = by_tree(x, y);
	if (c == 0)
		c = compare(start_of(a), start_of(b));
	if (c == 0)
		c = compare(a->glance.header.pid, b->glance.header.pid);
	return c ? c : strcmp(a->path, b->path);
}

/* Sorts, and gives each tree its number and the start of its first process. */
static void
sort_trees(struct rcp_found *found, size_t count)
{
	qsort(found, count, sizeof(*found), by_tree);
	for (size_t first = 0, next; first < count; first = next) {
		uint64_t start = start_of(&found[first]);

		for (next = first; next < count &&
				   by_tree(&found[first], &found[next]) == 0;
		     next++) {
			if (start_of(&found[next]) < start)
				start = start_of(&found[next]);
		}
		for (size_t i = first; i < next; i++)
			found[i].tree_start = start;
	}
	qsort(found, count, sizeof(*found), by_age);
	for (size_t i = 1; i < count; i++)
		found[i].tree = found[i - 1].tree +
				(by_tree(&found[i], &found[i - 1]) != 0);
}

bool
rcp_find_files(const char *command, char **paths, size_t path_count,
	       struct rcp_found **out, size_t *count)
{
	struct rcp_found *found = rcp_alloc((path_count + 1) *
					    sizeof(*found));
	size_t n = 0;

	for (size_t i = 0; i < path_count; i++) {
		struct rcp_error error;

		if (rcp_glance(paths[i], &found[n].glance, &error))
			found[n++].path = rcp_copy(paths[i]);
		else
			rcp_complain(command, "%s", error.text);
	}
	if (n > 0)
		sort_trees(found, n);
	*out = found;
	*count = n;
	return n == path_count;
}

static bool
is_profile_name(const char *name)
{
	static const char suffix[] = ".rcprof";
	size_t len = strlen(name);

	return len > sizeof(suffix) - 1 && name[0] != '.' &&
	       strcmp(name + len - (sizeof(suffix) - 1), suffix) == 0;
}

bool
rcp_find(const char *command, const char *directory,
	 struct rcp_found **found, size_t *count)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char **paths = NULL;
	size_t n = 0, room = 0;

	if (!dir) {
		rcp_complain(command, "%s: %s", directory, strerror(errno));
		return false;
	}
	while ((entry = readdir(dir))) {
		struct rcp_text path = { 0 };

		if (!is_profile_name(entry->d_name))
			continue;
		if (strcmp(directory, ".") != 0)
			rcp_text_format(&path, "%s/", directory);
		rcp_text_add(&path, entry->d_name);
		paths = rcp_room(paths, n, &room, sizeof(*paths));
		paths[n++] = path.s;
	}
	closedir(dir);
	rcp_find_files(command, paths, n, found, count);
	while (n > 0)
		free(paths[--n]);
	free(paths);
	return true;
}

void
rcp_found_free(struct rcp_found *found, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(found[i].path);
	free(found);
}

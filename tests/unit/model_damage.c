/* SPDX-License-Identifier: MIT
 *
 * model_damage.c - a file cut at every byte, with each bit flipped, or that
 * is no profile at all: it opens, or one line says why not.
 */
#include <errno.h>
#include <sys/stat.h>

#include "maker.h"
#include "model/model.h"
#include "sample.h"
#include "tap/tap.h"

#define FILE_NAME "model_damage.tmp"

static struct rcp_error error;

/* Opens it and asks all that can be asked.  Number of snapshots, or -1. */
static long
look(void)
{
	const char *path = FILE_NAME;
	struct rcp_query query = { .metric = RCP_METRIC_PEAK };
	struct rcp_set *set = rcp_set_open(&path, 1, NULL, &error);
	struct rcp_view *view;
	struct rcp_groups *groups;
	struct rcp_bands *bands;
	long count;

	if (!set)
		return -1;
	count = (long)set->processes[0]->snap_count;
	view = rcp_view_new(set, &query, &error);
	if (view) {
		groups = rcp_groups_new(set, view, RCP_BY_OWN,
					RCP_METRIC_PEAK);
		free(rcp_growth_new(set, &query, view, groups, NULL, &error));
		rcp_groups_free(groups);
	}
	bands = rcp_bands_new(set, &query, RCP_BY_LINE, 3, 10, &error);
	if (!view || !bands)
		count = -2;
	rcp_bands_free(bands);
	rcp_view_free(view);
	rcp_set_close(set);
	return count;
}

static bool
is_one_line(void)
{
	size_t len = strlen(error.text);

	return len > strlen(FILE_NAME) && !strchr(error.text, '\n') &&
	       strncmp(error.text, FILE_NAME ": ", strlen(FILE_NAME) + 2) == 0;
}

static void
cuts(const struct maker *m, long whole)
{
	long last = 0;
	size_t refused = 0;

	for (size_t len = 0; len <= m->buf.len; len++) {
		long now;

		mk_write(FILE_NAME, m->buf.data, len);
		error.text[0] = '\0';
		now = look();
		if (now == -1 && len < 80 && is_one_line()) {
			refused++;
			continue;
		}
		if (now < last) {
			ok(false, "cut at %zu: %ld snapshots, %s", len, now,
			   error.text);
			return;
		}
		last = now;
	}
	is_int((long long)refused, 80, "without its header it is refused");
	is_int(last, whole, "cut anywhere else it opens, up to the cut");
}

static void
flips(const struct maker *m, long whole)
{
	uint8_t *copy = malloc(m->buf.len);
	long wrong = 0, refused = 0;

	if (!copy)
		return;
	for (size_t i = 0; i < m->buf.len; i++) {
		long now;

		memcpy(copy, m->buf.data, m->buf.len);
		copy[i] ^= (uint8_t)(1u << i % 8);
		mk_write(FILE_NAME, copy, m->buf.len);
		error.text[0] = '\0';
		now = look();
		refused += now == -1 && i < 80 && is_one_line();
		wrong += now == -2 || now > whole || (now == -1 && i >= 80);
	}
	free(copy);
	is_int(refused, 80, "a flipped bit in the header is noticed");
	is_int(wrong, 0, "anywhere else it ends the file there");
}

static void
say_where(const struct maker *m)
{
	const char *path = FILE_NAME;
	struct rcp_set *set;

	mk_write(FILE_NAME, m->buf.data, m->buf.len - 1);
	set = rcp_set_open(&path, 1, NULL, &error);
	ok(set && set->processes[0]->end.why &&
		   set->processes[0]->end.cut_offset < m->buf.len &&
		   set->processes[0]->end.reason == RCP_ENDED_CUT,
	   "where it is cut: at %llu, %s",
	   set ? (unsigned long long)set->processes[0]->end.cut_offset : 0,
	   set ? set->processes[0]->end.why : "");
	ok(set && set->processes[0]->end.time > 0, "and when");
	rcp_set_close(set);
}

static void
refuse(const char *path, const char *reason)
{
	ok(!rcp_set_open(&path, 1, NULL, &error) &&
		   strncmp(error.text, path, strlen(path)) == 0 &&
		   strstr(error.text, reason), "%s", error.text);
}

static void
not_profiles(void)
{
	struct rcp_file_header header = mk_plain_header();
	struct maker m;

	refuse("not-there.rcprof", strerror(ENOENT));
	refuse("/", "is a directory");
	refuse("/dev/null", "not a regular file");
	mk_write(FILE_NAME, (const uint8_t *)"", 0);
	refuse(FILE_NAME, "empty");
	mk_write(FILE_NAME, (const uint8_t *)"#!/bin/sh\nexit 0\n", 17);
	refuse(FILE_NAME, "not a rcprof profile");
	if (geteuid() != 0) {
		chmod(FILE_NAME, 0);
		refuse(FILE_NAME, strerror(EACCES));
	}
	unlink(FILE_NAME);
	mkfifo(FILE_NAME, 0600);
	refuse(FILE_NAME, "not a regular file");
	unlink(FILE_NAME);
	header.version = header.min_reader = 9;
	mk_begin(&m, &header);
	mk_save(&m, FILE_NAME);
	mk_free(&m);
	refuse(FILE_NAME, "format 9");
	header = mk_plain_header();
	header.features = 64;
	mk_begin(&m, &header);
	mk_save(&m, FILE_NAME);
	mk_free(&m);
	refuse(FILE_NAME, "features");
}

/* A process that is there, and its file in the middle of a write. */
static void
running(const struct maker *sample)
{
	struct rcp_file_header header = mk_plain_header();
	const char *path = FILE_NAME;
	char line[1024] = "";
	const char *p;
	struct rcp_set *set;
	struct maker m;
	FILE *stat = fopen("/proc/self/stat", "r");

	if (!stat || !fgets(line, sizeof(line), stat)) {
		skip("no /proc");
		return;
	}
	fclose(stat);
	p = strrchr(line, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	header.pid = (uint32_t)getpid();
	header.proc_start = p ? strtoull(p, NULL, 10) : 0;
	mk_begin(&m, &header);
	rcp_buf_bytes(&m.buf, sample->buf.data + 80, 100);
	mk_save(&m, path);
	set = rcp_set_open(&path, 1, NULL, &error);
	ok(set && set->processes[0]->end.reason == RCP_ENDED_RUNNING,
	   "a living process runs");
	ok(set && !set->processes[0]->end.why,
	   "half a chunk is no damage then");
	rcp_set_close(set);
	mk_free(&m);
	header.proc_start++;
	mk_begin(&m, &header);
	mk_save(&m, path);
	set = rcp_set_open(&path, 1, NULL, &error);
	ok(set && set->processes[0]->end.reason == RCP_ENDED_CUT,
	   "another process of that pid is another process");
	rcp_set_close(set);
	mk_free(&m);
}

int
main(void)
{
	struct maker m;
	long whole;

	make_sample(&m);
	mk_save(&m, FILE_NAME);
	whole = look();
	ok(whole >= 4, "the whole file: %ld snapshots", whole);
	cuts(&m, whole);
	flips(&m, whole);
	say_where(&m);
	not_profiles();
	running(&m);
	mk_free(&m);
	unlink(FILE_NAME);
	return done_testing();
}

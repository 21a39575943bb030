/* SPDX-License-Identifier: MIT
 *
 * fuzz_reader.c - any bytes as a profile: the reader opens them or says why
 * not, and answers every question about what it opened.
 *
 * With clang's -fsanitize=fuzzer it is a libFuzzer target (make fuzz).  With
 * -DRCP_REPLAY it is a test program that takes the files of its arguments
 * once (tests/fuzz/corpus.t).
 *
 * The CRCs of the input are made right first, or nothing but the CRC would be
 * tested; an input whose first byte is 0 is taken as it stands behind it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/crc32.h"
#include "format/decode.h"
#include "format/paths.h"
#include "model/cycles.h"
#include "model/keys.h"
#include "model/model.h"
#include "model/object_groups.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
store32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

static void
make_right(uint8_t *data, size_t size)
{
	struct rcp_raw_chunk chunk;
	size_t at = RCP_HEADER_SIZE;

	if (size < RCP_HEADER_SIZE)
		return;
	store32(data + 76, rcp_crc32(0, data, 76));
	while (size - at >= RCP_CHUNK_HEADER) {
		uint8_t *head = data + at;

		if (!rcp_decode_chunk(head, &chunk) ||
		    chunk.length > size - at - RCP_CHUNK_HEADER)
			return;
		store32(head + 8, rcp_crc32(rcp_crc32(0, head, 8),
					    head + RCP_CHUNK_HEADER,
					    chunk.length));
		at += RCP_CHUNK_HEADER + chunk.length;
	}
}

static void
on_change(void *context, const struct rcp_change *change)
{
	*(uint64_t *)context += change->time;
}

static bool
on_chunk(void *context, const struct rcp_raw_chunk *chunk)
{
	static struct rcp_paths paths;
	struct rcp_records records;
	struct rcp_record record;

	rcp_records_begin_paths(&records, chunk, &paths);
	while (rcp_records_next(&records, &record) > 0)
		*(uint64_t *)context += record.type;
	return true;
}

static void
ask_lives(struct rcp_set *set, const struct rcp_view *view)
{
	struct rcp_keys *places = rcp_keys_new(set, RCP_BY_STACK);
	uint32_t *rows = calloc(view->object_count + 1, sizeof(*rows));
	struct rcp_lives_groups *types;
	size_t own = rows ? rcp_objects_own(set, view, rows) : 0;

	types = rcp_lives_groups_new(set, view, rows, own, RCP_LIVES_BY_TYPE,
				     places);
	for (size_t i = 0; i < types->count; i++) {
		const struct rcp_lives_group *type = &types->groups[i];

		for (int by = RCP_LIVES_BY_BIRTH; by <= RCP_LIVES_BY_DEATH;
		     by++)
			rcp_lives_groups_free(rcp_lives_groups_new(
				set, view, type->rows, type->row_count,
				(enum rcp_lives_by)by, places));
		(void)rcp_type_is_own(set, type->name);
		(void)rcp_objects_alive_error(&type->lives);
	}
	rcp_lives_groups_free(types);
	rcp_keys_free(places);
	free(rows);
}

static void
ask_cycles(struct rcp_set *set, const struct rcp_view *view)
{
	struct rcp_cycle_groups *groups = rcp_cycle_groups_new(set, view);
	double columns[7];

	for (size_t i = 0; i < groups->count; i++) {
		const struct rcp_cycle_group *group = &groups->groups[i];
		const struct rcp_cycle_info *info = rcp_cycle_of(set, group);

		for (uint32_t n = 0; info && n < info->count && n < 9; n++) {
			(void)rcp_cycle_member(set, group, n);
			(void)rcp_cycle_type(set, group, n);
		}
		(void)rcp_cycle_advice(set, group);
	}
	rcp_cycle_groups_free(groups);
	rcp_garbage_columns(set, 0, 1000000000, columns, 7);
}

static void
ask_view(struct rcp_set *set, const struct rcp_query *query)
{
	struct rcp_error error;
	struct rcp_view *view = rcp_view_new(set, query, &error);
	struct rcp_growth total;

	if (!view)
		return;
	for (int by = 0; by < RCP_BYS; by++) {
		struct rcp_groups *groups = rcp_groups_new(
			set, view, (enum rcp_by)by, query->metric);

		if (by == RCP_BY_OWN)
			free(rcp_growth_new(set, query, view, groups, &total,
					    &error));
		rcp_groups_free(groups);
	}
	ask_lives(set, view);
	ask_cycles(set, view);
	rcp_view_free(view);
}

/* One of a few ways to look, by the input: all of them each time would halve
 * what is tried in an hour. */
static void
ask(struct rcp_set *set, unsigned way)
{
	static const char *const moments[] = { "end", "peak", "1", "-1" };
	struct rcp_query query = { .metric = RCP_METRIC_PEAK };
	struct rcp_error error;
	uint64_t sum = 0;

	rcp_moment_parse(set, moments[way % 4], &query.at, &error);
	rcp_moment_parse(set, "0.5", &query.from, &error);
	query.window = way / 4 % 2;
	query.include = way / 8 % 2 ? "a" : NULL;
	ask_view(set, &query);
	rcp_changes_each(set, &query, on_change, &sum, &error);
	rcp_bands_free(rcp_bands_new(set, &query, (enum rcp_by)(way % RCP_BYS),
				     3, 7, &error));
}

static int
file_with(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("profile", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) != 0 ||
	    pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rcp_open_options options = { .flags = RCP_OPEN_NO_SYMBOLS };
	struct rcp_file_header header;
	struct rcp_end_info end;
	struct rcp_error error;
	struct rcp_set *set;
	uint8_t *copy = malloc(size + 1);
	const char *paths[2];
	char path[64];
	uint64_t sum = 0;
	unsigned way = rcp_crc32(0, data, size);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (size && copy[0] == 0)
		memmove(copy, copy + 1, --size);
	else
		make_right(copy, size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 file_with(copy, size));
	free(copy);
	paths[0] = paths[1] = path;
	rcp_chunks_each(path, &header, on_chunk, &sum, &end, &error);
	set = rcp_set_open(paths, 1, &options, &error);
	if (set)
		ask(set, way);
	rcp_set_close(set);
	/* One file twice is a tree of two processes. */
	set = rcp_set_open(paths, 2, &options, &error);
	if (set)
		ask(set, way);
	rcp_set_close(set);
	return 0;
}

#ifdef RCP_REPLAY
static bool
replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(1 << 20);
	size_t size;

	if (!file || !data)
		return false;
	size = fread(data, 1, 1 << 20, file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return true;
}

int
main(int argc, char **argv)
{
	int done = 0;

	for (int i = 1; i < argc; i++)
		done += replay(argv[i]);
	printf("%d files\n", done);
	return done == argc - 1 ? 0 : 1;
}
#endif

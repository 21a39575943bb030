/* SPDX-License-Identifier: MIT
 *
 * emit_util.h - for the tests of src/emit: a source that counts, a set-up,
 * and a reader that takes the file apart with format/decode.h alone.
 *
 * emit is one per process, so each test runs in a child (in_fork).
 */
#ifndef EMIT_UTIL_H
#define EMIT_UTIL_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"
#include "emit/emit.h"
#include "emit/sink.h"
#include "format/decode.h"
#include "tap/tap.h"

#define UTIL static __attribute__((unused))

/* --- a directory of its own ---------------------------------------------- */

static char util_dir[256];

UTIL void
util_remove(void)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -rf '%s'", util_dir);
	if (util_dir[0] && system(command) != 0)
		diag("%s stays", util_dir);
}

UTIL void
util_make_dir(void)
{
	const char *top = getenv("TMPDIR");

	snprintf(util_dir, sizeof(util_dir), "%s/rcprof-emit-XXXXXX",
		 top ? top : "/tmp");
	if (!mkdtemp(util_dir))
		exit(97);
}

/* util_dir/NAME; valid until the fourth next call. */
UTIL const char *
util_path(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned n;
	char *path = paths[n++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", util_dir, name);
	return path;
}

UTIL void
util_sleep(double seconds)
{
	struct timespec ts = { (time_t)seconds,
			       (long)((seconds - (time_t)seconds) * 1e9) };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

/* Waits until COND holds, but not for ever: on a machine that is busy with
 * other things the helper may have to wait for its turn. */
#define UTIL_UNTIL(cond)                                      \
	for (unsigned i_ = 0; i_ < 6000 && !(cond); i_++)     \
		util_sleep(0.005)

/* --- the source ---------------------------------------------------------- */

#define UTIL_CELLS 64

static struct {
	uint64_t now[UTIL_CELLS + 1], written[UTIL_CELLS + 1];
	uint32_t stamp[UTIL_CELLS + 1];
	_Atomic int64_t live;
	unsigned drained, settled, lost, keyframes;
	unsigned filler; /* strings of 1,000 bytes with each snapshot */
	uint64_t filler_id;
} util;

/* CELL (1 to UTIL_CELLS) counts up. */
UTIL void
util_count(unsigned cell, uint64_t n)
{
	util.now[cell] += n;
	/* The helper reads it whenever it likes. */
	__asm__ volatile("" ::: "memory");
}

UTIL void
util_fill(struct rcp_sink *sink)
{
	char text[1000];
	struct rcp_buf *b;

	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < util.filler; i++) {
		b = rcp_sink_record(sink, RCP_CHUNK_STRING);
		rcp_buf_uv(b, 1000 + util.filler_id++);
		rcp_buf_str(b, text, sizeof(text));
	}
}

UTIL void
util_drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	util.drained++;
	util.keyframes += snap->keyframe;
	util_fill(sink);
	for (unsigned i = 1; i <= UTIL_CELLS; i++) {
		uint64_t values[RCP_CELL_FIELDS] = { 0 };
		struct rcp_buf *b;
		uint64_t now;

		if (snap->keyframe)
			util.written[i] = 0;
		if (util.now[i] == util.written[i])
			continue;
		if (util.stamp[i] != snap->file_generation) {
			util.stamp[i] = snap->file_generation;
			b = rcp_sink_record(sink, RCP_CHUNK_NODE);
			rcp_buf_uv(b, i);
			rcp_buf_uv(b, 0);
			rcp_buf_u8(b, RCP_FRAME_MARKER);
			rcp_buf_uv(b, RCP_MARKER_UNKNOWN);
			rcp_buf_uv(b, 0);
			b = rcp_sink_record(sink, RCP_CHUNK_SITE);
			rcp_buf_uv(b, i);
			rcp_buf_uv(b, i);
			rcp_buf_u8(b, RCP_KIND_MALLOC);
		}
		now = __atomic_load_n(&util.now[i], __ATOMIC_RELAXED);
		values[RCP_CELL_ALLOCS] = now - util.written[i];
		util.written[i] = now;
		b = rcp_sink_cell(sink, RCP_CHUNK_CELLS, 1 + i % 3);
		rcp_encode_cell(b, i, 1u << RCP_CELL_ALLOCS, values);
	}
}

UTIL void
util_settled(bool written)
{
	util.settled += written;
	util.lost += !written;
}

/* A COUNT that the helper counts up. */
UTIL unsigned
util_look(const unsigned *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

UTIL int64_t
util_live(void)
{
	return util.live;
}

static struct rcp_source util_source = {
	.name = "test",
	.drain = util_drain,
	.settled = util_settled,
};
static struct rcp_options util_options;
static struct rcp_emit_setup util_setup;

/* The defaults, with OUTPUT (relative to the directory) as the template; a
 * test may change util_options and util_setup before util_start(). */
UTIL void
util_prepare(const char *output)
{
	static char template[PATH_MAX];

	memset(&util, 0, sizeof(util));
	snprintf(template, sizeof(template), "%s", util_path(output));
	rcp_options_init(&util_options);
	util_setup = (struct rcp_emit_setup){
		.options = &util_options,
		.output = template,
		.program = "app",
		.is_root = true,
		.live_bytes = util_live,
	};
}

UTIL void
util_start(void)
{
	rcp_clock_init();
	rcp_emit_init(&util_setup);
	rcp_emit_register(&util_source);
}

/* --- the reader ---------------------------------------------------------- */

struct util_file {
	bool there, whole; /* opened; nothing cut, no bad CRC */
	bool sane;         /* definitions before use, differences in range */
	bool merged;       /* of its snapshots some are missing */
	struct rcp_file_header header;
	mode_t mode;
	uint64_t size;
	unsigned chunks[RCP_CHUNK_END + 1]; /* by type */
	uint64_t cells[UTIL_CELLS + 1];     /* at the last SNAP_END */
	uint64_t totals[64];
	unsigned snapshots, keyframes, reasons[16];
	uint64_t last_seq, last_time; /* of any record */
	unsigned events[16];          /* by kind */
	char text[1200];              /* of the last event */
	uint64_t number, points, rss, end_time, end_lost;
	int64_t live;
	int end, status; /* the last chunk, 0: not END */
	char info[2048]; /* key=value; */
	bool in_snapshot;
	uint64_t pending[UTIL_CELLS + 1], defined;
};

UTIL void
util_take_info(struct util_file *f, const struct rcp_record *r)
{
	size_t len = strlen(f->info);

	snprintf(f->info + len, sizeof(f->info) - len, "%.*s=%.*s;",
		 (int)r->u.info.key.len, r->u.info.key.data,
		 (int)r->u.info.value.len, r->u.info.value.data);
}

UTIL void
util_take_event(struct util_file *f, const struct rcp_record *r)
{
	f->events[r->u.event.kind % 16]++;
	f->number = r->u.event.number;
	snprintf(f->text, sizeof(f->text), "%.*s", (int)r->u.event.text.len,
		 r->u.event.text.data ? r->u.event.text.data : "");
	f->last_time = r->u.event.time;
}

UTIL void
util_take_begin(struct util_file *f, const struct rcp_record *r)
{
	f->sane = f->sane && !f->in_snapshot &&
		  (f->merged ? r->u.snap_begin.seq > f->last_seq
			     : r->u.snap_begin.seq == f->last_seq + 1);
	f->in_snapshot = true;
	f->last_seq = r->u.snap_begin.seq;
	f->last_time = r->u.snap_begin.time;
	f->reasons[r->u.snap_begin.reason % 16]++;
	if (r->u.snap_begin.flags & RCP_SNAP_KEYFRAME) {
		f->keyframes++;
		memset(f->pending, 0, sizeof(f->pending));
	} else {
		memcpy(f->pending, f->cells, sizeof(f->pending));
	}
}

UTIL void
util_take(struct util_file *f, const struct rcp_record *r)
{
	uint64_t site;

	switch (r->type) {
	case RCP_CHUNK_INFO:
	case RCP_CHUNK_COVERAGE:
		util_take_info(f, r);
		break;
	case RCP_CHUNK_SITE:
		f->defined |= 1ull << (r->u.site.id % 64);
		break;
	case RCP_CHUNK_SNAP_BEGIN:
		util_take_begin(f, r);
		break;
	case RCP_CHUNK_CELLS:
		site = r->u.cell.site;
		if (site > UTIL_CELLS || !f->in_snapshot ||
		    !(f->defined >> (site % 64) & 1))
			f->sane = false;
		else
			f->pending[site] += r->u.cell.values[RCP_CELL_ALLOCS];
		break;
	case RCP_CHUNK_SNAP_END:
		if (r->u.total.key < 64)
			f->totals[r->u.total.key] = r->u.total.value;
		break;
	case RCP_CHUNK_RSS:
		f->points++;
		f->rss = r->u.rss.rss;
		f->live = r->u.rss.live;
		f->last_time = r->u.rss.time;
		break;
	case RCP_CHUNK_EVENT:
		util_take_event(f, r);
		break;
	case RCP_CHUNK_END:
		f->end = r->u.end.reason;
		f->status = (int)r->u.end.status;
		f->end_time = r->u.end.time;
		f->end_lost = r->u.end.lost;
		break;
	}
}

UTIL void
util_take_chunk(struct util_file *f, const struct rcp_raw_chunk *chunk)
{
	struct rcp_records records;
	struct rcp_record record;
	int more;

	if (chunk->type > RCP_CHUNK_END) {
		f->sane = false;
		return;
	}
	f->chunks[chunk->type]++;
	f->end = 0;
	if (chunk->type == RCP_CHUNK_SNAP_END)
		memset(f->totals, 0, sizeof(f->totals));
	rcp_records_begin(&records, chunk);
	while ((more = rcp_records_next(&records, &record)) > 0)
		util_take(f, &record);
	f->sane = f->sane && more == 0;
	if (chunk->type == RCP_CHUNK_SNAP_END) {
		f->sane = f->sane && f->in_snapshot;
		f->in_snapshot = false;
		f->snapshots++;
		memcpy(f->cells, f->pending, sizeof(f->cells));
	}
}

/* Numbers of snapshots need not follow on each other. */
static bool util_merged;

/* Reads util_dir/NAME. */
UTIL struct util_file *
util_read(const char *name)
{
	static struct util_file file;
	struct util_file *f = &file;
	struct stat st;
	uint8_t *data;
	size_t at = RCP_HEADER_SIZE, size;
	int fd = open(util_path(name), O_RDONLY | O_CLOEXEC);

	memset(f, 0, sizeof(*f));
	if (fd < 0 || fstat(fd, &st) < 0)
		return f;
	size = (size_t)st.st_size;
	data = malloc(size + 1);
	f->there = read(fd, data, size) == (ssize_t)size &&
		   rcp_decode_header(data, size, &f->header) == RCP_HEADER_OK;
	close(fd);
	f->mode = st.st_mode & 07777;
	f->size = size;
	f->sane = true;
	f->merged = util_merged;
	while (f->there && at + RCP_CHUNK_HEADER <= size) {
		struct rcp_raw_chunk chunk;

		if (!rcp_decode_chunk(data + at, &chunk) ||
		    chunk.length > size - at - RCP_CHUNK_HEADER ||
		    !rcp_chunk_intact(data + at, data + at + RCP_CHUNK_HEADER,
				      chunk.length))
			break;
		chunk.offset = at;
		chunk.payload = data + at + RCP_CHUNK_HEADER;
		util_take_chunk(f, &chunk);
		at += RCP_CHUNK_HEADER + chunk.length;
	}
	f->whole = f->there && at == size && !f->in_snapshot;
	free(data);
	return f;
}

/* Do the counts in the file equal those of the source? */
UTIL bool
util_equal(const struct util_file *f)
{
	return memcmp(f->cells, util.now, sizeof(util.now)) == 0;
}

/* The name of the only entry that holds PART, "" if there is none. */
UTIL const char *
util_find(const char *part)
{
	static char name[300];
	DIR *dir = opendir(util_dir);
	struct dirent *e;

	name[0] = '\0';
	while (dir && (e = readdir(dir)))
		if (strstr(e->d_name, part))
			snprintf(name, sizeof(name), "%s", e->d_name);
	if (dir)
		closedir(dir);
	return name;
}

/* --- stderr -------------------------------------------------------------- */

/* Puts a file in place of descriptor 2; before util_start(). */
UTIL void
util_catch_stderr(void)
{
	int fd = open(util_path("stderr"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	dup2(fd, 2);
	close(fd);
}

/* What was written there. */
UTIL const char *
util_stderr(void)
{
	static char text[8192];
	int fd = open(util_path("stderr"), O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return text;
}

UTIL unsigned
util_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

#endif

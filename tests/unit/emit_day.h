/* SPDX-License-Identifier: MIT
 *
 * emit_day.h - for the tests of the limits: a clock that can be set, a
 * program whose days pass in seconds, and a reader that knows the state of
 * all cells at each snapshot.
 */
#ifndef EMIT_DAY_H
#define EMIT_DAY_H

#include "emit/file.h"
#include "emit/state.h"
#include "tap/random.h"
#include "unit/emit_util.h"

#define DAY_SECOND 1000000000ull
#define DAY_THREADS 3
#define DAY_SITES 400
#define DAY_SUMMIT (1ll << 40)
#define DAY_CELLS (DAY_THREADS * DAY_SITES)

/* --- the clock ----------------------------------------------------------- */

static uint64_t day_now; /* ns since start */

static uint64_t
day_clock(int id)
{
	return (id == CLOCK_REALTIME ? 1700000000 * DAY_SECOND
				     : 1000 * DAY_SECOND) + day_now;
}

/* --- the program --------------------------------------------------------- */

struct day_cell {
	uint64_t values[RCP_CELL_FIELDS];
};

static struct {
	struct day_cell now[DAY_CELLS], written[DAY_CELLS];
	bool dirty[DAY_CELLS];
	uint32_t stamp[DAY_SITES];
	uint64_t random;
	int64_t live;
	uint64_t epoch, peak_time, peak;
	uint64_t served; /* threads so far */
	unsigned busy; /* cells that change in a second */
} day;

UTIL uint64_t
day_random(uint64_t below)
{
	return tap_random(&day.random) % below;
}

/* All that live now is the peak. */
UTIL void
day_peak(uint64_t live)
{
	day.epoch++;
	day.peak = live;
	day.peak_time = day_now;
}

/* The cells hold at the peak what they have when they change after it. */
UTIL void
day_touch(unsigned i)
{
	uint64_t *v = day.now[i].values;

	day.dirty[i] = true;
	if (v[RCP_CELL_PEAK_EPOCH] == day.epoch)
		return;
	v[RCP_CELL_PEAK_EPOCH] = day.epoch;
	v[RCP_CELL_PEAK_BYTES] = v[RCP_CELL_ALLOC_BYTES] -
				 v[RCP_CELL_FREED_BYTES];
	v[RCP_CELL_PEAK_BLOCKS] = v[RCP_CELL_ALLOCS] - v[RCP_CELL_FREES];
}

/* One second of it. */
UTIL void
day_work(void)
{
	for (unsigned n = 0; n < day.busy; n++) {
		unsigned i = (unsigned)day_random(DAY_CELLS);
		uint64_t *v = day.now[i].values;
		uint64_t size = 16 + day_random(100000);

		day_touch(i);
		v[RCP_CELL_ALLOCS]++;
		v[RCP_CELL_ALLOC_BYTES] += size;
		v[RCP_CELL_VAR_LIVE_BYTES] += day_random(50) - 20;
		if (day_random(2)) {
			v[RCP_CELL_FREES]++;
			v[RCP_CELL_FREED_BYTES] += size;
			v[RCP_CELL_LIFETIME] += day_random(1000);
		} else {
			day.live += (int64_t)size;
		}
	}
	if (day.live > (int64_t)day.peak && day_random(50) == 0)
		day_peak((uint64_t)day.live);
	/* Now and then a site gives all back. */
	if (day_random(20) == 0) {
		unsigned i = (unsigned)day_random(DAY_CELLS);
		uint64_t *v = day.now[i].values;

		day_touch(i);
		day.live -= (int64_t)(v[RCP_CELL_ALLOC_BYTES] -
				      v[RCP_CELL_FREED_BYTES]);
		v[RCP_CELL_FREES] = v[RCP_CELL_ALLOCS];
		v[RCP_CELL_FREED_BYTES] = v[RCP_CELL_ALLOC_BYTES];
	}
}

#define DAY_ABSOLUTE                                                      \
	(1u << RCP_CELL_PEAK_BYTES | 1u << RCP_CELL_PEAK_BLOCKS |         \
	 1u << RCP_CELL_PEAK_EPOCH)

UTIL void
day_define(struct rcp_sink *sink, uint32_t site)
{
	const struct rcp_path_node node = { .id = site,
					    .kind = RCP_FRAME_ADDRESS,
					    .offset = 0x400000 + site };

	rcp_sink_node(sink, &node);
	rcp_sink_site(sink, site, site, RCP_KIND_MALLOC);
}

/* A thread that is another one in each second, with a name of its own. */
UTIL void
day_thread(struct rcp_sink *sink)
{
	struct rcp_buf *b = rcp_sink_record(sink, RCP_CHUNK_STRING);
	char name[40];
	int len = snprintf(name, sizeof(name), "request %llu",
			   (unsigned long long)++day.served);

	rcp_buf_uv(b, RCP_STRING_THREADS + day.served);
	rcp_buf_str(b, name, (size_t)len);
	b = rcp_sink_record(sink, RCP_CHUNK_THREAD);
	rcp_buf_uv(b, 1 + day.served % 2);
	rcp_buf_uv(b, 5000 + day.served);
	rcp_buf_uv(b, RCP_STRING_THREADS + day.served);
	rcp_buf_uv(b, day_now);
	rcp_buf_uv(b, day.served);
}

UTIL void
day_drain(struct rcp_sink *sink, const struct rcp_snap *snap)
{
	day_thread(sink);
	for (unsigned i = 0; i < DAY_CELLS; i++) {
		const uint64_t *now = day.now[i].values;
		uint64_t *old = day.written[i].values, diff[RCP_CELL_FIELDS];
		uint32_t site = 1 + i % DAY_SITES, mask = 0;

		if (!snap->keyframe && !day.dirty[i])
			continue;
		day.dirty[i] = false;
		for (unsigned f = 0; f < RCP_CELL_FIELDS; f++) {
			bool all = snap->keyframe || DAY_ABSOLUTE >> f & 1;

			diff[f] = all ? now[f] : now[f] - old[f];
			if (diff[f])
				mask |= 1u << f;
		}
		day.written[i] = day.now[i];
		if (now[RCP_CELL_PEAK_EPOCH])
			mask |= DAY_ABSOLUTE;
		if (!mask)
			continue;
		if (day.stamp[site - 1] != snap->file_generation) {
			day.stamp[site - 1] = snap->file_generation;
			day_define(sink, site);
		}
		rcp_sink_counts(sink, 1 + i / DAY_SITES, site, mask, diff);
	}
	rcp_sink_total(sink, RCP_TOTAL_PEAK_EPOCH, day.epoch);
	rcp_sink_total(sink, RCP_TOTAL_PEAK_TIME, day.peak_time);
	rcp_sink_total(sink, RCP_TOTAL_LIVE_BYTES, (uint64_t)day.live);
}

UTIL int64_t
day_live(void)
{
	/* One point of the curve, 0.1 s long, that no snapshot sees. */
	if (day_now / 100000000 == 123453)
		return DAY_SUMMIT;
	return day.live + (int64_t)(day_now / 100000000 % 7);
}

static struct rcp_source day_source = { .name = "day", .drain = day_drain };

/* After util_prepare(). */
UTIL void
day_set(unsigned busy)
{
	memset(&day, 0, sizeof(day));
	day.random = 88172645463325252u;
	day.busy = busy;
	day_now = 0;
	rcp_clock_source = day_clock;
	rcp_clock_init();
	rcp_emit_init(&util_setup);
	rcp_emit_register(&day_source);
	rcp_emit_open();
}

UTIL void
day_start(const char *name, uint64_t limit, unsigned busy)
{
	util_prepare(name);
	util_options.file_limit = limit;
	util_setup.live_bytes = day_live;
	day_set(busy);
}

/* The next tenth of a second; EARLY: as the helper does it, which makes room
 * before it must. */
UTIL void
day_tick(bool early)
{
	day_now += 100000000;
	if (day_now % DAY_SECOND == 0)
		day_work();
	rcp_emit_work(day_now, false, early);
}

UTIL uint64_t
size_of(const char *name)
{
	struct stat st;

	return stat(util_path(name), &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* --- the reader ---------------------------------------------------------- */

struct day_snap {
	uint64_t seq, time, hash;
	uint64_t merged;
	uint8_t reason;
	bool keyframe;
};

struct day_file {
	struct day_snap *snaps;
	size_t count, room;
	struct day_cell cells[DAY_CELLS];
	uint64_t points, marks, defined, size;
	int64_t highest; /* live on the curve */
	uint64_t names[2], threads, nameless; /* thread records */
	uint64_t widest; /* ns between two points */
	uint64_t last_point;
	bool good; /* and whole, nothing before its definition */
	bool open;
	uint64_t inode;
};

UTIL void
day_cell_record(struct day_file *f, const struct rcp_record *r)
{
	uint64_t i = (r->u.cell.thread - 1) * DAY_SITES + r->u.cell.site - 1;

	if (!f->open || i >= DAY_CELLS || r->u.cell.site > f->defined) {
		f->good = false;
		return;
	}
	for (unsigned n = 0; n < RCP_CELL_FIELDS; n++) {
		if (DAY_ABSOLUTE >> n & 1 && r->u.cell.mask >> n & 1)
			f->cells[i].values[n] = r->u.cell.values[n];
		else
			f->cells[i].values[n] += r->u.cell.values[n];
	}
}

UTIL void
day_point(struct day_file *f, const struct rcp_record *r)
{
	f->good &= r->u.rss.time >= f->last_point;
	if (f->points++ && r->u.rss.time - f->last_point > f->widest)
		f->widest = r->u.rss.time - f->last_point;
	f->last_point = r->u.rss.time;
	if (r->u.rss.live > f->highest)
		f->highest = r->u.rss.live;
}

UTIL void
day_record(struct day_file *f, const struct rcp_record *r)
{
	struct day_snap *snap = f->snaps ? &f->snaps[f->count] : NULL;

	switch (r->type) {
	case RCP_CHUNK_SITE:
		if (r->u.site.id > f->defined)
			f->defined = r->u.site.id == DAY_SITES ||
						     r->u.site.id ? DAY_SITES
								  : 0;
		break;
	case RCP_CHUNK_STRING:
		f->names[r->u.string.id % 2] = r->u.string.id;
		break;
	case RCP_CHUNK_THREAD:
		f->threads++;
		f->nameless += f->names[r->u.thread.name % 2] !=
			       r->u.thread.name;
		break;
	case RCP_CHUNK_SNAP_BEGIN:
		*snap = (struct day_snap){ .seq = r->u.snap_begin.seq,
					   .time = r->u.snap_begin.time,
					   .reason = r->u.snap_begin.reason };
		snap->keyframe = r->u.snap_begin.flags & RCP_SNAP_KEYFRAME;
		f->good &= !f->open && (f->count || snap->keyframe);
		f->open = true;
		if (snap->keyframe)
			memset(f->cells, 0, sizeof(f->cells));
		break;
	case RCP_CHUNK_CELLS:
		day_cell_record(f, r);
		break;
	case RCP_CHUNK_SNAP_END:
		if (r->u.total.key == RCP_TOTAL_SNAPSHOTS_MERGED)
			snap->merged = r->u.total.value;
		break;
	case RCP_CHUNK_RSS:
		day_point(f, r);
		break;
	case RCP_CHUNK_EVENT:
		f->marks += r->u.event.kind == RCP_EVENT_MARK;
		break;
	}
}

UTIL void
day_end(struct day_file *f)
{
	const uint8_t *p = (const uint8_t *)f->cells;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < sizeof(f->cells); i += 8) {
		uint64_t word;

		memcpy(&word, p + i, 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	f->snaps[f->count].hash = h;
	f->good &= f->open;
	f->open = false;
	f->count++;
}

UTIL void
day_chunk(struct day_file *f, const struct rcp_raw_chunk *chunk)
{
	static struct rcp_paths paths;
	struct rcp_records records;
	struct rcp_record r;
	int more;

	if (f->count == f->room) {
		f->room = f->room * 2 + 64;
		f->snaps = realloc(f->snaps, f->room * sizeof(*f->snaps));
	}
	rcp_records_begin_paths(&records, chunk, &paths);
	while ((more = rcp_records_next(&records, &r)) > 0)
		day_record(f, &r);
	f->good &= more == 0;
	if (chunk->type == RCP_CHUNK_SNAP_END)
		day_end(f);
}

/* Reads util_dir/NAME.  The owner frees snaps and f. */
UTIL struct day_file *
day_read(const char *name)
{
	struct day_file *f = calloc(1, sizeof(*f));
	int fd = open(util_path(name), O_RDONLY | O_CLOEXEC);
	size_t at = RCP_HEADER_SIZE, size;
	struct stat st = { .st_size = 0 };
	uint8_t *data;

	fstat(fd, &st);
	size = (size_t)st.st_size;
	f->size = size;
	f->inode = st.st_ino;
	data = malloc(size + 1);
	f->good = read(fd, data, size) == (ssize_t)size;
	close(fd);
	while (f->good && at < size) {
		struct rcp_raw_chunk chunk;

		if (size - at < RCP_CHUNK_HEADER ||
		    !rcp_decode_chunk(data + at, &chunk) ||
		    chunk.length > size - at - RCP_CHUNK_HEADER ||
		    !rcp_chunk_intact(data + at, data + at + RCP_CHUNK_HEADER,
				      chunk.length)) {
			f->good = false;
			break;
		}
		chunk.payload = data + at + RCP_CHUNK_HEADER;
		day_chunk(f, &chunk);
		at += RCP_CHUNK_HEADER + chunk.length;
	}
	f->good &= !f->open;
	free(data);
	return f;
}

UTIL void
day_free(struct day_file *f)
{
	free(f->snaps);
	free(f);
}

#endif

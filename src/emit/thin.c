/* SPDX-License-Identifier: MIT
 *
 * thin.c - see thin.h.  Also in the helper: raw system calls, no TLS.
 *
 * The file is a row of runs.  The snapshots of a run become one: the sums of
 * their cells, with the name and the totals of the last.  A run of one, and
 * all that stands behind the zones, is copied as it is.
 */
#include "emit/thin.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "emit/merge.h"
#include "emit/notes.h"
#include "emit/stream.h"

struct run {
	uint64_t begin, end;   /* of all its chunks */
	uint64_t snapshots;
	uint64_t seq, time;    /* of the last one */
	uint64_t last_end;     /* where its SNAP_END stands */
	uint8_t reason;
	bool keyframe;         /* there is one among them */
	bool pinned;           /* the last one is: none comes after it */
};

struct work {
	struct rcp_thin *job;
	struct rcp_stream stream;
	struct rcp_merge merge;
	struct rcp_notes notes;
	struct run run;
	uint64_t end;       /* of the last zone */
	uint64_t last_end;  /* the file's last SNAP_END; 0: none */
	uint64_t peak_time; /* that it tells of */
	bool past_peak;
	uint64_t seq;       /* of the last snapshot met, and how many stand */
	uint64_t kept;      /* in the new file */
};

/* The chunk at OFFSET: 1, 0 at the end, -errno. */
static long
next(struct work *w, uint64_t offset, struct rcp_raw_chunk *chunk)
{
	if (w->job->stop && w->job->stop())
		return -ECANCELED;
	return rcp_stream_chunk(&w->stream, offset, chunk);
}

/* Its first record; false: it has none. */
static bool
first_record(const struct rcp_raw_chunk *chunk, struct rcp_record *record)
{
	struct rcp_records records;

	rcp_records_begin(&records, chunk);
	return rcp_records_next(&records, record) > 0;
}

/* --- which snapshots make a run ------------------------------------------ */

static uint64_t
gap_at(const struct rcp_thin *job, uint64_t offset)
{
	for (int i = 0; i < RCP_THIN_ZONES; i++)
		if (offset < job->zones[i].before)
			return job->zones[i].gap;
	return 0;
}

/* Somebody has asked for it, or it is the first that knows of the peak. */
static bool
is_pinned(struct work *w, const struct rcp_record *r)
{
	uint8_t reason = r->u.snap_begin.reason;
	bool peak = !w->past_peak && r->u.snap_begin.time >= w->peak_time;

	w->past_peak |= peak;
	return w->job->pins == RCP_THIN_PIN_ALL &&
	       (peak || (reason != RCP_SNAP_INTERVAL &&
			 reason != RCP_SNAP_GROWTH));
}

/* May the snapshot at OFFSET join the run, whose first has GAP? */
static bool
joins(const struct work *w, uint64_t time, uint64_t offset, uint64_t gap)
{
	const struct run *run = &w->run;

	if (run->snapshots == 0)
		return true;
	return !run->pinned && gap && gap == gap_at(w->job, offset) &&
	       run->time / gap == time / gap;
}

static bool
takes(struct work *w, const struct rcp_raw_chunk *chunk, uint64_t *gap)
{
	struct run *run = &w->run;
	struct rcp_record r;

	if (!first_record(chunk, &r) || chunk->offset >= w->end)
		return false;
	if (run->snapshots == 0)
		*gap = gap_at(w->job, chunk->offset);
	if (!joins(w, r.u.snap_begin.time, chunk->offset, *gap))
		return false;
	run->seq = r.u.snap_begin.seq;
	run->time = r.u.snap_begin.time;
	run->reason = r.u.snap_begin.reason;
	run->keyframe |= r.u.snap_begin.flags & RCP_SNAP_KEYFRAME;
	run->pinned = is_pinned(w, &r);
	return true;
}

/* The run that begins at OFFSET; without snapshots: what is left. */
static long
find_run(struct work *w, uint64_t offset)
{
	struct rcp_raw_chunk chunk;
	uint64_t gap = 0;
	long more;

	w->run = (struct run){ .begin = offset, .end = offset };
	rcp_notes_run(&w->notes);
	while ((more = next(w, offset, &chunk)) > 0) {
		if (chunk.type == RCP_CHUNK_SNAP_BEGIN &&
		    !takes(w, &chunk, &gap))
			break;
		offset = rcp_stream_next(&chunk);
		rcp_notes_look(&w->notes, &chunk);
		if (chunk.type != RCP_CHUNK_SNAP_END)
			continue;
		w->run.snapshots++;
		w->run.last_end = chunk.offset;
		w->run.end = offset;
	}
	w->notes.gap = gap;
	return more < 0 ? more : 0;
}

/* --- writing a run ------------------------------------------------------- */

/* Damage must not get a checksum that is right. */
static bool
is_intact(const struct rcp_raw_chunk *chunk)
{
	return rcp_chunk_intact(chunk->payload - RCP_CHUNK_HEADER,
				chunk->payload, chunk->length);
}

/* The SNAP_END with the number of snapshots that are missing so far. */
static long
put_end(struct work *w, const struct rcp_raw_chunk *chunk)
{
	struct rcp_buf *out = &w->stream.out;
	size_t start = rcp_chunk_begin(out, RCP_CHUNK_SNAP_END);
	struct rcp_records records;
	struct rcp_record r;
	int more;

	w->kept++;
	rcp_records_begin(&records, chunk);
	while ((more = rcp_records_next(&records, &r)) > 0) {
		if (r.u.total.key == RCP_TOTAL_SNAPSHOTS_MERGED)
			continue;
		rcp_buf_uv(out, r.u.total.key);
		rcp_buf_uv(out, r.u.total.value);
	}
	if (w->seq > w->kept) {
		rcp_buf_uv(out, RCP_TOTAL_SNAPSHOTS_MERGED);
		rcp_buf_uv(out, w->seq - w->kept);
	}
	rcp_chunk_finish(out, start);
	if (more < 0 || !is_intact(chunk))
		return -EBADMSG;
	return rcp_stream_ease(&w->stream);
}

/* A chunk that no merging touches: as it is, or less of it. */
static long
put(struct work *w, const struct rcp_raw_chunk *chunk)
{
	switch (chunk->type) {
	case RCP_CHUNK_INFO:
	case RCP_CHUNK_COVERAGE:
	case RCP_CHUNK_STRING:
	case RCP_CHUNK_THREAD:
	case RCP_CHUNK_RSS:
		return is_intact(chunk) ? rcp_notes_put(&w->notes, chunk)
					: -EBADMSG;
	case RCP_CHUNK_SNAP_END:
		return put_end(w, chunk);
	case RCP_CHUNK_INDEX: /* its offsets are the old file's */
		return 0;
	default:
		return rcp_stream_copy_chunk(&w->stream, chunk);
	}
}

static long
copy_run(struct work *w)
{
	struct rcp_raw_chunk chunk;
	uint64_t offset = w->run.begin;
	long error = 0;

	w->seq = w->run.seq;
	while (error == 0 && offset < w->run.end) {
		error = next(w, offset, &chunk);
		if (error <= 0)
			return error < 0 ? error : -EBADMSG;
		offset = rcp_stream_next(&chunk);
		error = put(w, &chunk);
	}
	return error ? error : rcp_notes_flush(&w->notes);
}

/* One pass over the run: the cells into the table; in the first pass all that
 * is not merged into the new file. */
static long
pass(struct work *w, bool first)
{
	struct rcp_raw_chunk chunk;
	struct rcp_record r;
	uint64_t offset = w->run.begin;
	long error = 0;

	while (error == 0 && offset < w->run.end) {
		error = next(w, offset, &chunk);
		if (error <= 0)
			return error < 0 ? error : -EBADMSG;
		error = 0;
		offset = rcp_stream_next(&chunk);
		switch (chunk.type) {
		case RCP_CHUNK_SNAP_BEGIN:
			if (first_record(&chunk, &r) &&
			    r.u.snap_begin.flags & RCP_SNAP_KEYFRAME)
				rcp_merge_forget(&w->merge);
			break;
		case RCP_CHUNK_CELLS:
		case RCP_CHUNK_COUNTS:
		case RCP_CHUNK_OBJECTS:
		case RCP_CHUNK_CYCLES:
			if (!is_intact(&chunk) ||
			    !rcp_merge_chunk(&w->merge, &chunk))
				return -EBADMSG;
			break;
		case RCP_CHUNK_SNAP_END:
			break;
		default:
			error = first ? put(w, &chunk) : 0;
		}
	}
	return error;
}

static long
ease(void *stream)
{
	return rcp_stream_ease(stream);
}

static long
merge_run(struct work *w)
{
	struct rcp_buf *out = &w->stream.out;
	struct rcp_raw_chunk chunk;
	bool first = true;
	size_t start;
	long error;

	rcp_merge_begin(&w->merge);
	do {
		error = pass(w, first);
		if (error == 0 && first)
			error = rcp_notes_flush(&w->notes);
		if (error)
			return error;
		if (first) {
			start = rcp_chunk_begin(out, RCP_CHUNK_SNAP_BEGIN);
			rcp_encode_snap_begin(
				out, w->run.seq, w->run.time,
				w->run.keyframe ? RCP_SNAP_KEYFRAME : 0,
				(enum rcp_snap_reason)w->run.reason);
			rcp_chunk_finish(out, start);
		}
		first = false;
		error = rcp_merge_write(&w->merge, out, ease, &w->stream);
	} while (error == 0 && rcp_merge_next(&w->merge));
	if (error)
		return error;
	error = next(w, w->run.last_end, &chunk);
	if (error <= 0)
		return error < 0 ? error : -EBADMSG;
	w->seq = w->run.seq;
	return put_end(w, &chunk);
}

/* --- the file ------------------------------------------------------------ */

/* Definitions, events, collections; not the names of threads. */
static bool
is_fixed(const struct rcp_raw_chunk *chunk)
{
	struct rcp_record r;

	switch (chunk->type) {
	case RCP_CHUNK_STRING:
		return !first_record(chunk, &r) ||
		       r.u.string.id < RCP_STRING_THREADS;
	case RCP_CHUNK_INFO:
	case RCP_CHUNK_COVERAGE:
	case RCP_CHUNK_THREAD:
	case RCP_CHUNK_RSS:
	case RCP_CHUNK_SNAP_BEGIN:
	case RCP_CHUNK_CELLS:
	case RCP_CHUNK_COUNTS:
	case RCP_CHUNK_OBJECTS:
	case RCP_CHUNK_CYCLES:
	case RCP_CHUNK_SNAP_END:
	case RCP_CHUNK_INDEX:
		return false;
	default:
		return true;
	}
}

/* What has to be known before: its last SNAP_END, and that it is whole. */
static long
look_through(struct work *w)
{
	struct rcp_raw_chunk chunk;
	struct rcp_records records;
	struct rcp_record r;
	uint64_t offset = RCP_HEADER_SIZE;
	bool ended = false;
	long more;

	while ((more = next(w, offset, &chunk)) > 0) {
		ended = chunk.type == RCP_CHUNK_END;
		if (is_fixed(&chunk))
			w->job->fixed += rcp_stream_next(&chunk) - offset;
		offset = rcp_stream_next(&chunk);
		if (chunk.type == RCP_CHUNK_SNAP_END)
			w->last_end = chunk.offset;
	}
	if (more == 0 && w->job->must_end && !ended)
		return -EBUSY;
	if (more < 0 || !w->last_end)
		return more;
	more = next(w, w->last_end, &chunk);
	if (more <= 0)
		return more;
	rcp_records_begin(&records, &chunk);
	while (rcp_records_next(&records, &r) > 0)
		if (r.u.total.key == RCP_TOTAL_PEAK_TIME)
			w->peak_time = r.u.total.value;
	return 0;
}

/* Behind the zones nothing changes but the count in the last SNAP_END. */
static long
copy_rest(struct work *w, uint64_t offset)
{
	struct rcp_raw_chunk chunk;
	struct rcp_record r;
	long error = rcp_notes_flush(&w->notes);

	while (error == 0 && (error = next(w, offset, &chunk)) > 0) {
		offset = rcp_stream_next(&chunk);
		if (chunk.type == RCP_CHUNK_SNAP_BEGIN &&
		    first_record(&chunk, &r))
			w->seq = r.u.snap_begin.seq;
		if (chunk.offset != w->last_end)
			w->kept += chunk.type == RCP_CHUNK_SNAP_END;
		if (chunk.offset == w->last_end)
			error = put_end(w, &chunk);
		else if (chunk.type == RCP_CHUNK_INDEX)
			error = 0;
		else
			error = rcp_stream_copy_chunk(&w->stream, &chunk);
	}
	return error;
}

static long
rewrite(struct work *w)
{
	uint64_t offset = RCP_HEADER_SIZE;
	const uint8_t *header;
	long error = look_through(w);

	if (error)
		return error;
	header = rcp_stream_bytes(&w->stream, 0, RCP_HEADER_SIZE);
	if (!header)
		return -EBADMSG;
	error = rcp_stream_copy(&w->stream, header, RCP_HEADER_SIZE);
	while (error == 0) {
		error = find_run(w, offset);
		if (error || w->run.snapshots == 0)
			break;
		offset = w->run.end;
		error = w->run.snapshots == 1 ? copy_run(w) : merge_run(w);
	}
	if (error == 0)
		error = copy_rest(w, offset);
	if (error == 0)
		error = rcp_stream_tail(&w->stream);
	return error ? error : rcp_stream_flush(&w->stream);
}

long
rcp_thin_run(struct rcp_thin *job)
{
	struct work *w = rcp_pages_new(sizeof(*w));
	long error = -ENOMEM;

	if (!w)
		return error;
	w->job = job;
	job->fixed = 0;
	w->stream.from = job->from;
	w->stream.to = job->to;
	w->stream.size = job->size;
	w->stream.tail = job->tail;
	w->stream.most = job->most;
	for (int i = 0; i < RCP_THIN_ZONES; i++)
		if (job->zones[i].before > w->end)
			w->end = job->zones[i].before;
	if (rcp_stream_init(&w->stream)) {
		rcp_notes_init(&w->notes, &w->stream);
		if (rcp_merge_init(&w->merge,
				   job->rows ? job->rows : RCP_MERGE_ROWS)) {
			error = rewrite(w);
			rcp_merge_free(&w->merge);
		}
		rcp_stream_free(&w->stream);
	}
	job->written = w->stream.written;
	job->merged = w->seq > w->kept ? w->seq - w->kept : 0;
	rcp_pages_free(w, sizeof(*w));
	return error;
}

/* SPDX-License-Identifier: MIT
 *
 * notes.c - see notes.h.  Also in the helper: no TLS, no errno.
 */
#include "emit/notes.h"

#include <errno.h>
#include <string.h>

#define FULL (RCP_NOTES_SLOTS / 4 * 3)
#define SECOND 1000000000u
#define DAY (86400ull * SECOND)
#define CHUNK (16u << 10) /* bytes of an RSS chunk, about */

void
rcp_notes_init(struct rcp_notes *n, struct rcp_stream *stream)
{
	memset(n, 0, sizeof(*n));
	n->stream = stream;
}

void
rcp_notes_run(struct rcp_notes *n)
{
	if (n->count)
		memset(n->said, 0, sizeof(n->said));
	n->count = 0;
	n->full = false;
}

/* --- pairs and threads --------------------------------------------------- */

static bool
is_said_again(uint16_t type)
{
	return type == RCP_CHUNK_INFO || type == RCP_CHUNK_COVERAGE ||
	       type == RCP_CHUNK_THREAD;
}

/* Never 0.  Two keys with one hash would lose a pair: 64 bits. */
static uint64_t
key_of(const struct rcp_record *r)
{
	uint64_t h = 0xcbf29ce484222325u ^ r->type;

	if (r->type == RCP_CHUNK_THREAD)
		h = (h ^ r->u.thread.id) * 0x9e3779b97f4a7c15u;
	else
		for (size_t i = 0; i < r->u.info.key.len; i++)
			h = (h ^ (uint8_t)r->u.info.key.data[i]) *
			    0x100000001b3u;
	h ^= h >> 31;
	return h ? h : 1;
}

/* The entry of KEY or a free one; NULL: the table is full. */
static struct rcp_notes_said *
entry(struct rcp_notes *n, uint64_t key)
{
	size_t i = key % RCP_NOTES_SLOTS;

	while (n->said[i].key && n->said[i].key != key)
		i = (i + 1) % RCP_NOTES_SLOTS;
	return n->said[i].key || n->count < FULL ? &n->said[i] : NULL;
}

void
rcp_notes_look(struct rcp_notes *n, const struct rcp_raw_chunk *chunk)
{
	struct rcp_records records;
	struct rcp_record r;
	const uint8_t *at;

	if (!is_said_again(chunk->type))
		return;
	rcp_records_begin(&records, chunk);
	for (at = records.next; rcp_records_next(&records, &r) > 0;
	     at = records.next) {
		uint64_t key = key_of(&r);
		uint64_t offset = chunk->offset + (uint64_t)(at -
							     chunk->payload);
		struct rcp_notes_said *said = entry(n, key);

		uint64_t name = r.type == RCP_CHUNK_THREAD ? r.u.thread.name
							   : 0;

		if (!said) {
			n->full = true;
			continue;
		}
		if (!said->key) {
			said->key = key;
			said->first = offset;
			said->first_name = name;
			n->count++;
		}
		said->last = offset;
		said->last_name = name;
	}
}

/* Has a thread that stays this name? */
static bool
is_named(const struct rcp_notes *n, uint64_t name)
{
	if (n->full || name < RCP_STRING_THREADS)
		return true;
	for (size_t i = 0; i < RCP_NOTES_SLOTS; i++)
		if (n->said[i].key && (n->said[i].first_name == name ||
				       n->said[i].last_name == name))
			return true;
	return false;
}

/* A thread's first word defines it for what comes between. */
static bool
stays(struct rcp_notes *n, const struct rcp_record *r, uint64_t offset)
{
	const struct rcp_notes_said *said;

	if (r->type == RCP_CHUNK_STRING)
		return is_named(n, r->u.string.id);
	said = entry(n, key_of(r));
	return !said || !said->key || offset >= said->last ||
	       (r->type == RCP_CHUNK_THREAD && offset == said->first);
}

static long
put_said(struct rcp_notes *n, const struct rcp_raw_chunk *chunk)
{
	struct rcp_stream *s = n->stream;
	struct rcp_records records;
	struct rcp_record r;
	const uint8_t *at;
	bool all = true;
	size_t start;
	long error;
	int more;

	rcp_records_begin(&records, chunk);
	for (at = records.next; (more = rcp_records_next(&records, &r)) > 0;
	     at = records.next)
		all &= stays(n, &r, chunk->offset +
					    (uint64_t)(at - chunk->payload));
	if (all || more < 0 || chunk->length > CHUNK)
		return rcp_stream_copy_chunk(s, chunk);
	error = rcp_stream_ease(s);
	start = rcp_chunk_begin(&s->out, (enum rcp_chunk)chunk->type);
	rcp_records_begin(&records, chunk);
	for (at = records.next; rcp_records_next(&records, &r) > 0;
	     at = records.next)
		if (stays(n, &r, chunk->offset +
					 (uint64_t)(at - chunk->payload)))
			rcp_buf_bytes(&s->out, at,
				      (size_t)(records.next - at));
	if (rcp_chunk_size(&s->out, start))
		rcp_chunk_finish(&s->out, start);
	else
		rcp_chunk_drop(&s->out, start);
	return error;
}

/* --- the curve ----------------------------------------------------------- */

/* How long a stretch is of which only the summits stay: the curve is finer
 * than the snapshots, as it was. */
static uint64_t
stretch_of(const struct rcp_notes *n)
{
	if (n->gap >= DAY)
		return n->gap == UINT64_MAX ? DAY : n->gap / 6;
	return n->gap >= 6ull * SECOND ? n->gap / 6 : n->gap;
}

static void
put_point(struct rcp_notes *n, const struct rcp_notes_point *p)
{
	struct rcp_buf *out = &n->stream->out;

	if (!n->open) {
		n->chunk = rcp_chunk_begin(out, RCP_CHUNK_RSS);
		n->time = 0;
		n->open = true;
	}
	rcp_buf_uv(out, p->time - n->time);
	rcp_buf_uv(out, p->rss);
	rcp_buf_sv(out, p->live);
	n->time = p->time;
}

static long
close_chunk(struct rcp_notes *n)
{
	if (n->open)
		rcp_chunk_finish(&n->stream->out, n->chunk);
	n->open = false;
	return rcp_stream_ease(n->stream);
}

/* The points of a stretch that stay, in their order. */
static void
put_stretch(struct rcp_notes *n)
{
	const struct rcp_notes_point *a = &n->highest, *b = &n->fullest;

	if (!n->begun)
		return;
	n->begun = false;
	if (b->time < a->time) {
		a = &n->fullest;
		b = &n->highest;
	}
	if (a->time < b->time)
		put_point(n, a);
	if (b->time < n->last.time)
		put_point(n, b);
	put_point(n, &n->last);
}

static long
take_point(struct rcp_notes *n, const struct rcp_notes_point *p)
{
	uint64_t stretch = p->time / stretch_of(n);
	long error = 0;

	if (n->begun && n->stretch != stretch) {
		put_stretch(n);
		if (n->open &&
		    rcp_chunk_size(&n->stream->out, n->chunk) >= CHUNK)
			error = close_chunk(n);
	}
	if (!n->begun || p->rss > n->highest.rss)
		n->highest = *p;
	if (!n->begun || p->live > n->fullest.live)
		n->fullest = *p;
	n->last = *p;
	n->stretch = stretch;
	n->begun = true;
	return error;
}

static long
put_curve(struct rcp_notes *n, const struct rcp_raw_chunk *chunk)
{
	struct rcp_records records;
	struct rcp_record r;
	long error = 0;
	int more;

	if (!n->gap)
		return rcp_stream_copy_chunk(n->stream, chunk);
	rcp_records_begin(&records, chunk);
	while (error == 0 && (more = rcp_records_next(&records, &r)) != 0) {
		struct rcp_notes_point p = { r.u.rss.time, r.u.rss.rss,
					     r.u.rss.live };

		if (more < 0)
			return -EBADMSG;
		error = take_point(n, &p);
	}
	/* Nothing else may be appended to an open chunk. */
	return error ? error : close_chunk(n);
}

long
rcp_notes_put(struct rcp_notes *n, const struct rcp_raw_chunk *chunk)
{
	return chunk->type == RCP_CHUNK_RSS ? put_curve(n, chunk)
					    : put_said(n, chunk);
}

long
rcp_notes_flush(struct rcp_notes *n)
{
	put_stretch(n);
	return close_chunk(n);
}

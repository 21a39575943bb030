/* SPDX-License-Identifier: MIT
 *
 * paths.c - writes PATHS chunks; see paths.h.  Runs inside malloc.
 */
#include "format/paths.h"

#include <string.h>

#include "format/varint.h"

/* A path's first node is looked for no farther up than this. */
#define FARTHEST 512u

#define RUN_MAX 31u

/* What one call of ours can take at most: a path's end and the next one's
 * start, and what a node needs. */
#define ROOM 64u

static void
begin(struct rcp_paths *p)
{
	p->last = p->last_site = 0;
	p->depth = p->nodes = p->run = p->fresh = 0;
	p->sibling = 0;
	p->site_kind = p->step = 0;
	p->open = false;
}

void
rcp_paths_reset(struct rcp_paths *p)
{
	begin(p);
	memset(p->first, 0, sizeof(p->first));
	memset(p->former, 0, sizeof(p->former));
	memset(p->second, 0, sizeof(p->second));
	memset(p->frames, 0, sizeof(p->frames));
}

void
rcp_paths_again(struct rcp_paths *p)
{
	if (p->nodes > RCP_PATHS_FEW || p->fresh > RCP_PATHS_FEW) {
		rcp_paths_reset(p);
		return;
	}
	for (uint32_t i = 0; i < p->nodes; i++) {
		p->first[p->dirty[i].both] = 0;
		p->former[p->dirty[i].both] = 0;
		p->second[p->dirty[i].near] = 0;
	}
	for (uint32_t i = 0; i < p->fresh; i++)
		p->frames[p->dirty_slots[i]] = (struct rcp_path_frame){ 0, 0 };
	begin(p);
}

static void
put_u8(struct rcp_buf *buf, uint8_t value)
{
	buf->data[buf->len++] = value;
}

static void
put_uv(struct rcp_buf *buf, uint64_t value)
{
	buf->len += rcp_varint_put(buf->data + buf->len, value);
}

/* There is room from here on. */
static void
put_step(struct rcp_paths *p, struct rcp_buf *buf, enum rcp_path_step step)
{
	put_u8(buf, (uint8_t)(p->run << 3 | step));
	p->run = 0;
}

static void
put_difference(struct rcp_buf *buf, uint64_t value, uint64_t from)
{
	put_uv(buf, rcp_zigzag((int64_t)(value - from)));
}

static void
end_path(struct rcp_paths *p, struct rcp_buf *buf)
{
	if (p->open)
		put_step(p, buf, RCP_STEP_END);
	p->open = false;
}

/* Where NODE stands in the row, counted from its end; 0: it does not. */
static uint32_t
place_in_row(const struct rcp_paths *p, uint64_t node)
{
	uint32_t most = p->depth < FARTHEST ? p->depth : FARTHEST;

	for (uint32_t n = 1; n <= most; n++)
		if (p->row[p->depth - n] == node)
			return n;
	return 0;
}

/* A path that leaves NODE; what follows it has the number LAST + 1. */
static void
start(struct rcp_paths *p, struct rcp_buf *buf, uint64_t node, uint64_t last)
{
	uint32_t n = place_in_row(p, node);
	uint64_t jump = last - p->last;

	end_path(p, buf);
	p->open = true;
	put_uv(buf, (uint64_t)n << 2 | (jump < 3 ? jump : 3));
	if (n == 0)
		put_difference(buf, p->last, node);
	if (jump >= 3)
		put_difference(buf, last, p->last);
	if (n == 0)
		rcp_paths_restart(p, node);
	else
		rcp_paths_cut(p, n);
	p->last = last;
}

/* A frame that was not the first guess.  KNOWN: it stands in its slot. */
static void
put_frame(struct rcp_paths *p, struct rcp_buf *buf,
	  const struct rcp_path_frame *frame, uint32_t slot, bool known)
{
	if (known) {
		put_step(p, buf, RCP_STEP_KNOWN);
		put_uv(buf, slot);
		return;
	}
	put_step(p, buf, RCP_STEP_NEW);
	put_u8(buf, (uint8_t)frame->name);
	put_uv(buf, frame->name >> 8);
	put_uv(buf, frame->offset);
	rcp_paths_put_frame(p, slot, frame);
}

void
rcp_paths_node(struct rcp_paths *p, struct rcp_buf *buf,
	       const struct rcp_path_node *node)
{
	struct rcp_path_frame frame = { node->offset,
					node->ref << 8 | node->kind };
	uint32_t slot = rcp_paths_slot(&frame);
	struct rcp_path_place place;
	bool known;

	__builtin_prefetch(&p->frames[slot]);
	if (!rcp_buf_reserve(buf, ROOM))
		return;
	if (!p->open || node->id != p->last + 1 ||
	    rcp_paths_end_of_row(p) != node->parent)
		start(p, buf, node->parent, node->id - 1);
	place = rcp_paths_place(p);
	known = p->frames[slot].name == frame.name &&
		p->frames[slot].offset == frame.offset;
	if (known && *place.first == slot + 1) {
		if (p->run == RUN_MAX)
			put_step(p, buf, RCP_STEP_MORE);
		p->run++;
	} else if (known && *place.second == slot + 1) {
		put_step(p, buf, RCP_STEP_SECOND);
	} else if (known && *place.former == slot + 1) {
		put_step(p, buf, RCP_STEP_FORMER);
	} else {
		put_frame(p, buf, &frame, slot, known);
	}
	rcp_paths_push(p, place, node->id, (uint16_t)(slot + 1));
}

void
rcp_paths_site(struct rcp_paths *p, struct rcp_buf *buf, uint64_t id,
	       uint64_t node, uint8_t kind)
{
	if (!rcp_buf_reserve(buf, ROOM))
		return;
	if (!p->open || rcp_paths_end_of_row(p) != node)
		start(p, buf, node, p->last);
	if (id == p->last_site + 1 && kind == p->site_kind) {
		put_step(p, buf, RCP_STEP_SITE);
	} else {
		put_step(p, buf, RCP_STEP_OTHER);
		put_difference(buf, id, p->last_site + 1);
		put_u8(buf, kind);
	}
	p->last_site = id;
	p->site_kind = kind;
	p->open = false;
}

void
rcp_paths_end(struct rcp_paths *p, struct rcp_buf *buf)
{
	if (rcp_buf_reserve(buf, ROOM))
		end_path(p, buf);
}

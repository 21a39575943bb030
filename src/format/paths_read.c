/* SPDX-License-Identifier: MIT
 *
 * paths_read.c - the nodes and sites of PATHS chunks, out of untrusted bytes;
 * see paths.h.
 */
#include "format/get.h"
#include "format/paths.h"

static bool
get_start(struct rcp_records *r)
{
	struct rcp_paths *p = r->paths;
	uint64_t start, n;
	int64_t back = 0, jump;

	if (!get_uv(r, &start))
		return false;
	n = start >> 2;
	jump = (int64_t)(start & 3);
	if (n > p->depth || (n == 0 && !get_sv(r, &back)) ||
	    (jump == 3 && !get_sv(r, &jump)))
		return false;
	if (n == 0)
		rcp_paths_restart(p, p->last - (uint64_t)back);
	else
		rcp_paths_cut(p, n);
	p->last += (uint64_t)jump;
	return true;
}

/* The node whose frame stands in the slot before GUESS. */
static bool
take_node(struct rcp_paths *p, struct rcp_path_place place, uint16_t guess,
	  struct rcp_record *out)
{
	const struct rcp_path_frame *frame;

	if (guess == 0 || rcp_paths_full(p))
		return false;
	frame = &p->frames[guess - 1];
	if (frame->name == 0)
		return false;
	out->type = RCP_CHUNK_NODE;
	out->u.node.id = p->last + 1;
	out->u.node.parent = rcp_paths_end_of_row(p);
	out->u.node.kind = (uint8_t)frame->name;
	out->u.node.ref = frame->name >> 8;
	out->u.node.offset = frame->offset;
	rcp_paths_push(p, place, p->last + 1, guess);
	return true;
}

static bool
take_known(struct rcp_records *r, struct rcp_record *out)
{
	struct rcp_paths *p = r->paths;
	uint64_t slot;

	return get_uv(r, &slot) && slot < RCP_PATHS_SLOTS &&
	       take_node(p, rcp_paths_place(p), (uint16_t)(slot + 1), out);
}

static bool
take_new(struct rcp_records *r, struct rcp_record *out)
{
	struct rcp_paths *p = r->paths;
	struct rcp_path_frame frame;
	uint64_t ref;
	uint32_t slot;
	uint8_t kind;

	if (!get_u8(r, &kind) || !get_uv(r, &ref) || ref >> 56 ||
	    !get_uv(r, &frame.offset))
		return false;
	frame.name = ref << 8 | kind;
	slot = rcp_paths_slot(&frame);
	rcp_paths_put_frame(p, slot, &frame);
	return take_node(p, rcp_paths_place(p), (uint16_t)(slot + 1), out);
}

static bool
take_site(struct rcp_records *r, bool other, struct rcp_record *out)
{
	struct rcp_paths *p = r->paths;
	int64_t more = 0;

	if (other && (!get_sv(r, &more) || !get_u8(r, &p->site_kind)))
		return false;
	p->last_site += 1 + (uint64_t)more;
	p->open = false;
	out->type = RCP_CHUNK_SITE;
	out->u.site.id = p->last_site;
	out->u.site.node = rcp_paths_end_of_row(p);
	out->u.site.kind = p->site_kind;
	return true;
}

/* What follows the guessed nodes: 1: a record, 0: none, -1: malformed. */
static int
take_step(struct rcp_records *r, struct rcp_record *out)
{
	struct rcp_paths *p = r->paths;
	enum rcp_path_step step = (enum rcp_path_step)p->step;
	struct rcp_path_place place = rcp_paths_place(p);

	p->step = RCP_STEP_MORE;
	switch (step) {
	case RCP_STEP_MORE:
		return 0;
	case RCP_STEP_END:
		p->open = false;
		return 0;
	case RCP_STEP_SITE:
	case RCP_STEP_OTHER:
		return take_site(r, step == RCP_STEP_OTHER, out) ? 1 : -1;
	case RCP_STEP_SECOND:
		return take_node(p, place, *place.second, out) ? 1 : -1;
	case RCP_STEP_FORMER:
		return take_node(p, place, *place.former, out) ? 1 : -1;
	case RCP_STEP_KNOWN:
		return take_known(r, out) ? 1 : -1;
	case RCP_STEP_NEW:
		return take_new(r, out) ? 1 : -1;
	}
	return -1;
}

int
rcp_paths_next(struct rcp_records *r, struct rcp_record *out)
{
	struct rcp_paths *p = r->paths;
	struct rcp_path_place place;
	int done;
	uint8_t step;

	for (;;) {
		if (p->run > 0) {
			p->run--;
			place = rcp_paths_place(p);
			return take_node(p, place, *place.first, out) ? 1 : -1;
		}
		done = take_step(r, out);
		if (done)
			return done;
		if (!p->open) {
			if (r->next == r->limit)
				return 0;
			if (!get_start(r))
				return -1;
			p->open = true;
		}
		if (!get_u8(r, &step))
			return -1;
		p->step = step & 7;
		p->run = step >> 3;
	}
}

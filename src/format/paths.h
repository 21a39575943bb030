/* SPDX-License-Identifier: MIT
 *
 * paths.h - PATHS chunks (rcprof/packed.h): what both ends know of one, how it
 * is written, how it is read.  Pure code: runs inside malloc, allocates
 * nothing.
 */
#ifndef RCP_FORMAT_PATHS_H
#define RCP_FORMAT_PATHS_H

#include "format/decode.h"
#include "format/encode.h"
#include "rcprof/packed.h"

/* A frame in its slot; the kind of an empty one is 0. */
struct rcp_path_frame {
	uint64_t offset;
	uint64_t name; /* ref << 8 | kind */
};

/* What so many nodes have written is cleared one by one. */
#define RCP_PATHS_FEW 4096u

/* Some 400 KB, of one chunk at a time.  The slots of nodes, and guesses, are
 * one higher than in the format: 0 is none. */
struct rcp_paths {
	uint64_t last, last_site;
	uint32_t depth;
	uint32_t nodes;
	uint16_t sibling;
	uint8_t site_kind;
	bool open;    /* a path is under way */
	uint8_t step; /* reading: what follows the guessed nodes */
	uint32_t run; /* of guessed nodes: still to be written, or to be read */
	uint32_t fresh; /* frames that were put into a slot */
	struct {
		uint16_t both, near; /* of a node: places of its guesses */
	} dirty[RCP_PATHS_FEW];
	uint16_t dirty_slots[RCP_PATHS_FEW]; /* of fresh frames */
	uint64_t row[RCP_PATHS_ROW];
	uint16_t slots[RCP_PATHS_ROW];
	uint16_t first[RCP_PATHS_SLOTS];
	uint16_t former[RCP_PATHS_SLOTS];
	uint16_t second[RCP_PATHS_SLOTS];
	struct rcp_path_frame frames[RCP_PATHS_SLOTS];
};

/* A new chunk begins, whatever *P is. */
void rcp_paths_reset(struct rcp_paths *p);

/* The same where *P was zeroed once, and then used by these functions alone. */
void rcp_paths_again(struct rcp_paths *p);

struct rcp_path_node {
	uint64_t id, parent, ref, offset;
	uint8_t kind; /* enum rcp_frame */
};

/* --- writing: into the payload of the chunk that is open in BUF ----------- */

/* A node, whose parent was most likely the last one. */
void rcp_paths_node(struct rcp_paths *p, struct rcp_buf *buf,
		    const struct rcp_path_node *node);

/* A site, at the last node most likely. */
void rcp_paths_site(struct rcp_paths *p, struct rcp_buf *buf, uint64_t id,
		    uint64_t node, uint8_t kind);

/* The payload is over. */
void rcp_paths_end(struct rcp_paths *p, struct rcp_buf *buf);

/* May no further node stand in this chunk? */
static inline bool
rcp_paths_full(const struct rcp_paths *p)
{
	return p->nodes >= RCP_PATHS_NODES;
}

/* --- reading: see rcp_records_next() --------------------------------------- */

int rcp_paths_next(struct rcp_records *records, struct rcp_record *record);

/* --- both ------------------------------------------------------------------ */

#define RCP_PATHS_SHIFT 50

/* Where the guesses at the next node's frame stand. */
struct rcp_path_place {
	uint16_t *first, *former, *second;
};

static inline uint32_t
rcp_paths_slot(const struct rcp_path_frame *f)
{
	return (uint32_t)((f->offset ^ f->name * RCP_PATHS_MIX) *
				  RCP_PATHS_MIX >>
			  RCP_PATHS_SHIFT);
}

static inline struct rcp_path_place
rcp_paths_place(struct rcp_paths *p)
{
	uint32_t n = p->depth;
	uint64_t near = (uint64_t)(n > 0 ? p->slots[n - 1] : 0) << 16 |
			p->sibling;
	uint64_t far = n > 1 ? p->slots[n - 2] : 0;
	uint64_t both = (far << 32 | near) * RCP_PATHS_MIX >> RCP_PATHS_SHIFT;

	return (struct rcp_path_place){
		&p->first[both],
		&p->former[both],
		&p->second[near * RCP_PATHS_MIX >> RCP_PATHS_SHIFT],
	};
}

static inline void
rcp_paths_put_frame(struct rcp_paths *p, uint32_t slot,
		    const struct rcp_path_frame *frame)
{
	p->frames[slot] = *frame;
	if (p->fresh < RCP_PATHS_FEW)
		p->dirty_slots[p->fresh] = (uint16_t)slot;
	p->fresh++;
}

/* The node ID with the frame of SLOT (which is one higher) is the next. */
static inline void
rcp_paths_push(struct rcp_paths *p, struct rcp_path_place place, uint64_t id,
	       uint16_t slot)
{
	if (*place.first != slot)
		*place.former = *place.first;
	*place.first = *place.second = slot;
	if (p->nodes < RCP_PATHS_FEW) {
		p->dirty[p->nodes].both = (uint16_t)(place.first - p->first);
		p->dirty[p->nodes].near = (uint16_t)(place.second - p->second);
	}
	p->sibling = 0;
	p->last = id;
	p->nodes++;
	if (p->depth == RCP_PATHS_ROW) {
		p->row[0] = p->row[RCP_PATHS_ROW - 1];
		p->slots[0] = p->slots[RCP_PATHS_ROW - 1];
		p->depth = 1;
	}
	p->row[p->depth] = id;
	p->slots[p->depth++] = slot;
}

static inline uint64_t
rcp_paths_end_of_row(const struct rcp_paths *p)
{
	return p->depth ? p->row[p->depth - 1] : 0;
}

/* The row is cut behind its Nth node from the end, which is there. */
static inline void
rcp_paths_cut(struct rcp_paths *p, uint64_t n)
{
	p->sibling = n > 1 ? p->slots[p->depth + 1 - n] : 0;
	p->depth -= (uint32_t)n - 1;
}

/* The row is one node, of which no more is known. */
static inline void
rcp_paths_restart(struct rcp_paths *p, uint64_t node)
{
	p->row[0] = node;
	p->slots[0] = 0;
	p->depth = node != 0;
	p->sibling = 0;
}

#endif

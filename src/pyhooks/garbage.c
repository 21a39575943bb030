/* SPDX-License-Identifier: MIT
 *
 * garbage.c - which cycles the collector is about to free.
 *
 * The edges of garbage are whole until the collector clears the first object,
 * or something of it dies by a finaliser.  At that moment the graph of all that
 * it has found is read, as the collector itself has read it: its list, and
 * tp_traverse.  No allocation, no Python, no reference counts; only objects
 * that the live table confirms, and so many a collection.
 */
#include <string.h>

#include "base/mem.h"
#include "pyhooks/garbage.h"
#include "python/refs.h"
#include "python/types.h"
#include "record/garbage.h"
#include "record/object.h"

#define OBJECTS_MOST 65536u /* a collection */
#define EDGES_MOST (4 * OBJECTS_MOST)
#define SLOTS (2 * OBJECTS_MOST)
#define PASSED_OVER 64u
#define COLLECTOR_STACK 2048 /* bytes from what it calls to its lists */

const struct rcp_tls *rcp_garbage_thread;

static struct rcp_garbage_graph *graph;
static bool possible, marked, listed;
static const void *const *root; /* the stack where the collector itself clears */
static struct rcp_garbage_now root_now;
static struct rcp_garbage_now unknown; /* what no graph has */

/* --- nodes ------------------------------------------------------------------ */

static uint32_t *
slot_of(const void *op)
{
	uint32_t i = (uint32_t)(((uintptr_t)op >> 4) * 0x9e3779b1u) >> 15;

	while (graph->slots[i % SLOTS] &&
	       graph->ops[graph->slots[i % SLOTS] - 1] != op)
		i++;
	return &graph->slots[i % SLOTS];
}

/* Garbage, or such that the collector has passed over, since it has nothing to
 * clear; only what is on a cycle with garbage can reach it.  It may be alive as
 * well, a large table, say: not more of these are looked at than of garbage. */
static bool
is_candidate(const void *op, struct rcp_garbage_object *out)
{
	if (!rcp_garbage_look((uintptr_t)op, out) || !out->before)
		return false;
	if (marked && rcp_py_is_garbage(op))
		return true;
	if (!rcp_py_type_is_never_cleared(rcp_py_type_of(op)) ||
	    graph->passed_over * 2 > graph->g.count + PASSED_OVER)
		return false;
	graph->passed_over++;
	return true;
}

static uint32_t
add_node(const void *op, const struct rcp_garbage_object *object,
	 uint32_t *slot)
{
	uint32_t n;

	if (graph->g.count == OBJECTS_MOST) {
		graph->missed++;
		return RCP_KNOT_NONE;
	}
	n = graph->g.count++;
	graph->ops[n] = op;
	graph->objects[n] = *object;
	*slot = n + 1;
	return n;
}

/* The node of an object, made if need be; RCP_KNOT_NONE: it is none. */
static uint32_t
node_of(const void *op)
{
	struct rcp_garbage_object object;
	uint32_t *slot = slot_of(op);

	if (*slot)
		return *slot - 1;
	return is_candidate(op, &object) ? add_node(op, &object, slot) :
					   RCP_KNOT_NONE;
}

uint32_t
rcp_garbage_node(const void *op)
{
	return *slot_of(op) - 1;
}

static int
visit(void *object, void *arg)
{
	uint32_t n = object ? node_of(object) : RCP_KNOT_NONE;

	(void)arg;
	if (n == RCP_KNOT_NONE)
		return 0;
	if (graph->edge_count < EDGES_MOST)
		graph->g.edges[graph->edge_count++] = n;
	else
		graph->missed++;
	return 0;
}

/* Reads the edges of the new nodes, and of those that turn up by them. */
static void
explore(void)
{
	struct rcp_graph *g = &graph->g;

	for (uint32_t i = g->first; i < g->count; i++) {
		g->nodes[i].edges = graph->edge_count;
		rcp_py_traverse((void *)(uintptr_t)graph->ops[i], visit, NULL);
	}
	g->nodes[g->count].edges = graph->edge_count;
	rcp_knots_find(g, rcp_garbage_knot);
	g->first = g->count;
}

/* The collector's list, whose first object OP is. */
static void
explore_list(const void *op)
{
	const void *head = rcp_py_gc_previous(op), *next = op;

	for (; next != head; next = rcp_py_gc_next(next)) {
		struct rcp_garbage_object object;
		uint32_t *slot;

		if (graph->g.count == OBJECTS_MOST) {
			graph->missed++;
			continue;
		}
		slot = slot_of(next);
		if (!*slot && rcp_garbage_look((uintptr_t)next, &object) &&
		    object.before)
			(void)add_node(next, &object, slot);
	}
	listed = true;
	explore();
}

/* --- what dies --------------------------------------------------------------- */

/* What the object of node N goes with. */
static struct rcp_garbage_now
now_of(uint32_t n)
{
	struct rcp_garbage_now now = { rcp_cycle_other(),
				       graph->objects[n].since };
	uint32_t owner = graph->g.nodes[n].owner;

	if (owner == RCP_KNOT_NONE)
		return now;
	now.kind = graph->knots[owner].kind;
	if (graph->knots[owner].since > now.since)
		now.since = graph->knots[owner].since;
	return now;
}

/* The node of OP, whose search may begin here; RCP_KNOT_NONE: none. */
static uint32_t
find(const void *op)
{
	if (!*slot_of(op) && node_of(op) != RCP_KNOT_NONE)
		explore();
	return rcp_garbage_node(op);
}

/* Is OP, which is whole and has a collector's head, garbage that is about to be
 * cleared?  Without marks: the list of garbage begins on the collector's own
 * stack, others do not. */
static bool
is_listed(const void *op, const void *const *entry)
{
	const char *head;

	if (marked)
		return rcp_py_is_garbage(op);
	if (listed)
		return *slot_of(op);
	if (!rcp_py_gc_is_tracked(op))
		return false;
	head = rcp_py_gc_previous(op);
	return head > (const char *)entry &&
	       head < (const char *)entry + COLLECTOR_STACK;
}

void
rcp_garbage_dying(const void *op)
{
	uint32_t *slot = slot_of(op), n = *slot - 1;
	struct rcp_garbage_object object;
	struct rcp_garbage_now now;

	rcp_garbage_now = root_now;
	if (!*slot) {
		if (!rcp_garbage_look((uintptr_t)op, &object) ||
		    !object.before || !marked || !rcp_py_is_garbage(op))
			return;
		n = find(op);
		if (n == RCP_KNOT_NONE)
			return;
	}
	now = now_of(n);
	if (now.since < root_now.since)
		now.since = root_now.since;
	if (now.kind == rcp_cycle_other())
		now.kind = root_now.kind;
	rcp_garbage_now = now;
}

static void
cleared(const void *op, const void *const *entry)
{
	struct rcp_garbage_object object;
	struct rcp_garbage_now now = unknown;
	bool known = rcp_garbage_look((uintptr_t)op, &object) && object.before;

	if (known && is_listed(op, entry)) {
		uint32_t n;

		if (!listed)
			explore_list(op);
		n = find(op);
		if (n != RCP_KNOT_NONE)
			now = now_of(n);
		else
			now.since = object.since;
	} else if (!listed) {
		return;
	} else if (known) {
		now.since = object.since;
	}
	/* A deallocator may clear as well: that is farther in. */
	if (entry < root)
		return;
	root = entry;
	rcp_garbage_now = root_now = now;
}

void
rcp_garbage_cleared(void *op, const void *const *entry)
{
	struct rcp_tls *t = &rcp_tls;

	if (t != rcp_garbage_thread || !rcp_enter(t))
		return;
	cleared(op, entry);
	rcp_leave(t);
}

/* --- a collection -------------------------------------------------------------- */

static bool
has_memory(void)
{
	struct rcp_garbage_graph *g;

	if (graph)
		return true;
	/* Touched as far as the garbage of a collection goes. */
	g = rcp_pages_reserve(sizeof(*g));
	if (!g)
		return false;
	g->ops = rcp_pages_reserve(OBJECTS_MOST * sizeof(*g->ops));
	g->objects = rcp_pages_reserve(OBJECTS_MOST * sizeof(*g->objects));
	g->knots = rcp_pages_reserve(OBJECTS_MOST * sizeof(*g->knots));
	g->slots = rcp_pages_reserve(SLOTS * sizeof(*g->slots));
	g->g.nodes = rcp_pages_reserve((OBJECTS_MOST + 1) *
				       sizeof(*g->g.nodes));
	g->g.edges = rcp_pages_reserve(EDGES_MOST * sizeof(*g->g.edges));
	g->g.order = rcp_pages_reserve(OBJECTS_MOST * sizeof(*g->g.order));
	g->g.stack = rcp_pages_reserve(OBJECTS_MOST * sizeof(*g->g.stack));
	if (!g->ops || !g->objects || !g->knots || !g->slots ||
	    !g->g.nodes || !g->g.edges || !g->g.order || !g->g.stack)
		return false;
	graph = g;
	return true;
}

struct rcp_garbage_graph *
rcp_garbage_graph(void)
{
	return graph;
}

/* Its instances are hooked when places are looked for the next time. */
void
rcp_garbage_note(const void *type)
{
	if (!rcp_record_samples_objects())
		(void)rcp_patches_note(RCP_PATCHED_CLEAR,
				       rcp_py_type_slot(type,
							RCP_PY_SLOT_CLEAR));
}

void
rcp_garbage_setup(void)
{
	if (rcp_record_samples_objects())
		return;
	possible = rcp_py_refs_setup() && has_memory();
	marked = rcp_py_garbage_is_marked();
}

static void
forget(void)
{
	if (graph->g.count > SLOTS / 16)
		memset(graph->slots, 0, SLOTS * sizeof(*graph->slots));
	else
		/* From the last: each ends a chain that is still whole. */
		for (uint32_t i = graph->g.count; i > 0; i--)
			*slot_of(graph->ops[i - 1]) = 0;
	graph->g.first = graph->g.count = graph->edge_count = 0;
	graph->knot_count = graph->passed_over = 0;
}

void
rcp_garbage_start(uint64_t now)
{
	if (rcp_record_samples_objects())
		return;
	rcp_garbage_stop(); /* should the last one's end have been missed */
	rcp_garbage_begin(now);
	if (!possible)
		return;
	listed = false;
	root = NULL;
	unknown = root_now = rcp_garbage_now;
	rcp_garbage_thread = &rcp_tls;
	rcp_object_special.is.garbage = true;
	rcp_patches_switch(RCP_PATCHED_CLEAR, true);
}

void
rcp_garbage_stop(void)
{
	if (!rcp_garbage_thread)
		return;
	rcp_patches_switch(RCP_PATCHED_CLEAR, false);
	rcp_garbage_thread = NULL;
	rcp_object_special.is.garbage = false;
	forget();
}

bool
rcp_garbage_cover(struct rcp_str *out)
{
	if (rcp_record_samples_objects()) {
		rcp_str_add(out, "which cycles the collector frees, how long "
				 "they waited and what went in one go is seen "
				 "in exact mode only");
		return true;
	}
	if (!possible)
		return false;
	rcp_patches_cover(RCP_PATCHED_CLEAR, out);
	rcp_str_add(out, " ways to break cycles watched");
	if (graph->missed) {
		rcp_str_add(out, ", past the limit of a collection ");
		rcp_str_u64(out, graph->missed);
		rcp_str_add(out, " objects or references not looked at");
	}
	return true;
}

/* SPDX-License-Identifier: MIT
 *
 * deaths.c - hears of each object's death: the entry of every function that
 * some type has for its tp_dealloc is patched with a jump to a stub that calls
 * rcp_deaths_entered().  Slots keep their values, since the interpreter
 * compares them.
 *
 * Patches are placed with the GIL held, while there is one interpreter: no
 * other thread is inside a deallocator's first instructions then.  They are
 * never taken back.
 */
#include <string.h>

#include "base/mem.h"
#include "pyhooks/objects.h"
#include "python/python.h"
#include "python/types.h"
#include "record/object.h"

#define FUNCTIONS 1024u
#define DEPTH 60u /* of subclasses */
#define AREA (64u << 10)
#define AREAS 8u
#define SAME_BYTES 40u

enum fate { FATE_NEW, FATE_PLANNED, FATE_PATCHED, FATE_REFUSED };

struct function {
	const uint8_t *entry;
	struct rcp_patch patch;
	enum fate fate;
};

/* Stubs, and behind them the byte that switches them on. */
struct area {
	uintptr_t start;
	size_t used;
	uintptr_t flag, common;
};

static struct function *functions; /* FUNCTIONS of them */
static uint32_t count;
static bool full;
static struct area areas[AREAS];
static unsigned area_count;
static uint32_t visits;

/* What frees memory is no deallocator of objects, even where a slot has it. */
static const void *allocators[64];
static unsigned allocator_count;

/* --- back to life -----------------------------------------------------------------

 * A finaliser may make new references to its object.  Up to 3.12 the
 * interpreter then announces the object as created; later ones say nothing.
 * So an object with a finaliser is looked at again when its deallocator has
 * returned, that is, from a place farther out on the same stack. */

#define DOUBTS 32u

static struct doubt {
	const void *op;
	const struct rcp_tls *thread;
	const void *stack;
} doubts[DOUBTS];
static unsigned doubt_count;

static void
doubt(const struct rcp_tls *t, const void *op, const void *stack)
{
	if (doubt_count < DOUBTS)
		doubts[doubt_count++] = (struct doubt){ op, t, stack };
}

static __attribute__((noinline)) void
settle_doubts(struct rcp_tls *t, const void *op, const void *stack)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < doubt_count; i++) {
		struct doubt d = doubts[i];

		/* One death may come by here twice. */
		if (d.thread != t || stack < d.stack || op == d.op)
			doubts[kept++] = d;
		else if (rcp_record_is_dead((uintptr_t)d.op) &&
			 rcp_py_is_referenced(d.op))
			rcp_record_resurrected(t, (uintptr_t)d.op);
	}
	doubt_count = kept;
}

void
rcp_deaths_settle(struct rcp_tls *t, const void *op)
{
	if (__builtin_expect(doubt_count, 0))
		settle_doubts(t, op, __builtin_frame_address(0));
}

/* --- the hook --------------------------------------------------------------------- */

/* Recording is over: from now on a death costs four instructions. */
static __attribute__((noinline)) void
switch_off(void)
{
	for (unsigned i = 0; i < area_count; i++)
		*(volatile uint8_t *)areas[i].flag = 0;
}

static __attribute__((noinline)) void
died_unborn(struct rcp_tls *t, void *op, unsigned before, const void *caller)
{
	struct rcp_pytype type;

	if (rcp_pytype_find(rcp_py_type_of(op), &type) && type.id &&
	    type.before == before)
		rcp_record_died_unborn(t, (uintptr_t)op, before, type.id,
				       caller);
	else
		rcp_record_no_object();
}

void
rcp_deaths_entered(void *op, const void *caller)
{
	struct rcp_tls *t = &rcp_tls;
	unsigned before;

	if (__builtin_expect(!rcp_enter(t), 0)) {
		if (atomic_load_explicit(&rcp_state, memory_order_relaxed) ==
		    RCP_STATE_OFF)
			switch_off();
		return;
	}
	rcp_deaths_settle(t, op);
	switch (rcp_record_dying(t, (uintptr_t)op, caller, &before)) {
	case RCP_DYING_NOW:
		if (__builtin_expect(
			    rcp_py_type_finalizes(rcp_py_type_of(op)), 0))
			doubt(t, op, __builtin_frame_address(0));
		break;
	case RCP_DYING_UNBORN:
		died_unborn(t, op, before, caller);
		break;
	default:
		break;
	}
	rcp_leave(t);
}

/* --- which functions -------------------------------------------------------------- */

static bool
is_allocator(const void *function)
{
	for (unsigned i = 0; i < allocator_count; i++)
		if (allocators[i] == function)
			return true;
	return false;
}

static void
note_allocator(const void *function)
{
	if (function && !is_allocator(function) &&
	    allocator_count < sizeof(allocators) / sizeof(allocators[0]))
		allocators[allocator_count++] = function;
}

static void
note_function(const void *function)
{
	if (!function)
		return;
	for (uint32_t i = 0; i < count; i++)
		if (functions[i].entry == function)
			return;
	if (count == FUNCTIONS) {
		full = true;
		return;
	}
	functions[count++] = (struct function){ .entry = function };
}

/* TYPE and what derives from it.  The call runs no Python code. */
static void
walk(void *subclasses, void *type, unsigned depth)
{
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *list;

	if (!rcp_pytype_visit(type, visits))
		return;
	note_function(rcp_py_type_slot(type, RCP_PY_SLOT_DEALLOC));
	note_allocator(rcp_py_type_slot(type, RCP_PY_SLOT_FREE));
	list = depth < DEPTH ? py->call(subclasses, type, NULL) : NULL;
	if (!list) {
		py->err_clear();
		return;
	}
	for (ssize_t i = 0; i < rcp_objects_api.list_size(list); i++)
		walk(subclasses, rcp_objects_api.list_item(list, i),
		     depth + 1);
	py->decref(list);
}

static void
find_functions(void)
{
	static const char *const known[] = {
		"PyObject_Free", "PyMem_Free", "PyMem_RawFree",
		"PyObject_GC_Del", "_PyObject_Free", "_PyMem_RawFree",
	};
	const struct rcp_pyhooks_api *py = &rcp_pyhooks_api;
	void *subclasses;

	rcp_tls.boot++;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		note_allocator(rcp_py_symbol(known[i]));
	rcp_tls.boot--;
	subclasses = py->getattr(rcp_objects_api.type_type, "__subclasses__");
	visits++;
	if (subclasses) {
		walk(subclasses, rcp_objects_api.object_type, 0);
		py->decref(subclasses);
	}
	py->err_clear();
}

/* --- placing ------------------------------------------------------------------------ */

static void
plan(struct function *f, const struct rcp_maps *maps, const char *own)
{
	const struct rcp_map *map = rcp_maps_find(maps, (uintptr_t)f->entry);
	size_t room;

	f->fate = FATE_REFUSED;
	if (!map || !map->execute || map->write || is_allocator(f->entry) ||
	    strcmp(map->path, own) == 0)
		return;
	room = map->end - (uintptr_t)f->entry;
	if (rcp_arch_plan(&f->patch, f->entry, (const uint8_t *)map->end) &&
	    rcp_text_is_original(map, (uintptr_t)f->entry,
				 room < SAME_BYTES ? room : SAME_BYTES))
		f->fate = FATE_PLANNED;
}

/* Functions within one mapping whose beginning is jumped into are left. */
static void
check_map(const struct rcp_map *map)
{
	static struct rcp_patch *plans[FUNCTIONS]; /* the GIL is held */
	size_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		uintptr_t p = (uintptr_t)functions[i].entry;

		if (functions[i].fate == FATE_PLANNED && p >= map->start &&
		    p < map->end)
			plans[n++] = &functions[i].patch;
	}
	if (n)
		rcp_arch_check_jumps(plans, n, (const uint8_t *)map->start,
				     (const uint8_t *)map->end);
}

static bool
begin_area(struct area *a, const struct rcp_maps *maps, uintptr_t near)
{
	uint8_t code[RCP_PATCH_STUB];
	size_t n;

	a->start = rcp_text_area(maps, near, AREA);
	if (!a->start)
		return false;
	a->flag = a->start + AREA;
	*(volatile uint8_t *)a->flag = 1;
	a->common = a->start;
	n = rcp_arch_common(code, a->start, rcp_deaths_entered);
	a->used = RCP_PATCH_STUB;
	return n && rcp_text_write(a->start, code, n);
}

/* An area with room that a jump from P reaches. */
static struct area *
area_near(const struct rcp_maps *maps, uintptr_t p)
{
	for (unsigned i = 0; i < area_count; i++) {
		uint8_t jump[RCP_PATCH_JUMP];

		if (areas[i].used + RCP_PATCH_STUB <= AREA &&
		    rcp_arch_jump(jump, p, areas[i].start))
			return &areas[i];
	}
	if (area_count == AREAS || !begin_area(&areas[area_count], maps, p))
		return NULL;
	return &areas[area_count++];
}

/* The stub first; the jump to it is written when all stubs stand. */
static uintptr_t
write_stub(const struct function *f, const struct rcp_maps *maps)
{
	struct area *a = area_near(maps, (uintptr_t)f->patch.at);
	uint8_t code[RCP_PATCH_STUB];
	uintptr_t at;
	size_t n;

	if (!a)
		return 0;
	at = a->start + a->used;
	n = rcp_arch_stub(code, at, &f->patch, a->flag, a->common);
	if (!n || !rcp_text_write(at, code, n))
		return 0;
	a->used += RCP_PATCH_STUB;
	return at;
}

static void
write_all(const struct rcp_maps *maps)
{
	static uintptr_t stubs[FUNCTIONS];
	uint8_t jump[RCP_PATCH_JUMP];

	for (uint32_t i = 0; i < count; i++) {
		stubs[i] = 0;
		if (functions[i].fate != FATE_PLANNED)
			continue;
		functions[i].fate = FATE_REFUSED;
		if (functions[i].patch.size)
			stubs[i] = write_stub(&functions[i], maps);
	}
	rcp_text_sync();
	for (uint32_t i = 0; i < count; i++) {
		uintptr_t at = (uintptr_t)functions[i].patch.at;
		size_t n = stubs[i] ? rcp_arch_jump(jump, at, stubs[i]) : 0;

		if (n && rcp_text_write(at, jump, n))
			functions[i].fate = FATE_PATCHED;
	}
	rcp_text_sync();
}

static bool
is_alone(void)
{
	void *head = rcp_objects_api.interp_head();

	return head && !rcp_objects_api.interp_next(head);
}

void
rcp_deaths_look(void)
{
	const struct rcp_map *own;
	struct rcp_maps maps;
	const char *why;

	if (!rcp_arch_begin(&why) || !is_alone())
		return;
	if (!functions)
		functions = rcp_pages_new(FUNCTIONS * sizeof(*functions));
	if (!functions)
		return;
	find_functions();
	if (!rcp_maps_read(&maps))
		return;
	own = rcp_maps_find(&maps, (uintptr_t)&rcp_deaths_entered);
	for (uint32_t i = 0; own && i < count; i++)
		if (functions[i].fate == FATE_NEW)
			plan(&functions[i], &maps, own->path);
	for (size_t i = 0; i < maps.count; i++)
		if (maps.map[i].execute)
			check_map(&maps.map[i]);
	write_all(&maps);
	rcp_maps_free(&maps);
}

void
rcp_deaths_cover(struct rcp_str *out)
{
	uint32_t patched = 0;
	const char *why;

	if (!rcp_arch_begin(&why)) {
		rcp_str_add(out, "when memory is freed only: ");
		rcp_str_add(out, why);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		patched += functions[i].fate == FATE_PATCHED;
	rcp_str_u64(out, patched);
	rcp_str_add(out, " of ");
	rcp_str_u64(out, count);
	rcp_str_add(out, " deallocators watched");
	if (full)
		rcp_str_add(out, ", further ones not");
}

/* SPDX-License-Identifier: MIT
 *
 * patches.c - jumps at the entries of functions of the interpreter, to stubs
 * that call a hook of ours and go on in the function.  Slow path; the GIL is
 * held and there is one interpreter, so that no thread is inside the
 * instructions that are replaced.  They are never taken back.
 */
#include <string.h>

#include "base/mem.h"
#include "pyhooks/objects.h"
#include "record/record.h"

#define FUNCTIONS 1024u
#define AREA (64u << 10)
#define AREAS 8u
#define SAME_BYTES 40u

enum fate { FATE_NEW, FATE_PLANNED, FATE_PATCHED, FATE_REFUSED };

struct function {
	const uint8_t *entry;
	struct rcp_patch patch;
	enum fate fate;
	enum rcp_patched kind;
};

/* Stubs, and behind them a byte for each kind that switches it on.  At its
 * beginning, for each kind, what its stubs call. */
struct area {
	uintptr_t start;
	size_t used;
};

static struct function *functions; /* FUNCTIONS of them */
static uint32_t count;
static bool full;
static struct area areas[AREAS];
static unsigned area_count;
static bool is_filtered[RCP_PATCHED_KINDS];
static bool refused;
static bool is_on[RCP_PATCHED_KINDS] = { [RCP_PATCHED_DEALLOC] = true,
					  [RCP_PATCHED_FREE] = true };

static void (*const hooks[RCP_PATCHED_KINDS])(void *op,
					      const void *const *entry) = {
	[RCP_PATCHED_DEALLOC] = rcp_deaths_entered,
	[RCP_PATCHED_FREE] = rcp_deaths_entered,
	[RCP_PATCHED_CLEAR] = rcp_garbage_cleared,
};

/* What frees memory is no deallocator of objects, even where a slot has it. */
static const void *allocators[64];
static unsigned allocator_count;

static uintptr_t
flag_of(const struct area *a, enum rcp_patched kind)
{
	return a->start + AREA + (unsigned)kind;
}

void
rcp_patches_switch(enum rcp_patched kind, bool on)
{
	is_on[kind] = on;
	for (unsigned i = 0; i < area_count; i++)
		*(volatile uint8_t *)flag_of(&areas[i], kind) = on;
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

void
rcp_patches_allocator(const void *function)
{
	if (function && !is_allocator(function) &&
	    allocator_count < sizeof(allocators) / sizeof(allocators[0]))
		allocators[allocator_count++] = function;
}

bool
rcp_patches_note(enum rcp_patched kind, const void *function)
{
	if (!function || !rcp_patches_begin())
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (functions[i].entry == function)
			return false;
	if (count == FUNCTIONS) {
		full = true;
		return false;
	}
	functions[count++] = (struct function){ .entry = function,
						 .kind = kind };
	return true;
}

void
rcp_patches_filter(enum rcp_patched kind)
{
	is_filtered[kind] = true;
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

	a->start = rcp_text_area(maps, near, AREA);
	if (!a->start)
		return false;
	for (unsigned kind = 0; kind < RCP_PATCHED_KINDS; kind++) {
		uintptr_t at = a->start + kind * RCP_PATCH_STUB;
		size_t n = rcp_arch_common(code, at, hooks[kind]);

		*(volatile uint8_t *)flag_of(a, (enum rcp_patched)kind) =
			is_on[kind];
		if (!n || !rcp_text_write(at, code, n)) {
			refused = true;
			return false;
		}
	}
	a->used = RCP_PATCHED_KINDS * RCP_PATCH_STUB;
	return true;
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
	bool filter = is_filtered[f->kind];
	uint8_t code[RCP_PATCH_STUB];
	uintptr_t at;
	size_t n;

	if (!a)
		return 0;
	at = a->start + a->used;
	n = rcp_arch_stub(code, at, &f->patch,
			  a->start + (unsigned)f->kind * RCP_PATCH_STUB,
			  filter ? RCP_ASK_FILTER : RCP_ASK_FLAG,
			  filter ? (uintptr_t)RCP_FILTER : flag_of(a, f->kind));
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
		else
			refused = refused || n;
	}
	rcp_text_sync();
}

bool
rcp_patches_begin(void)
{
	if (!functions)
		functions = rcp_pages_new(FUNCTIONS * sizeof(*functions));
	return functions != NULL;
}

void
rcp_patches_place(void)
{
	const struct rcp_map *own;
	struct rcp_maps maps;

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

bool
rcp_patches_refused(void)
{
	for (uint32_t i = 0; i < count; i++)
		if (functions[i].fate == FATE_PATCHED)
			return false;
	return refused;
}

bool
rcp_patches_full(void)
{
	return full;
}

void
rcp_patches_cover(enum rcp_patched kind, struct rcp_str *out)
{
	uint32_t patched = 0, all = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (functions[i].kind != kind &&
		    !(kind == RCP_PATCHED_DEALLOC &&
		      functions[i].kind == RCP_PATCHED_FREE))
			continue;
		all++;
		patched += functions[i].fate == FATE_PATCHED;
	}
	rcp_str_u64(out, patched);
	rcp_str_add(out, " of ");
	rcp_str_u64(out, all);
}

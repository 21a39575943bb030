/* SPDX-License-Identifier: MIT
 *
 * inlined.c - see inlined.h.  An index of our own: .debug_aranges, which
 * libdw would ask, is not there for what clang compiles, and dwarf_getscopes
 * walks a whole unit for each address.  Units are indexed once, functions when
 * an address in their unit is first asked for.  Offline only.
 */
#include "model/inlined.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "model/set.h"
#include "model/spans.h"

/* Deeper nests are the work of a damaged file. */
#define DEEPEST 128

struct unit {
	Dwarf_Die lines; /* the unit whose line table counts */
	Dwarf_Die code;  /* where its functions are: with split debug
			    information another file's */
	bool indexed;
	struct rcp_spans spans; /* of `functions` */
	Dwarf_Die *functions;
	size_t count, room;
};

struct rcp_inlined {
	struct unit *units;
	size_t count, room;
	struct rcp_spans spans; /* of `units` */
};

/* Ranges at 0 are functions that the linker left out. */
static void
add_ranges(struct rcp_spans *spans, Dwarf_Die *die, uint32_t index)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0)
		if (low != 0)
			rcp_spans_add(spans, low, high, index);
}

struct rcp_inlined *
rcp_inlined_new(Dwarf *dwarf)
{
	struct rcp_inlined *inlined = rcp_alloc(sizeof(*inlined));
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, split;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &die, &split) ==
	       0) {
		struct unit *unit;

		inlined->units = rcp_room(inlined->units, inlined->count,
					  &inlined->room,
					  sizeof(*inlined->units));
		unit = &inlined->units[inlined->count];
		memset(unit, 0, sizeof(*unit));
		unit->lines = die;
		unit->code = split.addr ? split : die;
		add_ranges(&inlined->spans, &die, (uint32_t)inlined->count++);
	}
	rcp_spans_sort(&inlined->spans);
	return inlined;
}

void
rcp_inlined_free(struct rcp_inlined *inlined)
{
	if (!inlined)
		return;
	for (size_t i = 0; i < inlined->count; i++) {
		rcp_spans_free(&inlined->units[i].spans);
		free(inlined->units[i].functions);
	}
	rcp_spans_free(&inlined->spans);
	free(inlined->units);
	free(inlined);
}

/* --- functions of a unit -------------------------------------------------- */

static void
add_function(struct unit *unit, Dwarf_Die *die)
{
	unit->functions = rcp_room(unit->functions, unit->count, &unit->room,
				   sizeof(*unit->functions));
	unit->functions[unit->count] = *die;
	add_ranges(&unit->spans, die, (uint32_t)unit->count++);
}

/* Functions stand in namespaces, classes, and (GNU C) in other functions. */
static void
collect(struct unit *unit, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth > DEEPEST || dwarf_child(parent, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			if (dwarf_hasattr(&die, DW_AT_low_pc) ||
			    dwarf_hasattr(&die, DW_AT_ranges))
				add_function(unit, &die);
			collect(unit, &die, depth + 1);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_lexical_block:
			collect(unit, &die, depth + 1);
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static Dwarf_Die *
find_function(struct unit *unit, uint64_t address)
{
	uint32_t index;

	if (!unit->indexed) {
		collect(unit, &unit->code, 0);
		rcp_spans_sort(&unit->spans);
		unit->indexed = true;
	}
	index = rcp_spans_find(&unit->spans, address);
	return index == RCP_NONE ? NULL : &unit->functions[index];
}

/* --- what was inlined ----------------------------------------------------- */

static bool
is_scope(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		return true;
	default:
		return false;
	}
}

/* The child of *scope that holds the address takes its place. */
static bool
enter(Dwarf_Die *scope, uint64_t address)
{
	Dwarf_Die die;

	if (dwarf_child(scope, &die) != 0)
		return false;
	do {
		if (is_scope(&die) && dwarf_haspc(&die, address) > 0) {
			*scope = die;
			return true;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* The function and what is inlined in it there, outermost first. */
static size_t
descend(Dwarf_Die *function, uint64_t address, Dwarf_Die *out)
{
	Dwarf_Die scope = *function;
	size_t count = 1;

	out[0] = scope;
	for (unsigned i = 0; i < DEEPEST && enter(&scope, address); i++)
		if (dwarf_tag(&scope) == DW_TAG_inlined_subroutine &&
		    count < DEEPEST)
			out[count++] = scope;
	return count;
}

/* --- names and lines ------------------------------------------------------ */

/* Inlined and concrete functions have their names where they were declared. */
static const char *
name_of(Dwarf_Die *die)
{
	static const unsigned linkage[] = { DW_AT_linkage_name,
					    DW_AT_MIPS_linkage_name };
	Dwarf_Attribute attribute;

	for (size_t i = 0; i < 2; i++)
		if (dwarf_attr_integrate(die, linkage[i], &attribute))
			return dwarf_formstring(&attribute);
	return dwarf_diename(die);
}

static void
find_line(struct unit *unit, uint64_t address, struct rcp_place *out)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->lines, address);
	int number = 0;

	out->file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	if (out->file && dwarf_lineno(line, &number) == 0 && number > 0)
		out->line = (uint32_t)number;
}

static const char *
directory_of(struct unit *unit)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(&unit->lines, DW_AT_comp_dir,
					   &attribute));
}

static Dwarf_Word
number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attribute) ||
	    dwarf_formudata(&attribute, &value) != 0)
		return 0;
	return value;
}

/* Where the function was called that was inlined as `die`. */
static void
find_call(struct unit *unit, Dwarf_Die *die, struct rcp_place *out)
{
	Dwarf_Word file = number_of(die, DW_AT_call_file);
	Dwarf_Word line = number_of(die, DW_AT_call_line);
	Dwarf_Files *files;
	size_t count;

	if (!dwarf_hasattr(die, DW_AT_call_file) ||
	    dwarf_getsrcfiles(&unit->code, &files, &count) != 0 ||
	    file >= count)
		return;
	out->file = dwarf_filesrc(files, file, NULL, NULL);
	out->line = out->file && line <= INT32_MAX ? (uint32_t)line : 0;
}

size_t
rcp_inlined_find(struct rcp_inlined *inlined, uint64_t address,
		 struct rcp_place *out, size_t room)
{
	uint32_t index = rcp_spans_find(&inlined->spans, address);
	Dwarf_Die dies[DEEPEST];
	struct rcp_place place = { 0 };
	Dwarf_Die *function;
	struct unit *unit;
	size_t count;

	if (index == RCP_NONE || room == 0)
		return 0;
	unit = &inlined->units[index];
	place.directory = directory_of(unit);
	find_line(unit, address, &place);
	function = find_function(unit, address);
	if (!function) {
		out[0] = place;
		return place.file != NULL;
	}
	count = descend(function, address, dies);
	for (size_t i = 0; i < count && i < room; i++) {
		Dwarf_Die *die = &dies[count - 1 - i];

		place.function = name_of(die);
		out[i] = place;
		place.file = NULL;
		place.line = 0;
		find_call(unit, die, &place);
	}
	return count < room ? count : room;
}

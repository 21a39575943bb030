/* SPDX-License-Identifier: MIT
 *
 * inlined.c - see inlined.h.  An index of our own: .debug_aranges, which
 * libdw would ask, is not there for what clang compiles, and dwarf_getscopes
 * walks a whole unit for each address.  Units are indexed once, functions when
 * an address in their unit is first asked for.  Offline only.
 */
#include "model/inlined.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/demangle.h"
#include "model/map.h"
#include "model/memory.h"
#include "model/set.h"
#include "model/spans.h"
#include "model/strings.h"

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
	/* Offset of a function that has no name of the linker's -> its name
	 * with its namespaces */
	struct rcp_map names;
	const char **full;
	size_t full_count, full_room;
};

struct rcp_inlined {
	struct unit *units;
	size_t count, room;
	struct rcp_spans spans; /* of `units` */
	struct rcp_strings strings;
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
		unit->names.words = 1;
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
		rcp_map_free(&inlined->units[i].names);
		free(inlined->units[i].functions);
		free(inlined->units[i].full);
	}
	rcp_strings_free(&inlined->strings);
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

/* The linker's name; inlined and concrete functions have theirs where they
 * were declared. */
static const char *
linkage_name(Dwarf_Die *die)
{
	static const unsigned names[] = { DW_AT_linkage_name,
					  DW_AT_MIPS_linkage_name };
	Dwarf_Attribute attribute;

	for (size_t i = 0; i < 2; i++)
		if (dwarf_attr_integrate(die, names[i], &attribute))
			return dwarf_formstring(&attribute);
	return NULL;
}

/* "space::Class::" before what is declared there. */
static const char *
deeper(struct rcp_inlined *inlined, const char *scope, Dwarf_Die *die)
{
	int tag = dwarf_tag(die);
	const char *linkage =
		tag == DW_TAG_subprogram ? linkage_name(die) : NULL;
	char *whole = linkage ? rcp_demangle(linkage) : NULL;
	const char *name = dwarf_diename(die);
	char text[1024];

	if (tag == DW_TAG_lexical_block)
		return scope;
	if (!name)
		name = tag == DW_TAG_namespace ? "(anonymous namespace)"
					       : "{unnamed}";
	snprintf(text, sizeof(text), "%s%s::", whole ? "" : scope,
		 whole ? whole : name);
	free(whole);
	return rcp_strings_keep(&inlined->strings, text);
}

static void
add_name(struct rcp_inlined *inlined, struct unit *unit, const char *scope,
	 Dwarf_Die *die)
{
	const char *name = scope[0] ? dwarf_diename(die) : NULL;
	char text[1024];

	if (!name || linkage_name(die))
		return;
	snprintf(text, sizeof(text), "%s%s", scope, name);
	unit->full = rcp_room(unit->full, unit->full_count, &unit->full_room,
			      sizeof(*unit->full));
	unit->full[unit->full_count] =
		rcp_strings_keep(&inlined->strings, text);
	rcp_map_put1(&unit->names, dwarf_dieoffset(die),
		     (uint32_t)unit->full_count++);
}

/* Functions stand in namespaces, classes, and (GNU C, lambdas) in other
 * functions. */
static void
collect(struct rcp_inlined *inlined, struct unit *unit, const char *scope,
	Dwarf_Die *parent, unsigned depth)
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
			add_name(inlined, unit, scope, &die);
			/* fall through */
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_lexical_block:
			collect(inlined, unit, deeper(inlined, scope, &die),
				&die, depth + 1);
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static Dwarf_Die *
find_function(struct rcp_inlined *inlined, struct unit *unit,
	      uint64_t address)
{
	uint32_t index;

	if (!unit->indexed) {
		collect(inlined, unit, "", &unit->code, 0);
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

/* A static function and a template that was made for a lambda have no name of
 * the linker's: where it was declared tells its namespaces. */
static const char *
name_of(struct unit *unit, Dwarf_Die *die)
{
	static const unsigned origins[] = { DW_AT_abstract_origin,
					    DW_AT_specification };
	const char *name = linkage_name(die);
	Dwarf_Attribute attribute;
	Dwarf_Die origin = *die;
	uint32_t index;

	if (name)
		return name;
	for (size_t i = 0; i < 2; i++)
		if (dwarf_attr(&origin, origins[i], &attribute))
			if (!dwarf_formref_die(&attribute, &origin))
				break;
	index = rcp_map_get1(&unit->names, dwarf_dieoffset(&origin));
	return index == RCP_NONE ? dwarf_diename(die) : unit->full[index];
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
	function = find_function(inlined, unit, address);
	if (!function) {
		out[0] = place;
		return place.file != NULL;
	}
	count = descend(function, address, dies);
	for (size_t i = 0; i < count && i < room; i++) {
		Dwarf_Die *die = &dies[count - 1 - i];

		place.function = name_of(unit, die);
		out[i] = place;
		place.file = NULL;
		place.line = 0;
		find_call(unit, die, &place);
	}
	return count < room ? count : room;
}

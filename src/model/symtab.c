/* SPDX-License-Identifier: MIT
 *
 * symtab.c - see symtab.h.  dwfl_module_addrinfo looks at every symbol for
 * every address, which is too slow for tables of a hundred thousand.  Offline
 * only.
 */
#include "model/symtab.h"

#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "model/set.h"
#include "model/spans.h"

struct symbol {
	const char *name;
	uint64_t low, high; /* high 0: until the next one */
	int rank;           /* of several at one address the lowest */
};

struct rcp_symtab {
	struct rcp_spans spans; /* of `symbols` */
	struct symbol *symbols;
	size_t count, room;
};

/* A global name is the one that people use; one without a size may be a
 * label of hand-written code. */
static int
rank(const GElf_Sym *symbol)
{
	int rank = symbol->st_size == 0 ? 4 : 0;

	switch (GELF_ST_BIND(symbol->st_info)) {
	case STB_GLOBAL:
		return rank;
	case STB_WEAK:
		return rank + 1;
	default:
		return rank + 2;
	}
}

static bool
is_function(const GElf_Sym *symbol)
{
	switch (GELF_ST_TYPE(symbol->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return true;
	case STT_NOTYPE:
		return symbol->st_size == 0;
	default:
		return false;
	}
}

static void
add(struct rcp_symtab *symtab, const char *name, uint64_t low,
    const GElf_Sym *symbol)
{
	struct symbol *s;

	symtab->symbols = rcp_room(symtab->symbols, symtab->count,
				   &symtab->room, sizeof(*symtab->symbols));
	s = &symtab->symbols[symtab->count++];
	s->name = name;
	s->low = low;
	s->high = symbol->st_size ? low + symbol->st_size : 0;
	s->rank = rank(symbol);
}

static int
by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (strlen(x->name) != strlen(y->name))
		return strlen(x->name) < strlen(y->name) ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The best name of each address.  A label inside a function is none of its
 * own; others reach to the next symbol, or to the end of their page. */
static void
make_spans(struct rcp_symtab *symtab)
{
	uint64_t covered = 0;
	size_t next;

	qsort(symtab->symbols, symtab->count, sizeof(*symtab->symbols),
	      by_address);
	for (size_t i = 0; i < symtab->count; i = next) {
		const struct symbol *s = &symtab->symbols[i];
		uint64_t end = (s->low | 4095) + 1;

		for (next = i; next < symtab->count &&
			       symtab->symbols[next].low == s->low;)
			next++;
		if (next < symtab->count && symtab->symbols[next].low < end)
			end = symtab->symbols[next].low;
		if (s->high)
			end = s->high;
		else if (s->low < covered)
			continue;
		if (s->high > covered)
			covered = s->high;
		rcp_spans_add(&symtab->spans, s->low, end, (uint32_t)i);
	}
	rcp_spans_sort(&symtab->spans);
}

/* A stripped program still tells where it begins, which is what its stacks
 * end with.  The code there is 34 or 38 bytes on x86-64, more elsewhere, and
 * padding follows. */
static void
add_entry(struct rcp_symtab *symtab, Dwfl_Module *module)
{
	GElf_Sym symbol = { .st_size = 38 };
	GElf_Ehdr header;
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);

	symbol.st_info = GELF_ST_INFO(STB_LOCAL, STT_FUNC);
	if (elf && gelf_getehdr(elf, &header) && header.e_entry)
		add(symtab, "_start", header.e_entry + bias, &symbol);
}

struct rcp_symtab *
rcp_symtab_new(Dwfl_Module *module)
{
	struct rcp_symtab *symtab = rcp_alloc(sizeof(*symtab));
	int count = dwfl_module_getsymtab(module);

	for (int i = 1; i < count; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		GElf_Word section;
		const char *name = dwfl_module_getsym_info(
			module, i, &symbol, &address, &section, NULL, NULL);

		if (name && name[0] && section != SHN_UNDEF &&
		    is_function(&symbol))
			add(symtab, name, address, &symbol);
	}
	add_entry(symtab, module);
	if (symtab->count)
		make_spans(symtab);
	return symtab;
}

void
rcp_symtab_free(struct rcp_symtab *symtab)
{
	if (!symtab)
		return;
	rcp_spans_free(&symtab->spans);
	free(symtab->symbols);
	free(symtab);
}

const char *
rcp_symtab_find(const struct rcp_symtab *symtab, uint64_t address)
{
	uint32_t index = rcp_spans_find(&symtab->spans, address);

	return index == RCP_NONE ? NULL : symtab->symbols[index].name;
}

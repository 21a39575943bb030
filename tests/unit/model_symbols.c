/* SPDX-License-Identifier: MIT
 *
 * model_symbols.c - names for native code: this very program's.  Programs of
 * other languages and debug files: tests/tools/symbols.t.
 */
#include <limits.h>
#include <link.h>

#include "maker.h"
#include "model/demangle.h"
#include "model/model.h"
#include "model/spans.h"
#include "model/stack.h"
#include "model/symbolize.h"
#include "tap/tap.h"

static struct rcp_symbols *symbols;
static char exe[PATH_MAX];
static uintptr_t base;

static const unsigned line = __LINE__;
__attribute__((noinline, noipa)) static int
find_me(int x)
{
	return x * 3 + 1;
}

__attribute__((noinline, noipa)) static uintptr_t
where(void)
{
	return (uintptr_t)__builtin_return_address(0);
}

static const unsigned inner_line = __LINE__ + 4;
static inline __attribute__((always_inline)) uintptr_t
inner(void)
{
	uintptr_t at = where();

	__asm__ volatile("" : "+r"(at));
	return at;
}

static inline __attribute__((always_inline)) uintptr_t
middle(void)
{
	return inner() + 0; /* inner_line + 9 */
}

__attribute__((noinline, noipa)) static uintptr_t
outer(void)
{
	return middle() + 0; /* inner_line + 15 */
}

static int
first_object(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	base = info->dlpi_addr;
	return 1;
}

static size_t
find(const char *path, const char *build_id, uint64_t address,
     struct rcp_symbol *out)
{
	return rcp_symbols_find(symbols, path, build_id,
				build_id ? strlen(build_id) : 0, address, out,
				RCP_SYMBOLS_MOST);
}

static void
finds(void)
{
	uint64_t address = (uintptr_t)find_me - base;
	struct rcp_symbol symbol[RCP_SYMBOLS_MOST];

	is_int(find(exe, NULL, address, symbol), 1, "a function is found");
	is_str(symbol->function, "find_me", "its name");
	if (symbol->file) {
		ok(strstr(symbol->file, "model_symbols.c") != NULL,
		   "its file: %s", symbol->file);
		ok(symbol->line > line && symbol->line <= line + 5,
		   "its line: %u", symbol->line);
	} else {
		skip("no debug information in this build");
	}
	ok(!find(exe, "\1\2\3\4", address, symbol),
	   "as another build, nothing is claimed");
	ok(!find("/not/there", NULL, 1, symbol), "a file that is gone");
	ok(!find("[vdso]", NULL, 1, symbol), "what is no file");
	ok(!find("/etc/passwd", NULL, 1, symbol), "what is no ELF file");
	ok(!find("/dev/zero", NULL, 1, symbol), "what has no end");
	ok(!find(exe, NULL, 1ull << 60, symbol), "an address far outside");
	is_int(rcp_symbols_find(symbols, exe, NULL, 0, address, symbol, 0), 0,
	       "no room");
}

static void
finds_inlined(void)
{
	uint64_t address = outer() - 1 - base;
	struct rcp_symbol symbol[RCP_SYMBOLS_MOST];
	size_t count = find(exe, NULL, address, symbol);

	if (count == 0 || !symbol[0].file) {
		skip("no debug information in this build");
		return;
	}
	is_int(count, 3, "three functions share an address");
	is_str(symbol[0].function, "inner", "the innermost first");
	is_str(symbol[1].function, "middle", "what it is inlined into");
	is_str(symbol[2].function, "outer", "what was really called");
	is_int(symbol[0].line, inner_line, "the line that called");
	is_int(symbol[1].line, inner_line + 9, "the line of the inlined call");
	is_int(symbol[2].line, inner_line + 15, "and of the next one");
}

static void
demangles(void)
{
	char *name = rcp_demangle("_ZNSt6vectorIiSaIiEE9push_backEOi");

	if (!name) {
		skip("built without libiberty");
		return;
	}
	is_str(name, "std::vector<int, std::allocator<int> >::push_back",
	       "a C++ template, without parameters");
	free(name);
	name = rcp_demangle("_ZN4core3fmt5write17h0123456789abcdefE");
	is_str(name, "core::fmt::write", "a Rust function, without its hash");
	free(name);
	name = rcp_demangle("_RNvC6_123foo3bar");
	is_str(name, "123foo::bar", "a Rust function of the newer scheme");
	free(name);
	ok(!rcp_demangle("malloc"), "a C function has its name");
	ok(!rcp_demangle("_Zebra"), "what only looks mangled");
}

static void
knows_modules(void)
{
	static const struct {
		const char *path;
		bool python, system;
	} cases[] = {
		{ "/usr/bin/python3.11", true, false },
		{ "/opt/bin/python3.13t", true, false },
		{ "/usr/bin/python", true, false },
		{ "/usr/lib/libpython3.12.so.1.0", true, false },
		{ "/usr/lib/libpython3.12d.so.1.0", true, false },
		{ "/usr/lib/libpython3.so", true, false },
		{ "/usr/bin/pythonista", false, false },
		{ "/x/_json.cpython-311-x86_64-linux-gnu.so", false, false },
		{ "/x/libpythonic.so", false, false },
		{ "/lib/x86_64-linux-gnu/libc.so.6", false, true },
		{ "/lib64/ld-linux-x86-64.so.2", false, true },
		{ "/usr/lib/libstdc++.so.6.0.30", false, true },
		{ "/usr/lib/libcrypto.so.3", false, false },
		{ "/srv/python3.11/server", false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(rcp_is_python_runtime(cases[i].path) == cases[i].python &&
			   rcp_is_system_library(cases[i].path) ==
				   cases[i].system,
		   "%s is known for what it is", cases[i].path);
}

static void
spans(void)
{
	struct rcp_spans s = { 0 };
	uint32_t wrong = 0;

	is_int(rcp_spans_find(&s, 5), RCP_NONE, "no spans");
	rcp_spans_add(&s, 10, 10, 9); /* empty */
	rcp_spans_add(&s, 0, 1000, 0);
	for (uint32_t i = 1; i < 10; i++)
		rcp_spans_add(&s, 100 * i, 100 * i + 50, i);
	rcp_spans_add(&s, 100, 120, 10);
	rcp_spans_sort(&s);
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t want = i >= 100 && i % 100 < 50 ? i / 100 : 0;

		if (i >= 100 && i < 120)
			want = 10;
		wrong += rcp_spans_find(&s, i) != want;
	}
	is_int(wrong, 0, "nested spans: the innermost is found");
	is_int(rcp_spans_find(&s, 1000), RCP_NONE, "past the last one");
	rcp_spans_free(&s);
}

/* A return address is looked up one byte before. */
static void
in_a_profile(void)
{
	const char *path = "model_symbols.tmp";
	struct rcp_file_header header = mk_plain_header();
	struct rcp_open_options options = { .flags = RCP_OPEN_NO_CACHE };
	const struct rcp_frame_info *frame;
	struct rcp_error error;
	struct rcp_set *set;
	struct maker m;

	/* After this program was made: it has no build-id here. */
	header.start_wall = 4000000000u * UINT64_C(1000000000);
	mk_begin(&m, &header);
	mk_string(&m, 1, exe);
	mk_module(&m, 1, 1, 0, 0, 0, 0);
	mk_node(&m, 1, 0, RCP_FRAME_NATIVE, 1, (uintptr_t)find_me - base + 1);
	mk_node(&m, 2, 0, RCP_FRAME_NATIVE, 1, (uintptr_t)find_me - base);
	mk_node(&m, 3, 0, RCP_FRAME_NATIVE, 1, outer() - base);
	mk_site(&m, 1, 1, RCP_KIND_MALLOC);
	mk_site(&m, 2, 2, RCP_KIND_MALLOC);
	mk_site(&m, 3, 3, RCP_KIND_MALLOC);
	mk_save(&m, path);
	mk_free(&m);
	set = rcp_set_open(&path, 1, &options, &error);
	if (!set) {
		ok(false, "opens: %s", error.text);
		return;
	}
	frame = &set->frames[rcp_site_own_frame(set, 0)];
	is_str(frame->function, "find_me", "the frame of the profile");
	is_str(frame->module, exe, "its module");
	frame = &set->frames[rcp_site_own_frame(set, 1)];
	ok(strcmp(frame->function, "find_me") != 0,
	   "the first byte is where the call before it returns to");
	frame = &set->frames[rcp_site_own_frame(set, 2)];
	if (frame->file)
		is_int(rcp_stack(set, set->sites[2].node, NULL, 0), 3,
		       "one node of the file, three frames");
	else
		skip("no debug information in this build");
	rcp_set_close(set);
	unlink(path);
}

int
main(void)
{
	struct rcp_symbol_search search = { .no_cache = true };
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	symbols = rcp_symbols_new(&search);
	if (!symbols)
		skip_all("built without elfutils");
	ok(n > 0 && find_me(2) == 7, "the program is known");
	dl_iterate_phdr(first_object, NULL);
	finds();
	finds_inlined();
	demangles();
	knows_modules();
	spans();
	rcp_symbols_free(symbols);
	in_a_profile();
	return done_testing();
}

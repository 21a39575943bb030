/* SPDX-License-Identifier: MIT
 *
 * model_symbols.c - names for native code: this very program's.
 */
#include <limits.h>
#include <link.h>

#include "maker.h"
#include "model/model.h"
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

static int
first_object(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	(void)data;
	base = info->dlpi_addr;
	return 1;
}

static void
finds(void)
{
	uint64_t address = (uintptr_t)find_me - base;
	struct rcp_symbol symbol = { NULL, NULL, 0 };

	ok(rcp_symbols_find(symbols, exe, NULL, 0, address, &symbol),
	   "a function is found");
	is_str(symbol.function, "find_me", "its name");
	if (symbol.file) {
		ok(strstr(symbol.file, "model_symbols.c") != NULL,
		   "its file: %s", symbol.file);
		ok(symbol.line > line && symbol.line <= line + 5,
		   "its line: %u", symbol.line);
	} else {
		skip("no debug information in this build");
	}
	ok(!rcp_symbols_find(symbols, exe, "\1\2\3\4", 4, address, &symbol),
	   "as another build, nothing is claimed");
	ok(!rcp_symbols_find(symbols, "/not/there", NULL, 0, 1, &symbol),
	   "a file that is gone");
	ok(!rcp_symbols_find(symbols, "[vdso]", NULL, 0, 1, &symbol),
	   "what is no file");
	ok(!rcp_symbols_find(symbols, "/etc/passwd", NULL, 0, 1, &symbol),
	   "what is no ELF file");
	ok(!rcp_symbols_find(symbols, exe, NULL, 0, 1ull << 60, &symbol),
	   "an address far outside");
}

/* A return address is looked up one byte before. */
static void
in_a_profile(void)
{
	const char *path = "model_symbols.tmp";
	struct rcp_file_header header = mk_plain_header();
	const struct rcp_frame_info *frame;
	struct rcp_error error;
	struct rcp_set *set;
	struct maker m;

	mk_begin(&m, &header);
	mk_string(&m, 1, exe);
	mk_module(&m, 1, 1, 0, 0, 0, 0);
	mk_node(&m, 1, 0, RCP_FRAME_NATIVE, 1, (uintptr_t)find_me - base + 1);
	mk_node(&m, 2, 0, RCP_FRAME_NATIVE, 1, (uintptr_t)find_me - base);
	mk_site(&m, 1, 1, RCP_KIND_MALLOC);
	mk_site(&m, 2, 2, RCP_KIND_MALLOC);
	mk_save(&m, path);
	mk_free(&m);
	set = rcp_set_open(&path, 1, NULL, &error);
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
	rcp_set_close(set);
	unlink(path);
}

int
main(void)
{
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	symbols = rcp_symbols_new();
	if (!symbols)
		skip_all("built without elfutils");
	ok(n > 0 && find_me(2) == 7, "the program is known");
	dl_iterate_phdr(first_object, NULL);
	finds();
	rcp_symbols_free(symbols);
	in_a_profile();
	return done_testing();
}

/* SPDX-License-Identifier: MIT
 *
 * beside.c - see beside.h.  What is said here was tried: tests/preload's
 * hazards.t and preloads.t run each of them.
 */
#include "tools/beside.h"

#include <stdlib.h>
#include <string.h>

#include "tools/elf.h"

/* As in beside.h. */
typedef void say_fn(void *arg, enum rcp_beside what, const char *text);

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- programs that run another one ---------------------------------------- */

static const struct {
	const char *name;
	enum rcp_beside what;
	const char *text;
} tools[] = {
	{ "valgrind", RCP_BESIDE_BLIND,
	  "valgrind serves malloc itself: both run, and nothing is recorded. "
	  "Use one of them at a time" },
	{ "gdb", RCP_BESIDE_NOTE,
	  "gdb is what gets profiled, and what it starts if that is Python; "
	  "to debug a profiled program: gdb -ex 'set exec-wrapper env "
	  "LD_PRELOAD=librcprof.so' PROGRAM. It shows a thread \"rcprof\"" },
	{ "strace", RCP_BESIDE_NOTE,
	  "strace is what gets profiled, and what it starts if that is "
	  "Python; for other programs: --follow all, or strace -E LD_PRELOAD="
	  "librcprof.so PROGRAM. A thread \"rcprof\" shows with -f" },
	{ "ltrace", RCP_BESIDE_NOTE,
	  "ltrace is what gets profiled, and what it starts if that is "
	  "Python; for other programs: --follow all" },
	{ "perf", RCP_BESIDE_NOTE,
	  "perf is what gets profiled, and what it starts if that is Python; "
	  "for other programs: --follow all" },
};

static void
look_at_tool(const char *program, say_fn *say, void *arg)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (strcmp(base_name(program), tools[i].name) == 0)
			say(arg, tools[i].what, tools[i].text);
}

/* --- libraries ------------------------------------------------------------ */

static const char *const allocators[] = { "libjemalloc", "libtcmalloc",
					  "libmimalloc", "libsnmalloc",
					  "libhoard" };

static bool
is_allocator(const char *name)
{
	for (size_t i = 0; i < sizeof(allocators) / sizeof(allocators[0]); i++)
		if (strncmp(name, allocators[i], strlen(allocators[i])) == 0)
			return true;
	return false;
}

static void
say_preload(const char *name, say_fn *say, void *arg)
{
	struct rcp_text t = { 0 };

	rcp_text_add(&t, name);
	if (is_allocator(name))
		rcp_text_add(&t, " is preloaded as well: rcprof goes in front "
				 "of it and sees its blocks");
	else
		rcp_text_add(&t, " is preloaded as well: rcprof goes in front "
				 "of it, and calls go on to it");
	say(arg, RCP_BESIDE_WORKS, t.s);
	rcp_text_free(&t);
}

static void
look_at_preloads(say_fn *say, void *arg)
{
	const char *list = getenv("LD_PRELOAD");

	while (list && *list) {
		size_t len = strcspn(list, " :");
		struct rcp_text t = { 0 };

		rcp_text_bytes(&t, list, len);
		if (len > 0 && strcmp(base_name(t.s), "librcprof.so") != 0)
			say_preload(base_name(t.s), say, arg);
		rcp_text_free(&t);
		list += len + (list[len] != '\0');
	}
}

static void
look_at_allocator(const char *program, say_fn *say, void *arg)
{
	struct rcp_text t = { 0 };
	char name[128];

	for (size_t i = 0; i < sizeof(allocators) / sizeof(allocators[0]);
	     i++) {
		if (!rcp_elf_needs(program, allocators[i], name, sizeof(name)))
			continue;
		rcp_text_format(&t, "%s is its allocator: rcprof goes in "
				    "front of it and sees its blocks",
				name);
		say(arg, RCP_BESIDE_WORKS, t.s);
		rcp_text_clear(&t);
	}
	rcp_text_free(&t);
	if (rcp_elf_defines(program, "malloc"))
		say(arg, RCP_BESIDE_BLIND,
		    "an allocator (or a sanitizer) is linked into it, which "
		    "comes before every preload: both run, and only mappings "
		    "are seen");
}

/* --- sanitizers ----------------------------------------------------------- */

bool
rcp_beside_refuses(const char *program, struct rcp_text *why)
{
	static const char *const runtimes[] = { "libasan.so",
						"libclang_rt.asan" };
	const char *options = getenv("ASAN_OPTIONS");
	char name[128];

	if (options && strstr(options, "verify_asan_link_order=0"))
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (!rcp_elf_needs(program, runtimes[i], name, sizeof(name)))
			continue;
		rcp_text_format(why,
				"%s: built with AddressSanitizer (%s), which "
				"stops where another library is preloaded; "
				"with verify_asan_link_order=0 in ASAN_OPTIONS "
				"both run",
				program, name);
		return true;
	}
	return false;
}

void
rcp_beside_look(const char *program, say_fn *say, void *arg)
{
	look_at_preloads(say, arg);
	look_at_tool(program, say, arg);
	look_at_allocator(program, say, arg);
}

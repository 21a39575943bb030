#!/usr/bin/env python3
"""Rows 26, 29 and 30: other preloads and allocators beside ours; what we show
to the program and use of libc; nothing of ours in the program's allocator."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

ALLOCATORS = ("libjemalloc.so.2", "libmimalloc.so.2", "libmimalloc.so.2.0",
              "libtcmalloc_minimal.so.4")


def nm(*flags):
    text = subprocess.run(["nm", "-D", *flags, lib.tap.PRELOAD],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    return sorted({re.sub("@.*", "", line.split()[-1])
                   for line in text.splitlines()})


def listed(name):
    with open(os.path.join(lib.HERE, name)) as f:
        return sorted(f.read().split())


def test_symbols():
    lib.is_(29, nm("--defined-only"), listed("exports.txt"),
            "what we show to the program is exports.txt")
    strange = sorted(set(nm("--undefined-only")) - set(listed("imports.txt")))
    lib.is_(29, strange, [], "what we use of libc is in imports.txt")


def test_counter_before():
    for name in ("prog_realloc", "prog_sites", "prog_cxx"):
        if not os.path.exists(lib.program(name)):
            continue
        pair = lib.Pair(name, before=["libcounter.so"])
        pair.same(26, "behind another preload: as without rcprof")
        if name == "prog_realloc":
            # The caller is the other preload.
            lib.check_cases(pair, module="*")


def sums(run):
    """[allocations, frees, bytes] of each process that ended in order."""
    with open(os.path.join(run.cwd, "sums")) as f:
        return sorted([int(w) for w in line.split()] for line in f)


def test_no_calls_of_ours():
    for name, args in (("prog_sites", []), ("prog_realloc", []),
                       ("prog_stacks", []), ("prog_cxx", []),
                       ("prog_ends", ["exit"]), ("prog_libc", []),
                       ("prog_fork", ["fork"]), ("prog_fork", ["spawn"]),
                       ("prog_fork", ["generations"]),
                       ("prog_fork", ["failing"]), ("prog_disk", [])):
        if not os.path.exists(lib.program(name)):
            continue
        env = {"COUNTER_OUT": "sums", "RCPROF_INTERVAL": "10ms"}
        # As many variables in both: libc copies them.
        pair = lib.Pair(name, *args, beside=["libcounter.so"], env=env,
                        bare_env=dict(env, RCPROF_MODE="", RCPROF_OUTPUT="",
                                      RCPROF_ROOT=""))
        bare, run = sums(pair.bare), sums(pair.run)
        if name in ("prog_stacks", "prog_cxx"):
            # libc makes room for our thread variables in each new thread.
            bare, run = [s[:2] for s in bare], [s[:2] for s in run]
        lib.is_(30, run, bare, "%s: its allocator gets exactly its own calls"
                % " ".join([name] + args))


# --- other allocators -----------------------------------------------------------

def find(name):
    text = subprocess.run(["/sbin/ldconfig", "-p"], stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    found = re.search(r"\b%s \(.*x86-64.*\) => (\S+)" % re.escape(name), text)
    return found and found.group(1)


def test_allocator(short, path):
    for name, *args in (("prog_realloc",), ("prog_threads",),
                        ("prog_storm", "10000")):
        pair = lib.Pair(name, *args, beside=[path])
        pair.same(26, "with %s: as without rcprof" % short)
        lib.check_cases(pair)
    for name in ("prog_cxx", "prog_moments", "prog_stacks"):
        if not os.path.exists(lib.program(name)):
            continue
        pair = lib.Pair(name, beside=[path])
        # Some end a program that asks for too much.
        if pair.bare.status == 0:
            pair.same(26, "with %s: as without rcprof" % short)
    pair = lib.Pair("prog_fork", "threads", beside=[path])
    pair.same(26, "fork in a threaded program with %s: as without rcprof"
              % short)
    # In front of ours it takes all calls: nothing to see, nothing broken.
    for name in ("prog_realloc", "prog_cxx"):
        if not os.path.exists(lib.program(name)):
            continue
        pair = lib.Pair(name, before=[path], seconds=20)
        if pair.bare.status == 0:
            pair.same(26, "behind %s: as without rcprof" % short)
    linked = lib.build("prog_realloc.c", "linked-" + short, path,
                       "-I", lib.tap.SRC + "/tests", "-D_GNU_SOURCE",
                       "-fno-optimize-sibling-calls")
    pair = lib.Pair(linked)
    pair.same(26, "linked with %s: as without rcprof" % short)
    lib.check_cases(pair)


def test_allocators():
    found = 0
    done = set()
    for name in ALLOCATORS:
        path = find(name)
        short = re.sub(r"\.so.*", "", name)
        if not path or short in done:
            continue
        done.add(short)
        found += 1
        test_allocator(short, path)
    if not found:
        lib.skip(26, "jemalloc, mimalloc, tcmalloc", "none is installed")


# --- what is not seen is said ---------------------------------------------------

OWN_MALLOC = """
#include <stddef.h>
#include <unistd.h>
#include <string.h>
static char some[1 << 20];
static size_t used;
void *malloc(size_t n) { void *p = some + used; used += (n + 15) & ~15ul;
	return used <= sizeof some ? p : NULL; }
void *calloc(size_t n, size_t size) { return malloc(n * size); }
void *realloc(void *p, size_t n) { void *q = malloc(n);
	return p && q ? memmove(q, p, n) : q; }
void free(void *p) { (void)p; }
int main(void) { free(malloc(100)); return 6; }
"""


def notes(run):
    """The coverage's notes, by their kind."""
    text = subprocess.run([lib.tap.RCPROF, "dump", run.file()],
                          stdout=subprocess.PIPE).stdout.decode()
    return dict(re.findall(
        r'key="note\.(malloc|allocator|deepbind)" value="(.*)"', text))


def test_unseen():
    run = lib.Run("prog_hazards", ["reused"])
    lib.is_(26, notes(run), {}, "a plain program: no note")
    source = os.path.join(lib.scratch(), "own.c")
    with open(source, "w") as f:
        f.write(OWN_MALLOC)
    pair = lib.Pair(lib.build(source, "own-malloc"))
    pair.same(26, "a malloc of its own: as without rcprof", 6)
    lib.ok(26, "malloc is that of the program itself"
           in notes(pair.run).get("malloc", ""), "it is said")
    run = lib.Run("prog_sites", libraries=("libcounter.so", "rcprof"))
    lib.ok(26, "malloc is that of libcounter.so"
           in notes(run).get("malloc", ""), "another preload in front")
    lzma = lib.build("libversion.c", "libversion.so", "-shared", "-fPIC")
    plug = lib.build("libversion.c", "plug.so", "-shared", "-fPIC", "-DPLUG",
                     "-DOWN", lzma, "-Wl,-rpath,$ORIGIN")
    run = lib.Run("prog_hazards", ["module", plug])
    lib.is_(22, list(notes(run)), ["allocator"], "a module's own allocator")
    lib.ok(22, "plug.so" in notes(run).get("allocator", ""), "and whose")
    run = lib.Run("prog_hazards", ["module", plug, "deep"])
    lib.ok(22, "plug.so" in notes(run).get("deepbind", ""),
           "a module by RTLD_DEEPBIND")


lib.each(test_symbols, test_counter_before, test_no_calls_of_ours,
         test_allocators, test_unseen)

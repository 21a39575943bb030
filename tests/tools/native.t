#!/usr/bin/env python3
"""Which native frames are shown beside Python frames, and where a module's
memory is counted."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import native  # noqa: E402
import views  # noqa: E402
import tap  # noqa: E402

PYTHON = "/gone/bin/python3.12"
LIBPYTHON = "/gone/lib/libpython3.12.so.1.0"
LIBC = "/gone/lib/libc.so.6"
NUMPY = "/gone/site-packages/numpy/_core.cpython-312-x86_64-linux-gnu.so"
BLAS = "/gone/lib/libblas.so.3"
LOAD = ("/srv/app.py", "load", 8)
MAIN = ("/srv/app.py", "<module>", 1)
START = [(PYTHON, 0x900), (LIBPYTHON, 0x800), (LIBC, 0x700),
         (PYTHON, 0x600)]

STACKS = [
    # 1, 2: two paths through the interpreter to the same line
    [(LIBPYTHON, 0x10), (LIBPYTHON, 0x20), LOAD, (LIBPYTHON, 0x30), MAIN] +
    START,
    [(LIBPYTHON, 0x11), LOAD, (LIBPYTHON, 0x30), MAIN] + START,
    # 3: an extension module, and what it calls
    [(BLAS, 0x40), (NUMPY, 0x50), (LIBPYTHON, 0x12), LOAD,
     (LIBPYTHON, 0x30), MAIN] + START,
    # 4: C calls back into Python
    [(LIBPYTHON, 0x13), ("/srv/app.py", "compare", 20), (LIBPYTHON, 0x31),
     (LIBC, 0x60), (NUMPY, 0x51), (LIBPYTHON, 0x30), MAIN] + START,
    # 5: before there was any Python frame
    [(LIBPYTHON, 0x14), (LIBPYTHON, 0x32)] + START,
    # 6: a thread of C's own
    [(BLAS, 0x41), (LIBC, 0x61)],
    # 7: libc on behalf of the interpreter
    [(LIBC, 0x62), (LIBPYTHON, 0x15), LOAD, (LIBPYTHON, 0x30), MAIN] + START,
]
name = native.profile("native.rcprof", STACKS)


def short(stack):
    return [f["function"] if f["kind"] == "python" else
            os.path.basename(f["module"]).split(".")[0] for f in stack]


def by_blocks(*flags):
    """[(blocks, frames)]: two sites may have as many."""
    report = json.loads(views.good("report", "--json", name, *flags))
    return sorted((s["allocations"], short(s["stack"]))
                  for s in report["sites"])


PY = ["load", "<module>"]
INIT = ["libpython3"] * 2 + ["python3", "libpython3", "libc", "python3"]
tap.is_(by_blocks(), [
    (3, ["libblas", "_core"] + PY),
    (3, PY),                # 1 and 2 are the same now
    (4, ["compare", "libc", "_core", "<module>"]),
    (5, INIT),
    (6, ["libblas"]),
    (7, ["libc"] + PY)], "the interpreter's own frames are folded")
tap.is_(by_blocks("--no-native"), [
    (4, ["compare", "<module>"]),
    (5, INIT),
    (6, ["libblas"]),
    (1 + 2 + 3 + 7, PY)], "--no-native: none beside Python frames")
whole = by_blocks("--native")
tap.is_([len(s) for n, s in whole], [len(s) for s in STACKS],
        "--native: every frame")
tap.is_(whole[3][1][:7], ["libpython3", "compare", "libpython3", "libc",
                          "_core", "libpython3", "<module>"],
        "in the order of the calls")
tap.is_(by_blocks("--native", "--no-native"), by_blocks("--no-native"),
        "of the two the later one holds")

# An own line is one of Python in any case.
for flags in ([], ["--native"], ["--no-native"]):
    report = json.loads(views.good("report", "--json", name, *flags))
    owned = {}
    for s in report["sites"]:
        own = s["own"]
        at = short(s["stack"])[own] if own is not None else None
        owned[at] = owned.get(at, 0) + s["allocations"]
    tap.is_((owned["load"], owned["compare"]), (1 + 2 + 3 + 7, 4),
            "own lines: %s" % (flags or "by default"))
    text = views.good("tree", "--metric", "count", "--json", name, *flags)
    tap.is_(json.loads(text)["value"], sum(range(1, 8)),
            "the tree holds them all")


def groups(by, *flags):
    """{name: blocks} of report's table."""
    text = views.good("report", "--all", "--metric", "count", "--by", by,
                      name, *flags)
    return {m[1]: int(m[0]) for m in re.findall(
        r"^ *\d+ +[\d.]+ % +(\d+)  (.*)$", text, re.M)}


tap.is_(groups("module"), {"/srv": 1 + 2 + 4 + 7, BLAS: 3 + 6, LIBPYTHON: 5},
        "--by module: who allocated, but for libc")
tap.is_(groups("module", "--native"), {
    LIBPYTHON: 1 + 2 + 4 + 5, BLAS: 3 + 6, LIBC: 7},
    "--by module --native: the leaf, whatever it is")
tap.is_(groups("module", "--no-native"), {
    "/srv": 1 + 2 + 3 + 4 + 7, BLAS: 6, LIBPYTHON: 5},
    "--by module --no-native: Python's own, where there is Python")
tap.is_(groups("function"), {
    "app.py load": 1 + 2 + 3 + 7, "app.py compare": 4,
    "0x14 [libpython3.12.so.1.0]": 5, "0x41 [libblas.so.3]": 6},
    "--by function: of Python, where there is Python")

# A program without Python: what begins and ends each of its stacks.
name = native.profile("plain.rcprof", [
    [(LIBC, 0x71), ("/gone/bin/server", 0x10), (LIBC, 0x72)],
    [(LIBC, 0x73)]], python=None)
tap.is_(by_blocks(), [(1, ["libc", "server"]), (2, ["libc"])],
        "what calls main goes, a stack of nothing else keeps its leaf")
tap.is_(groups("module"), {"/gone/bin/server": 1, LIBC: 2},
        "--by module: not libc, if there is anything else")
tap.is_(len(by_blocks("--native")[0][1]), 3, "--native: all of it")

# Code without names, and code that a package has written.
name = native.profile("nameless.rcprof", [
    [(NUMPY, 0x81), (NUMPY, 0x82), (BLAS, 0x83), (BLAS, 0x84), (NUMPY, 0x85),
     ("<__array_function__ internals>", "svd", 200), LOAD, MAIN]])
shown = re.findall(r"0x8\d \[\S+\]", views.good("tree", name))
tap.is_(shown, ["0x85 [_core.so]", "0x84 [libblas.so.3]", "0x82 [_core.so]"],
        "the tree: where a library without names was entered")
for flag in ("--all", "--native"):
    tap.is_(len(re.findall(r"0x8\d \[", views.good("tree", flag, name))), 5,
            "the tree %s: all of its frames" % flag)
site, = json.loads(views.good("report", "--json", name))["sites"]
tap.is_(site["stack"][site["own"]]["function"], "load",
        "what numpy wrote is nobody's own line")
tap.done()

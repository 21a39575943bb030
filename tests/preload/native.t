#!/usr/bin/env python3
"""Rows 20, 21, 22, 23, 25: whole native stacks, by name, in exact mode."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

def stack_of(report, size):
    """Function names, leaf first, of the one stack with blocks of SIZE, up
    to main or all of them.  libc's own names are not the test's."""
    found = [s for s in report.sites
             if s["allocated_bytes"] == size * s["allocations"]]
    if len(found) != 1:
        raise lib.Broken("%d sites with blocks of %d" % (len(found), size))
    names = [(f["function"] or "?").split("@")[0].split(".")[0]
             for f in found[0]["stack"]]
    return names[:names.index("main") + 1] if "main" in names else names


def test_names():
    run = lib.Run("prog_native", [lib.program("libcallback.so")],
                  env={"RCPROF_NATIVE": "on", "RCPROF_FOLLOW": "all"})
    lib.is_(0, (run.status, run.stdout, run.stderr), (0, "", ""),
            "the program runs")
    reports = run.reports("--native")
    main = reports.pop(max(reports, key=lambda p: len(reports[p].sites)))

    def same(row, size, inner, what):
        lib.is_(row, stack_of(main, size), ["leaf"] + inner + ["main"], what)

    same(25, 1001, [], "main")
    outermost = [s["stack"][-1] for s in main.sites
                 if s["stack"] and s["allocated_bytes"] == 1001][0]
    lib.is_(25, outermost["function"], "_start", "and from there to _start")
    same(25, 1002, ["recursion"] * 6, "recursion")
    same(25, 1003, ["with_alloca"], "alloca")
    same(25, 1004, ["aligned"], "an aligned stack")
    names = stack_of(main, 1005)
    lib.is_(25, (names[:2], names[-2:]),
            (["leaf", "order"], ["sorting", "main"]), "a callback from qsort")
    for size, where in ((1006, "the same stack"), (1007, "one of its own")):
        names = stack_of(main, size)
        del names[2:3]  # the kernel's return to libc
        lib.is_(21, names, ["leaf", "handler", "trapping", "on_signals",
                            "main"], "a signal handler on " + where)
    names = stack_of(main, 1008)
    lib.is_(25, (names[:2], len(names)), (["leaf", "coroutine"], 3),
            "a coroutine")
    same(25, 1009, ["switching"], "who switches to it")
    lib.is_(25, stack_of(main, 1010)[:2], ["leaf", "thread_main"],
            "threads, one after the other")
    same(25, 1011, ["dive"] * 4 + ["jumping"], "what longjmp leaves")
    same(25, 1012, ["jumping"], "where longjmp arrives")
    for size, name in ((1013, "first_way"), (1014, "second_way")):
        same(25, size, ["recursion"] * 3 + [name], name)
    same(22, 1015, ["call_back", "in_library"],
         "a library that comes and goes")
    lib.ok(25, stack_of(main, 1017) == ["leaf"] + ["recursion"] * 1001
           + ["main"], "a thousand frames")
    names = stack_of(main, 1018)
    lib.is_(25, (names[:3], len(names) < 200),
            (["leaf", "recursion", "recursion"], True),
            "nine thousand end in a mark")
    same(25, 1019, [], "and main again")
    child = reports.popitem()[1]
    lib.is_(23, stack_of(child, 1016), ["leaf", "in_child", "main"],
            "a forked child")


def test_many():
    """Two threads, while libraries come and go and children are forked; each
    stack is one that the program has."""
    blocks = 1000000 if os.environ.get("RCPROF_LONG") else 40000
    run = lib.Run("prog_unwinds", [lib.program("libcallback.so"),
                                   lib.program("libcallback_two.so"), blocks],
                  env={"RCPROF_NATIVE": "on", "RCPROF_FOLLOW": "none"},
                  seconds=1000)
    lib.is_(22, (run.status, run.stdout, run.stderr), (0, "done\n", ""),
            "two threads unwind beside dlopen, dlclose and fork")
    ours = [s for s in run.report("--native").sites if s["stack"]
            and s["stack"][0]["function"] == "leaf"]
    lib.ok(22, sum(s["allocations"] for s in ours) > 2 * blocks,
           "every block is there")
    strange = [names for names in (
        [f["function"] for f in s["stack"]] for s in ours)
        if not is_one(names)]
    lib.is_(22, strange, [], "no stack that there was not")


def is_one(names):
    """leaf, perhaps the library, down up to 16 times, work; or the loader's."""
    rest = [n for n in names[1:] if n != "down"]
    downs = len(names) - 1 - len(rest)
    if rest[:1] == ["call_back"]:
        del rest[0]
    return (rest[:1] == ["work"] and 1 <= downs <= 16
            or rest[:1] == ["load"] and downs == 0)


lib.each(test_names, test_many)

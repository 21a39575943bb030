#!/usr/bin/env python3
"""Rows 31 and 32: exact numbers in each memory domain, whichever allocator
stands behind it."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

SETTINGS = [{"PYTHONMALLOC": name} for name in (
    "malloc", "malloc_debug", "pymalloc", "pymalloc_debug", "debug",
    "default")]
SETTINGS.append({"PYTHONDEVMODE": "1"})
# From 3.13 on, where it is compiled in.
LATER = [{"PYTHONMALLOC": name} for name in ("mimalloc", "mimalloc_debug")]
NUMBERS = ("allocations", "allocated_bytes", "frees", "freed_bytes",
           "live_bytes", "live_blocks")


def expected(sizes, n):
    """What each kind of line has when all is held: its own calls only."""
    k = len(sizes)
    grown = [s + 5 for s in sizes]

    def numbers(count, bytes_, freed, freed_bytes):
        return (count, bytes_, freed, freed_bytes,
                bytes_ - freed_bytes, count - freed)
    return {
        # The first n blocks move on to the realloc's line...
        "malloc": numbers(n * k, n * sum(sizes), n, n * sizes[0]),
        "calloc": numbers(n * k, 3 * n * sum(sizes), 0, 0),
        "null": numbers(n * k, n * sum(sizes), 0, 0),
        # ...where they are freed and made again in each round.
        "realloc": numbers(n * k, n * sum(grown),
                           n * (k - 1), n * sum(grown[:-1])),
        "fails": numbers(0, 0, 0, 0),
    }


def own(case, report, domain, call):
    """The line's numbers less those of the same line that does nothing."""
    file = case.program
    line = report.leaf(file, case.line("%s-%s" % (domain, call)))
    none = report.leaf(file, case.line("none-%s" % call))
    return tuple(getattr(line, n) - getattr(none, n) for n in NUMBERS)


def check(py, row, env, suffix):
    case = lib.Case(py, row, "domains.py", env=env)
    case.same("runs as without rcprof" + suffix)
    truth = case.truth
    held = case.own("--at", "mark:held")
    dropped = case.own("--at", "mark:emptied")
    want = expected(truth["sizes"], truth["n"])
    for domain in ("raw", "mem", "obj", "libc"):
        for call, numbers in want.items():
            py.is_(row, own(case, held, domain, call), numbers,
                   "%s, %s%s" % (domain, call, suffix))
        py.is_(row, [own(case, dropped, domain, call)[4:] for call in want],
               [(0, 0)] * len(want), "%s, all freed%s" % (domain, suffix))

    many = case.own("--at", "mark:crowded")
    line = many.leaf(case.program, case.line("many"))
    py.between(row, line.live_bytes, 10000 * 512, 10000 * 512 + 512,
               "pymalloc's blocks" + suffix)
    py.is_(row, sum(s["live_bytes"] for s in line.sites
                    if s["kind"] != "python"), 0,
           "no arena under them" + suffix)
    py.between(row, many.totals["live_bytes"] - dropped.totals["live_bytes"],
               10000 * 512, 10000 * 512 + 20000,
               "nothing of them is counted twice" + suffix)
    py.is_(row, sum(s["live_bytes"] for s in many.sites),
           many.totals["live_bytes"], "sites sum to the total" + suffix)
    return case


def test_domains(py):
    check(py, 31, {}, "")


def test_settings(py):
    for env in SETTINGS + LATER * (py.version >= (3, 13)):
        suffix = ", %s=%s" % next(iter(env.items()))
        if env in LATER and lib.Run([py.path, "-c", ""], env, None,
                                    False).status:
            py.skip(32, suffix[2:], "not compiled in")
            continue
        check(py, 32, env, suffix)


lib.each("31,32", test_domains, test_settings)

#!/usr/bin/env python3
"""Rows 37 to 39: threads, greenlets, sub-interpreters."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402


def test_threads(py):
    case = lib.Case(py, 37, "threads.py")
    case.same()
    report = case.report("--at", "mark:end")
    lib.check_blocks(case, 37, report, "storm", "released")

    n, size = case.truth["n"], case.truth["size"]
    line = report.leaf(case.program, case.line("storm"))
    py.between(37, line.live_bytes, 100 * n * size, 100 * n * (size + 40),
               "100 threads x 100 blocks, live")
    py.is_(37, sum(t["live_bytes"] for s in line.sites for t in s["threads"]),
           line.live_bytes, "the threads' parts sum to the site")
    line = report.leaf(case.program, case.line("dropped"))
    py.ok(37, line.allocated_bytes >= 100 * n * size
          and line.live_bytes == 0, "100 threads x 100 blocks, dropped")
    line = report.leaf(case.program, case.line("given"))
    py.ok(37, line.freed_bytes >= 4 * n * size
          and 0 <= line.live_bytes < 2000, "freed by another thread")
    line = report.leaf(case.program, case.line("released"), kind="malloc")
    py.between(37, line.live_bytes, 1000 * 5000, 1000 * 5000 + 4096,
               "without the GIL: the caller's line")
    plain = lib.Numbers([
        s for s in report.sites if not s["py"]
        and any("native.so" in (f["module"] or "") for f in s["stack"])])
    py.is_(37, (plain.allocations, plain.allocated_bytes, plain.live_bytes),
           (30, 30 * 65537, 0), "C threads without Python: no Python frame")
    py.is_(37, report.totals["live_bytes"],
           sum(s["live_bytes"] for s in report.sites), "sites sum to totals")

    case = lib.Case(py, 37, "threads.py", "_exit")
    case.same("os._exit with daemon threads at work")
    py.ok(37, case.own().totals["live_bytes"] > 100 * n * size,
          "its profile is whole")


def switched(py, module, program):
    """Row 38 with a module of make-venvs; None where it is not there."""
    python = lib.venv_python(py, module)
    if python is None:
        py.skip(38, module, "not there: tests/python/make-venvs")
        return None, None
    case = lib.Case(py, 38, program, python=python)
    case.same(program + " runs as without rcprof")
    report = case.biggest("--at", "mark:end")
    lib.check_blocks(case, 38, report, "storm")
    return case, report.leaf(case.program, case.line("storm"))


def test_greenlets(py):
    case, storm = switched(py, "greenlet", "greenlets.py")
    if case:
        py.ok(38, storm.allocations >= 200 * 20, "every block of the storm")


def test_gevent(py):
    case, storm = switched(py, "gevent", "gevents.py")
    if case:
        py.between(38, storm.live_bytes, case.truth["storm"],
                   case.truth["storm"] + 20 * 2000 + 100000,
                   "every block of 20 switching greenlets")


def test_interpreters(py):
    module = ("_interpreters" if py.version >= (3, 13)
              else "_xxsubinterpreters")
    case = lib.Case(py, 39, "interpreters.py", module)
    if case.bare.status:
        py.skip(39, "sub-interpreters", "no module " + module)
        return
    case.same()
    for n in range(2):
        inside = {"function": "inside%d" % n, "file": "sub.py", "line": 2}
        live = case.own("--at", "mark:in %d" % n).leaf(**inside)
        py.between(39, live.live_bytes, 200033 + n, 200033 + n + 4096,
                   "a block in interpreter %d" % n)
        gone = case.own("--at", "mark:after %d" % n)
        py.is_(39, gone.leaf(**inside).live_bytes, 0,
               "gone with interpreter %d" % n)
        py.between(39, gone.leaf(
            case.program, case.line("main")).live_bytes, 300033, 300600,
            "the main interpreter beside it")


lib.each("37-39", test_threads, test_greenlets, test_gevent,
         test_interpreters)

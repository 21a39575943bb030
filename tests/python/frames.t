#!/usr/bin/env python3
"""Rows 33 to 36 and 40: function, file and line of every frame, at every kind
of place where code can stand."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402


def blocks(py, row, *argv, **more):
    case = lib.Case(py, row, *argv, **more)
    case.same(" ".join(argv) + " runs as without rcprof")
    report = case.biggest("--at", "mark:end")
    lib.check_blocks(case, row, report)
    return case, report


def test_ordinary_code(py):
    blocks(py, 33, "frames.py")


def test_optimised_code(py):
    case = lib.Case(py, 33, "frames.py", flags=["-OO"])
    case.same("-OO runs as without rcprof")
    lib.check_blocks(case, 33, case.biggest("--at", "mark:end"))


def test_flow(py):
    blocks(py, 34, "flow.py")


def test_names(py):
    blocks(py, 35, "names.py")


def test_deep(py):
    blocks(py, 36, "deep.py", "frames")

    case, _ = blocks(py, 36, "deep.py", "limit")
    report = case.report("--at", "mark:end")
    each = report.leaf(case.program, case.line("each"))
    py.between(36, each.live_bytes, case.truth["bytes"],
               case.truth["bytes"] * 1.3 + 20000,
               "all blocks of a recursion to its limit")
    depths = sorted(len(s["py"]) for s in each.sites if s["live_bytes"])
    py.is_(36, depths, list(range(depths[0], depths[-1] + 1)),
           "one site at each depth")

    case, report = blocks(py, 36, "deep.py", "thread")
    for name in ("step", "back"):
        line = report.leaf(case.program, case.line(name))
        py.between(36, line.live_bytes, case.truth["bytes"] // 2,
                   case.truth["bytes"] // 2 + 2000,
                   "all blocks up to 20,000 deep, " + name)


def test_callbacks(py):
    blocks(py, 40, "callbacks.py")


lib.each("33-36,40", test_ordinary_code, test_optimised_code, test_flow,
         test_names, test_deep, test_callbacks)

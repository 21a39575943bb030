#!/usr/bin/env python3
"""Rows 41, 42 and 44: code that goes, code that is watched, modules that come
again."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402
import tap  # noqa: E402


def test_reused_addresses(py):
    case = lib.Case(py, 41, "reuse.py")
    case.same()
    truth = case.truth
    py.ok(41, truth["reused"], "addresses were reused")
    report = case.report("--at", "mark:end")
    byname = {}
    for site in report.sites:
        if site["py"]:
            byname.setdefault(site["py"][0], []).append(site)

    def right(key, size):
        live = sum(s["live_bytes"] for s in byname.get(key, []))
        return size <= live < size + 200
    wrong = [m for m in truth["made"]
             if not right((m[0], m[1], m[2]), m[3])]
    if not py.is_(41, len(wrong), 0, "4,000 functions of one address"):
        tap.diag(wrong[:3])
        tap.diag([byname.get(tuple(w[:3])) for w in wrong[:3]])
    wrong = [m for m in truth["lambdas"]
             if not right(("<lambda>", m[0], m[1]), m[2])]
    if not py.is_(41, len(wrong), 0, "1,000 lambdas of one address"):
        tap.diag(wrong[:3])
    known = set((m[0], m[1]) for m in truth["made"])
    strange = [k for k in byname if k[1].startswith("gen_")
               and k[0] != "<module>" and (k[0], k[1]) not in known]
    py.is_(41, strange[:3], [], "no name with another's file")


def watched(py, way, python=None):
    case = lib.Case(py, 42, "tracers.py", way, python=python)
    case.same("%s finds what it finds without rcprof" % way)
    report = case.biggest("--at", "mark:end")
    # tracemalloc's own books are blocks as well, wherever they grow.
    slack = 20000 if way == "tracemalloc" else 2048
    lib.check_blocks(case, 42, report, "hundred", slack=slack)
    line = report.leaf(case.program, case.line("hundred"))
    size = case.truth["hundred"]
    py.between(42, line.live_bytes, size, size + 2 * slack,
               "rcprof counts right beside %s" % way)


def test_tracers(py):
    for way in ("settrace", "setprofile", "both", "cprofile", "tracemalloc",
                "stopped"):
        watched(py, way)
    if py.version >= (3, 12):
        watched(py, "monitoring")
    python = lib.venv_python(py, "coverage")
    if python:
        watched(py, "coverage", python)
    else:
        py.skip(42, "coverage", "not there: tests/python/make-venvs")
    # From before the first line on.
    case = lib.Case(py, 42, "tracers.py", "cprofile",
                    env={"PYTHONTRACEMALLOC": "3"})
    case.same("PYTHONTRACEMALLOC=3")
    lib.check_blocks(case, 42, case.biggest("--at", "mark:end"), "hundred",
                     slack=20000)


def test_modules(py):
    case = lib.Case(py, 44, "modules.py",
                    os.path.join(lib.scratch(), "modules"))
    case.same("modules.py runs as without rcprof")
    lib.check_blocks(case, 44, case.biggest("--at", "mark:end"))


lib.each("41,42,44", test_reused_addresses, test_tracers, test_modules)

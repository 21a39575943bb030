#!/usr/bin/env python3
"""Rows 33, 34 and 37: stacks that differ from the one before in next to
nothing.  Each of the walk's short cuts has its counterexample here."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402


def test_alike(py):
    case = lib.Case(py, 34, "alike.py")
    case.same("alike.py runs as without rcprof")
    lib.check_blocks(case, 34, case.biggest("--at", "mark:end"))


lib.each("33,34,37", test_alike)

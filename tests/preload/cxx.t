#!/usr/bin/env python3
"""Row 12, and the C++ of rows 21 and 25: new and delete, containers,
exceptions, thread_local."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402


def test_cxx():
    if not os.path.exists(lib.program("prog_cxx")):
        lib.skip(12, "C++", "no C++ compiler")
        return
    pair = lib.Pair("prog_cxx")
    pair.same(12)
    lib.check_cases(pair)


lib.each(test_cxx)

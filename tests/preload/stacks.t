#!/usr/bin/env python3
"""Row 25: coroutines, jumps, deep recursion, small and alternate stacks.
(Exceptions: cxx.t; many threads: threads.t.)"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402


def test_stacks():
    pair = lib.Pair("prog_stacks")
    pair.same(25)
    lib.check_cases(pair)


lib.each(test_stacks)

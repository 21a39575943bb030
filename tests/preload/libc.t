#!/usr/bin/env python3
"""Rows 13 and 30: libc's own allocations, against a second preload that
counts; and nothing of ours reaches the program's allocator."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402


def test_libc():
    # As many variables as rcprof's user and rcprof set.
    pair = lib.Pair("prog_libc", beside=["libcounter.so"], bare_env={
        "RCPROF_MODE": "", "RCPROF_OUTPUT": "", "RCPROF_ROOT": ""})
    pair.same(13)
    lib.check_cases(pair)
    calls = [[s for s in run.stdout.splitlines() if s.startswith("calls")]
             for run in (pair.bare, pair.run)]
    lib.is_(30, calls[1], calls[0], "the program's allocator gets exactly "
            "the program's calls, from the start of the process")


lib.each(test_libc)

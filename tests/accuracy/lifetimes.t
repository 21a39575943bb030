#!/usr/bin/env python3
"""Row 60: what counts as temporary, for thresholds 0, 1 and more."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402


def temporary(n, distance, threshold):
    """Of N blocks, each freed after DISTANCE next allocations; the last
    ones, after 0 to DISTANCE - 1."""
    inner = n - distance if distance < threshold else 0
    return inner + min(threshold, distance)


def test_temporary(py):
    for threshold in (0, 1, 2, 3, 100):
        case = lib.Case(py, 60, "lifetimes.py",
                        env={"RCPROF_TEMPORARY": str(threshold)})
        case.same("threshold %d: as without rcprof" % threshold)
        n = case.truth["n"]
        line = case.line("queue")

        def count(mark):
            return case.own("--at", "mark:" + mark).leaf(
                case.program, line).temporary_blocks
        before = count("0")
        for distance in case.truth["distances"]:
            after = count("distance %d" % distance)
            want = 4 * temporary(n, distance, threshold)
            # ctypes makes a few short-lived blocks for the call itself.
            py.between(60, after - before, want,
                       want + (40 if threshold else 1),
                       "threshold %d, freed after %d next: %d" % (
                           threshold, distance, want))
            before = after


lib.each(60, test_temporary)

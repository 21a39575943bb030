#!/usr/bin/env python3
"""Rows 19, 20 and the threads of 25: exact sums from many threads, and from
threads that race for the same addresses."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402


def test_threads():
    pair = lib.Pair("prog_threads")
    pair.same(19)
    lib.check_cases(pair)
    few, many = (
        pair.run.report("--at", "mark:%s threads one after another" % n)
        .totals["profiler_bytes"] for n in ("1,000", "10,000"))
    lib.between(25, many, 1, few + (1 << 20),
                "10,000 short threads: our own memory as after 1,000 of them")


def test_addresses():
    """What counts against RLIMIT_AS."""
    for mode in "exact", "sample":
        pair = lib.Pair("prog_threads", "addresses",
                        env={"RCPROF_MODE": mode})
        pair.same(24, "%s: 100 threads at a time" % mode)
        bare, run = (int(r.truth()[0][1]) for r in (pair.bare, pair.run))
        lib.between(24, run - bare, 64 << 10, 1 << 20,
                    "%s: what a thread takes of the address space" % mode)


def test_storm():
    pair = lib.Pair("prog_storm")
    pair.same(20)
    lib.check_cases(pair)
    end = pair.run.report("--at", "mark:two threads storm mmap, two more "
                          "what malloc maps")
    sums = end.sum(module="prog_storm")
    lib.is_(20, (sums["live_bytes"], sums["live_blocks"]), (0, 0),
            "in the end nothing is live")
    lib.is_(20, end.totals["unmatched_frees"], 0, "no free was unmatched")


lib.each(test_threads, test_addresses, test_storm)

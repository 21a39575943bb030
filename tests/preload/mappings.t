#!/usr/bin/env python3
"""Rows 14 to 16: the program's own mappings, and the break."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

SEEDS = range(1, 9)


def test_mmap():
    pair = lib.Pair("prog_mmap")
    pair.same(14)
    lib.check_cases(pair)
    end = pair.run.report("--at", "mark:a length that is no whole number of "
                          "pages").sum(module="prog_mmap", kind="mmap")
    lib.is_(14, (end["live_bytes"], end["live_blocks"]), (0, 0),
            "in the end no mapping is live")


def test_mremap():
    pair = lib.Pair("prog_mremap")
    pair.same(15)
    lib.check_cases(pair)


def test_walk():
    for seed in SEEDS:
        pair = lib.Pair("prog_walk", seed)
        pair.same(15, "seed %d: runs as without rcprof" % seed)
        lines = [s.split("\t") for s in pair.run.stdout.splitlines()]
        want = {name: int(size) for name, size in lines}
        reports = {name: pair.run.report("--at", "mark:" + name)
                   for name in want}
        got = {name: r.sum(module="prog_walk", kind="mmap")["live_bytes"]
               for name, r in reports.items()}
        lib.is_(15, got, want, "seed %d: %d random calls, live bytes are "
                "those of a second book" % (seed, 250 * (len(want) - 1)))
        end = reports["end"]
        blocks = end.sum(module="prog_walk", kind="mmap")["live_blocks"]
        lib.is_(15, (blocks, end.adds_up()), (0, True),
                "seed %d: no block is left" % seed)


def test_brk():
    pair = lib.Pair("prog_brk")
    pair.same(16)
    report = pair.run.report()
    size = 48 << 20
    marks = {m["text"]: m["time_s"] for m in report.data["marks"]}
    grown = [p["rss_bytes"] for p in report.data["timeline"]
             if marks["grown"] <= p["time_s"] <= marks["shrunk"]]
    after = [p["rss_bytes"] for p in report.data["timeline"]
             if p["time_s"] > marks["shrunk"]]
    lib.between(16, max(grown or [0]), size, size + (32 << 20),
                "what sbrk gave is in the resident set")
    lib.between(16, min(after or [size]), 1, size - 1,
                "and no longer when it is given back")
    lib.between(16, report.totals["rss_peak_bytes"], size, size + (32 << 20),
                "the peak of the resident set has it")
    lib.between(16, report.totals["peak_bytes"], 0, 1 << 20,
                "it is not live memory")


lib.each(test_mmap, test_mremap, test_walk, test_brk)

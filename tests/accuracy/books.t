#!/usr/bin/env python3
"""Rows 55 to 57: live, peak and sites, to the byte, against a program that
keeps its own books."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

FLOWS = ("allocations", "allocated_bytes", "frees", "freed_bytes",
         "live_bytes", "live_blocks")


def test_books(py):
    case = lib.Case(py, 55, "books.py")
    case.same("books.py runs as without rcprof")
    storms = case.truth["storms"]

    def line(report, name):
        return report.leaf(case.program, case.line(name))

    def own(report, calls):
        """The storms alone: a call of them that did nothing subtracted."""
        storm, nothing = line(report, "storm"), line(report, "nothing")
        return {f: getattr(storm, f) - getattr(nothing, f) for f in FLOWS}

    def above(report, storm):
        """What the line has at the peak beside STORM's blocks: what ctypes
        makes for the call."""
        at = line(report, "storm")
        return (at.peak_bytes - storm["peak_bytes"],
                at.peak_blocks - storm["peak_blocks"])

    start = own(case.own("--at", "mark:start"), 1)
    for mark, count in (("clean", 2), ("held", 3)):
        report = case.own("--at", "mark:" + mark)
        got = own(report, count)
        for f in FLOWS:
            py.is_(55, got[f] - start[f],
                   sum(s[f] for s in storms[:count]),
                   "%s after %d storms" % (f, count))
        if mark == "clean":
            py.is_(55, got["live_bytes"] - start["live_bytes"], 0,
                   "live is 0 after freeing all")
            call = above(report, storms[0])

    report = case.report()
    py.is_(56, report.totals["peak_bytes"],
           sum(s["peak_bytes"] for s in report.sites),
           "the sites' parts sum to the peak")
    py.is_(56, report.totals["peak_blocks"],
           sum(s["peak_blocks"] for s in report.sites),
           "so do the blocks")
    py.ok(56, 0 <= call[0] < 1000 and 0 <= call[1] < 10,
          "at the peak a call has little of its own: %d bytes, %d blocks"
          % call)
    py.is_(56, above(report, storms[2]), call,
           "the highest moment of a storm, to the byte")


def peaks(py, shape):
    case = lib.Case(py, 56, "peaks.py", shape)
    case.same(shape + " runs as without rcprof")
    report = case.report()
    py.is_(56, report.totals["peak_bytes"],
           sum(s["peak_bytes"] for s in report.sites),
           shape + ": the sites' parts sum to the peak")

    def at(name, want, text=None, more=0):
        got = report.leaf(case.program, case.line(name))
        # An int or a tuple of the call may stand there as well.
        py.between(56, got.peak_bytes, want, want + 400 + more,
                   "%s: %s" % (shape, text or "@" + name))
    return case, report, at


def test_peaks(py):
    M = 1 << 20
    _, report, at = peaks(py, "several")
    at("first", 0)
    at("highest", 30 * M + 57)
    at("together", 5 * M + 33)
    at("third", 0)
    at("fourth", 0)
    high = report.totals["peak_bytes"]
    py.ok(56, 35 * M < high < 35 * M + 12 * M, "several: its height")
    py.ok(56, 0 < report.totals["peak_time_s"] <= report.data["duration_s"],
          "several: its time")

    _, _, at = peaks(py, "last")
    at("before", 10 * M + 33)
    at("freed-before", 0)
    at("at-last", 40 * M + 33)

    _, _, at = peaks(py, "climb")
    at("step", 2000 * 10033, more=2000 * 9)     # the list of them

    _, _, at = peaks(py, "saw")
    at("tooth", M + 99000 + 33)
    at("on-top", 2 * M + 33)
    at("between", 0)

    case, report, at = peaks(py, "recursion")
    at("level", 31 * (M + 33), "a block for each level")
    at("spike", 8 * M + 33, "one spike")
    spikes = [s for s in report.leaf(
        case.program, case.line("spike")).sites if s["peak_bytes"] > M]
    depth = [sum(f[0] == "recursion" for f in s["py"]) for s in spikes]
    py.is_(56, depth, [31], "recursion: the deepest one's")


def test_lines(py):
    case = lib.Case(py, 57, "lines.py")
    case.same("lines.py runs as without rcprof")
    report = case.report("--at", "mark:end")
    block = 5033

    def sites(name):
        """Bytes of each site of the line that keeps a block, sorted."""
        return sorted(s["live_bytes"] // block for s in report.leaf(
            case.program, case.line(name), kind="python").sites
            if s["live_bytes"] >= block)
    # Once from a line of its own, ten times from a comprehension's.
    py.is_(57, sites("same-line"), [2, 20], "two calls on one line: one site")
    py.is_(57, (sites("upper"), sites("lower")), ([1], [1]),
           "two lines: two sites")
    py.is_(57, sites("loop"), [100], "a loop: one site")
    py.is_(57, sites("shared"), [1, 1, 2],
           "one line from three callers: three sites")
    stacks = [(s["py"], s["kind"], tuple(
        (f["function"], f["file"], f["line"], f["module"])
        for f in s["stack"]))
        for s in report.sites]
    py.is_(57, len(stacks), len(set(stacks)), "no two sites alike")


lib.each("55-57", test_books, test_peaks, test_lines)

#!/usr/bin/env python3
"""Row 24: SIGKILL at a random moment, 50 times.  Each file opens, adds up, and
ends within one interval of the kill."""
import os
import random
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

TIMES, AT_A_TIME = 50, 5
INTERVAL = 0.2
# For a machine that others use too: the kernel wakes nobody to the tick.
SLACK = 0.15
SLOT = 0.005


def book(path):
    with open(path, "rb") as f:
        data = f.read()
    return struct.unpack("<%dQ" % (len(data) // 8), data)


def start(seed):
    path = os.path.join(lib.scratch(), "book-%d" % seed)
    run = lib.Run("prog_busy", [path], start=False,
                  env={"RCPROF_INTERVAL": "%dms" % (INTERVAL * 1000)})
    run.book, run.seed = path, seed
    run.process_of = run.start()
    return run


def kill(run):
    # The clock is CLOCK_MONOTONIC in both.
    run.killed = time.clock_gettime(time.CLOCK_MONOTONIC)
    run.process_of.kill()
    run.finish(run.process_of)


def look(run):
    """What is wrong with the file, or None."""
    times = book(run.book)
    if not times[0]:
        return "it was killed before main"
    first = times[0] / 1e9
    report = run.report()
    last = report.data["end"]["last_snapshot_s"]
    # The profile's clock starts at most a moment before main.
    late = (run.killed - first) - last
    if late > INTERVAL + SLACK:
        return "last snapshot %.3f s before the kill" % late
    if not report.adds_up():
        return "sites do not make the totals"
    if report.data["end"]["reason"] not in ("cut", "signal"):
        return "it calls the end %s" % report.data["end"]["reason"]
    seen = report.sum(module="prog_busy")["allocations"]
    slot = int(last / SLOT)
    low = times[max(1, slot - 30)] if slot > 30 else 0
    high = times[min(len(times) - 1, slot + 30)] or 1 << 60
    if not low <= seen <= high:
        return "%d allocations at %.3f s; the program had %d to %d" % (
            seen, last, low, high)
    return None


def test_kill():
    rng = random.Random(4711)
    worst = 0
    for first in range(0, TIMES, AT_A_TIME):
        runs = [start(seed) for seed in range(first, first + AT_A_TIME)]
        begun = time.monotonic()
        for run, moment in zip(runs, sorted(
                rng.uniform(0.3, 1.5) for _ in runs)):
            time.sleep(max(0, begun + moment - time.monotonic()))
            kill(run)
        for run in runs:
            fault = look(run)
            if not lib.ok(24, not fault, "SIGKILL, %d" % (run.seed + 1)):
                lib.tap.diag(fault)
            worst = max(worst, run.status != -9)
    lib.is_(24, worst, 0, "all died of it")


lib.each(test_kill)

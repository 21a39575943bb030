#!/usr/bin/env python3
"""Row 24: SIGKILL at a random moment, 50 times.  Each file opens, adds up, and
ends within one interval of the kill."""
import os
import random
import re
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

TIMES, AT_A_TIME = 50, 5
INTERVAL = 0.2
# For a machine that others use too: the kernel wakes nobody to the tick.
SLACK = 0.15
SLOT = 0.005
# One that was late is killed again, this often: what had no CPU when it was
# due has it another time.
AGAIN = 4
LATE = "last snapshot %.3f s before the kill"


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


def begun(path):
    """When the profile's clock started, in seconds."""
    dump = subprocess.run([lib.tap.RCPROF, "dump", path],
                          stdout=subprocess.PIPE).stdout
    return int(re.search(rb"start_mono=(\d+)", dump).group(1)) / 1e9


def look(run):
    """What is wrong with the file, or None."""
    times = book(run.book)
    report = run.report()
    last = report.data["end"]["last_snapshot_s"] + begun(run.file())
    if run.killed - last > INTERVAL + SLACK:
        return LATE % (run.killed - last)
    last -= times[0] / 1e9
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


def attempt(rng, seeds):
    """{seed: what was wrong} of runs side by side."""
    runs = [start(seed) for seed in seeds]
    for run in runs:
        while not (os.path.exists(run.book) and book(run.book)[:1] > (0,)):
            time.sleep(0.01)
    main = time.monotonic()
    for run, moment in zip(runs, sorted(
            rng.uniform(0.3, 1.5) for _ in runs)):
        time.sleep(max(0, main + moment - time.monotonic()))
        kill(run)
    for run in runs:
        if run.status != -9:
            raise lib.Broken("its status is %r: %s" % (
                run.status, run.stderr))
    return {run.seed: look(run) for run in runs}


def test_kill():
    rng = random.Random(4711)
    for first in range(0, TIMES, AT_A_TIME):
        faults = attempt(rng, range(first, first + AT_A_TIME))
        for _ in range(AGAIN):
            late = [s for s, fault in faults.items()
                    if fault and fault.startswith(LATE[:14])]
            faults.update(attempt(rng, late))
        for seed, fault in faults.items():
            if not lib.ok(24, not fault, "SIGKILL, %d" % (seed + 1)):
                lib.tap.diag(fault)


lib.each(test_kill)

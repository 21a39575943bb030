#!/usr/bin/env python3
"""python_walk.t - every interpreter: the frames, names and lines that
src/python reads are those that the interpreter itself tells."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
import tap

HERE = os.path.join(tap.SRC, "tests/unit")
PROBE = os.path.join(tap.BUILD, "tests/unit/python_probe.so")
CASES = 22


def describe(version, name):
    """'[row 33] plain' -> '[row 33] [3.12.1] plain'"""
    if name.startswith("[row"):
        row, rest = name.split("] ", 1)
        return "%s] [%s] %s" % (row, version, rest)
    return "[%s] %s" % (version, name)


for python, version in tap.pythons():
    run = subprocess.run([python, "-B", os.path.join(HERE, "python_cases.py"),
                          PROBE], stdout=subprocess.PIPE, timeout=300)
    seen = 0
    for line in run.stdout.decode().splitlines():
        kind, name = line.split(" ", 1)
        if kind == "skip":
            name, why = name.split(": ", 1)
            tap.skip(describe(version, name), why)
        else:
            good = kind == "ok"
            tap.ok(good, describe(version, name if good else name[4:]))
        seen += 1
    tap.is_((run.returncode, seen), (0, CASES),
            "[%s] all cases ran to the end" % version)
tap.done()

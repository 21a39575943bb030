#!/usr/bin/env python3
"""The README's example: its report names the function, file and line that
hold the memory, with the bytes that they hold."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402
import tap  # noqa: E402

PROGRAM = os.path.join(tap.SRC, "examples/footprint.py")
RECORDS, REQUESTS = 200000, 4
TEXT = 8 + 1 + 64               # a line of the report that the example builds


def line(text):
    with open(PROGRAM) as f:
        lines = [n for n, s in enumerate(f, 1) if text in s]
    if len(lines) != 1:
        raise lib.Broken("%r stands %d times in the example" % (
            text, len(lines)))
    return lines[0]


def test_example(py):
    header = int(subprocess.run(
        [py.path, "-c", "import sys; print(sys.getsizeof(''))"],
        stdout=subprocess.PIPE, check=True).stdout) - 1
    case = lib.Case(py, 33, None, argv=[py.path, PROGRAM])
    case.same("the example runs as without rcprof")
    report = case.report()
    history = report.leaf(PROGRAM, line("HISTORY.append("), "remember")
    want = REQUESTS * ((4 << 20) + header + 1)
    py.between(33, history.live_bytes, want, want + 500,
               "what it leaks: remember, footprint.py, line, bytes")
    py.is_(33, [s["own"] for s in history.sites if s["live_bytes"]], [0],
           "its own line is the leaf")
    joined = report.leaf(PROGRAM, line('"\\n".join('), "build_report")
    size = RECORDS * (TEXT + 1) - 1 + header + 1
    py.between(33, joined.allocated_bytes, REQUESTS * size,
               REQUESTS * size + 500, "what it builds: allocated")
    py.is_(33, joined.live_bytes, 0, "what it builds: thrown away")
    # At the peak: one report's text, its lines, and the list of them.
    py.between(33, joined.peak_bytes, size, size + 500,
               "what it builds: one at the peak")
    lines = report.leaf(PROGRAM, line("lines.append("), "build_report")
    parts = RECORDS * (TEXT + header + 1)
    py.between(33, lines.peak_bytes, parts + 8 * RECORDS,
               parts + 8 * RECORDS * 1.2, "its lines at the peak")
    text = subprocess.run([tap.RCPROF, "report", case.file()],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    if not py.ok(33, "footprint.py:%d" % line("lines.append(") in text,
                 "the first page names the peak's line"):
        tap.diag(text)


lib.each(33, test_example)

#!/usr/bin/env python3
"""Row 58: the same script, line by line, by rcprof, tracemalloc and memray.

LINES names the lines of programs/compared.py and the types on them.  None of
these types has a free list (but complex, from 3.15 on): where one has, tracemalloc
moves the block to the line of each new life, and an allocation it is not.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402
import tap  # noqa: E402

LINES = (
    # (name, types, blocks that stay)
    ("bytes", "bytes", 0),
    ("bytes-small", "bytes of pymalloc's sizes", 300),
    ("bytearray", "bytearray and its buffer", 600),
    ("str", "str, compact ASCII", 300),
    ("str-wide", "str, two bytes a character", 300),
    ("int", "int of many digits", 300),
    ("complex", "complex", 300),
    ("set", "set", 300),
    ("set-grown", "a set's table", 300),
    ("frozenset", "frozenset and its table", 600),
    ("slots", "instances with __slots__", 300),
    ("subclass", "instances of a subclass of bytes", 300),
    ("array", "array.array and its buffer", 600),
    ("array-grown", "an array's buffer after realloc", 300),
    ("object", "object", 300),
    ("BytesIO", "io.BytesIO", 300),
    ("BytesIO-grown", "a BytesIO's buffer", 300),
    ("deque", "collections.deque and its block", 600),
    ("memoryview", "memoryview and its managed buffer", 600),
    ("realloc", "a bytearray's buffer that grew 2,000 times", 1),
)
MEMRAY = """
import json, sys
import memray
lines = {}
size_of = {}
with memray.FileReader(sys.argv[1]) as reader:
    for record in reader.get_allocation_records():
        if record.allocator in (memray.AllocatorType.FREE,
                                memray.AllocatorType.MUNMAP,
                                memray.AllocatorType.PYMALLOC_FREE):
            continue
        stack = record.stack_trace(1)
        if stack and stack[0][1].endswith("compared.py"):
            line = lines.setdefault(stack[0][2], [0, 0])
            line[0] += record.size * record.n_allocations
            line[1] += record.n_allocations
print(json.dumps(lines))
"""


def test_tracemalloc(py):
    theirs = lib.Run([py.path, os.path.join(lib.PROGRAMS, "compared.py"),
                      "trace"], {}, None, profile=False)
    lines = theirs.told()["lines"]
    case = lib.Case(py, 58, "compared.py")
    case.same("compared.py runs as without rcprof")
    report = case.own("--at", "mark:end")
    for name, types, _ in LINES:
        number = case.line(name)
        ours = report.leaf(case.program, number, kind="python")
        py.is_(58, [ours.live_bytes, ours.live_blocks],
               lines.get(number, [0, 0]),
               "as tracemalloc: @%s, %s" % (name, types))


def test_memray(py):
    python = lib.venv_python(py, "memray")
    if python is None:
        py.skip(58, "memray", "memray is not there: tests/python/make-venvs")
        return
    capture = os.path.join(lib.scratch(), "memray-" + py.name)
    program = os.path.join(lib.PROGRAMS, "compared.py")
    run = lib.Run([python, "-m", "memray", "run", "--quiet",
                   "--trace-python-allocators", "-o", capture, program],
                  {}, None, profile=False)
    if run.status:
        py.ok(58, False, "memray runs")
        tap.diag(run.stderr)
        return
    read = subprocess.run([python, "-c", MEMRAY, capture], check=True,
                          stdout=subprocess.PIPE).stdout
    lines = json.loads(read.decode())
    case = lib.Case(py, 58, "compared.py", "profiled", python=python)
    report = case.own("--at", "mark:end")
    for name, types, _ in LINES:
        if name == "complex" and py.version >= (3, 15):
            continue
        number = lib.line_of(program, name)
        ours = report.leaf(program, number)
        py.is_(58, [ours.allocated_bytes, ours.allocations],
               lines.get(str(number), [0, 0]),
               "as memray: @%s, %s" % (name, types))


lib.each(58, test_tracemalloc, test_memray)

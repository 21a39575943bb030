#!/usr/bin/env python3
"""Row 48: where the program's text can not be written to, deaths are known by
PyRefTracer from 3.13.3 on, else when memory is freed; the coverage says which.

A filter of system calls refuses to write where code is.  Births before 3.13
need such a write, too, so that those are not known here.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

MADE, KEPT = 400, 30
# Refuses pwrite64() at 4 MiB and beyond, where no profile of ours gets to.
WRAP = """
import ctypes, os, struct, sys
code = struct.pack("HBBI" * 7,
    0x20, 0, 0, 0,
    0x15, 0, 4, 18,
    0x20, 0, 0, 44,
    0x15, 0, 3, 0,
    0x20, 0, 0, 40,
    0x35, 1, 0, 0x400000,
    0x06, 0, 0, 0x7fff0000)
code += struct.pack("HBBI", 0x06, 0, 0, 0x00050001)
kept = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", 8, ctypes.addressof(kept))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
if libc.prctl(22, 2, program, 0, 0):
    sys.exit(77)
os.environ["LD_PRELOAD"] = sys.argv[1]
os.execv(sys.executable, [sys.executable] + sys.argv[2:])
"""
PROGRAM = """
import sys
kind = type(sys.argv[1], (), {})
kept = []
for i in range(%d):
    x = kind()
    if i < %d:
        kept.append(x)
del x
print("kept", len(kept))
""" % (MADE, KEPT)


def run(py, name, mode, where):
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("RCPROF_", "LD_"))}
    env.update(RCPROF_OBJECTS="on", RCPROF_MODE=mode, RCPROF_RATE="16",
               RCPROF_OUTPUT=os.path.join(where, "x.rcprof"))
    out = subprocess.run(
        [py.path, "-S", "-c", WRAP, lib.tap.PRELOAD, "-c", PROGRAM, name],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    py.is_(48, (out.returncode, out.stdout, out.stderr),
           (0, b"kept %d\n" % KEPT, b""), "%s: the program runs" % mode)
    text = subprocess.run(
        [lib.tap.RCPROF, "report", "--json",
         os.path.join(where, "x.rcprof")], stdout=subprocess.PIPE).stdout
    return json.loads(text.decode())


def test(py):
    name = "".join(random.choice("bdgklmprt") + random.choice("aeiou")
                   for _ in range(4)).capitalize()
    for mode in ("exact", "sample"):
        with tempfile.TemporaryDirectory() as where:
            data = run(py, name, mode, where)
        seen = data["python"]["coverage"]["deaths"]["seen"]
        seen = ", ".join(seen)
        traced = py.version >= (3, 13)
        py.ok(48, "can not be written to" in seen and
              ("PyRefTracer" in seen.split("since")[0]) ==
              (py.version >= (3, 13)), "%s: coverage: %s" % (mode, seen))
        py.is_(48, "all 10 kinds tested" in seen, traced,
               "%s: the self-test tells so" % mode)
        types = {t["type"]: t for t in data["types"]}
        got = types.get("__main__." + name)
        if mode == "exact" and py.version < (3, 13):
            py.is_(48, got, None, "exact: no birth, so no life")
            continue
        py.is_(48, (got["born"], got["died_refcount"], got["alive"]),
               (MADE, MADE - KEPT, KEPT),
               "%s: what died is known all the same" % mode) \
            if mode == "exact" else py.ok(
                48, abs(got["died_refcount"] - MADE + KEPT) <=
                5 * got["std_error"]["died_refcount"] + 40,
                "sample: what died is known all the same: %d" %
                got["died_refcount"])


lib.each("48", test)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--signal: a snapshot when the signal comes, and never over a handler."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
import tap

BUILD = os.environ["RCPROF_BUILD"]
ASKING = """
import os, signal, time
%s
keep = bytearray(1234567)
os.kill(os.getpid(), signal.SIGUSR2)
time.sleep(0.5)
"""


def run(prelude):
    """Status, and the reasons of the profile's snapshots."""
    with tempfile.TemporaryDirectory(prefix="rcprof-asked-") as scratch:
        path = os.path.join(scratch, "asked.rcprof")
        env = dict(os.environ, RCPROF_SIGNAL="USR2", RCPROF_OUTPUT=path,
                   RCPROF_INTERVAL="1h", RCPROF_RSS_INTERVAL="0",
                   LD_PRELOAD=os.path.join(BUILD, "librcprof.so"))
        done = subprocess.run([sys.executable, "-c", ASKING % prelude],
                              env=env, stdout=subprocess.PIPE)
        dump = subprocess.run([os.path.join(BUILD, "rcprof"), "dump", path],
                              stdout=subprocess.PIPE, check=True)
        reasons = [line.rsplit("reason=", 1)[1]
                   for line in dump.stdout.decode().splitlines()
                   if " SNAP_BEGIN " in line]
        return done.returncode, done.stdout, reasons


status, out, reasons = run("")
tap.is_(status, 0, "the signal does not end the program")
tap.is_(reasons.count("request"), 1, "it writes one snapshot")
status, out, reasons = run(
    "signal.signal(signal.SIGUSR2, lambda *a: print('theirs', flush=True))")
tap.is_((status, out), (0, b"theirs\n"), "the program's handler is its own")
tap.is_(reasons.count("request"), 0, "and then nothing is written for it")
tap.done()

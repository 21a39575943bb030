#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--signal: a snapshot when the signal comes, and never over a handler."""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
import tap

BUILD = os.environ["RCPROF_BUILD"]
ASKING = """
import os, signal, sys
%s
os.kill(os.getpid(), signal.SIGUSR2)
sys.stdin.read()
"""


def requests(path):
    """How many snapshots were asked for."""
    dump = subprocess.run([os.path.join(BUILD, "rcprof"), "dump", path],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return dump.stdout.count(b" reason=request")


def run(prelude, seconds):
    """Status, output, and the requests in the profile; there were SECONDS to
    write one."""
    with tempfile.TemporaryDirectory(prefix="rcprof-asked-") as scratch:
        path = os.path.join(scratch, "asked.rcprof")
        env = dict(os.environ, RCPROF_SIGNAL="USR2", RCPROF_OUTPUT=path,
                   RCPROF_INTERVAL="1h", RCPROF_RSS_INTERVAL="0",
                   LD_PRELOAD=os.path.join(BUILD, "librcprof.so"))
        child = subprocess.Popen([sys.executable, "-c", ASKING % prelude],
                                 env=env, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        end = time.monotonic() + seconds
        while time.monotonic() < end and not requests(path):
            time.sleep(0.02)
        out = child.communicate()[0]
        return child.returncode, out, requests(path)


status, out, count = run("", 60)
tap.is_(status, 0, "the signal does not end the program")
tap.is_(count, 1, "it writes one snapshot")
status, out, count = run(
    "signal.signal(signal.SIGUSR2, lambda *a: print('theirs', flush=True))",
    0.5)
tap.is_((status, out), (0, b"theirs\n"), "the program's handler is its own")
tap.is_(count, 0, "and then nothing is written for it")
tap.done()

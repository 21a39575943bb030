#!/usr/bin/env python3
"""Stacks of native and Python frames are merged by what was kept of earlier
ones; merged with nothing kept they are the same, in each event."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
import tap  # noqa: E402

PROGRAMS = os.path.join(os.environ["RCPROF_SRC"], "tests/python/programs")
PRELOAD = os.path.join(os.environ["RCPROF_BUILD"], "tests/python/remerge.so")
WANT = re.compile(r"^remerge: (\d+) compared, (\d+) merged, (\d+) different$",
                  re.M)


def run(python, program, work, *flags):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("PYTHON", "RCPROF_"))}
    env.update(LD_PRELOAD=PRELOAD, RCPROF_MODE="exact", RCPROF_NATIVE="on",
               RCPROF_OBJECTS="off", RCPROF_QUIET="1",
               RCPROF_OUTPUT=os.path.join(work, "it.rcprof"),
               RCPROF_FOLLOW="none", PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(
        [python, "-S"] + list(flags) + [os.path.join(PROGRAMS, program)],
        env=env, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    text = done.stderr.decode("utf-8", "replace")
    found = [tuple(int(n) for n in m) for m in WANT.findall(text)]
    if done.returncode or not found:
        tap.diag("status %d: %s" % (done.returncode, text[-800:]))
        return None
    return found[-1]


def check(python, version, work, program, least, *flags):
    title = "[row 40] [%s] %s" % (version, " ".join(flags + (program,)))
    got = run(python, program, work, *flags)
    if got is None:
        tap.ok(False, title)
        return
    compared, merged, different = got
    tap.is_(different, 0, "%s: each stack is what it is from scratch" % title)
    if not tap.ok(compared > 0 and merged >= compared * least,
                  "%s: most have been merged" % title):
        tap.diag("%d of %d" % (merged, compared))


with open(os.path.join(os.environ["RCPROF_BUILD"], "Makefile")) as makefile:
    if re.search(r"^PRELOAD_MODE_CFLAGS = .*-flto", makefile.read(), re.M):
        tap.skip_all("with -flto there is no call to put a function around")
with tempfile.TemporaryDirectory(prefix="rcprof-test.") as folder:
    for path, name in tap.pythons():
        check(path, name, folder, "turns.py", 0.5)
        if name.startswith(("3.11.2", "3.12")):
            check(path, name, folder, "alike.py", 0.5)
            check(path, name, folder, "flow.py", 0.5)
        if name.startswith("3.12"):
            check(path, name, folder, "turns.py", 0.5, "-X", "perf")
tap.done()

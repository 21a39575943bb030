#!/usr/bin/env python3
"""Rows 31 to 40 and 48 to 54: the system's interpreter as a shared library, with
the optimisations of its distribution, through a program of three lines.  This
is how the images of Docker have it, and other code than the system's python3,
which has all in itself.

The other tests run on it as they are.  The function that births are heard of
through has gone into another one there.
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LINE = re.compile(r"(not )?ok \d+ - (.*?)(?: # SKIP (.*))?$")


def relay(name, version):
    """The results of NAME under this version's name."""
    done = subprocess.run([sys.executable, os.path.join(HERE, name)],
                          stdout=subprocess.PIPE)
    lines = done.stdout.decode(errors="replace").splitlines()
    failed = False
    for line in lines:
        match = LINE.match(line)
        if match:
            text = match.group(2).replace(
                "[%s]" % version, "[%s-shared]" % version)
            failed = bool(match.group(1))
            if match.group(3):
                lib.tap.skip(text, match.group(3))
            else:
                lib.tap.ok(not failed, text)
        elif failed:
            lib.tap.diag(line.lstrip("# "))
    lib.tap.ok(done.returncode == 0 and lines and lines[-1].startswith("1.."),
               "%s came to its end" % name)


def main():
    system = [p for p in lib.tap.pythons() if p[0].startswith("/usr/")]
    with tempfile.TemporaryDirectory() as folder:
        path = system and lib.tap.shared_python(system[0][0], folder)
        if not path:
            lib.tap.skip_all("no shared library beside a static interpreter")
        os.environ["RCPROF_PYTHONS"] = path
        for name in ("domains.t", "frames.t", "threads.t", "objects.t"):
            relay(name, system[0][1])
    lib.tap.done()


main()

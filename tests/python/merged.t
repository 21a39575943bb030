#!/usr/bin/env python3
"""Frames of Python and of C in one stack, in the order of the calls: as
sys._getframe and the extension module that was called have it."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
import tap  # noqa: E402

PROGRAMS = os.path.join(os.environ["RCPROF_SRC"], "tests/python/programs")
CC = os.environ.get("CC", "gcc").split()
ENV = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
ENV.update(RCPROF_SYMBOL_CACHE="", RCPROF_NATIVE="on",
           PYTHONDONTWRITEBYTECODE="1")
work = tempfile.mkdtemp(prefix="rcprof-test.")
os.chdir(work)


def build(python, directory):
    """The extension module; False where there are no headers."""
    include = subprocess.run(
        [python, "-c", "import sysconfig; "
         "print(sysconfig.get_path('include'))"],
        stdout=subprocess.PIPE, env=ENV).stdout.decode().strip()
    if not os.path.exists(os.path.join(include, "Python.h")):
        return False
    os.mkdir(directory)
    subprocess.run(CC + [
        "-I" + include, "-g", "-O1", "-fno-inline", "-pthread",
        "-fno-optimize-sibling-calls", "-shared", "-fPIC",
        os.path.join(PROGRAMS, "merged.c"), "-o", directory + "/cmerged.so"],
        check=True)
    return True


def short(frame):
    """As merged.py writes it; None for what is neither its own C nor
    Python."""
    if frame["kind"] == "python":
        return [frame["function"], frame["file"], frame["line"]]
    if (frame["module"] or "").endswith("/cmerged.so"):
        return frame["function"]
    return None


def recorded(*flags):
    """{size: stack} of the blocks that merged.c has taken."""
    report = json.loads(subprocess.run(
        [tap.RCPROF, "report", "--json", "--include", "/cmerged[.]so$",
         "it.rcprof"] + list(flags),
        stdout=subprocess.PIPE, check=True, env=ENV).stdout)
    found = {}
    for site in report["sites"]:
        stack = [s for s in map(short, site["stack"]) if s]
        if stack and site["allocations"] == 1 and \
                site["allocated_bytes"] >= 300000 and \
                stack[0] in ("take", "main"):
            found[site["allocated_bytes"]] = stack
    return found


for python, version in tap.pythons():
    name = "[%s] " % version
    if not build(python, version):
        tap.skip(name + "merged stacks", "no Python.h")
        continue
    done = subprocess.run(
        [tap.RCPROF, "run", "-q", "-f", "-e", "-o", "it.rcprof", "--",
         python, os.path.join(PROGRAMS, "merged.py"), "truth.json"],
        env=dict(ENV, PYTHONPATH=os.path.abspath(version)))
    if not tap.is_(done.returncode, 0, name + "the program ends well"):
        continue
    with open("truth.json") as f:
        truth = {int(size): stack for size, stack in json.load(f).items()}
    got = recorded("--native")
    if not got:
        tap.skip(name + "merged stacks",
                 "this build records no native frames beside Python's")
        continue
    for flags in ([], ["--native"]):
        got = recorded(*flags)
        wrong = [size for size in truth if got.get(size) != truth[size]]
        if not tap.is_(len(wrong), 0, "%s%d stacks are those of "
                       "sys._getframe and the module%s" %
                       (name, len(truth), ", --native" if flags else "")):
            for size in wrong[:2]:
                for who, stack in ((" got", got.get(size, [])),
                                   ("want", truth[size])):
                    tap.diag("%d %s" % (size, who))
                    for frame in stack[:30]:
                        tap.diag("    %s" % (frame,))
    shutil.rmtree(version)
os.chdir("/")
shutil.rmtree(work)
tap.done()

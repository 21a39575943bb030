"""native.py - programs that a test compiles, the return addresses of their
calls, and profiles that have them.  Python 3.8."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
from profile import MALLOC, Profile  # noqa: E402

SOURCES = os.path.join(views.HERE, "native")
LATER = 4000000000          # after each of these files was made


def tool(name):
    """Its path, or None."""
    return shutil.which(name)


def output(*args, **kwargs):
    return subprocess.run(args, stdout=subprocess.PIPE, check=True,
                          **kwargs).stdout.decode("utf-8", "replace")


def make(compiler, source, program, *flags):
    """The absolute path of the program, at fixed addresses."""
    subprocess.run(compiler.split() + list(flags) + [
        os.path.join(SOURCES, source), "-o", program], check=True)
    return os.path.abspath(program)


def calls(program, to=None):
    """Return addresses of the calls in a program, or of those to a
    function."""
    found, after = [], False
    for line in output("objdump", "-d", "--no-show-raw-insn",
                       program).splitlines():
        match = re.match(r"\s*([0-9a-f]+):\s+(\S.*)", line)
        if after and match:
            found.append(int(match.group(1), 16))
        after = bool(match and match.group(2).startswith("call") and (
            to is None or "<%s>" % to in match.group(2)))
    return found


def build_id(program):
    match = re.search(r"Build ID: ([0-9a-f]+)",
                      output("readelf", "-n", program))
    return bytes.fromhex(match.group(1))


def profile(name, stacks, build_ids=None, **info):
    """A profile with a site for each stack (of frames as profile.py has
    them, leaf first): the n-th with n blocks."""
    p = Profile(name, pid=1, start=LATER, **info)
    p.build_ids = build_ids or {}
    cells = {}
    for n, stack in enumerate(stacks, 1):
        site = p.site(stack, MALLOC)
        cells[site] = dict(allocs=n, alloc_bytes=16 * n)
    p.snapshot(1.0, cells)
    p.end(2.0)
    return name


def frames(stack, *keys):
    return [tuple(f[k] for k in keys) if len(keys) > 1 else f[keys[0]]
            for f in stack]


def stacks(name, *flags, **env):
    """{blocks: stack} of a profile, each frame as in the JSON."""
    report = json.loads(views.good("report", "--json", name, *flags, **env))
    return {s["allocations"]: s["stack"] for s in report["sites"]}


def line_of(source, text):
    """The number of the one line that holds the text."""
    with open(os.path.join(SOURCES, source)) as f:
        found, = [n for n, line in enumerate(f, 1) if text in line]
    return found

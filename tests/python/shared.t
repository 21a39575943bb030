#!/usr/bin/env python3
"""Rows 31, 33, 37, 48, 50: the system's interpreter as a shared library, with
the optimisations of its distribution, through a program of three lines.  This
is how the images of Docker have it, and other code than the system's python3,
which has all in itself.

The other tests run on it as they are; objects have a test of their own, since
the functions that births are heard of through can be gone into others there.
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


def test_objects(py):
    py.name += "-shared"
    case = lib.Case(py, "48,50", "objects.py", "2000",
                    env={"RCPROF_OBJECTS": "on"})
    case.same()
    data = case.report().data
    deaths = data["python"]["coverage"]["deaths"]
    types = {t["type"]: t for t in data["types"]}
    wrong = [name for name, t in types.items() if t["born"] != t["alive"] + t[
        "died_refcount"] + t["died_collector"] + t["died_unseen"]
        or min(t["alive"], t["died_refcount"]) < 0]
    py.is_(48, wrong, [], "what was born has died or is alive")
    # Births that are not heard of are known when the object dies.
    kept = 0 if "births are not known" in str(deaths["seen"]) else \
        case.truth["kept"]
    dead = case.truth["made"] - case.truth["kept"]
    for name in ("__main__.Plane", "__main__.Slotted", "ValueError"):
        t = types.get(name, {})
        py.is_(48, (t.get("died_refcount"), t.get("alive")), (dead, kept),
               "%s: each death" % name)
    ring = types.get("__main__.Ring", {})
    py.is_(50, (ring.get("died_refcount"), ring.get("died_collector")),
           (0, 280), "cycles die by the collector")
    py.is_(48, deaths["unseen"], [], "its own test misses no kind of death")


def main():
    # Under RCPROF_PYTHONS it may be the only one; or not be asked for.
    system = [p for p in lib.tap.pythons() if p[0].startswith("/usr/")]
    with tempfile.TemporaryDirectory() as folder:
        path = system and lib.tap.shared_python(system[0][0], folder)
        if not path:
            lib.tap.skip_all("no shared library beside a static interpreter")
        os.environ["RCPROF_PYTHONS"] = path
        for name in ("domains.t", "frames.t", "threads.t"):
            relay(name, system[0][1])
        lib.each("48,50", test_objects)


main()

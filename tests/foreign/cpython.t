#!/usr/bin/env python3
"""CPython's own tests, bare and under rcprof, must come out the same.

The quick part, on the system's interpreter and on one plain build, takes two
minutes.  `make check-foreign` (RCPROF_FOREIGN=all) runs the long list there, in
exact and in sample mode, and the quick one on every other interpreter that has
the test package.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
import tap  # noqa: E402

QUICK = ["test_gc", "test_weakref", "test_json", "test_generators",
         "test_fork1"]


def has_tests(python):
    return subprocess.run([python, "-c", "import test.test_gc"],
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def choose(everything, folder):
    """[(python, version, mode, suites)]: a distribution's own build, PGO and
    LTO, then 3.12, the last that is hooked the old way, or what is nearest."""
    found = [(path, version) for path, version in tap.pythons()]
    system = [p for p in found if p[0].startswith("/usr/")]
    others = [p for p in found if p not in system]
    others.sort(key=lambda p: not p[1].startswith("3.12."))
    main = system[:1] + [p for p in others if has_tests(p[0])][:1]
    if not everything:
        return [(path, version, "exact", QUICK) for path, version in main]
    plan = [(path, version, mode, ["long"]) for path, version in main
            for mode in ("exact", "sample")]
    plan += [(path, version, "exact", QUICK) for path, version in found
             if (path, version) not in main]
    for path, version in system[:1]:
        shared = tap.shared_python(path, folder)
        if shared:
            plan.append((shared, version + " shared", "exact", QUICK))
    return plan


def compare(path, version, mode, suites):
    what = "[%s] CPython's %s, %s" % (version, " ".join(suites), mode)
    if not has_tests(path):
        tap.skip(what, "no package `test` for " + path)
        return
    done = subprocess.run(
        [sys.executable, os.path.join(tap.SRC, "scripts/run-under-preload"),
         "--preload", tap.PRELOAD, "--python", path, "--mode", mode] + suites,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    tap.ok(done.returncode == 0, what)
    tap.diag(done.stdout.decode(errors="replace"))


def main():
    if not os.path.exists(tap.PRELOAD):
        tap.ok(False, "librcprof.so is built")
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        for plan in choose(os.environ.get("RCPROF_FOREIGN") == "all",
                           folder):
            compare(*plan)
    tap.done()


main()

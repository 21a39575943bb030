#!/usr/bin/env python3
"""The comparison itself: a preload that does nothing shows no difference,
one that breaks something is caught, one that breaks it now and then is told
from a test that is unsteady anyway."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/foreign"))
import tap  # noqa: E402
import outcomes  # noqa: E402

SCRIPT = os.path.join(tap.SRC, "scripts/run-under-preload")

SUITE = """
import os, time, unittest

class Sample(unittest.TestCase):
    def test_fork(self):
        '''A docstring stands between the name and the outcome.'''
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    def test_prints(self):
        print("something", flush=True)

    @unittest.skip("it says why")
    def test_skipped(self):
        pass

    def test_alternates(self):
        '''Passes every other time, whoever runs it.'''
        if not os.environ.get("COUNTER"):
            return
        path = os.environ["COUNTER"] + (
            ".p" if os.environ.get("LD_PRELOAD") else ".b")
        with open(path, "a") as f:
            f.write("x")
        # The two sides start with opposite outcomes.
        odd = os.path.getsize(path) % 2 == 1
        self.assertEqual(odd, "LD_PRELOAD" in os.environ)
"""

PRELOADS = {
    "nothing": "int rcp_test_of_the_machinery;",
    "fork": "#include <errno.h>\n#include <unistd.h>\n"
            "pid_t fork(void) { errno = EAGAIN; return -1; }",
    "crash": "#include <stdlib.h>\n#include <unistd.h>\n"
             "pid_t fork(void) { abort(); }",
    "noise": "#include <unistd.h>\n__attribute__((constructor)) static void "
             "say(void) { if (write(2, \"rcprof: off\\n\", 12)) { } }",
    "status": "#include <unistd.h>\n__attribute__((destructor)) static void "
              "leave(void) { _exit(7); }",
}


def make(folder):
    with open(os.path.join(folder, "sample.py"), "w") as f:
        f.write(SUITE)
    for name, text in PRELOADS.items():
        source = os.path.join(folder, name + ".c")
        with open(source, "w") as f:
            f.write(text + "\n")
        subprocess.run(os.environ.get("CC", "gcc").split() +
                       ["-shared", "-fPIC", "-w", "-o",
                        os.path.join(folder, name + ".so"), source],
                       check=True)


def run(folder, preload, *what, **env):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--repeat", "2", "--timeout", "60",
         "--preload", os.path.join(folder, preload + ".so")] + list(what),
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=dict(os.environ, TMPDIR=folder, **env))
    return done.returncode, done.stdout.decode(errors="replace")


def caught(folder, preload, text, what):
    status, output = run(folder, preload, "unittest:sample")
    if not tap.ok(status == 1 and "FAULT" in output and text in output, what):
        tap.diag(output)


def sides(folder):
    status, output = run(folder, "nothing", "unittest:sample")
    if not tap.ok(status == 0 and " 4 " in output and "same" in output,
                  "a preload that does nothing: no difference"):
        tap.diag(output)
    caught(folder, "fork", "sample.Sample.test_fork",
           "fork fails: the test that forks is named")
    caught(folder, "crash", "SIGABRT", "a crash is seen by its signal")
    caught(folder, "noise", "rcprof: off", "a line of rcprof's own is seen")
    caught(folder, "status", "(exit status)", "a changed exit status is seen")
    status, output = run(folder, "nothing", "unittest:sample",
                         COUNTER=os.path.join(folder, "counter"))
    if not tap.ok(status == 0 and "flaky  sample.Sample.test_alternates"
                  in output, "what varies without us as well is flaky"):
        tap.diag(output)


def commands(folder):
    status, output = run(folder, "nothing", "--output", "--", "echo", "a")
    tap.ok(status == 0 and "same" in output, "any command: the same output")
    status, output = run(
        folder, "nothing", "--output", "--", "sh", "-c",
        "echo ${LD_PRELOAD:+x}")
    tap.ok(status == 1 and "(stdout)" in output, "different output is seen")
    status, output = run(
        folder, "nothing", "--output", "--", "sh", "-c",
        "echo $$ $(date +%N)")
    tap.ok(status == 0 and "flaky" in output,
           "output that is never the same twice is no fault")
    status, output = run(folder, "nothing", "--", "sh", "-c",
                         "echo 1..2; echo ok 1 - a; echo not ok 2 - b "
                         "'#' SKIP later")
    tap.ok(status == 0 and " 2 " in output, "a TAP command's tests are read")
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    status, output = run(folder, "nothing", "--", "sh", "-c",
                         "kill -INT $$; echo 1..1; echo not ok 1")
    signal.signal(signal.SIGINT, ignored)
    tap.ok(status == 0 and " 0 " in output,
           "a signal that our parent ignored is not ignored in the suites")
    with open(os.path.join(folder, "not.so"), "w") as f:
        f.write("no library")
    tap.is_(run(folder, "not", "unittest:sample")[0], 2,
            "a library that the loader refuses: exit status 2")
    tap.is_(run(folder, "missing", "unittest:sample")[0], 2,
            "a library that is not there: exit status 2")


def missing(folder):
    """Suites that the interpreter has not."""
    given = os.path.join(folder, "given")
    os.mkdir(given)
    with open(os.path.join(given, "test_given.py"), "w") as f:
        f.write("import unittest\nclass C(unittest.TestCase):\n"
                "    def test_a(self): pass\n")
    status, output = run(folder, "nothing", "--tests", given,
                         "test_of_nothing", "test_given")
    if not tap.ok("not there" in output and (
            "has no test_of_nothing" in output
            or "no package `test`" in output),
            "a suite that is not there, and why"):
        tap.diag(output)
    if subprocess.run([sys.executable, "-c", "import test.libregrtest"],
                      stderr=subprocess.DEVNULL).returncode:
        tap.skip("a suite that is given", "no package `test`")
    elif not tap.ok(status == 0 and "from " + given in output
                    and " 1 " in output, "a suite that is given"):
        tap.diag(output)


def parsers():
    tap.is_(outcomes.from_unittest(
        "test_a (m.C) ... ok\ntest_b (m.C.test_b)\nDoc ... noise\nFAIL\n"
        "  test_b (m.C.test_b) (i=1) ... FAIL\n"
        "test_c (m.C.test_c) ... skipped 'took 0.3 s'\n"
        "test_d (m.C.test_d) ... "),
        {"m.C.test_a": "ok", "m.C.test_b": "FAIL",
         "m.C.test_b (i=1)": "FAIL", "m.C.test_c": "skipped",
         "m.C.test_d": "(no end)"}, "unittest -v")
    tap.is_(outcomes.from_pytest(
        "PASSED a.py::test_x[1 - 2]\nFAILED a.py::B::test_y - assert 0\n"),
        {"a.py::test_x[1 - 2]": "PASSED", "a.py::B::test_y": "FAILED"},
        "pytest -rA")
    tap.is_(outcomes.from_tap(
        "1..3\nok 1 - a # 3 ms\nnot ok 2 - b # TO" "DO c\nok 3 # SKIP d\n"),
        {"1 a": "ok", "2 b": "not ok TO" "DO", "3": "ok SKIP"}, "TAP")


def main():
    folder = tempfile.mkdtemp()
    try:
        make(folder)
        sides(folder)
        commands(folder)
        missing(folder)
        parsers()
    finally:
        shutil.rmtree(folder)
    tap.done()


main()

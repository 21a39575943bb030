"""tap.py - the Test Anything Protocol for tests in Python 3.8 and later.

    import os, sys
    sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
    import tap

    tap.ok(1 + 1 == 2, "sums")
    tap.is_(len("ab"), 2, "len")
    tap.done()

A test about a row of the conformance list says so in its description, and
which interpreter it ran: tap.ok(..., "[row 33] [3.12.1] exact function").
"""
import os
import re
import subprocess
import sys

SRC = os.environ.get("RCPROF_SRC") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("RCPROF_BUILD") or SRC
PRELOAD = os.path.join(BUILD, "librcprof.so")
RCPROF = os.path.join(BUILD, "rcprof")

_run = 0
_failed = 0
_planned = None


def _line(text):
    """One line, whatever TEXT holds, flushed before a child can print."""
    sys.stdout.write(text.replace("\n", " ").encode(
        "ascii", "backslashreplace").decode("ascii") + "\n")
    sys.stdout.flush()


def plan(tests):
    global _planned
    _planned = tests
    _line("1..%d" % tests)


def diag(text):
    for line in str(text).splitlines() or [""]:
        _line("# " + line)


def ok(good, description):
    """One test; returns whether it passed."""
    global _run, _failed
    _run += 1
    if not good:
        _failed += 1
    # '#' would start a directive.
    _line("%s %d - %s" % ("ok" if good else "not ok", _run,
                          str(description).replace("#", "\\#")))
    return bool(good)


def is_(got, want, description):
    if not ok(got == want, description):
        diag(" got: %r" % (got,))
        diag("want: %r" % (want,))
        return False
    return True


def near(got, want, tolerance, description):
    """|got - want| <= tolerance"""
    good = got is not None and abs(got - want) <= tolerance
    if not ok(good, description):
        diag("got %r, want %r +- %r" % (got, want, tolerance))
    return good


def like(got, regex, description):
    if not ok(re.search(regex, got), description):
        diag("           got: %r" % (got,))
        diag("does not match: %s" % (regex,))
        return False
    return True


def skip(description, reason):
    global _run
    _run += 1
    _line("ok %d - %s # SKIP %s" % (_run, description, reason))


def skip_all(reason):
    """Before any test."""
    _line("1..0 # SKIP %s" % reason)
    sys.exit(0)


def done():
    """Prints the plan if none was, and exits."""
    if _planned is None:
        _line("1..%d" % _run)
    if _failed:
        diag("%d of %d tests failed" % (_failed, _run))
    sys.exit(_failed != 0 or _run == 0 or _planned not in (None, _run))


def pythons():
    """[(path, version)] of the interpreters to test, by scripts/pythons."""
    text = subprocess.run(
        [os.path.join(SRC, "scripts/pythons"), "--versions"],
        stdout=subprocess.PIPE, check=True).stdout.decode()
    return [tuple(line.split("\t")[:2]) for line in text.splitlines()]


def shared_python(path, folder):
    """A Python of the shared library that stands beside PATH, a program that
    has all in itself, as the images of Docker have it: made in FOLDER.  None
    where there is no such library, or no compiler."""
    library = subprocess.run(
        [path, "-c", "import sysconfig; v = sysconfig.get_config_var; "
         "print(v('LIBDIR') + '/' + v('INSTSONAME'))"],
        stdout=subprocess.PIPE).stdout.decode().strip()
    source = os.path.join(folder, "launcher.c")
    target = os.path.join(folder, "python3")
    with open(source, "w") as f:
        f.write("int Py_BytesMain(int argc, char **argv);\n"
                "int main(int argc, char **argv)\n"
                "{ return Py_BytesMain(argc, argv); }\n")
    made = not library.endswith(".a") and subprocess.run(
        os.environ.get("CC", "cc").split() + ["-o", target, source, library],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    return target if made else None

"""views.py - runs the command and compares what it prints.

RCPROF_GOLDEN=update writes the goldens anew; then read the difference.
"""
import atexit
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "../tap"))
import tap  # noqa: E402

GOLDEN = os.path.join(HERE, "golden")
UPDATE = os.environ.get("RCPROF_GOLDEN") == "update"
ENV = {k: v for k, v in os.environ.items()
       if not k.startswith("RCPROF_") and k not in (
           "COLUMNS", "NO_COLOR", "LD_PRELOAD")}
ENV.update(TZ="UTC", LC_ALL="C", RCPROF_SYMBOL_CACHE="")

# ASan wants to be the first library and all of the address space.
with open(tap.RCPROF, "rb") as f:
    SANITIZED = b"__asan_init" in f.read()

directory = tempfile.mkdtemp(prefix="rcprof-test.")
atexit.register(shutil.rmtree, directory, True)
os.chdir(directory)


def run(*args, **env):
    """(status, stdout, stderr) of rcprof ARGS; keyword arguments go into the
    environment."""
    done = subprocess.run([tap.RCPROF] + list(args), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          env=dict(ENV, **env))
    return (done.returncode, done.stdout.decode("utf-8", "backslashreplace"),
            done.stderr.decode("utf-8", "backslashreplace"))


def good(*args, **env):
    """stdout of a command that has to work."""
    status, out, err = run(*args, **env)
    if status != 0 or err:
        tap.ok(False, "rcprof %s" % " ".join(args))
        tap.diag("status %d, stderr: %s" % (status, err))
    return out


def read(name):
    with open(name, encoding="utf-8", errors="backslashreplace") as f:
        return f.read()


def golden(name, text, row=66):
    """Is the text what golden/NAME holds?"""
    path = os.path.join(GOLDEN, name)
    if UPDATE:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    want = read(path) if os.path.exists(path) else ""
    if not tap.ok(text == want, "[row %d] golden %s" % (row, name)):
        for line in list(difflib.unified_diff(
                want.splitlines(), text.splitlines(), "golden", "got",
                lineterm="", n=1))[:60]:
            tap.diag(line)


def refused(*args, status, regex, description, **env):
    """One line on stderr that matches, nothing on stdout, this status."""
    got, out, err = run(*args, **env)
    fine = (got == status and out == "" and err.count("\n") == 1 and
            re.search(regex, err))
    if not tap.ok(fine, description):
        tap.diag("status %d, stdout %r, stderr %r" % (got, out[:200], err))

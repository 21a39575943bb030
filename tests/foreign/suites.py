"""suites.py - where CPython's own suites stand, and why one is not there.

What an installed interpreter has of its package `test` differs: Debian leaves
out what needs modules that it does not build, `make install` of 3.11.7 and
3.12.1 forgot whole folders, and names have changed over the versions.  Suites
that are missing can be given, or made of what is there: then the package is
completed in a folder of links, which the interpreter finds first.
"""
import json
import os
import subprocess

# Other names of a suite, in other versions.
_NAMES = [{"test_sqlite", "test_sqlite3"},
          {"test__interpreters", "test__xxsubinterpreters"}]

# These are one module's tests, once for each way to start a process.
_STARTS = {"test_multiprocessing_" + how: how
           for how in ("fork", "spawn", "forkserver")}
_PACKAGE = """import os
from test import support

def load_tests(*args):
    return support.load_package_tests(os.path.dirname(__file__), *args)
"""
_MODULE = """import test._test_multiprocessing as tests
tests.install_tests_in_module_dict(globals(), %r)
"""

_ASK = """if True:
    import importlib.util, json, sys
    try:
        import test
        paths = list(test.__path__)
    except ImportError:
        paths = []
    find = lambda n: paths and importlib.util.find_spec("test." + n)
    print(json.dumps([paths, [n for n in sys.argv[1:] if find(n)]]))
"""


def _ask(python, names):
    """The folders of PYTHON's package, and which of the suites are there."""
    done = subprocess.run([python, "-c", _ASK] + sorted(names),
                          stdout=subprocess.PIPE)
    paths, there = json.loads(done.stdout.decode() or "[[], []]")
    return paths, set(there)


def _packaged_in(path):
    """The distribution's package that PATH came with."""
    try:
        done = subprocess.run(["dpkg-query", "-S", path],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    except OSError:
        return None
    return done.stdout.decode().partition(":")[0] or None


def _is_in(folder, name):
    return any(os.path.exists(os.path.join(folder, name + end))
               for end in (".py", "/__init__.py"))


class Suites:
    """The suites NAMES of PYTHON.  GIVEN is a folder with more of them, a
    Lib/test; what is completed is completed under KEEP."""

    def __init__(self, python, names, given, keep):
        other = set().union(*_NAMES)
        paths, self._there = _ask(python, set(names) | other)
        self._path = paths[0] if paths else None
        self._extra = {}
        self._folder = os.path.join(keep, "completed")
        for name in names:
            if not paths or name in self._there:
                continue
            if name in _STARTS and _is_in(self._path,
                                          "_test_multiprocessing"):
                self._extra[name] = None
            elif given and _is_in(given, name):
                self._extra[name] = given
        if self._extra:
            self._complete()

    def _complete(self):
        folder = os.path.join(self._folder, "test")
        os.makedirs(folder, exist_ok=True)
        wanted = {name: os.path.join(self._path, name)
                  for name in os.listdir(self._path)
                  if name != "__pycache__"}
        for name, given in self._extra.items():
            if not given:
                self._make(os.path.join(folder, name), _STARTS[name])
                continue
            for entry in (name, name + ".py"):
                path = os.path.join(os.path.abspath(given), entry)
                if os.path.exists(path):
                    wanted[entry] = path
        for name, path in wanted.items():
            if not os.path.lexists(os.path.join(folder, name)):
                os.symlink(path, os.path.join(folder, name))

    @staticmethod
    def _make(folder, how):
        os.makedirs(folder, exist_ok=True)
        for name, text in (("__init__", _PACKAGE),
                           ("test_all", _MODULE % how)):
            with open(os.path.join(folder, name + ".py"), "w") as f:
                f.write(text)

    def environment(self, name):
        """What a run of the suite needs in it."""
        return {"PYTHONPATH": self._folder} if name in self._extra else {}

    def note(self, name):
        """Where the suite is from, if it is not the interpreter's; or else
        why there is none.  Empty: nothing to say."""
        if name in self._extra:
            return ("from " + self._extra[name] if self._extra[name] else
                    "made of test._test_multiprocessing")
        if name in self._there:
            return ""
        if not self._path:
            return "no package `test`"
        for names in _NAMES:
            if name in names and names & self._there:
                return "is called %s here" % min(names & self._there)
        package = _packaged_in(os.path.join(self._path, "test_gc.py"))
        return "%s has no %s" % (
            "the distribution's package " + package if package
            else self._path, name)

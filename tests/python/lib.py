"""lib.py - what the tests of Python programs share.

A test runs a program bare and under the preload, holds both against each
other, and reads the profile only through `rcprof report --json`.  So it knows
the contract and nothing of the inside.

    def test(py):
        case = lib.Case(py, 33, "frames.py")
        case.same()
        report = case.report("--at", "mark:end")
        py.is_(33, report.at(stack).live_bytes, 4711, "a block")

    lib.each(33, test)

The program finds its helpers in programs/now.py; a comment `# @name` in a
program names its line: case.line("name").
"""
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tap"))
import tap  # noqa: E402

PROGRAMS = os.path.join(HERE, "programs")
NUMBERS = ("allocations", "allocated_bytes", "frees", "freed_bytes",
           "live_bytes", "live_blocks", "peak_bytes", "peak_blocks",
           "temporary_blocks")
SECONDS = 400  # a machine may have other work
# Stands for the outer frames of a stack that is deeper than WHOLE frames; of
# it at least INNER are shown.
OUTER, WHOLE, INNER = "[outer frames]", 2048, 100


class Python:
    """An interpreter, and TAP that names it."""

    def __init__(self, path, version):
        self.path = path
        self.name = version
        self.version = tuple(int(n) for n in re.findall(r"\d+", version)[:3])

    def title(self, row, text):
        return "[row %s] [%s] %s" % (row, self.name, text)

    def ok(self, row, good, text):
        return tap.ok(good, self.title(row, text))

    def is_(self, row, got, want, text):
        return tap.is_(got, want, self.title(row, text))

    def near(self, row, got, want, tolerance, text):
        return tap.near(got, want, tolerance, self.title(row, text))

    def between(self, row, got, low, high, text):
        """low <= got < high"""
        good = got is not None and low <= got < high
        if not self.ok(row, good, text):
            tap.diag("got %r, want %r or more, less than %r" % (
                got, low, high))
        return good

    def skip(self, row, text, why):
        tap.skip(self.title(row, text), why)

    def config(self, *names):
        """Values of its sysconfig."""
        out = subprocess.run(
            [self.path, "-c", "import sys, sysconfig, json; print(json.dumps("
             "[sysconfig.get_config_var(n) for n in sys.argv[1:]]))"]
            + list(names), stdout=subprocess.PIPE, check=True).stdout
        return json.loads(out.decode())


class Numbers:
    """The numbers of some sites, summed."""

    def __init__(self, sites):
        self.sites = sites
        for name in NUMBERS:
            setattr(self, name, sum(s.get(name) or 0 for s in sites))

    def __repr__(self):
        return "%d sites, " % len(self.sites) + ", ".join(
            "%s %d" % (n, getattr(self, n)) for n in NUMBERS)


class Report:
    """What `rcprof report --json` said.  A site's `py` are its Python frames,
    (function, file, line), the leaf first."""

    def __init__(self, data):
        self.data = data
        self.totals = data["totals"]
        self.sites = data["sites"]
        for site in self.sites:
            site["py"] = tuple(
                (f["function"], f["file"], f["line"])
                for f in site["stack"] if f["kind"] == "python")
            site["cut"] = site["stack"][-1:] and (
                site["stack"][-1]["function"] == OUTER)
        self._stacks = {}
        for site in self.sites:
            self._stacks.setdefault(site["py"], []).append(site)

    def at(self, stack):
        """Sites with exactly this Python stack."""
        return Numbers(self._stacks.get(
            tuple(tuple(f) for f in stack), []))

    def inner(self, stack):
        """Sites with the inner part of this Python stack, the rest cut."""
        stack = tuple(tuple(f) for f in stack)
        return Numbers([
            s for s in self.sites if s["cut"] and len(s["py"]) >= INNER
            and s["py"] == stack[:len(s["py"])]])

    def leaf(self, file=None, line=None, function=None, kind=None):
        """Sites by their innermost Python frame."""
        return Numbers([
            s for s in self.sites if s["py"]
            and (function is None or s["py"][0][0] == function)
            and (file is None or s["py"][0][1] == file)
            and (line is None or s["py"][0][2] == line)
            and (kind is None or s["kind"] == kind)])

    def through(self, file=None, line=None, function=None):
        """Sites with such a frame anywhere."""
        return Numbers([
            s for s in self.sites if any(
                (function is None or f[0] == function)
                and (file is None or f[1] == file)
                and (line is None or f[2] == line) for f in s["py"])])


class Run:
    """One run of a program: stdout, stderr, status, and where its profiles
    are (an empty folder of its own).  ENV: None unsets."""

    def __init__(self, argv, env, cwd, profile=True, stdin=b""):
        self.out = tempfile.mkdtemp(prefix="out-", dir=scratch())
        full = dict(os.environ)
        for name in list(full):
            if name.startswith(("RCPROF_", "LD_PRELOAD", "PYTHON")):
                del full[name]
        full.update(PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1",
                    LC_ALL="C.UTF-8", NATIVE_SO=native())
        full.update(env or {})
        unset = [name for name in full if full[name] is None]
        if profile:
            full["LD_PRELOAD"] = tap.PRELOAD
            full.setdefault("RCPROF_MODE", "exact")
            full.setdefault("RCPROF_OUTPUT",
                            os.path.join(self.out, "%n.%p.rcprof"))
        for name in unset:
            del full[name]
        self.started = time.time()
        done = subprocess.run(
            argv, env=full, cwd=cwd or scratch(), input=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS)
        self.stdout = done.stdout.decode("utf-8", "backslashreplace")
        self.stderr = done.stderr.decode("utf-8", "backslashreplace")
        self.status = done.returncode

    def told(self):
        """What the program told: a literal on its last line."""
        lines = self.stdout.splitlines()
        if not lines:
            raise Broken("the program printed nothing: %s (status %d)" % (
                self.stderr[-1500:], self.status))
        return ast.literal_eval(lines[-1])

    def files(self):
        return sorted(os.path.join(self.out, name)
                      for name in os.listdir(self.out))


class Case:
    """A program run bare and profiled."""

    def __init__(self, py, row, program, *args, env=None, argv=None,
                 cwd=None, stdin=b"", python=None, flags=()):
        self.py, self.row = py, row
        self.program = program and os.path.join(PROGRAMS, program)
        # No site: what is installed is not the test's.
        argv = argv or ([python] if python else [py.path, "-S"]) + list(
            flags) + [self.program] + list(args)
        self.bare = Run(argv, env, cwd, False, stdin)
        self.run = Run(argv, env, cwd, True, stdin)

    def same(self, what="runs as without rcprof"):
        """stdout, stderr and the exit status are those of the bare run."""
        bare, run = self.bare, self.run
        good = (bare.stdout, bare.stderr, bare.status) == (
            run.stdout, run.stderr, run.status)
        if not self.py.ok(self.row, good, what):
            for name in ("status", "stdout", "stderr"):
                a, b = getattr(bare, name), getattr(run, name)
                if a != b:
                    tap.diag("bare %s: %s" % (name, repr(a)[-1500:]))
                    tap.diag("with %s: %s" % (name, repr(b)[-1500:]))
        return good

    @property
    def truth(self):
        return self.run.told()

    def file(self):
        """The one profile it left."""
        files = self.run.files()
        if len(files) != 1:
            raise Broken("%d profiles, want 1: %s" % (len(files), files))
        return files[0]

    def report(self, *flags):
        return report(self.file(), *flags)

    def own(self, *flags):
        """The report without the sites below imports: these are most of the
        text."""
        return self.report("--exclude", "importlib._bootstrap", *flags)

    def biggest(self, *flags, metric="live"):
        """The sites that have the most: all sites are much text where much
        was imported."""
        return report(self.file(), "--metric", metric, "--top", "500",
                      *flags)

    def line(self, name):
        """The line that `# @name` marks in the program."""
        return line_of(self.program, name)


class Broken(Exception):
    """What a test needs is not there."""


def report(*argv):
    """`rcprof report --json ARGV`."""
    done = subprocess.run([tap.RCPROF, "report", "--json"] + list(argv),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=SECONDS)
    if done.returncode != 0:
        raise Broken("rcprof report %s: exit %d, %s" % (
            " ".join(argv), done.returncode, done.stderr.decode()))
    return Report(json.loads(done.stdout.decode("utf-8", "surrogateescape")))


def line_of(path, name):
    with open(path, encoding="utf-8") as f:
        for number, text in enumerate(f, 1):
            if re.search(r"# .*@%s\b(?!-)" % re.escape(name), text):
                return number
    raise Broken("no @%s in %s" % (name, path))


def check_blocks(case, row, report, *storms, slack=2048):
    """Each block that the program remembered with now.here() stands at
    exactly the stack it printed, with its bytes; no other site has one, but
    those of the lines named STORMS.  SLACK: what else a line may keep."""
    def found(key):
        return report.inner(key) if len(key) > WHOLE else report.at(key)

    names, stacks = {}, {}
    for name, size, stack in case.truth["blocks"]:
        key = tuple((shown(f[0]) or "[unknown]", shown(f[1]) or None, f[2])
                    for f in stack)
        names.setdefault(name, []).append(key)
        stacks[key] = stacks.get(key, 0) + size
    for name, keys in names.items():
        # As a rule that is small: a frame, a list that grew.
        wrong = [k for k in dict.fromkeys(keys) if not
                 0 <= found(k).live_bytes - stacks[k] < slack]
        if not case.py.ok(row, not wrong, name):
            blame(report, wrong[0], stacks[wrong[0]])
    storms = [case.line(name) for name in storms]
    strange = [s for s in report.sites
               if s["live_bytes"] >= 100000 and s["py"] and not s["cut"]
               and s["py"][0][1] == case.program and s["py"] not in stacks
              and s["py"][0][2] not in storms]
    if not case.py.ok(row, not strange, "no block at another stack"):
        tap.diag("%d bytes at %.700r" % (strange[0]["live_bytes"],
                                         strange[0]["py"]))


def shown(name):
    """A name as a profile has it: UTF-8 has no lone surrogates, and a NUL
    would end it."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", name)


def blame(report, key, size):
    tap.diag("want %d bytes at %.700r" % (size, key))
    tap.diag(" got %r" % report.at(key))
    for site in report.sites:
        if 0 <= site["live_bytes"] - size < 2048:
            tap.diag("      %d bytes at %.700r" % (site["live_bytes"],
                                                   site["py"]))


_scratch = None


def scratch():
    """A folder that goes when the test ends."""
    global _scratch
    if _scratch is None:
        _scratch = tempfile.mkdtemp(prefix="rcprof-test-")
    return _scratch


def compile_c(source, target, *flags):
    """Build a C program or library of the tests; returns its path."""
    target = os.path.join(scratch(), target)
    if not os.path.exists(target):
        subprocess.run((os.environ.get("CC") or "cc").split()
                       + ["-std=gnu11", "-O1", "-g", "-o", target,
                          os.path.join(PROGRAMS, source)] + list(flags),
                       check=True)
    return target


def native():
    """native.c as a library for ctypes."""
    return compile_c("native.c", "native.so", "-shared", "-fPIC",
                     "-pthread", "-ldl")


def venv_python(py, module):
    """The Python of the environment that make-venvs made for PY, if it is
    there and has MODULE."""
    folder = os.environ.get("RCPROF_VENVS") or os.path.join(
        tap.SRC, "build/venvs")
    python = os.path.join(folder, py.name, "bin/python")
    if not os.path.exists(python):
        return None
    found = subprocess.run([python, "-c", "import " + module],
                           stderr=subprocess.DEVNULL)
    return python if found.returncode == 0 else None


def pythons():
    return [Python(path, version) for path, version in tap.pythons()]


def each(rows, *tests):
    """Run every test with every interpreter; ends the program."""
    for needed in (tap.PRELOAD, tap.RCPROF):
        if not os.path.exists(needed):
            print("Bail out! %s is not built" % needed)
            sys.exit(1)
    try:
        for py in pythons():
            for test in tests:
                try:
                    test(py)
                except Exception as e:
                    py.ok(rows, False, "%s came to its end" % test.__name__)
                    tap.diag(str(e) if isinstance(e, Broken)
                             else traceback.format_exc())
    finally:
        if _scratch is not None and not os.environ.get("KEEP"):
            shutil.rmtree(_scratch, ignore_errors=True)
        elif _scratch is not None:
            tap.diag("kept %s" % _scratch)
    tap.done()

"""harness.py - runs a command bare and under rcprof, and compares.

scripts/run-under-preload and scripts/real-programs are made of it.  A Case is
a command; a Side is where it runs: bare, or with the library preloaded.  The
two see the same files, arguments and environment but for LD_PRELOAD and the
RCPROF_* variables, and profiles are written away from the program's eyes.
"""
import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import outcomes

SRC = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

# What says that rcprof or the loader had something to say.
_NOISE = re.compile(rb"^(rcprof: .*|ERROR: ld\.so: .*)$", re.M)


def find_build():
    """The build directory: as the tests are told, the source's own, or the
    newest that a script made."""
    places = [os.environ.get("RCPROF_BUILD"), SRC] + sorted(
        glob.glob(os.path.join(SRC, "build/*")), key=os.path.getmtime,
        reverse=True)
    for place in places:
        if place and os.path.exists(os.path.join(place, "librcprof.so")):
            return place
    return os.environ.get("RCPROF_BUILD") or SRC


def _default_signals():
    """A shell's background job ignores these, and so would the suites, some
    of which send them to themselves and wait."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def find_command(preload):
    """The command that was built with this library."""
    return os.path.join(os.path.dirname(os.path.abspath(preload)), "rcprof")


class Case:
    """A command to be compared.  `{junit}` in an argument becomes a file of
    this run; `{dir}` its directory, which is also where it starts unless cwd
    is given.  OUTPUT says that stdout must be equal, FILES (relative to
    {dir}) that these must."""

    def __init__(self, name, command, cwd=None, env=None, output=False,
                 files=(), timeout=600, needs_tests=False):
        self.name = name
        self.command = command
        self.cwd = cwd
        self.env = env or {}
        self.output = output
        self.files = files
        self.timeout = timeout
        self.needs_tests = needs_tests


class Run:
    """What came of one run: outcomes has one entry a test, and entries in
    parentheses for the run as a whole."""

    def __init__(self, seconds, tests, whole, log, profiles):
        self.seconds = seconds
        self.tests = tests
        self.outcomes = dict(tests)
        self.outcomes.update(whole)
        self.status = whole["(exit status)"]
        self.log = log
        self.profiles = profiles


def _status(code):
    if code >= 0:
        return str(code)
    try:
        return signal.Signals(-code).name
    except ValueError:
        return "signal %d" % -code


def _digest(path):
    try:
        with open(path, "rb") as f:
            return hashlib.sha256(f.read()).hexdigest()[:16]
    except OSError as error:
        return error.strerror


class Side:
    """A place to run cases; KEEP is the folder for logs and profiles."""

    def __init__(self, name, keep, preload=None, variables=None):
        self.name = name
        self.keep = keep
        self.preload = preload
        self.variables = variables or {}
        self.runs = 0

    def environment(self, case, profiles):
        env = {key: value for key, value in os.environ.items()
               if key != "LD_PRELOAD" and not key.startswith("RCPROF")}
        env.update(case.env)
        if self.preload:
            env["LD_PRELOAD"] = self.preload
            env["RCPROF_OUTPUT"] = os.path.join(profiles, "%n.%p.rcprof")
            env.update(self.variables)
        return env

    def run(self, case):
        self.runs += 1
        name = re.sub(r"[^\w.-]+", "_", case.name)[:60]
        base = os.path.join(self.keep, "%s.%s.%d" % (name, self.name,
                                                     self.runs))
        profiles = base + ".profiles"
        os.makedirs(profiles, exist_ok=True)
        # The same path on both sides, so that output that names it is equal.
        work = os.path.join(self.keep, name + ".dir")
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        names = {"junit": base + ".xml", "dir": work}
        command = [re.sub(r"\{(junit|dir)\}", lambda m: names[m.group(1)], a)
                   for a in case.command]
        start = time.monotonic()
        with open(base + ".out", "wb") as out, \
                open(base + ".err", "wb") as err:
            code = self._wait(command, case, work, profiles, out, err)
        seconds = time.monotonic() - start
        run = self._look(case, base, work, code, seconds, profiles)
        if not os.listdir(profiles):
            os.rmdir(profiles)
        return run

    def _wait(self, command, case, work, profiles, out, err):
        try:
            child = subprocess.Popen(
                command, cwd=case.cwd or work, stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, start_new_session=True,
                preexec_fn=_default_signals,
                env=self.environment(case, profiles))
        except OSError as error:
            return error.strerror
        try:
            return _status(child.wait(case.timeout))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return "no end in %d s" % case.timeout

    def _look(self, case, base, work, status, seconds, profiles):
        with open(base + ".out", "rb") as f:
            out = f.read()
        with open(base + ".err", "rb") as f:
            err = f.read()
        tests = None
        if any("{junit}" in a for a in case.command):
            tests = outcomes.from_junit(base + ".xml")
        if tests is None:
            # Mixed as a terminal would show it cannot be had; unittest
            # writes to stderr, the others to stdout.
            tests = {}
            for text in (out, err):
                found = outcomes.from_text(text.decode(errors="replace"))
                if len(found) > len(tests):
                    tests = found
        whole = {"(exit status)": status}
        noise = _NOISE.findall(out) + _NOISE.findall(err)
        whole["(lines of rcprof's)"] = (
            noise[0].decode(errors="replace") if noise else "none")
        if case.output:
            whole["(stdout)"] = hashlib.sha256(out).hexdigest()[:16]
            whole["(stderr)"] = hashlib.sha256(err).hexdigest()[:16]
        for pattern in case.files:
            found = sorted(glob.glob(os.path.join(work, pattern),
                                     recursive=True))
            whole["(files %s)" % pattern] = "%d" % len(found)
            for path in found:
                if os.path.isfile(path):
                    whole["(file %s)" % os.path.relpath(path, work)] = \
                        _digest(path)
        return Run(seconds, tests, whole, base,
                   sorted(glob.glob(os.path.join(profiles, "*"))))


class Difference:
    """An outcome that was not the same everywhere."""

    def __init__(self, name, bare, preloaded):
        self.name = name
        self.bare = bare
        self.preloaded = preloaded

    def is_fault(self):
        """If bare runs agree, their outcome must come in more than half of
        the preloaded ones.  If they do not, it is flaky, unless what the
        preloaded runs say was never seen bare; and where no two bare runs
        are the same (a clock in the output) there is nothing to compare."""
        usual = max(set(self.bare), key=self.bare.count)
        if len(set(self.bare)) == 1:
            return 2 * self.preloaded.count(usual) <= len(self.preloaded)
        return (self.bare.count(usual) > 1
                and not set(self.bare) & set(self.preloaded))


class Comparison:
    """One case on both sides, repeated while something differs."""

    def __init__(self, case, bare, preloaded, repeat):
        self.case = case
        self.bare = [bare.run(case)]
        self.preloaded = [preloaded.run(case)]
        while self._differs() and len(self.bare) <= repeat:
            self.bare.append(bare.run(case))
            self.preloaded.append(preloaded.run(case))
        self.differences = [
            Difference(name, self._of(self.bare, name),
                       self._of(self.preloaded, name))
            for name in sorted(self._names())
            if len(set(self._of(self.bare, name)
                       + self._of(self.preloaded, name))) > 1]

    def _names(self):
        return set().union(*(run.outcomes
                             for run in self.bare + self.preloaded))

    @staticmethod
    def _of(runs, name):
        return [run.outcomes.get(name, "(absent)") for run in runs]

    def _differs(self):
        return self.bare[0].outcomes != self.preloaded[0].outcomes

    def faults(self):
        return [d for d in self.differences if d.is_fault()]

    def flaky(self):
        return [d for d in self.differences if not d.is_fault()]

    def is_missing(self):
        """There is no such suite for this interpreter."""
        return self.case.needs_tests and not any(
            run.tests for run in self.bare)

    def verdict(self):
        if self.faults():
            return "DIFFERS"
        if self.is_missing():
            return "not there"
        return "same, flaky" if self.differences else "same"

    def seconds(self, runs):
        return min(run.seconds for run in runs)


def unreadable(rcprof, profiles, limit=20):
    """Profiles among the LIMIT biggest that the command cannot read, each
    with its complaint."""
    bad = []
    for path in sorted(profiles, key=os.path.getsize, reverse=True)[:limit]:
        done = subprocess.run([rcprof, "report", "--json", "--top", "1", path],
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
        if done.returncode != 0:
            lines = done.stderr.decode(errors="replace").splitlines()
            bad.append((path, lines[0] if lines else
                        "exit status %d" % done.returncode))
    return bad


def is_preloaded(preload, command):
    """Whether the library is in a process of this kind at all: the loader
    only prints a line and goes on when it cannot."""
    env = dict(os.environ, LD_PRELOAD=preload, RCPROF_MODE="idle")
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return os.path.realpath(preload) in done.stdout.decode()


def temporary():
    return tempfile.mkdtemp(prefix="rcprof-foreign.")


def show(text=""):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

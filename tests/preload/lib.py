"""lib.py - what the tests of native programs share.

A test runs a program bare and under the preload, holds both against each
other, and compares the profile, as `rcprof report --json` tells it, with what
the program counted itself.  It knows the contract and nothing of the inside.

    pair = lib.Pair("prog_malloc")
    pair.same(1)          # stdout, stderr, status as without rcprof
    lib.check_cases(pair) # what prog.h printed against the profile

Kept for a look with KEEP=1 in the environment.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tap"))
import tap  # noqa: E402

PROGRAMS = os.path.join(tap.BUILD, "tests/preload")
SECONDS = 400  # a machine may have other work
NUMBERS = ("allocations", "allocated_bytes", "frees", "freed_bytes",
           "live_bytes", "live_blocks", "peak_bytes", "peak_blocks",
           "temporary_blocks")
KINDS = ("malloc", "mmap")


class Broken(Exception):
    """What a test needs is not there."""


def title(row, text):
    return "[row %s] %s" % (row, text) if row else text


def ok(row, good, text):
    return tap.ok(good, title(row, text))


def is_(row, got, want, text):
    return tap.is_(got, want, title(row, text))


def near(row, got, want, tolerance, text):
    return tap.near(got, want, tolerance, title(row, text))


def between(row, got, low, high, text):
    """low <= got <= high"""
    good = got is not None and low <= got <= high
    if not tap.ok(good, title(row, text)):
        tap.diag("got %r, want from %r to %r" % (got, low, high))
    return good


def skip(row, text, why):
    tap.skip(title(row, text), why)


# --- profiles ----------------------------------------------------------------

class Report:
    """What `rcprof report --json` said."""

    def __init__(self, data):
        self.data = data
        self.totals = data["totals"]
        self.sites = data["sites"]

    def pick(self, module=None, function=None, kind=None):
        """Sites by their frame: the module's file name, the function."""
        out = []
        for site in self.sites:
            leaf = (site["stack"] or [{}])[0]
            name = os.path.basename(leaf.get("module") or "")
            if (module in (None, name)
                    and function in (None, leaf.get("function"))
                    and kind in (None, site["kind"])):
                out.append(site)
        return out

    def sum(self, **which):
        """Their numbers, added up: {"allocations": n, ...}"""
        sites = self.pick(**which)
        return {name: sum(s.get(name) or 0 for s in sites)
                for name in NUMBERS}

    def adds_up(self):
        """Do the sites make the totals, and is live what is not freed?"""
        whole, t = self.sum(), self.totals
        return (all(whole[n] == t[n] for n in NUMBERS if n in t)
                and t["allocations"] - t["frees"] == t["live_blocks"]
                and t["allocated_bytes"] - t["freed_bytes"]
                == t["live_bytes"])


def report(path, *flags):
    done = subprocess.run([tap.RCPROF, "report", "--json", *flags, path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=SECONDS, env=clean_env())
    if done.returncode != 0:
        raise Broken("rcprof report %s %s: exit %d, %s" % (
            " ".join(flags), path, done.returncode,
            done.stderr.decode(errors="replace")))
    return Report(json.loads(done.stdout.decode("utf-8", "surrogateescape")))


# --- runs --------------------------------------------------------------------

def clean_env(**more):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("RCPROF_", "LD_"))}
    env.update(LC_ALL="C", **more)
    return env


def program(name):
    return name if "/" in name else os.path.join(PROGRAMS, name)


def preload(*libraries):
    """A value for LD_PRELOAD; "rcprof" is ours, other names are fixtures."""
    return ":".join(tap.PRELOAD if n == "rcprof" else program(n)
                    for n in libraries)


class Run:
    """One run: stdout, stderr, status, and its profiles, which stand in a
    folder of its own, as does what note() of prog.h wrote.  `libraries` are
    preloaded, in this order."""

    def __init__(self, name, args=(), libraries=("rcprof",), env=None,
                 output=None, stdin=b"", wrap=(), start=True, cwd=None,
                 pass_fds=(), seconds=SECONDS):
        self.out = tempfile.mkdtemp(prefix="out-", dir=scratch())
        self.cwd = cwd or tempfile.mkdtemp(prefix="cwd-", dir=scratch())
        self.truth_path = os.path.join(self.cwd, "truth")
        self.argv = list(wrap) + [program(name)] + [str(a) for a in args]
        self.env = clean_env(PROG_TRUTH=self.truth_path)
        if "rcprof" in libraries:
            self.env.update(RCPROF_MODE="exact",
                            RCPROF_OUTPUT=output or os.path.join(
                                self.out, "%n.%p.rcprof"))
        if libraries:
            self.env["LD_PRELOAD"] = preload(*libraries)
        self.env.update(env or {})
        self.stdin, self.pass_fds = stdin, pass_fds
        self.seen = {}
        self.stdout = self.stderr = self.status = self.process = None
        if start:
            self.finish(self.start(), seconds)

    def start(self):
        # SIGINT as a shell in the foreground leaves it; SIGPIPE too.
        def defaults():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)

        self.process = subprocess.Popen(
            self.argv, env=self.env, cwd=self.cwd, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=defaults, pass_fds=self.pass_fds)
        return self.process

    def finish(self, process, seconds=SECONDS):
        try:
            out, err = process.communicate(self.stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += b"\n(hung: killed after %d s)" % seconds
        self.stdout = out.decode("utf-8", "backslashreplace")
        self.stderr = err.decode("utf-8", "backslashreplace")
        self.status = process.returncode

    def files(self):
        return sorted(os.path.join(self.out, n) for n in os.listdir(self.out)
                      if n.endswith(".rcprof"))

    def file(self):
        """The one profile it left."""
        files = self.files()
        if len(files) != 1:
            raise Broken("%d profiles, want 1: %s; status %r, stderr: %s" % (
                len(files), " ".join(map(os.path.basename, files)),
                self.status, self.stderr[-1000:]))
        return files[0]

    def report(self, *flags):
        """Each view is made once."""
        if flags not in self.seen:
            self.seen[flags] = report(self.file(), *flags)
        return self.seen[flags]

    def reports(self, *flags):
        """{pid: report} of all profiles."""
        every = (report(path, *flags) for path in self.files())
        return {r.data["pid"]: r for r in every}

    def truth(self):
        """What note() wrote: a list of lists of words."""
        if not os.path.exists(self.truth_path):
            return []
        with open(self.truth_path) as f:
            return [line.split() for line in f]


class Pair:
    """A program run bare and profiled.  `beside` are libraries preloaded in
    both runs, after ours."""

    def __init__(self, name, *args, beside=(), before=(), bare_env=None,
                 env=None, **how):
        others = tuple(before) + tuple(beside)
        self.name = os.path.basename(name)
        self.bare = Run(name, args, others, env=bare_env or env, **how)
        self.run = Run(name, args, tuple(before) + ("rcprof",)
                       + tuple(beside), env=env, **how)

    def same(self, row, what="runs as without rcprof", status=0):
        """stdout, stderr and the exit status are those of the bare run, whose
        status is as it should be."""
        bare, run = self.bare, self.run
        if bare.status != status:
            raise Broken("%s: bare, its status is %r, not %r: %s" % (
                self.name, bare.status, status, bare.stderr[-1000:]))
        good = (bare.stdout, bare.stderr, bare.status) == (
            run.stdout, run.stderr, run.status)
        if not ok(row, good, "%s: %s" % (self.name, what)):
            for name in ("status", "stdout", "stderr"):
                show_difference(name, getattr(bare, name), getattr(run, name))
        return good


def show_difference(what, bare, run):
    if bare == run:
        return
    if not isinstance(bare, str):
        tap.diag("%s: bare %r, with rcprof %r" % (what, bare, run))
        return
    a, b = bare.splitlines(), run.splitlines()
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y),
              min(len(a), len(b)))
    tap.diag("%s differs from line %d on:" % (what, at + 1))
    tap.diag("       bare: %r" % (a[at:at + 3],))
    tap.diag("with rcprof: %r" % (b[at:at + 3],))
    for x, y in zip(a[at + 3:], b[at + 3:]):
        if x != y:
            tap.diag("then: bare %r, with rcprof %r" % (x, y))


# --- what prog.h prints --------------------------------------------------------

class Truth:
    """One `case` line: what the program did since the last one."""

    def __init__(self, words):
        self.row, self.name, self.module = words[:3]
        self.numbers = [None if w == "-" else int(w) for w in words[3:]]

    def want(self):
        """{"malloc allocations": n, ...}"""
        names = ["%s %s" % (kind, n) for kind in KINDS for n in NUMBERS[:4]]
        return dict(zip(names + ["unmatched_frees"], self.numbers))


def truths(run):
    return [Truth(line.split("\t")[1:]) for line in run.stdout.splitlines()
            if line.startswith("case\t")]


def numbers_at(run, truth, at):
    """The running sums that TRUTH is about, at a mark."""
    seen = run.report("--native", "--at", "mark:" + at)
    module = None if truth.module == "*" else truth.module
    out = {}
    for kind in KINDS:
        whole = seen.sum(module=module, kind=kind)
        for name in NUMBERS[:4]:
            out["%s %s" % (kind, name)] = whole[name]
    out["unmatched_frees"] = seen.totals["unmatched_frees"]
    return seen, out


def check_cases(pair, adds_up=True, module=None):
    """Each case of the profiled run: the profile counted since the case
    before it exactly what the program counted.  MODULE instead of the one
    that the program says."""
    run, last = pair.run, "start"
    cases = truths(run)
    if not cases:
        raise Broken("%s printed no case: status %r, stderr %s" % (
            pair.name, run.status, run.stderr[-1000:]))
    names = [t.name for t in cases]
    if len(set(names)) < len(names):
        raise Broken("%s: two cases have one name" % pair.name)
    good = True
    for truth in cases:
        truth.module = module or truth.module
        _, before = numbers_at(run, truth, last)
        seen, after = numbers_at(run, truth, truth.name)
        good &= seen.adds_up()
        got = {n: after[n] - before[n] for n in after}
        want = {n: got[n] if v is None else v
                for n, v in truth.want().items()}
        if not ok(truth.row, got == want, truth.name):
            for name in want:
                if got[name] != want[name]:
                    tap.diag("%s: got %d, want %d" % (
                        name, got[name], want[name]))
        last = truth.name
    if adds_up:
        ok(cases[0].row, good and run.report().adds_up(),
           "%s: sites make the totals, at each mark" % pair.name)


# --- the rest -----------------------------------------------------------------

_scratch = None


def scratch():
    """A folder that goes when the test ends."""
    global _scratch
    if _scratch is None:
        _scratch = tempfile.mkdtemp(prefix="rcprof-test-")
        os.chmod(_scratch, 0o755)
    return _scratch


def build(source, target, *flags, compiler=None):
    """A program made on the spot, for what a build of its own cannot give
    (another libc, a static program).  None: it cannot be made here."""
    target = os.path.join(scratch(), target)
    cc = (compiler or os.environ.get("CC") or "cc").split()
    done = subprocess.run(
        cc + ["-std=gnu11", "-O1", "-fno-builtin", "-I", tap.SRC + "/include",
              "-o", target, os.path.join(HERE, source), *flags],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        tap.diag(done.stdout.decode(errors="replace"))
        return None
    return target


def own_lines(text):
    """rcprof's own lines in a program's stderr, and all the others."""
    lines = text.splitlines()
    ours = [s for s in lines if re.match(r"rcprof: ", s)]
    return ours, [s for s in lines if s not in ours]


def each(*tests):
    """Run every test; ends the program."""
    for needed in (tap.PRELOAD, tap.RCPROF):
        if not os.path.exists(needed):
            print("Bail out! %s is not built" % needed)
            sys.exit(1)
    wanted = sys.argv[1:]
    try:
        for test in tests:
            if wanted and test.__name__ not in wanted:
                continue
            try:
                test()
            except Exception as e:
                tap.ok(False, "%s came to its end" % test.__name__)
                tap.diag(str(e) if isinstance(e, (Broken, OSError))
                         else traceback.format_exc())
    finally:
        if _scratch is not None and not os.environ.get("KEEP"):
            shutil.rmtree(_scratch, ignore_errors=True)
        elif _scratch is not None:
            tap.diag("kept %s" % _scratch)
    tap.done()

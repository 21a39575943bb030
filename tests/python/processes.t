#!/usr/bin/env python3
"""Row 43: each process of Python's own ways to make them has a profile of its
own, with its own blocks; what is not Python leaves none."""
import glob
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402
import tap  # noqa: E402

PROGRAM = os.path.join(lib.PROGRAMS, "forks.py")
WORK = lib.line_of(PROGRAM, "work")


class Processes(lib.Case):
    """forks.py, and by pid what each process knows and what its profile
    says."""

    def __init__(self, py, way, *flags, **more):
        self.folder = os.path.join(lib.scratch(), "%s-%s" % (py.name, way))
        os.mkdir(self.folder)
        super().__init__(py, 43, None, argv=[py.path] + list(flags) + [
            PROGRAM, way, self.folder], **more)
        self.same(way + " runs as without rcprof")
        self.reports = {}
        for file in self.run.files():
            report = lib.report(file, "--metric", "allocated", "--top", "500")
            report.file = file
            self.reports.setdefault(report.data["pid"], []).append(report)
        self.known = {}
        for file in glob.glob(self.folder + "/*.json"):
            # The bare run's processes wrote there too.
            if os.stat(file).st_mtime >= self.run.started:
                with open(file) as f:
                    self.known[int(os.path.basename(file)[:-5])] = (
                        json.load(f))

    def check(self, way, count):
        """COUNT processes worked; each has its own blocks and no other's."""
        py = self.py
        known = {p: k for p, k in self.known.items() if p in self.reports}
        if not py.is_(43, (len(self.known), len(known)), (count, count),
                      way + ": a profile for each process that worked"):
            tap.diag("profiles: %r" % [os.path.basename(f)
                                       for f in self.run.files()])
            tap.diag("processes: %r" % self.known)
        wrong = []
        for pid, k in known.items():
            live = [sum(s["live_bytes"] for s in r.through(
                PROGRAM, WORK).sites) for r in self.reports[pid]]
            if not any(0 <= n - k["bytes"] < 4096 for n in live):
                wrong.append((pid, k, live))
        py.is_(43, wrong, [], way + ": its own blocks, and those alone")
        wrong = [(p, k["parent"], r.data["ppid"])
                 for p, k in known.items() for r in self.reports[p]
                 if r.data["ppid"] != k["parent"]]
        py.is_(43, wrong, [], way + ": the parents are right")
        roots = set(r.data["root_pid"] for rs in self.reports.values()
                    for r in rs)
        py.is_(43, len(roots), 1, way + ": one tree")


def test_fork(py):
    case = Processes(py, "fork", "-W", "error")
    case.check("fork", 3)
    child = [rs[0] for p, rs in case.reports.items()
             if case.known.get(p, {}).get("n") == 5]
    if py.ok(43, len(child) == 1, "the child is found"):
        py.ok(43, all(s["live_bytes"] >= 0
                      for s in lib.report(child[0].file).sites),
              "frees of what was inherited are not the child's")
    Processes(py, "fork_exit").check("fork, sys.exit in the child", 2)
    Processes(py, "fork_thread").check("fork with a thread at work", 11)


def test_multiprocessing(py):
    for way in ("fork_", "spawn", "forkserver"):
        Processes(py, way).check("multiprocessing " + way.strip("_"), 3)

    case = Processes(py, "pool")
    # Which worker did which part is chance.
    got = sum(r.through(PROGRAM, WORK).allocated_bytes
              for rs in case.reports.values() for r in rs)
    want = sum(n * (300033 + n) for n in (2, 4, 5, 6, 7))
    py.between(43, got, want, want + 40000,
               "multiprocessing.Pool: all parts in one profile or another")


def test_subprocess(py):
    case = Processes(py, "run")
    case.check("subprocess", 3)
    names = sorted(os.path.basename(f).split(".")[0]
                   for f in case.run.files())
    py.is_(43, names, ["forks"] * 3,
           "no profile of a shell, nor of one with an empty environment")


def test_exec(py):
    case = Processes(py, "replaced")
    reports = [r for rs in case.reports.values() for r in rs]
    want = [k["bytes"] for k in case.known.values()]
    got = [r.through(PROGRAM, WORK).live_bytes for r in reports]
    py.ok(43, want and any(0 <= n - want[0] < 4096 for n in got),
          "exec: what was before it is kept")
    py.ok(43, any(r.data["end"]["reason"] == "exec" for r in reports),
          "exec: the profile says so")


def test_follow_none(py):
    case = lib.Case(py, 43, None, env={"RCPROF_FOLLOW": "none"}, argv=[
        py.path, "-c", "import os, sys, subprocess\n"
        "pid = os.fork()\n"
        "if not pid: os._exit(2)\n"
        "print(os.waitpid(pid, 0)[1] >> 8)\n"
        "print(subprocess.call([sys.executable, '-c', 'print(1)']))\n"])
    case.same("--follow none runs as without rcprof")
    py.is_(43, len(case.run.files()), 1, "--follow none: the root alone")


lib.each(43, test_fork, test_multiprocessing, test_subprocess, test_exec,
         test_follow_none)

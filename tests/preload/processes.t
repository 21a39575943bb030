#!/usr/bin/env python3
"""Row 23: processes that make processes, by fork, vfork, spawn and exec."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

ALL = {"RCPROF_FOLLOW": "all"}


def four(report):
    numbers = report.sum(module="prog_fork", kind="malloc")
    return [numbers[n] for n in lib.NUMBERS[:4]]


def noted(run, *who):
    """[(who, pid, [numbers])] in the order in which they were written."""
    return [(w[0], int(w[1]), [int(x) for x in w[2:]])
            for w in run.truth() if not who or w[0] in who]


def check(run, who, row=23, **extra):
    """The profile of each process that noted itself as WHO."""
    reports = run.reports()
    for name, pid, numbers in noted(run, who):
        if not lib.ok(row, pid in reports, "%s has a profile" % name):
            continue
        lib.is_(row, four(reports[pid]), numbers, "%s: exactly its own" % name)
        lib.ok(row, reports[pid].adds_up(), "%s: sites make the totals" % name)
    return reports


def test_fork():
    pair = lib.Pair("prog_fork", "fork")
    pair.same(23, "fork: as without rcprof")
    lib.is_(23, len(pair.run.files()), 4, "a file for each of four processes")
    reports = pair.run.reports()
    root = next(pid for who, pid, _ in noted(pair.run) if who == "parent")
    for who, pid, numbers in noted(pair.run):
        r = reports[pid]
        if who == "parent":
            lib.is_(23, four(r), numbers, "the parent's numbers")
            lib.is_(23, r.data["root_pid"], pid, "it is its own root")
            continue
        # The realloc of an inherited block is no free of this process.
        lib.is_(23, four(r), numbers, "a child starts at zero")
        lib.is_(23, (r.data["ppid"], r.data["root_pid"]), (root, root),
                "the child names its parent and its root")
        lib.ok(23, all(s["live_bytes"] >= 0 and s["live_blocks"] >= 0
                       for s in r.sites), "no site is below zero")
        lib.ok(23, r.adds_up(), "sites make the totals")
        lib.is_(23, r.totals["unmatched_frees"], 0,
                "frees of inherited blocks are no unmatched ones")
        lib.is_(23, r.data["end"]["reason"], "exit", "it ended in order")


def test_generations():
    pair = lib.Pair("prog_fork", "generations")
    pair.same(23, "five generations: as without rcprof")
    check(pair.run, "descendant")


def test_threads():
    for _ in range(2):
        pair = lib.Pair("prog_fork", "threads")
        pair.same(23, "fork in a threaded program: as without rcprof")
        reports = check(pair.run, "child")
        parent = reports[noted(pair.run, "parent")[0][1]]
        lib.is_(23, parent.sum(module="prog_fork")["live_bytes"], 0,
                "the parent's threads have freed all")
        lib.ok(23, parent.adds_up(), "the parent's sites make its totals")


def test_vfork():
    pair = lib.Pair("prog_fork", "vfork", env=ALL)
    pair.same(23, "vfork: as without rcprof")
    check(pair.run, "parent")
    check(pair.run, "leaf")
    lib.is_(23, len(pair.run.files()), 11, "no file of a vfork child")
    few = lib.Run("prog_fork", ["vfork"])
    lib.is_(23, len(few.files()), 1,
            "exec'd programs without Python are not followed by default")
    none = lib.Run("prog_fork", ["fork"], env={"RCPROF_FOLLOW": "none"})
    lib.is_(23, len(none.files()), 1, "--follow none: the root alone")


def test_spawn():
    pair = lib.Pair("prog_fork", "spawn", env=ALL)
    pair.same(23, "posix_spawn: as without rcprof")
    reports = check(pair.run, "leaf")
    pid, numbers = noted(pair.run, "parent")[0][1:]
    path = next(p for p in pair.run.files() if ".%d." % pid in p)
    before = lib.report(path, "--at", "mark:spawned")
    lib.is_(23, [b - a for a, b in zip(four(before), four(reports[pid]))],
            numbers, "the parent's own go on")


def test_exec():
    pair = lib.Pair("prog_fork", "exec", env=ALL)
    pair.same(23, "exec: as without rcprof")
    # One pid, four programs: a file each.
    want = sorted(n for _, _, n in noted(pair.run))
    reports = [lib.report(p) for p in pair.run.files()]
    lib.is_(23, sorted(four(r) for r in reports), want,
            "each program's profile, with its own numbers")
    lib.is_(23, sorted(r.data["end"]["reason"] for r in reports),
            ["exec"] * 3 + ["exit"], "exec is how they ended")


def test_failing():
    pair = lib.Pair("prog_fork", "failing")
    pair.same(23, "exec that fails: as without rcprof")
    check(pair.run, "failing")
    lib.is_(23, pair.run.report().data["end"]["reason"], "exit",
            "an exec that failed is not the end")


def test_forms():
    for follow in ("all", "python"):
        pair = lib.Pair("prog_fork", "forms",
                        env={"RCPROF_FOLLOW": follow})
        pair.same(23, "nine forms of exec, --follow %s" % follow)


def test_raw():
    for how in ("raw", "_Fork"):
        pair = lib.Pair("prog_fork", how, env={"RCPROF_INTERVAL": "10ms"})
        pair.same(23, "%s: a fork that no handler sees: as without rcprof"
                  % how)
        reports = check(pair.run, "parent")
        for pid, report in reports.items():
            lib.ok(23, report.adds_up() and report.data["pid"] == pid,
                   "%s: a file of whom it says, whose sites make the totals"
                   % how)


def wait_for(condition):
    """A minute at most."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)


def is_gone(pid):
    """Nobody may have waited for it."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def test_daemon():
    pair = lib.Pair("prog_fork", "daemon")
    pair.same(23, "a daemon that closes every fd: as without rcprof")
    for run in pair.bare, pair.run:
        wait_for(lambda: noted(run, "daemon"))
        for _, pid, _ in noted(run, "daemon"):
            wait_for(lambda: is_gone(pid))
    lib.ok(23, noted(pair.bare, "daemon"), "bare, the daemon comes to its end")
    lib.ok(23, noted(pair.run, "daemon"), "so it does with rcprof")
    check(pair.run, "root")
    check(pair.run, "daemon")


lib.each(test_fork, test_generations, test_threads, test_vfork, test_spawn,
         test_exec, test_failing, test_forms, test_raw, test_daemon)

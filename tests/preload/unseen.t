#!/usr/bin/env python3
"""What a program can see of itself is as without rcprof: threads, children,
descriptors, signals, identity.  And it is left alone in a sandbox."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

# Snapshots come often, so that what runs beside the program does run.
ENV = {"RCPROF_INTERVAL": "10ms", "RCPROF_RSS_INTERVAL": "1ms"}


def pair_of(row, *args, **how):
    pair = lib.Pair("prog_unseen", *args, env=ENV, **how)
    pair.same(row, "%s: as without rcprof" % args[0])
    return pair


def test_facts():
    for row, what in ((23, "fork"), (23, "children"), (23, "files"),
                      (24, "limits"), (21, "signals"), (21, "sigwait")):
        pair = pair_of(row, what)
        lib.ok(row, pair.run.report().adds_up(),
               "%s: the profile is whole" % what)


def test_files():
    """What a program opens gets the numbers that it expects, and no profile
    ends up in its files."""
    script = 'exec "$0" "$@" 0<&- 1>&- 2>&-'
    truths = []
    for library in ("", lib.preload("rcprof")):
        run = lib.Run("prog_unseen", ["no-files"], libraries=(), start=False,
                      wrap=["sh", "-c", "LD_PRELOAD=$PRELOAD " + script])
        run.env.update(ENV, PRELOAD=library, RCPROF_OUTPUT=os.path.join(
            run.out, "%n.%p.rcprof"))
        run.finish(run.start())
        truths.append((run.status, run.truth()))
    lib.is_(23, truths[1], truths[0],
            "started without stdin, stdout and stderr")


def test_identity():
    pair_of(23, "unshare", "again")
    if os.geteuid() != 0:
        lib.skip(23, "setuid and chroot", "not root")
        return
    pair = pair_of(23, "drop-root")
    lib.ok(23, "another identity: 0" in pair.run.stdout
           and "another identity: 1" not in pair.run.stdout,
           "no thread keeps the old identity")
    pair_of(23, "drop-root", "again")
    pair = pair_of(23, "jail")
    numbers = [tuple(s[n] for n in lib.NUMBERS[:4])
               for s in pair.run.report().pick(module="prog_unseen")]
    lib.ok(23, (77, 77 * 4243, 77, 77 * 4243) in numbers,
           "what it allocates in a chroot is known as the program's")


def stepped(what, library, env):
    """[(instructions, locks)] in libc, of each part; None: not here."""
    run = lib.Run("prog_unseen", [what], libraries=(), env=env, start=False)
    run.argv = [lib.program("stepper"), library,
                os.path.join(run.cwd, "steps")] + run.argv
    run.env["RCPROF_OUTPUT"] = os.path.join(run.out, "%n.%p.rcprof")
    run.finish(run.start())
    if run.status == 97 or "Operation not permitted" in run.stderr:
        return None, run
    if run.status != 0:
        raise lib.Broken("stepper: %r %s" % (run.status, run.stderr))
    with open(os.path.join(run.cwd, "steps")) as f:
        return [tuple(map(int, line.split())) for line in f], run


def test_single_thread():
    """By what is executed, not by how long it takes."""
    two, _ = stepped("storms-of-two", "", {})
    if two is None:
        lib.skip(19, "libc's paths for one thread", "nothing to trace with")
        return
    lib.ok(19, len(two) == 2 and all(locks for _, locks in two),
           "a second thread costs locks, without rcprof: %r" % (two,))
    bare, bare_run = stepped("storms", "", {})
    for mode in ({"RCPROF_MODE": "exact"},
                 {"RCPROF_MODE": "sample", "RCPROF_RATE": "4K"}):
        got, run = stepped("storms", lib.preload("rcprof"), dict(ENV, **mode))
        name = mode["RCPROF_MODE"]
        lib.is_(19, (run.stdout, run.stderr),
                (bare_run.stdout, bare_run.stderr), "storms, %s: as without "
                "rcprof, one thread for libc" % name)
        lib.is_(19, got[0], (bare[0][0], 0), "putc, %s: instruction by "
                "instruction the path for one thread" % name)
        lib.is_(19, got[1][1], 0, "malloc of 2,000 bytes, %s: no lock" % name)
        lib.ok(19, run.report().totals["allocations"] > 1000,
               "and rcprof was there")


def test_seccomp():
    pair = lib.Pair("prog_seccomp", env=ENV)
    bare, run = pair.bare, pair.run
    ours, others = lib.own_lines(run.stderr)
    lib.is_(24, (run.status, run.stdout, others, len(ours) <= 1),
            (4, bare.stdout, bare.stderr.splitlines(), True),
            "a program that refuses itself system calls: as without rcprof")
    report = run.report()
    lib.between(24, report.sum(module="prog_seccomp")["allocations"], 1000,
                21000, "its profile opens")


def test_place():
    """The default name, in the folder where the program began."""
    run = lib.Run("prog_fork", ["daemon"], start=False)
    del run.env["RCPROF_OUTPUT"]
    run.finish(run.start())
    names = [n for n in os.listdir(run.cwd) if n.endswith(".rcprof")]
    lib.ok(23, names and all(n.startswith("prog_fork.") for n in names),
           "PROGRAM.PID.rcprof, where the root began: %s" % " ".join(
               n.split(".")[0] for n in names))


def test_gdb():
    if not shutil.which("gdb"):
        lib.skip(21, "under a debugger", "no gdb")
        return
    run = lib.Run("prog_malloc", libraries=(), start=False)
    preload = lib.preload("rcprof")
    done = subprocess.run(
        ["gdb", "-q", "-batch", "-iex", "set auto-load no",
         "-ex", "set startup-with-shell off",
         "-ex", "set environment LD_PRELOAD " + preload,
         "-ex", "set environment RCPROF_OUTPUT %s/x.rcprof" % run.out,
         "-ex", "break test_calloc", "-ex", "run", "-ex", "info threads",
         "-ex", "continue", lib.program("prog_malloc")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=run.cwd,
        env=lib.clean_env(), timeout=lib.SECONDS)
    text = done.stdout.decode(errors="replace")
    if "Couldn't" in text or "Operation not permitted" in text:
        lib.skip(21, "under a debugger", "gdb may not trace here")
        return
    good = "exited normally" in text
    if not lib.ok(21, good, "under a debugger it stops and goes on"):
        lib.tap.diag(text[-2000:])


lib.each(test_facts, test_files, test_identity, test_single_thread, test_seccomp,
         test_place, test_gdb)

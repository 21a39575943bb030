#!/usr/bin/env python3
"""What has broken other preloads, in Python programs: timers, forks from all
threads at once, little room, no descriptors, dropped privileges, Ctrl-C.

Each prints the same as without rcprof, watching objects in exact and in sample
mode, and each of its profiles opens.

RCPROF_FAULTS=all: with every interpreter, not just the first and the last;
what depends on an interpreter's layouts is always tried with every one."""
import functools
import os
import pty
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

STATUS = 6
BUSY = {"RCPROF_INTERVAL": "10ms", "RCPROF_RSS_INTERVAL": "10ms",
        "RCPROF_OBJECTS": "on"}
MODES = (dict(BUSY, RCPROF_MODE="exact"),
         dict(BUSY, RCPROF_MODE="sample", RCPROF_RATE="4K", RCPROF_SEED="1"))
PROGRAM = os.path.join(lib.PROGRAMS, "hazards.py")


def whole(path):
    """What is wrong with a profile, or None."""
    try:
        report = lib.report(path, "--top", "1")
    except lib.Broken as e:
        return str(e)
    t = report.totals
    if report.data["mode"] == "exact" and (
            t["allocations"] - t["frees"] != t["live_blocks"]
            or t["allocated_bytes"] - t["freed_bytes"] != t["live_bytes"]):
        return "%s: totals %r" % (os.path.basename(path), t)
    for row in report.data["types"]:
        if row["born"] != (row["alive"] + row["died_refcount"]
                           + row["died_collector"] + row["died_unseen"]):
            return "%s: %r" % (os.path.basename(path), row)
    return None


def check_run(py, row, what, bare, run):
    """RUN is as BARE, and its profiles are whole."""
    good = (bare.stdout, bare.stderr, bare.status) == (
        run.stdout, run.stderr, run.status)
    if not py.ok(row, good, "%s: as without rcprof" % what):
        lib.tap.diag("bare %r" % ((bare.status, bare.stdout[-600:],
                                   bare.stderr[-600:]),))
        lib.tap.diag("with %r" % ((run.status, run.stdout[-600:],
                                   run.stderr[-600:]),))
    faults = [f for f in map(whole, run.files()) if f]
    py.ok(row, run.files() and not faults, "%s: %s" % (
        what, "; ".join(faults[:2]) or "its profiles are whole"))


def plain(py, row, name, status=STATUS, wrap=()):
    argv = list(wrap) + [py.path, "-S", PROGRAM, name]
    bare = lib.Run(argv, None, None, False)
    if bare.status != status:
        py.skip(row, name, "bare, its status is %d: %s" % (
            bare.status, bare.stderr[-200:]))
        return
    for mode in MODES:
        check_run(py, row, "%s, %s" % (" ".join(wrap[3:4]) + name,
                                       mode["RCPROF_MODE"]),
                  bare, lib.Run(argv, mode, None))


def test_signals(py):
    plain(py, 46, "sigprof")
    plain(py, 46, "sigwait")


def test_processes(py):
    plain(py, 43, "forks")
    plain(py, 43, "alone")
    plain(py, 43, "drop")


def test_room(py):
    for name in ("stacks", "address_space", "data", "no_descriptors",
                 "reused", "huge"):
        plain(py, 46, name)


def test_limits(py):
    """Started under limits: of addresses, and of what strict overcommit
    counts, which is more than there is from the first reservation on."""
    for letter, kilobytes in (("v", 60000), ("v", 400000), ("d", 28000),
                              ("d", 40000), ("d", 200000)):
        plain(py, 46, "few", wrap=["sh", "-c", 'ulimit -%s %d; exec "$@"' % (
            letter, kilobytes), "ulimit -%s %d: " % (letter, kilobytes)])


def test_joined(py):
    """What needs the GIL is not left to the main thread's pending calls."""
    argv = [py.path, "-S", PROGRAM, "joined"]
    bare = lib.Run(argv, None, None, False)
    for mode in (MODES[0], dict(MODES[1], RCPROF_RATE="16")):
        run = lib.Run(argv, mode, None)
        what = "the main thread in join(), %s" % mode["RCPROF_MODE"]
        check_run(py, "37,46", what, bare, run)
        types = {t["type"]: t for t in
                 lib.report(run.files()[0], "--top", "1").data["types"]}
        kept = types.get("__main__.Kept", {})
        # Some blocks are of a size that is not always sampled.
        py.between("37,46", kept.get("alive"), 19000, 21000,
                   what + ": what is alive is known by its type")


def test_arrays(py):
    """What only looks like an object in a sampled block is not read as one."""
    argv = [py.path, "-S", PROGRAM, "arrays"]
    bare = lib.Run(argv, None, None, False)
    run = lib.Run(argv, dict(MODES[1], RCPROF_RATE="16"), None)
    check_run(py, "43,48", "lists of metatypes", bare, run)
    types = {t["type"]: t for t in lib.report(
        run.files()[0], "--top", "1", "--at", "mark:kept").data["types"]}
    py.between(48, types.get("list", {}).get("alive"), 12000, 14000,
               "lists of metatypes: they are lists")


# --- Ctrl-C ----------------------------------------------------------------------

def at_terminal(argv, env):
    """(what the terminal showed, status): four times Ctrl-C when it is
    ready."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        argv, env=env, stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True, cwd=lib.scratch(), preexec_fn=own_terminal)
    os.close(slave)
    text, sent, end = b"", 0, time.monotonic() + lib.SECONDS
    while time.monotonic() < end:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            some = os.read(master, 4096)
        except OSError:
            break
        if not some:
            break
        text += some
        if text.count(b"ready") > sent:
            sent += 1
            time.sleep(0.05)
            os.write(master, b"\x03")
    if time.monotonic() >= end:
        process.kill()
    os.close(master)
    return text.decode(errors="replace"), process.wait()


def own_terminal():
    import fcntl
    import termios
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_interrupt(py):
    argv = [py.path, "-S", PROGRAM, "interrupt"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(
        ("RCPROF_", "LD_PRELOAD", "PYTHON"))}
    bare = at_terminal(argv, clean)
    if bare[1] != -signal.SIGINT:
        py.skip(46, "Ctrl-C", "bare, its status is %d" % bare[1])
        return
    for mode in MODES:
        path = os.path.join(lib.scratch(), "%s-%s-c.rcprof" % (
            py.name, mode["RCPROF_MODE"]))
        got = at_terminal(argv, dict(
            clean, LD_PRELOAD=lib.tap.PRELOAD, RCPROF_OUTPUT=path, **mode))
        py.is_(46, got, bare, "Ctrl-C at a terminal, %s: as without rcprof"
               % mode["RCPROF_MODE"])
        fault = whole(path)
        py.ok(46, not fault, "Ctrl-C: %s" % (fault or "its profile is whole"))


def at_the_ends(test):
    """TEST with the first and the last interpreter, if not ALL is asked."""
    names = [py.name for py in lib.pythons()]
    if os.environ.get("RCPROF_FAULTS") == "all":
        return test

    @functools.wraps(test)
    def chosen(py):
        if py.name in (names[0], names[-1]):
            test(py)
    return chosen


lib.each("43,46", test_arrays, *map(at_the_ends, (
    test_signals, test_processes, test_room, test_limits, test_joined,
    test_interrupt)))

#!/usr/bin/env python3
"""What has broken other preloads: timers, forks from all threads at once,
small stacks, no memory, no descriptors, sandboxes, code that the unwinder is
told of, a module with a library of its own, tracers of all kinds.

Each program prints the same as without rcprof, and its profile opens."""
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

ENV = {"RCPROF_INTERVAL": "10ms", "RCPROF_RSS_INTERVAL": "10ms"}
STATUS = 6


def modes():
    """Sample mode goes other ways; a small mean makes it work."""
    yield "exact", ENV
    yield "sample", dict(ENV, RCPROF_MODE="sample", RCPROF_RATE="4K",
                         RCPROF_SEED="1")


def whole(row, run, what):
    for path in run.files():
        report = lib.report(path)
        good = report.adds_up() if report.data["mode"] == "exact" else \
            abs(sum(s["allocated_bytes"] for s in report.sites)
                - report.totals["allocated_bytes"]) <= len(report.sites)
        lib.ok(row, good, "%s: %s" % (what, "sites make the totals"))
    if not run.files():
        lib.ok(row, False, "%s: a profile" % what)


def plain(row, *args, name="prog_hazards", **how):
    for mode, env in modes():
        pair = lib.Pair(name, *args, env=env, **how)
        what = "%s, %s" % (args[0] if args else name, mode)
        pair.same(row, "%s: as without rcprof" % what, STATUS)
        whole(row, pair.run, what)


def test_timer():
    plain(21, "sigprof")


def test_forks():
    plain(23, "forks")


def test_room():
    plain(25, "small-stacks")
    # At some limits, 64 MiB apart, an arena of glibc's does not fit, and the
    # program fails without us, too (INTERNALS.md, section 9); at none of these.
    for limit in ("190", "260"):
        plain(24, "address-space", limit)
        plain(24, "data", limit)
    # -d counts what strict overcommit counts: reservations too.
    for letter, kilobytes in (("v", 40000), ("v", 200000), ("v", 20000000),
                              ("d", 6000), ("d", 12000), ("d", 200000)):
        limit = "ulimit -%s %d" % (letter, kilobytes)
        for mode, env in modes():
            pair = lib.Pair("prog_sites", env=env, wrap=[
                "sh", "-c", limit + '; exec "$@"', "sh"])
            pair.same(24, "%s, %s: as without rcprof" % (limit, mode))
            whole(24, pair.run, limit)


def test_share():
    """Records have a share of the room under a limit; the rest is the
    program's.  What has none is counted as such, and nowhere else."""
    blocks = 1500000
    pair = lib.Pair("prog_hazards", "many", str(blocks), env=ENV, wrap=[
        "sh", "-c", 'ulimit -v 150000; exec "$@"', "sh"])
    pair.same(24, "more blocks than records: as without rcprof", STATUS)
    whole(24, pair.run, "more blocks than records")
    report = pair.run.report()
    lost = report.data["lost"]["samples_dropped"]
    lib.between(24, report.totals["allocations"] + lost, blocks, blocks + 100,
                "recorded and lost blocks make all of them")
    lib.between(24, lost, blocks // 10, blocks, "and many are lost")
    lib.between(24, report.totals["unmatched_frees"], lost, lost + 10,
                "as many frees have no record")
    lib.between(24, report.totals["live_blocks"], 0, 100,
                "none is taken to be there still")
    lib.between(24, report.totals["profiler_bytes"], 1 << 20, 48 << 20,
                "our own memory keeps to its share")


def test_huge_pages():
    plain(24, "huge")
    run = lib.Run("prog_hazards", ["huge"], env=ENV)
    lib.between(24, int(run.truth()[0][1]), 1 << 20, 1 << 40,
                "our own memory has no huge pages")


def test_locked():
    if os.geteuid() != 0:
        lib.skip(24, "mlockall", "not root")
        return
    pair = lib.Pair("prog_hazards", "locked", env=ENV)
    pair.same(24, "locked: as without rcprof", STATUS)
    bare, run = (int(r.truth()[0][1]) for r in (pair.bare, pair.run))
    lib.between(24, run - bare, 0, 48 << 20,
                "what is only reserved is not made resident")


def test_no_descriptors():
    plain(24, "no-descriptors")


def shut_out(row, what):
    """The profile can not be reached any more, and one line may say so."""
    for mode, env in modes():
        pair = lib.Pair("prog_hazards", what, env=env)
        bare, run = pair.bare, pair.run
        if "no landlock" in bare.stdout:
            lib.skip(row, "landlock", "the kernel has none")
            return
        ours, others = lib.own_lines(run.stderr)
        good = (run.status == bare.status == STATUS
                and run.stdout == bare.stdout and not others
                and len(ours) <= 1)
        if not lib.ok(row, good, "%s, %s: as without rcprof, one line of "
                      "ours at most" % (what, mode)):
            lib.tap.diag("%r %r %r" % (run.status, run.stdout, run.stderr))
        whole(row, run, "%s, %s" % (what, mode))


def test_reused():
    """A daemon that has dropped root and closes all: the number of what we
    keep may become the program's."""
    shut_out(23, "reused")


def test_landlock():
    shut_out(24, "landlock")


def test_registered_frames():
    if not os.path.exists(lib.program("prog_frames")):
        lib.skip(25, "__register_frame", "no C++ compiler")
        return
    plain(25, name="prog_frames")


def test_own_liblzma():
    """Whoever loads a liblzma first, the module gets its own."""
    folder = os.path.join(lib.scratch(), "own")
    os.mkdir(folder)
    lzma = lib.build("libversion.c", "own/liblzma.so.5", "-shared", "-fPIC",
                     "-Wl,-soname,liblzma.so.5")
    plug = lib.build("libversion.c", "own/plug.so", "-shared", "-fPIC",
                     "-DPLUG", lzma, "-Wl,-rpath,$ORIGIN")
    plain(28, "module", plug)


# --- tracers -------------------------------------------------------------------

def refused(text):
    return "Operation not permitted" in text or "Couldn't" in text


def test_gdb():
    """A debugger that comes while the program runs, looks, and goes."""
    if not shutil.which("gdb"):
        lib.skip(21, "a debugger comes and goes", "no gdb")
        return
    run = lib.Run("prog_hazards", ["attached"], env=ENV, start=False)
    process = run.start()
    time.sleep(0.5)
    done = subprocess.run(
        ["gdb", "-q", "-batch", "-p", str(process.pid), "-ex",
         "info threads", "-ex", "bt", "-ex", "break malloc", "-ex",
         "continue", "-ex", "bt", "-ex", "delete", "-ex", "detach"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=lib.clean_env(), timeout=lib.SECONDS)
    text = done.stdout.decode(errors="replace")
    run.finish(process)
    if refused(text):
        lib.skip(21, "a debugger comes and goes", "gdb may not trace here")
        return
    good = re.search(r"hit Breakpoint 1\b", text) and done.returncode == 0
    if not lib.ok(21, good, "a debugger comes, stops in malloc, and goes"):
        lib.tap.diag(text[-2000:])
    lib.is_(21, (run.status, run.stdout.splitlines()[-1:], run.stderr),
            (STATUS, ["done"], ""), "and the program ends as ever")
    whole(21, run, "a debugger")


def test_strace():
    if not shutil.which("strace"):
        lib.skip(26, "under strace", "not there")
        return
    run = lib.Run("prog_fork", ["threads"], libraries=(), env=dict(
        ENV, RCPROF_MODE="exact"), start=False, wrap=[
        "strace", "-f", "-qq", "-o", "trace", "-E",
        "LD_PRELOAD=" + lib.preload("rcprof")])
    run.env["RCPROF_OUTPUT"] = run.out + "/%n.%p.rcprof"
    run.finish(run.start())
    if refused(run.stderr):
        lib.skip(26, "under strace", "it may not trace here")
        return
    bare = lib.Run("prog_fork", ["threads"], libraries=())
    lib.is_(26, (run.status, run.stdout, run.stderr),
            (bare.status, bare.stdout, bare.stderr), "under strace: the same")
    whole(26, run, "under strace")


def test_valgrind():
    """It serves malloc itself; one line of its own about our helper."""
    if not shutil.which("valgrind"):
        lib.skip(26, "under valgrind", "not there")
        return
    for name in ("prog_sites", "prog_fork"):
        run = lib.Run(name, ["fork"], env=dict(ENV, RCPROF_OUTPUT="%n.rcprof"),
                      wrap=["valgrind", "-q", "--error-exitcode=99"])
        bare = lib.Run(name, ["fork"], libraries=())
        strange = [s for s in run.stderr.splitlines()
                   if not s.startswith("==") or "SP(" not in s]
        lib.is_(26, (run.status, run.stdout, strange),
                (bare.status, bare.stdout, []), "%s under valgrind" % name)


lib.each(test_timer, test_forks, test_room, test_share, test_huge_pages,
         test_locked, test_no_descriptors, test_reused, test_landlock,
         test_registered_frames, test_own_liblzma, test_gdb, test_strace,
         test_valgrind)

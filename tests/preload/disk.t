#!/usr/bin/env python3
"""Row 24: a full disk, a directory that cannot be written, a name that cannot
be used.  At most one line of ours; the program does not notice."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

BLOCKS, SIZE, STATUS = 300, 3011, 21

# The program in a file system of its own, whose profiles are copied out of it.
MOUNTED = """
mount -t tmpfs -o size=$SIZE,mode=777 none "$MNT" || exit 77
head -c "$FILL" /dev/zero >"$MNT/filler" || exit 77
[ "$RO" = no ] || mount -o remount,ro "$MNT" || exit 77
LD_PRELOAD=$PRELOAD RCPROF_OUTPUT=$MNT/%n.%p.rcprof RCPROF_MODE=exact "$@"
status=$?
cp "$MNT"/*.rcprof "$OUT" 2>/dev/null
exit $status
"""


def mounted(*args, size="96k", fill=65536, ro="no"):
    """(bare, profiled), or None where nothing can be mounted."""
    runs = []
    for library in ("", lib.preload("rcprof")):
        mnt = tempfile.mkdtemp(prefix="mnt-", dir=lib.scratch())
        run = lib.Run("prog_disk", [a.replace("MNT", mnt) for a in args],
                      libraries=(), start=False,
                      wrap=["unshare", "-m"] + (
                          [] if os.geteuid() == 0 else ["-Ur"])
                      + ["sh", "-c", MOUNTED, "sh"])
        run.env.update(SIZE=size, FILL=str(fill), RO=ro, MNT=mnt, OUT=run.out,
                       PRELOAD=library)
        run.finish(run.start())
        if run.status == 77 or "unshare" in run.stderr:
            return None
        runs.append(run)
    return runs


def same(bare, run, what, lines=1):
    """The program's results are its own; at most LINES of ours on stderr."""
    ours, others = lib.own_lines(run.stderr)
    good = (bare.status == run.status == STATUS and bare.stdout == run.stdout
            and others == bare.stderr.splitlines() and len(ours) <= lines)
    if not lib.ok(24, good, what):
        lib.tap.diag("status %r, want %r" % (run.status, bare.status))
        lib.tap.diag("stdout %r, want %r" % (run.stdout, bare.stdout))
        lib.tap.diag("stderr %r, want %r" % (run.stderr, bare.stderr))
    return ours


def test_full():
    runs = mounted()
    if not runs:
        lib.skip(24, "a full disk", "nothing can be mounted here")
        return
    bare, run = runs
    same(bare, run, "a full disk: as without rcprof, at most one line")
    report = run.report()
    lib.between(24, report.sum(module="prog_disk")["allocations"], 5,
                BLOCKS - 1, "a full disk: the file opens, with what fitted")
    lib.ok(24, report.adds_up(), "a full disk: sites make the totals")


def test_full_for_a_while():
    runs = mounted("-f", "MNT/filler")
    if not runs:
        lib.skip(24, "a full disk", "nothing can be mounted here")
        return
    # Room for the rest only if the marks in between are dropped.
    runs = mounted("-f", "MNT/filler", size="256k", fill=180000)
    bare, run = runs
    same(bare, run, "a disk that is full for a while: as without rcprof")
    report = run.report()
    sums = report.sum(module="prog_disk")
    lib.is_(24, (sums["allocations"], sums["allocated_bytes"]),
            (BLOCKS, BLOCKS * SIZE), "full for a while: no number is lost")
    lib.between(24, sum(report.data["lost"].values()), 1, BLOCKS,
                "full for a while: what was dropped is counted")
    lib.ok(24, report.adds_up(), "full for a while: sites make the totals")


def test_read_only():
    runs = mounted(ro="yes", size="1m", fill=1)
    if not runs:
        lib.skip(24, "a read-only disk", "nothing can be mounted here")
        return
    ours = same(*runs, "a read-only disk: as without rcprof")
    lib.is_(24, len(ours), 1, "a read-only disk: one line says so")
    lib.ok(24, ours and "Read-only" in ours[0], "and why: %s" % (ours,))


def test_names():
    bare = lib.Run("prog_disk", libraries=())
    folder = tempfile.mkdtemp(dir=lib.scratch())
    target = os.path.join(folder, "target")
    with open(target, "w") as f:
        f.write("precious")
    os.symlink(target, os.path.join(folder, "link"))
    os.symlink("nothing", os.path.join(folder, "dangling"))
    os.symlink("loop", os.path.join(folder, "loop"))
    with open(os.path.join(folder, "there.rcprof"), "w") as f:
        f.write("precious")
    for name, output in (
            ("no such place", "/proc/no/such/place/x.rcprof"),
            ("a file as a directory", "/etc/passwd/x.rcprof"),
            ("/dev/full", "/dev/full"), ("/dev/null", "/dev/null"),
            ("a directory", folder),
            ("a name that is too long", folder + "/" + 300 * "x"),
            ("a path that is too long", folder + 500 * "/x0123456789"),
            ("a symlink", folder + "/link"),
            ("a dangling symlink", folder + "/dangling"),
            ("a loop of symlinks", folder + "/loop/x"),
            ("an empty name", ""),
            ("a bad format", folder + "/%z%%%"),
            ("a file that is there", folder + "/there.rcprof")):
        run = lib.Run("prog_disk", env={"RCPROF_OUTPUT": output})
        ours = same(bare, run, "output is %s: as without rcprof" % name)
        left = glob.glob(run.cwd + "/*.rcprof")
        lib.ok(24, ours or left or name in (
            "a file that is there", "a bad format", "a directory",
            "a symlink", "a dangling symlink", "a path that is too long"),
            "output is %s: one line, or a profile" % name)
    with open(target) as f, open(folder + "/there.rcprof") as g:
        lib.is_(24, (f.read(), g.read()), ("precious", "precious"),
                "no file that was there is written to")
    lib.ok(24, not os.path.exists(folder + "/nothing"),
           "nothing is made at the end of a symlink")
    beside = [p for p in glob.glob(folder + "/there*")
              if not p.endswith("/there.rcprof")]
    lib.is_(24, len(beside), 1, "a file that is there gets a counter beside it")
    lib.is_(24, lib.report(beside[0]).sum(module="prog_disk")["allocations"],
            BLOCKS, "which holds the profile")
    lib.is_(24, oct(os.stat(beside[0]).st_mode & 0o777), "0o600",
            "nobody else may read it")


def test_no_permission():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        lib.skip(24, "a directory of somebody else's", "not root")
        return
    somebody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.call(somebody + ["test", "-r", lib.preload("rcprof")]) != 0:
        lib.skip(24, "a directory of somebody else's",
                 "the build is in one itself")
        return
    folder = tempfile.mkdtemp(dir=lib.scratch())
    runs = []
    for library in ("", lib.preload("rcprof")):
        run = lib.Run("prog_disk", libraries=(), start=False, wrap=somebody + [
            "env", "LD_PRELOAD=" + library,
            "RCPROF_OUTPUT=" + folder + "/x.rcprof"])
        run.finish(run.start())
        runs.append(run)
    ours = same(*runs, "somebody else's directory: as without rcprof")
    lib.ok(24, len(ours) == 1 and "Permission denied" in ours[0],
           "somebody else's directory: one line says why: %s" % (ours,))


def test_limit():
    for size in (0, 100, 20000):
        pair = lib.Pair("prog_disk", "-l", size)
        same(pair.bare, pair.run, "RLIMIT_FSIZE %d: as without rcprof" % size)


def test_stderr():
    for output in ("/proc/no/such/place", "/dev/full"):
        pair = lib.Pair("prog_disk", "-e", "err", output=output)
        same(pair.bare, pair.run, "another file as stderr: as without rcprof",
             0)
        with open(os.path.join(pair.run.cwd, "err")) as f:
            lib.is_(24, f.read(), "the last line\n",
                    "nothing of ours in what has become stderr")


lib.each(test_full, test_full_for_a_while, test_read_only, test_names,
         test_no_permission, test_limit, test_stderr)

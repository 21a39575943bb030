#!/usr/bin/env python3
"""Each system call that the library makes is refused: the first, the second,
and so on, and from one on for good.  The program's output and exit status
stay, and its profile opens, or a line says why there is none."""
import concurrent.futures
import errno
import os
import platform
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

COUNT = -1
E = errno
# RCPROF_FAULTS=all: each, not just the first and one of the rest; and in all
# modes.
ALL = os.environ.get("RCPROF_FAULTS") == "all"
MODES = {
    "exact": {},
    "objects": {"RCPROF_OBJECTS": "on"},
    "sample": {"RCPROF_MODE": "sample", "RCPROF_RATE": "4K",
               "RCPROF_SEED": "1", "RCPROF_OBJECTS": "on"},
}
# What the kernel says of each when it refuses.  A sandbox's EPERM comes to
# all of them.
ERRORS = {
    0: ("read", [E.EIO]), 1: ("write", [E.ENOSPC, E.EINTR]),
    3: ("close", [E.EIO]), 5: ("fstat", [E.EIO]), 7: ("poll", [E.EINTR]),
    8: ("lseek", [E.EIO]), 9: ("mmap", [E.ENOMEM]),
    10: ("mprotect", [E.ENOMEM]), 11: ("munmap", [E.ENOMEM]),
    14: ("rt_sigprocmask", []), 16: ("ioctl", []),
    17: ("pread64", [E.EINTR]), 18: ("pwrite64", [E.ENOSPC, E.EINTR]),
    24: ("sched_yield", []), 25: ("mremap", [E.ENOMEM]),
    27: ("mincore", [E.EAGAIN]), 28: ("madvise", [E.EINVAL]),
    35: ("nanosleep", [E.EINTR]), 39: ("getpid", None),
    56: ("clone", [E.EAGAIN]), 60: ("exit", None), 63: ("uname", []),
    72: ("fcntl", [E.EMFILE]), 73: ("flock", [E.EINTR]),
    77: ("ftruncate", [E.EIO]),
    79: ("getcwd", [E.ENOENT]), 91: ("fchmod", []), 98: ("getrusage", []),
    107: ("geteuid", []), 110: ("getppid", None), 127: ("rt_sigpending", []),
    128: ("rt_sigtimedwait", [E.EAGAIN]), 150: ("munlock", []),
    157: ("prctl", []), 186: ("gettid", None), 202: ("futex", [E.EINTR]),
    217: ("getdents64", [E.EIO]), 228: ("clock_gettime", []),
    234: ("tgkill", [E.ESRCH]), 257: ("openat", [E.EMFILE, E.EACCES]),
    258: ("mkdirat", [E.EACCES]), 262: ("newfstatat", [E.ENOENT]),
    263: ("unlinkat", [E.EACCES]), 265: ("linkat", [E.EEXIST]),
    267: ("readlinkat", [E.EACCES]),
    271: ("ppoll", [E.EINTR]), 280: ("utimensat", []),
    302: ("prlimit64", []), 316: ("renameat2", [E.EACCES]),
    318: ("getrandom", [E.EAGAIN]), 324: ("membarrier", []),
    436: ("close_range", [E.ENOSYS, E.EMFILE]),
}
# None: these cannot fail, and no filter in use refuses them.
# A wake-up that is refused for good leaves its sleeper asleep, libc's as ours.
FUTEX = 202

PYTHON = """
import json, os, sys, threading, time
keep = [bytearray(5000) for i in range(200)]
seen = []
t = threading.Thread(target=lambda: seen.append(len(json.dumps([1] * 1000))))
t.start(); t.join()
# 3.12 warns of a fork beside a thread that has not quite ended.
while os.path.exists("/proc/self/task/%d" % t.native_id):
    time.sleep(0.001)
pid = os.fork()
if pid == 0:
    keep += [bytes(3000) for i in range(100)]
    sys.exit(3)
print(os.waitpid(pid, 0)[1] >> 8, seen, len(keep))
time.sleep(0.03)
sys.stderr.write("its own line\\n")
sys.exit(5)
"""


def adds_up(report):
    if report.data["mode"] == "exact":
        return report.adds_up()
    # Each site's estimate is rounded.
    return abs(sum(s["allocated_bytes"] for s in report.sites)
               - report.totals["allocated_bytes"]) <= len(report.sites)


class Failing(lib.Run):
    """A program in which the Nth CALL of the library fails with ERROR."""

    def __init__(self, argv, mode, call, n, error, seconds=60):
        super().__init__(argv[0], argv[1:], start=False, env=MODES[mode])
        self.argv = [lib.program("failer"), lib.tap.PRELOAD, "calls",
                     str(call), str(n), str(error)] + self.argv
        del self.env["LD_PRELOAD"]
        self.env.update(RCPROF_INTERVAL="10ms", RCPROF_RSS_INTERVAL="5ms",
                        PYTHONDONTWRITEBYTECODE="1")
        self.finish(self.start(), seconds)
        self.calls = {}
        if self.status != -9:
            with open(os.path.join(self.cwd, "calls")) as f:
                self.calls = {int(a): int(b) for a, b in map(str.split, f)}

    def fault(self, bare):
        """What is wrong with it, or None."""
        ours, others = lib.own_lines(self.stderr)
        if self.status != bare.status:
            return "status %r: %s" % (self.status, self.stderr[-300:])
        if self.stdout != bare.stdout or \
                others != bare.stderr.splitlines():
            return "output %r, %r" % (self.stdout, self.stderr[-300:])
        if len(ours) > 1:
            return "lines %r" % (ours,)
        if not self.files() and not ours:
            return "no profile, and no line that says why"
        for path in self.files():
            try:
                report = lib.report(path)
                if not adds_up(report):
                    return "%s: sites do not make the totals" % path
                if any(s["live_blocks"] < 0 for s in report.sites):
                    return "%s: more freed than allocated" % path
            except lib.Broken as e:
                return str(e)
        return None


def chosen(times, error):
    """Which of TIMES calls fail: n alone, -n and all after it."""
    middle = times // 2 + 1
    if ALL:
        some = set(range(1, times + 2))
    elif error == E.EPERM:
        some = set()  # a sandbox refuses for good
    else:
        some = {1, middle}
    # What was interrupted goes through when it is tried again.
    if error != E.EINTR:
        some.add(-1)
        if ALL or error == E.EPERM:
            some.add(-middle)
    return sorted(some)


def refuse(pool, bare, argv, mode, name, call, times, error):
    what = "%s, %s: %s of ours refused with %s" % (
        name, mode, ERRORS[call][0], errno.errorcode[error])
    plans = chosen(times, error)
    found = []
    for n, run in zip(plans, pool.map(
            lambda n: Failing(argv, mode, call, n, error), plans)):
        fault = run.fault(bare)
        if fault:
            found.append("%s: %s" % (
                "number %d" % n if n > 0 else "all from %d on" % -n, fault))
    if not lib.ok(24, not found, "%s, %d of %d" % (what, len(plans), times)):
        for line in found[:8]:
            lib.tap.diag(line)


def sweep(name, argv, mode):
    bare = lib.Run(argv[0], argv[1:], libraries=())
    seen = {}
    for _ in range(2):
        run = Failing(argv, mode, COUNT, 0, 0)
        fault = run.fault(bare)
        if not lib.ok(24, not fault, "%s, %s: watched, it is as ever" % (
                name, mode)):
            lib.tap.diag(fault)
            return
        for call, times in run.calls.items():
            seen[call] = max(times, seen.get(call, 0))
    lib.is_(24, sorted(set(seen) - set(ERRORS)), [],
            "%s, %s: the list of calls is whole" % (name, mode))
    only = os.environ.get("CALL")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for call in sorted(set(seen) & set(ERRORS)):
            errors = ERRORS[call][1]
            if errors is None or only not in (None, ERRORS[call][0]):
                continue
            for error in errors + [E.EPERM] * (call != FUTEX):
                refuse(pool, bare, argv, mode, name, call, seen[call],
                       error)


def test_native():
    for mode in ("exact", "sample") if ALL else ("exact",):
        sweep("a program with forks", ["prog_fork", "fork"], mode)


def program():
    path = os.path.join(lib.scratch(), "some.py")
    with open(path, "w") as f:
        f.write(PYTHON)
    return path


def test_python():
    pythons = lib.tap.pythons()
    for python, version in pythons[:1] if not os.environ.get("ALL") \
            else pythons:
        for mode in MODES if ALL else ("objects",):
            sweep(version, [python, "-S", program()], mode)


def test_libraries():
    """What is loaded by name is not there, is no library, or is another."""
    empty = lib.build("libversion.c", "other.so", "-shared", "-fPIC")
    python, version = lib.tap.pythons()[0]
    argv = [python, program()]
    bare = lib.Run(argv[0], argv[1:], libraries=())
    for what in ("no library", "another library", "a folder"):
        folder = os.path.join(lib.scratch(), what.replace(" ", "-"))
        os.mkdir(folder)
        for name in ("libZydis.so.4.0", "libZydis.so.4", "libunwind.so.8"):
            path = os.path.join(folder, name)
            if what == "a folder":
                os.mkdir(path)
            elif what == "another library":
                os.symlink(empty, path)
            else:
                with open(path, "w") as f:
                    f.write("no library")
        for mode, native in (("objects", "on"), ("sample", "on")):
            run = lib.Run(argv[0], argv[1:], env=dict(
                MODES[mode], LD_LIBRARY_PATH=folder, RCPROF_NATIVE=native))
            good = (run.status, run.stdout, run.stderr) == (
                bare.status, bare.stdout, bare.stderr)
            if not lib.ok(24, good, "%s in the place of what we load, %s: as "
                          "without rcprof" % (what, mode)):
                lib.tap.diag("%r" % ((run.status, run.stdout, run.stderr),))
            lib.ok(24, run.files() and all(adds_up(lib.report(p))
                                           for p in run.files()),
                   "%s: its profiles open" % what)


if platform.machine() != "x86_64":
    lib.tap.skip_all("failer.c knows only x86-64's registers")
lib.each(test_native, test_python, test_libraries)

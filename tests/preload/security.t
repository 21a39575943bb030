#!/usr/bin/env python3
"""Row 27, and what stands in a profile's way on purpose: files that somebody
else has laid in a folder which all may write, a umask of 0, values and names
that speak to a terminal."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

NOBODY, OTHER = 65534, 65533


def public_folder(name):
    folder = os.path.join(lib.scratch(), name)
    os.mkdir(folder)
    os.chmod(folder, 0o1777)
    return folder


def precious(folder):
    path = os.path.join(folder, "precious")
    with open(path, "w") as f:
        f.write("precious")
    return path


def plant(path, target=None, fifo=False):
    if fifo:
        os.mkfifo(path)
    elif target:
        os.symlink(target, path)
    else:
        with open(path, "w") as f:
            f.write("planted")
        os.chmod(path, 0o666)
    if os.geteuid() == 0:
        os.chown(path, OTHER, OTHER, follow_symlinks=False)


def as_nobody():
    """What runs the program as another user than who planted; root's tests
    alone can."""
    somebody = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY,
                "--clear-groups"]
    if os.geteuid() == 0 and subprocess.call(
            somebody + ["test", "-r", lib.preload("rcprof")],
            stderr=subprocess.DEVNULL) == 0:
        return somebody
    return []


def run(output):
    """prog_disk, preloaded only behind what changes the user."""
    r = lib.Run("prog_disk", libraries=(), start=False, wrap=as_nobody() + [
        "env", "LD_PRELOAD=" + lib.preload("rcprof")])
    os.chmod(r.cwd, 0o777)
    r.env.update(RCPROF_OUTPUT=output, RCPROF_MODE="exact")
    r.finish(r.start())
    return r


def test_planted():
    bare = lib.Run("prog_disk", libraries=())
    for what, how in (("a symlink", "link"), ("a FIFO", "fifo"),
                      ("a file", "file")):
        folder = public_folder("all-" + how)
        target = precious(folder)
        os.chmod(target, 0o666)
        for name in ("x.rcprof", "x.1.rcprof"):
            plant(os.path.join(folder, name),
                  target if how == "link" else None, how == "fifo")
        r = run(folder + "/x.rcprof")
        ours, others = lib.own_lines(r.stderr)
        lib.is_(27, (r.status, r.stdout, others), (
            bare.status, bare.stdout, bare.stderr.splitlines()),
            "%s where the profile should be: as without rcprof" % what)
        with open(target) as f:
            lib.is_(27, f.read(), "precious",
                    "%s: nothing is written through it" % what)
        made = os.path.join(folder, "x.2.rcprof")
        if how == "fifo":
            lib.ok(27, len(ours) == 1, "a FIFO: one line says so: %r" % ours)
            continue
        report = lib.report(made)
        lib.ok(27, report.adds_up() and not ours,
               "%s: the profile is beside it, and whole" % what)
        lib.is_(27, oct(os.stat(made).st_mode & 0o7777), "0o600",
                "%s: for its owner alone" % what)
        if how == "file":
            with open(os.path.join(folder, "x.rcprof")) as f:
                lib.is_(27, f.read(), "planted", "the file is as it was")


def test_umask():
    folder = os.path.join(lib.scratch(), "made")
    r = lib.Run("prog_fork", ["fork"], output=folder + "/by/us/%n.%p.rcprof",
                wrap=["sh", "-c", 'umask 0; exec "$@"', "sh"])
    lib.is_(27, (r.status, r.stderr), (0, ""), "a umask of 0: it runs")
    files = [os.path.join(folder + "/by/us", n)
             for n in os.listdir(folder + "/by/us")]
    lib.is_(27, sorted({oct(os.stat(f).st_mode & 0o7777) for f in files}),
            ["0o600"], "%d profiles, for their owner alone" % len(files))
    lib.is_(27, [d for d in ("", "/by", "/by/us")
                 if os.stat(folder + d).st_mode & 0o002], [],
            "folders that we make are not for all to write")


def test_words():
    evil = "\x1b[2J\nrcprof: \x9b31m"
    for name in ("RCPROF_MODE", "RCPROF_RATE", "RCPROF_OUTPUT"):
        value = "/proc/" + evil if name == "RCPROF_OUTPUT" else evil
        r = lib.Run("prog_disk", env={name: value})
        ours, others = lib.own_lines(r.stderr)
        lib.ok(27, len(ours) == 1 and others == ["the last line"]
               and not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f]", ours[0]),
               "%s with control characters: one clean line: %r" % (
                   name, ours))
    path = os.path.join(lib.scratch(), "pr\x1b[2J\nog")
    os.symlink(lib.program("prog_disk"), path)
    r = lib.Run(path, output="/proc/%n/x.rcprof")
    ours, others = lib.own_lines(r.stderr)
    lib.ok(27, len(ours) == 1 and others == ["the last line"]
           and "\x1b" not in ours[0], "a program's name with them: %r" % ours)


lib.each(test_planted, test_umask, test_words)

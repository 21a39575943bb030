#!/usr/bin/env python3
"""Row 27: programs that the preload cannot or may not enter, and scripts.
A clear line or silence, never a broken run."""
import os
import shutil
import stat
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

FOLLOW = ({}, {"RCPROF_FOLLOW": "all"})


def untouched(pair, what, status):
    """As bare; and nobody was profiled."""
    bare, run = pair.bare, pair.run
    ours, others = lib.own_lines(run.stderr)
    good = (bare.status == run.status == status
            and bare.stdout == run.stdout and len(ours) <= 1
            and [s for s in others if "ld.so" not in s]
            == bare.stderr.splitlines())
    if not lib.ok(27, good, "%s: as without rcprof" % what):
        lib.tap.diag("bare %r" % ((bare.status, bare.stdout, bare.stderr),))
        lib.tap.diag("with %r" % ((run.status, run.stdout, run.stderr),))
    lib.is_(27, [os.path.basename(p) for p in run.files()], [],
            "%s: no profile" % what)


def test_static():
    program = lib.build("prog_hello.c", "hello-static", "-static")
    if not program:
        lib.skip(27, "a static program", "cannot be linked here")
        return
    untouched(lib.Pair(program, "world"), "a static program", 5)


def test_musl():
    if not shutil.which("musl-gcc"):
        lib.skip(27, "a program of musl", "no musl-gcc")
        return
    program = lib.build("prog_hello.c", "hello-musl", compiler="musl-gcc")
    untouched(lib.Pair(program, "world"), "a program of musl", 5)


def test_setuid():
    program = lib.build("prog_hello.c", "hello-setuid")
    if os.geteuid() != 0:
        lib.skip(27, "a setuid program", "not root")
        return
    os.chown(program, 65534, 65534)
    os.chmod(program, 0o4755)
    if os.statvfs(program).f_flag & os.ST_NOSUID:
        lib.skip(27, "a setuid program", "mounted nosuid")
        return
    pair = lib.Pair(program, "world")
    untouched(pair, "a setuid program", 5)
    lib.ok(27, "of 1" in pair.run.stdout, "it did change its user")


def script(name, text):
    path = os.path.join(lib.scratch(), name)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o755)
    return path


def test_scripts():
    lines = "x=$(echo from a subshell)\necho $x $0 $1 | sed 's,/.*/,,'\n" \
            "/bin/true\nfalse\necho on stderr >&2\nexit 7\n"
    shebang = script("with-shebang", "#!/bin/sh\n" + lines)
    plain = script("without-shebang", lines)
    awk = script("of-awk", "#!/usr/bin/awk -f\nBEGIN { print 6 * 7 }\n")
    nowhere = script("of-nowhere", "#!/no/such/interpreter\n")
    for env in FOLLOW:
        name = env.get("RCPROF_FOLLOW", "python")
        for path, status in ((shebang, 7), (awk, 0)):
            pair = lib.Pair(path, "one", env=env)
            pair.same(27, "--follow %s: as without rcprof" % name, status)
            for file in pair.run.files():
                lib.ok(27, lib.report(file).adds_up(),
                       "--follow %s: a profile of %s" % (
                           name, os.path.basename(file).split(".")[0]))
        # Only execvp makes a shell script of what has no first line.
        pair = lib.Pair("/usr/bin/env", plain, "one", env=env)
        pair.same(27, "no first line, --follow %s: as without rcprof" % name,
                  7)
        pair = lib.Pair("/usr/bin/env", nowhere, env=env)
        pair.same(27, "no such interpreter, --follow %s" % name, 127)


def test_loader_by_name():
    """The loader as a program, with the program as its argument."""
    program = lib.build("prog_hello.c", "hello-plain")
    loader = "/lib64/ld-linux-x86-64.so.2"
    if not os.path.exists(loader):
        lib.skip(27, "the loader by its name", "another architecture")
        return
    pair = lib.Pair(loader, program, "world")
    pair.same(27, "the loader by its name: as without rcprof", 5)
    mode = os.stat(program).st_mode
    os.chmod(program, mode & ~stat.S_IRUSR & 0o111)
    pair = lib.Pair(program, "world")
    pair.same(27, "a program that nobody may read: as without rcprof", 5)


lib.each(test_static, test_musl, test_setuid, test_scripts,
         test_loader_by_name)

#!/usr/bin/env python3
"""rcprof run: what is started and how, and what is refused."""
import glob
import json
import os
import shutil
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import tap  # noqa: E402


def run(*args, **env):
    return views.run("run", *args, **env)


def script(name, text, mode=0o755):
    with open(name, "w") as f:
        f.write(text)
    os.chmod(name, mode)
    return name


# The program sees its arguments, and LD_PRELOAD and the options in its
# environment.
status, out, err = run("-i", "250ms", "-q", "sh", "-c",
                       'echo "$RCPROF_INTERVAL|$RCPROF_QUIET|$*"; exit 7',
                       "sh", "-i", "--", "--top")
tap.is_((status, out), (7, "250ms|1|-i -- --top\n"),
        "flags become variables; the command's own flags are its own")
status, out, err = run("sh", "-c", 'echo "$LD_PRELOAD"')
tap.is_(out.strip(), os.path.join(os.path.realpath(tap.BUILD),
                                  "librcprof.so"),
        "the library is the one beside the command")
if views.SANITIZED:
    tap.skip("another preload stays, behind", "ASan does not allow it")
else:
    status, out, err = run("-q", "sh", "-c", 'echo "$LD_PRELOAD"',
                           LD_PRELOAD="libm.so.6")
    tap.like(out, r"librcprof\.so:libm\.so\.6$",
             "another preload stays, behind")
shutil.copy(os.path.join(tap.BUILD, "librcprof.so"), "other.so")
status, out, err = run("-q", "sh", "-c", 'echo "$LD_PRELOAD"',
                       RCPROF_LIBRARY="./other.so")
tap.is_(out.strip(), os.path.realpath("other.so"),
        "RCPROF_LIBRARY, made absolute")
os.makedirs("moved/bin")
os.makedirs("moved/lib")
shutil.copy(tap.RCPROF, "moved/bin")
shutil.copy("other.so", "moved/lib/librcprof.so")
done = subprocess.run(["moved/bin/rcprof", "run", "-q", "sh", "-c",
                       'echo "$LD_PRELOAD"'], stdout=subprocess.PIPE,
                      env=views.ENV)
tap.is_(done.stdout.decode().strip(), os.path.realpath(
    "moved/lib/librcprof.so"), "../lib of a command that was moved")
status, out, err = run("-q", "--", "sh", "-c", "kill -TERM $$")
tap.is_(status, -15, "a signal ends the command as it would the program")
profiles = glob.glob("*.rcprof")
tap.ok(profiles, "profiles stand where it was started")
for name in profiles:
    os.unlink(name)

# Python by the PATH.
script("app.py", "import sys\nprint(sys.argv, __name__, sys.path[0])\n",
       0o644)
plain = subprocess.run(["python3", "app.py", "a", "-c"], env=views.ENV,
                       stdout=subprocess.PIPE).stdout.decode()
status, out, err = run("app.py", "a", "-c")
tap.is_((status, out), (0, plain), "run app.py")
name, = glob.glob("app.*.rcprof")
tap.like(err, r"^rcprof: app\.\d+\.rcprof: peak .*; see: rcprof report\n$",
         "one line at the end")
report = json.loads(views.good("report", "--json", name))
tap.is_(report["command"][1:], ["app.py", "a", "-c"],
        "the profile knows its command")
tap.ok(report["python"] and report["totals"]["allocations"] > 1000,
       "the profile is that of a Python program")
os.unlink(name)
for args, what in ((["-c", "import sys; print(sys.argv)", "x"], "-c code"),
                   (["-m", "app", "x"], "-m module"),
                   (["--", "-m", "app", "x"], "-- -m module")):
    want = subprocess.run(["python3"] + [a for a in args if a != "--"],
                          stdout=subprocess.PIPE, env=views.ENV).stdout
    status, out, err = run("-q", *args)
    tap.is_((status, out), (0, want.decode()), "run %s" % what)
os.mkdir("bin")
script("bin/python3", "#!/bin/sh\necho venv \"$@\"\n")
status, out, err = run("-q", "app.py", "1", PATH=os.path.abspath("bin") +
                       ":/usr/bin:/bin")
tap.is_(out, "venv app.py 1\n", "the PATH's python, so a virtual one")
os.rename("bin/python3", "bin/python")
status, out, err = run("-q", "-c", "1", PATH=os.path.abspath("bin") +
                       ":/nonexistent")
tap.is_(status, 0, "python, where there is no python3")
os.mkdir("none")
views.refused("run", "app.py", PATH=os.path.abspath("none"), status=127,
              regex="^rcprof run: neither python3 nor python is in the PATH",
              description="no python at all")
for name in glob.glob("*.rcprof"):
    os.unlink(name)

# What cannot be started.
script("plain", "echo no\n", 0o644)
script("lost", "#!/no/such/interpreter\n")
BAD = [
    (["no-such-command"], 127, "no-such-command: command not found"),
    (["./no-such-file"], 127, "./no-such-file: No such file or directory"),
    (["./plain"], 126, "./plain: Permission denied"),
    (["/"], 126, "/: Is a directory"),
    (["./lost"], 127, "./lost: its interpreter /no/such/interpreter: No "
     "such file"),
    ([], 2, "no command given; usage: rcprof run"),
    (["--interval", "soon", "true"], 2, '--interval: "soon" is not valid; '
     "allowed: a time from 10ms to 24h"),
    (["-i0", "true"], 2, '--interval: "0" is not valid'),
    (["--mode", "fast", "true"], 2, '--mode: "fast" is not valid; allowed: '
     "sample, exact or idle"),
    (["--temporary=-1", "true"], 2, '--temporary: "-1" is not valid'),
    (["--follow", "me", "true"], 2, '--follow: "me" is not valid'),
    (["--memory-limit", "1K", "true"], 2, '--memory-limit: "1K" is not '),
    (["--file-limit", "1000K", "true"], 2, '--file-limit: "1000K" is not '
     "valid; allowed: a size of at least 1M"),
    (["--signal", "SIGKILL", "true"], 2, '--signal: "SIGKILL" is not valid'),
    (["--output", "", "true"], 2, '--output: "" is not valid'),
    (["--frobnicate", "true"], 2, "--frobnicate: no such option"),
]
for args, status, why in BAD:
    views.refused("run", *args, status=status,
                  regex="^rcprof run: " + why.replace("(", r"\("),
                  description="[row 27] run %s: status %d" % (
                      " ".join(args), status))
views.refused("run", "touch", "touched", RCPROF_INTERVAL="never", status=2,
              regex='^rcprof run: RCPROF_INTERVAL: "never" is not valid; '
              "allowed: a time", description="a bad variable")
tap.ok(not os.path.exists("touched"), "and the program was not started")
status, out, err = run("-q", "-i", "1s", "true", RCPROF_INTERVAL="never")
tap.is_(status, 0, "a flag is stronger than a bad variable")
views.refused("run", "true", RCPROF_LIBRARY="/no/librcprof.so", status=1,
              regex="^rcprof run: /no/librcprof.so: No such file",
              description="no library")
os.mkdir("a b")
shutil.copy("other.so", "a b/librcprof.so")
views.refused("run", "true", RCPROF_LIBRARY="a b/librcprof.so", status=1,
              regex="LD_PRELOAD cannot hold a path with a space",
              description="a library that LD_PRELOAD cannot name")

# ELF files into which nothing can be preloaded.
cc = os.environ.get("CC", "cc").split()
script("hello.c", "int main(void) { return 0; }\n", 0o644)


def compiled(name, *flags):
    return subprocess.run(cc + list(flags) + ["-o", name, "hello.c"],
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


for name, flags, why in (("static", ["-static"], "statically linked"),
                         ("pie", ["-static-pie"], "statically linked")):
    if compiled(name, *flags):
        views.refused("run", "./" + name, status=126, regex=why,
                      description="[row 27] %s" % " ".join(flags))
    else:
        tap.skip("[row 27] %s" % " ".join(flags), "the compiler cannot")
if shutil.which("musl-gcc"):
    subprocess.run(["musl-gcc", "-o", "musl", "hello.c"], check=True)
    views.refused("run", "./musl", status=126, regex="uses musl",
                  description="[row 27] a program of musl")
else:
    tap.skip("[row 27] a program of musl", "no musl-gcc")
compiled("hello")
with open("hello", "rb") as f:
    elf = bytearray(f.read())
for name, place, value, why in (("elf32", 4, 1, "a 32-bit program"),
                                ("alien", 18, 8, "another architecture")):
    elf2 = bytearray(elf)
    elf2[place] = value
    with open(name, "wb") as f:
        f.write(elf2)
    os.chmod(name, 0o755)
    views.refused("run", "./" + name, status=126, regex=why,
                  description="[row 27] %s" % why)
with open("stub", "wb") as f:
    f.write(elf[:20])
os.chmod("stub", 0o755)
views.refused("run", "./stub", status=126, regex="not a whole ELF file",
              description="[row 27] the beginning of a program")
script("by-static", "#!%s\n" % os.path.abspath("static"))
if os.path.exists("static"):
    views.refused("run", "./by-static", status=126, regex="statically linked",
                  description="[row 27] a script of such an interpreter")
if os.getuid() == 0:
    shutil.copy("hello", "setuid")
    os.chown("setuid", 65534, 65534)
    os.chmod("setuid", 0o755 | stat.S_ISUID)
    views.refused("run", "./setuid", status=126, regex="setuid",
                  description="[row 27] a setuid program")
else:
    tap.skip("[row 27] a setuid program", "only root can make one")
tap.is_(run("-q", "./hello")[0], 0, "and the plain one runs")
tap.done()

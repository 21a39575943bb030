#!/usr/bin/env python3
"""Row 47: however a program starts, it sees of rcprof nothing, and its profile
has the name that the contract gives it."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

# Everything by which a program could tell.
LOOK = """
import sys, os, signal, threading, warnings, gc
import __main__
print(sys.argv, sys.path, sys.executable, sys.prefix, sys.flags)
print(sys.base_prefix, sys.exec_prefix, getattr(sys, "orig_argv", None))
print(sorted(vars(__main__)), __main__.__name__)
print(__main__.__spec__ and __main__.__spec__.name,
      getattr(__main__, "__file__", None), __main__.__doc__)
# The end is heard of by atexit, a module that 3.8 and 3.9 must import for it.
print(sorted(m for m in sys.modules
             if m != "atexit" or sys.version_info >= (3, 10)))
print(sorted(k for k in os.environ
             if k != "LD_PRELOAD" and not k.startswith("RCPROF_")))
print([(s, signal.getsignal(s)) for s in range(1, 65)
       if s not in (32, 33) and signal.getsignal(s) is not None])
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
print(threading.active_count(), [t.name for t in threading.enumerate()])
print(sorted(int(f) for f in os.listdir("/proc/self/fd") if int(f) < 100))
print(sys.gettrace(), sys.getprofile(), gc.get_threshold(), gc.isenabled(),
      warnings.filters, sys.warnoptions, len(sys.meta_path))
print(sys.getrecursionlimit(), sys.stdin.isatty(), os.getcwd(),
      os.umask(0o22), os.nice(0), os.getpgrp() == os.getpid())
if not sys.flags.isolated:
    print(sys.stdin.read())
keep = bytes(345678)
"""


def write(folder, name, text, mode=0o644):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def make(py):
    """A folder with a script, a module, a package, an entry point."""
    folder = os.path.join(lib.scratch(), "start-" + py.name)
    write(folder, "app.py", LOOK)
    write(folder, "module.py", LOOK)
    write(folder, "pack/__init__.py", "")
    write(folder, "pack/__main__.py", LOOK)
    write(folder, "no_suffix", LOOK)
    write(folder, "two.dots.py", LOOK)
    write(folder, "sp ace/my app.py", LOOK)
    write(folder, "entry.py", "def main():\n    global keep\n"
          + "".join("    %s\n" % line for line in LOOK.splitlines()))
    write(folder, "bin/tool", "#!%s\nimport os, sys\n"
          "sys.path.insert(0, os.getcwd())\nfrom entry import main\n"
          "sys.exit(main())\n" % py.path, 0o755)
    return folder


def ways(py, folder):
    """(what, argv, stdin, name of the profile)"""
    p = [py.path]
    bare = r"python(\d+(\.\d+)?)?"
    yield "a script", p + ["app.py", "-x", "a b", ""], "in", "app"
    yield "a path", p + [folder + "/app.py"], "in", "app"
    yield "options", p + ["-B", "-X", "utf8", "-W", "error", "-Wd", "-sE",
                          "app.py", "-c"], "in", "app"
    yield "a script with spaces", p + ["sp ace/my app.py"], "in", "my app"
    yield "a script with no suffix", p + ["no_suffix"], "in", "no_suffix"
    yield "a script with dots", p + ["two.dots.py"], "in", r"two\.dots"
    yield "-m", p + ["-m", "module", "-v"], "in", "module"
    yield "-m in one word", p + ["-Bmmodule"], "in", "module"
    yield "-m of a package", p + ["-m", "pack", "1"], "in", "pack"
    yield "-c", p + ["-c", LOOK, "-m", "x"], "in", bare
    yield "-I", p + ["-I", "app.py", "y"], "", "app"
    yield "-I -c", p + ["-I", "-c", LOOK], "", bare
    yield "-S", p + ["-S", "app.py"], "in", "app"
    yield "stdin", p + ["-", "z"], LOOK.replace("print(sys.stdin.read())",
                                               "pass"), bare
    yield "stdin, no argument", p, LOOK.replace(
        "print(sys.stdin.read())", "pass"), bare
    yield "an entry point", [folder + "/bin/tool", "--flag"], "in", "tool"
    yield "a folder", p + ["pack"], "in", "(pack|__main__)"


def check(py, what, argv, stdin, name, folder):
    case = lib.Case(py, 47, None, argv=argv, cwd=folder,
                    stdin=stdin.encode())
    case.same(what + ": it sees no difference")
    py.is_(47, case.run.status, 0, what + ": runs")
    file = os.path.basename(case.file())
    py.ok(47, re.match(r"^%s\.\d+\.rcprof$" % name, file),
          "%s: its profile is %s" % (what, file))
    report = case.biggest()
    py.ok(47, any(0 <= s["live_bytes"] - 345711 < 2000
                  for s in report.sites if s["py"]),
          what + ": its block is there")


def test_starts(py):
    folder = make(py)
    for way in ways(py, folder):
        check(py, *way, folder)


def test_venv(py):
    folder = make(py)
    venv = os.path.join(lib.scratch(), "venv-" + py.name)
    made = subprocess.run([py.path, "-m", "venv", "--without-pip", venv],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    python = os.path.join(venv, "bin/python")
    if made.returncode or subprocess.call([python, "-c", ""],
                                          stderr=subprocess.DEVNULL):
        py.skip(47, "a virtual environment", "it makes none that runs")
        return
    check(py, "a virtual environment", [python, "app.py"], "in", "app",
          folder)
    check(py, "a virtual environment, -m", [python, "-m", "module"], "in",
          "module", folder)
    write(venv, "bin/installed", "#!%s\n%s" % (python, LOOK), 0o755)
    check(py, "its entry point", [venv + "/bin/installed"], "in",
          "installed", folder)


def test_default_output(py):
    """With no other setting: beside where the program started."""
    folder = os.path.join(lib.scratch(), "default-" + py.name)
    os.mkdir(folder)
    write(folder, "app.py", "import os\nos.chdir('/')\nprint(1)\n")
    env = {"RCPROF_OUTPUT": None}
    run = lib.Run([py.path, "app.py"], env, folder)
    left = [n for n in os.listdir(folder) if n.endswith(".rcprof")]
    py.ok(47, run.stdout == "1\n" and run.stderr == "" and len(left) == 1
          and re.match(r"^app\.\d+\.rcprof$", left[0]),
          "no settings: app.PID.rcprof where it started (%r, %r)" % (
              left, run.stderr))


lib.each(47, test_starts, test_venv, test_default_output)

#!/usr/bin/env python3
"""The command line: help, mistakes, pipes, colours."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402

COMMANDS = re.findall(r"^  (\w+) +\S", views.good("--help"), re.M)
tap.is_(COMMANDS, ["run", "report", "tree", "timeline", "objects",
                   "cycles", "list", "dump", "doctor"], "[row 69] --help lists the commands")
tap.is_(views.good("help"), views.good("--help"), "help is --help")
tap.like(views.good("--version"), r"^rcprof \d+\.\d+\.\d+\n$", "--version")
status, out, err = views.run()
tap.ok(status == 2 and out == "" and err == views.good("--help"),
       "nothing at all: the help on stderr, status 2")


def flags(text):
    """{'--top': 'N', ...} of a help text."""
    return {m[0]: m[1] for m in re.findall(
        r"^ {2,6}(?:-\w, )?(--[a-z-]+)(?: ([A-Z]+))?", text, re.M)}


for command in COMMANDS:
    text = views.good(command, "--help")
    tap.ok(text.startswith("usage: rcprof %s " % command) and
           max(map(len, text.splitlines())) <= 80,
           "[row 69] %s --help" % command)
    tap.is_(views.good("help", command), text, "help %s" % command)
    # The page says what --help says.
    page = os.path.join(tap.SRC, "man/rcprof-%s.1" % command)
    if not tap.ok(os.path.exists(page), "man page of %s" % command):
        continue
    man = views.read(page).replace("\\-", "-")
    documented = {m[0]: m[1] for m in re.findall(
        r"^\.TP\n(?:\\fB-\w\\fR, )?\\fB(--[a-z-]+)\\fR(?: \\fI([A-Z]+))?",
        man, re.M)}
    tap.is_(documented, flags(text), "its options are those of --help")
    tap.ok(page in [os.path.join(tap.SRC, p) for p in views.read(
        os.path.join(tap.SRC, "man/local.mk")).split()], "it is installed")
    tap.ok(re.search(r"\brcprof-%s\b" % command, views.read(
        os.path.join(tap.SRC, "man/rcprof.1")).replace("\\-", "-")),
        "rcprof.1 names it")

# Mistakes.
for typed, near in (("reprot", "report"), ("rep", "report"), ("runn", "run"),
                    ("tre", "tree"), ("dcotor", "doctor"), ("lsit", "list")):
    views.refused(typed, status=2, regex='^rcprof: no command "%s"; '
                  "the nearest is: %s$" % (typed, near),
                  description="%s: the nearest is %s" % (typed, near))
views.refused("frobnicate", status=2,
              regex='no command "frobnicate"; see: rcprof --help',
              description="nothing is near")
views.refused("a\x1b[31mb", status=2, regex=r'"a\\x1b\[31mb"',
              description="what was typed is shown harmless")
views.refused("--frobnicate", status=2, regex="--frobnicate: no such option",
              description="an option before the command")
name, = stories.service()
MISTAKES = [
    (["--tpo", "3"], "--tpo: no such option; the nearest is --top"),
    (["--frobnicate"], "--frobnicate: no such option; see: rcprof report"),
    (["-z"], "-z: no such option"),
    (["--top"], "--top needs a value: N, a number from 1"),
    (["--top", "0"], '--top: "0" is not valid; allowed: a number from 1'),
    (["--top=-1"], '--top: "-1" is not valid'),
    (["--top", "3x"], '--top: "3x" is not valid'),
    (["--json=yes"], "--json takes no value"),
    (["--metric", "heap"], '--metric: "heap" is not valid; allowed: live, '),
    (["--by", "moon"], '--by: "moon" is not valid; allowed: own, function'),
    (["--include", "("], r'--include: "\(" is not valid; allowed: an ext'),
    (["--at", "noon"], "--at: .*noon"),
    (["--at", "mark:none"], "--at: there is no mark .none."),
    (["--from", "20", "--to", "10"], "--to 10 is before --from 20"),
    (["--at", "3", "--from", "1"], "--at is a moment, --from and --to"),
    (["--thread", "nobody"], "--thread: there is no thread nobody"),
]
for args, why in MISTAKES:
    views.refused("report", name, *args, status=2,
                  regex="^rcprof report: " + why,
                  description="[row 69] report %s" % " ".join(args))
tap.is_(views.good("report", "--top=1", "--", name),
        views.good("report", name, "--top", "1"),
        "--flag=value, --flag value, -- before the files")
os.rename(name, "-dash.rcprof")
tap.ok("app" in views.good("tree", "--", "-dash.rcprof"),
       "a file that begins with a dash")
os.rename("-dash.rcprof", name)

# Pipes, files and terminals.
shell = subprocess.run(
    ["bash", "-c", "set -o pipefail; '%s' dump %s | head -1; "
     "echo ${PIPESTATUS[0]}" % (tap.RCPROF, name)],
    stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=views.ENV)
out = shell.stdout.decode().splitlines()
tap.ok(shell.stderr == b"" and out[0].startswith("0 HEADER") and
       out[1] in ("0", "141"), "[row 69] a pipe that is closed early")
if os.path.exists("/dev/full"):
    with open("/dev/full", "w") as full:
        done = subprocess.run([tap.RCPROF, "report", name], stdout=full,
                              stderr=subprocess.PIPE, env=views.ENV)
    tap.ok(done.returncode == 1 and done.stderr == (
        b"rcprof report: cannot write: No space left on device\n"),
        "stdout on a full disk: one line, status 1")
text = views.good("report", name)
tap.ok("\x1b" not in text and max(map(len, text.splitlines())) <= 100,
       "[row 69] no terminal: 100 columns, no colours")


def on_terminal(columns, *args, **env):
    """What the command shows on a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen([tap.RCPROF] + list(args), stdout=slave,
                             stderr=slave, stdin=subprocess.DEVNULL,
                             env=dict(views.ENV, TERM="xterm", **env))
    os.close(slave)
    out = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        out += piece
    child.wait()
    os.close(master)
    return out.decode("utf-8", "replace").replace("\r\n", "\n")


for view in ("report", "tree", "timeline", "objects", "cycles", "list"):
    args = [view] + ([] if view == "list" else [name])
    shown = on_terminal(60, *args)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    tap.ok(shown != plain and "\x1b" not in plain,
           "[row 69] %s: colours on a terminal" % view)
    tap.ok(max(map(len, plain.splitlines())) <= 60,
           "[row 69] %s: as wide as the terminal" % view)
    for how, more, env in (("NO_COLOR", [], {"NO_COLOR": "1"}),
                           ("--no-color", ["--no-color"], {})):
        tap.ok("\x1b" not in on_terminal(60, *(args + more), **env),
               "[row 69] %s: %s" % (view, how))
hostile, = stories.hostile()
for view in ("report", "tree", "timeline", "objects", "cycles", "list",
             "dump"):
    text = views.good(view, hostile)
    tap.ok(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]", text),
           "[row 66] %s: no control characters get through" % view)
tap.done()

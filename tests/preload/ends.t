#!/usr/bin/env python3
"""Row 24: however a program ends, its status, signal and output are its own,
and its profile opens with what there was."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402

# How, its status, and how many of its blocks are in the profile at least: all
# of them where code of ours can still run.
ENDS = (
    ("return", 2, 150), ("exit", 3, 150), ("_exit", 4, 150),
    ("_Exit", 5, 150), ("quick_exit", 6, 160), ("handled", 12, 150),
    ("thread-exit", 11, 150), ("main-leaves", 0, 160),
    ("exit_group", 7, 100), ("abort", -signal.SIGABRT, 100),
    ("segv", -signal.SIGSEGV, 100), ("overflow", -signal.SIGSEGV, 100),
    ("thread-segv", -signal.SIGSEGV, 100),
    ("corrupt", -signal.SIGABRT, 100),
)
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL", "SIGPIPE",
           "SIGUSR1", "SIGALRM", "SIGXCPU", "SIGBUS", "SIGRTMIN")


def check(how, status, least):
    pair = lib.Pair("prog_ends", how, env={"RCPROF_INTERVAL": "1h"})
    pair.same(24, "%s: as without rcprof" % how, status=status)
    report = pair.run.report()
    mark = pair.run.report("--at", "mark:before the end")
    reason = report.data["end"]["reason"]
    orderly = least > 100
    lib.ok(24, reason in (("exit",) if orderly else
                          ("signal", "cut", "exit")),
           "%s: the profile calls it %s" % (how, reason))
    numbers = report.sum(module="prog_ends")
    lib.between(24, numbers["live_blocks"], least,
                least if orderly else 150, "%s: blocks" % how)
    lib.is_(24, numbers["live_bytes"], numbers["live_blocks"] * 4099,
            "%s: bytes" % how)
    lib.is_(24, mark.sum(module="prog_ends")["live_blocks"], 100,
            "%s: blocks at the mark" % how)
    lib.ok(24, report.adds_up(), "%s: sites make the totals" % how)


def test_ends():
    for how, status, least in ENDS:
        check(how, status, least)


def test_signals():
    for name in SIGNALS:
        number = int(getattr(signal, name))
        check("sig-%d" % number, -number, 100)


lib.each(test_ends, test_signals)

#!/usr/bin/env python3
"""Row 46: however a program ends, its status is its own and its profile opens
with what there was."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

HELD = 40033
# How it ends, its status, what the profile may call it, blocks held of 20,
# and whether the atexit phase ran.
ENDS = (
    ("return", 0, ("exit",), 20),
    ("_exit", 3, ("exit",), 20),
    ("sys.exit", 4, ("exit",), 20),
    ("sys.exit-text", 1, ("exit",), 20),
    ("exception", 1, ("exit",), 20),
    ("SystemExit-in-thread", 0, ("exit",), 20),
    ("atexit-raises", 0, ("exit",), 20),
    ("handled", 9, ("exit",), 20),
    ("SIGINT", -signal.SIGINT, ("exit", "signal", "cut"), 20),
    # Killed where nothing of ours can run: up to the last snapshot.
    ("abort", -signal.SIGABRT, ("exit", "signal", "cut"), 10),
    ("SIGTERM", -signal.SIGTERM, ("signal", "cut"), 10),
    ("SIGSEGV", -signal.SIGSEGV, ("signal", "cut"), 10),
    ("SIGKILL", -signal.SIGKILL, ("signal", "cut"), 10),
)


def test_ends(py):
    for how, status, reasons, held in ENDS:
        case = lib.Case(py, 46, "ends.py", how, env={"RCPROF_INTERVAL": "1h"})
        case.same("%s: as without rcprof" % how)
        py.is_(46, case.run.status, status, "%s: its status" % how)
        # All of its sites once: they are much text.
        report = case.report() if how == "SIGKILL" else case.own()
        py.ok(46, report.data["end"]["reason"] in reasons,
              "%s: the profile calls it %r" % (
                  how, report.data["end"]["reason"]))
        line = report.leaf(case.program, case.line("held"))
        py.between(46, line.live_bytes, held * HELD, 20 * HELD + 4096,
                   "%s: all blocks up to the last snapshot" % how)
        py.is_(46, sum(s["live_bytes"] for s in report.sites),
               report.totals["live_bytes"], "%s: sums" % how)
        first = case.own("--at", "mark:first")
        line = first.leaf(case.program, case.line("held"))
        py.between(46, line.live_bytes, 10 * HELD, 10 * HELD + 4096,
                   "%s: the mark before it" % how)


lib.each(46, test_ends)

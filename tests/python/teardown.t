#!/usr/bin/env python3
"""Rows 37 and 46: daemon threads that allocate while the interpreter is taken
down, when their thread states are gone."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

TIMES = 2
MODES = ({"RCPROF_MODE": "exact"},
         {"RCPROF_MODE": "exact", "RCPROF_OBJECTS": "on"},
         {"RCPROF_MODE": "sample", "RCPROF_RATE": "4K", "RCPROF_SEED": "1",
          "RCPROF_OBJECTS": "on"})


def test_daemons(py):
    """In different moments each time."""
    for mode in MODES:
        for n in range(TIMES):
            how, status = (("return", 0), ("exception", 3))[n % 2]
            case = lib.Case(py, 46, "daemons.py", how, env=mode)
            name = "%s%s, %s" % (mode["RCPROF_MODE"], ", objects" *
                                 ("RCPROF_OBJECTS" in mode), how)
            py.is_(46, case.run.status, status, name + ": its status")
            case.same("daemon threads at the end, %s: as without rcprof"
                      % name)
            report = case.own()
            py.ok(46, report.data["end"]["reason"] == "exit"
                  and report.totals["allocations"] > 1000,
                  "%s: its profile is whole" % name)


lib.each("37,46", test_daemons)

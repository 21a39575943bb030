#!/usr/bin/env python3
"""Rows 48, 51: where objects die on more stacks than there is room for, each
death and its line are kept all the same, and so are stacks of allocations."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

ENV = {"RCPROF_OBJECTS": "on", "RCPROF_MEMORY_LIMIT": "24M"}
GUESTS = 1 << 16


def test_crowded(py):
    case = lib.Case(py, "48,51", "crowded.py", env=ENV)
    case.same("crowded.py runs as without rcprof")
    data = case.report("--at", "mark:end").data
    guests = [t for t in data["types"] if t["type"] == "__main__.Guest"]
    py.is_(48, [(t["born"], t["died_refcount"], t["alive"]) for t in guests],
           [(GUESTS, GUESTS, 0)], "each life")
    lines = {}
    for death in (d for t in guests for d in t["deaths"]):
        line = death["stack"][0]["line"] if death["stack"] else None
        lines[line] = lines.get(line, 0) + death["n"]
    py.is_(51, lines, {case.line("dies"): GUESTS}, "the line of each death")
    folded = sum(d["n"] for t in guests for d in t["deaths"]
                 if d["stack"][-1]["function"] == "[truncated]")
    py.between(51, folded, 1, GUESTS - 1,
               "past its share of the limit a death keeps its line only")
    if py.version < (3, 11):
        py.skip(48, "stacks of allocations",
                "each call allocates its frame there, on a stack of its own")
        return
    py.is_(48, data["lost"]["sites_truncated"], 0, "no stack was cut")
    late = [[f["line"] for f in s["stack"]] for s in data["sites"]
            if s["live_bytes"] >= 300007 and s["stack"]
            and s["stack"][0]["line"] == case.line("late")]
    py.is_(48, late, [[case.line("late"), case.line("calls")]],
           "a later allocation has its stack")


lib.each("48,51", test_crowded)

#!/usr/bin/env python3
"""Rows 48, 51: where objects die, or are born, on more stacks than there is room
for, each death and birth and its line are kept all the same, and so are stacks
of allocations."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

ENV = {"RCPROF_OBJECTS": "on", "RCPROF_MEMORY_LIMIT": "24M"}
GUESTS = 1 << 16
PYTHONS = lib.pythons()


def by_line(rows):
    lines = {}
    for row in rows:
        line = row["stack"][0]["line"] if row["stack"] else None
        lines[line] = lines.get(line, 0) + row["n"]
    return lines


def folded(rows):
    return sum(row["n"] for row in rows
               if row["stack"][-1]["function"] == "[truncated]")


def test_crowded(py):
    case = lib.Case(py, "48,51", "crowded.py", "guests", env=ENV)
    case.same("crowded.py runs as without rcprof")
    data = case.report("--at", "mark:end").data
    guests = [t for t in data["types"] if t["type"] == "__main__.Guest"]
    py.is_(48, [(t["born"], t["died_refcount"], t["alive"]) for t in guests],
           [(GUESTS, GUESTS, 0)], "each life")
    deaths = [d for t in guests for d in t["deaths"]]
    py.is_(51, by_line(deaths), {case.line("dies"): GUESTS},
           "the line of each death")
    py.between(51, folded(deaths), 1, GUESTS - 1,
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


def test_many_births(py):
    # What is done then is the same for all: the first and the last will do.
    if py.path not in (PYTHONS[0].path, PYTHONS[-1].path):
        return
    case = lib.Case(py, "48,51", "crowded.py", "visitors",
                    env=dict(ENV, RCPROF_MEMORY_LIMIT="8M"))
    data = case.report("--at", "mark:end").data
    visitors = [t for t in data["types"] if t["type"] == "__main__.Visitor"]
    py.is_(48, [(t["born"], t["died_refcount"], t["alive"])
                for t in visitors], [(GUESTS, GUESTS, 0)],
           "born on many stacks: each life")
    births = [b for t in visitors for b in t["births"]]
    py.is_(48, by_line(births), {case.line("visits"): GUESTS},
           "the line of each birth")
    py.between(48, folded(births), 1, GUESTS,
               "past its share of the limit a birth keeps its line only")


lib.each("48,51", test_crowded, test_many_births)

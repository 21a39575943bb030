#!/usr/bin/env python3
"""Rows 48, 50: births and deaths in sample mode, against what is known.

An estimate may be off by five of the errors that it is printed with: one in
two million does so by chance.
"""
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

ENV = {"RCPROF_OBJECTS": "on", "RCPROF_MODE": "sample", "RCPROF_RATE": "8K"}


def made_up():
    return "".join(random.choice("bdgklmprt") + random.choice("aeiou")
                   for _ in range(4)).capitalize()


def test_estimates(py):
    plan = [[made_up(), 60000, 0, 0], [made_up(), 40000, 25000, 0],
            [made_up(), 1000, 0, 30000]]
    case = lib.Case(py, "48,50", "objects_sample.py", json.dumps(plan),
                    env=ENV)
    case.same()
    report = case.report("--at", "mark:end")
    types = {t["type"]: t for t in report.data["types"]}
    want = {"__main__." + name: (born + rings, born - kept, rings, kept)
            for name, born, kept, rings in plan}
    want["re.Match"] = want["ValueError"] = (30000, 20000, 0, 10000)
    for name, known in sorted(want.items()):
        t = types.get(name, {})
        for key, n in zip(("born", "died_refcount", "died_collector",
                           "alive"), known):
            error = t.get("std_error", {}).get(key, 0)
            py.ok("48,50", abs(t.get(key, -1) - n) <= 5 * error,
                  "%s %s: %s (+-%d), known: %d" % (
                      name, key, t.get(key), error, n))
        py.ok("48", 0 < t.get("std_error", {}).get("born", 0) <
              known[0] / 10, "%s: the error is small" % name)
    # Those of the program's own lines alone: others have strings, too.
    words = [birth for birth in types["str"]["births"] if birth["stack"]
             and birth["stack"][0]["function"].endswith("words")]
    py.between(48, sum(birth["n"] for birth in words), 24000, 36000,
               "strings, also where no deallocator is called")
    bad = [t["type"] for t in types.values() if t["born"] != t["alive"]
           + t["died_refcount"] + t["died_collector"] + t["died_unseen"]]
    py.is_(48, bad, [], "born = died + alive, of every type")


lib.each("48,50", test_estimates)

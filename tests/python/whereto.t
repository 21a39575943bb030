#!/usr/bin/env python3
"""Row 51: the line at which the last reference went."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402
import lives  # noqa: E402


def test(py):
    case = lib.Case(py, 51, "whereto.py", env={"RCPROF_OBJECTS": "on"})
    case.same()
    found, each = lives.Lives(case.file()), case.truth["each"]

    def at(name):
        return case.program, case.line(name)

    for name in ("deleted", "returned", "dropped", "replaced", "argument",
                 "cleared"):
        type = "__main__." + name.capitalize()
        want = {at(name): each}
        py.is_(51, found.deaths(type), want, "%s: %s" % (type, name))
    py.is_(51, found.deaths("__main__.Overwritten"),
           {at("overwritten"): each - 1, at("last-overwritten"): 1},
           "one less than there were is overwritten by the next")
    py.is_(51, found.deaths("__main__.Raised"), {at("raised"): each},
           "what a traceback held goes with the exception")
    py.is_(51, found.deaths("method", at("bound")), {at("unbound"): each},
           "a bound method, from its line to its line")


lib.each(51, test)

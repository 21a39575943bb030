#!/usr/bin/env python3
"""Row 40, and 33, 34, 37 with native frames: Python's frames stand where
their calls were, among C's, and are what they are without these."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

ON = {"RCPROF_NATIVE": "on"}
C = ["call_back"]
RECURSION = (["__init__"] + ["recursion"] * 9
             + (["<lambda>"] + C + ["recursion"] * 10) * 3
             + ["<lambda>"] + C + ["recursion"] * 6 + ["<module>"])
WANT = [
    (100001, ["__init__", "inner"] + C * 4 + ["middle"] + C * 2
     + ["outer", "<module>"], "C, Python, C, Python"),
    (100101, ["__init__", "middle"] + C * 2 + ["outer", "<module>"],
     "the outer one afterwards"),
    (100201, ["__init__", "<lambda>"] + C + ["__lt__", "by_sorting",
                                             "<module>"],
     "a comparison in a sort"),
    (100301, ["__init__", "<lambda>"] + C + ["numbers", "by_generator",
                                             "<module>"],
     "a generator, resumed by Python and by C"),
    (100401, ["__init__", "in_thread", "python_thread"],
     "threads that C started"),
    (100501, RECURSION, "recursion through both"),
]


def test_same(py):
    """The Python frames are those of without."""
    if py.version[:2] not in ((3, 8), (3, 11), (3, 12)):
        return
    for row, program in ((33, "frames.py"), (34, "alike.py"),
                         (34, "flow.py"), (40, "callbacks.py")):
        case = lib.Case(py, row, program, env=ON)
        case.same("%s runs as without rcprof" % program)
        report = case.biggest("--native", "--at", "mark:end")
        lib.check_blocks(case, row, report)
        alone = sum(s["allocations"] for s in report.sites if s["py"]
                    and not any(f["kind"] == "native" for f in s["stack"]))
        py.is_(row, alone, 0, "%s: no Python stack without native frames"
               % program)


def shown(site):
    """Its Python frames, and the native ones of our own library."""
    out = []
    for frame in site["stack"]:
        name = (frame["function"] or "").split(".")[-1]
        if frame["kind"] == "python" or name in ("call_back",
                                                 "python_thread"):
            out.append(name)
    return out


def check_order(py, *flags):
    case = lib.Case(py, 40, "mixed.py", env=ON, flags=flags)
    case.same(" ".join(flags + ("mixed.py runs as without rcprof",)))
    report = case.biggest("--native", metric="allocated")
    for size, want, what in WANT:
        stacks = [shown(s) for s in report.sites if s["py"] and s["allocations"]
                  and size <= s["allocated_bytes"] / s["allocations"]
                  < size + 64]  # 3.15 has a bytes object in it
        if not stacks or any(s != want for s in stacks):
            py.ok(40, False, what)
            lib.tap.diag("got %r" % stacks)
            lib.tap.diag("want %r" % want)
        else:
            py.ok(40, True, what)


def test_order(py):
    check_order(py)


def test_trampolines(py):
    """Between two calls of the evaluator stands code of no module."""
    if py.version >= (3, 12):
        check_order(py, "-X", "perf")


lib.each("40,33,34", test_order, test_trampolines, test_same)

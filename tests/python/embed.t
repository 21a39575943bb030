#!/usr/bin/env python3
"""Row 45: an interpreter inside a C program, linked or loaded late, brought up
and down twice."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402


def check(py, what, program, argv, prefix):
    case = lib.Case(py, 45, None, argv=[program] + argv,
                    env={"PYTHONHOME": prefix})
    if not case.same(what + ": as without rcprof"):
        return
    py.is_(45, case.run.status, 0, what + ": runs")
    for n in range(2):
        inside = {"function": "round%d" % n, "file": "embedded.py", "line": 2}
        live = case.own("--at", "mark:round %d" % n)
        py.between(45, live.leaf(**inside).live_bytes,
                   200033 + n, 200533 + n,
                   "%s: a block of round %d" % (what, n))
        gone = case.own("--at", "mark:after %d" % n)
        py.is_(45, gone.leaf(**inside).live_bytes, 0,
               "%s: gone after round %d" % (what, n))
        # A C program's own calls, before, between and after.
        c = lib.Numbers([
            s for s in case.own("--native", "--at", "mark:after %d" % n).sites
            if not s["py"] and s["kind"] == "malloc"
            and "embed" in ((s["stack"] or [{}])[0].get("module") or "")])
        py.between(45, c.live_bytes, 54321 + (n + 1) * 65432,
                   54321 + (n + 1) * 65432 + 9000,
                   "%s: C's own blocks after round %d" % (what, n))


def test_embedded(py):
    libdir, soname, shared = py.config("LIBDIR", "INSTSONAME",
                                       "Py_ENABLE_SHARED")
    library = os.path.join(libdir, soname)
    if not os.path.exists(library):
        # A static interpreter of Debian may have its library beside it.
        py.skip(45, "embedding", "no shared libpython")
        return
    prefix = os.path.dirname(os.path.dirname(py.path))
    linked = lib.compile_c("embed.c", "embed-" + py.name,
                           "-Wl,--no-as-needed", "-L" + libdir,
                           "-l:" + soname, "-Wl,-rpath," + libdir)
    late = lib.compile_c("embed.c", "late-embed-" + py.name, "-ldl",
                         "-Wl,-rpath," + libdir)
    check(py, "linked", linked, ["linked"], prefix)
    check(py, "loaded late", late, ["global", library], prefix)
    check(py, "loaded late, RTLD_LOCAL", late, ["local", library], prefix)
    check(py, "loaded late by its bare name", late, ["local", soname],
          prefix)


lib.each(45, test_embedded)

#!/usr/bin/env python3
"""Rows 22 and 28: libraries that come, go and come again; what the loader
binds to us."""
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402


def put_plugs():
    """A folder that looks as prog_loader says; the program stands in it."""
    folder = os.path.join(lib.scratch(), "loader")
    os.makedirs(os.path.join(folder, "plugs/hidden"))
    shutil.copy(lib.program("prog_loader"), folder)
    for source, target in (("libplug_one.so", "libplug_one.so"),
                           ("libplug_two.so", "libplug_two.so"),
                           ("libfinder.so", "libfinder.so"),
                           ("libplug_two.so", "hidden/libhidden.so")):
        shutil.copy(lib.program(source),
                    os.path.join(folder, "plugs", target))
    return os.path.join(folder, "prog_loader")


def four(report, **which):
    numbers = report.sum(**which)
    return [numbers[n] for n in lib.NUMBERS[:4]]


def test_loader():
    program = put_plugs()
    pair = lib.Pair(program)
    pair.same(22)
    run, last = pair.run, "start"
    if run.status != 0:
        raise lib.Broken("prog_loader did not come to its end")
    for case in lib.truths(run):
        _, before = lib.numbers_at(run, case, last)
        _, after = lib.numbers_at(run, case, case.name)
        lib.is_(22, {n: after[n] - before[n] for n in after}, case.want(),
                case.name)
        last = case.name
    words = [s.split("\t") for s in run.stdout.splitlines()]
    two = next([int(w) for w in ws[1:]] for ws in words if ws[0] == "two")
    lib.is_(22, four(run.report("--at", "mark:" + last),
                     module="libplug_two.so"),
            two + two, "the other one's sites are its own")
    same = run.truth()[0][2]
    if same == "0":
        lib.skip(22, "reloaded at the same address", "they never were")
    else:
        lib.ok(22, True, "%s times at the same address" % same)

    searched = run.report("--at", "mark:searched")
    namespaces = run.report("--at", "mark:namespaces")
    lib.ok(22, namespaces.adds_up(), "RTLD_DEEPBIND and dlmopen: sites make "
           "the totals")
    lib.is_(22, namespaces.totals["live_bytes"] >= 0
            and searched.adds_up(), True, "and live is none below zero")
    threads = run.report("--at", "mark:threads")
    busy = sum(int(w[1]) for w in run.truth() if w[0] == "busy")
    signals = run.report("--at", "mark:signals")
    mapped = signals.sum(kind="mmap")
    lib.is_(22, (mapped["live_bytes"], mapped["live_blocks"]), (0, 0),
            "a signal handler that maps, while libraries come and go")
    lib.is_(22, [b - a for a, b in zip(
        four(signals, module="prog_loader", kind="malloc"),
        four(threads, module="prog_loader", kind="malloc"))],
        [busy, busy * 9001, busy, busy * 9001],
            "threads that allocate while libraries come and go")


def test_bindings():
    name = "prog_cxx" if os.path.exists(lib.program("prog_cxx")) \
        else "prog_loader"
    # LD_DEBUG goes to a file per process, not among the program's lines.
    out = os.path.join(lib.scratch(), "bindings")
    run = lib.Run(name, env={"LD_DEBUG": "bindings", "LD_BIND_NOW": "1",
                             "LD_DEBUG_OUTPUT": out})
    lib.is_(28, run.status, 0, "%s runs under LD_DEBUG=bindings" % name)
    text = ""
    for file in os.listdir(lib.scratch()):
        if file.startswith("bindings."):
            with open(os.path.join(lib.scratch(), file)) as f:
                text += f.read()
    bound = re.findall(r"binding file (\S+) \[0\] to (\S+) \[0\]: normal "
                       r"symbol `([^']*)'", text)
    lib.ok(28, any(to.endswith("librcprof.so") and what == "malloc"
                   for _, to, what in bound), "malloc is bound to us")
    with open(os.path.join(lib.HERE, "exports.txt")) as f:
        exports = f.read().split()
    strange = sorted({what for _, to, what in bound
                      if to.endswith("librcprof.so")} - set(exports))
    lib.is_(28, strange, [], "nothing is bound to us but what we list")
    unwind = sorted({(os.path.basename(to), what) for _, to, what in bound
                     if re.match(r"_Unwind_|_?backtrace|unw_|__register_frame",
                                 what)
                     and not re.match(r"lib(gcc_s|c)\.so", os.path.basename(to))
                     })
    lib.is_(28, unwind, [], "unwinding is bound to libgcc and libc alone")
    brought = sorted({os.path.basename(w) for _, w, _ in bound
                      if re.search("unwind|lzma|libdw|libelf",
                                   os.path.basename(w))})
    lib.is_(28, brought, [], "no library is there that the program did not "
            "bring")


lib.each(test_loader, test_bindings)

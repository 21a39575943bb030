#!/usr/bin/env python3
"""Row 21: allocations before and after main, while a thread ends, in signal
handlers, in callbacks of the loader."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402


def four(report, **which):
    numbers = report.sum(**which)
    return [numbers[n] for n in lib.NUMBERS[:4]]


def test_moments():
    pair = lib.Pair("prog_moments")
    pair.same(21)
    run = pair.run
    at_start = run.report("--at", "mark:start")
    lib.is_(21, four(at_start, module="libearly.so"),
            [202, 200 * 4447 + 3 * 1483 + 9001, 51, 51 * 4447],
            "a constructor before ours: all is seen")
    # Before all constructors libc has no environment yet, and so no settings.
    # What is not seen there must not be counted when it is freed.
    own = four(at_start, module="prog_moments")
    seen = own == [11, 10 * 6007 + 6011, 2, 6007 + 6011]
    lib.ok(21, seen or own == [1, 6011, 1, 6011],
           "blocks before all constructors are seen, or none of them")

    truth = {words[0]: [int(w) for w in words[1:]] for words in run.truth()}
    for name, before, what in (
            ("storm", "a signal handler allocates and frees",
             "malloc in a storm of signals that map"),
            ("callback", "storm", "a dl_iterate_phdr callback allocates")):
        a = run.report("--at", "mark:" + before)
        b = run.report("--at", "mark:" + name)
        lib.is_(21, [y - x for x, y in zip(
            four(a, module="prog_moments", kind="malloc"),
            four(b, module="prog_moments", kind="malloc"))],
            truth[name], what)
    storm = run.report("--at", "mark:storm").sum(kind="mmap")
    lib.is_(21, (storm["live_bytes"], storm["live_blocks"]), (0, 0),
            "what the handlers mapped and unmapped is not live")

    cases = lib.truths(run)
    lasts = {cases[0].name: "start", cases[1].name: "cancelled",
             cases[2].name: "callback"}
    for case in cases:
        _, before = lib.numbers_at(run, case, lasts[case.name])
        _, after = lib.numbers_at(run, case, case.name)
        lib.is_(21, {n: after[n] - before[n] for n in after}, case.want(),
                case.name)
    end = run.report()
    lib.ok(21, end.adds_up(), "sites make the totals")
    lib.is_(21, end.totals["unmatched_frees"], 0 if seen else 1,
            "no free was unmatched but of those")
    lib.is_(21, end.data["end"]["reason"], "exit", "an orderly end")


lib.each(test_moments)

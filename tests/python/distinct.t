#!/usr/bin/env python3
"""Row 25, what bounds our own memory: more stacks than the limit has room
for.  They fold, are counted, and the sums stay right.

RCPROF_LONG=1 (`make check-long`): a million stacks at the default limit."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402

LONG = bool(os.environ.get("RCPROF_LONG"))
STACKS = 1000000 if LONG else 30000
LIMIT = 64 << 20 if LONG else 1 << 20
# Beside the tables: the shadow of what lives, buffers, a thread's slot.
REST = 24 << 20 if LONG else 4 << 20


def check_million(py, case):
    """All sites are too much text: what the program adds to its own start."""
    truth, totals = case.truth, case.report("--top", "1").totals
    start = lib.Case(py, 25, "distinct.py", "100").report("--top", "1").totals
    live = totals["live_bytes"] - start["live_bytes"]
    list_bytes = 8 * truth["kept"]
    py.near(25, live, truth["kept"] * truth["size"] + list_bytes, 100000,
            "a million stacks: what is live is all there")
    got = totals["allocations"] - start["allocations"]
    py.between(25, got, STACKS, 20 * STACKS, "no allocation was lost")
    py.is_(25, totals["allocations"] - totals["frees"],
           totals["live_blocks"], "what is not freed is live")


def check_sums(py, case):
    truth, report = case.truth, case.report()
    leaf = report.leaf(line=case.line("leaf"), function="leaf")
    # The evaluator's own, once: the cache of a function called that often.
    more = leaf.allocations - STACKS
    extra = leaf.allocated_bytes - STACKS * truth["size"]
    if not py.ok(25, 0 <= more <= 2 and 0 <= extra < 1024,
                 "%d stacks: every allocation stands at its line" % STACKS):
        lib.tap.diag("%d blocks and %d bytes too many" % (more, extra))
    py.is_(25, (leaf.live_blocks, leaf.live_bytes),
           (truth["kept"], truth["kept"] * truth["size"]),
           "and what is live of them")
    for name in ("allocations", "allocated_bytes", "frees", "freed_bytes",
                 "live_bytes", "live_blocks", "peak_bytes"):
        py.is_(25, sum(site[name] for site in report.sites),
               report.totals[name], "%s: sites add up to the total" % name)


def test(py):
    case = lib.Case(py, 25, "distinct.py", str(STACKS),
                    env={"RCPROF_MEMORY_LIMIT": str(LIMIT)})
    case.same()
    if LONG:
        check_million(py, case)
    else:
        check_sums(py, case)
    head = case.report("--top", "1")
    py.ok(25, head.data["lost"]["sites_truncated"] > 0,
          "what was folded is counted")
    py.between(25, head.totals["profiler_bytes"], LIMIT // 2, LIMIT + REST,
               "our own memory keeps to the limit")
    text = subprocess.run([lib.tap.RCPROF, "report", case.file()],
                          stdout=subprocess.PIPE).stdout.decode()
    if not py.ok(25, "lost: the stacks of " in text
                 and "(--memory-limit)" in text, "and the report says so"):
        lib.tap.diag(text)


# A million take a while: one interpreter.
PYTHONS = lib.pythons()
lib.pythons = lambda: PYTHONS[-1:] if LONG else PYTHONS
lib.each(25, test)

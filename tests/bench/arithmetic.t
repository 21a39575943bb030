#!/usr/bin/env python3
"""arithmetic.t - the bench's statistics, gates and tables, on runs that were
made up; how it finds interpreters and what is missing; and its stop-watch."""
import json
import os
import subprocess
import sys
import tempfile

SRC = os.environ["RCPROF_SRC"]
HERE = os.path.join(SRC, "tests", "bench")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SRC, "tests", "tap"))
sys.path.insert(0, HERE)
import bench
import builds
import cases
import draw
import figures
import gates
import measure
import profilers
import tables
import tap

scratch = tempfile.TemporaryDirectory()


def refused(function, *args):
    try:
        function(*args)
    except ValueError as e:
        return str(e)
    return None


# ---- statistics -----------------------------------------------------------
tap.is_(figures.median([3, 1, 2]), 2, "median of an odd number")
tap.is_(figures.median([4, 1, 2, 3]), 2.5, "median of an even number")
tap.is_(refused(figures.median, []), "the median of nothing", "of nothing")
tap.is_(figures.quartiles([1, 2, 3, 4, 5, 6, 7]), (2, 6), "quartiles, odd")
tap.is_(figures.quartiles([8, 1, 2, 7, 3, 6]), (2, 7), "quartiles, even")
tap.is_(figures.quartiles([5, 1, 3]), (1, 5), "of three: least and greatest")
tap.near(figures.geomean([1, 4]), 2, 1e-12, "geometric mean")


# ---- made-up runs ---------------------------------------------------------
def clock(build, case, profiler, number, wall, **more):
    record = {"kind": "clock", "build": build, "case": case, "work": "1",
              "profiler": profiler, "round": number, "wall": wall,
              "user": wall / 2, "sys": wall / 4, "rss_kb": 20480,
              "file_bytes": 0}
    record.update(more)
    return record


def count(build, case, profiler, instructions, **more):
    record = {"kind": "count", "build": build, "case": case, "work": "1",
              "profiler": profiler, "instructions": instructions}
    record.update(more)
    return record


PLAIN = gates.PLAIN
runs = []
# The machine is half as fast in round 1, and slower still in round 2: the
# quotients of each round stay what they are.
for n, pace in enumerate((1, 2, 5)):
    for case, exact, kb in (("float", 1.2, 5120), ("go", 1.8, 10240)):
        runs += [clock(PLAIN, case, "bare", n, pace),
                 clock(PLAIN, case, "exact", n, pace * exact,
                       rss_kb=20480 + kb, file_bytes=3072),
                 clock(PLAIN, case, "memray-trace", n, pace * 4)]
    for profiler, one, two in (("bare", 1.0, 1.1), ("exact", 1.5, 1.98)):
        for case, inner in (("storm-1", one), ("storm-2", two)):
            runs.append(clock("native", case, profiler, n, 2 * inner,
                              inner=inner))
runs += [count(PLAIN, "float", "bare", 1000),
         count(PLAIN, "float", "sample", 1010),
         count(PLAIN, "go", "bare", 2000),
         count(PLAIN, "go", "sample", 2120),
         # What was not the same work is not compared.
         count(PLAIN, "pprint", "bare", 1000),
         count(PLAIN, "pprint", "sample", 9000, work="1 task 0")]
runs.append({"kind": "clock", "build": PLAIN, "case": "go", "round": 0,
             "profiler": "heaptrack", "failed": "no such thing"})

ratios = figures.clock_ratios(runs)
tap.near(ratios[PLAIN, "exact", "go"].median, 1.8, 1e-9,
         "each run is compared with the bare one of its round")
tap.is_(ratios[PLAIN, "exact", "go"].rounds, 3, "all rounds")
tap.ok((PLAIN, "heaptrack", "go") not in ratios, "a failed run has no figure")
tap.is_(figures.failures(runs),
        [(PLAIN, "heaptrack", "go", "no such thing")], "but is named")
# A slow round does not move the median.
swing = [clock(PLAIN, "go", p, n, w) for n, (bare, ours) in enumerate(
    ((1, 2), (1, 2), (1, 9), (1, 2), (1, 3)))
    for p, w in (("bare", bare), ("exact", ours))]
odd = figures.clock_ratios(swing)[PLAIN, "exact", "go"]
tap.is_((odd.median, odd.low, odd.high), (2, 2, 6), "median and quartiles")
# A round whose bare run is missing says nothing.
lost = [r for r in swing if (r["profiler"], r["round"]) != ("bare", 2)]
tap.is_(figures.clock_ratios(lost)[PLAIN, "exact", "go"].rounds, 4,
        "a round without its bare run is left out")

counted = figures.count_ratios(runs)
tap.near(counted[PLAIN, "sample", "go"], 1.06, 1e-9, "instructions")
tap.ok((PLAIN, "sample", "pprint") not in counted, "other work: no quotient")
tap.is_(figures.added_rss(runs)[PLAIN, "exact", "go"], (10240, 1.5),
        "RSS added, and the quotient")
mean, least, most, worst, used = figures.over_cases(
    ratios, PLAIN, "exact", gates.PYPERFORMANCE)
tap.near(mean, (1.2 * 1.8) ** 0.5, 1e-9, "geomean over the cases")
tap.is_((round(least, 6), round(most, 6), worst, used), (1.2, 1.8, "go", 2),
        "least, greatest, the worst's name, how many")
tap.near(figures.scaling(runs, "exact"), 1.32, 1e-9, "two threads to one")

started = runs + [clock(PLAIN, "start", p, n, 0.5 + k)
                  for n in range(3)
                  for k, p in enumerate(("bare", "exact"))]
net = figures.clock_ratios(figures.without_start(started, "clock", "wall"))
# Round 0's 1.8 s less 1.5 s over 1 s less 0.5 s; then 2.1 / 1.5, 7.5 / 4.5.
tap.near(net[PLAIN, "exact", "go"].median, 1.4, 1e-9, "less the start")
tap.ok((PLAIN, "memray-trace", "go") not in net and
       (PLAIN, "exact", "start") not in net,
       "where it is known; the start itself is none")

# ---- gates ----------------------------------------------------------------
judged = {(what, build): (value, passed, reached)
          for what, build, value, _, passed, _, reached in gates.judged(runs)}
value, passed, reached = judged["sample, instructions", PLAIN]
tap.is_((round(value.worst, 6), value.case, passed, reached),
        (1.06, "go", False, False),
        "the worst case fails a gate that the mean keeps; the goal is missed")
value, passed, reached = judged["exact, Python stacks, clock", PLAIN]
tap.is_((value.text(), passed, reached), ("1.47x (1.80x go)", False, False),
        "exact")
value, passed, _ = judged["overhead of exact over memray-trace's, clock",
                          PLAIN]
tap.near(value.middle, (2.16 ** 0.5 - 1) / 3, 1e-9, "a share of overheads")
tap.is_(passed, False, "0.157 is more than a seventh")
tap.is_(judged["storm, 1 thread, clock", "native"][1:], (True, True),
        "a gate that is kept, a goal that is reached")
value, passed, reached = judged["storm, 2 threads to 1, over bare's", "native"]
tap.ok(value is None and passed is None, "sample's storm was not measured")
tap.is_(judged["exact, added to peak RSS", PLAIN][0].text(), "37 % (50 % go)",
        "RSS in percent")
tap.is_(gates.Value(1.05).within((1.05, 1.0)), True, "at the limit is within")
tap.is_(gates.Value(1.0, 1.2, "go").within((None, 1.1)), False,
        "the worst case alone")
tap.is_(gates.Value(1.0).within((None, None)), None, "no limit, no answer")
names = {p.name for p in profilers.PROFILERS}
tap.is_([g[2] for g in gates.GATES if g[2] not in names], [],
        "the gates are about profilers that there are")

# ---- tables and picture ---------------------------------------------------
folder = os.path.join(scratch.name, "results")
os.mkdir(folder)
start = {"kind": "start", "time": "2026-11-22T21:00:00", "cpu": 1,
         "machine": {"cpu": "a|b", "cores": 2, "kernel": "6", "libc": "g",
                     "load": 0.5},
         "missing": {"native/heaptrack": "heaptrack is not there"},
         "builds": {PLAIN: "3.12.1"}}
with open(os.path.join(folder, "results.jsonl"), "w") as out:
    for record in [start] + runs + [start, clock(PLAIN, "go", "bare", 0, 1),
                                    clock(PLAIN, "go", "exact", 0, 1.8)]:
        out.write(json.dumps(record) + "\n")
    out.write('{"kind": "clock", "bui')
starts, loaded = tables.load(folder)
tap.is_(len(loaded), len(runs) + 2, "a line cut off is left out")
bench.Log(os.path.join(folder, "results.jsonl"), 1).write(start)
tap.is_([len(part) for part in tables.load(folder)], [3, len(runs) + 2],
        "and does not spoil what is added")
tap.is_(figures.clock_ratios(loaded)[PLAIN, "exact", "go"].rounds, 4,
        "round 0 of a second bench is another round")
done = subprocess.run([sys.executable, os.path.join(HERE, "tables.py"),
                       folder], stdout=subprocess.PIPE)
text = done.stdout.decode()
tap.is_(done.returncode, 0, "tables.py")
with open(os.path.join(folder, "tables.md")) as f:
    tap.is_(f.read().strip(), text.strip(), "and the same in tables.md")
tap.like(text, r"\| exact, Python stacks, clock +\| plain-3.12 +\| "
               r"+1\.47x \(1\.80x go\) \| +1\.35x \| +NO \|", "a gate's row")
tap.like(text, r"\| rcprof, exact +\| every [^|]*\| +1\.47x \| 1\.20-1\.80 \|",
         "a profiler's row")
tap.like(text, r"\| rcprof, exact .*\| +7.5 MiB \| +10 MiB \| +3 KiB \| +2 \|",
         "with memory, file and the number of cases")
tap.like(text, r"\| bare +\| 1\.000 s \| 1\.100 s \|", "the storm's seconds")
tap.like(text, r"## Failed\n\n- plain-3.12, heaptrack, go: no such thing",
         "what failed")
tap.like(text, r"## Not measured\n\n- native/heaptrack: heaptrack is not",
         "what is missing")
lines = subprocess.run([sys.executable, os.path.join(HERE, "tables.py"),
                        folder, "--csv"],
                       stdout=subprocess.PIPE).stdout.decode().splitlines()
tap.is_(len(lines), len(loaded) + 1, "a line a run as CSV")
tap.is_([tables.size(n) for n in (0, 999, 1024, 5 << 20, 3 << 30)],
        ["0 B", "999 B", "1 KiB", "5 MiB", "3 GiB"], "sizes")
rows, unit = draw.rows_of(gates.Figures(loaded), [PLAIN])
tap.is_([row[0].name for row in rows], ["exact", "memray-trace"],
        "the picture: the cheapest first")
svg = draw.draw(rows, unit, [PLAIN])
tap.is_(svg.count("<circle"), len(rows) + 1, "a dot each, and one that says")
try:
    import xml.etree.ElementTree as tree
    tree.fromstring(svg)
    tap.ok(True, "it is XML")
except ImportError:
    tap.skip("it is XML", "no pyexpat")
scale = draw.Scale(100)
tap.ok(draw.LEFT < scale(1) < scale(2) < scale(100)
       < draw.WIDTH - draw.RIGHT, "it lies within the frame")

# ---- what is run ----------------------------------------------------------
tap.is_([c.name for c in cases.choose("go, storm-1 float")],
        ["float", "go", "storm-1"], "cases by name")
tap.is_({c.group for c in cases.choose("storm micro")}, {"storm", "micro"},
        "and by group")
tap.like(refused(cases.choose, "gone"), "no case called gone; there are",
         "an unknown case")
tap.like(refused(profilers.choose, "gone", "all"), "no profiler called gone",
         "an unknown profiler")
rows = [("/usr/bin/python3.11", "3.11.2", "system", "optimised"),
        ("/p/3.11.7", "3.11.7", "pyenv", "plain"),
        ("/p/3.12.1", "3.12.1", "pyenv", "plain"),
        ("/p/3.13.0", "3.13.0", "pyenv", "plain")]
tap.is_([b.version for b in builds.choose("", rows, scratch.name)],
        ["3.11.2", "3.12.1"], "the system's and the plain 3.12")
tap.is_([b.version for b in builds.choose("", rows[:2], scratch.name)],
        ["3.11.2", "3.11.7"], "another plain one, where there is no 3.12")
tap.is_([b.name for b in builds.choose("3.13.0 /p/3.11.7", rows,
                                       scratch.name)],
        ["plain-3.13", "plain-3.11"], "by version and by path")
tap.like(refused(builds.choose, "2.7", rows, scratch.name),
         r"no interpreter called 2\.7; there are", "an unknown interpreter")
alone = builds.choose("3.12.1", rows, scratch.name)[0]
tap.like(alone.missing(cases.choose("go")[0]), "scripts/install-rivals",
         "pyperformance is missing, and it is said how to get it")
tap.is_(alone.missing(cases.choose("slots")[0]), None,
        "the programs of our own run without")
gone = profilers.Profiler("x", "x", "x", needs="librcprof-none.so.9")
tap.like(gone.missing(profilers.Machine(scratch.name), None),
         "librcprof-none.so.9 is not there: scripts/install-rivals",
         "so with a rival")

# ---- the programs ---------------------------------------------------------
for name in sorted(c.name for c in cases.CASES if c.group == "micro"):
    if subprocess.run([sys.executable, os.path.join(HERE, "programs.py"),
                       name, "1"]).returncode:
        tap.ok(False, "programs.py " + name)
        break
else:
    tap.ok(True, "all of programs.py run")


def timed(*command):
    out = os.path.join(scratch.name, "timed.json")
    subprocess.run([os.path.join(tap.BUILD, "tests/bench/timed"), out, "-1"]
                   + list(command), check=True)
    with open(out) as f:
        return json.load(f)


got = timed("sh", "-c", "sleep 0.2; exit 3")
tap.ok(0.2 <= got["wall"] < 10 and got["user"] + got["sys"] < 0.2,
       "timed: seconds that pass and seconds of CPU")
tap.is_(got["status"], 3, "the exit status")
tap.is_(timed("sh", "-c", "kill -9 $$")["status"], 137, "a signal")
small = timed("true")["rss_kb"]
large = timed(sys.executable, "-c", "b'x' * (100 << 20)")["rss_kb"]
tap.ok(small < 8192 < 102400 < large < 204800,
       "peak RSS is the command's own")
storm = os.path.join(tap.BUILD, "tests/bench/storm")
for kind in ("own", "cross", "churn"):
    out = subprocess.run([storm, kind, "2", "5000"], stdout=subprocess.PIPE)
    tap.ok(out.returncode == 0 and measure.INNER.search(out.stdout.decode()),
           "storm " + kind)

# ---- all of it, on what takes no time -------------------------------------
path, version = tap.pythons()[0]
folder = os.path.join(scratch.name, "bench")
done = subprocess.run(
    [sys.executable, os.path.join(HERE, "bench.py"), tap.BUILD],
    env=dict(os.environ, BENCH_OUT=folder, BENCH_CASES="start",
             BENCH_BUILDS=path, BENCH_PROFILERS="exact tracemalloc-1",
             BENCH_ROUNDS="2", BENCH_COUNT="none", BENCH_CPU=""),
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
tap.is_(done.returncode, 0, "[%s] a bench of two rounds" % version)
starts, loaded = tables.load(folder)
tap.is_([(r["profiler"], r["round"][1]) for r in loaded],
        [("bare", 0), ("exact", 0), ("tracemalloc-1", 0),
         ("exact", 1), ("tracemalloc-1", 1), ("bare", 1)],
        "in turns, another one first each time")
tap.is_([r for r in loaded if "failed" in r], [], "all ran")
tap.ok(all(r["wall"] > 0 and r["rss_kb"] > 0
           and (r["file_bytes"] > 0) == (r["profiler"] == "exact")
           for r in loaded), "seconds, memory, and a profile where there is one")
tap.is_(os.listdir(folder), ["results.jsonl"], "nothing else is left")
slots, start = cases.choose("slots start")[::-1]
with open(os.path.join(folder, "results.jsonl"), "a") as out:
    out.write(json.dumps(count("b", "slots", "bare", 5,
                               work=slots.work(True))) + "\n")
known = bench.known_counts(os.path.join(folder, "results.jsonl"))
build = builds.Build("b", version, path, scratch.name)
exact = profilers.choose("exact", "")
tap.is_([(case.name, profiler.name) for _, case, profiler in
         bench.counted_pairs([(build, slots, exact), (build, start, exact)],
                             known)],
        [("slots", "exact"), ("start", "bare"), ("start", "exact")],
        "bare counts that are known are not made again")
done = subprocess.run(
    [sys.executable, os.path.join(HERE, "bench.py"), tap.BUILD],
    env=dict(os.environ, BENCH_OUT=folder, BENCH_CASES="gone"),
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
tap.ok(done.returncode == 1
       and done.stdout.startswith(b"bench: no case called gone; there are"),
       "a setting that means nothing is one line")
tap.done()

"""gates.py - what rcprof may cost, as data, and how that is looked up.

A limit is (geomean, worst case); None where there is none.  "Clock" is the
median over the rounds, "instructions" what cachegrind counted.
"""
import cases
import figures

PYPERFORMANCE = [c.name for c in cases.CASES if c.group == "pyperformance"]
PYTHON = [c.name for c in cases.CASES if c.python]
MIB = 1024.0


class Value:
    """What was measured: the figure that counts, the worst case's, its
    name, how many cases; and how it is written."""

    def __init__(self, middle, worst=None, case="", cases_used=1,
                 form="%.2fx"):
        self.middle = middle
        self.worst = worst
        self.case = case
        self.cases_used = cases_used
        self.form = form

    def text(self):
        text = self.form % self.middle
        if self.worst is not None:
            text += " (%s %s)" % (self.form % self.worst, self.case)
        return text

    def within(self, limit):
        """None where LIMIT says nothing about what was measured."""
        middle, worst = limit
        tests = []
        if middle is not None:
            tests.append(self.middle <= middle)
        if worst is not None and self.worst is not None:
            tests.append(self.worst <= worst)
        return all(tests) if tests else None


class Figures:
    """All quotients of some runs, made once."""

    def __init__(self, runs):
        self.runs = runs
        self.clock = figures.clock_ratios(runs)
        self.inner = figures.clock_ratios(runs, "inner")
        self.count = figures.count_ratios(runs)
        self.net_clock = figures.clock_ratios(
            figures.without_start(runs, "clock", "wall"))
        self.net_count = figures.count_ratios(
            figures.without_start(runs, "count", "instructions"))
        self.rss = figures.added_rss(runs)


def _spread(ratios, build, profiler, form):
    found = figures.over_cases(ratios, build, profiler, PYPERFORMANCE)
    return found and Value(found[0], found[2], found[3], found[4], form)


def by_clock(f, build, profiler):
    return _spread(f.clock, build, profiler, "%.2fx")


def by_count(f, build, profiler):
    return _spread(f.count, build, profiler, "%.3fx")


def _share(ratios, build, profiler, rival):
    """Overheads, 1 taken off, one over the other, of the same cases."""
    both = [c for c in PYPERFORMANCE
            if (build, profiler, c) in ratios and (build, rival, c) in ratios]
    if not both:
        return None
    ours = figures.over_cases(ratios, build, profiler, both)
    theirs = figures.over_cases(ratios, build, rival, both)
    if theirs[0] <= 1:
        return None
    return Value((ours[0] - 1) / (theirs[0] - 1), form="%.3f",
                 cases_used=len(both))


def share_clock(f, build, profiler):
    return _share(f.clock, build, profiler, "memray-trace")


def share_count(f, build, profiler):
    return _share(f.count, build, profiler, "memray-trace")


def share_net_clock(f, build, profiler):
    return _share(f.net_clock, build, profiler, "memray-trace")


def share_net_count(f, build, profiler):
    return _share(f.net_count, build, profiler, "memray-trace")


def storm(case):
    def look(f, build, profiler):
        ratio = f.inner.get((build, profiler, case))
        return ratio and Value(ratio.median)
    return look


def scaling(f, build, profiler):
    """Two threads to one, over what the bare program makes of it."""
    ours = figures.scaling(f.runs, profiler)
    bare = figures.scaling(f.runs, "bare")
    return Value(ours / bare) if ours and bare else None


def rss_mib(f, build, profiler):
    """The most that was added, in MiB, which has no geomean."""
    found = {c: f.rss[build, profiler, c][0] / MIB for c in PYTHON
             if (build, profiler, c) in f.rss}
    if not found:
        return None
    worst = max(found, key=lambda c: found[c])
    return Value(figures.median(found.values()), found[worst], worst,
                 len(found), form="%.1f MiB")


def rss_share(f, build, profiler):
    found = {c: f.rss[build, profiler, c][1] for c in PYTHON
             if (build, profiler, c) in f.rss}
    if not found:
        return None
    worst = max(found, key=lambda c: found[c])
    return Value((figures.geomean(found.values()) - 1) * 100,
                 (found[worst] - 1) * 100, worst, len(found), form="%.0f %%")


# what is measured, build, profiler, how, gate, goal
PLAIN, DEBIAN = "plain-3.12", "deb-3.11"
GATES = [
    ("sample, instructions", PLAIN, "sample", by_count,
     (1.05, 1.05), (1.02, None)),
    ("sample, instructions", DEBIAN, "sample", by_count,
     (1.05, 1.05), (1.02, None)),
    ("sample by default: objects, native stacks, instructions", PLAIN,
     "sample-full", by_count, (1.06, 1.06), (1.03, None)),
    ("sample by default: objects, native stacks, instructions", DEBIAN,
     "sample-full", by_count, (1.06, 1.06), (1.03, None)),
    ("exact, Python stacks, clock", PLAIN, "exact", by_clock,
     (1.35, None), (1.20, 1.6)),
    ("exact, Python stacks, clock", DEBIAN, "exact", by_clock,
     (1.5, None), (1.3, 1.8)),
    ("exact, Python stacks, instructions", PLAIN, "exact", by_count,
     (1.35, None), (1.20, 1.6)),
    ("exact, Python stacks, instructions", DEBIAN, "exact", by_count,
     (1.5, None), (1.3, 1.8)),
    ("exact, births and deaths, clock", PLAIN, "exact-objects", by_clock,
     (1.7, None), (1.4, None)),
    ("exact, births and deaths, clock", DEBIAN, "exact-objects", by_clock,
     (1.7, None), (1.4, None)),
    ("exact, mixed stacks, clock", PLAIN, "exact-mixed", by_clock,
     (1.8, None), (1.6, 2.5)),
    ("overhead of exact over memray-trace's, clock", PLAIN, "exact",
     share_clock, (1 / 7.0, None), (None, None)),
    ("overhead of exact over memray-trace's, instructions", PLAIN, "exact",
     share_count, (1 / 7.0, None), (None, None)),
    # memray takes a third of a second to begin; without that:
    ("the same without the start, clock", PLAIN, "exact", share_net_clock,
     (None, None), (None, None)),
    ("the same without the start, instructions", PLAIN, "exact",
     share_net_count, (None, None), (None, None)),
    ("storm, 1 thread, clock", "native", "exact", storm("storm-1"),
     (1.9, None), (1.6, None)),
    ("storm, 2 threads, clock", "native", "exact", storm("storm-2"),
     (1.9, None), (1.6, None)),
    ("storm, 2 threads to 1, over bare's", "native", "exact", scaling,
     (1.15, None), (None, None)),
    ("storm, 2 threads to 1, over bare's", "native", "sample", scaling,
     (1.15, None), (None, None)),
    ("sample, added to peak RSS", PLAIN, "sample", rss_mib,
     (None, 16), (None, 8)),
    ("sample, added to peak RSS", DEBIAN, "sample", rss_mib,
     (None, 16), (None, 8)),
    ("exact, added to peak RSS", PLAIN, "exact", rss_share,
     (40, None), (28, None)),
    ("exact, added to peak RSS", DEBIAN, "exact", rss_share,
     (40, None), (28, None)),
]


def judged(runs):
    """[(what, build, Value or None, gate, gate's answer, goal, goal's)]; an
    answer is True, False, or None: not measured, or nothing to say."""
    f = Figures(runs)
    rows = []
    for what, build, profiler, look, gate, goal in GATES:
        value = look(f, build, profiler)
        rows.append((what, build, value, gate, value and value.within(gate),
                     goal, value and value.within(goal)))
    return rows

"""figures.py - from runs to figures: pure functions of what was recorded.

A run is compared with the bare run of the same round, case and build, since a
shared machine is never the same twice; of the rounds' ratios the median
counts.  Counted instructions do not swing and are compared as they are.
"""
import math


def median(values):
    """The middle one, or the mean of the two middle ones."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("the median of nothing")
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2.0


def quartiles(values):
    """(lower, upper): the medians of the halves, the middle one in neither;
    of fewer than four values the least and the greatest."""
    ordered = sorted(values)
    if len(ordered) < 4:
        return ordered[0], ordered[-1]
    half = len(ordered) // 2
    return median(ordered[:half]), median(ordered[-half:])


def geomean(values):
    values = list(values)
    if not values:
        raise ValueError("the mean of nothing")
    return math.exp(sum(math.log(v) for v in values) / len(values))


class Ratio:
    """A quotient over the bare run, with the spread of its rounds."""

    def __init__(self, values):
        self.median = median(values)
        self.low, self.high = quartiles(values)
        self.rounds = len(values)


def _good(runs, kind):
    return [r for r in runs if r["kind"] == kind and "failed" not in r]


def _bare(runs, fields):
    return {tuple(r[f] for f in fields): r
            for r in runs if r["profiler"] == "bare"}


def clock_ratios(runs, field="wall"):
    """{(build, profiler, case): Ratio} of wall, user or inner seconds."""
    fields = ("build", "case", "round")
    good = [r for r in _good(runs, "clock") if r.get(field)]
    bare = _bare(good, fields)
    gathered = {}
    for r in good:
        base = bare.get(tuple(r[f] for f in fields))
        if base and r["profiler"] != "bare" and base["work"] == r["work"]:
            key = (r["build"], r["profiler"], r["case"])
            gathered.setdefault(key, []).append(r[field] / base[field])
    return {key: Ratio(values) for key, values in gathered.items()}


def instructions(runs):
    """{(build, profiler, case): instructions}, the last that were counted."""
    return {(r["build"], r["profiler"], r["case"]): r["instructions"]
            for r in _good(runs, "count")}


def count_ratios(runs):
    """{(build, profiler, case): quotient} of instructions."""
    good = _good(runs, "count")
    bare = _bare(good, ("build", "case"))
    ratios = {}
    for r in good:
        base = bare.get((r["build"], r["case"]))
        if base and r["profiler"] != "bare" and base["work"] == r["work"]:
            ratios[r["build"], r["profiler"], r["case"]] = (
                r["instructions"] / float(base["instructions"]))
    return ratios


def without_start(runs, kind, field):
    """The runs of KIND less what it takes to begin and to end, which is what
    the case `start` took under the same profiler (the median, by the clock);
    runs of which that is not known are left out."""
    starts = {}
    for r in _good(runs, kind):
        if r["case"] == "start":
            starts.setdefault((r["build"], r["profiler"]),
                              []).append(r[field])
    net = []
    for r in _good(runs, kind):
        known = starts.get((r["build"], r["profiler"]))
        if known and r["case"] != "start" and r[field] > median(known):
            net.append(dict(r, **{field: r[field] - median(known)}))
    return net


def medians(runs, field):
    """{(build, profiler, case): median} of a field of clocked runs."""
    gathered = {}
    for r in _good(runs, "clock"):
        if r.get(field) is not None:
            gathered.setdefault((r["build"], r["profiler"], r["case"]),
                                []).append(r[field])
    return {key: median(values) for key, values in gathered.items()}


def added_rss(runs):
    """{(build, profiler, case): (KiB added, quotient)} of peak RSS, from the
    medians: a peak does not depend on the round."""
    peaks = medians(runs, "rss_kb")
    return {(b, p, c): (kb - peaks[b, "bare", c],
                        kb / float(peaks[b, "bare", c]))
            for (b, p, c), kb in peaks.items()
            if p != "bare" and (b, "bare", c) in peaks}


def over_cases(ratios, build, profiler, cases):
    """(geomean, least, greatest, worst case's name, how many), or None; a
    Ratio counts by its median."""
    found = {}
    for case in cases:
        value = ratios.get((build, profiler, case))
        if value is not None:
            found[case] = getattr(value, "median", value)
    if not found:
        return None
    worst = max(found, key=lambda case: found[case])
    return (geomean(found.values()), min(found.values()), found[worst],
            worst, len(found))


def scaling(runs, profiler, one="storm-1", two="storm-2"):
    """How much longer the storm takes with twice the threads, each doing the
    same: of the medians of the seconds inside, or None."""
    inner = medians(runs, "inner")
    a, b = (inner.get(("native", profiler, case)) for case in (one, two))
    return b / a if a and b else None


def failures(runs):
    """[(build, profiler, case, why)], each once."""
    seen = []
    for r in runs:
        if "failed" in r:
            row = (r["build"], r["profiler"], r["case"], r["failed"])
            if row not in seen:
                seen.append(row)
    return seen

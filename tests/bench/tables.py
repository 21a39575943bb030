#!/usr/bin/env python3
"""tables.py - the tables of a bench, in Markdown.

    tables.py FOLDER [--csv]

FOLDER holds results.jsonl.  Prints what each profiler costs on each build,
the cases one by one, the storm, memory, and the gates; leaves the same in
FOLDER/tables.md.  --csv prints a line a run instead.
"""
import csv
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases
import figures
import gates
import profilers

CSV = ("kind", "build", "case", "profiler", "round", "work", "wall", "user",
       "sys", "inner", "rss_kb", "file_bytes", "instructions", "failed")


def load(folder):
    """(starts, runs) of FOLDER/results.jsonl.  Runs of one round number that
    were made at different times are different rounds."""
    starts, runs = [], []
    with open(os.path.join(folder, "results.jsonl")) as f:
        for line in f:
            if not line.endswith("\n"):
                break   # the bench was stopped while it wrote this
            record = json.loads(line)
            if record["kind"] == "start":
                starts.append(record)
                continue
            if "round" in record:
                record["round"] = (len(starts), record["round"])
            runs.append(record)
    return starts, runs


def table(head, rows, words=1):
    """Markdown; numbers, which are all but the first columns, to the
    right."""
    rows = [[str(cell) for cell in row] for row in rows]
    width = [max([len(head[i]), 3] + [len(row[i]) for row in rows])
             for i in range(len(head))]

    def line(cells):
        return "| " + " | ".join(
            cell.ljust(w) if i < words else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(cells, width))) + " |"
    rule = "| " + " | ".join(
        "-" * w if i < words else "-" * (w - 1) + ":"
        for i, w in enumerate(width)) + " |"
    return "\n".join([line(head), rule] + [line(row) for row in rows])


def size(amount):
    """Bytes, as text."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(amount) < 1000 or unit == "GiB":
            return ("%.0f %s" if unit == "B" else "%.3g %s") % (amount, unit)
        amount /= 1024.0


def _times(found):
    return "%.2fx" % found[0] if found else ""


def overview(f, build, group):
    """A row a profiler: geomean, least to greatest, the rounds' spread,
    instructions, memory, file."""
    among = [c.name for c in cases.CASES if c.group == group]
    cpu = figures.clock_ratios(f.runs, "cpu")
    files = figures.medians(f.runs, "file_bytes")
    rows = []
    for p in profilers.PROFILERS:
        clock = figures.over_cases(f.clock, build, p.name, among)
        count = figures.over_cases(f.count, build, p.name, among)
        if not clock and not count:
            continue
        spread = [f.clock[build, p.name, c] for c in among
                  if (build, p.name, c) in f.clock]
        added = [f.rss[build, p.name, c][0] * 1024 for c in among
                 if (build, p.name, c) in f.rss]
        sizes = [files[build, p.name, c] for c in among
                 if (build, p.name, c) in files]
        rows.append([
            p.title, p.what, _times(clock),
            "%.2f-%.2f" % clock[1:3] if clock else "",
            "%.0f %%" % (100 * figures.median(
                [(r.high - r.low) / r.median for r in spread]))
            if spread else "",
            _times(figures.over_cases(cpu, build, p.name, among)),
            _times(count),
            "%.2f-%.2f" % count[1:3] if count else "",
            size(figures.median(added)) if added else "",
            size(max(added)) if added else "",
            size(figures.median(sizes)) if sizes else "",
            max((clock or count)[4], (count or clock)[4])])
    head = ["profiler", "what it records", "clock", "min-max", "spread", "CPU", "instructions",
            "min-max", "RSS +", "most", "file", "cases"]
    return table(head, rows, 2) if rows else None


def case_table(ratios, build, form, bare, unit):
    """A row a case, a column a profiler; first what the bare run took, of
    BARE, which says it of (build, "bare", case)."""
    names = [p.name for p in profilers.PROFILERS
             if any(key[:2] == (build, p.name) for key in ratios)]
    rows = []
    for case in cases.CASES:
        if any((build, name, case.name) in ratios for name in names):
            rows.append([case.name, unit(bare[build, "bare", case.name])] + [
                form(ratios[build, name, case.name])
                if (build, name, case.name) in ratios else ""
                for name in names])
    return table(["case", "bare"] + names, rows) if rows else None


def threads_table(f):
    """Seconds inside the storm, bare; the others over it; two threads to
    one."""
    inner = figures.medians(f.runs, "inner")
    among = [c.name for c in cases.CASES if c.group == "storm"]
    rows = []
    for p in [profilers.BARE] + profilers.PROFILERS:
        cells = []
        for case in among:
            if p is profilers.BARE:
                seconds = inner.get(("native", "bare", case))
                cells.append("%.3f s" % seconds if seconds else "")
            else:
                ratio = f.inner.get(("native", p.name, case))
                cells.append("%.2fx" % ratio.median if ratio else "")
        if any(cells):
            two = figures.scaling(f.runs, p.name)
            rows.append([p.title] + cells + ["%.2f" % two if two else ""])
    return table(["storm"] + among + ["2 to 1"], rows) if rows else None


def _limit(limit, form):
    middle, worst = limit
    if middle is None and worst is None:
        return ""
    text = form % middle if middle is not None else ""
    return text + (" (%s)" % (form % worst) if worst is not None else "")


def gates_table(runs):
    answers = {True: "yes", False: "NO", None: "-"}
    rows = []
    for what, build, value, gate, passed, goal, reached in gates.judged(runs):
        form = value.form if value else "%.3g"
        rows.append([what, build, value.text() if value else "not measured",
                     _limit(gate, form), answers[passed],
                     _limit(goal, form), answers[reached]])
    return table(["cost over bare: geomean (worst case)", "build", "today",
                  "gate", "ok", "goal", "reached"], rows, 2)


def _ratio(r):
    return "%.2f (%.2f-%.2f)" % (r.median, r.low, r.high)


def document(starts, runs):
    for r in runs:
        if "user" in r:
            r["cpu"] = r["user"] + r["sys"]
    f = gates.Figures(runs)
    parts = []

    def part(title, text):
        if text:
            parts.append("## %s\n\n%s\n" % (title, text))

    if starts:
        last, m = starts[-1], starts[-1]["machine"]
        parts.append("Measured %s on %s, %d cores, Linux %s, %s; %s; load %.1f"
                     " before it began.\n" % (
                         last["time"], m["cpu"], m["cores"], m["kernel"],
                         m["libc"], ", ".join(
                             "%s is %s" % item
                             for item in sorted(last["builds"].items())),
                         m["load"]))
    part("Gates", gates_table(runs))
    builds = sorted({r["build"] for r in runs})
    seconds = figures.medians(runs, "wall")
    peaks = figures.medians(runs, "rss_kb")
    counted = figures.instructions(runs)
    for build in builds:
        for group in cases.GROUPS:
            part("%s, %s" % (group, build), overview(f, build, group))
    part("Threads", threads_table(f))
    for build in builds:
        part("Clock, case by case, median (quartiles): " + build,
             case_table(f.clock, build, _ratio, seconds,
                        lambda s: "%.3f s" % s))
        part("Instructions, case by case: " + build,
             case_table(f.count, build, lambda v: "%.3f" % v, counted,
                        lambda n: "%.0f M" % (n / 1e6)))
        part("Peak RSS added, case by case: " + build,
             case_table(f.rss, build, lambda v: "%.1f MiB, %+.0f %%" % (
                 v[0] / 1024.0, (v[1] - 1) * 100), peaks,
                        lambda kb: "%.1f MiB" % (kb / 1024.0)))
    failed = figures.failures(runs)
    part("Failed", "\n".join("- %s, %s, %s: %s" % row for row in failed))
    missing = {}
    for start in starts:
        missing.update(start["missing"])
    part("Not measured", "\n".join("- %s: %s" % item
                                   for item in sorted(missing.items())))
    return "\n".join(parts)


def main():
    folder = [a for a in sys.argv[1:] if not a.startswith("-")]
    if len(folder) != 1:
        sys.exit("usage: tables.py FOLDER [--csv]")
    try:
        starts, runs = load(folder[0])
    except (OSError, ValueError, KeyError) as e:
        sys.exit("tables: %s: %s" % (folder[0], e))
    if "--csv" in sys.argv:
        writer = csv.DictWriter(sys.stdout, CSV, extrasaction="ignore")
        writer.writeheader()
        for r in runs:
            if "round" in r:
                r["round"] = "%d.%d" % r["round"]
            writer.writerow(r)
        return
    text = document(starts, runs)
    with open(os.path.join(folder[0], "tables.md"), "w") as out:
        out.write(text)
    print(text)


if __name__ == "__main__":
    main()

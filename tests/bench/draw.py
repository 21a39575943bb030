#!/usr/bin/env python3
"""draw.py - the picture of a bench for the README: cost.svg.

    draw.py FOLDER [FILE.svg]

A row a profiler: the geometric mean of pyperformance's cases over the bare
run as a dot, a line from the least to the greatest, on a logarithmic scale;
filled for the first build, hollow for the second.  Colours are of a middle
lightness and there is no ground, so that it can be read on white and on
black.
"""
import math
import os
import sys
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import figures
import gates
import profilers
import tables

WIDTH, LEFT, RIGHT, TOP, ROW = 860, 300, 190, 74, 34
TEXT, QUIET, OURS, THEIRS = "#768390", "#848d97", "#2f81f7", "#8b949e"
STYLE = (
    "text{font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif;"
    "font-size:12px;fill:%s}.title{font-size:16px;font-weight:600}"
    ".small{font-size:11px;fill:%s}.middle{text-anchor:middle}"
    ".name{font-weight:600}.ours{fill:%s}"
    ".grid{stroke:%s;stroke-opacity:.25}.one{stroke:%s;stroke-opacity:.6}"
    % (TEXT, QUIET, OURS, QUIET, QUIET))
MARKS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


def rows_of(f, builds):
    """[(profiler, {build: (geomean, least, greatest)}, KiB added or None)],
    the cheapest first; and whether seconds or instructions were compared."""
    ratios, unit = f.clock, "wall time"
    if not any(b in builds for b, _, _ in f.clock):
        ratios, unit = f.count, "instructions"
    rows = []
    for p in profilers.PROFILERS:
        found = {}
        for build in builds:
            spread = figures.over_cases(ratios, build, p.name,
                                        gates.PYPERFORMANCE)
            if spread:
                found[build] = spread[:3]
        if found:
            added = [f.rss[b, p.name, c][0] for b in builds
                     for c in gates.PYPERFORMANCE if (b, p.name, c) in f.rss]
            rows.append((p, found, figures.median(added) if added else None))
    rows.sort(key=lambda row: max(v[0] for v in row[1].values()))
    return rows, unit


class Scale:
    """Quotients to pixels, logarithmic, from a little below 1."""

    def __init__(self, greatest):
        self.low = math.log(0.9)
        self.high = math.log(max(greatest, 2.0) * 1.05)
        self.greatest = greatest

    def __call__(self, value):
        share = (math.log(max(value, 0.9)) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def marks(self):
        """Those that fit, no two on top of each other."""
        kept = []
        for mark in MARKS:
            if math.log(mark) <= self.high and (
                    not kept or self(mark) - self(kept[-1]) > 28):
                kept.append(mark)
        return kept


def draw(rows, unit, builds):
    """The SVG, as text."""
    x = Scale(max(v[2] for _, found, _ in rows for v in found.values()))
    bottom = TOP + ROW * len(rows)
    height = bottom + 56
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'viewBox="0 0 %d %d" role="img" aria-label="What profilers cost">'
           % (WIDTH, height, WIDTH, height), "<style>%s</style>" % STYLE]

    def text(left, top, words, kind=""):
        out.append('<text x="%.1f" y="%.1f" class="%s">%s</text>'
                   % (left, top, kind, escape(words)))

    text(16, 26, "What a memory profiler costs", "title")
    text(16, 46, "%s over the bare run, pyperformance, geometric mean and "
         "range of the cases" % unit)
    for mark in x.marks():
        out.append('<path class="%s" d="M%.1f %dV%d"/>'
                   % ("one" if mark == 1 else "grid", x(mark), TOP - 8,
                      bottom))
        text(x(mark), bottom + 16, "%gx" % mark, "small middle")
    text(WIDTH - RIGHT + 100, TOP - 14, "peak RSS", "small")
    for i, (p, found, added) in enumerate(rows):
        middle = TOP + ROW * i + ROW // 2
        colour = OURS if p.ours else THEIRS
        text(16, middle - 2, p.title, "name ours" if p.ours else "name")
        text(16, middle + 12, p.what, "small")
        for k, build in enumerate(b for b in builds if b in found):
            mean, least, most = found[build]
            y = middle - 4 + 8 * k if len(found) > 1 else middle
            out.append('<g><title>%s</title><path d="M%.1f %.1fH%.1f" '
                       'stroke="%s" stroke-opacity=".45" stroke-width="2"/>'
                       '<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s" '
                       'stroke="%s" stroke-width="1.5"/></g>'
                       % (escape("%s: %.2fx (%.2f-%.2f)"
                                 % (build, mean, least, most)),
                          x(least), y, x(most), colour, x(mean), y,
                          "none" if build != builds[0] else colour, colour))
        text(WIDTH - RIGHT + 8, middle + 4,
             " / ".join("%.2f" % found[b][0] for b in builds if b in found)
             + "x", "ours" if p.ours else "")
        if added is not None:
            text(WIDTH - RIGHT + 100, middle + 4,
                 "+" + tables.size(added * 1024), "small")
    for k, build in enumerate(builds):
        left = 16 + 160 * k
        out.append('<circle cx="%d" cy="%d" r="3.5" fill="%s" stroke="%s" '
                   'stroke-width="1.5"/>' % (left + 4, height - 12,
                                             "none" if k else QUIET, QUIET))
        text(left + 14, height - 8, "CPython, " + build, "small")
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: draw.py FOLDER [FILE.svg]")
    folder = sys.argv[1]
    try:
        _, runs = tables.load(folder)
    except (OSError, ValueError, KeyError) as e:
        sys.exit("draw: %s: %s" % (folder, e))
    # The plain build first: it is what the goals are about.
    builds = sorted({r["build"] for r in runs} - {"native"},
                    key=lambda b: (not b.startswith("plain"), b))[:2]
    rows, unit = rows_of(gates.Figures(runs), builds)
    if not rows:
        print("draw: none of pyperformance's cases was measured; no picture")
        return
    path = sys.argv[2] if len(sys.argv) > 2 else os.path.join(folder,
                                                              "cost.svg")
    with open(path, "w") as f:
        f.write(draw(rows, unit, builds))
    print("draw: wrote " + path)


if __name__ == "__main__":
    main()

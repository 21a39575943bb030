#!/usr/bin/env python3
"""scripts/plot-zscores: the picture of doc/SAMPLING.md, of numbers that are
known."""
import os
import re
import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

SRC = os.environ["RCPROF_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests/tap"))
import tap  # noqa: E402

SCRIPT = os.path.join(SRC, "scripts/plot-zscores")
HEAD = "build,seed,metric,site,truth,estimate,std_error"
SVG = "{http://www.w3.org/2000/svg}"
NORMAL = statistics.NormalDist()


def plot(lines, *args):
    with open("z.csv", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    done = subprocess.run([sys.executable, SCRIPT, "z.csv"] + list(args),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True)
    return done.returncode, done.stdout, done.stderr


def numbers(build, metric, scale, sites=10, seeds=100, shift=0.0):
    """Each site's z are the quantiles of a normal distribution."""
    for site in range(sites):
        for seed in range(seeds):
            z = shift + scale * NORMAL.inv_cdf((seed + 0.5) / seeds)
            truth, error = 1000.0 * (site + 1), 10.0
            yield "%s,%d,%s,s%d,%r,%r,%r" % (
                build, seed, metric, site, truth, truth + z * error, error)


def row(table, build, metric):
    for line in table.splitlines()[1:]:
        cells = re.split("  +", line)
        if cells[:2] == [build, metric]:
            return dict(zip(re.split("  +", table.splitlines()[0]), cells))
    return {}


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    name = "<script>&\"build\""
    lines = [HEAD] + list(numbers("plain", "live", 1.0)) + list(
        numbers("plain", "peak", 0.5)) + list(
        numbers('"%s"' % name.replace('"', '""'), "live", 1.0, shift=0.5)) + [
        "plain,1,live,exact,5,5,0", "plain,1,live,wrong,5,6,0"]
    status, out, err = plot(lines, "-o", "z.svg")
    tap.is_((status, err), (0, ""), "it works")
    good = row(out, "plain", "live")
    tap.is_(good.get("values"), "1000", "all numbers with an error")
    tap.near(float(good["mean"]), 0, 1e-3, "mean 0")
    tap.near(float(good["deviation"]), 1, 0.01, "deviation 1")
    tap.is_(good["beyond 2"], "4.0 %", "two of each hundred on either side")
    tap.is_((good["sites"], good["outside"]), ("10", "0"),
            "every site is within bounds")
    tap.is_((good["exact"], good["wrong"]), ("1", "1"),
            "without an error: exact or wrong")
    half = row(out, "plain", "peak")
    tap.near(float(half["deviation"]), 0.5, 0.01, "errors twice too large")
    tap.is_(half["outside"], "10", "every site is out of bounds")
    off = row(out, name, "live")
    tap.near(float(off["mean"]), 0.5, 1e-3, "a bias")
    tap.is_(off["outside"], "10", "which is too much")

    with open("z.svg", encoding="utf-8") as file:
        text = file.read()
    root = ET.fromstring(text)
    tap.is_(root.tag, SVG + "svg", "a picture")
    texts = [t.text for t in root.iter(SVG + "text")]
    tap.ok(any(t.startswith(name) for t in texts), "names are text")
    tap.ok("<script" not in text, "and nothing else")
    bars = [r for r in root.iter(SVG + "rect") if r.get("class") == "bar"]
    dots = [c for c in root.iter(SVG + "circle")]
    boxes = [r for r in root.iter(SVG + "rect") if r.get("class") == "box"]
    tap.is_(len(boxes), 3, "three rows")
    tap.is_(len(dots), 3 * (400 + 10), "dots: quantiles and sites")
    first = bars[:20]
    tap.ok(0 < len(bars) <= 3 * 32, "bars")
    # Rows are sorted: the odd name comes first, then plain live and peak.
    y = {c.get("cy") for c in dots[-10:]}
    tap.is_(len(y), 1, "all sites have one deviation")
    top = 92 + 2 * 324
    tap.near(float(y.pop()), top + 220 - 220 * 0.5 / 2, 1.5,
             "and it stands at 0.5")
    heights = [float(b.get("height")) for b in bars]
    tap.ok(max(heights) <= 220, "no bar leaves its panel")

    for what, lines in (
            ("another file", ["a,b,c"]),
            ("an empty one", []),
            ("no numbers", [HEAD]),
            ("a line that is none", [HEAD, "plain,1,live,s,1,x,1"]),
            ("a short line", [HEAD, "plain,1"]),
            ("what is not finite", [HEAD, "plain,1,live,s,1,nan,1"])):
        status, out, err = plot(lines, "-o", "no.svg")
        tap.ok(status == 1 and out == "" and err.count("\n") == 1 and
               err.startswith("plot-zscores: z.csv: "), "%s: one line" % what)
    tap.ok(not os.path.exists("no.svg"), "and no picture")
    status, out, err = plot([HEAD, "b,1,live,s,1,2,1"], "-o", "one.svg")
    tap.is_(status, 0, "a single number does")
    ET.parse("one.svg")
    os.chdir("/")
tap.done()

#!/usr/bin/env python3
"""rcprof timeline: terminal, SVG, CSV, mprof's .dat, JSON."""
import csv
import json
import os
import shutil
import subprocess
import sys
import xml.dom.minidom

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import schema  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402

FILES = {f.__name__: f() for f in (
    stories.service, stories.killed, stories.native, stories.family,
    stories.hostile)}
M, K = 1 << 20, 1 << 10

# In the terminal.
for story, files in FILES.items():
    views.golden("timeline-%s.txt" % story, views.good("timeline", *files))
    views.golden("timeline-%s-bands.txt" % story, views.good(
        "timeline", "--by", "own", "--top", "3", *files))
for columns in (40, 200):
    text = views.good("timeline", "--by", "function", *FILES["service"],
                      COLUMNS=str(columns))
    tap.ok(max(map(len, text.splitlines())) <= columns,
           "[row 69] no line has more than %d columns" % columns)

# SVG: well-formed, the same as yesterday, names are text.
for story, files in FILES.items():
    for more, name in (([], story), (["--by", "own"], story + "-bands")):
        tap.is_(views.good("timeline", "-o", "t.svg", *more, *files), "",
                "%s: -o prints nothing" % name)
        text = views.read("t.svg")
        views.golden("timeline-%s.svg" % name, text)
        dom = xml.dom.minidom.parseString(text.encode())
        tap.is_([e.tagName for e in dom.getElementsByTagName("*")
                 if e.tagName not in ("svg", "style", "rect", "text", "path",
                                      "circle", "title", "tspan")], [],
                "%s.svg holds shapes and text only" % name)
texts = [e.firstChild.data for e in dom.getElementsByTagName("text")
         if e.firstChild]
tap.ok("<script>alert(1)</script>" in texts,
       "[row 66] a program named <script> is text")
tap.ok(not any(ord(c) < 32 for t in texts for c in t),
       "[row 66] no control characters in an SVG")

# CSV.
views.good("timeline", "-o", "t.csv", *FILES["service"])
rows = list(csv.DictReader(open("t.csv")))
tap.is_(list(rows[0]), ["time_s", "time", "rss_bytes", "live_bytes"],
        "CSV: columns")
at = {float(r["time_s"]): r for r in rows}
tap.is_((at[60.0]["time"], int(at[60.0]["live_bytes"])),
        ("2026-01-01T08:01:00.000000Z", 53 * M + 60 * 64 * K),
        "CSV: a row by its second source")
views.good("timeline", "--by", "own", "--top", "2", "-o", "t.csv",
           *FILES["service"])
rows = list(csv.DictReader(open("t.csv")))
tap.is_(list(rows[0])[4:], ["app.py:5 start", "tables.py:3 build", "other"],
        "CSV: a column for each band")
tap.ok(all(int(r["live_bytes"]) == sum(int(r[c]) for c in list(r)[4:])
           for r in rows), "CSV: bands and the rest are all that lives")
tap.is_([int(r["tables.py:3 build"]) for r in rows
         if float(r["time_s"]) == 22], [6 * M], "CSV: a band's value")
views.good("timeline", "--by", "function", "-o", "t.csv", *FILES["hostile"])
with open("t.csv", newline="") as f:
    rows = list(csv.reader(f))
tap.ok(len({len(r) for r in rows}) == 1,
       "CSV: quotes, commas and newlines in names do no harm")

# mprof's format.
views.good("timeline", "--by", "own", "-o", "t.dat", *FILES["family"])
lines = views.read("t.dat").splitlines()
tap.is_(lines[0], "CMDLINE python3 pool.py", ".dat: the command")
tap.is_([ln for ln in lines if ln.startswith("MEM")],
        ["MEM 10.000000 1767254401.0000", "MEM 11.000000 1767254404.0000"],
        ".dat: MEM is the root alone")
tap.is_(sorted({ln.split()[1] for ln in lines if ln.startswith("CHLD")}),
        ["51", "52"], ".dat: CHLD are the children")
tap.ok(all(len(ln.split()) >= 3 and ln == ln.strip() for ln in lines),
       ".dat: every line has its fields")
views.good("timeline", "--by", "own", "-o", "hostile.dat", *FILES["hostile"])
tap.ok(all(ln.split()[0] in ("CMDLINE", "MEM", "RCPROF")
           for ln in views.read("hostile.dat").splitlines()),
       ".dat: names do not break lines")
mprof = shutil.which("mprof") or shutil.which("python3-mprof")
for name in ("t.dat", "hostile.dat"):
    what = "mprof peak %s" % name
    if not mprof:
        tap.skip("[row 65] " + what, "mprof is not installed")
        continue
    done = subprocess.run([mprof, "peak", name], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if not tap.ok(done.returncode == 0 and b"MiB" in done.stdout,
                  "[row 65] " + what):
        tap.diag(done.stdout.decode("utf-8", "replace"))
can_plot = mprof and subprocess.run(
    ["python3", "-c", "import matplotlib"],
    stderr=subprocess.DEVNULL).returncode == 0
if can_plot:
    done = subprocess.run([mprof, "plot", "-o", "x.png", "t.dat"],
                          env=dict(views.ENV, MPLBACKEND="Agg"),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    tap.ok(done.returncode == 0 and os.path.getsize("x.png") > 1000,
           "[row 65] mprof plot")
else:
    tap.skip("[row 65] mprof plot", "mprof or matplotlib is not installed")

# JSON.
for story, files in FILES.items():
    data = json.loads(views.good("timeline", "--json", "--by", "own", *files))
    tap.is_(list(schema.check(data, schema.TIMELINE)), [],
            "%s: the schema holds" % story)
    tap.is_({len(b["bytes"]) for b in data["bands"]} |
            {len(data["other"])}, {len(data["band_times_s"])},
            "%s: as many values as times" % story)

# Windows and mistakes.
views.good("timeline", "--from", "10", "--to", "20", "-o", "t.csv",
           *FILES["service"])
times = [float(r["time_s"]) for r in csv.DictReader(open("t.csv"))]
tap.is_((min(times), max(times)), (10.0, 20.0), "--from and --to")
views.refused("timeline", "-o", "x.gif", *FILES["service"], status=2,
              regex=r'--output: "x.gif" is not valid; allowed: .*\.svg',
              description="a format that is not known")
views.refused("timeline", "-o", "no/such/x.svg", *FILES["service"], status=1,
              regex=r"no/such/x.svg: No such file or directory",
              description="a file that cannot be written")
views.refused("timeline", "-o", "/dev/full/x.svg", *FILES["service"],
              status=1, regex="/dev/full/x.svg: Not a directory",
              description="a directory that is none")
views.refused("timeline", "--top", "3", *FILES["service"], status=2,
              regex="--top needs --by", description="--top without --by")
views.refused("timeline", *stories.empty(), status=1,
              regex="empty.3.rcprof: nothing was recorded",
              description="a profile without a snapshot")
tap.done()

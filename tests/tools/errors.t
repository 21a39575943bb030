#!/usr/bin/env python3
"""Standard errors: profiles of which every sample is known."""
import json
import math
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import schema  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402
from profile import MALLOC  # noqa: E402

K, M = 1 << 10, 1 << 20
kept = []
SHOP = stories.sampled(keep=kept)[0]
samples = kept[0].samples
peak_time = kept[0].p.peak[2] / 1.0
names = {}              # site -> leaf function


def look(command, *args):
    return json.loads(views.good(command, "--json", *args))


def near(got, want, description):
    """Six digits are written, and sums of doubles are rounded."""
    fine = abs(got - want) <= 1e-5 * max(abs(want), 1)
    if not tap.ok(fine, description):
        tap.diag("got %r, want %r" % (got, want))


def error(variance):
    return math.sqrt(max(variance, 0))


def alive(time, these=samples):
    """A sample is in the first snapshot after its birth."""
    return [s for s in these if s["born"] < time <= s["died"]]


def total(field, these):
    return sum(s[field] for s in these)


# --- totals and sites --------------------------------------------------------
whole = look("report", SHOP)
tap.is_(list(schema.check_report(whole)), [], "the schema, sums are totals")
tap.is_(whole["mode"], "sample", "the mode")
tap.is_(whole["sampling"], {"samples": len(samples), "mean_min": 64 * K,
                            "mean_max": 256 * K, "cpu_s": 0.24},
        "how it was sampled")
live = alive(60.5)
totals = whole["totals"]
tap.is_((totals["live_bytes"], totals["live_blocks"]),
        (total("bytes", live), total("blocks", live)), "live is their sum")
near(totals["std_error"]["live"], error(total("var", live)), "its error")
near(totals["std_error"]["peak"], error(total("var", alive(60))),
     "the peak's error")
near(totals["std_error"]["allocated"], error(total("var", samples)),
     "the error of all that was allocated")
for site in whole["sites"]:
    leaf = site["stack"][0]["function"] + site["stack"][1]["function"]
    key = [s for s in {s["site"] for s in samples} if
           total("bytes", [a for a in samples if a["site"] == s]) ==
           site["allocated_bytes"] and site["allocated_bytes"] > 100 * K]
    if len(key) != 1:
        continue
    these = [s for s in samples if s["site"] == key[0]]
    near(site["std_error"]["live"], error(total("var", alive(60.5, these))),
         "%s: live" % leaf)
    near(site["std_error"]["peak"], error(total("var", alive(60, these))),
         "%s: peak" % leaf)
    near(site["std_error"]["allocated"], error(total("var", these)),
         "%s: allocated" % leaf)
big = [s for s in whole["sites"] if s["stack"][0]["function"] == "start"][0]
tap.is_((big["live_bytes"], big["std_error"]),
        (40 * M, {"live": 0, "peak": 0, "allocated": 0}),
        "a block that is always taken has no error")

# --- metrics -----------------------------------------------------------------
freed = [s for s in samples if s["died"] < 60.5]
for metric, want, value in (
        ("live", total("var", live), total("bytes", live)),
        ("peak", total("var", alive(60)), total("bytes", alive(60))),
        ("allocated", total("var", samples), total("bytes", samples)),
        ("freed", total("var", freed), total("bytes", freed)),
        ("count", total("var_blocks", samples), total("blocks", samples))):
    tree = look("tree", "--metric", metric, SHOP)
    tap.is_(list(schema.check_tree(tree)), [], "tree %s: the schema" % metric)
    tap.is_(tree["value"], value, "%s: the value" % metric)
    near(tree["std_error"], error(want), "%s: its error" % metric)
    below = {}
    for node in tree["nodes"]:
        below[node["id"]] = node["std_error"]
    near(below[tree["nodes"][0]["id"]], tree["std_error"],
         "%s: the root's is the whole's" % metric)

# --- moments, windows, filters ------------------------------------------------
for at in (10, 33):
    near(look("report", "--at", str(at), SHOP)["totals"]["std_error"]["live"],
         error(total("var", alive(at))), "--at %d" % at)
span = look("report", "--from", "20", "--to", "40", SHOP)
born = [s for s in samples if 20 <= s["born"] < 40]
gone = [s for s in samples if 20 <= s["died"] < 40]
near(span["totals"]["std_error"]["allocated"], error(total("var", born)),
     "--from --to: of what was allocated in it")
near(span["totals"]["std_error"]["live"], error(total("var", alive(40))),
     "--from --to: of what lives at its end")
tap.is_(span["sampling"]["samples"], len(born), "samples of the window")
tap.is_((span["sampling"]["mean_min"], span["sampling"]["mean_max"]),
        (64 * K, 256 * K), "the means in the window")
late = look("report", "--from", "40", SHOP)["sampling"]
tap.is_((late["mean_min"], late["mean_max"]), (256 * K, 256 * K),
        "the mean after the change")
near(look("tree", "--metric", "freed", "--from", "20", "--to", "40",
          SHOP)["std_error"], error(total("var", gone)),
     "--from --to: of what was freed in it")
strings = [s for s in samples if s["size"] == K]
near(look("report", "--include", "iterencode", SHOP)["totals"]["std_error"]
     ["allocated"], error(total("var", strings)), "--include")
near(look("report", "--exclude", "iterencode", SHOP)["totals"]["std_error"]
     ["allocated"], error(total("var", samples) - total("var", strings)),
     "--exclude")

# --- several processes --------------------------------------------------------
one, two, exact = [], [], "tree.33.rcprof"
for into, pid, seed in ((one, 31, 5), (two, 32, 6)):
    s = stories.Sampled("tree.%d.rcprof" % pid, 128 * K, seed=seed, pid=pid,
                        root_pid=31, program="tree")
    site = s.p.site([("tree.py", "grow", 4)])
    for second in range(1, 6):
        for _ in range(100):
            s.alloc(site, 8 * K)
        s.snapshot(second, cpu=10 ** 9, sample_cpu=10 ** 6 * pid)
    s.p.end(5.5)
    into.extend(s.samples)
p = stories.Profile(exact, pid=33, root_pid=31, program="tree")
p.snapshot(1.0, {p.site([("tree.py", "grow", 4)]): dict(
    allocs=100, alloc_bytes=M)})
p.end(5.5)
files = ["tree.31.rcprof", "tree.32.rcprof", exact]
merged = look("report", *files)
tap.is_(merged["totals"]["live_bytes"],
        total("bytes", one) + total("bytes", two) + M,
        "[row 68] sampled and exact processes add up")
for name in ("live", "peak", "allocated"):
    near(merged["totals"]["std_error"][name],
         error(total("var", one) + total("var", two)),
         "[row 68] variances add up: %s" % name)
tap.is_(merged["sampling"]["cpu_s"], 0.063, "so does the CPU time")
near(look("report", *files[:1])["totals"]["std_error"]["live"],
     error(total("var", one)), "one of them alone")

# A thread that frees what another has allocated.
s = stories.Sampled("threads.41.rcprof", 64 * K, pid=41, program="threads")
worker = s.p.thread("worker", 99)
site = s.p.site([("q.py", "put", 4)], MALLOC)
queue = [a for a in (s.alloc(site, 8 * K) for _ in range(400)) if a]
s.snapshot(1)
for sample in queue[:20]:
    s.free(sample, worker)
s.snapshot(2)
s.p.end(2.5)
threads = look("report", "threads.41.rcprof")
near(threads["totals"]["std_error"]["live"], error(total("var", queue[20:])),
     "a cell of one thread may be negative, the sum is right")
near(threads["totals"]["std_error"]["peak"], error(total("var", queue)),
     "and so is the peak's")

# --- over time ----------------------------------------------------------------
timeline = look("timeline", "--by", "own", SHOP)
wrong = list(schema.check(timeline, schema.TIMELINE))
tap.is_(wrong, [], "timeline: the schema")
points = {round(t["time_s"], 3): t for t in timeline["timeline"]}
for at in (1, 29, 45):
    near(points[at]["live_std_error"], error(total("var", alive(at))),
         "timeline at %d s" % at)
bands = {b["name"]: b for b in timeline["bands"]}
band = [b for n, b in bands.items() if "remember" in n][0]
cached = [s for s in samples if s["size"] == 4 * K]
column = timeline["band_times_s"].index(45)
near(band["std_error"][column], error(total("var", alive(45, cached))),
     "a band's error")
views.good("timeline", "--by", "own", "--top", "2", "-o", "x.csv", SHOP)
head, *rows = [line.split(",") for line in views.read("x.csv").splitlines()]
tap.is_(head[-4:], ["live_std_error", "app.py:11 remember std_error",
                    "app.py:5 start std_error", "other std_error"],
        "CSV: columns of errors")
row = [r for r in rows if r[0] == "45.000000"][0]
near(float(row[-3]), round(error(total("var", alive(45, cached)))),
     "CSV: a band's error")
tap.near(float(row[-4]) ** 2, float(row[-3]) ** 2 + float(row[-1]) ** 2,
         1e-4 * float(row[-4]) ** 2,
         "CSV: what is left has what is left of the variance")
views.good("timeline", "-o", "y.csv", SHOP)
head, *rows = [line.split(",") for line in views.read("y.csv").splitlines()]
tap.is_(head[-1], "live_std_error", "CSV without bands")
near(float([r for r in rows if r[0] == "29.000000"][0][-1]),
     round(error(total("var", alive(29)))), "CSV: the error at 29 s")
exact_csv = stories.service()[0]
views.good("timeline", "-o", "z.csv", exact_csv)
tap.is_(views.read("z.csv").splitlines()[0],
        "time_s,time,rss_bytes,live_bytes", "exact: no column of errors")

# --- list, dump -----------------------------------------------------------------
listed = look("list", SHOP)
tap.is_(list(schema.check(listed, schema.LIST)), [], "list: the schema")
near(listed["trees"][0]["processes"][0]["peak_std_error"],
     error(total("var", alive(60))), "list: the peak's error")
tap.like(views.good("dump", SHOP),
         r"EVENT time=29.000000000 kind=rate thread=0 number=262144 "
         r'before=65536 text="budget"', "dump: a change of the rate")
tap.like(views.good("dump", SHOP), r"SNAP_END key=sample_cpu value=240000000",
         "dump: the CPU time of samples")

# --- in words -------------------------------------------------------------------
views.golden("report-sampled.txt", views.good("report", SHOP))
narrow = views.good("report", SHOP, COLUMNS="40")
views.golden("report-sampled-40.txt", narrow, 69)
tap.ok(max(map(len, narrow.splitlines())) <= 40,
       "[row 69] no line has more than 40 columns")
views.golden("tree-sampled.txt", views.good("tree", SHOP))
views.golden("timeline-sampled.txt", views.good("timeline", "--by", "own",
                                                SHOP))
for metric in ("freed", "count", "temporary"):
    views.golden("report-sampled-%s.txt" % metric,
                 views.good("report", "--metric", metric, SHOP))
text = views.good("report", SHOP)
tap.like(text, r"(?m)^sampled, mean 64 KiB to 256 KiB, CPU 0\.4 % of 1 %,",
         "the line about the mode")
tap.ok("--exact" not in text, "enough samples: nothing to be said")
tap.ok(not re.search("\u00b1[0-9.]+\\) in",
                     views.good("report", exact_csv)), "exact: no errors")
tap.is_(look("report", exact_csv)["sampling"], None, "exact: no sampling")

# Too few.
THIN = stories.thin()[0]
text = " ".join(views.good("report", THIN).split())
tap.like(text, "Too few samples: .* run again with --exact",
         "too few samples are said")
tap.like(text, r"~2\.0 MiB \(\u00b11\.4\)", "what may be chance has a ~")
views.golden("report-thin.txt", views.good("report", THIN))
text = " ".join(views.good("report", *stories.unlucky()).split())
tap.like(text, "No sample was taken; run again with --exact",
         "no sample at all")
tap.like(" ".join(views.good("report", "--metric", "temporary",
                             SHOP).split()),
         "counted in exact mode: run again with --exact",
         "temporary allocations")

# --- how numbers are written ------------------------------------------------------
ROUND = re.compile(r"~?(-?[\d.,]+) (B|[KMGT]iB) +\(\u00b1([\d.,]+)\)")
for line in (views.good("report", "--all", SHOP) +
             views.good("report", "--all", THIN)).splitlines():
    for value, unit, err in ROUND.findall(line):
        digits = len(err.replace(",", "").replace(".", "").strip("0"))
        places = len(err.partition(".")[2])
        if not tap.ok(digits <= 2 and
                      len(value.partition(".")[2]) <= places,
                      "%s %s \u00b1%s: no digit too many" % (
                          value, unit, err)):
            tap.diag(line)
tap.done()

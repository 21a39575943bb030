#!/usr/bin/env python3
"""rcprof report: the page for people, and the JSON."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import lives  # noqa: E402
import schema  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402
from profile import Profile  # noqa: E402

FILES = {f.__name__: f() for f in (
    stories.service, stories.killed, stories.native, stories.family,
    stories.hostile, stories.empty)}


def version(text):
    """Goldens do not change with each release."""
    return text.replace(
        json.loads(views.good("report", "--json", *FILES["empty"]))["rcprof"],
        "VERSION", 1)


def report(*args, **env):
    return json.loads(views.good("report", "--json", *args, **env))


for story, files in FILES.items():
    views.golden("report-%s.txt" % story, views.good("report", *files))
    text = views.good("report", "--json", *files)
    views.golden("report-%s.json" % story, version(text))
    wrong = list(schema.check_report(json.loads(text)))
    tap.is_(wrong, [], "[row 66] %s: the schema holds, sums are totals" % story)
for columns in (40, 200):
    text = views.good("report", *FILES["service"], COLUMNS=str(columns))
    views.golden("report-%d.txt" % columns, text, 69)
    tap.ok(max(map(len, text.splitlines())) <= columns,
           "[row 69] no line has more than %d columns" % columns)

# Numbers that were put in come out.
whole = report(*FILES["service"])
M, K = 1 << 20, 1 << 10
by = {s["stack"][0]["function"]: s for s in whole["sites"]}
tap.is_(whole["totals"]["live_bytes"], 53 * M + 60 * 64 * K,
        "the end is before the interpreter's tear-down")
tap.is_((by["remember"]["live_bytes"], by["remember"]["live_blocks"]),
        (60 * 64 * K, 600), "live bytes and blocks of a site")
tap.is_(by["iterencode"]["own"], 1, "json's allocation is the caller's own")
tap.is_(by["zeros"]["own"], 1, "numpy's allocation is the caller's own")
tap.is_(by["iterencode"]["temporary_blocks"], 60 * 150, "temporaries")
tap.is_((whole["totals"]["peak_bytes"], whole["totals"]["peak_time_s"]),
        (56 * M + 768 * K, 60.0), "the peak and when it was")

# A moment, a span, a filter.
early = report("--at", "10", *FILES["service"])
tap.is_(early["totals"]["live_bytes"], 41 * M + 640 * K, "--at 10")
tap.is_(list(schema.check_report(early)), [], "--at: sums are totals")
marked = report("--at", "mark:half of it", *FILES["service"])
tap.is_(marked["totals"]["live_bytes"], 53 * M + 30 * 64 * K, "--at mark:")
span = report("--from", "10", "--to", "20", *FILES["service"])
tap.is_(span["totals"]["allocated_bytes"], 10 * 104 * K + 2 * M,
        "--from --to: allocated between")
tap.is_([s["stack"][0]["function"] for s in report(
    "--include", "remember", *FILES["service"])["sites"]], ["remember"],
    "--include")
tap.is_(len(report("--exclude", "tables", *FILES["service"])["sites"]), 3,
        "--exclude")
tap.is_(len(report("--top", "2", *FILES["service"])["sites"]), 2, "--top 2")
worker = report("--thread", "100", *FILES["killed"])
tap.is_(worker["totals"]["live_bytes"], M, "--thread by id")

# Several processes.
family = report(*FILES["family"])
tap.is_([p["pid"] for p in family["processes"]], [50, 51, 52],
        "[row 68] processes by start")
tap.is_(family["totals"]["live_bytes"], 6 * M + 6 * K,
        "[row 68] processes add up")
os.mkdir("tree")
for name in FILES["family"]:
    os.link(name, os.path.join("tree", name))
os.chdir("tree")
tap.is_(report(), family, "without a file: the newest process tree here")
os.chdir("..")

# Metrics and groups.
for metric in ("live", "peak", "allocated", "freed", "temporary", "count"):
    text = views.good("report", "--metric", metric, "--by", "function",
                      *FILES["service"])
    views.golden("report-metric-%s.txt" % metric, text)
for group in ("line", "file", "module", "thread", "kind", "stack", "process"):
    text = views.good("report", "--by", group, *FILES["service"])
    views.golden("report-by-%s.txt" % group, text)

# Types: births, deaths, and what is alive.
p = Profile("types.9.rcprof", pid=9)
born = p.site([("tree.py", "make", 12)])
died = p.site([("tree.py", "drop", 20)])
node, leaf = p.type("app.Node"), p.type("app.Leaf")
p.objects([(born, node, 0, {0: 12, 1: 1200}),
           (born, node, died, {2: 4, 3: 6, 5: 1000}),
           (born, leaf, 0, {0: 3, 1: 90}),
           (born, leaf, died, {4: 1, 5: 30})])
p.end(2.0)
types = report("types.9.rcprof")
tap.is_(list(schema.check_report(types)), [], "types: the schema holds")
tap.is_({t["type"]: (t["born"], t["died_refcount"], t["died_collector"],
                     t["died_unseen"], t["alive"], t["alive_bytes"])
         for t in types["types"]},
        {"app.Node": (12, 4, 6, 0, 2, 200), "app.Leaf": (3, 0, 0, 1, 2, 60)},
        "types: born, died, alive")
tap.is_([(d["n"], d["by"], d["stack"][0]["line"])
         for t in types["types"] for d in t["deaths"]],
        [(4, "refcount", 20), (6, "collector", 20)], "types: their deaths")

# How objects die: pauses, cycles, counts, and what to do about it.
for story in (lives.cycles, lives.objects, lives.kept):
    files = story()
    text = views.good("report", *files)
    views.golden("report-%s.txt" % story.__name__, text)
    wrong = list(schema.check_report(report(*files)))
    tap.is_(wrong, [], "%s: the schema holds" % story.__name__)
    if story is lives.cycles:
        found = report(*files)
        tap.is_((found["cycles"][0]["n"], len(found["cascades"]),
                 len(found["garbage"])), (50, 2, 3),
                "cycles, cascades, garbage")
        tap.like(" ".join(text.split()),
                 r"Look next: Node -> list .* born at tree.py:7 plant\. "
                 "A weakref in `parent` ends it",
                 "what ends the cycle")
    if story is lives.kept:
        tap.like(" ".join(text.split()),
                 "and: 500 exceptions raised at app.py:11 remember are alive",
                 "exceptions that are kept")
        tap.like(text, r"REFCOUNTS   1,600 live objects have 25\.0 KiB in "
                 r"reference counts and type pointers, 9\.37 KiB",
                 "what reference counting takes")
tap.like(" ".join(views.good("report", "--at", "1", *lives.kept()).split()),
         r"Look next: Row \(0 of 600 died, born at app.py:8 detail\)", "objects that nobody frees")

# Source lines.
tap.ok("CACHE[row.key] = row" in views.good("report", *FILES["service"]),
       "the text of a line is shown")
tap.ok("CACHE" not in views.good("report", "--no-source",
                                 *FILES["service"]), "--no-source")
os.utime("app.py")
text = views.good("report", *FILES["service"])
tap.ok("CACHE" not in text and "app.py has changed since" in
       " ".join(text.split()), "a line of a changed file is not shown")

# Nothing is called growth that is not.
text = views.good("report", "--all", *stories.shapes())
section = text[text.index("GROWING"):text.index("AT THE PEAK")]
ranked = set(re.findall(r"^ +\d+ .* s\.py:\d+ (\w+)", section, re.M))
tap.is_(ranked, stories.GROWING, "of twelve shapes three grow")
tap.like(section, r"(?m)^ +\d+  \s*35\d MiB/h .* steady",
         "100 KiB a second are 351 MiB/h")
tap.ok("ramp_then_flat" in section[section.index("Levelled"):],
       "what grew and stopped is said to have levelled off")
text = views.good("report", *FILES["service"])
growing = text[text.index("GROWING"):text.index("AT THE PEAK")]
tap.ok("remember" in growing, "the cache grows")
tap.ok("start" not in growing and "render" not in growing,
       "neither what was built once nor what comes and goes")
tap.ok("GROWING" not in views.good("report", *FILES["killed"]),
       "two seconds are too short to tell")
tap.done()

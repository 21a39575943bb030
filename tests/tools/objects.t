#!/usr/bin/env python3
"""rcprof objects: text and JSON."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import schema  # noqa: E402
import lives  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402
from profile import Profile  # noqa: E402
from lives import BORN, BYTES, COLLECTOR, DIED_BYTES, REFCOUNT  # noqa: E402

name, = lives.objects()
FILES = {"objects": [name]}
FILES.update((f.__name__, f()) for f in (
    stories.service, stories.family, stories.hostile, stories.empty))


def text(*args, **env):
    return views.good("objects", *args, **env)


def objects(*args):
    whole = json.loads(text("--json", *args))
    tap.is_(list(schema.check_objects(whole)), [],
            "[row 66] %s: the schema holds, sums are totals" % (args,))
    return whole


views.golden("objects.txt", text(name), 48)
views.golden("objects-all.txt", text("--all", name))
views.golden("objects-by-own.txt", text("--by", "own", name))
views.golden("objects-type.txt", text("--type", "list", name))
views.golden("objects-window.txt", text("--from", "1", "--to", "2", name))
for story, files in FILES.items():
    objects(*files)
    for columns in (40, 200):
        shown = text(*files, COLUMNS=str(columns))
        tap.ok(max(map(len, shown.splitlines())) <= columns,
               "[row 69] %s: no line has more than %d columns" % (
                   story, columns))
views.golden("objects-40.txt", text(name, COLUMNS="40"), 69)
tap.ok("no births or deaths were recorded: run with --objects=on" in
       text(*FILES["empty"]), "[row 62] nothing recorded says how to")

# Numbers that were put in come out.
whole = objects(name)
by = {t["type"]: t for t in whole["types"]}
node = by["__main__.Node"]
tap.is_([node[k] for k in ("born", "died_refcount", "died_collector",
                           "died_unseen", "alive", "alive_bytes")],
        [430, 348, 30, 2, 50, 50 * 48], "[row 48] born, died, alive")
tap.is_(sorted((d["by"], d["n"], d["stack"][0]["line"])
               for b in node["births"] for d in b["deaths"]),
        [("collector", 6, 3), ("collector", 24, 17), ("refcount", 8, 140),
         ("refcount", 340, 11)], "[row 51] where the last reference went")
tap.is_([b["own_line"] for b in by["str"]["births"]], [False],
        "what an import makes is not the user's own")
tap.is_([t["type"] for t in whole["types"] if t["own_class"]],
        ["__main__.Node"], "whose class it is")
tap.is_(sorted(by), ["__main__.Node", "function", "list", "str"],
        "JSON has all types")
early = objects("--at", "1", name)
tap.is_(early["totals"]["died_refcount"], 318, "--at 1")
span = objects("--from", "1", "--to", "2", name)
tap.is_((span["totals"]["died_refcount"], span["totals"]["alive"]), (50, -50),
        "--from --to: what died between")

# The user's own first, the rest by a flag or a name.
shown = text(name)
tap.ok("str" not in shown and "function" not in shown and "site.py" not in shown and
       "2 other types from imports and start-up: --all" in shown,
       "types of imports, definitions and start-up stay behind --all")
tap.ok("site.py:8" in text("--type", "list", name), "--type shows them too")
for pattern in ("Node", "__main__.Node", "N*e", "__main__.*"):
    tap.is_([t["type"] for t in objects("--type", pattern, name)["types"]],
            ["__main__.Node"], "--type %s" % pattern)
views.refused("objects", "--type", "Nod", name, status=1,
              regex="no object has a type Nod$|the nearest is: ",
              description="--type that was never met")
views.refused("objects", "--by", "thread", name, status=2,
              regex='--by: "thread" is not valid; allowed: type, own, line',
              description="--by of another view")
tap.is_(len(json.loads(text("--json", "--top", "1", name))["types"]), 1,
        "--top 1")
tap.ok("--include" in text("--help") and "Node" not in text(
    "--include", "ring", "--exclude", "Node.__init__", "--type", "l*", name),
    "--include and --exclude are of the place of birth")

# Threads: each has its births and its deaths.
p = Profile("threads.40.rcprof", pid=40)
here = p.site([("t.py", "make", 3)])
there = p.site([("t.py", "drop", 9)])
worker = p.thread("worker", 41)
item = p.type("t.Item")
p.objects([(here, item, 0, {BORN: 7, BYTES: 70})])
p.objects([(here, item, there, {REFCOUNT: 5, DIED_BYTES: 50})],
          time=2.0, thread=worker, keyframe=False)
p.end(3.0)
sums = {who: objects(*(["--thread", who] if who else []) +
                     ["threads.40.rcprof"])["totals"]
        for who in ("", "worker", "MainThread")}
tap.is_([(s["born"], s["died_refcount"]) for s in sums.values()],
        [(7, 5), (0, 5), (7, 0)], "--thread: what this thread made and freed")

# Several processes add up, each with its own numbers for types.
for pid, first in ((50, "a.A"), (51, "a.B")):
    p = Profile("two.%d.rcprof" % pid, pid=pid, root_pid=50,
                ppid=1 if pid == 50 else 50)
    site = p.site([("a.py", "make", 3)])
    p.type(first)
    kind = p.type("a.Both")
    p.objects([(site, kind, 0, {BORN: 2, BYTES: 20}),
               (site, kind, site, {COLLECTOR: 1, DIED_BYTES: 10})])
    p.end(3.0)
both = objects("two.50.rcprof", "two.51.rcprof")
tap.is_([(t["type"], t["born"], t["died_collector"]) for t in both["types"]],
        [("a.Both", 4, 2)], "[row 68] processes add up, types by name")

# Estimates have errors, ages have bounds.
VAR_BORN, VAR_BORN_BYTES, VAR_REFCOUNT = 34, 35, 36
p = Profile("some.61.rcprof", pid=61, mode="sample", rate="auto", budget="1")
p.rate(0, 65536, 0, "start")
site = p.site([("s.py", "make", 3)])
there = p.site([("s.py", "drop", 9)])
kind = p.type("s.Thing")
AGE = 8                         # + 2: from 2 to 4 units of 10 ms
p.objects([(site, kind, 0, {BORN: 12345, BYTES: 1234567, VAR_BORN: 640000,
                            VAR_BORN_BYTES: 10000}),
           (site, kind, there, {REFCOUNT: 2345, DIED_BYTES: 234567, 7: 2345,
                                AGE + 2: 2345, VAR_REFCOUNT: 40000})])
p.end(3.0)
some = objects("some.61.rcprof")
tap.is_(some["totals"]["std_error"]["born"], 800, "sampled: standard errors")
tap.is_(round(some["totals"]["std_error"]["alive"]), 775,
        "of those alive: births less deaths")
tap.is_(some["totals"]["age_median_within_s"], [0.02, 0.04],
        "the median age and its bounds")
shown = text("some.61.rcprof", COLUMNS="140")
tap.like(shown, r"sampled.*\n.*median age.*\n *s\.Thing +12,300 +2,300 .* "
         r"~30 ms +s\.py:3", "estimates are rounded, ages approximate")
tap.like(" ".join(shown.split()), r"12,300 \(\xb1800\) born",
         "and the sum has its error")

# Names that are no names.
p = Profile("odd.60.rcprof", pid=60)
site = p.site([("o\x1b[2J.py", "<script>\n", 3)])
for i, odd in enumerate(("m.\x1b]0;x\x07", "", "m.<b>", "\u202em", "x" * 300)):
    p.objects([(site, p.type(odd), 0, {BORN: i + 1, BYTES: 9})],
              time=i + 1.0, keyframe=False)
p.end(9.0)
shown = text("odd.60.rcprof")
tap.ok(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown) and
       max(map(len, shown.splitlines())) <= 100,
       "[row 66] hostile names of types")
tap.is_(objects("odd.60.rcprof")["totals"]["born"], 15, "and their numbers")

# A cut file, a closed pipe.
with open(name, "rb") as f:
    data = f.read()
for part in range(1, 20):
    with open("cut.rcprof", "wb") as f:
        f.write(data[:len(data) * part // 20])
    status, out, err = views.run("objects", "cut.rcprof")
    if status not in (0, 1) or (status == 1 and err.count("\n") != 1):
        tap.ok(False, "[row 63] cut at %d/20: %r" % (part, err))
        break
else:
    tap.ok(True, "[row 63] a cut file opens, or says why not")
shell = subprocess.run(
    ["bash", "-c", "'%s' objects --all %s | head -1; echo ${PIPESTATUS[0]}" % (
        tap.RCPROF, name)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    env=views.ENV)
tap.ok(shell.stderr == b"" and shell.stdout.split()[-1] in (b"0", b"141"),
       "[row 69] a pipe that is closed early")
tap.done()

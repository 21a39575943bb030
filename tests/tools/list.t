#!/usr/bin/env python3
"""rcprof list and rcprof dump."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import schema  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402
from profile import START, Profile  # noqa: E402

tap.is_(views.good("list"), "no profiles (*.rcprof) here\n",
        "a directory without profiles")
tap.is_(json.loads(views.good("list", "--json"))["trees"], [],
        "the same in JSON")
stories.service()
stories.killed()
stories.native()
stories.family()
stories.hostile()
stories.empty()
views.golden("list.txt", views.good("list"))
for columns in (40, 200):
    text = views.good("list", COLUMNS=str(columns))
    tap.ok(max(map(len, text.splitlines())) <= columns,
           "[row 69] no line has more than %d columns" % columns)
data = json.loads(views.good("list", "--json"))
tap.is_(list(schema.check(data, schema.LIST)), [], "the schema holds")
pool = [t for t in data["trees"] if t["root_pid"] == 50]
tap.is_([[p["pid"] for p in t["processes"]] for t in pool], [[50, 51, 52]],
        "[row 68] a tree is one, by start")
tap.is_([p["end"]["reason"] for p in pool[0]["processes"]],
        ["exit", "exit", "cut"], "how they ended")
tap.is_([p["peak_bytes"] for t in data["trees"] for p in t["processes"]
         if p["pid"] == 4711], [(56 << 20) + (768 << 10)], "the peak")

# A child that was exec'd has a clock of its own; the root makes the tree.
os.mkdir("clocks")
for pid, start in ((70, 0), (71, 3), (72, 9)):
    p = Profile("clocks/c.%d.rcprof" % pid, pid=pid, root_pid=70,
                start=START + start, mono=10 ** 12 + start * 10 ** 9)
    p.end(1.0)
Profile("clocks/later.rcprof", pid=80, start=START + 5).end(1.0)
tap.is_([[p["pid"] for p in t["processes"]] for t in json.loads(
    views.good("list", "--json", "clocks"))["trees"]], [[80], [70, 71, 72]],
    "[row 68] children with a clock of their own; the newest root first")

os.mkdir("other")
stories.native("other/sort.7.rcprof")
tap.is_([p["file"] for t in json.loads(views.good("list", "--json", "other"))
         ["trees"] for p in t["processes"]], ["other/sort.7.rcprof"],
        "another directory")
tap.is_(len(views.good("list", "job.99.rcprof",
                       "sort.7.rcprof").splitlines()), 3, "files by name")
with open("broken.rcprof", "w") as f:
    f.write("not a profile")
status, out, err = views.run("list")
tap.ok(status == 0 and "app.4711" in out and
       re.match("rcprof list: broken.rcprof: .*\n$", err),
       "what is no profile is one line, the rest is listed")
views.refused("list", "broken.rcprof", status=1,
              regex="rcprof list: broken.rcprof: not an? rcprof profile",
              description="a file by name that is no profile")
views.refused("list", "nowhere", status=1,
              regex="rcprof list: nowhere: No such file",
              description="a directory that is not there")

# dump: every record, as it stands.
views.golden("dump.txt", views.good("dump", "job.99.rcprof"))
views.golden("dump-hostile.txt", views.good("dump", "names.1.rcprof"))
kinds = {line.split()[1] for line in views.good(
    "dump", "app.4711.rcprof").splitlines()}
tap.is_(kinds, {"HEADER", "INFO", "COVERAGE", "STRING", "THREAD", "CODE",
                "NODE", "SITE", "EVENT", "SNAP_BEGIN", "CELLS", "SNAP_END",
                "RSS", "GC", "END"}, "[row 62] chunks by name")
size = os.path.getsize("app.4711.rcprof")
with open("app.4711.rcprof", "rb") as f:
    whole = f.read()
with open("cut.rcprof", "wb") as f:
    f.write(whole[:-3])
last = views.good("dump", "cut.rcprof").splitlines()[-1]
tap.like(last, r"^\d+ cut: ", "a cut file: the last line says where")
views.refused("dump", status=2, regex="usage: rcprof dump FILE",
              description="dump without a file")
views.refused("dump", "a", "b", status=2, regex="usage: rcprof dump FILE",
              description="dump of two files")
views.refused("dump", "broken.rcprof", status=1,
              regex="^rcprof dump: broken.rcprof: not an? rcprof profile",
              description="dump of what is no profile")
tap.done()

#!/usr/bin/env python3
"""Profiles that are being written, and big ones."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import schema  # noqa: E402
import tap  # noqa: E402

PROGRAM = """
import time
kept = []
print("ready", flush=True)
for i in range(100000):
    kept.append(bytearray(10000 + i % 50))
    time.sleep(0.001)
"""


def wait_for_profile():
    for _ in range(6000):
        found = [n for n in os.listdir(".") if n.endswith(".rcprof")]
        if found:
            return found[0]
        time.sleep(0.01)
    return None


child = subprocess.Popen(
    [tap.RCPROF, "run", "-q", "-i", "10ms", "--rss-interval", "10ms",
     tap.pythons()[0][0], "-I", "-S", "-c", PROGRAM],
    stdout=subprocess.PIPE, env=views.ENV)
child.stdout.readline()
name = wait_for_profile()
wrong, lives = [], []
for i in range(30):
    status, out, err = views.run("report", "--json", name)
    if status != 0 or err:
        wrong.append((status, err))
        continue
    report = json.loads(out)
    wrong += list(schema.check_report(report))
    if report["end"]["reason"] != "running":
        wrong.append(report["end"])
    lives.append(report["totals"]["live_bytes"])
    time.sleep(0.02)
tap.is_(wrong, [], "[row 64] a live file, read 30 times: sums are totals")
tap.ok(lives == sorted(lives) and lives[-1] > lives[0],
       "[row 64] and it grows")
tap.ok("   running" in views.good("report", name), "the page says: running")
tap.like(views.good("list"), "running", "the list too")
child.send_signal(signal.SIGKILL)
child.wait()
report = json.loads(views.good("report", "--json", name))
tap.is_((report["end"]["reason"], list(schema.check_report(report))),
        ("cut", []), "killed: it opens, sums are totals")
tap.like(views.good("report", name), r"^killed or cut at \d+\.\d s, last "
         r"snapshot \d\.\d s before", "and the page begins with it")

# Big ones.
maker = os.path.join(tap.BUILD, "tests/reader/mkprofile")
for args, rows in (("many", "100000"), ("week", "20000")):
    subprocess.run([maker, args, rows, args + ".rcprof"], check=True)
report = json.loads(views.good("report", "--json", "many.rcprof"))
tap.is_((len(report["sites"]), list(schema.check_report(report))),
        (100000, []), "[row 62] 100,000 sites")
tree = json.loads(views.good("tree", "--json", "many.rcprof"))
tap.is_(list(schema.check_tree(tree)), [], "[row 62] their tree")
for view in (["report"], ["timeline"], ["tree"], ["timeline", "--by", "own"]):
    tap.ok(views.good(*(view + ["week.rcprof"])),
           "[row 62] 20,000 snapshots: %s" % " ".join(view))
subprocess.run([maker, "hour", "5000", "hour.rcprof"], check=True)
report = json.loads(views.good("report", "--json", "hour.rcprof"))
tap.is_((len(report["sites"]), list(schema.check_report(report))),
        (5000, []), "[row 62] 3,600 snapshots in which 5,000 sites come up")
tap.like(views.good("report", "hour.rcprof"), r"(?m)^GROWING ",
         "[row 62] the page of it")
subprocess.run([maker, "sample", "sample.rcprof"], check=True)
subprocess.run([maker, "empty", "empty.rcprof"], check=True)
for name in ("sample", "empty"):
    report = json.loads(views.good("report", "--json", name + ".rcprof"))
    tap.is_(list(schema.check_report(report)), [],
            "[row 62] %s: the schema holds" % name)
    tap.ok(views.good("report", name + ".rcprof") and
           views.good("dump", name + ".rcprof"), "[row 62] %s as text" % name)
report = json.loads(views.good("report", "--json", "sample.rcprof"))
tap.ok(report["gc"] and report["marks"],
       "[row 62] every chunk: collections, marks")
tap.done()

#!/usr/bin/env python3
"""rcprof cycles: text and JSON."""
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
from profile import Profile, ns  # noqa: E402

name, = lives.cycles()
FILES = {"cycles": [name]}
FILES.update((f.__name__, f()) for f in (
    lives.objects, stories.service, stories.family, stories.empty))


def text(*args, **env):
    return views.good("cycles", *args, **env)


def cycles(*args):
    whole = json.loads(text("--json", *args))
    tap.is_(list(schema.check_cycles(whole)), [],
            "[row 66] %s: the schema holds" % (args,))
    return whole


views.golden("cycles.txt", text(name), 50)
views.golden("cycles-all.txt", text("--all", name), 50)
views.golden("cycles-40.txt", text(name, COLUMNS="40"), 69)
views.golden("cycles-window.txt", text("--from", "1.5", name))
for story, files in FILES.items():
    cycles(*files)
    for columns in (40, 200):
        shown = text(*files, COLUMNS=str(columns))
        tap.ok(max(map(len, shown.splitlines())) <= columns,
               "[row 69] %s: no line has more than %d columns" % (
                   story, columns))
tap.ok("no cycle was seen" in text(*FILES["empty"]), "[row 62] nothing there")

# Numbers that were put in come out, and add up.
whole = cycles(name)
by = {tuple(c["chain"]): c for c in whole["cycles"]}
tree = by["__main__.Node", "list", "__main__.Node", "__main__.Node"]
tap.is_([tree[k] for k in ("n", "objects", "bytes", "waited_at_most_s",
                           "waited_at_most_mean_s", "byte_s")],
        [50, 250, 3000000, 3.0, 0.6, 1800000], "[row 50] of two snapshots")
tap.is_(sum(c["n"] for c in whole["cycles"]), 66, "all of them")
tap.is_(whole["collector"]["runs"], 3, "collections")
tap.is_(whole["collector"]["collected"], 436, "what they found")
tap.is_((whole["collector"]["worst"]["pause_s"],
         whole["collector"]["worst"]["generation"]), (0.011, 2), "the worst")
tap.is_([(c["objects"], c["pause_at_most_s"]) for c in whole["cascades"]],
        [(120000, 0.004), (1200, 0.0005)], "releases, the longest first")
tap.is_([g["objects"] for g in whole["garbage"]], [20, 251, 165], "garbage")
tap.is_([c["own"] for c in whole["cycles"]], [True] * 6 + [False],
        "the user's own first")
waiting = [c["byte_s"] for c in whole["cycles"] if c["own"]]
tap.is_(waiting, sorted(waiting, reverse=True), "by bytes and waiting")
early = cycles("--at", "1", name)
tap.is_((sum(c["n"] for c in early["cycles"]), early["collector"]["runs"],
         len(early["cascades"])), (50, 2, 0), "--at 1")
late = cycles("--from", "1.5", name)
tap.is_((sum(c["n"] for c in late["cycles"]), late["collector"]["runs"],
         len(late["cascades"])), (16, 1, 2), "--from 1.5")
tap.is_(len(cycles("--top", "2", name)["cycles"]), 2, "--top 2")

# Advice only where the cycle says it.
ADVICE = {"__main__.Node list": "A weakref in `parent` ends it.",
          "tree.Link": None,
          "__main__.Node tree.Link": "A weakref in `tail` or in `head` "
                                     "ends it."}
for kind, sentence in ADVICE.items():
    found = [c["advice"] for c in whole["cycles"]
             if set(c["chain"]) == set(kind.split()) and not c["knot"]]
    tap.is_(found, [sentence], "advice for %s" % kind)
tap.is_([c["advice"] for c in whole["cycles"] if c["knot"]], [None],
        "none for a knot")
tap.is_([bool(re.search("^An exception .*`del problem`", c["advice"]))
         for c in whole["cycles"] if "traceback" in c["chain"]], [True],
        "an exception and its frame")

# Processes have numbers of their own for what is the same, told from another
# member.
for pid in (70, 71):
    p = Profile("two.%d.rcprof" % pid, pid=pid, root_pid=70,
                ppid=1 if pid == 70 else 70)
    site = p.site([("a.py", "make", 3)])
    kinds = [p.type(n) for n in (("a.A", "a.B"), ("a.B", "a.A"))[pid - 70]]
    attributes = ("b", "a") if pid == 70 else ("a", "b")
    p.cycles(1.0, {p.cycle(list(zip(kinds, attributes, (site, site)))):
                   [2, 4, 100, ns(1), ns(pid - 69), 100]})
    p.end(2.0)
both = cycles("two.70.rcprof", "two.71.rcprof")
tap.is_([(c["chain"], c["n"], c["waited_at_most_s"]) for c in both["cycles"]],
        [(["a.A", "a.B", "a.A"], 4, 2.0)], "[row 68] processes add up")

# Odd members and names.
p = Profile("odd.80.rcprof", pid=80)
p.cycles(1.0, {
    p.cycle([]): [5, 9, 90, 5, 5, 5],
    p.cycle([(0, "\x1b[2J", 0), (99, None, 98)]): [1, 2, 30, 4, 4, 4],
    p.cycle([(p.type("m\n<b>"), "`\u202e", 0)]): [1, 1, 10, 3, 3, 3],
    77: [1, 1, 1, 1, 1, 1]})
p.cascade(1.0, 0.1, 5000, 1, 12345)
p.end(2.0)
shown = text("odd.80.rcprof")
tap.ok(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown),
       "[row 66] hostile names")
tap.ok("[cycles past the memory limit]" in shown, "cycles without a place")
cycles("odd.80.rcprof")

with open(name, "rb") as f:
    data = f.read()
for part in range(1, 20):
    with open("cut.rcprof", "wb") as f:
        f.write(data[:len(data) * part // 20])
    status, out, err = views.run("cycles", "cut.rcprof")
    if status not in (0, 1) or (status == 1 and err.count("\n") != 1):
        tap.ok(False, "[row 63] cut at %d/20: %r" % (part, err))
        break
else:
    tap.ok(True, "[row 63] a cut file opens, or says why not")
shell = subprocess.run(
    ["bash", "-c", "'%s' cycles --all %s | head -1; echo ${PIPESTATUS[0]}" % (
        tap.RCPROF, name)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    env=views.ENV)
tap.ok(shell.stderr == b"" and shell.stdout.split()[-1] in (b"0", b"141"),
       "[row 69] a pipe that is closed early")
tap.done()

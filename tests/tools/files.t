#!/usr/bin/env python3
"""Files that are damaged, foreign or not there: one clear line, exit 1; a cut
profile opens and says so."""
import json
import os
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import views  # noqa: E402
import schema  # noqa: E402
import stories  # noqa: E402
import tap  # noqa: E402

VIEWS = ("report", "tree", "timeline", "dump")

with open("text.rcprof", "w") as f:
    f.write("x" * 1000)
open("empty.rcprof", "w").close()
os.mkdir("dir.rcprof")
stories.killed("secret.rcprof")
os.chmod("secret.rcprof", 0)
name, = stories.service()
with open(name, "rb") as f:
    whole = f.read()
with open("newer.rcprof", "wb") as f:
    head = whole[:8] + struct.pack("<HH", 9, 9) + whole[12:76]
    f.write(head + struct.pack("<I", zlib.crc32(head)) + whole[80:])

BAD = [("text.rcprof", "not an? rcprof profile"),
       ("empty.rcprof", "empty|not an? rcprof profile|too short"),
       ("dir.rcprof", "[Ii]s a directory|not a file"),
       ("gone.rcprof", "No such file or directory"),
       ("newer.rcprof", "format 9")]
for view in VIEWS:
    for bad, why in BAD:
        views.refused(view, bad, status=1,
                      regex="^rcprof %s: %s: .*(%s)" % (view, bad, why),
                      description="[row 63] %s %s" % (view, bad))
if os.getuid() == 0:
    # root may read everything: ask as somebody else
    os.chmod(views.directory, 0o755)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         tap.RCPROF, "report", os.path.join(views.directory,
                                            "secret.rcprof")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=views.ENV)
    said = done.stderr.decode()
    if "setpriv" in said or "cannot execute" in said or (
            done.returncode > 2):
        tap.skip("[row 63] no permission", "cannot become another user here")
    else:
        tap.ok(done.returncode == 1 and
               "secret.rcprof: Permission denied" in said,
               "[row 63] no permission")
else:
    views.refused("report", "secret.rcprof", status=1,
                  regex="secret.rcprof: Permission denied",
                  description="[row 63] no permission")

# Cut: it opens, the first line says where it ends.
wrong, said = [], 0
for size in list(range(81, len(whole), 97)) + [len(whole) - 1]:
    with open("cut.rcprof", "wb") as f:
        f.write(whole[:size])
    status, out, err = views.run("report", "--json", "cut.rcprof")
    if status != 0 or err:
        wrong.append((size, status, err))
        continue
    report = json.loads(out)
    wrong += [(size, w) for w in schema.check_report(report)]
    if report["end"]["reason"] != "cut":
        wrong.append((size, report["end"]))
    said += 1
tap.ok(said > 20, "[row 63] cut at %d places" % said)
tap.is_(wrong, [], "[row 63] each opens, sums are totals")
with open("cut.rcprof", "wb") as f:
    f.write(whole[:len(whole) // 2])
first = views.good("report", "cut.rcprof").splitlines()[0]
tap.like(first, r"^killed or cut at \d+\.\d s, last snapshot \d\.\d s before",
         "the page begins with it")
for size in (0, 40, 79):
    with open("cut.rcprof", "wb") as f:
        f.write(whole[:size])
    views.refused("report", "cut.rcprof", status=1,
                  regex="^rcprof report: cut.rcprof: ",
                  description="[row 63] cut at byte %d" % size)

# A flipped bit ends the file, wherever it is.
for place in (90, len(whole) // 3, len(whole) - 5):
    with open("bit.rcprof", "wb") as f:
        f.write(whole[:place] + bytes([whole[place] ^ 4]) +
                whole[place + 1:])
    report = json.loads(views.good("report", "--json", "bit.rcprof"))
    tap.is_(list(schema.check_report(report)), [],
            "[row 63] a flipped bit at byte %d" % place)
os.mkdir("bare")
os.chdir("bare")
views.refused("report", status=1,
              regex=r"^rcprof report: no profile \(\*.rcprof\) in the current "
              "directory; to make one: rcprof run COMMAND",
              description="no profile here")
tap.done()

#!/usr/bin/env python3
"""The symbols that a report keeps for the next one: used when they are true,
and only then."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import native  # noqa: E402
import views  # noqa: E402
import tap  # noqa: E402

for name in ("objdump", "readelf", "objcopy"):
    if not native.tool(name):
        tap.skip_all("no %s (binutils)" % name)
CC = os.environ.get("CC", "gcc")
os.mkdir("cache")
CACHE = os.path.abspath("cache")
program = native.make(CC, "chain.c", "chain", "-O2", "-g", "-no-pie")
ID = native.build_id(program)
KEPT = os.path.join(CACHE, ID.hex())
addresses = native.calls(program)
HALF = len(addresses) // 2


def look(count=len(addresses), path=program, build_id=ID, cache=CACHE,
         *flags):
    """What is said of so many calls."""
    name = native.profile("kept.rcprof", [[(path, a)]
                                          for a in addresses[:count]],
                          {path: build_id})
    return native.stacks(name, *flags, RCPROF_SYMBOL_CACHE=cache)


def has_lines(stacks):
    return any(f["line"] for s in stacks.values() for f in s)


truth = look(cache="")
if not has_lines(truth):
    tap.skip_all("built without elfutils")
tap.is_(os.listdir(CACHE), [], "an empty name: nothing is kept")
tap.is_(look(HALF), {n: truth[n] for n in range(1, HALF + 1)},
        "the first report")
tap.ok(os.listdir(CACHE) == [ID.hex()] and
       os.stat(KEPT).st_mode & 0o777 == 0o600, "one file, for us alone")
before = os.stat(KEPT).st_ino
look(HALF)
tap.is_(os.stat(KEPT).st_ino, before, "nothing new: it is left alone")
tap.is_(look(), truth, "more addresses are added")
tap.ok(os.stat(KEPT).st_ino != before, "in a new file in its place")

# Gone files leave what is true of them.
os.rename(program, "away")
tap.is_(look(), truth, "the program is gone: its symbols are kept")
tap.ok(not has_lines(look(build_id=b"\2" * 20)),
       "not for another build-id")
os.rename("away", program)

# Stripped, and then a debug file comes.
shutil.copy(program, "whole")
subprocess.run(["objcopy", "--strip-all", program], check=True)
tap.is_(look(), truth, "stripped since: what was found is still true")
os.unlink(KEPT)
tap.ok(not has_lines(look()), "stripped, and nothing kept: no lines")
tap.ok(os.path.exists(KEPT), "which is kept")
os.makedirs("debug/.build-id/" + ID.hex()[:2])
subprocess.run(["objcopy", "--only-keep-debug", "whole",
                "debug/.build-id/%s/%s.debug" % (ID.hex()[:2],
                                                 ID.hex()[2:])], check=True)
got = look(len(addresses), program, ID, CACHE, "--debug-dir", "debug")
tap.is_(got, truth, "until a debug file is there")
tap.is_(look(), truth, "and that is what is kept")

# Damage, and places where nothing can be kept.
os.unlink(program)
os.rename("whole", program)
look()
with open(KEPT, "rb") as f:
    good = f.read()
wrong = 0
for n in range(0, len(good), max(1, len(good) // 60)):
    for bad in (good[:n], good[:n] + bytes([good[n] ^ 0x41]) + good[n + 1:]):
        with open(KEPT, "wb") as f:
            f.write(bad)
        wrong += native.stacks(
            "kept.rcprof", RCPROF_SYMBOL_CACHE=CACHE) != truth
tap.is_(wrong, 0, "a damaged or cut file is as none")
os.unlink(KEPT)
os.mkfifo(KEPT)
tap.is_(look(), truth, "a FIFO in its place")
os.chmod(CACHE, 0o500)
tap.is_(look(), truth, "a directory that cannot be written")
os.chmod(CACHE, 0o700)
tap.is_(look(cache="/not/there"), truth, "no directory")
os.mkdir("home")
native.profile("kept.rcprof", [[(program, addresses[0])]], {program: ID})
env = {k: v for k, v in views.ENV.items()
       if k not in ("RCPROF_SYMBOL_CACHE", "XDG_CACHE_HOME")}
subprocess.run([tap.RCPROF, "tree", "kept.rcprof"], check=True,
               stdout=subprocess.DEVNULL,
               env=dict(env, HOME=os.path.abspath("home")))
tap.is_(os.listdir("home/.cache/rcprof/symbols"), [ID.hex()],
        "by default in the home directory")
os.mkdir("xdg")
subprocess.run([tap.RCPROF, "tree", "kept.rcprof"], check=True,
               stdout=subprocess.DEVNULL,
               env=dict(env, XDG_CACHE_HOME=os.path.abspath("xdg")))
tap.is_(os.listdir("xdg/rcprof/symbols"), [ID.hex()], "or XDG_CACHE_HOME")

# The oldest go.
os.mkdir("full")
for n in range(600):
    with open("full/%040x" % n, "w"):
        pass
    os.utime("full/%040x" % n, (1000 + n, 1000 + n))
look(cache=os.path.abspath("full"))
kept = os.listdir("full")
tap.ok(len(kept) == 512 and ID.hex() in kept and
       "%040x" % 599 in kept and "%040x" % 0 not in kept,
       "the oldest of many go: %d stay" % len(kept))
tap.done()

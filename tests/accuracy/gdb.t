#!/usr/bin/env python3
"""Native stacks are those that gdb shows at the same allocations: recursion,
inlining, callbacks, exceptions, signals, coroutines, threads, dlopened
code."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/tap"))
import tap  # noqa: E402

HERE = os.path.join(os.environ["RCPROF_SRC"], "tests/accuracy")
CXX = os.environ.get("CXX", "g++").split()
if not shutil.which("gdb"):
    tap.skip_all("no gdb")
if not shutil.which(CXX[0]):
    tap.skip_all("no C++ compiler")
work = tempfile.mkdtemp(prefix="rcprof-test.")
os.chdir(work)
ENV = dict(os.environ, RCPROF_SYMBOL_CACHE="", RCPROF_NATIVE="on")
ENTRY = ("allocate", "__cxa_allocate_exception")


def compile_(output, *flags):
    subprocess.run(CXX + ["-g", "-pthread", os.path.join(HERE, "stacks.cc"),
                          "-o", output] + list(flags), check=True)


def plain(name):
    """Without parameters, template arguments and return type; lambdas are
    called in many ways."""
    if not name:
        return name
    name = re.sub(r"\{lambda[^{}]*\}(#\d+)?|<lambda\([^()]*\)>|\{unnamed\}",
                  "lambda", name)
    name = name.replace("operator()", "call")
    while True:
        shorter = re.sub(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]| const$", "",
                         name)
        if shorter == name:
            break
        name = shorter
    return name.split(" ")[-1].split("::")[-1]


def by_gdb(program):
    """{size: [(module, function, line), ...]}"""
    done = subprocess.run(
        ["gdb", "-nx", "-batch", "-x", os.path.join(HERE, "gdb_stacks.py"),
         "--args", program, "./plugin.so"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=dict(ENV, STACKS="gdb.out"))
    found = {}
    if os.path.exists("gdb.out"):
        with open("gdb.out") as f:
            for size, entry, stack in map(json.loads, f):
                found[size + 128 * (entry != "allocate")] = [
                    (m, plain(f), line) for m, f, line in stack]
    if not found:
        tap.skip_all("gdb does not work here: %r" % done.stdout[-300:])
    return found


def by_rcprof(program):
    subprocess.run([tap.RCPROF, "run", "-q", "-f", "-e", "-o", "it.rcprof",
                    program, "./plugin.so"], check=True, env=ENV)
    report = json.loads(subprocess.run(
        [tap.RCPROF, "report", "--native", "--json", "it.rcprof"],
        stdout=subprocess.PIPE, check=True, env=ENV).stdout)
    found = {}
    for site in report["sites"]:
        names = [f["function"] for f in site["stack"]]
        size = site["allocated_bytes"]
        if site["allocations"] == 1 and 100000 <= size <= 300000 and \
                any(n in ENTRY for n in names):
            start = [n in ENTRY for n in names].index(True) + 1
            found[size] = [describe(f) for f in site["stack"][start:]]
    return found


def describe(frame):
    module = os.path.basename(frame["module"] or "")
    if module.startswith("stacks"):
        module = "program"
    elif "plugin" not in module:
        return (module, None, None)
    return (module, plain(frame["function"]), frame["line"])


compile_("plugin.so", "-O2", "-fPIC", "-shared", "-DPLUGIN")
for flags in (["-O2"], ["-O0", "-fno-omit-frame-pointer"],
              ["-O2", "-no-pie", "-fcf-protection=none", "-Wl,-z,lazy"]):
    name = "stacks" + flags[0] + flags[1][:7] if len(flags) > 1 else "stacks"
    compile_(name, *flags)
    ours = by_rcprof("./" + name)
    if not any(len(s) > 3 for s in ours.values()):
        tap.skip_all("this build records one native frame")
    theirs = by_gdb("./" + name)
    tap.ok(len(theirs) >= 25, "%s: gdb saw %d stacks" % (name, len(theirs)))
    for size in sorted(set(theirs) | set(ours)):
        if not tap.ok(ours.get(size) == theirs.get(size),
                      "%s: the stack of block %d" % (name, size)):
            for who, stacks in (("rcprof", ours), ("   gdb", theirs)):
                for frame in stacks.get(size, ["nothing"])[:40]:
                    tap.diag("%s %s" % (who, frame))
shutil.rmtree(work)
tap.done()

#!/usr/bin/env python3
"""heaptrack and rcprof on the same C++ program: calls, bytes and what is left
at the end, by call stack."""
import collections
import gzip
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
CXX = os.environ.get("CXX", "g++")
if not shutil.which("heaptrack"):
    tap.skip_all("no heaptrack")
if not shutil.which(CXX.split()[0]):
    tap.skip_all("no C++ compiler")

work = tempfile.mkdtemp(prefix="rcprof-test.")
os.chdir(work)
subprocess.run(CXX.split() + [
    "-g", "-O1", "-fno-inline", "-fno-optimize-sibling-calls", "-pthread",
    os.path.join(HERE, "sites.cc"), "-o", "sites"], check=True)
Cost = collections.namedtuple("Cost", "calls bytes left")


def plain(name):
    """A function's name without parameters, templates and return type."""
    name = re.sub(r"\(anonymous namespace\)", "{anonymous}", name)
    while True:
        shorter = re.sub(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]", "", name)
        if shorter == name:
            break
        name = shorter
    name = re.sub(r"( const| &&?)+$", "", name)
    return name.split(" ")[-1] if not name.startswith("operator") else name


def own(stack):
    """The part of a stack (leaf first) from main or a thread's function on,
    without operator new; None for what starts and ends the process."""
    for outer in ("main", "depot::work"):
        if outer in stack:
            stack = stack[:stack.index(outer) + 1]
            while stack[0].startswith("operator new"):
                stack = stack[1:]
            return tuple(stack)
    return None


# --- heaptrack -------------------------------------------------------------

def run_heaptrack():
    """Its data, which it compresses so that we can read it if there is no
    zstd to be found."""
    os.mkdir("bin")
    for name in ("bash", "sh", "basename", "cat", "dirname", "gzip", "head",
                 "kill", "mkfifo", "mktemp", "readlink", "rm", "sed",
                 "tail", "wc"):
        if shutil.which(name):
            os.symlink(shutil.which(name), "bin/" + name)
    done = subprocess.run(
        [shutil.which("heaptrack"), "-o", "theirs", "./sites"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=dict(os.environ, PATH=os.path.abspath("bin")))
    if not os.path.exists("theirs.gz"):
        tap.skip_all("heaptrack does not work here: %r" % done.stdout[-300:])
    with gzip.open("theirs.gz", "rt", errors="replace") as f:
        return f.read().splitlines()


def read_heaptrack(lines):
    strings, ips, traces, infos, costs = [""], [None], [None], [], {}
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "s":
            match = re.match(r"([0-9a-f]+) (.*)", rest)
            strings.append(match.group(2) if match and int(
                match.group(1), 16) == len(match.group(2)) else rest)
            continue
        n = [int(x, 16) for x in rest.split()] if kind in "ita+-" else []
        if kind == "i":
            # ip, module, then function, file, line of each frame
            ips.append([strings[f] for f in n[2::3]] or ["?"])
        elif kind == "t":
            traces.append((n[0], n[1]))
        elif kind == "a":
            infos.append((n[0], n[1]))
        elif kind in ("+", "-"):
            size, trace = infos[n[0]]
            cost = costs.setdefault(trace, [0, 0, 0])
            if kind == "+":
                cost[0] += 1
                cost[1] += size
            cost[2] += size if kind == "+" else -size
    stacks = collections.Counter(), collections.Counter(), \
        collections.Counter()
    for trace, cost in costs.items():
        stack = []
        while trace:
            ip, trace = traces[trace]
            stack += [plain(name) for name in ips[ip]]
        for counter, value in zip(stacks, cost):
            counter[own(stack)] += value
    return {k: Cost(*(c[k] for c in stacks)) for k in stacks[0]}


# --- rcprof ----------------------------------------------------------------

def read_rcprof():
    env = dict(os.environ, RCPROF_SYMBOL_CACHE="", RCPROF_NATIVE="on")
    subprocess.run([tap.RCPROF, "run", "-q", "-f", "-e", "-o",
                    "ours.rcprof", "./sites"], check=True, env=env)
    report = json.loads(subprocess.run(
        [tap.RCPROF, "report", "--native", "--json", "ours.rcprof"],
        stdout=subprocess.PIPE, check=True, env=env).stdout)
    costs = {}
    for site in report["sites"]:
        key = own([plain(f["function"]) for f in site["stack"]])
        cost = costs.get(key, Cost(0, 0, 0))
        costs[key] = Cost(cost.calls + site["allocations"],
                          cost.bytes + site["allocated_bytes"],
                          cost.left + site["live_bytes"])
    return costs


def total(costs):
    return Cost(*map(sum, zip(*costs.values())))


theirs = read_heaptrack(run_heaptrack())
ours = read_rcprof()
if not any(k and k[-1] == "main" for k in ours):
    # Without stacks: calls in all, and bytes but for the thread's table of
    # TLS blocks, which has an entry for each library that has some.
    got, want = total(ours), total(theirs)
    tap.skip("calls, bytes and what is left by stack",
             "this build records one native frame")
    tap.is_(got.calls, want.calls, "calls in all")
    tap.near(got.bytes, want.bytes, 16, "bytes in all")
else:
    for costs in (ours, theirs):
        for key in [k for k in costs if not k or "allocate_dtv" in k]:
            del costs[key]
    tap.ok(len(theirs) > 40, "%d stacks below main" % len(theirs))
    wrong = ["%s: %s, heaptrack %s" % (" < ".join(k), ours.get(k),
                                       theirs.get(k))
             for k in sorted(set(ours) | set(theirs))
             if ours.get(k) != theirs.get(k)]
    if not tap.is_(len(wrong), 0, "calls, bytes and what is left agree by "
                   "stack"):
        tap.diag("\n".join(wrong[:12]))
    tap.is_(total(ours), total(theirs), "and in all")
shutil.rmtree(work)
tap.done()

#!/usr/bin/env python3
"""Row 59: estimates against the exact run of the same work, for a hundred seeds
and means from 4 KiB to 1 MiB.  An error that is stated rightly makes
z = (estimate - exact) / stated standard error a number around 0 with a
deviation of 1.

RCPROF_ZSCORES=FILE keeps them all, for scripts/plot-zscores."""
import json
import math
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402
import tap  # noqa: E402

RATES = (4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20)
CHILDREN = 20
METRICS = ("live", "peak", "allocated")
NAMES = ("kept", "small", "large", "dropped", "grown", "extended")
EXPECTED = 30  # samples, for a site to be judged by itself


def reports(py, children, **env):
    """What each child's profile says at its end."""
    env = dict({"RCPROF_FOLLOW": "python"}, **env)
    run = lib.Run([py.path, "-S",
                   os.path.join(lib.PROGRAMS, "sampled.py"), str(children)],
                  env, None)
    if run.status != 0:
        raise lib.Broken(run.stderr[-500:])
    out = []
    for name in run.files():
        done = subprocess.run(
            [tap.RCPROF, "report", "--json", "--at", "mark:end", name],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.unlink(name)
        if done.returncode == 0:  # the parent has no such mark
            out.append(json.loads(done.stdout.decode()))
    if len(out) != children:
        raise lib.Broken("%d profiles of %d children" % (len(out), children))
    return out


def by_site(data, lines):
    """Name -> metric -> (sum, standard error); "rest": all other sites."""
    out = {name: {m: [0, 0.0] for m in METRICS}
           for name in NAMES + ("rest", "all")}
    out["samples"] = {}
    for site in data["sites"]:
        leaf = next((f for f in site["stack"] if f["kind"] == "python"),
                    None)
        name = lines.get((leaf or {}).get("line"), "rest")
        if leaf is None or os.path.basename(leaf["file"]) != "sampled.py":
            name = "rest"
        error = site.get("std_error") or {}
        for metric in METRICS:
            for key in (name, "all"):
                at = out[key][metric]
                at[0] += site[metric + "_bytes"]
                at[1] += (error.get(metric) or 0) ** 2
    return out


def expected(truth, name, metric, rate):
    """At least so many samples, as if all blocks were the largest."""
    largest = {"kept": 150000, "small": 20000, "large": 3000000,
               "dropped": 20000, "grown": 30000, "extended": 120000,
               "rest": 4096}[name]
    chance = -math.expm1(-largest / rate)
    return truth[name][metric][0] / largest * chance


def judge(py, what, z):
    n = len(z)
    mean = sum(z) / n
    deviation = math.sqrt(sum((x - mean) ** 2 for x in z) / (n - 1))
    good = abs(mean) <= 0.4 and 0.8 <= deviation <= 1.2
    py.ok(59, good, "%s: z is %.2f on average, deviates by %.2f (%d)" % (
        what, mean, deviation, n))


def chosen():
    """One optimised build and one plain: a hundred seeds take their time."""
    listed = subprocess.run(
        [os.path.join(os.environ["RCPROF_SRC"], "scripts/pythons"),
         "--versions"], stdout=subprocess.PIPE, check=True).stdout.decode()
    rows = [line.split("\t") for line in listed.splitlines()]
    return [next((row[0] for row in rows if row[1].startswith(version)
                  and row[3] == build), None)
            for version, build in (("3.11", "optimised"), ("3.12", "plain"))]


CHOSEN = chosen()


def test_sampled(py):
    if py.path not in CHOSEN:
        return
    program = os.path.join(lib.PROGRAMS, "sampled.py")
    lines = {lib.line_of(program, name): name for name in NAMES}
    truth = by_site(reports(py, 1)[0], lines)
    scores = {}
    sums_right = True
    with open(os.environ.get("RCPROF_ZSCORES") or os.devnull, "a") as csv:
        if csv.tell() == 0:
            csv.write("build,seed,metric,site,truth,estimate,std_error\n")
        for rate in RATES:
            seed = 0
            for data in reports(py, CHILDREN, RCPROF_MODE="sample",
                                RCPROF_RATE=str(rate),
                                RCPROF_SEED=str(rate + py.version[1])):
                seed += 1
                got = by_site(data, lines)
                for metric in METRICS:
                    total = data["totals"][
                        "allocated_bytes" if metric == "allocated"
                        else metric + "_bytes"]
                    sums_right &= got["all"][metric][0] == total
                for name in NAMES + ("rest",):
                    for metric in METRICS:
                        want = truth[name][metric][0]
                        if expected(truth, name, metric, rate) < EXPECTED:
                            continue
                        value, variance = got[name][metric]
                        error = math.sqrt(variance)
                        csv.write("%s,%d-%d,%s,%s,%d,%d,%.1f\n" % (
                            py.name, rate, seed, metric, name, want, value,
                            error))
                        if error == 0 and value == want:
                            continue  # all blocks are large: exact
                        scores.setdefault((name, metric), []).append(
                            (value - want) / (error or 1))
    py.ok(59, sums_right, "the sums of all sites are the totals")
    for (name, metric), z in sorted(scores.items()):
        if len(z) >= CHILDREN * 2:
            judge(py, "%s, %s" % (name, metric), z)


lib.each(59, test_sampled)

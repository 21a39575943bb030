#!/usr/bin/env python3
"""bench.py - what profiling costs: rcprof and its rivals, side by side.

    make bench [BENCH_CASES=...] [BENCH_ROUNDS=n] ...

Each round runs the bare program and then each profiler, beginning with
another one each time (the slowest, in every fifth round only); bench-out/results.jsonl gets a line a run, so that a
bench that is stopped has lost nothing.  Then the tables and the picture are
made of it (tables.py, draw.py).

    BENCH_CASES      cases and groups (pyperformance, micro, storm); all
    BENCH_BUILDS     interpreters: deb-3.11, plain-3.12, a version, a path
    BENCH_PROFILERS  of profilers.py, or `all`; `none`: only what is counted
    BENCH_ROUNDS     by the clock; 5, 0 for none
    BENCH_COUNT      profilers whose instructions are counted; idle sample
                     exact; `none` for none
    BENCH_JOBS       how many are counted at a time; 1
    BENCH_CPU        the core to stay on; the last, -1 for none
    BENCH_TIMEOUT    seconds that one run may take; 300
    BENCH_OUT        where results.jsonl is; an existing one is added to, and
                     what it has of bare counts is not counted again
"""
import argparse
import concurrent.futures
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import builds
import cases
import measure
import profilers
import tables


class Log:
    """results.jsonl, and a line for who waits."""

    def __init__(self, path, expected):
        self.file = open(path, "a+")
        self.file.seek(0)
        text = self.file.read()
        # What a bench that was stopped had begun to write.
        self.file.truncate(len(text[:text.rfind("\n") + 1].encode()))
        self.expected = expected
        self.done = 0

    def write(self, record):
        self.file.write(json.dumps(record, sort_keys=True) + "\n")
        self.file.flush()

    def run(self, record):
        self.write(record)
        self.done += 1
        if "failed" in record:
            value = "failed: " + record["failed"]
        elif record["kind"] == "count":
            value = "%.1f M instructions" % (record["instructions"] / 1e6)
        else:
            value = "%.3f s, %.1f MiB" % (record["wall"],
                                          record["rss_kb"] / 1024.0)
        print("[%d/%d] %-12s %-16s %-18s %s" % (
            self.done, self.expected, record["build"], record["case"],
            record["profiler"], value), flush=True)


def pinned_core(spec):
    allowed = sorted(os.sched_getaffinity(0))
    if spec:
        return int(spec)
    return allowed[-1] if len(allowed) > 1 else -1


def machine_facts():
    model = "unknown"
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
    except OSError:
        pass
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)),
            "kernel": platform.release(), "arch": platform.machine(),
            "libc": "-".join(platform.libc_ver()),
            "load": os.getloadavg()[0]}


def plan(chosen_builds, chosen_cases, chosen, machine, note):
    """[(build, case, [profilers])]; what is missing goes to NOTE once."""
    rows = []
    answers = {}
    for build in chosen_builds + [builds.Native()]:
        for case in chosen_cases:
            if case.python != (build.python is not None):
                continue
            why = build.missing(case)
            if why:
                note(build.name, case.group, why)
                continue
            able = []
            for profiler in chosen:
                if not profiler.applies(case):
                    continue
                key = (profiler.name, build.python)
                if key not in answers:
                    answers[key] = profiler.missing(machine, build.python)
                if answers[key]:
                    note(build.name, profiler.name, answers[key])
                else:
                    able.append(profiler)
            rows.append((build, case, able))
    return rows


def clock(bench, rows, rounds, log):
    for round_number in range(rounds):
        for build, case, able in rows:
            # Another one goes first each time; bare runs are among them.
            order = [profilers.BARE] + [p for p in able
                                        if not p.slow or round_number % 5 == 0]
            first = round_number % len(order)
            for profiler in order[first:] + order[:first]:
                record = {"kind": "clock", "build": build.name,
                          "case": case.name, "profiler": profiler.name,
                          "round": round_number}
                try:
                    record.update(bench.clock(case, build, profiler))
                except measure.Failed as e:
                    record["failed"] = str(e)
                log.run(record)


def known_counts(path):
    """{(build, case, work)} of the bare runs that are in results.jsonl
    already, whose instructions need not be counted again."""
    known = set()
    if os.path.exists(path):
        _, runs = tables.load(os.path.dirname(path))
        for r in runs:
            if (r["kind"], r["profiler"]) == ("count", "bare") and \
                    "failed" not in r:
                known.add((r["build"], r["case"], r["work"]))
    return known


def counted_pairs(rows, known):
    """[(build, case, profiler)]: what is to be counted."""
    return [(build, case, profiler) for build, case, able in rows
            for profiler in [profilers.BARE] + able
            if profiler is not profilers.BARE
            or (build.name, case.name, case.work(True)) not in known]


def count(bench, pairs, jobs, log):
    def one(build, case, profiler):
        record = {"kind": "count", "build": build.name, "case": case.name,
                  "profiler": profiler.name}
        try:
            record.update(bench.count(case, build, profiler))
        except measure.Failed as e:
            record["failed"] = str(e)
        return record

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(one, *pair) for pair in pairs]
        try:
            for future in concurrent.futures.as_completed(waiting):
                log.run(future.result())
        except BaseException:
            for future in waiting:
                future.cancel()
            measure.stop()
            raise


def main():
    env = os.environ.get
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        epilog="The settings are variables: see the head of this file.")
    parser.add_argument("build_dir", help="where rcprof was built")
    build_dir = os.path.abspath(parser.parse_args().build_dir)

    machine = profilers.Machine(build_dir)
    missing = {}

    def note(build, what, why):
        if missing.setdefault(build + "/" + what, why) and \
                (build, what) not in told:
            told.add((build, what))
            print("bench: %s: %s: %s" % (build, what, why), file=sys.stderr)
    told = set()

    try:
        chosen_cases = cases.choose(env("BENCH_CASES", ""))
        chosen_builds = builds.choose(env("BENCH_BUILDS", ""))
        clocked = [] if env("BENCH_PROFILERS") == "none" else \
            profilers.choose(env("BENCH_PROFILERS"), "all")
        counted = [] if env("BENCH_COUNT") == "none" else \
            profilers.choose(env("BENCH_COUNT"), "idle sample exact")
        rounds = int(env("BENCH_ROUNDS", "5")) if clocked else 0
        cpu = pinned_core(env("BENCH_CPU", ""))
    except ValueError as e:
        sys.exit("bench: %s" % e)
    if counted and not shutil.which("valgrind"):
        note("all", "counts", "valgrind is not there: scripts/install-rivals")
        counted = []

    clock_rows = plan(chosen_builds, chosen_cases, clocked, machine, note)
    # Threads are not for an emulator that runs one at a time.
    count_rows = plan(chosen_builds,
                      [c for c in chosen_cases if c.threads == 1], counted,
                      machine, note) if counted else []
    if not rounds:
        clock_rows = []
    out = os.path.abspath(env("BENCH_OUT") or
                          os.path.join(build_dir, "bench-out"))
    os.makedirs(out, exist_ok=True)
    results = os.path.join(out, "results.jsonl")
    pairs = counted_pairs(count_rows, known_counts(results))
    runs = (sum(1 + sum(not p.slow or r % 5 == 0 for p in able)
                for r in range(rounds) for _, _, able in clock_rows)
            + len(pairs))
    log = Log(results, runs)
    log.write({"kind": "start", "time": time.strftime("%Y-%m-%dT%H:%M:%S"),
               "machine": machine_facts(), "cpu": cpu, "missing": missing,
               "builds": {b.name: b.version for b in chosen_builds}})
    scratch = tempfile.mkdtemp(prefix="run-", dir=out)
    bench = measure.Bench(machine, scratch, cpu,
                          int(env("BENCH_TIMEOUT", "300")))
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(
        "bench: told to end"))
    try:
        count(bench, pairs, int(env("BENCH_JOBS", "1")), log)
        clock(bench, clock_rows, rounds, log)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()

"""schema.py - is this JSON what the contract says?

A schema is: a type or tuple of types; [schema] for a list of such; a dict of
fields, all of which are there and no others (a name that ends in "?" need not
be); Or(...) for one of several; Is(...) for one of several values.
"""
NUM = (int, float)
STR = str


class Or:
    def __init__(self, *some):
        self.some = some


class Is:
    def __init__(self, *values):
        self.values = values


class Map:
    """Any names, each value by the schema."""
    def __init__(self, schema):
        self.schema = schema


NONE = type(None)
FRAME = {"function": STR, "file": (STR, NONE), "line": (int, NONE),
         "module": (STR, NONE),
         "kind": Is("python", "native", "address", "marker")}
STACK = [FRAME]
END = {"reason": Is("exit", "exec", "signal", "cut", "running"),
       "time_s": NUM, "last_snapshot_s": NUM}
ERROR = {"live": NUM, "peak": NUM, "allocated": NUM}
NUMBERS = {"allocations": int, "allocated_bytes": int, "frees": int,
           "freed_bytes": int, "live_bytes": int, "live_blocks": int,
           "peak_bytes": int, "peak_blocks": int, "temporary_blocks": int,
           "std_error": ERROR}
POINT = {"time_s": NUM, "rss_bytes": int, "live_bytes": int}
MARK = {"time_s": NUM, "text": STR, "pid?": int}

CYCLE = {"chain": [STR], "attributes": [(STR, NONE)], "n": int,
         "objects": int, "bytes": int, "waited_at_most_s": NUM,
         "waited_at_most_mean_s": NUM}
CASCADE = {"time_s": NUM, "pause_at_most_s": NUM, "objects": int,
           "bytes": int, "stack": STACK}
GARBAGE = {"time_s": NUM, "objects": int, "bytes": int,
           "waited_at_most_s": NUM, "byte_s": NUM}

REPORT = {
    "rcprof": STR, "schema": Is(1), "file": STR, "command": [STR],
    "pid": int, "ppid": int, "root_pid": int,
    "processes?": [{"file": STR, "pid": int, "ppid": int, "start_s": NUM,
                    "duration_s": NUM, "end": END}],
    "start": STR, "duration_s": NUM, "interval_s": NUM, "end": END,
    "python": Or(NONE, {"version": STR, "coverage": {
        "frames": STR, "deaths": {"seen": [STR], "unseen": [STR]},
        "allocators": [STR], "notes": [STR]}}),
    "mode": STR,
    "sampling": Or(NONE, {"samples": int, "mean_min": NUM,
                          "mean_max": NUM, "cpu_s": NUM}),
    "totals": dict(NUMBERS, unmatched_frees=int, unseen_frees=int,
                   inherited_bytes=int, inherited_blocks=int,
                   peak_time_s=NUM, rss_peak_bytes=int, profiler_bytes=int),
    "lost": {"sites_truncated": int, "samples_dropped": int,
             "snapshots_lost": int, "snapshots_merged": int},
    "sites": [dict(NUMBERS, stack=STACK, own=(int, NONE),
                   kind=Is("python", "malloc", "mmap"),
                   threads=[{"name": (STR, NONE), "pid?": int,
                             "live_bytes": int}])],
    "types": [{"type": STR, "born": int, "died_refcount": int,
               "died_collector": int, "died_unseen": int, "alive": int,
               "alive_bytes": int, "age_median_s": Or(NONE, NUM),
               "age_median_within_s": Or(NONE, [Or(NONE, NUM)]),
               "age_unknown": int,
               "std_error?": {"born": NUM, "died_refcount": NUM,
                              "died_collector": NUM, "alive": NUM,
                              "alive_bytes": NUM},
               "births": [{"stack": STACK, "n": int, "bytes": int}],
               "deaths": [{"stack": STACK, "n": int,
                           "by": Is("refcount", "collector")}]}],
    "types_as_of_s": NUM,
    "cycles": [CYCLE],
    "cascades": [CASCADE], "garbage": [GARBAGE],
    "gc": [{"time_s": NUM, "generation": int, "pause_s": NUM,
            "collected": int, "uncollectable": int, "thread": (STR, NONE),
            "trigger": STACK}],
    "timeline": [POINT], "rss": [Map(NUM)], "marks": [MARK],
}

TREE = {
    "rcprof": STR, "schema": Is(1), "file": STR, "metric": STR, "by": STR,
    "time_s": NUM, "peak_time_s": NUM, "value": int, "self": int,
    "std_error?": NUM,
    "nodes": [{"id": int, "parent": int, "value": int, "self": int,
               "frame": FRAME, "std_error?": NUM}],
}

TIMELINE = {
    "rcprof": STR, "schema": Is(1), "file": STR, "start": STR,
    "timeline": [dict(POINT, **{"live_std_error?": NUM})],
    "by?": STR, "band_times_s?": [NUM],
    "bands?": [{"name": STR, "max_bytes": int, "bytes": [int],
                "std_error?": [NUM]}],
    "other?": [int], "marks": [MARK],
}

LIVES = {"born": int, "born_bytes": int, "died_refcount": int,
         "died_collector": int, "died_unseen": int, "alive": int,
         "alive_bytes": int, "age_median_s": (int, float, NONE),
         "age_median_within_s": Or(NONE, [(int, float, NONE)]),
         "age_unknown": int, "std_error?": Map(NUM)}
COUNTS = ("born", "born_bytes", "died_refcount", "died_collector",
          "died_unseen", "alive", "alive_bytes", "age_unknown")
OBJECTS = {
    "rcprof": STR, "schema": Is(1), "file": STR, "mode": STR, "time_s": NUM,
    "from_s?": NUM, "totals": LIVES,
    "types": [dict(LIVES, type=STR, own_class=bool, births=[dict(
        LIVES, stack=STACK, own=(int, NONE), own_line=bool, deaths=[
            {"n": int, "by": Is("refcount", "collector"), "stack": STACK,
             "own": (int, NONE)}])])],
}

CYCLES = {
    "rcprof": STR, "schema": Is(1), "file": STR, "mode": STR, "from_s": NUM,
    "time_s": NUM,
    "cycles": [dict(CYCLE, byte_s=NUM, knot=bool, own=bool,
                    advice=(STR, NONE), births=[{"stack": STACK}])],
    "garbage": [GARBAGE],
    "collector": {"runs": int, "pause_s": NUM, "collected": int,
                  "uncollectable": int, "worst": Or(NONE, {
                      "time_s": NUM, "pause_s": NUM, "generation": int,
                      "trigger": STACK})},
    "cascades": [CASCADE],
}

LIST = {
    "rcprof": STR, "schema": Is(1),
    "trees": [{"root_pid": int, "processes": [{
        "file": STR, "program": STR, "pid": int, "ppid": int, "start": STR,
        "duration_s": NUM, "peak_bytes": int, "peak_std_error?": NUM,
        "rss_peak_bytes": int, "snapshots": int,
        "end": {"reason": END["reason"], "status": int}}]}],
}

DOCTOR = {
    "rcprof": STR, "schema": Is(1), "missing": int,
    "checks": [{"check": STR, "verdict": Is("ok", "note", "MISSING"),
                "text": STR}],
}


def check(value, schema, where="$"):
    """Yields what is wrong."""
    if isinstance(schema, Or):
        if all(list(check(value, s)) for s in schema.some):
            yield "%s: none of the alternatives" % where
    elif isinstance(schema, Is):
        if value not in schema.values:
            yield "%s: %r is none of %r" % (where, value, schema.values)
    elif isinstance(schema, Map):
        for name, item in value.items():
            yield from check(item, schema.schema, "%s.%s" % (where, name))
    elif isinstance(schema, list):
        if not isinstance(value, list):
            yield "%s: not a list" % where
            return
        for i, item in enumerate(value):
            yield from check(item, schema[0], "%s[%d]" % (where, i))
    elif isinstance(schema, dict):
        if not isinstance(value, dict):
            yield "%s: not an object" % where
            return
        names = {n.rstrip("?") for n in schema}
        for name in set(value) - names:
            yield "%s.%s: not in the schema" % (where, name)
        for name, inner in schema.items():
            plain = name.rstrip("?")
            if plain in value:
                yield from check(value[plain], inner, "%s.%s" % (
                    where, plain))
            elif plain == name:
                yield "%s.%s: missing" % (where, plain)
    elif not isinstance(value, schema) or (
            isinstance(value, bool) and schema not in (object, bool)):
        yield "%s: %r is no %s" % (where, value, schema)


def check_report(report):
    """The schema, and what numbers have to do with each other."""
    yield from check(report, REPORT)
    if list(check(report, REPORT)):
        return
    totals, sites = report["totals"], report["sites"]
    for name in NUMBERS:
        if name == "std_error":
            continue
        total = sum(s[name] for s in sites)
        if total != totals[name]:
            yield "sites' %s are %d, the total %d" % (name, total,
                                                      totals[name])
    for s in [totals] + sites:
        if s["allocated_bytes"] - s["freed_bytes"] != s["live_bytes"]:
            yield "allocated - freed is not live: %r" % (s,)
        if s["allocations"] - s["frees"] != s["live_blocks"]:
            yield "allocations - frees are not the live blocks: %r" % (s,)
    for s in sites:
        if s["own"] is not None and not 0 <= s["own"] < len(s["stack"]):
            yield "own %r is not in the stack" % s["own"]
        if sum(t["live_bytes"] for t in s["threads"]) != s["live_bytes"]:
            yield "threads do not add up: %r" % (s["threads"],)
    times = [p["time_s"] for p in report["timeline"]]
    if times != sorted(times):
        yield "the timeline goes back"
    for t in report["types"]:
        if t["born"] != (t["died_refcount"] + t["died_collector"] +
                         t["died_unseen"] + t["alive"]):
            yield "born is not died + alive: %r" % t["type"]


def check_tree(tree):
    yield from check(tree, TREE)
    below = {}
    for node in tree["nodes"]:
        below[node["parent"]] = below.get(node["parent"], 0) + node["value"]
    for node in tree["nodes"] + [dict(tree, id=0)]:
        if below.get(node["id"], 0) + node["self"] != node["value"]:
            yield "node %d: its children and itself are not its value" % (
                node["id"])


def check_lives(lives, parts, where):
    """Born = died + alive, and the parts are the whole."""
    if lives["born"] != (lives["died_refcount"] + lives["died_collector"] +
                         lives["died_unseen"] + lives["alive"]):
        yield "%s: born is not died + alive" % where
    for name in COUNTS:
        if sum(p[name] for p in parts) != lives[name]:
            yield "%s: the parts' %s are not the whole's" % (where, name)


def check_objects(objects):
    yield from check(objects, OBJECTS)
    if list(check(objects, OBJECTS)):
        return
    yield from check_lives(objects["totals"], objects["types"], "totals")
    for t in objects["types"]:
        yield from check_lives(t, t["births"], t["type"])
        for b in t["births"]:
            for by in ("refcount", "collector"):
                if sum(d["n"] for d in b["deaths"] if d["by"] == by) != b[
                        "died_" + by]:
                    yield "%s: its deaths by %s" % (t["type"], by)


def check_cycles(cycles):
    yield from check(cycles, CYCLES)
    for c in cycles["cycles"]:
        members = len(c["attributes"])
        if len(c["chain"]) != members + (members > 0 and not c["knot"]):
            yield "a chain of %d for %d attributes" % (
                len(c["chain"]), members)
        if members and not c["knot"] and c["chain"][0] != c["chain"][-1]:
            yield "the chain does not go round: %r" % c["chain"]
        if len(c["births"]) != members:
            yield "births of %d for %d members" % (len(c["births"]), members)

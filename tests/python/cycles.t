#!/usr/bin/env python3
"""Row 50 and what goes with it: which cycles the collector frees, with their
attributes and what hangs on them; how long they waited; cascades.

Numbers are read through the second reader, which shares nothing with the
command.
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/reader"))
import lib  # noqa: E402
import rcpread  # noqa: E402

ON = {"RCPROF_OBJECTS": "on"}
DEEP, SEED = 300000, random.randrange(1 << 30)
LIMIT = 40000       # pairs
COUNT, OBJECTS, BYTES, WAITED, LONGEST = range(5)


def innermost(stack):
    for kind, function, file, _, line in stack:
        if kind == "python":
            return line
    return None


class Cycles:
    """What the profile at PATH says of cycles: {chain: numbers}, a chain a
    tuple of (type, attribute, line of birth), in its canonical rotation."""

    def __init__(self, path):
        with open(path, "rb") as f:
            profile = self.profile = WithLines(f.read())
        self.rows, self.knots = {}, {}
        for id_, (knot, members) in profile.cycle_kinds.items():
            row = profile.cycles.get(id_, {})
            chain = tuple((type_.split(".")[-1], attribute, line)
                          for type_, attribute, line in members)
            (self.knots if knot else self.rows)[chain] = [
                row.get(i, 0) for i in range(6)]

    def get(self, *chain):
        """The numbers of a chain, in whatever rotation."""
        for i in range(len(chain)):
            row = self.rows.get(chain[i:] + chain[:i])
            if row:
                return row
        return [0] * 6


class WithLines(rcpread.Profile):
    """Members and cascades with the line in place of the stack's depth."""

    def cycle_kind(self, p):
        start = p.at
        super().cycle_kind(p)
        end, p.at = p.at, start
        id_, count = p.uv(), p.uv()
        lines = []
        for _ in range(count):
            p.uv(), p.uv()
            lines.append(innermost(self.sites.get(p.uv(), ([],))[0]))
        p.at = end
        for member, line in zip(self.cycle_kinds[id_][1], lines):
            member[2] = line

    def cascade(self, p):
        start = p.at
        super().cascade(p)
        end, p.at = p.at, start
        node = [p.uv() for _ in range(6)][-1]
        p.at = end
        self.cascades[-1][5] = innermost(self.nodes.get(node, []))


def test_cycles(py):
    case = lib.Case(py, 50, "cycles.py", str(DEEP), str(SEED), env=ON)
    case.same()
    truth, cycles = case.truth, Cycles(case.file())
    names, times = truth["names"], truth["times"]
    dicts = py.version < (3, 11)    # objects of their own
    line = case.line

    def is_(text, objects, *chain):
        chain = tuple((names.get(type_, type_), names.get(name, name),
                       place and line(place)) for type_, name, place in chain)
        row = cycles.get(*chain)
        py.is_(50, (row[COUNT], row[OBJECTS]), (times, times * objects), text)
        py.ok(50, row[COUNT] and 0 < row[WAITED] <= row[COUNT] * row[LONGEST]
              and row[LONGEST] < lib.SECONDS * 1e9,
              "%s: it waited for %s ns" % (text, row[WAITED:]))

    is_("an object that refers to itself", 1 + dicts, ("plain", "me", "alone"))
    is_("two of them, by __slots__", 2, ("slotted", "left", "slots"),
        ("slotted", "right", "slots"))
    is_("two of them, and what hangs on one", 3 + 2 * dicts,
        ("twin", "left", "twins"), ("twin", "right", "twins"))
    is_("through a list and a dict", 4 + 2 * dicts,
        ("tree", "child", "trees"), ("list", None, "trees-list"),
        ("tree", "parent", "trees"), ("dict", None, "trees-dict"))
    is_("a list in a tuple", 2, ("list", None, "tuples"),
        ("tuple", None, "tuples-tuple"))
    is_("an object with a weakref's callback", 1 + dicts,
        ("watched", "me", "watched"))
    py.is_(50, truth["heard"], times, "all callbacks were called")
    hanging = [c for c in cycles.rows if any(
        t == names["hanging"] for t, _, _ in c)]
    py.is_(50, hanging, [], "what a cycle holds is not on it")

    def by_type(rows, key):
        return {c: r for c, r in rows.items()
                if any(t == names[key] for t, _, _ in c)}

    ring = by_type(cycles.rows, "ring")
    py.is_(50, [sum(r[i] for r in ring.values()) for i in (COUNT, OBJECTS)],
           [times, times * 3 * (1 + dicts)], "rings of three")
    py.is_(50, {tuple(n for _, n, _ in c) for c in ring},
           {(names["after"],) * 3}, "by their attributes")
    final = by_type(cycles.rows, "final")
    py.is_(50, [sum(r[i] for r in final.values()) for i in (COUNT, OBJECTS)],
           [times, times * 2 * (1 + dicts)], "with __del__")
    knot = by_type(cycles.knots, "knot")
    py.is_(50, [sum(r[i] for r in knot.values()) for i in (COUNT, OBJECTS)],
           [times, times * 40 * (1 + dicts)], "rings of forty are knots")
    py.is_(50, {(t, n) for c in knot for t, n, _ in c},
           {(names["knot"], None)}, "of one type, in no order")

    profile = cycles.profile
    waited = {g[0]: g for g in profile.garbage}
    begin = min(e[0] for e in profile.events if e[4] == "begin")
    runs = [gc for gc in profile.gcs if gc[3] and gc[0] > begin]
    py.is_(50, [gc[0] for gc in runs if gc[0] not in waited], [],
           "collections that found something have freed something")
    py.is_(50, [g for g in profile.garbage if not (
        g[1] and g[2] and g[3] <= g[0])], [], "which had waited")
    py.is_(50, sum(g[1] for g in profile.garbage),
           sum(r.get(3, 0) for r in profile.objects.values()),
           "as many objects as died by the collector")
    py.is_(50, [e[4] for e in profile.events if e[1] == 11],
           ["disable", "set_threshold 701 9 8", "freeze", "unfreeze",
            "enable"], "what was asked of the collector")


def test_cascades(py):
    case = lib.Case(py, 50, "cycles.py", str(DEEP), str(SEED), env=ON)
    cascades = {}
    for row in Cycles(case.file()).profile.cascades:
        cascades.setdefault(row[5], []).append(row)

    def objects(name):
        return [row[2] for row in cascades.get(case.line(name), [])]

    py.is_(50, objects("big"), [2001], "a list of 2,000 lists")
    py.is_(50, objects("words"), [2002], "of 2,000 strings and one of bytes")
    py.is_(50, objects("numbers"), [2001], "of 2,000 numbers")
    py.is_(50, objects("cleared"), [], "what clear() drops is no cascade")
    py.is_(50, objects("small"), [], "of 900: no cascade")
    py.is_(50, objects("deep"), [DEEP + 1], "a nest of lists is one cascade")
    py.is_(50, objects("steady"), [], "what dies now and then is none")
    py.is_(50, objects("called"), [], "nor is what a function drops itself")
    py.is_(50, [n >= 3001 for n in objects("finished")], [True],
           "with finalisers: %s" % objects("finished"))
    slow = [row for rows in cascades.values() for row in rows
            if not 0 < row[1] <= row[0]]
    py.is_(50, slow, [], "they took their time")
    sizes = [row[3] for row in cascades.get(case.line("deep"), [])]
    py.between(50, sizes[0] if sizes else None, DEEP * 40, DEEP * 100,
               "and so many bytes")


def test_limit(py):
    """Of a collection 65,536 objects are looked at; the others count as well,
    but go with no cycle."""
    if py.version[:2] not in ((3, 8), (3, 11)):
        return
    case = lib.Case(py, 50, "many.py", str(LIMIT), env=ON)
    case.same()
    cycles = Cycles(case.file())
    row = [r for c, r in cycles.rows.items() if c and c[0][0] == "Half"]
    py.is_(50, [r[:2] for r in row], [[32768, 65536]], "past the limit")
    died = sum(r.get(3, 0) for r in cycles.profile.objects.values())
    py.is_(50, sum(r[OBJECTS] for r in cycles.rows.values()), died,
           "the others go with no cycle")
    py.ok(50, died >= 2 * LIMIT, "but are counted")


lib.each(50, test_cycles, test_cascades, test_limit)

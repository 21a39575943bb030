#!/usr/bin/env python3
"""Rows 1 to 11, 17 and 18: the malloc family, call by call, against what the
program counted itself."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/preload"))
import lib  # noqa: E402


def test_malloc():
    pair = lib.Pair("prog_malloc")
    pair.same(1)
    lib.check_cases(pair)


def test_realloc():
    pair = lib.Pair("prog_realloc")
    pair.same(3)
    lib.check_cases(pair)


def test_sizes():
    pair = lib.Pair("prog_sizes")
    pair.same(17)
    lib.check_cases(pair)


def line_of(name):
    with open(os.path.join(lib.HERE, "prog_sites.c")) as f:
        return next(n for n, text in enumerate(f, 1)
                    if "/* @%s */" % name in text)


def test_sites():
    pair = lib.Pair("prog_sites")
    pair.same(1)
    report = pair.run.report("--at", "mark:end")
    sites = report.pick(module="prog_sites")
    places = {}
    for site in sites:
        leaf = site["stack"][0]
        # Without symbols the two calls on one line are two sites.
        place = (leaf["function"], leaf["line"]) if leaf["function"] else (
            site["allocations"] == 1)
        places.setdefault(place, []).append(site)
    numbers = sorted(tuple(sum(s[n] for s in here) for n in lib.NUMBERS[:6])
                     for here in places.values())
    lib.is_(1, numbers, sorted([
        (37, 37 * 1009, 34, 34 * 1009, 3 * 1009, 3),
        (23, 23 * 2003, 0, 0, 23 * 2003, 23),
        (2, 1003, 0, 0, 1003, 2)]),
        "a free and a realloc count at the site that allocated")
    lib.ok(1, all(f["kind"] == "native" for s in sites for f in s["stack"])
           and all(s["kind"] == "malloc" for s in sites), "native sites")
    one = lib.Run("prog_sites", env={"RCPROF_NATIVE": "off"}).report()
    lib.is_(1, {len(s["stack"]) for s in one.sites}, {1},
            "one frame each with --native=off")
    names = {s["stack"][0]["function"] for s in sites}
    if names == {None}:
        lib.skip(1, "a site's function and line", "no symbols yet")
        return
    for name, function, allocations in (
            ("first", "first_site", [37]), ("second", "second_site", [23]),
            ("third", "third_site", [2])):
        here = [s for s in sites if s["stack"][0]["function"] == function]
        lib.is_(1, [s["allocations"] for s in here], allocations,
                "%s is named" % function)
        places = {(os.path.basename(s["stack"][0]["file"] or ""),
                   s["stack"][0]["line"]) for s in here}
        if places == {("", None)}:
            lib.skip(1, "%s: file and line" % function, "no line tables yet")
        else:
            lib.is_(1, places, {("prog_sites.c", line_of(name))},
                    "%s: file and line" % function)


lib.each(test_malloc, test_realloc, test_sizes, test_sites)

#!/usr/bin/env python3
"""Rows 48 to 54: births and deaths of Python objects, to the last one.

Numbers are read through the second reader, which shares nothing with the
command, and the contract's part of them through `rcprof report --json`.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["RCPROF_SRC"], "tests/python"))
import lib  # noqa: E402
from lives import COLLECTOR, REFCOUNT, UNSEEN, Lives  # noqa: E402

ON = {"RCPROF_OBJECTS": "on"}
DEEP = 2000000
# Names of classes end with what is in no file here.
TOKEN = os.urandom(4).hex()


def full(type):
    return type + TOKEN if type.startswith("__main__.") else type


def test_counts(py):
    case = lib.Case(py, "48-54", "objects.py", str(DEEP), TOKEN,
                    env=ON)
    case.same()
    truth, lives = case.truth, Lives(case.file())

    def at(name):
        return case.program, case.line(name)

    def counts(row, type, name, want, text):
        py.is_(row, lives.of(full(type), at(name)), want, text)

    made, kept = truth["made"], truth["kept"]
    names = {name.split(".")[-1].lower(): name for name in truth["types"]}
    names["error"] = names.pop("valueerror")
    for name, type in sorted(names.items()):
        counts(48, type, "make-" + name, (made, made - kept, 0, 0),
               "%s: each birth and each death" % type)
    wrong = sorted(t for t in lives.rows if lives.alive(t) < 0)
    py.is_(48, wrong, [], "of no type more died than were born")
    py.is_(48, sum(lives.sum(UNSEEN, t) for t in lives.rows), 0,
           "no death went unseen")

    counts(49, "list", "nest", (DEEP, DEEP, 0, 0), "a nest of lists")
    loop = truth["loop"]
    counts(49, "list", "loop", (loop, loop, 0, 0), "x = [i]")
    counts(49, "__main__.Rolls", "subclass", (loop, loop, 0, 0),
           "a subclass of list")
    counts("49,54", "dict", "empty-dict", (loop, loop, 0, 0),
           "dicts from the free list")
    counts("49,54", "float", "product", (loop, loop, 0, 0),
           "floats from the free list")
    dead = truth["tomb"]
    counts("49,52", "__main__.Lazarus", "lazarus", (2 * dead, dead, 0, 0),
           "a resurrection is a death and a birth")

    py.is_(50, lives.of(full("__main__.Ring")), (280, 0, 280, 0),
           "cycles of 1, 2 and 9 objects die by the collector")
    py.is_(50, (lives.of(full("__main__.Finalised")), truth["finalised"]),
           ((30, 0, 30, 0), 30), "cycles with __del__")
    py.is_(50, (lives.of(full("__main__.Watched")), truth["heard"]),
           ((10, 0, 10, 0), 10), "cycles with callbacks of weakrefs")
    py.is_(50, lives.of(full("__main__.Straight")), (50, 50, 0, 0),
           "what has no cycle dies by refcount, gc disabled")

    py.is_(51, lives.sum(REFCOUNT, full("__main__.Straight"),
                         died=at("straight-dies")), 50,
           "the last references went by del")
    py.is_(51, lives.sum(COLLECTOR, full("__main__.Ring"), died=at("collect")),
           280, "the collection's line")

    py.is_("48,49", truth["shared"], True,
           "classes come to be where others were")
    py.is_("48,49", [lives.of(full("__main__.Brief%d" % i), at("brief"))
                     for i in range(4)], [(100, 100, 0, 0)] * 4,
           "and each has its own births and deaths")

    py.is_(53, sorted(set(lives.rows) & {"NoneType", "bool", "ellipsis"}), [],
           "what is immortal is not counted")
    py.is_(54, (lives.alive("list", at("dropped")),
                lives.alive("list", at("piled"))), (0, 70),
           "a line that drops 70 lists, and one that keeps 70")

    old, small, young = (
        [lives.sum(field, full(type), at(name)) for field in range(7, 32)]
        for type, name in (("__main__.Aged", "old"), ("float", "small"),
                           ("__main__.Aged", "young")))
    # 0.3 s are 30 units of 10 ms: the fifth bin, or later ones.
    py.is_(48, (sum(old[6:]), sum(old[1:6]), old[0]), (60, 0, 60),
           "the ages of what lived for 0.3 s: %s" % old)
    py.is_(48, (sum(young[6:]), young[0]), (0, 20),
           "the ages of what died at once: %s" % young)
    py.is_(48, sum(small), 0, "no age is made up")
    flags = {name: lives.profile.type_flags[id_]
             for id_, name in lives.profile.types.items()}
    managed = 2 if py.version >= (3, 11) else 0
    py.is_(48, [flags[full(name)] for name in (
        "float", "list", "__main__.Slotted", "__main__.Straight")],
           [0, 1, 1, 1 | managed], "what stands before an object")

    data = case.report().data
    runs = [run for run in data["gc"] if run["trigger"]
            and run["trigger"][0]["file"] == case.program
            and run["trigger"][0]["line"] == case.line("collect")]
    py.is_(50, [(run["generation"], run["uncollectable"]) for run in runs],
           [(2, 0)], "the collection, by what set it off")
    py.between(50, runs[0]["collected"] if runs else None, 320, 2000,
               "what it found")
    # The empty one at the bottom, too.
    py.is_(51, [c["objects"] for c in data["cascades"]
                if c["stack"][0]["line"] == case.line("nest-goes")],
           [DEEP + 1], "what goes with the outermost list is one cascade")
    types = {t["type"]: t for t in data["types"]}
    ring = types[full("__main__.Ring")]
    py.is_(50, [ring[key] for key in (
        "born", "died_refcount", "died_collector", "died_unseen", "alive")],
        [280, 0, 280, 0, 0], "the same by report --json")
    bad = [t["type"] for t in types.values() if t["born"] != t["alive"]
           + t["died_refcount"] + t["died_collector"] + t["died_unseen"]]
    py.is_(48, bad, [], "born = died + alive, of every type")


lib.each("48-54", test_counts)

"""Births and deaths that are known, of types that have no free list."""
import gc
import json
import re
import sys

import now

# Names of its own, made up by the test: [name, born, kept, in cycles]
PLAN = json.loads(sys.argv[1])
WORD = "abc"
PATTERN = re.compile("b+")
kept = []


class Base:
    pass


def make(kind, born, keep):
    for i in range(born):
        x = kind()
        if i < keep:
            kept.append(x)


def make_rings(kind, born):
    for i in range(born):
        x = kind()
        x.me = x


def words(born, keep):
    for i in range(born):
        x = WORD * 20
        y = PATTERN.search("abbb")
        z = ValueError(i)
        if i < keep:
            kept.append((x, y, z))


gc.disable()
for name, born, keep, rings in PLAN:
    kind = type(name, (Base,), {})
    make(kind, born, keep)
    make_rings(kind, rings)
    gc.collect()
words(30000, 10000)
now.mark("end")
del kept

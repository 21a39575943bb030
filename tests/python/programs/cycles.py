"""Garbage whose cycles, attributes and sizes are known; cascades.  Names that
rcprof must not know beforehand are drawn at random."""
import functools
import gc
import random
import string
import sys
import weakref

import now

TIMES, DEEP, SEED = 5, int(sys.argv[1]), int(sys.argv[2])
random.seed(SEED)


def word():
    return "".join(random.choice(string.ascii_lowercase) for i in range(9))


NAMES = {key: word() for key in (
    "plain slotted twin tree ring final watched hanging left right child "
    "parent after me knot".split())}


def make(key, **body):
    return type(NAMES[key], (object,), body)


Plain, Twin, Tree, Ring, Watched, Hanging, Knot = map(
    make, "plain twin tree ring watched hanging knot".split())
LEFT, RIGHT, CHILD, PARENT, AFTER, ME = (NAMES[key] for key in (
    "left right child parent after me".split()))
Slotted = make("slotted", __slots__=(LEFT, RIGHT))
gone = []
Final = make("final", __del__=lambda self: gone.append([1]))
heard = []


def alone():
    for i in range(TIMES):
        one = Plain()  # @alone
        setattr(one, ME, one)


def slots():
    for i in range(TIMES):
        one, two = Slotted(), Slotted()  # @slots
        setattr(one, LEFT, two)
        setattr(two, RIGHT, one)


def twins():
    for i in range(TIMES):
        one, two = Twin(), Twin()  # @twins
        setattr(one, LEFT, two)
        setattr(two, RIGHT, one)
        one.hanging = Hanging()  # @hanging


def trees():
    for i in range(TIMES):
        top, leaf = Tree(), Tree()  # @trees
        setattr(top, CHILD, [leaf])  # @trees-list
        setattr(leaf, PARENT, {1: top})  # @trees-dict


def rings(kind, size):
    for i in range(TIMES):
        first = last = kind()
        for j in range(size - 1):
            more = kind()
            setattr(last, AFTER, more)
            last = more
        setattr(last, AFTER, first)


def watched():
    refs = []
    for i in range(TIMES):
        one = Watched()  # @watched
        setattr(one, ME, one)
        refs.append(weakref.ref(one, heard.append))
    return refs


def tuples():
    for i in range(TIMES):
        one = []  # @tuples
        one.append((one,))  # @tuples-tuple


def partials():
    for i in range(TIMES):
        one = []  # @partials
        one.append(functools.partial(one.append))


gc.collect()
gc.disable()
now.mark("begin")
kept = []
for fn in (alone, slots, twins, trees, tuples, partials):
    fn()
    gc.collect()  # @collect
rings(Ring, 3)  # @ring
gc.collect()
rings(Knot, 40)  # @knot
gc.collect()
rings(Final, 2)  # @final
gc.collect()
kept = watched()
gc.collect()
gc.set_threshold(701, 9, 8)
gc.freeze()
gc.unfreeze()
gc.enable()


def big(n):
    pile = [[None] for i in range(n)]
    del pile  # @big


# Their deallocators may do no more than free.
def words(n):
    pile = [str(n + i) for i in range(n)]
    pile.append(bytes(range(9)))
    del pile  # @words


def numbers(n):
    pile = [10 ** 6 + i for i in range(n)]
    del pile  # @numbers


# The list, which is met first, takes one with it; its neighbours go by
# themselves, at the same depth.
def cleared(n):
    pile = [str(n + i) for i in range(n)] + [[str(n)]]
    pile.clear()  # @cleared


def small(n):
    pile = [[None] for i in range(n)]
    del pile  # @small


def deep(n):
    pile = []
    for i in range(n):
        pile = [pile]
    del pile  # @deep


def finished(n):
    pile = [Final() for i in range(n)]
    del pile  # @finished


def steady(n):
    for i in range(n):
        pile = [[None], [None]]
        pile = [pile]
        pile = None  # @steady


def called(n):
    return max(range(n), key=lambda i: [i])  # @called


big(2000)
words(2000)
numbers(2000)
cleared(2000)
small(900)
deep(DEEP)
finished(3000)
for i in range(3):
    steady(700)
called(5000)
now.mark("end")
print(dict(names=NAMES, times=TIMES, gone=len(gone), heard=len(heard)))

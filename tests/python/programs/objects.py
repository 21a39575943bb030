"""Births and deaths that are known to the last one."""
import collections
import gc
import re
import sys
import time
import weakref

import now

N, KEPT, LOOP, DEEP = 300, 7, 20000, int(sys.argv[1])
HEAD, TAIL, RAW_HEAD, RAW_TAIL = "ab", "cd", b"ab", b"cd"
PATTERN = re.compile("b+")


def named(cls):
    """What the program was told stands in no source."""
    cls.__name__ = cls.__qualname__ = cls.__name__ + sys.argv[2]
    return cls


@named
class Plane:
    pass


@named
class Slotted:
    __slots__ = ("wheel",)


@named
class Rolls(list):
    pass


@named
class Holder:
    pass


MAKERS = {
    "list": lambda i: [i],  # @make-list
    "dict": lambda i: {i: i},  # @make-dict
    "set": lambda i: {i},  # @make-set
    "tuple": lambda i: (i, i),  # @make-tuple
    "float": lambda i: i * 0.3,  # @make-float
    "str": lambda i: HEAD + TAIL,  # @make-str
    "bytes": lambda i: RAW_HEAD + RAW_TAIL,  # @make-bytes
    "int": lambda i: i + 70000,  # @make-int
    "__main__.Plane": lambda i: Plane(),  # @make-plane
    "__main__.Slotted": lambda i: Slotted(),  # @make-slotted
    "re.Match": lambda i: PATTERN.search(HEAD),  # @make-match
    "generator": lambda i: (n for n in HEAD),  # @make-generator
    "ValueError": lambda i: ValueError(i),  # @make-error
    "__main__.Rolls": lambda i: Rolls(),  # @make-rolls
    "collections.deque": lambda i: collections.deque(),  # @make-deque
}


def overwritten(make):
    for i in range(N):
        x = make(i)
    return x


def deleted(make):
    for i in range(N):
        x = make(i)
        del x


def returned(make):
    def inner(i):
        x = make(i)  # noqa: F841

    for i in range(N):
        inner(i)


def contained(make):
    box = [make(i) for i in range(N)]
    del box


def replaced(make):
    holder = Holder()
    for i in range(N):
        holder.part = make(i)


kept = []
for make in MAKERS.values():
    for way in (overwritten, deleted, returned, contained, replaced):
        way(make)
    for i in range(KEPT):
        kept.append(make(i))


# All at once: free lists, the trashcan, a subclass of a builtin, a return
# from the dead.
def at_once():
    nest = []
    for i in range(DEEP):
        nest = [nest]  # @nest
        if i < LOOP:
            x = [i]  # @loop
            x = Rolls()  # @subclass
            x = {}  # @empty-dict
            x = i * 0.7  # @product
    del nest  # @nest-goes
    return x


@named
class Lazarus:
    tomb = []

    def __del__(self):
        self.tomb.append(self)


def raise_dead():
    for i in range(30):
        Lazarus()  # @lazarus


at_once()
raise_dead()
del Lazarus.__del__


# Whose doing: the collector's, or the last reference's.
@named
class Ring:
    def __init__(self, after=None):
        self.after = after or self


@named
class Finalised(Ring):
    gone = 0

    def __del__(self):
        Finalised.gone += 1


@named
class Watched(Ring):
    pass


@named
class Straight:
    pass


def rings(kind, size, count):
    for i in range(count):
        first = last = kind()
        for j in range(size - 1):
            last = kind(last)
        first.after = last


gc.collect()
gc.disable()
rings(Ring, 1, 40)
rings(Ring, 2, 30)
rings(Ring, 9, 20)
rings(Finalised, 3, 10)
heard = []
watch = []
for i in range(10):
    ring = Watched()
    watch.append(weakref.ref(ring, heard.append))
    del ring
for i in range(50):
    line = Straight()
    del line  # @straight-dies
now.mark("before")
gc.collect()  # @collect
gc.enable()


# A line that makes and drops 70 lists, and one that keeps 70.
def seventy():
    pile = []
    for i in range(70):
        [i, i].sort()  # @dropped
        pile.append([i, i])  # @piled
    return pile


@named
class Aged:
    pass


# Young ones, old ones, and some too small for a time of birth.
def aged():
    old = [Aged() for i in range(60)]  # @old
    small = [i * 0.9 for i in range(20)]  # @small
    [Aged() for i in range(20)]  # @young
    time.sleep(0.3)
    del old, small


# Classes in turn, each perhaps where the one before it was.
def brief():
    places = []
    for i in range(40):
        cls = type("Brief%d" % (i % 4) + sys.argv[2], (), {"__slots__": ()})
        for j in range(10):
            x = cls()  # @brief
        places.append(id(cls))
        del cls, x
        gc.collect()
    return len(set(places)) < len(places)


aged()
pile = seventy()
now.mark("end")
shared = brief()
print(dict(
    shared=shared,
    types=sorted(MAKERS), made=5 * N + KEPT, kept=KEPT, loop=LOOP, deep=DEEP,
    finalised=Finalised.gone, heard=len(heard), tomb=len(Lazarus.tomb)))

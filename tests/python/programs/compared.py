"""Lines that tracemalloc and memray see as we do.  argv: `trace` starts
tracemalloc and prints what it has per line; `profiled` has a profile function
that does nothing, for which the interpreter allocates what it does for
memray's.

Only types without a free list stand here: an object from a
free list is no allocation, and tracemalloc alone counts it.  So no tuple,
list, dict, float, and no Python call on these lines, whose frames are such
objects."""
import array
import collections
import gc
import io
import sys

from now import mark, native, tell

tracing = sys.argv[1:] == ["trace"]
N = 300
kept = []


class Slots:
    __slots__ = ("a", "b")


class Sub(bytes):
    __slots__ = ()


def fill():
    # The list is made beforehand and never grows: its part is not the line's.
    table = [None] * N
    kept.append(table)
    return table


def warm():
    # What a first call allocates for later ones, free lists of tuples too.
    a = array.array("d", b"12345678")
    a.extend(a)
    return bytes(1), a, frozenset(b"1")


def make():
    t = fill()
    for i in range(N):
        t[i] = bytes(1000 + i)                  # @bytes
    t = fill()
    for i in range(N):
        t[i] = bytes(20 + i % 200)              # @bytes-small
    t = fill()
    for i in range(N):
        t[i] = bytearray(700 + i)               # @bytearray
    t = fill()
    for i in range(N):
        t[i] = "x" * (3 + i)                    # @str
    t = fill()
    for i in range(N):
        t[i] = "\u20ac" * (3 + i)               # @str-wide
    t = fill()
    for i in range(N):
        t[i] = 1 << (200 + i)                   # @int
    t = fill()
    for i in range(N):
        t[i] = i * 1j                           # @complex
    t = fill()
    for i in range(N):
        t[i] = set()                            # @set
    for i in range(N):
        t[i].update(kept[3])                    # @set-grown
    t = fill()
    for i in range(N):
        t[i] = frozenset(kept[0])               # @frozenset
    t = fill()
    for i in range(N):
        t[i] = Slots()                          # @slots
    t = fill()
    for i in range(N):
        t[i] = Sub(500)                         # @subclass
    t = fill()
    for i in range(N):
        t[i] = array.array("d", b"12345678")    # @array
    for i in range(N):
        t[i].extend(t[0])                       # @array-grown
    t = fill()
    for i in range(N):
        t[i] = object()                         # @object
    t = fill()
    for i in range(N):
        t[i] = io.BytesIO()                     # @BytesIO
    for i in range(N):
        t[i].write(kept[0][i])                  # @BytesIO-grown
    t = fill()
    for i in range(N):
        t[i] = collections.deque()              # @deque
    t = fill()
    for i in range(N):
        t[i] = memoryview(kept[0][i])           # @memoryview
    for i in range(N):
        kept[0][i] = None                       # frees half of what there is
    grown = bytearray()
    kept.append(grown)
    for i in range(2000):
        grown.append(1)                         # @realloc


# Where it runs, and what it allocates there, is chance.
gc.disable()
if tracing:
    import tracemalloc
    tracemalloc.start()
if sys.argv[1:] == ["profiled"]:
    native().profile_nothing()
warm()
make()
mark("end")
lines = {}
if tracing:
    snapshot = tracemalloc.take_snapshot()
    for s in snapshot.statistics("lineno"):
        if s.traceback[0].filename == __file__:
            lines[s.traceback[0].lineno] = [s.size, s.count]
tell(lines=lines)

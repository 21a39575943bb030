"""Objects that are born at one line and die on many stacks; then a block on a
stack of its own."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from now import mark  # noqa: E402

DEPTH = 16


class Guest:
    __slots__ = ()


def drop(guests):
    guests.pop()  # @dies


def left(path, depth, guests):
    go(path >> 1, depth - 1, guests)


def right(path, depth, guests):
    go(path >> 1, depth - 1, guests)


def go(path, depth, guests):
    if depth == 0:
        drop(guests)
    elif path & 1:
        left(path, depth, guests)
    else:
        right(path, depth, guests)


def late():
    return bytearray(300007)  # @late


guests = [Guest() for _ in range(1 << DEPTH)]  # @born
for path in range(1 << DEPTH):
    go(path, DEPTH, guests)
block = late()  # @calls
mark("end")

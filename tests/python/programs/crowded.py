"""guests: objects that are born at one line and die on many stacks; then a block
on a stack of its own.  visitors: objects that are born on many stacks."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from now import mark  # noqa: E402

DEPTH = 16


class Guest:
    __slots__ = ()


class Visitor:
    __slots__ = ()


def drop():
    guests.pop()  # @dies


def come():
    Visitor()  # @visits


def left(path, depth, what):
    go(path >> 1, depth - 1, what)


def right(path, depth, what):
    go(path >> 1, depth - 1, what)


def go(path, depth, what):
    if depth == 0:
        what()
    elif path & 1:
        left(path, depth, what)
    else:
        right(path, depth, what)


def late():
    return bytearray(300007)  # @late


if sys.argv[1] == "guests":
    guests = [Guest() for _ in range(1 << DEPTH)]  # @born
for path in range(1 << DEPTH):
    go(path, DEPTH, drop if sys.argv[1] == "guests" else come)
block = late()  # @calls
mark("end")

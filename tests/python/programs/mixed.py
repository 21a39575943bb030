"""Python that calls C that calls Python: whose frames stand between whose."""
import os
import sys

from now import CALLBACK, keep, native

c = native()


class Block:
    """The size is the block's name."""

    def __init__(self, size):
        keep.append(bytearray(size))


def inner():
    Block(100001)


def middle():
    c.call_back(CALLBACK(inner), 3)
    Block(100101)


def outer():
    c.call_back(CALLBACK(middle), 1)


class Less:
    def __lt__(self, other):
        c.call_back(CALLBACK(lambda: Block(100201)), 0)
        return True


def by_sorting():
    sorted([Less(), Less()])


def numbers():
    c.call_back(CALLBACK(lambda: Block(100301)), 0)
    yield 1


def by_generator():
    for _ in numbers():
        pass
    list(numbers())


def in_thread():
    Block(100401)


def recursion(n):
    if n % 10 == 0:
        c.call_back(CALLBACK(lambda: recursion(n - 1)), 0)
    elif n > 1:
        recursion(n - 1)
    else:
        Block(100501)


outer()
by_sorting()
by_generator()
if len(sys.argv) == 1:
    native(False).python_threads(2, 1, in_thread)
recursion(45)
if sys._xoptions.get("perf"):
    os.remove("/tmp/perf-%d.map" % os.getpid())
print("done")

#!/usr/bin/env python3
"""programs.py - small programs that allocate as much as they can.

    programs.py NAME TIMES

They stand where pyperformance's cases do other work as well: what costs most
here costs less in any real program.  Python 3.8 and later.
"""
import sys
import threading


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


def start(times):
    """Nothing: what it takes to begin and to end."""


def slots(times):
    """Instances with slots that die at once."""
    for i in range(times * 100000):
        Point(i, i)


def strings(times):
    """Strings of changing length, some kept for a while."""
    for _ in range(times * 100):
        kept = ["%d-%s" % (i, "x" * (i % 60)) for i in range(500)]
        "".join(kept).split("x")


def dicts(times):
    """Small dicts in lists, dropped a thousand at a time."""
    for _ in range(times * 40):
        rows = [{"id": i, "name": "n", "tags": [i, i + 1]}
                for i in range(1000)]
        rows.sort(key=lambda row: -row["id"])


def deep(times):
    """Lists made at the bottom of a recursion of 100 calls."""
    def down(depth, work):
        if depth:
            return down(depth - 1, work)
        return [[i] for i in range(work)]
    for _ in range(times * 400):
        down(100, 100)
        for depth in (99, 80, 60, 100):
            down(depth, 20)


def buffers(times):
    """Blocks that malloc serves: 1 KiB to 1 MiB, a hundred alive."""
    kept = [b""] * 100
    for i in range(times * 20000):
        kept[i % 100] = bytearray(1024 << (i % 7 if i % 50 else 10))


def heap(times):
    """A heap that grows to many small blocks and stays."""
    return [(i, str(i), [i]) for i in range(times * 100000)]


def threads(times):
    """Four threads in turns."""
    workers = [threading.Thread(target=dicts, args=(times,))
               for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


PROGRAMS = {f.__name__: f for f in
            (start, slots, strings, dicts, deep, buffers, heap, threads)}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](int(sys.argv[2]))

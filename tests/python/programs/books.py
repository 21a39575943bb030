"""Random calls in all domains, by C that keeps its own books."""
import ctypes

from now import Books, mark, native, tell

c = native()
storms = []


def storm(seed, steps, slots, clean):
    books = Books()
    reference = ctypes.byref(books)
    # Blocks of libc and of Python, so that no one reading is easier.
    c.storm(seed, steps, slots, clean, reference)       # @storm
    return books


def nothing():
    books = Books()
    reference = ctypes.byref(books)
    c.storm(1, 0, 1, 0, reference)                      # @nothing
    return books


storm(0, 10, 10, 1)
nothing()
mark("start")
storms.append(storm(1, 40000, 1000, 1).told())
storms.append(storm(2, 40000, 30, 1).told())
nothing()
nothing()
mark("clean")
storms.append(storm(3, 40000, 1500, 0).told())
nothing()
mark("held")
tell(storms=storms)

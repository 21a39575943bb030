"""C that calls Python that calls C."""
import ctypes
import functools
import itertools
import json
import operator
import re
import weakref

from now import CALLBACK, here, mark, native, size, tell

c = native()


def shout(what="", *rest):
    here(what, bytes(size()))
    return ""


def from_c():
    here("called by C", bytes(size()))


def again():
    here("before C", bytes(size()))
    c.call_back(CALLBACK(from_c), 3)
    here("after C", bytes(size()))


def third():
    c.call_back(CALLBACK(again), 1)


class Dies:
    def __del__(self):
        shout("__del__ called by a deallocator")


class Compares:
    def __init__(self, n):
        self.n = n

    def __lt__(self, other):
        shout("__lt__ called by sort")
        return self.n < other.n

    def __hash__(self):
        shout("__hash__ called by a dict")
        return 1

    def __eq__(self, other):
        shout("__eq__ called by a dict")
        return True

    def __repr__(self):
        shout("__repr__ called by a list's")
        return ""

    def __iter__(self):
        shout("__iter__ called by list()")
        yield shout("a generator called by list()")


c.call_back(CALLBACK(from_c), 0)
c.call_back(CALLBACK(third), 10)
functools.partial(shout, "functools.partial")()
functools.partial(functools.partial(shout), "a partial of a partial")()
functools.reduce(lambda a, b: shout("functools.reduce"), [1, 2, 3])
functools.lru_cache()(shout)("functools.lru_cache")
functools.cmp_to_key(lambda a, b: len(shout("cmp_to_key")))(1) < \
    functools.cmp_to_key(lambda a, b: 0)(2)
operator.methodcaller("__repr__")([Compares(1)])
list(itertools.starmap(shout, [("itertools.starmap",)]))
list(itertools.takewhile(lambda x: shout("takewhile"), [1, 2]))
re.sub("a", lambda m: shout("re.sub"), "banana")
json.dumps([object()], default=lambda o: shout("json's default"))
next(iter(functools.partial(shout, "iter with a sentinel"), 1))
sorted([Compares(2), Compares(1)])
{Compares(1): 1}[Compares(1)]
list(Compares(1))
"%r" % [Compares(1)]
sum((len(shout("a generator called by sum")) for _ in range(2)), 0)
Dies()
x = Dies()
x = None
r = weakref.ref(shout_later := type("T", (), {})(),
                lambda _: shout("a weakref's callback"))
del shout_later
max([1, 2], key=functools.partial(
    lambda a, b: len(shout("a partial as a key")), 1))
getattr(type("P", (), {"p": property(
    lambda self: shout("a property called by getattr"))})(), "p")
ctypes.cast(CALLBACK(from_c), ctypes.CFUNCTYPE(ctypes.c_int))()
mark("end")
tell()

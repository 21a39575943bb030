"""One block at each kind of place in ordinary code."""
import functools
import os
import sys

from now import here, mark, size, tell

here("warm", bytes(size()))
mark("begin")
here("module level", bytes(size()))


def plain():
    here("a function", bytes(size()))


def nested(depth):
    if depth:
        return nested(depth - 1)

    def inner():
        def innermost():
            here("functions in functions", bytes(size()))
        innermost()
    inner()
    here("after a call came back", bytes(size()))


def several_lines():
    here(
        "an argument on a line of its own",
        bytes(
            size()), below=2)
    x = (1 +
         len(here("inside an expression", bytes(size()))) +
         2)
    here("after an expression", bytes(size())); here("b", bytes(size()))
    return x


def branches(n):
    for i in range(n):
        if i % 2:
            here("else branch taken odd", bytes(size()))
        else:
            here("else branch taken even", bytes(size()))
    while n:
        n -= 1
        here("while", bytes(size()))
    else:
        here("while's else", bytes(size()))


def decorator(function):
    here("a decorator's body", bytes(size()))

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        here("a decorator's wrapper", bytes(size()))
        return function(*args, **kwargs)
    return wrapper


def with_argument(block):
    return decorator


@with_argument(here("a decorator's argument", bytes(size())))
@decorator
def decorated(
        default=here("a default value", bytes(size()))):
    here("a decorated function", bytes(size()))


class Meta(type):
    def __new__(mcs, name, bases, space):
        here("a metaclass", bytes(size()))
        return super().__new__(mcs, name, bases, space)


class Outer(metaclass=Meta):
    here("a class body", bytes(size()))

    class Inner:
        here("a class in a class", bytes(size()))

        def method(self):
            here("a method", bytes(size()))

    def __init__(self):
        here("__init__", bytes(size()))

    def __call__(self):
        here("__call__", bytes(size()))

    def __add__(self, other):
        here("an operator", bytes(size()))

    def __getattr__(self, name):
        here("__getattr__", bytes(size()))

    def __getitem__(self, key):
        here("__getitem__", bytes(size()))
        if key == 2:
            raise IndexError

    def __len__(self):
        here("__len__", bytes(size()))
        return 0

    def __del__(self):
        here("__del__", bytes(size()))

    @staticmethod
    def static():
        here("a static method", bytes(size()))

    @classmethod
    def klass(cls):
        here("a class method", bytes(size()))

    @property
    def value(self):
        here("a property", bytes(size()))


class Slotted:
    __slots__ = ("a",)

    def __init__(self):
        self.a = here("__init__ with slots", bytes(size()))


class Derived(Outer):
    def __init__(self):
        super().__init__()
        here("__init__ after super", bytes(size()))


def comprehensions():
    [here("a list comprehension", bytes(size())) for _ in range(2)]
    {len(here("a set comprehension", bytes(size()))) for _ in range(2)}
    {i: here("a dict comprehension", bytes(size())) for i in range(2)}
    list(here("a generator expression", bytes(size())) for _ in range(2))
    [[here("nested comprehensions", bytes(size())) for _ in range(2)]
     for _ in range(2)]
    [here("a condition", bytes(size())) for i in range(3)
     if here("a condition of a comprehension", bytes(size()))]
    (lambda: [here("a comprehension in a lambda", bytes(size()))
              for _ in range(1)])()


plain()
nested(5)
several_lines()
branches(3)
decorated()
o = Outer()
o()
o + 1
o.missing
o.value
list(o)
bool(o)
o.static()
o.klass()
Outer.Inner().method()
del o
Slotted()
Derived()
comprehensions()
[here("a comprehension at module level", bytes(size())) for _ in range(2)]
(lambda: here("a lambda", bytes(size())))()
call = lambda f: f()  # noqa: E731
call(lambda: call(lambda: here("lambdas in lambdas", bytes(size()))))
sorted([3, 1, 2], key=lambda i: len(here("a sort key", bytes(size()))))
list(map(lambda i: here("map", bytes(size())), range(2)))
list(filter(lambda i: here("filter", bytes(size())), range(2)))
f"{here('an f-string', bytes(size()))!s:.1}"
assert here("an assert", bytes(size()))
plain(*here("an argument list", bytes(size()))[:0])
here("a slice", bytes(size()))[len(here("an index", bytes(size()))):]
x = here("if", bytes(size())) if here("if's test", bytes(size())) else 0
a, b = here("a tuple 1", bytes(size())), here("a tuple 2", bytes(size()))
# A line number beyond 256 lines further, and one backwards.
exec(compile("\n" * 70000 + 'here("line 70001", bytes(size()))\n'
             'for i in (1, 2):\n' + ' \n' * 300
             + ' here("far down a loop", bytes(size()))\n',
             os.path.basename(__file__), "exec"))
mark("end")
sys.stdout.flush()
tell()

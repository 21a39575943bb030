"""merged.py - Python and C calling each other, and allocating in C.  Writes
what stacks there ought to be, by sys._getframe and by what the extension
module calls: merged.py TRUTH, with the module's directory in PYTHONPATH.
Python 3.8."""
import functools
import json
import sys
import threading

import cmerged as merged

NAMED = "co_qualname" if sys.version_info >= (3, 11) else "co_name"
truth = {}
FROM_C = {}                 # code of a function -> what C calls it from
CALL = ["inner_call", "call"]
THREAD = ["inner_call", "body"]


def here():
    """A size that is this stack's own; its stack is written down, leaf first:
    functions of C by their names, frames of Python with file and line."""
    stack, frame = ["take", "allocate"], sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        stack.append([getattr(code, NAMED), code.co_filename,
                      frame.f_lineno])
        stack += FROM_C.get(code, [])
        frame = frame.f_back
    size = 300000 + len(truth)
    truth[size] = stack
    return size


def by_c(function, how=CALL):
    FROM_C[function.__code__] = how
    return function


def plain():
    merged.allocate(here())


@by_c
def back():
    merged.allocate(here())
    plain()


def nested(depth):
    @by_c
    def inner():
        if depth == 0:
            merged.allocate(here())
        else:
            nested(depth - 1)
    merged.call(inner)


def recursive(n):
    if n == 0:
        merged.allocate(here())
        merged.call(back)
    else:
        recursive(n - 1)


class Thing:
    def __init__(self):
        merged.allocate(here())

    def __lt__(self, other):
        merged.allocate(here())
        return True

    @property
    def value(self):
        merged.allocate(here())
        return 1

    @functools.lru_cache()
    def cached(self):
        merged.call(back)

    def __del__(self):
        merged.allocate(here())


def generator():
    merged.allocate(here())
    yield 1
    merged.call(back)
    yield 2


async def coroutine(depth):
    if depth:
        return await coroutine(depth - 1)
    merged.allocate(here())


def raises():
    try:
        try:
            raise ValueError
        finally:
            merged.allocate(here())
    except ValueError:
        merged.call(back)


def main():
    plain()
    merged.call(back)
    nested(4)
    recursive(150)
    one = Thing()
    two = Thing()
    things = [one, two]
    sorted(things)
    things[0].value
    things[0].cached()
    del things, one
    del two
    sum(generator())
    list(map(lambda n: merged.allocate(here()), [1]))
    functools.partial(merged.call, back)()
    try:
        coroutine(2).send(None)
    except StopIteration:
        pass
    raises()
    exec("merged.allocate(here())", globals())


def from_thread():
    merged.allocate(here())
    merged.call(back)


main()
merged.call_in_thread(by_c(from_thread, THREAD))
thread = threading.Thread(target=plain)
thread.start()
thread.join()
with open(sys.argv[1], "w") as f:
    json.dump(truth, f)

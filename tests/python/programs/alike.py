"""Stacks that look like the one before: the same functions at the same
addresses, at the same instruction, but for one line further out, another
caller, another code object.

Each scenario runs twice, once with a leaf that asks for its stack, once with
one that allocates; nothing else allocates in between, so that the profiler's
last look at the stack is the one that is almost the same."""
import functools
import sys
import threading

from now import blocks, keep, mark, stack, tell

SIZE = 100000
out = [None] * 250


def ask():
    frames = stack(sys._getframe())
    frames[0] = [make.__name__, __file__, make.__code__.co_firstlineno + 1]
    return frames


def make():
    return bytes(SIZE)


def call(leaf):
    return leaf()


def callers(leaf):
    out[0] = leaf()
    out[1] = leaf()
    out[2], out[3] = call(leaf), call(leaf)
    out[4] = call(leaf)
    out[5] = call(leaf) or \
        None
    out[6] = (
        call(
            leaf))
    return 7


def inner(leaf):
    return call(leaf)


def further_out(leaf):
    """The leaf and its caller are as they were; their caller is not."""
    out[0] = inner(leaf)
    out[1] = inner(leaf)
    for i in 2, 3:
        out[i] = inner(leaf)
    out[4] = call(leaf)
    out[5] = inner(leaf)
    return 6


def down(n, leaf):
    if n:
        return down(n - 1, leaf)
    return leaf()


def forked_down(n, at, leaf):
    if n == at:
        return forked_down(n - 1, at, leaf)
    if n:
        return forked_down(n - 1, at, leaf)
    return leaf()


def recursion(leaf):
    out[0] = down(5, leaf)
    out[1] = down(5, leaf)
    out[2] = down(50, leaf)
    out[3] = down(50, leaf)
    out[4] = down(200, leaf)
    out[5] = down(200, leaf)
    out[6] = down(49, leaf)
    i = 7
    for at in 20, 19, 1, 7, 20, 2:
        out[i] = forked_down(20, at, leaf)
        i += 1
    return i


def endless(leaf):
    while True:
        yield leaf()


def delegating(g):
    while True:
        yield from g


def resume(g):
    return next(g)


def generators(leaf):
    """The generator's frame stays where it is, at the same instruction; who
    resumes it does not."""
    g = endless(leaf)
    out[0] = next(g)
    out[1] = next(g)
    out[2] = resume(g)
    out[3] = resume(g)
    out[4] = next(g)
    h = delegating(g)
    out[5] = next(h)
    out[6] = next(h)
    out[7] = resume(h)
    out[8] = call(functools.partial(next, h))
    h.close()
    # Another generator at the same address.
    del g, h
    g = endless(leaf)
    out[9] = next(g)
    out[10] = next(g)
    two = endless(leaf), endless(leaf)
    i = 11
    for n in 0, 1, 0, 0, 1:
        out[i] = next(two[n])
        i += 1
    out[i] = [x for x, _ in zip(two[0], (1, 2))][1]
    return i + 1


async def coroutine(leaf):
    out[0] = leaf()
    await Pause()
    out[1] = leaf()
    await Pause()
    out[2] = await awaited(leaf)
    out[3] = await awaited(leaf)


async def awaited(leaf):
    await Pause()
    return leaf()


class Pause:
    def __await__(self):
        yield


def send(c):
    try:
        c.send(None)
    except StopIteration:
        pass


def coroutines(leaf):
    c = coroutine(leaf)
    send(c)
    c.send(None)
    send(c)
    for _ in 1, 2:
        send(c)
    return 4


def raising(n, leaf):
    if n:
        try:
            return raising(n - 1, leaf)
        finally:
            out[n] = leaf()
    raise KeyError


def exceptions(leaf):
    for _ in 1, 2:
        try:
            raising(3, leaf)
        except KeyError:
            out[0] = leaf()
        try:
            raising(3, leaf)
        except KeyError:
            out[4] = call(leaf)
    return 5


def compiled(leaf):
    """The next code object may well stand where the last one did."""
    for i in range(12):
        scope = {}
        exec("\n" * i + "def f(leaf): return leaf()", scope)
        out[i] = scope["f"](leaf)
    return 12


def callbacks(leaf):
    keyed = functools.partial(call, leaf)
    found = []
    found.extend(map(lambda _: keyed(), (1, 2)))
    found.extend(map(lambda _: keyed(),
                     (1, 2)))
    max((1, 2), key=lambda _: found.append(keyed()) or 1)
    max((1, 2), key=lambda _: found.append(keyed()) or 1)
    functools.reduce(lambda a, b: found.append(keyed()), (1, 2, 3))
    out[:len(found)] = found
    return len(found)


def by_c(keyed, size):
    """Its stack is looked at while it is innermost, or not; then it waits for
    what it calls by way of C."""
    if size:
        bytearray(size)
    return keyed()


def resumed_by_c(keyed, size):
    while True:
        if size:
            bytearray(size)
        size = yield keyed()


def waiting(leaf):
    keyed = functools.partial(call, leaf)
    out[0] = by_c(keyed, SIZE // 2)
    out[1] = by_c(keyed, 0)
    out[2] = by_c(keyed, SIZE // 2)
    for i in 3, 4:
        out[i] = by_c(keyed, 0)
    out[5], out[6] = by_c(keyed, SIZE // 2), \
        by_c(keyed, 0)
    g = resumed_by_c(keyed, SIZE // 2)
    out[7] = next(g)
    out[8] = g.send(0)
    out[9] = resume(g)
    out[10] = g.send(SIZE // 2)
    out[11] = resume(g)
    out[12] = next(g)
    return 13


class Thing:
    def __init__(self, leaf, at):
        out[at] = leaf()
        self.leaf = leaf
        self.at = at

    def __del__(self):
        out[self.at + 1] = self.leaf()

    @property
    def made(self):
        return self.leaf()

    def __getattr__(self, name):
        return self.leaf()


def objects(leaf):
    t = Thing(leaf, 0)
    t = Thing(leaf, 2)
    del t
    t = Thing(leaf, 4)
    out[6] = t.made
    out[7] = t.made
    out[8] = t.missing
    out[9] = t.missing
    del t
    return 10


def traced(leaf):
    old = sys.gettrace()
    sys.settrace(lambda *event: None)
    out[0] = call(leaf)
    out[1] = inner(leaf)
    sys.settrace(old)
    out[2] = call(leaf)
    sys.setprofile(lambda *event: None)
    out[3] = call(leaf)
    sys.setprofile(None)
    out[4] = call(leaf)
    return 5


def first(leaf, at):
    out[at] = inner(leaf)


def second(leaf, at):
    out[at] = inner(leaf)


def threads(leaf):
    """One after the other: a new thread may have its state and its frames
    where the last one had them."""
    i = 0
    for target in first, second, first, first, second:
        t = threading.Thread(target=target, args=(leaf, i))
        t.start()
        t.join()
        i += 1
    return i


def in_turn(leaf, at, mine, theirs):
    for _ in 1, 2, 3:
        mine.acquire()
        out[at] = inner(leaf)
        at += 1
        theirs.release()


def interleaved(leaf):
    a, b = threading.Semaphore(1), threading.Semaphore(0)
    one = threading.Thread(target=in_turn, args=(leaf, 0, a, b))
    two = threading.Thread(target=in_turn, args=(leaf, 3, b, a))
    one.start()
    two.start()
    one.join()
    two.join()
    return 6


def check(scenario):
    for _ in 1, 2, 3:
        # The third time the interpreter has specialised what it will.
        found = []
        for leaf in ask, make:
            found.append(out[:scenario(leaf)])
        assert len(found[0]) == len(found[1])
        for stack_, block in zip(*found):
            blocks.append([scenario.__name__, sys.getsizeof(block), stack_])
            keep.append(block)


for s in (callers, further_out, recursion, generators, coroutines, exceptions,
          compiled, callbacks, waiting, objects, traced, threads,
          interleaved):
    check(s)
mark("end")
tell()

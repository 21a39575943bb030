"""Generators, coroutines, exceptions: stacks that are left in other ways
than by return."""
import asyncio
import contextlib

from now import here, mark, size, tell


def numbers(n):
    try:
        for i in range(n):
            here("a generator", bytes(size()))
            yield i
    finally:
        here("a generator's finally", bytes(size()))


def delegating(n):
    here("before yield from", bytes(size()))
    yield from numbers(n)
    here("after yield from", bytes(size()))


def throwing():
    while True:
        try:
            yield here("until thrown at", bytes(size()))
        except ValueError:
            here("thrown into a generator", bytes(size()))
        except GeneratorExit:
            here("a closed generator", bytes(size()))
            raise


def resume(generator):
    # The caller of a generator changes from one resumption to the next.
    return next(generator)


def resume_deeper(generator):
    return resume(generator)


def generators():
    for _ in delegating(3):
        here("the loop around a generator", bytes(size()))
    g = numbers(3)
    next(g)
    resume(g)
    resume_deeper(g)
    here("beside a suspended generator", bytes(size()))
    g.close()
    g = throwing()
    next(g)
    g.throw(ValueError())
    here("after a throw", bytes(size()))
    g.close()
    g = throwing()
    next(g)
    del g
    two = numbers(2), delegating(2)
    for a, b in zip(*two):
        here("two generators in turn", bytes(size()))


class Bomb(Exception):
    def __init__(self):
        here("an exception's __init__", bytes(size()))


def explode(depth):
    if depth:
        try:
            explode(depth - 1)
        finally:
            here("finally while unwinding", bytes(size()))
    else:
        raise Bomb()


@contextlib.contextmanager
def managed():
    here("entering", bytes(size()))
    try:
        yield
    except KeyError:
        here("an exception in a context manager", bytes(size()))
    finally:
        here("leaving", bytes(size()))


class Manager:
    def __enter__(self):
        here("__enter__", bytes(size()))

    def __exit__(self, *error):
        here("__exit__", bytes(size()))
        return True


def exceptions():
    try:
        explode(4)
    except Bomb:
        here("except, four levels further out", bytes(size()))
    here("after an exception", bytes(size()))
    with managed():
        here("inside with", bytes(size()))
    with managed():
        raise KeyError
    with Manager():
        explode(2)
    here("after with", bytes(size()))
    try:
        try:
            raise KeyError
        except KeyError:
            raise ValueError from None
    except ValueError:
        here("an exception from an exception", bytes(size()))
    try:
        return here("return", bytes(size()))
    finally:
        here("finally after return", bytes(size()))


async def leaf(name):
    here("a coroutine", bytes(size()))
    await asyncio.sleep(0)
    here("a resumed coroutine", bytes(size()))
    return name


async def ticks(n):
    for i in range(n):
        here("an async generator", bytes(size()))
        yield i
        await asyncio.sleep(0)
    here("an async generator's end", bytes(size()))


class AsyncManager:
    async def __aenter__(self):
        await leaf("enter")
        here("__aenter__", bytes(size()))

    async def __aexit__(self, *error):
        here("__aexit__", bytes(size()))
        return True


async def middle():
    await leaf("awaited")
    here("after an await", bytes(size()))


async def main():
    await middle()
    await asyncio.gather(middle(), middle(), leaf("gathered"))
    task = asyncio.ensure_future(middle())
    async for _ in ticks(2):
        here("async for", bytes(size()))
    async with AsyncManager():
        here("async with", bytes(size()))
        raise KeyError
    await task
    [here("an async comprehension", bytes(size()))
     async for _ in ticks(2)]

    async def forever():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            here("a cancelled task", bytes(size()))
            raise
    task = asyncio.ensure_future(forever())
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    loop = asyncio.get_event_loop()
    loop.call_soon(lambda: here("a callback of the loop", bytes(size())))
    await asyncio.sleep(0)
    here("the end of main", bytes(size()))


here("warm", bytes(size()))
generators()
exceptions()
asyncio.run(main())
mark("end")
tell()

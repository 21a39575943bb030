"""python_cases.py - run by python_walk.t in each interpreter: compares what
src/python reads with what the interpreter says of itself.

    python python_cases.py PROBE.so

Prints "ok NAME" or "not ok NAME: WHY" lines, and "skip NAME: WHY".
"""
import asyncio
import ctypes
import functools
import gc
import sys
import threading
import unicodedata

from python_harness import (MAX, Case, Frame, Skip, compare, deeper, held,
                            released)

# --- frames ---------------------------------------------------------------

@Case("version and source")
def _():
    version = "%d.%d.%d" % sys.version_info[:3]
    if not held.probe_start():
        return "no interpreter found"
    if not held.probe_version().decode().startswith(version):
        return held.probe_version()
    source = held.probe_source().decode()
    want = "debug offsets" if sys.version_info >= (3, 13) else "table"
    return None if source.startswith(want) else source


@Case("[row 33] plain call")
def _():
    return compare()


@Case("[row 33] 60 nested calls")
def _():
    def down(n):
        return down(n - 1) if n else compare()
    return down(60)


@Case("[row 33] line of each of three calls")
def _():
    def several():
        return (compare() or
                compare() or

                compare())
    return several()


@Case("[row 33] lambda, comprehension, class body, decorator")
def _():
    why = (lambda: compare())()
    why = why or [compare() for _ in range(1)][0]
    why = why or {compare(): 1 for _ in range(1)}.popitem()[0]
    why = why or next(compare() for _ in range(1))

    class Body:
        result = compare()

        class Inner:
            result = compare()

    def decorator(function):
        return compare()

    @decorator
    def decorated():
        pass
    return why or Body.result or Body.Inner.result or decorated


@Case("[row 33] __init__, __call__, property, __getattr__ (specialised)")
def _():
    class Thing:
        def __init__(self):
            self.why = compare()

        def __call__(self):
            return compare()

        @property
        def prop(self):
            return compare()

        def __getattr__(self, name):
            return compare()

        def __eq__(self, other):
            return compare()

    for _ in range(30):
        thing = Thing()
        why = (thing.why or thing() or thing.prop or thing.missing or
               thing == thing)
        if why:
            return why
    return None


@Case("[row 34] generators, yield from, throw, close")
def _():
    def inner():
        try:
            yield compare()
            yield compare()
        except ValueError:
            yield compare()
        finally:
            last.append(compare())

    def outer():
        yield from inner()

    last = []
    why = list(outer())[-1]
    running = outer()
    why = why or next(running) or running.throw(ValueError())
    running.close()
    return why or next((w for w in last if w), None)


@Case("[row 34] coroutines, tasks, async generators, async with")
def _():
    results = []

    class Context:
        async def __aenter__(self):
            results.append(compare())

        async def __aexit__(self, *args):
            results.append(compare())

    async def numbers():
        for i in range(3):
            results.append(compare())
            yield i

    async def leaf():
        await asyncio.sleep(0)
        results.append(compare())

    async def main():
        async with Context():
            async for _ in numbers():
                await leaf()
        await asyncio.gather(leaf(), leaf())
        results.extend([compare() async for _ in numbers()])

    asyncio.run(main())
    if len(results) != 16:
        return "%d comparisons" % len(results)
    return next((w for w in results if w), None)


@Case("[row 34] exceptions, finally, with")
def _():
    class Context:
        def __enter__(self):
            return compare()

        def __exit__(self, *args):
            results.append(compare())

    def fail():
        try:
            with Context() as why:
                results.append(why)
                raise KeyError
        finally:
            results.append(compare())

    results = []
    try:
        fail()
    except KeyError:
        results.append(compare())
    return next((w for w in results if w), None)


@Case("[row 35] eval, exec, names of all widths, long names, a str subclass")
def _():
    names = {"compare": compare}
    why = eval("compare()", names)
    for name in ("plain", "sm\xf8rrebr\xf8d", "\u0416\u4e2d", "\U00020000z",
                 "x" * 3000, "\u0416" * 3000):
        for file in ("a;b\n'\"<i>\x1b[0m", "\xe9", "\u4e2d", "\U0001f40d",
                     "lone\ud800surrogate", "f" * 2000):
            code = compile("def %s():\n\n    return compare()" % name, file,
                           "exec")
            exec(code, names)
            why = why or names[unicodedata.normalize("NFKC", name)]()

    class Str(str):
        pass

    def function():
        return compare()
    function.__code__ = function.__code__.replace(co_name=Str("sub"),
                                                  co_filename=Str("cl\xe4ss"))
    return why or function()


@Case("[row 36] recursion beyond the room: cut, and said so")
def _():
    def down(n):
        if n:
            return down(n - 1)
        count = held.probe_walk(500, ctypes.byref(deeper))
        if (count, deeper.value) != (500, 1):
            return "%d frames, deeper %d" % (count, deeper.value)
        count = held.probe_walk(MAX, ctypes.byref(deeper))
        if count < 800 or deeper.value:
            return "%d frames, deeper %d" % (count, deeper.value)
        return None
    return down(800)


@Case("[row 37] threads, the GIL held and released")
def _():
    results = []

    def work():
        for _ in range(200):
            results.append(compare() or compare(released))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(results) != 800:
        return "%d comparisons" % len(results)
    return next((w for w in results if w), None)


@Case("[row 39] subinterpreter")
def _():
    for module in "_interpreters", "_xxsubinterpreters":
        try:
            sub = __import__(module)
            break
        except ImportError:
            continue
    else:
        raise Skip("no module for it")
    if sys.version_info >= (3, 13):
        made = sub.create("legacy")
    elif sys.version_info >= (3, 10):
        made = sub.create(isolated=False)
    else:
        made = sub.create()
    text = """if True:
        import ctypes, sys
        lib = ctypes.PyDLL(%r)
        deeper = ctypes.c_int()
        def f(n):
            return f(n - 1) if n else (
                lib.probe_walk(100, ctypes.byref(deeper)),
                lib.probe_in_main())
        if f(6) != (8, 0):
            raise SystemError("subinterpreter: %%r" %% (f(6),))
        """ % sys.argv[1]
    if not held.probe_in_main():
        return "the main interpreter is not seen as main"
    why = sub.run_string(made, text)   # raises up to 3.12
    sub.destroy(made)
    return why or compare() or compare(released)


@Case("[row 40] C calls Python: sort, partial, ctypes, weakref, __del__")
def _():
    import weakref
    results = []
    note = lambda *args: results.append(compare()) or 0
    sorted([2, 1], key=note)
    functools.partial(note, 1)()
    list(map(note, [1]))
    back = ctypes.PYFUNCTYPE(ctypes.c_int)(note)
    back()
    back = ctypes.CFUNCTYPE(ctypes.c_int)(note)
    back()

    class Dying:
        def __del__(self):
            note()
    thing = Dying()
    keep = weakref.ref(thing, note)
    del thing
    cycle = Dying()
    cycle.me = cycle
    del cycle
    gc.collect()
    if len(results) != 9:
        return "%d comparisons" % len(results)
    return next((w for w in results if w), None) or (keep() and "alive")


@Case("[row 42] under sys.settrace and sys.setprofile")
def _():
    results = []

    def tracer(frame, event, arg):
        if frame.f_code is traced.__code__:
            results.append(compare())
        return tracer

    def traced():
        one = 1
        return one + 1

    for install in sys.settrace, sys.setprofile:
        install(tracer)
        traced()
        install(None)
    if len(results) < 4:
        return "%d events" % len(results)
    return next((w for w in results if w), None)


@Case("a thread without Python has no stack")
def _():
    libc = ctypes.CDLL(None)
    thread, result = ctypes.c_ulong(), ctypes.c_void_p(7)
    if libc.pthread_create(ctypes.byref(thread), None, held.probe_thread,
                           None):
        raise Skip("pthread_create")
    libc.pthread_join(thread, ctypes.byref(result))
    return "%d frames" % result.value if result.value else None


# --- keys, codes ---------------------------------------------------------------

@Case("keys: equal for equal places, and only for those")
def _():
    frames = (Frame * 400)()

    def keys():
        n = held.probe_stack(frames, 400, ctypes.byref(deeper))
        return [(f.key, f.code, f.lasti) for f in frames[1:n]]

    def once():
        return keys(), keys()

    seen = {}
    back = {}
    for _ in range(3):
        for stack in once():
            for key, code, lasti in stack:
                if seen.setdefault(key, (code, lasti)) != (code, lasti):
                    return "one key for two places"
                if back.setdefault((code, lasti), key) != key:
                    return "two keys for one place"
    return None if len(seen) >= 3 else "%d places" % len(seen)


@Case("[row 41] the death of a code object is heard of")
def _():
    code = compile("1", "here", "exec")
    where, before = id(code), held.probe_epoch()
    if held.probe_died() == where:
        return "it was said to have died before"
    del code
    if held.probe_epoch() != before + 1:
        return "epoch %d, then %d" % (before, held.probe_epoch())
    return None if held.probe_died() == where else "another one died"


@Case("characters are cut whole")
def _():
    for text, width in (("a\xe9", 1), ("\u0416\u4e2d", 2),
                        ("\u4e2d\U0001f40d", 4)):
        data = text.encode({1: "latin-1", 2: "utf-16-le",
                            4: "utf-32-le"}[width])
        whole = text.encode("utf-8")
        for room in range(len(whole) + 2):
            out = ctypes.create_string_buffer(room + 1)
            n = held.probe_cut(data, 2, width, out, room)
            fits = [len(text[:k].encode("utf-8")) for k in range(3)]
            want = max(size for size in fits if size <= room)
            if n != want or out.raw[:n] != whole[:want]:
                return "%r in %d: %r" % (text, room, out.raw[:n])
    return None


@Case("inside the collector, and outside")
def _():
    seen = []

    class Cycle:
        def __init__(self):
            self.me = self

        def __del__(self):
            seen.append(held.probe_collecting())

    def callback(phase, info):
        seen.append(held.probe_collecting())

    gc.collect()
    Cycle()
    gc.callbacks.append(callback)
    gc.collect()
    gc.callbacks.remove(callback)
    if held.probe_collecting():
        return "outside too"
    if len(seen) != 3:
        return "%d looks" % len(seen)
    # The callbacks run just outside on some versions; __del__ never does.
    return None if seen[1] == 1 else "not in __del__: %r" % seen


@Case("the self-test")
def _():
    def nested():
        return held.probe_self_test().decode()
    said = nested()
    return None if said == "passed" else said


@Case("after the end only the finalising thread is walked")
def _():
    counts = []

    def work():
        counts.append(held.probe_walk(100, ctypes.byref(deeper)))

    held.probe_finalizing()
    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if held.probe_self_test() != b"passed":
        return "self-test"
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    good = counts[0] > 2 and counts[1] == 0 and counts[2] > 2
    return None if good else "%r" % counts

"""The same work under each of the tools that watch Python programs, with what
they found printed: `settrace`, `setprofile`, `cprofile`, `tracemalloc`,
`coverage`, `monitoring`, `both`, `stopped`."""
import collections
import sys
import threading

from now import here, mark, size, tell

seen = collections.Counter()
kept = []


def record(frame, event, arg):
    if frame.f_code.co_filename == __file__:
        name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
        line = frame.f_lineno if event == "line" else 0
        seen["%s %s %d" % (event, name, line)] += 1
        if event == "call":
            here("inside the tracer", bytes(size()))
    return record


def count(what):
    def callback(code, *rest):
        if code.co_filename == __file__:
            seen["%s %s" % (what, code.co_qualname)] += 1
    return callback


def leaf(n):
    here("a traced function", bytes(size()))
    return [here("a traced comprehension", bytes(size())) for _ in range(n)]


def generator():
    for _ in range(2):
        here("a traced generator", bytes(size()))
        yield


class Class:
    def method(self, n):
        if n:
            self.method(n - 1)
        here("a traced method", bytes(size()))
        try:
            raise KeyError
        except KeyError:
            here("a traced except", bytes(size()))


def work():
    leaf(2)
    list(generator())
    Class().method(3)
    sorted([1, 2], key=lambda x: len(here("a traced key", bytes(size()))))
    t = threading.Thread(target=leaf, args=(1,))
    t.start()
    t.join()
    for i in range(100):
        kept.append(bytes(2000))                # @hundred


def settrace():
    threading.settrace(record)
    sys.settrace(record)
    work()
    sys.settrace(None)
    threading.settrace(None)


def setprofile():
    threading.setprofile(record)
    sys.setprofile(record)
    work()
    sys.setprofile(None)
    threading.setprofile(None)


def both():
    sys.settrace(record)
    sys.setprofile(record)
    work()
    sys.setprofile(None)
    sys.settrace(None)


def cprofile():
    import cProfile
    import pstats
    profile = cProfile.Profile()
    profile.enable()
    work()
    profile.disable()
    for (file, line, name), numbers in pstats.Stats(profile).stats.items():
        if file == __file__:
            seen["%s %d" % (name, line)] = numbers[:2]


def tracemalloc_lines(tracemalloc):
    snapshot = tracemalloc.take_snapshot()
    for s in snapshot.statistics("lineno"):
        # Only what is big: lines keep an int or a frame now and then.
        if s.traceback[0].filename == __file__ and s.size > 50000:
            seen["line %d" % s.traceback[0].lineno] = s.size // 1024


def tracemalloc():
    import tracemalloc
    tracemalloc.start(5)
    work()
    tracemalloc_lines(tracemalloc)


def stopped():
    import tracemalloc
    tracemalloc.start()
    leaf(1)
    tracemalloc.stop()
    work()
    tracemalloc.start()
    leaf(1)
    tracemalloc_lines(tracemalloc)
    tracemalloc.stop()


def coverage():
    import coverage
    c = coverage.Coverage(data_file=None, include=[__file__])
    c.start()
    work()
    c.stop()
    for line in c.get_data().lines(__file__):
        seen["line %d" % line] = 1


def monitoring():
    m = sys.monitoring
    m.use_tool_id(m.PROFILER_ID, "test")
    for event in ("PY_START", "PY_RETURN", "PY_YIELD", "RAISE"):
        m.register_callback(m.PROFILER_ID, getattr(m.events, event),
                            count(event))
    m.set_events(m.PROFILER_ID, m.events.PY_START | m.events.PY_RETURN
                 | m.events.PY_YIELD | m.events.RAISE)
    work()
    m.set_events(m.PROFILER_ID, 0)
    m.free_tool_id(m.PROFILER_ID)


here("warm", bytes(size()))
globals()[sys.argv[1]]()
mark("end")
tell(seen=sorted(seen.items()), hundred=100 * sys.getsizeof(bytes(2000)))

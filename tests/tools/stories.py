"""stories.py - the synthetic programs whose views the tests know by heart.

Each function writes its profile(s) into the current directory and returns
their names.
"""
import math
import os
import random

from profile import MALLOC, MMAP, START, VAR_UNIT, Profile

K, M = 1 << 10, 1 << 20
SOURCE = """\
import app
CACHE = {}

def start():
    return bytearray(40 * 1024 * 1024)

def detail(request):
    return remember(request)

def remember(row):
    CACHE[row.key] = row

def render(page):
    return "".join(page.parts)
"""


def source(name="app.py"):
    """The program's text, older than its profile."""
    with open(name, "w") as f:
        f.write(SOURCE)
    os.utime(name, (START - 60, START - 60))


def service(name="app.4711.rcprof"):
    """A minute: 40 MiB at the start, a cache that grows by 64 KiB a second, a
    table that is built in the first half, and temporary strings."""
    source()
    p = Profile(name, cwd=os.getcwd(), command=["python3", "app.py", "-x"])
    main = ("app.py", "<module>", 1)
    start = p.site([("app.py", "start", 5), main])
    cache = p.site([("app.py", "remember", 11), ("app.py", "detail", 8),
                    main])
    strings = p.site([("/usr/lib/python3.99/json/encoder.py", "iterencode",
                       258), ("app.py", "render", 14), main])
    table = p.site([("/usr/lib/python3/dist-packages/numpy/core.py", "zeros",
                     80), ("tables.py", "build", 3), main], MALLOC)
    mapped = p.site([("tables.py", "open", 9), main], MMAP)
    points = []
    p.mark(0.5, "started")
    p.snapshot(0.5, {start: dict(allocs=1, alloc_bytes=40 * M),
                     mapped: dict(allocs=1, alloc_bytes=1 * M)},
               rss=60 * M, rss_peak=60 * M, profiler=3 * M)
    for second in range(1, 61):
        cells = {
            cache: dict(allocs=10, alloc_bytes=64 * K),
            strings: dict(allocs=200, alloc_bytes=40 * K, frees=200,
                          freed_bytes=40 * K, temporaries=150, lifetime=200,
                          aged=200),
        }
        if 20 <= second <= 25:
            cells[table] = dict(allocs=1, alloc_bytes=2 * M)
        live = 41 * M + second * 64 * K + 2 * M * min(
            max(second - 19, 0), 6)
        points.append((second - 0.5, 20 * M + live - 32 * K, live - 32 * K))
        p.snapshot(second, cells, rss=20 * M + live,
                   rss_peak=20 * M + live, profiler=3 * M, unmatched=3)
    p.rss(points)
    p.mark(30.0, "half of it")
    p.collected(12.0, 0.002, 40)
    p.snapshot(60.5, {}, "end_python", rss=78 * M, rss_peak=79 * M,
               profiler=3 * M, unmatched=3)
    p.snapshot(60.6, {start: dict(frees=1, freed_bytes=40 * M)}, "exit",
               peak=False, rss=38 * M, rss_peak=79 * M, profiler=3 * M,
               unmatched=3)
    p.end(60.7)
    return [name]


SHAPES = {
    "steady": lambda t: 100 * t * K,
    "stairs": lambda t: t // 5 * 500 * K,
    "sawtooth_up": lambda t: (100 * t + t % 7 * 300) * K,
    "one_step": lambda t: (t >= 60) * 9 * M,
    "late_step": lambda t: (t >= 90) * 9 * M,
    "two_steps": lambda t: ((t >= 40) + (t >= 80)) * 5 * M,
    "ramp_then_flat": lambda t: min(t, 50) * 200 * K,
    "flat_then_ramp": lambda t: max(t - 80, 0) * 300 * K,
    "sawtooth": lambda t: t % 9 * M,
    "flat": lambda t: 9 * M,
    "shrinks": lambda t: (200 - t) * 50 * K,
    "tiny": lambda t: t * 100,
}
GROWING = {"steady", "stairs", "sawtooth_up"}


def shapes(name="shapes.8.rcprof"):
    """Two minutes of curves: some grow, the others only look so."""
    p = Profile(name, pid=8, program="shapes")
    live = {f: 0 for f in SHAPES}
    sites = {f: p.site([("s.py", f, i + 1)]) for i, f in enumerate(SHAPES)}
    for t in range(1, 121):
        cells = {}
        for f, curve in SHAPES.items():
            more, live[f] = curve(t) - live[f], curve(t)
            if more > 0:
                cells[sites[f]] = dict(allocs=1, alloc_bytes=more)
            elif more < 0:
                cells[sites[f]] = dict(frees=0, freed_bytes=-more)
        p.snapshot(t, cells)
    p.end(120.5)
    return [name]


def killed(name="job.99.rcprof"):
    """Two threads, cut off without an end."""
    p = Profile(name, pid=99, command=["python3", "job.py"], program="job")
    worker = p.thread("worker \x1b[31m", 100)
    site = p.site([("job.py", "work", 7), ("job.py", "<module>", 1)])
    p.snapshot(1.0, {site: dict(allocs=2, alloc_bytes=3 * M),
                     (site, worker): dict(allocs=4, alloc_bytes=5 * M)},
               rss=20 * M)
    p.snapshot(2.0, {(site, worker): dict(frees=3, freed_bytes=4 * M)},
               rss=19 * M)
    p.rss([(2.3, 18 * M, 4 * M)])
    p.close()
    return [name]


def native(name="sort.7.rcprof"):
    """No Python: stacks of one native frame without symbols."""
    p = Profile(name, pid=7, command=["/usr/bin/sort", "big.txt"],
                program="sort", python=None, cwd="/")
    buffer = p.site([("/usr/bin/sort-not-there", 0x2345)], MALLOC)
    other = p.site([("/lib/libgone.so.1", 0x999)], MMAP)
    p.snapshot(0.2, {buffer: dict(allocs=3, alloc_bytes=7 * M),
                     other: dict(allocs=1, alloc_bytes=1 * M)}, rss=12 * M)
    p.end(0.4, status=2)
    return [name]


def family():
    """A root and two children on one clock; one child is killed."""
    names = ["pool.50.rcprof", "pool.51.rcprof", "pool.52.rcprof"]
    for i, name in enumerate(names):
        p = Profile(name, pid=50 + i, ppid=1 if i == 0 else 50, root_pid=50,
                    command=["python3", "pool.py"], program="pool")
        site = p.site([("pool.py", "task", 4), ("pool.py", "<module>", 9)])
        only = p.site([("pool.py", "own%d" % i, 20 + i)])
        p.snapshot(1.0 + i, {site: dict(allocs=1, alloc_bytes=M),
                             only: dict(allocs=1, alloc_bytes=(i + 1) * K)},
                   rss=(10 + i) * M)
        p.snapshot(4.0, {site: dict(allocs=1, alloc_bytes=M)},
                   rss=(11 + i) * M)
        if i < 2:
            p.end(5.0)
        else:
            p.close()
    return names


HOSTILE = [
    "<script>alert(1)</script>",
    "\x1b]0;title\x07\x1b[2J",
    "line\nbreak\r\ttab",
    "quote\"';&amp;,semi;",
    "\u202egnp.exe",
    b"\xff\xfe broken \xc3".decode("utf-8", "surrogateescape"),
    "\u540d\u524d e\u0301\u200b",
    "",
]


def hostile(name="names.1.rcprof"):
    """Names that want to be more than names."""
    p = Profile(name, pid=1, command=["python3"] + HOSTILE,
                program=HOSTILE[0], cwd=HOSTILE[1])
    p.thread(HOSTILE[1], 77)
    cells = {}
    for i, text in enumerate(HOSTILE):
        site = p.site([("/src/" + text, text, i + 1),
                       (text, "<module>", 1)])
        cells[site] = dict(allocs=1, alloc_bytes=(20 - i) * K)
    p.mark(0.5, HOSTILE[0] + HOSTILE[1])
    p.coverage(**{"note.odd": HOSTILE[1] + HOSTILE[0]})
    p.snapshot(0.6, cells, rss=5 * M)
    p.end(0.7)
    return [name]


class Sampled:
    """A profile in sample mode: every block that is allocated here is a
    sample or not, by chance; `samples` holds those that were."""

    def __init__(self, name, mean, seed=1, **options):
        self.p = Profile(name, mode="sample", rate="auto", budget="1",
                         **options)
        self.chance = random.Random(seed)
        self.mean = mean
        self.p.rate(0, mean, 0, "start")
        self.samples = []       # dicts: site, bytes, blocks, var, var_blocks,
        self.cells = {}         # born, died
        self.truth = {}         # site -> live bytes, sampled or not
        self.time = 0

    def add(self, site, thread=None, **values):
        cell = self.cells.setdefault((site, thread or self.p.thread()), {})
        for name, value in values.items():
            cell[name] = cell.get(name, 0) + value

    def change(self, mean, reason):
        self.p.rate(self.time, mean, self.mean, reason)
        self.mean = mean

    def alloc(self, site, size, thread=None):
        """A block; its sample, or None."""
        chance = 1 if size >= 4.6 * self.mean else -math.expm1(
            -size / self.mean)
        self.truth[site] = self.truth.get(site, 0) + size
        if self.chance.random() >= chance:
            return None
        bytes_, blocks = round(size / chance), round(1 / chance)
        var = round((1 - chance) * (size / chance) ** 2 / VAR_UNIT)
        var_blocks = round((1 - chance) / chance ** 2)
        sample = dict(site=site, bytes=bytes_, blocks=blocks, size=size,
                      var=var * VAR_UNIT, var_blocks=var_blocks,
                      born=self.time, died=math.inf)
        self.samples.append(sample)
        self.add(site, thread, allocs=blocks, alloc_bytes=bytes_, samples=1,
                 var_live=var, var_alloc=var, var_allocs=var_blocks)
        return sample

    def free(self, sample, thread=None):
        sample["died"] = self.time
        self.truth[sample["site"]] -= sample["size"]
        self.add(sample["site"], thread, frees=sample["blocks"],
                 freed_bytes=sample["bytes"],
                 var_live=-(sample["var"] // VAR_UNIT))

    def snapshot(self, time, reason="interval", **totals):
        """What happened since the last one is said to have happened just
        before it."""
        self.p.snapshot(time, self.cells, reason, **totals)
        self.cells = {}
        self.time = time


def sampled(name="shop.21.rcprof", keep=None):
    """A minute in sample mode: 40 MiB in one block, a cache that grows by a
    MiB a second in blocks of 4 KiB, strings that come and go, and small
    things."""
    source()
    s = Sampled(name, 64 * K, cwd=os.getcwd(), pid=21, program="shop",
                command=["python3", "app.py"])
    main = ("app.py", "<module>", 1)
    start = s.p.site([("app.py", "start", 5), main])
    cache = s.p.site([("app.py", "remember", 11), ("app.py", "detail", 8),
                      main])
    other = s.p.site([("app.py", "remember", 11), ("app.py", "refresh", 18),
                      main])
    strings = s.p.site([("/usr/lib/python3.99/json/encoder.py", "iterencode",
                         258), ("app.py", "render", 14), main])
    small = [s.p.site([("app.py", "part%d" % i, 20 + i), main])
             for i in range(12)]
    s.alloc(start, 40 * M)
    for site in small:
        s.alloc(site, 30 * K)
    s.snapshot(0.5, rss=60 * M, rss_peak=60 * M, profiler=3 * M)
    waiting = []
    for second in range(1, 61):
        if second == 30:
            s.change(256 * K, "budget")
        for i in range(256):
            s.alloc(other if i % 4 == 0 else cache, 4 * K)
        for sample in waiting:
            s.free(sample)
        waiting = [a for a in (s.alloc(strings, 1 * K)
                               for i in range(4096)) if a]
        s.snapshot(second, rss=70 * M + second * M, rss_peak=131 * M,
                   profiler=3 * M, sample_cpu=second * 4000000,
                   cpu=second * 1000000000)
    s.snapshot(60.5, "end_python", rss=130 * M, rss_peak=131 * M,
               profiler=3 * M, sample_cpu=240000000, cpu=60000000000)
    s.p.end(60.7)
    if keep is not None:
        keep.append(s)
    return [name]


def thin(name="thin.22.rcprof"):
    """A short script under a mean that is far too wide for it."""
    s = Sampled(name, 1 * M, seed=3, pid=22, program="thin",
                command=["python3", "thin.py"])
    sites = [s.p.site([("thin.py", "f%d" % i, 10 + i),
                       ("thin.py", "<module>", 1)]) for i in range(40)]
    for site in sites:
        for i in range(25):
            s.alloc(site, 10 * K)
    s.snapshot(0.5, rss=20 * M, sample_cpu=1000, cpu=300000000)
    s.p.end(0.6)
    return [name]


def unlucky(name="unlucky.23.rcprof"):
    """In sample mode, and no sample was taken."""
    s = Sampled(name, 1 * M, pid=23, program="unlucky",
                command=["python3", "unlucky.py"])
    s.snapshot(0.1, rss=9 * M, cpu=20000000)
    s.p.end(0.2)
    return [name]


def empty(name="empty.3.rcprof"):
    """Opened, and nothing more."""
    p = Profile(name, pid=3)
    p.end(0.1)
    return [name]

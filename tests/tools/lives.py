"""lives.py - more synthetic programs, whose objects are born and die.

Each function writes its profile into the current directory and returns its
name in a list, as those of stories.py.
"""
import os

from profile import START, Profile, ns
from stories import source

TREE = """\
import gc
class Node:
    def __init__(self, name):
        self.name, self.children = name, []

def plant(name):
    return Node(name)

def use():
    n = plant("a")
    del n

def ring():
    n = plant("b")
    n.children.append(n)

gc.collect()
KEPT = [plant("c")]
"""
BORN, BYTES, REFCOUNT, COLLECTOR, UNSEEN, DIED_BYTES = range(6)


def objects(name="tree.31.rcprof"):
    """Nodes that die by refcount and by the collector, and some that stay;
    lists beside them; and what imports and the start have made."""
    with open("tree.py", "w") as f:
        f.write(TREE)
    os.utime("tree.py", (START - 60, START - 60))
    p = Profile(name, pid=31, cwd=os.getcwd(), program="tree",
                command=["python3", "tree.py"])
    p.coverage(deaths="all 14 kinds tested")
    main = ("tree.py", "<module>", 18)
    born = p.site([("tree.py", "plant", 7), ("tree.py", "use", 10), main])
    ring = p.site([("tree.py", "plant", 7), ("tree.py", "ring", 14), main])
    lists = p.site([("tree.py", "Node.__init__", 4), ("tree.py", "plant", 7),
                    ("tree.py", "ring", 14), main])
    imported = p.site([("<frozen importlib._bootstrap>", "_load", 9), main])
    start = p.site([("/usr/lib/python3.12/site.py", "main", 8)])
    define = p.site([("tree.py", "<module>", 2)])
    gone = p.site([("tree.py", "use", 11), main])
    late = p.site([("/usr/lib/python3.12/queue.py", "put", 140),
                   ("tree.py", "use", 11), main])
    collect_stack = [("tree.py", "<module>", 17)]
    collect = p.site(collect_stack)
    finalizer = p.site([("tree.py", "Node.__del__", 3)] + collect_stack)
    node, other = p.type("__main__.Node"), p.type("list")
    word, function = p.type("str"), p.type("function")
    p.objects([
        (born, node, 0, {BORN: 400, BYTES: 400 * 48}),
        (born, node, gone, {REFCOUNT: 290, DIED_BYTES: 290 * 48}),
        (born, node, late, {REFCOUNT: 8, DIED_BYTES: 8 * 48}),
        (born, node, 0, {UNSEEN: 2, DIED_BYTES: 2 * 48}),
        (ring, node, 0, {BORN: 30, BYTES: 30 * 48}),
        (ring, node, collect, {COLLECTOR: 24, DIED_BYTES: 24 * 48}),
        (ring, node, finalizer, {COLLECTOR: 6, DIED_BYTES: 6 * 48}),
        (lists, other, 0, {BORN: 30, BYTES: 30 * 88}),
        (lists, other, collect, {COLLECTOR: 30, DIED_BYTES: 30 * 88}),
        (imported, word, 0, {BORN: 5000, BYTES: 300000}),
        (start, other, 0, {BORN: 70, BYTES: 7000}),
        (start, other, start, {REFCOUNT: 20, DIED_BYTES: 2000}),
        (define, function, 0, {BORN: 1, BYTES: 152}),
        (0, other, 0, {BORN: 3, BYTES: 300}),
    ])
    p.objects([(born, node, gone, {REFCOUNT: 50, DIED_BYTES: 50 * 48})],
              time=2.0, keyframe=False)
    p.collected(1.5, 0.004, 60, 2, collect_stack)
    p.end(2.5)
    return [name]


def cycles(name="ring.33.rcprof"):
    """Trees that wait for the collector, closures and errors that do, cycles
    of imports, a big release; and the collector's pauses."""
    with open("tree.py", "w") as f:
        f.write(TREE)
    os.utime("tree.py", (START - 60, START - 60))
    p = Profile(name, pid=33, cwd=os.getcwd(), program="ring",
                command=["python3", "tree.py"])
    p.coverage(deaths="all 14 kinds tested")
    main = ("tree.py", "<module>", 18)
    plant = p.site([("tree.py", "plant", 7), ("tree.py", "ring", 14), main])
    inner = p.site([("tree.py", "Node.__init__", 4), ("tree.py", "plant", 7),
                    main])
    nested = p.site([("tree.py", "use", 10), main])
    start = p.site([("/usr/lib/python3.12/site.py", "main", 8)])
    node, words = p.type("__main__.Node"), p.type("list")
    function, cell = p.type("function"), p.type("cell")
    error, trace = p.type("ValueError"), p.type("traceback")
    frame, link = p.type("frame"), p.type("tree.Link")
    kind, many = p.type("type"), p.type("tuple")
    tree = p.cycle([(words, None, inner), (node, "parent", plant),
                    (node, "children", plant)])
    loop = p.cycle([(link, "next", nested)] * 9)
    both = p.cycle([(link, "head", nested), (node, "tail", nested)])
    made = p.cycle([(function, None, nested), (many, None, nested),
                    (cell, None, nested)])
    failed = p.cycle([(frame, "problem", nested), (error, None, nested),
                      (trace, None, nested)])
    klass = p.cycle([(kind, None, start), (many, None, start)])
    knot = p.cycle([(node, None, plant), (words, None, inner)], knot=True)
    second = ns(1)
    p.cycles(1.0, {
        tree: [40, 200, 2400000, 40 * second // 2, second, 1200000000],
        made: [7, 21, 1500, 7 * second, second, 1500000],
        klass: [3, 30, 9000, 3 * second, second, 9000000]})
    p.cycles(2.0, {
        tree: [10, 50, 600000, 10 * second, 3 * second, 600000000],
        failed: [1, 3, 800, second // 4, second // 4, 200000],
        loop: [2, 18, 1000, second, second // 2, 500000],
        both: [2, 4, 300, second // 1000, second // 1000, 300],
        knot: [1, 90, 4000, second // 50, second // 50, 80000]})
    stack = [("tree.py", "<module>", 17)]
    for when, objects, size, pause in ((0.3, 20, 2000, 0.0004),
                                       (1.0, 251, 34500, 0.011),
                                       (2.0, 165, 12100, 0.002)):
        p.collected(when, pause, objects, 2 if when == 1.0 else 0, stack)
        p.garbage(when, objects, size, 0.5, size * 400)
    p.cascade(1.7, 0.004, 120000, 9 << 20,
              p.node([("tree.py", "use", 11), main]))
    p.cascade(1.8, 0.0005, 1200, 90000)
    p.end(2.5)
    return [name]


def kept(name="kept.34.rcprof"):
    """Rows that nobody lets go, and later exceptions that do not."""
    source()
    p = Profile(name, pid=34, cwd=os.getcwd(), program="kept",
                command=["python3", "app.py"])
    main = ("app.py", "<module>", 1)
    row = p.site([("app.py", "detail", 8), main])
    raised = p.site([("app.py", "remember", 11), ("app.py", "detail", 8),
                     main])
    through = p.site([("app.py", "detail", 8), main])
    rows = p.type("__main__.Row", 1)
    trace = p.type("traceback")
    p.objects([(row, rows, 0, {BORN: 600, BYTES: 600 * 56})])
    p.objects([(raised, trace, 0, {BORN: 500, BYTES: 500 * 64}),
               (through, trace, 0, {BORN: 500, BYTES: 500 * 64})],
              time=2.0, keyframe=False)
    p.end(2.5)
    return [name]

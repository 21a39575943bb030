"""cases.py - what is run, as data.

loops: how often for a clock, chosen so that the bare run takes half a second
to a second on plain 3.12; counted: how often under cachegrind, some 1,000 million
instructions.  Whole processes are measured, as their users meet them.
"""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
BENCHMARKS = "pyperformance/data-files/benchmarks"


class Case:
    """One program with its arguments."""

    def __init__(self, name, group, loops, counted, args=(), threads=1,
                 task=None):
        self.name = name
        self.group = group
        self.loops = loops
        self.counted = counted
        self.args = list(args)
        self.threads = threads
        self.task = task    # of several in one script, which is counted

    @property
    def python(self):
        return self.group != "storm"

    def work(self, counting):
        """What is done, in words: only runs of the same are compared."""
        words = [str(self.counted if counting else self.loops)] + self.args
        if counting and self.task is not None:
            words.append("task %d" % self.task)
        return " ".join(words)

    def arguments(self, counting, packages, build_dir):
        """What stands behind the interpreter, or the whole command of a
        native program."""
        loops = self.counted if counting else self.loops
        if self.group == "pyperformance":
            return ([os.path.join(packages, BENCHMARKS, "bm_" + self.name,
                                  "run_benchmark.py")] + self.args
                    + ["--worker", "-l", str(loops),
                       "-w", "0", "-n", "1", "-p", "1"]
                    + (["--worker-task", str(self.task)]
                       if counting and self.task is not None else []))
        if self.group == "micro":
            return [os.path.join(HERE, "programs.py"), self.name, str(loops)]
        return ([os.path.join(build_dir, "tests/bench/storm")] + self.args
                + [str(self.threads), str(loops)])


def _pyperformance(name, loops, counted, *args, task=None):
    return Case(name, "pyperformance", loops, counted, args, task=task)


def _micro(name, loops, counted, threads=1):
    return Case(name, "micro", loops, counted, (), threads)


def _storm(name, kind, threads):
    return Case(name, "storm", 2000000, 300000, [kind], threads)


CASES = [
    _pyperformance("raytrace", 2, 1),
    _pyperformance("json_dumps", 80, 10),
    _pyperformance("json_loads", 2500, 300),
    _pyperformance("deepcopy", 1200, 300),
    _pyperformance("sqlite_synth", 200000, 50000),
    _pyperformance("regex_dna", 3, 1),
    _pyperformance("pprint", 1, 1, task=0),
    _pyperformance("xml_etree", 1, 1),
    _pyperformance("async_tree", 1, 1, "none"),
    _pyperformance("float", 9, 1),
    _pyperformance("go", 7, 1),
    _pyperformance("comprehensions", 20000, 5000),
    _micro("start", 1, 1),
    _micro("slots", 20, 6),
    _micro("strings", 15, 5),
    _micro("dicts", 30, 10),
    _micro("deep", 25, 10),
    _micro("buffers", 10, 5),
    _micro("heap", 5, 2),
    _micro("threads", 8, 2, threads=4),
    _storm("storm-1", "own", 1),
    _storm("storm-2", "own", 2),
    _storm("storm-4", "own", 4),
    _storm("storm-8", "own", 8),
    _storm("cross-2", "cross", 2),
    _storm("cross-4", "cross", 4),
    _storm("churn-4", "churn", 4),
]
GROUPS = ("pyperformance", "micro", "storm")


def choose(spec):
    """The cases that SPEC names: names and groups, spaces or commas
    between; nothing means all.  ValueError names what is unknown."""
    words = spec.replace(",", " ").split()
    if not words:
        return list(CASES)
    known = {case.name for case in CASES} | set(GROUPS)
    for word in words:
        if word not in known:
            raise ValueError("no case called %s; there are %s and the groups"
                             " %s" % (word,
                                      " ".join(c.name for c in CASES),
                                      " ".join(GROUPS)))
    return [c for c in CASES if c.name in words or c.group in words]

"""profilers.py - what is measured, as data: how each profiler is started, and
how one knows that it is not there.

A profiler changes the command, the environment or both; `{dir}` in either is
a directory of the run's own, where it is to leave its files.
"""
import glob
import os
import shutil
import subprocess


class Machine:
    """Where the things are."""

    def __init__(self, build_dir):
        self.build_dir = build_dir
        self.preload = os.path.join(build_dir, "librcprof.so")


class Profiler:
    def __init__(self, name, title, what, env=None, command=None,
                 needs=None, native=True, ours=False, slow=False):
        self.name = name
        self.title = title
        self.what = what        # what it records
        self.env = env or {}
        self.command = command  # words before the program's
        self.needs = needs      # a library, a program, "memray", a mode
        self.native = native    # works for programs without Python
        self.ours = ours
        self.slow = slow        # so slow that every fifth round will do

    def applies(self, case):
        return case.python or self.native

    def environment(self, machine, run_dir, counting):
        env = {}
        for key, value in self.env.items():
            env[key] = value.format(dir=run_dir, preload=machine.preload,
                                    lib=library(self.needs) or "")
        if self.ours and counting:
            # Valgrind takes 30 to 50 times as long, the clock does not.
            env["RCPROF_INTERVAL"] = "40s"
            env["RCPROF_RSS_INTERVAL"] = "4s"
            env["RCPROF_SEED"] = "1"
        return env

    def line(self, program, python, run_dir):
        """The command: PROGRAM behind what starts it."""
        before = [word.format(dir=run_dir) for word in self.command or ()]
        if self.needs == "memray":
            return [python, "-m"] + before + program[1:]
        return before + program

    def missing(self, machine, python):
        """None, or why it cannot be used with PYTHON (None: native)."""
        if self.ours:
            return _mode_missing(machine, self.env["RCPROF_MODE"])
        if self.needs is None:
            return None
        if self.needs == "memray":
            if python and _imports(python, "memray"):
                return None
            return "memray is not there: scripts/install-rivals"
        if self.needs.startswith("lib"):
            found = library(self.needs)
        else:
            found = shutil.which(self.needs)
        return None if found else (
            "%s is not there: scripts/install-rivals" % self.needs)


def library(name):
    """The path of a library among the system's, or None."""
    if not name or not name.startswith("lib"):
        return None
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                   "/usr/lib64", "/usr/lib", "/usr/local/lib"):
        for path in sorted(glob.glob(os.path.join(folder, name))):
            return path
    return None


def _imports(python, module):
    return subprocess.run([python, "-c", "import " + module],
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def _mode_missing(machine, mode):
    """A mode that this build does not know is refused in one line."""
    if not os.path.exists(machine.preload):
        return machine.preload + " is not built"
    done = subprocess.run(
        [os.path.join(machine.build_dir, "rcprof"), "run", "-q", "-o",
         "/dev/null", "--mode", mode, "-f", "--", "true"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 2:
        return done.stdout.decode(errors="replace").strip()
    return None


def _rcprof(name, title, what, mode, native=True, **more):
    env = {"LD_PRELOAD": "{preload}", "RCPROF_MODE": mode,
           "RCPROF_OUTPUT": "{dir}/%n.%p.rcprof", "RCPROF_QUIET": "1",
           "RCPROF_OBJECTS": "off"}
    env.update(more)
    return Profiler(name, title, what, env, native=native, ours=True)


def _memray(name, title, what, *flags, **more):
    return Profiler(name, title, what, needs="memray", native=False, **more,
                    command=["memray", "run", "-q", "-f", "-o",
                             "{dir}/memray.bin"] + list(flags))


EVERY = "every Python allocation and malloc"
BARE = Profiler("bare", "bare", "nothing")
PROFILERS = [
    _rcprof("idle", "rcprof, idle", "nothing yet", "idle"),
    _rcprof("sample", "rcprof, sample", EVERY + ", sampled", "sample",
            RCPROF_NATIVE="off"),
    _rcprof("sample-full", "rcprof, sample, by default",
            "the same, native stacks, deaths of sampled objects", "sample",
            RCPROF_OBJECTS="auto"),
    _rcprof("exact", "rcprof, exact", EVERY + ", Python stacks, peak",
            "exact"),
    _rcprof("exact-objects", "rcprof, exact, objects",
            "the same, and each object's birth and death", "exact",
            native=False, RCPROF_OBJECTS="on"),
    _rcprof("exact-mixed", "rcprof, exact, native stacks",
            EVERY + ", mixed stacks, peak", "exact", native=False,
            RCPROF_NATIVE="on"),
    _memray("memray-trace", "memray --trace-python-allocators",
            "every Python allocation, Python stacks",
            "--trace-python-allocators"),
    _memray("memray-mixed", "memray --native --trace-python-allocators",
            "every Python allocation, mixed stacks", "--native",
            "--trace-python-allocators", slow=True),
    _memray("memray", "memray", "malloc and mmap, Python stacks"),
    _memray("memray-aggregate", "memray --aggregate", "malloc and mmap, summed",
            "--aggregate"),
    Profiler("heaptrack", "heaptrack", "malloc, native stacks",
             needs="heaptrack",
             command=["heaptrack", "-o", "{dir}/heaptrack"]),
    Profiler("heaptrack-every", "heaptrack, PYTHONMALLOC=malloc",
             "every Python allocation, native stacks",
             {"PYTHONMALLOC": "malloc"}, needs="heaptrack", native=False,
             command=["heaptrack", "-o", "{dir}/heaptrack"], slow=True),
    Profiler("tracemalloc-1", "tracemalloc, 1 frame",
             "every Python allocation", {"PYTHONTRACEMALLOC": "1"},
             native=False),
    Profiler("tracemalloc-25", "tracemalloc, 25 frames",
             "every Python allocation", {"PYTHONTRACEMALLOC": "25"},
             native=False, slow=True),
    Profiler("gperftools", "gperftools HEAPPROFILE", "malloc",
             {"LD_PRELOAD": "{lib}", "HEAPPROFILE": "{dir}/heap"},
             needs="libtcmalloc.so.4", slow=True),
    Profiler("jemalloc", "jemalloc prof, every malloc", "malloc",
             {"LD_PRELOAD": "{lib}",
              "MALLOC_CONF": "prof:true,prof_final:true,lg_prof_sample:0,"
                             "prof_prefix:{dir}/jeprof"},
             needs="libjemalloc.so.2", slow=True),
    Profiler("jemalloc-sampled", "jemalloc prof, sampled", "malloc, 512 KiB",
             {"LD_PRELOAD": "{lib}",
              "MALLOC_CONF": "prof:true,prof_final:true,lg_prof_sample:19,"
                             "prof_prefix:{dir}/jeprof"},
             needs="libjemalloc.so.2"),
]
NAMES = [p.name for p in PROFILERS]


def choose(spec, default):
    words = (spec or default).replace(",", " ").split()
    if words == ["all"]:
        return list(PROFILERS)
    for word in words:
        if word not in NAMES:
            raise ValueError("no profiler called %s; there are %s"
                             % (word, " ".join(NAMES)))
    return [p for p in PROFILERS if p.name in words]

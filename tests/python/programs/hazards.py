"""What has broken other preloads, each by its name: argv[1].  It prints what it
found, the same with a profiler as without."""
import ctypes
import gc
import os
import resource
import signal
import sys
import threading
import time
import warnings

from now import mark

THREADS = 6
libc = ctypes.CDLL(None, use_errno=True)


class Node:
    def __init__(self, value):
        self.value = value
        self.me = self


def work(n=200):
    """Births and deaths of many kinds, by refcount and by the collector."""
    kept = []
    for i in range(n):
        kept.append([str(i), {i: (i, float(i))}, Node(i), bytes(500 + i)])
        if i % 3:
            kept.pop()
    nest = []
    for i in range(40):
        nest = [nest]
    del nest
    gc.collect(0)
    return len(kept)


def in_threads(body, n=THREADS):
    threads = [threading.Thread(target=body) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- signals -------------------------------------------------------------------

def sigprof():
    """A profiling timer, 1,000 times a second, whose handler allocates."""
    seen = []

    def tick(number, frame):
        seen.append([frame.f_lineno, {len(seen): str(number)}])
        if len(seen) % 10 == 0:
            del seen[:9]
        ticks[0] += 1

    ticks = [0]
    signal.signal(signal.SIGPROF, tick)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    while ticks[0] < 100:
        work()
    in_threads(work)
    signal.setitimer(signal.ITIMER_PROF, 0)
    print("a hundred ticks")


def sigwait():
    """Signals that are blocked are nobody else's."""
    mine = {signal.SIGUSR1, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, mine)
    for i in range(20):
        work(20)
        number = (signal.SIGUSR1, signal.SIGTERM)[i % 2]
        os.kill(os.getpid(), number)
        assert signal.sigwait(mine) == number
    print("twenty signals", signal.sigpending())


def interrupt():
    """Waits for Ctrl-C at a terminal."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for i in range(3):
        print("ready", flush=True)
        try:
            while True:
                work(10)
                time.sleep(0.01)
        except KeyboardInterrupt:
            print("interrupted", i, flush=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    print("ready", flush=True)
    while True:
        work(10)


# --- processes -----------------------------------------------------------------

def forks():
    """All threads fork at once."""
    warnings.simplefilter("ignore")
    wrong = []

    def storm():
        for i in range(6):
            work(30)
            pid = os.fork()
            if pid == 0:
                signal.alarm(60)
                work(30)
                os._exit(i)
            if os.waitpid(pid, 0)[1] != i << 8:
                wrong.append(pid)

    signal.alarm(100)
    in_threads(storm)
    print(wrong)


def alone():
    """No thread and no child but those it has made, by anyone's count."""
    for i in range(4):
        work()
        time.sleep(0.03)
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            pid = os.fork()
            if pid == 0:
                os._exit(len(os.listdir("/proc/self/task")))
            print(os.waitpid(pid, 0)[1] >> 8,
                  [str(w.message) for w in heard])
        try:
            print(os.waitpid(-1, 0))
        except ChildProcessError as e:
            print(e)


def drop():
    """From root to nobody, and into a namespace."""
    work()
    time.sleep(0.03)
    if os.geteuid() == 0:
        os.initgroups("nobody", 65534)
        ids("Groups:")
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    work()
    time.sleep(0.03)
    for what in ("Uid:", "Gid:", "Groups:"):
        ids(what)
    print(libc.unshare(0x10000000), os.strerror(ctypes.get_errno()))
    work()


def ids(what):
    """One set for all threads."""
    found = set()
    for task in os.listdir("/proc/self/task"):
        try:
            with open("/proc/self/task/%s/status" % task) as f:
                found.update(s.strip() for s in f if s.startswith(what))
        except (FileNotFoundError, ProcessLookupError):
            pass
    print(sorted(found))


# --- little room -----------------------------------------------------------------

def stacks():
    threading.stack_size(64 << 10)
    in_threads(work, 20)
    print("small stacks")


def until_full(what, more):
    """Sets itself a limit, runs into it, and goes on."""
    with open("/proc/self/statm") as f:
        size = int(f.read().split()[0 if what == resource.RLIMIT_AS else 5])
    limit = (size * 4096) + more
    resource.setrlimit(what, (limit, limit))
    kept = []
    try:
        while True:
            kept.append(bytearray(1 << 20))
    except MemoryError:
        print("MemoryError", len(kept) > 10)
    mark("full")
    try:
        while True:
            kept.append([[i] for i in range(1000)])
    except MemoryError:
        del kept[:]
    print(work(1000))
    in_threads(work, 2)
    print("and on")


def address_space():
    until_full(resource.RLIMIT_AS, 100 << 20)


def data():
    """What is counted here is what strict overcommit counts."""
    until_full(resource.RLIMIT_DATA, 100 << 20)


def few():
    """For limits that it is started under."""
    print(work(2000))


def no_descriptors():
    kept = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    try:
        while True:
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as e:
        print(e, kept[-1])
    work()
    mark("none left")
    time.sleep(0.05)
    work()
    print("still")


def reused():
    """All closed, and the numbers used again for its own files."""
    work()
    mark("before")
    os.closerange(3, 4096)
    mine = [os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o600)
            for i in range(100)]
    for i in range(5):
        work()
        time.sleep(0.03)
    mark("after")
    print(mine == list(range(3, 103)),
          sum(os.fstat(fd).st_size for fd in mine))


def huge():
    """As where transparent huge pages are for all: who has not said no to
    them gets them."""
    for i in range(3):
        work(500)
        begin = end = 0
        with open("/proc/self/smaps") as f:
            lines = f.readlines()
        for line in lines:
            words = line.split()
            if "-" in words[0] and not words[0].endswith(":"):
                begin, end = (int(n, 16) for n in words[0].split("-"))
            elif words[0] == "VmFlags:" and "nh" not in words:
                libc.madvise(ctypes.c_void_p(begin),
                             ctypes.c_size_t(end - begin), 14)
    kept = [bytearray(3 << 20) for i in range(20)]
    print(work(500), len(kept))


def joined():
    """The main thread sits in join(), where no pending call of its own runs,
    until the end comes without a warning."""
    kept = []

    def keep():
        kept.extend(Kept() for i in range(20000))
        mark("kept")
        # Some more events: what stands between two of them is done there.
        work(2000)
        mark("end")
        os.kill(os.getpid(), signal.SIGKILL)

    thread = threading.Thread(target=keep)
    thread.start()
    thread.join()


class Kept:
    pass


class Meta(type):
    pass


def arrays():
    """Items of lists look like a type where one of them is a metatype, and
    the list's size and its items' address like an object of that type."""
    kept = []
    for meta in type, Meta, Meta("Made", (), {}):
        kept += [[i, meta, None, None][:n] for n in (2, 3, 4)
                 for i in range(1050)]
        kept += [[meta] * 60 for i in range(1050)]
        for thing in kept:
            thing.append(meta)
    mark("kept")
    work(2000)
    print(len(kept), sum(map(len, kept)))


globals()[sys.argv[1]]()
sys.exit(6)

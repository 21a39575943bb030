"""Processes.  argv: the way, and a folder where each process writes what it
knows: PID.json."""
import json
import multiprocessing
import os
import subprocess
import sys
import warnings

from now import keep, mark

WAY, FOLDER = sys.argv[1:3]
SIZE = 300000


def work(n):
    """What each process allocates: n blocks."""
    keep.extend(bytes(SIZE + n) for _ in range(n))      # @work
    mark("worked")
    return n


def known(n, inherited=0):
    path = os.path.join(FOLDER, "%d.json" % os.getpid())
    with open(path, "w") as f:
        json.dump({"n": n, "parent": os.getppid(), "inherited": inherited,
                   "bytes": n * sys.getsizeof(bytes(SIZE + n))}, f)


def child(n):
    work(n)
    known(n)


def fork():
    work(3)
    pid = os.fork()
    if not pid:
        child(5)
        # Frees of what the parent made are not the child's.
        del keep[:3]
        mark("freed")
        grandchild = os.fork()
        if not grandchild:
            child(7)
            os._exit(3)
        print(os.waitpid(grandchild, 0)[1] >> 8)
        sys.stdout.flush()
        os._exit(4)
    print(os.waitpid(pid, 0)[1] >> 8)
    known(3)


def fork_exit():
    """A child that ends like any program: by sys.exit."""
    work(3)
    pid = os.fork()
    if not pid:
        child(5)
        sys.exit(6)
    print(os.waitpid(pid, 0)[1] >> 8)
    known(3)


def fork_thread():
    """Forked while another thread allocates.  (3.12 and later warn of it, with
    the pid.)"""
    warnings.simplefilter("ignore")
    import threading
    stop = []

    def body():
        while not stop:
            [bytes(n) for n in range(100)]
    thread = threading.Thread(target=body)
    thread.start()
    work(3)
    for n in range(4, 14):
        pid = os.fork()
        if not pid:
            child(n)
            os._exit(0)
        print(os.waitpid(pid, 0)[1])
    stop.append(1)
    thread.join()
    known(3)


def start(method):
    context = multiprocessing.get_context(method)
    work(2)
    children = [context.Process(target=child, args=(n,)) for n in (4, 6)]
    for c in children:
        c.start()
    for c in children:
        c.join()
    print([c.exitcode for c in children])
    known(2)


def pool():
    work(2)
    with multiprocessing.get_context("fork").Pool(2) as p:
        print(sorted(p.map(pooled, range(4, 8), chunksize=1)))
        p.close()
        p.join()
    known(2)


def pooled(n):
    work(n)
    path = os.path.join(FOLDER, "%d.part.%d" % (os.getpid(), n))
    open(path, "w").close()
    return n


def run():
    """subprocess: a Python, a Python under a shell, and a shell alone."""
    work(2)
    me = [sys.executable, __file__]
    subprocess.run(me + ["sub", FOLDER, "4"], check=True)
    subprocess.run("'%s' '%s' sub '%s' 6; true" % (*me, FOLDER), shell=True,
                   check=True)
    out = subprocess.run("echo from a shell; ls /dev/null; exit 5", shell=True,
                         stdout=subprocess.PIPE)
    print(out.stdout.decode(), out.returncode)
    out = subprocess.run([sys.executable, "-c", "raise SystemExit(7)"],
                         env={})
    print(out.returncode)
    known(2)


def sub():
    n = int(sys.argv[3])
    work(n)
    known(n)


def replaced():
    """exec: the same pid, another program."""
    work(3)
    known(3)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-c", "print('replaced')"])


if __name__ == "__main__":
    if WAY in ("fork_", "spawn", "forkserver"):
        start(WAY.strip("_"))
    else:
        globals()[WAY]()
    mark("end")

"""Threads of each make; their numbers are known."""
import _thread
import concurrent.futures
import os
import queue
import sys
import threading
import time

from now import here, mark, native, size, tell

c = native()
free = native(gil=False)
lock = threading.Lock()
N, SIZE = 100, 3000


def shout(name):
    # Sizes and the list of blocks are not made for threads.
    with lock:
        here(name, bytes(size()))


def storm(kept):
    for i in range(N):
        kept.append(bytes(SIZE))                # @storm
    for i in range(N):
        bytes(SIZE)                             # @dropped


def many():
    """100 threads x 100 blocks, all alive at once."""
    lists = [[] for _ in range(100)]
    gate = threading.Barrier(100)

    def body(kept):
        gate.wait()
        storm(kept)
    threads = [threading.Thread(target=body, args=(k,)) for k in lists]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return lists


def makers():
    """Made in other threads, freed in this."""
    made = queue.Queue()

    def maker():
        for _ in range(N):
            made.put(bytes(SIZE))               # @given
    threads = [threading.Thread(target=maker) for _ in range(4)]
    for t in threads:
        t.start()
    for _ in range(4 * N):
        made.get()
    for t in threads:
        t.join()


def low_level():
    done = _thread.allocate_lock()
    done.acquire()

    def body():
        shout("_thread")
        done.release()
    _thread.start_new_thread(body, ())
    done.acquire()
    time.sleep(0.05)


class Own(threading.Thread):
    def run(self):
        shout("a subclass of Thread")


def by_gil_state():
    shout("a C thread by PyGILState")


def released():
    # No Python runs here, and the GIL is not held: the caller's line.
    free.take(3, 500, 5000)                     # @released


t = threading.Thread(target=shout, args=("threading",))
t.start()
t.join()
low_level()
Own().start()
for t in threading.enumerate():
    if t is not threading.current_thread():
        t.join()
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    list(pool.map(shout, ["concurrent.futures"] * 4))
timer = threading.Timer(0, shout, ["a timer"])
timer.start()
timer.join()
free.python_threads(3, 5, by_gil_state)
free.plain_threads(3, 10, 65537)
lists = many()
makers()
workers = [threading.Thread(target=released) for _ in range(2)]
for t in workers:
    t.start()
for t in workers:
    t.join()
mark("end")
tell(size=sys.getsizeof(bytes(SIZE)), n=N)
sys.stdout.flush()


def daemon():
    while True:
        bytes(SIZE)


# Some still run when the interpreter goes.
for _ in range(3):
    threading.Thread(target=daemon, daemon=True).start()
time.sleep(0.02)
if len(sys.argv) > 1:
    os._exit(0)

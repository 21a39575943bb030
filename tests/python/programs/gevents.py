"""gevent: greenlets that a hub switches, the standard library patched."""
from gevent import monkey
monkey.patch_all()

import queue  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402
import gevent.pool  # noqa: E402

from now import here, mark, size, tell  # noqa: E402

kept = []


def worker(n, depth):
    if depth:
        return worker(n, depth - 1)
    for _ in range(3):
        here("before a sleep", bytes(size()))
        gevent.sleep(0)
        here("after a sleep", bytes(size()))


def consumer(box):
    while box.get():
        here("woken by a queue", bytes(size()))


def patched():
    time.sleep(0)
    here("a patched thread", bytes(size()))


def storm(n):
    for i in range(200):
        kept.append(bytes(3000 + n))            # @storm
        gevent.sleep(0)


here("warm", bytes(size()))
gevent.joinall([gevent.spawn(worker, n, n * 5) for n in range(4)])
box = queue.Queue()
side = gevent.spawn(consumer, box)
for x in (1, 1, 1, 0):
    box.put(x)
side.join()
t = threading.Thread(target=patched)
t.start()
t.join()
gevent.pool.Pool(5).map(storm, range(20))
here("the end", bytes(size()))
mark("end")
tell(storm=sum(200 * (3033 + n) for n in range(20)))

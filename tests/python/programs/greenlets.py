"""Greenlets: each has a stack of its own, and the C stack is copied away
under a sleeping one."""
import greenlet

from now import here, mark, size, tell

kept = []


def worker(other_side, depth, rounds):
    if depth:
        return worker(other_side, depth - 1, rounds)
    for _ in range(rounds):
        here("in a greenlet", bytes(size()))
        other_side.switch()
        here("back in a greenlet", bytes(size()))
    return "done"


def main_side():
    me = greenlet.getcurrent()
    workers = [greenlet.greenlet(worker) for _ in range(4)]
    for n, w in enumerate(workers):
        w.switch(me, n * 7, 3)
    while any(not w.dead for w in workers):
        for w in workers:
            if not w.dead:
                w.switch()
                here("in the main greenlet", bytes(size()))


def generator_in_greenlet(other_side):
    def generator():
        for _ in range(2):
            here("a generator in a greenlet", bytes(size()))
            other_side.switch()
            yield
    for _ in generator():
        here("a greenlet's loop", bytes(size()))


def storm():
    """Thousands of switches from different depths, allocating."""
    me = greenlet.getcurrent()

    def spin(depth):
        if depth:
            return spin(depth - 1)
        while True:
            kept.append(bytes(3000))            # @storm
            if len(kept) > 50:
                del kept[:]
            me.switch()
    spinners = [greenlet.greenlet(spin) for _ in range(20)]
    for _ in range(200):
        for n, s in enumerate(spinners):
            s.switch(*([n * 3] if not s else []))
    for s in spinners:
        s.throw()
    here("after a storm of switches", bytes(size()))


here("warm", bytes(size()))
main_side()
g = greenlet.greenlet(generator_in_greenlet)
g.switch(greenlet.getcurrent())
while not g.dead:
    here("beside a generator's greenlet", bytes(size()))
    g.switch()


def thrown():
    try:
        greenlet.getcurrent().parent.switch()
    except ValueError:
        here("thrown into a greenlet", bytes(size()))


g = greenlet.greenlet(thrown)
g.switch()
g.throw(ValueError)
storm()
mark("end")
tell()

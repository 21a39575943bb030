"""Deep stacks: `frames` (1,000 and more of them), `limit` (into a
RecursionError, more than once), `thread` (20,000 on a big stack)."""
import sys
import threading

from now import here, mark, size, tell


def down(depth):
    if depth:
        return down(depth - 1)
    here("%d frames" % len_of_stack(), bytes(size()))


def len_of_stack():
    frame, n = sys._getframe(1), 0
    while frame is not None:
        frame, n = frame.f_back, n + 1
    return n


def frames():
    sys.setrecursionlimit(5000)
    for depth in (10, 100, 997, 1000, 2500):
        down(depth)


kept = []


def spiral(n, size):
    kept.append(bytes(size))                    # @each
    return spiral(n + 1, size)


def other_spiral(f, size):
    # Through C code at each step.
    return max([0], key=lambda _: other_spiral(f, size))


def limit():
    sys.setrecursionlimit(500)
    for f in (spiral, other_spiral, spiral):
        try:
            f(0, 5000)
        except RecursionError:
            here("after a RecursionError", bytes(size()))
    print(len(kept))


def steps(n):
    if n % 500 == 0:
        kept.append(bytes(50000))               # @step
    if n:
        steps(n - 1)
    if n % 500 == 0:
        kept.append(bytes(50000))               # @back


def thread():
    sys.setrecursionlimit(30000)
    threading.stack_size(512 << 20)
    t = threading.Thread(target=steps, args=(20000,))
    t.start()
    t.join()
    print(len(kept))


here("warm", bytes(size()))
globals()[sys.argv[1]]()
mark("end")
tell(kept=len(kept), bytes=sum(map(sys.getsizeof, kept)))

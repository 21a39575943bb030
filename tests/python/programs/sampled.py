"""sampled.py CHILDREN - the same work in as many children, one after another;
each draws its samples from a seed of its own.  Every site has blocks of many
sizes on one stack."""
import os
import random
import sys

import now

MIB = 1 << 20


def kept(rng):
    return [bytes(rng.choice((60, 700, 5000, 30000, 150000)))  # @kept
            for _ in range(1300)]


def small(rng):
    return [bytes(rng.randrange(1000, 20000)) for _ in range(4500)]  # @small


def large(rng):
    return [bytes(rng.choice((20000, 3000000))) for _ in range(40)]  # @large


def dropped(rng):
    blocks = []
    for _ in range(6000):
        blocks.append(bytes(rng.randrange(2, 20000)))  # @dropped
    del blocks[:4000]
    return blocks


def grown(rng):
    blocks = []
    for _ in range(400):
        block = bytearray(rng.randrange(1, 30000))  # @grown
        block.extend(bytes(rng.randrange(1, 90000)))  # @extended
        blocks.append(block)
    return blocks


def work():
    rng = random.Random(59)
    alive = [kept(rng), small(rng), grown(rng), large(rng), dropped(rng)]
    now.mark("end")
    return alive


def child():
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit("a child failed")


for _ in range(int(sys.argv[1])):
    child()

"""Blocks that live to a known number of next allocations."""
from now import mark, native, tell

c = native()
N = 5000


def queue(domain, distance):
    c.queue(domain, N, distance, 100)           # @queue
    return distance


def nothing(domain, distance):
    c.queue(domain, 0, distance, 100)           # @nothing


DISTANCES = (0, 1, 2, 5)
for domain in range(4):
    nothing(domain, 1)
mark("start")
for domain in range(4):
    for distance in DISTANCES:
        nothing(domain, distance)
mark("0")
for distance in DISTANCES:
    for domain in range(4):
        queue(domain, distance)
    mark("distance %d" % distance)
tell(n=N, distances=DISTANCES)

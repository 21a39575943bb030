"""Peaks of a known height.  argv: which shape."""
import sys

from now import mark, tell

M = 1 << 20
kept = []


def several():
    """Three hills; the second is the highest."""
    a = bytes(10 * M)                   # @first
    del a
    b = bytearray(30 * M)               # @highest
    c = bytes(5 * M)                    # @together
    del b
    del c
    d = bytes(20 * M)                   # @third
    del d
    e = bytes(2 * M)                    # @fourth
    kept.append(e)


def last():
    """The last allocation makes the peak."""
    a = bytes(10 * M)                   # @before
    b = bytes(20 * M)                   # @freed-before
    del b
    c = bytes(40 * M)                   # @at-last
    kept.extend([a, c])


def climb():
    """Only upwards, in small steps."""
    for _ in range(2000):
        kept.append(bytes(10000))       # @step


def saw():
    """A saw: each tooth is a bit higher than the one before."""
    for i in range(100):
        x = bytes(M + i * 1000)         # @tooth
        y = bytes(2 * M)                # @on-top
        del x
        z = bytes(1000)                 # @between
        del y, z


def grown():
    """One block that grows by realloc."""
    x = bytearray(1000)
    for i in range(20, 400):
        x.extend(bytes(50000))          # @extend
    kept.append(len(x))


def recursion(depth=30):
    """Each level keeps a block, and makes and drops a bigger one."""
    block = bytes(M)                    # @level
    spike = bytes(8 * M)                # @spike
    del spike
    if depth:
        recursion(depth - 1)            # @deeper
    del block


globals()[sys.argv[1]]()
mark("end")
tell(bytes=sys.getsizeof(bytes(0)), bytearray=sys.getsizeof(bytearray(1))
     - sys.getsizeof(bytearray(0)), M=M)

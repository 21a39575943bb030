#!/usr/bin/env python3
"""scope.py - what has one reference is freed at once, by `del` or on return.

Nobody waits for a collector here: both functions free their buffer as soon as
its only name goes.  A local variable goes when its function returns, so the
report names the line of the call.

Watch it: rcprof run --exact --objects=on examples/scope.py
          rcprof objects --type Buffer
"""


class Buffer:
    def __init__(self):
        self.data = bytearray(1 << 20)


def by_del():
    buffer = Buffer()
    buffer.data[0] = 1
    del buffer
    return "freed before the return"


def by_return():
    buffer = Buffer()
    buffer.data[0] = 1


def main():
    for _ in range(100):
        by_del()
        by_return()     # its buffer goes here
    print("made 200 buffers of 1 MiB, one at a time")


if __name__ == "__main__":
    main()

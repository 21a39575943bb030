#!/usr/bin/env python3
"""kept_in_cache.py - lru_cache on a method keeps each `self` it is given.

The cache belongs to the function, that is, to the class, and its keys are the
arguments, `self` among them.  So every Session stays, with its 4 KiB, until
the cache drops the entry; this one has no bound.

Watch it: rcprof run --exact --objects=on examples/kept_in_cache.py
          rcprof objects
"""
import functools


class Session:
    def __init__(self, user):
        self.user = user
        self.page = bytes(4096)

    @functools.lru_cache(maxsize=None)
    def greeting(self, hour):
        return "good %s, %s" % ("morning" if hour < 12 else "day", self.user)


def serve(number):
    session = Session("user %d" % number)
    return session.greeting(number % 24)


def main():
    for number in range(2000):
        serve(number)
    print("served 2000 sessions, all of them over")


if __name__ == "__main__":
    main()
